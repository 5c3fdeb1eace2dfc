"""What became of the opacities of a scan in the next one of the same patient."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from napari_medassist.app.lung_burden import LungScan
from napari_medassist.app.registering.aligning import Alignment, Companions, Wish, align
from napari_medassist.app.registering.verdict import Verdict
from napari_medassist.core.labels import LabelMap
from napari_medassist.core.progress import Progress, part_of, silent
from napari_medassist.metrics.lung_burden import PartChange, changes
from napari_medassist.registration.resample import warped_numbers
from napari_medassist.registration.start import Start

#: How two scans are aligned: the lungs meet first, then the whole images are deformed.
METHOD = "deformable"


@dataclass(frozen=True, eq=False)
class FollowUp:
    """A scan compared with the one before it.

    Attributes
    ----------
    name, since
        The later and the earlier scan, with their dates.
    parts
        What became of the opacities, part by part of the later scan.
    verdict
        Whether the alignment that this rests on is to be believed.
    """

    name: str
    since: str
    parts: tuple[PartChange, ...]
    verdict: Verdict

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a reader should know: that the alignment is not to be trusted, and why."""
        if not self.verdict.doubts:
            return ()
        told = " ".join(self.verdict.doubts)
        return (f"Alignment with {self.since} is {self.verdict.light}: {told}",)


def followed(scans: Sequence[LungScan], progress: Progress = silent) -> tuple[FollowUp, ...]:
    """Compare each scan with the one before it; the first one has none.

    Parameters
    ----------
    scans
        Of one patient, the first one first.
    progress
        Told how far it has come; may raise ``Cancelled``.

    Raises
    ------
    InvalidImage
        If two scans cannot be aligned.
    """
    n = len(scans) - 1
    return tuple(
        follow_up(scans[k], scans[k + 1], part_of(progress, 100 * k // n, 100 * (k + 1) // n))
        for k in range(n)
    )


def follow_up(earlier: LungScan, later: LungScan, progress: Progress = silent) -> FollowUp:
    """Align an earlier scan with a later one, and compare their opacities there.

    Volumes are those of the later scan: what was opaque in a deep breath is counted as large as the
    same tissue is in a shallow one.

    Parameters
    ----------
    earlier, later
        Of one patient. Neither is changed.
    progress
        Told how far it has come; may raise ``Cancelled``.

    Raises
    ------
    InvalidImage
        If they cannot be aligned.
    """
    made = aligned(earlier, later, progress)
    there = warped_numbers(
        earlier.opacity.astype(np.uint8), earlier.ct.geometry, made.transform, later.ct.geometry
    )
    found = changes(there > 0, later.opacity, later.parts, later.ct.geometry.voxel_volume_mm3)
    return FollowUp(_name(later), _name(earlier), found, made.verdict)


def aligned(earlier: LungScan, later: LungScan, progress: Progress = silent) -> Alignment:
    """Align an earlier scan with a later one; their lungs, carried along, take part in the verdict."""
    maps = (_lungs(earlier), _lungs(later))
    companions = Companions((maps,), (), later.lungs, earlier.lungs)
    return align(later.ct, earlier.ct, Wish(METHOD, Start.MASKS), companions, progress=progress)


def _lungs(scan: LungScan) -> LabelMap:
    return LabelMap.on(scan.ct, scan.lungs.astype(np.uint8), name="lungs")


def _name(scan: LungScan) -> str:
    return f"{scan.ct.name} {scan.date}".strip()
