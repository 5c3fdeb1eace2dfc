"""Label maps of the moving image carried to the fixed one, and compared there before and after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from napari_medassist.core.errors import GeometryMismatch
from napari_medassist.core.geometry import Triple
from napari_medassist.core.labels import LabelMap
from napari_medassist.core.lesion import Side
from napari_medassist.core.lesion_results import LesionVerdict
from napari_medassist.core.progress import Progress, silent
from napari_medassist.core.results import CaseEvaluation
from napari_medassist.core.transform import Transform, inverse_of
from napari_medassist.core.volume import Volume
from napari_medassist.evaluation.case import evaluate
from napari_medassist.registration.resample import warped_labels, warped_numbers

_NEIGHBOURS = np.ones((3, 3, 3), dtype=int)


@dataclass(frozen=True)
class CarriedLesion:
    """A connected component of a carried label map.

    Attributes
    ----------
    number, value
        1, 2, ... within its map, and its label.
    from_lps_mm, to_lps_mm
        Its centroid in the moving image, and where the map brings it; NaN where the map has no inverse.
    volume_before_ml, volume_after_ml
        In the moving image, and on the fixed image's grid: less where it reaches out of that.
    """

    number: int
    value: int
    from_lps_mm: Triple
    to_lps_mm: Triple
    volume_before_ml: float
    volume_after_ml: float

    @property
    def moved_mm(self) -> float:
        """How far its centroid was moved."""
        return float(np.linalg.norm(np.subtract(self.to_lps_mm, self.from_lps_mm)))


@dataclass(frozen=True, eq=False)
class CarriedLabels:
    """A label map on the fixed image's grid.

    Attributes
    ----------
    labels
        As the alignment carries it.
    lesions
        Its components, as they lay in the moving image.
    before, after
        Compared with the fixed image's own label map, where the alignment began and where it ended;
        None where there is none.
    """

    labels: LabelMap
    lesions: tuple[CarriedLesion, ...]
    before: CaseEvaluation | None = None
    after: CaseEvaluation | None = None

    @property
    def changed_verdicts(self) -> tuple[tuple[int, LesionVerdict, LesionVerdict], ...]:
        """Lesions of the fixed image whose verdict the alignment changes: number, before, after."""
        if self.before is None or self.after is None:
            return ()
        pairs = zip(
            self.before.lesions_of(Side.REFERENCE), self.after.lesions_of(Side.REFERENCE), strict=True
        )
        return tuple((b.id, b.verdict, a.verdict) for b, a in pairs if b.verdict is not a.verdict)


def carried(
    labels: LabelMap,
    transform: Transform,
    start: Transform,
    onto: Volume,
    reference: LabelMap | None = None,
    progress: Progress = silent,
) -> CarriedLabels:
    """Carry a label map of the moving image over, once, and measure what that does to it.

    Parameters
    ----------
    labels
        In the moving image's space, on whatever grid.
    transform, start
        Fixed to moving: the alignment, and where it began.
    onto
        The fixed image.
    reference
        The fixed image's own label map, on its grid, to compare with.
    progress
        Told how far it has come; may raise ``Cancelled``.

    Raises
    ------
    GeometryMismatch
        If the reference lies on another grid than the fixed image.
    """
    require_on_its_grid(reference, onto)
    grid = onto.geometry
    after = warped_labels(labels, transform, grid, progress=progress)
    lesions = _lesions(labels, transform, onto)
    if reference is None:
        return CarriedLabels(after, lesions)
    before = warped_labels(labels, start, grid, progress=progress)
    return CarriedLabels(after, lesions, _compared(reference, before), _compared(reference, after))


def require_on_its_grid(reference: LabelMap | None, onto: Volume) -> None:
    """Raise ``GeometryMismatch`` if a label map does not lie on an image's grid."""
    if reference is not None and not reference.geometry.is_same_grid(onto.geometry):
        raise GeometryMismatch(f"'{reference.name}' does not lie on the grid of '{onto.name}'.")


def _compared(reference: LabelMap, prediction: LabelMap) -> CaseEvaluation:
    return evaluate(reference, prediction, metrics=("dice", "assd_mm", "hd95_mm"))


def _lesions(labels: LabelMap, transform: Transform, onto: Volume) -> tuple[CarriedLesion, ...]:
    array = np.asarray(labels.array)
    parts, values = _components(array)
    if not values:
        return ()
    numbers = np.arange(1, len(values) + 1)
    there = warped_numbers(parts, labels.geometry, transform, onto.geometry)
    voxels = [np.bincount(a.ravel(), minlength=len(values) + 1)[1:] for a in (parts, there)]
    index = np.asarray(ndimage.center_of_mass(parts > 0, parts, numbers))
    places = labels.geometry.index_to_lps(index)
    moved = inverse_of(transform).transform_points(places)
    before_ml, after_ml = (
        counts * geometry.voxel_volume_mm3 / 1000
        for counts, geometry in zip(voxels, (labels.geometry, onto.geometry), strict=True)
    )
    return tuple(
        CarriedLesion(
            int(number), value, _triple(places[k]), _triple(moved[k]), float(before), float(after)
        )
        for k, (number, value, before, after) in enumerate(
            zip(numbers, values, before_ml, after_ml, strict=True)
        )
    )


def _components(array: np.ndarray) -> tuple[np.ndarray, list[int]]:
    """Return the components of each label, numbered through, and the label of each."""
    parts = np.zeros(array.shape, dtype=np.int32)
    values: list[int] = []
    for value in (int(v) for v in np.unique(array) if v):
        found, n = ndimage.label(array == value, _NEIGHBOURS)
        parts[found > 0] = found[found > 0] + len(values)
        values += [value] * n
    return parts, values


def _triple(values: Sequence[float] | np.ndarray) -> Triple:
    x, y, z = (float(v) for v in values)
    return x, y, z
