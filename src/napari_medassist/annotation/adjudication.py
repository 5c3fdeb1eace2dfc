"""Two readers' lesions, one after the other: whose outline stands.

What belongs together: lesions of both readers that share at least one voxel, directly or through
others, are one *contested lesion*. So no voxel that a reader outlined belongs to two of them, and the
decisions on them can be taken in any order: each writes its own voxels only. Lesions that merely touch
stay apart.

What a choice writes into the voxels that either reader outlined (its *region*), all others of it
becoming background:

- the first's, the second's: the outline of that reader, with that reader's labels;
- intersection: voxels that both outlined, with the first reader's labels;
- union: the first reader's voxels, and those of the second that the first has not; these take the label
  of the first reader's lesion that the second's lesion shares most voxels with (the smaller label of
  equal ones), so that a lesion has one label; its own where the first has nothing;
- reject: nothing;
- by hand: what stands there stays, to be painted on; where nothing stands yet, the union.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, sparse
from scipy.sparse.csgraph import connected_components

from napari_medassist.annotation.operations.change import Box, Change, Mask, Voxels, set_where
from napari_medassist.core.errors import InvalidSetting

Numbers = NDArray[np.integer[Any]]


class Choice(StrEnum):
    """What becomes of a contested lesion."""

    FIRST = "first"
    SECOND = "second"
    UNION = "union"
    INTERSECTION = "intersection"
    REJECT = "reject"
    BY_HAND = "by hand"


@dataclass(frozen=True, eq=False)
class ContestedLesion:
    """Lesions of two readers that have voxels in common; or one that only one of them has.

    Parameters
    ----------
    number
        From 1.
    box
        Three slices (z, y, x) that hold it.
    first, second
        (z, y, x) in the box: the labels of each reader's outline of it, 0 elsewhere.
    first_ids, second_ids
        Which lesions of each reader it is made of, rising.
    union
        (z, y, x) in the box: the labels of the union.
    """

    number: int
    box: Box
    first: Voxels
    second: Voxels
    first_ids: tuple[int, ...]
    second_ids: tuple[int, ...]
    union: Voxels

    @property
    def region(self) -> Mask:
        """(z, y, x) in the box: voxels that either reader outlined."""
        region: Mask = self.union != 0
        return region

    def labels_of(self, choice: Choice) -> Voxels:
        """Return the labels that a choice writes, (z, y, x) in the box.

        Raises
        ------
        InvalidSetting
            For ``BY_HAND``, which writes what a hand paints.
        """
        if choice is Choice.BY_HAND:
            raise InvalidSetting("What is drawn by hand does not follow from a choice.")
        if choice is Choice.FIRST:
            return self.first
        if choice is Choice.SECOND:
            return self.second
        if choice is Choice.UNION:
            return self.union
        if choice is Choice.INTERSECTION:
            return np.where(self.second != 0, self.first, 0).astype(self.first.dtype)
        return np.zeros_like(self.first)

    def change(self, choice: Choice, voxels: Voxels) -> Change:
        """Return what a choice changes in the map that is made, (z, y, x) of the whole grid."""
        if choice is not Choice.BY_HAND:
            labels = self.labels_of(choice)
        elif np.any(voxels[self.box][self.region]):
            labels = voxels[self.box]
        else:
            labels = self.union
        return set_where(voxels, self.box, self.region, labels.astype(voxels.dtype))

    def stands(self, choice: Choice, voxels: Voxels) -> bool:
        """Tell whether the map holds what a choice wrote; by hand is always right."""
        if choice is Choice.BY_HAND:
            return True
        there = voxels[self.box][self.region]
        return bool(np.array_equal(there, self.labels_of(choice)[self.region]))


def contested_lesions(
    first: Voxels,
    second: Voxels,
    first_numbers: Numbers,
    second_numbers: Numbers,
    shared: NDArray[np.integer[Any]],
    offset_zyx: Sequence[int] = (0, 0, 0),
) -> tuple[ContestedLesion, ...]:
    """Return the contested lesions of two readers, in the order of their first voxels.

    Parameters
    ----------
    first, second
        The readers' labels, (z, y, x), of one crop of one grid.
    first_numbers, second_numbers
        The number of the lesion that each voxel belongs to, from 1; 0 elsewhere. A lesion has one
        label.
    shared
        (rows, columns): how many voxels each pair of lesions shares.
    offset_zyx
        Index of the crop's first voxel in the grid.
    """
    n_first, n_second = shared.shape
    if not n_first + n_second:
        return ()
    groups = _groups(shared)
    of_first = np.concatenate([[0], groups[:n_first]])
    of_second = np.concatenate([[0], groups[n_first:]])
    both = np.maximum(of_first[first_numbers], of_second[second_numbers])
    joined = _joined_labels(first, second, first_numbers, second_numbers, shared)
    order = _by_first_voxel(both)
    boxes = ndimage.find_objects(both)
    found = []
    for number, group in enumerate(order, start=1):
        inner = boxes[group - 1]
        inside = both[inner] == group
        parts = [np.where(inside, labels[inner], 0) for labels in (first, second, joined)]
        z, y, x = (slice(s.start + o, s.stop + o) for s, o in zip(inner, offset_zyx, strict=True))
        found.append(
            ContestedLesion(
                number=number,
                box=(z, y, x),
                first=parts[0],
                second=parts[1],
                first_ids=_ids(groups[:n_first], group),
                second_ids=_ids(groups[n_first:], group),
                union=parts[2],
            )
        )
    return tuple(found)


def joined_by_touching(
    voxels: Voxels, lesions: Sequence[ContestedLesion]
) -> tuple[tuple[int, ...], ...]:
    """Return which contested lesions have become one lesion, because they touch and share a label.

    Parameters
    ----------
    voxels
        The map that was made, (z, y, x).
    lesions
        The contested lesions.

    Returns
    -------
    tuple
        Numbers of lesions that hang together, rising, for each such lesion of the map.
    """
    owners = np.zeros(voxels.shape, dtype=np.int32)
    for lesion in lesions:
        owners[lesion.box][lesion.region] = lesion.number
    found = set()
    for value in np.unique(voxels[voxels != 0]).tolist():
        parts, _ = ndimage.label(voxels == value, np.ones((3, 3, 3)))
        for number, box in enumerate(ndimage.find_objects(parts), start=1):
            inside = owners[box][parts[box] == number]
            together = tuple(int(n) for n in np.unique(inside) if n)
            if len(together) > 1:
                found.add(together)
    return tuple(sorted(found))


def _groups(shared: NDArray[np.integer[Any]]) -> NDArray[np.int64]:
    """Return the group of each lesion from 1, those of the first reader before the second's."""
    rows, columns = shared.shape
    links = sparse.lil_array((rows + columns, rows + columns), dtype=bool)
    links[:rows, rows:] = shared > 0
    _, groups = connected_components(links.tocsr(), directed=False)
    return np.asarray(groups, dtype=np.int64) + 1


def _joined_labels(
    first: Voxels,
    second: Voxels,
    first_numbers: Numbers,
    second_numbers: Numbers,
    shared: NDArray[np.integer[Any]],
) -> Voxels:
    """Return the labels of the union of each lesion."""
    label_of = np.zeros(len(shared) + 1, dtype=np.int64)
    label_of[first_numbers] = first  # one label a lesion
    taken = np.zeros(shared.shape[1] + 1, dtype=np.int64)
    taken[second_numbers] = second
    for column in range(shared.shape[1]):
        counts = shared[:, column]
        if counts.any():
            most = np.flatnonzero(counts == counts.max()) + 1
            taken[column + 1] = label_of[most].min()
    joined = np.where(first != 0, first, taken[second_numbers])
    return joined.astype(np.result_type(first, second))


def _by_first_voxel(groups: Numbers) -> list[int]:
    values, first = np.unique(groups, return_index=True)
    return [int(values[i]) for i in np.argsort(first) if values[i]]


def _ids(groups: NDArray[np.int64], group: int) -> tuple[int, ...]:
    return tuple((np.flatnonzero(groups == group) + 1).tolist())
