"""Ultrasound and endoscopy clips: frames over time without a place in the patient."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

from napari_medassist.core.errors import InvalidImage
from napari_medassist.core.provenance import Provenance
from napari_medassist.core.volume import Acquisition, Array, Modality


@dataclass(frozen=True, eq=False)
class VideoClip:
    """Frames in the order they were taken.

    Parameters
    ----------
    frames
        (t, y, x) grey or (t, y, x, 3) RGB, uint8 or wider; may be lazy. y grows down, x to the right.
    frame_times_s
        Seconds from the first frame, one a frame, never falling.
    spacing_yx_mm
        Pixel size, where the file states it (the region of an ultrasound image); else None.
    name, role, acquisition, warnings, provenance
        As in :class:`~napari_medassist.core.volume.Volume`.
    has_audio
        True if the file has a sound track.
    """

    frames: Array
    frame_times_s: tuple[float, ...]
    spacing_yx_mm: tuple[float, float] | None = None
    name: str = ""
    role: str = "us"
    acquisition: Acquisition = field(default_factory=lambda: Acquisition(modality=Modality.US))
    has_audio: bool = False
    warnings: tuple[str, ...] = ()
    provenance: Provenance = field(default_factory=Provenance)

    def __post_init__(self) -> None:
        is_rgb = self.frames.ndim == 4 and self.frames.shape[-1] == 3
        if self.frames.ndim != 3 and not is_rgb:
            raise InvalidImage(
                f"A clip needs the axes (t, y, x) or (t, y, x, 3), got {self.frames.shape}."
            )
        times = self.frame_times_s
        if len(times) != self.frames.shape[0]:
            raise InvalidImage(f"{self.frames.shape[0]} frames but {len(times)} frame times.")
        if any(later < earlier for earlier, later in pairwise(times)):
            raise InvalidImage("Frame times must not fall.")
        if self.spacing_yx_mm is not None and min(self.spacing_yx_mm) <= 0:
            raise InvalidImage(f"Pixel spacing must be positive, got {self.spacing_yx_mm} mm.")

    @property
    def is_rgb(self) -> bool:
        """True if the frames have three colour channels."""
        return self.frames.ndim == 4

    @property
    def n_frames(self) -> int:
        """Number of frames."""
        return int(self.frames.shape[0])

    @property
    def modality(self) -> Modality:
        """Kind of imaging."""
        return self.acquisition.modality
