"""A case: all that a reader reads of one examination."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

from napari_medassist.core.errors import UnknownItem
from napari_medassist.core.labels import LabelMap
from napari_medassist.core.video import VideoClip
from napari_medassist.core.volume import GridImage, Volume

Series = Volume | VideoClip


@dataclass(frozen=True, eq=False)
class Case:
    """The images and label maps of one examination.

    Parameters
    ----------
    name
        What the case is called (a folder's or file's name; never the patient's name from a header).
    series
        Every image, each with its role. Each b-value of a diffusion series is a volume of its own;
        the time points of a DCE are one volume (t, z, y, x).
    labels
        Label maps that came with the images.
    warnings
        What a reader should know: files passed over, series that could not be read, and why.
    """

    name: str
    series: tuple[Series, ...] = ()
    labels: tuple[LabelMap, ...] = ()
    warnings: tuple[str, ...] = ()

    def all_by_role(self, role: str) -> tuple[Series, ...]:
        """Return every image of a role, in the order of the case."""
        wanted = _normal(role)
        return tuple(s for s in self.series if _normal(s.role) == wanted)

    def by_role(self, role: str) -> Series:
        """Return the first image of a role.

        Raises
        ------
        UnknownItem
            If no image has the role; the message lists the roles that the case has.
        """
        found = self.all_by_role(role)
        if not found:
            raise UnknownItem(f"The case '{self.name}' has no '{role}', it has {self._roles()}.")
        return found[0]

    def volumes(self) -> Iterator[Volume]:
        """Go through the images that lie in the patient (not the clips)."""
        return (s for s in self.series if isinstance(s, Volume))

    def clips(self) -> Iterator[VideoClip]:
        """Go through the images that run in time on a screen."""
        return (s for s in self.series if isinstance(s, VideoClip))

    def reference_volume(self) -> Volume | None:
        """Return the image that leads the case: the T2w, else the first volume."""
        volumes = list(self.volumes())
        t2w = [v for v in volumes if v.role == "t2w"]
        return next(iter(t2w or volumes), None)

    def reference_grid(self) -> GridImage | None:
        """Return what the case is drawn along: its reference image, else its first label map."""
        return self.reference_volume() or next(iter(self.labels), None)

    def with_labels(self, *labels: LabelMap) -> Case:
        """Return the case with further label maps."""
        return replace(self, labels=(*self.labels, *labels))

    def _roles(self) -> str:
        counts = Counter(s.role for s in self.series)
        return ", ".join(f"{role} ({n})" for role, n in counts.items()) or "no images"


def _normal(role: str) -> str:
    return role.strip().lower().replace("_", "-")
