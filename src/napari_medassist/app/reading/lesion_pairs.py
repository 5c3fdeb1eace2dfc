"""The lesions of two readers beside each other, matched by the evaluation's match graph."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_medassist.annotation.adjudication import ContestedLesion, contested_lesions
from napari_medassist.annotation.operations.change import Box, Voxels, box_of
from napari_medassist.core.geometry import Geometry, Triple
from napari_medassist.core.labels import LabelMap
from napari_medassist.core.lesion import Lesion, LesionSet, Side
from napari_medassist.evaluation.conventions import Convention
from napari_medassist.evaluation.extraction.components import connected
from napari_medassist.evaluation.matching.graph import MatchGraph
from napari_medassist.evaluation.matching.match import Verdicts, judged


class PairKind(StrEnum):
    """How two readers see a lesion."""

    AGREED = "agreed"
    ONLY_FIRST = "only first"
    ONLY_SECOND = "only second"
    EXTENT = "differ in extent"
    SPLIT = "split"
    MERGED = "merged"
    SEVERAL = "several of each"


@dataclass(frozen=True, eq=False)
class LesionPair:
    """A contested lesion and what is known of it.

    Parameters
    ----------
    lesion
        Its voxels.
    kind
        Agreed: one lesion of each with a Dice from the convention's ``good_dice`` on. Differ in extent:
        one of each with a lower Dice. Split: one of the first reader, several of the second; merged:
        the other way round.
    is_hit
        Whether the convention counts any of them as found, or as true.
    dice
        Of the two outlines, 0..1.
    first_ml, second_ml
        Volume of each reader's outline in ml.
    centre_lps_mm
        The voxel of the region that is nearest to its centre, in the patient, LPS mm.
    """

    lesion: ContestedLesion
    kind: PairKind
    is_hit: bool
    dice: float
    first_ml: float
    second_ml: float
    centre_lps_mm: Triple


def lesion_pairs(first: LabelMap, second: LabelMap, convention: Convention) -> tuple[LesionPair, ...]:
    """Return the lesions of two readers' label maps, those that share voxels as one.

    A lesion is a connected component (as the convention connects) of *one label*: lesions with labels
    of their own stay apart where they touch. Small ones are not left out.

    Raises
    ------
    GeometryMismatch
        If the maps do not have one grid.
    """
    first.geometry.require_same_grid(second.geometry, names=("the first reader", "the second reader"))
    a, b = np.asarray(first.array), np.asarray(second.array)
    anyone = (a != 0) | (b != 0)
    if not anyone.any():
        return ()
    box = box_of(anyone)
    sets = [
        reader_lesions(array, box, first.geometry, side, convention)
        for array, side in ((a, Side.REFERENCE), (b, Side.PREDICTION))
    ]
    graph = MatchGraph.of(sets[0], sets[1], first.geometry.spacing_zyx_mm)
    verdicts = judged(graph, convention.matching)
    offset = [part.start for part in box]
    found = contested_lesions(a[box], b[box], sets[0].labels, sets[1].labels, graph.shared, offset)
    return tuple(_pair(lesion, verdicts, first.geometry, convention.good_dice) for lesion in found)


def reader_lesions(
    array: Voxels, box: Box, geometry: Geometry, side: Side, convention: Convention
) -> LesionSet:
    """Return the components of each label of a map, within a box that holds all labels.

    Parameters
    ----------
    array
        (z, y, x) of the whole grid.
    box
        Three slices of it.
    geometry
        The grid.
    side
        Whose lesions the match graph takes them for.
    convention
        Its connectivity counts.
    """
    part, connectivity = array[box], convention.extraction.connectivity
    numbers, count = np.zeros(part.shape, dtype=np.int32), 0
    for value in np.unique(part[part != 0]).tolist():
        labels, n_found = connected(part == value, connectivity)
        numbers[labels != 0] = labels[labels != 0] + count
        count += n_found
    numbers = _in_order_of_first_voxels(numbers, count)
    offset = (box[0].start, box[1].start, box[2].start)
    lesions = _measured(numbers, count, offset, geometry, side)
    return LesionSet(side, lesions, numbers, offset, geometry.shape_zyx, connectivity)


def _in_order_of_first_voxels(numbers: NDArray[np.int32], count: int) -> NDArray[np.int32]:
    values, first = np.unique(numbers, return_index=True)
    order = values[np.argsort(first)]
    new = np.zeros(count + 1, dtype=np.int32)
    new[order[order != 0]] = np.arange(1, count + 1)
    return new[numbers]


def _measured(
    numbers: NDArray[np.int32],
    count: int,
    offset: tuple[int, int, int],
    geometry: Geometry,
    side: Side,
) -> tuple[Lesion, ...]:
    sizes = np.bincount(numbers.ravel(), minlength=count + 1)
    ids = range(1, count + 1)
    centres = ndimage.center_of_mass(numbers != 0, numbers, list(ids)) if count else []
    lesions = []
    for number, centre, box in zip(ids, centres, ndimage.find_objects(numbers), strict=True):
        z, y, x = (float(c) + o for c, o in zip(centre, offset, strict=True))
        starts = [part.start + o for part, o in zip(box, offset, strict=True)]
        stops = [part.stop + o for part, o in zip(box, offset, strict=True)]
        lesions.append(
            Lesion(
                id=number,
                side=side,
                n_voxels=int(sizes[number]),
                volume_ml=float(sizes[number]) * geometry.voxel_volume_mm3 / 1000,
                centroid_index_zyx=(z, y, x),
                start_zyx=(starts[0], starts[1], starts[2]),
                stop_zyx=(stops[0], stops[1], stops[2]),
            )
        )
    return tuple(lesions)


def _pair(
    lesion: ContestedLesion, verdicts: Verdicts, geometry: Geometry, good_dice: float
) -> LesionPair:
    a, b = lesion.first != 0, lesion.second != 0
    n_first, n_second, n_both = (int(mask.sum()) for mask in (a, b, a & b))
    dice = 2 * n_both / (n_first + n_second)
    voxel_ml = geometry.voxel_volume_mm3 / 1000
    rows = [i - 1 for i in lesion.first_ids]
    columns = [i - 1 for i in lesion.second_ids]
    x, y, z = (float(v) for v in geometry.index_to_lps(_middle_zyx(lesion)))
    return LesionPair(
        lesion=lesion,
        kind=_kind(len(rows), len(columns), is_good=dice >= good_dice),
        is_hit=bool(verdicts.found[rows].any() or verdicts.true[columns].any()),
        dice=dice,
        first_ml=n_first * voxel_ml,
        second_ml=n_second * voxel_ml,
        centre_lps_mm=(x, y, z),
    )


def _middle_zyx(lesion: ContestedLesion) -> NDArray[np.int64]:
    """Return the voxel of the region nearest to its centre; that itself may lie outside of it."""
    inside = np.argwhere(lesion.region)
    nearest = inside[np.argmin(((inside - inside.mean(axis=0)) ** 2).sum(axis=1))]
    middle: NDArray[np.int64] = nearest + [part.start for part in lesion.box]
    return middle


def _kind(n_first: int, n_second: int, *, is_good: bool) -> PairKind:
    if not n_second:
        return PairKind.ONLY_FIRST
    if not n_first:
        return PairKind.ONLY_SECOND
    if n_first == n_second == 1:
        return PairKind.AGREED if is_good else PairKind.EXTENT
    if n_first == 1:
        return PairKind.SPLIT
    return PairKind.MERGED if n_second == 1 else PairKind.SEVERAL
