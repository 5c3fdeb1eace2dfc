"""One label map of several readers': STAPLE, majority, union, intersection; or lesion by lesion."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_medassist.core.errors import InvalidSetting
from napari_medassist.core.labels import LabelMap, LabelScheme

Method = Literal["staple", "majority", "union", "intersection"]
METHODS: tuple[Method, ...] = ("staple", "majority", "union", "intersection")
Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Consensus:
    """A label map that several readers agree on.

    Parameters
    ----------
    labels
        The label map.
    n_tied
        Voxels at which two labels had equal support (or half of the readers said foreground): they are
        background, but in a union, where the smaller value stands.
    sensitivity, specificity
        Of each reader against the STAPLE estimate, label value -> one number a reader; empty for other
        methods.
    """

    labels: LabelMap
    n_tied: int
    sensitivity: Mapping[int, tuple[float, ...]] = field(default_factory=dict)
    specificity: Mapping[int, tuple[float, ...]] = field(default_factory=dict)


def consensus(maps: Sequence[LabelMap], method: Method = "staple", *, name: str = "") -> Consensus:
    """Return one label map of two or more readers' maps on one grid.

    Each label value is judged by itself, as foreground against all else; where several values win at a
    voxel, the one with most support stands. ``majority``: more than half of the readers.
    ``union``: any reader. ``intersection``: all. ``staple``: the probability of STAPLE (Warfield, Zou
    and Wells, IEEE Trans Med Imaging 2004;23:903-921; SimpleITK's), above one half.

    Parameters
    ----------
    maps
        The readers' label maps.
    method
        How.
    name
        Name of the result.

    Raises
    ------
    InvalidSetting
        If there are fewer than two maps, or the method is not known.
    GeometryMismatch
        If they do not have one grid.
    """
    if method not in METHODS:
        raise InvalidSetting(f"'{method}' is no consensus; there are {', '.join(METHODS)}.")
    first, arrays = _on_one_grid(maps)
    values = sorted({v for labels in maps for v in labels.values()})
    best = np.zeros(arrays[0].shape, dtype=np.float32)
    chosen = np.zeros(arrays[0].shape, dtype=np.result_type(*arrays))
    tied = np.zeros(arrays[0].shape, dtype=bool)
    sensitivity, specificity = {}, {}
    for value in values:
        votes = [array == value for array in arrays]
        if method == "staple":
            support, sensitivity[value], specificity[value] = _staple(votes)
        else:
            support = np.asarray(np.mean(votes, axis=0, dtype=np.float32))
        wins, half = _winning(support, method)
        tied |= half & (chosen == 0)
        equal = wins & (support == best)
        tied = (tied & ~(wins & (support > best))) | equal
        chosen[wins & (support > best)] = value
        best = np.maximum(best, np.where(wins, support, 0))
    if method != "union":
        chosen[tied] = 0
    labels = LabelMap.on(first, chosen, name=name or f"Consensus ({method})", scheme=_schemes(maps))
    return Consensus(labels, int(tied.sum()), sensitivity, specificity)


def _winning(support: NDArray[Any], method: Method) -> tuple[Mask, Mask]:
    """Return where a label wins, and where exactly half of the support stands for it."""
    none = np.zeros(support.shape, dtype=bool)
    if method == "union":
        return support > 0, none
    if method == "intersection":
        return support == 1, none
    return support > 0.5, support == 0.5


def _staple(votes: Sequence[Mask]) -> tuple[NDArray[Any], tuple[float, ...], tuple[float, ...]]:
    import SimpleITK as sitk

    # Only where somebody sees the label, with a margin: the background of a whole scan would make the
    # prior of the foreground vanish, and with it small lesions.
    anyone = np.logical_or.reduce(votes)
    support = np.zeros(anyone.shape, dtype=np.float32)
    box = tuple(
        slice(max(0, part.start - 5), part.stop + 5)
        for part in ndimage.find_objects(anyone.astype(np.uint8))[0]
    )
    staple = sitk.STAPLEImageFilter()
    staple.SetForegroundValue(1)
    found = staple.Execute([sitk.GetImageFromArray(vote[box].astype(np.uint8)) for vote in votes])
    support[box] = sitk.GetArrayFromImage(found)
    return support, tuple(staple.GetSensitivity()), tuple(staple.GetSpecificity())


# ---------------------------------------------------------------- lesion by lesion


@dataclass(frozen=True, eq=False)
class SeenLesion:
    """A lesion that one or more readers have outlined.

    Parameters
    ----------
    number
        From 1.
    value
        Its label value.
    readers
        Which readers have it, by their place in the list, rising.
    voxels
        Its number of voxels of each reader in ``readers``.
    box
        Three slices (z, y, x) that hold all outlines of it.
    region
        (z, y, x) bool in the box: the union of the outlines.
    """

    number: int
    value: int
    readers: tuple[int, ...]
    voxels: tuple[int, ...]
    box: tuple[slice, slice, slice]
    region: Mask


def seen_lesions(maps: Sequence[LabelMap]) -> tuple[SeenLesion, ...]:
    """Return the lesions of two or more readers: outlines of one label that touch each other are one.

    Raises
    ------
    InvalidSetting
        If there are fewer than two maps.
    GeometryMismatch
        If they do not have one grid.
    """
    _, arrays = _on_one_grid(maps)
    found: list[SeenLesion] = []
    for value in sorted({v for labels in maps for v in labels.values()}):
        masks = [array == value for array in arrays]
        numbers, _ = ndimage.label(np.logical_or.reduce(masks), np.ones((3, 3, 3)))
        for number, box in enumerate(ndimage.find_objects(numbers), start=1):
            region = numbers[box] == number
            sizes = [int((mask[box] & region).sum()) for mask in masks]
            readers = tuple(i for i, n in enumerate(sizes) if n)
            voxels = tuple(n for n in sizes if n)
            found.append(SeenLesion(len(found) + 1, value, readers, voxels, box, region))
    return tuple(found)


def adjudicated(
    maps: Sequence[LabelMap],
    lesions: Sequence[SeenLesion],
    choices: Mapping[int, int | None],
    *,
    name: str = "Adjudicated",
) -> LabelMap:
    """Return the label map that takes each lesion from the reader who was chosen for it.

    Parameters
    ----------
    maps
        The readers' label maps.
    lesions
        What :func:`seen_lesions` returns for them.
    choices
        Number of a lesion -> place of the reader; None leaves the lesion out.
    name
        Name of the result.

    Raises
    ------
    InvalidSetting
        If a lesion has no choice, or the chosen reader does not have it.
    """
    first, arrays = _on_one_grid(maps)
    result = np.zeros(arrays[0].shape, dtype=np.result_type(*arrays))
    for lesion in lesions:
        if lesion.number not in choices:
            raise InvalidSetting(f"Lesion {lesion.number} is not decided yet.")
        reader = choices[lesion.number]
        if reader is None:
            continue
        if reader not in lesion.readers:
            raise InvalidSetting(f"Reader {reader + 1} has no outline of lesion {lesion.number}.")
        mine = (arrays[reader][lesion.box] == lesion.value) & lesion.region
        result[lesion.box][mine & (result[lesion.box] == 0)] = lesion.value
    return LabelMap.on(first, result, name=name, scheme=_schemes(maps))


def _on_one_grid(maps: Sequence[LabelMap]) -> tuple[LabelMap, list[NDArray[Any]]]:
    if len(maps) < 2:
        raise InvalidSetting("A consensus needs the label maps of two readers or more.")
    first = maps[0]
    for number, other in enumerate(maps[1:], start=2):
        first.geometry.require_same_grid(other.geometry, names=("reader 1", f"reader {number}"))
    return first, [np.asarray(labels.array) for labels in maps]


def _schemes(maps: Sequence[LabelMap]) -> LabelScheme:
    """Return the labels of all; where two readers name a value differently, the first one's name."""
    known = {label.value: label for labels in reversed(maps) for label in labels.scheme.labels}
    return LabelScheme(tuple(known[value] for value in sorted(known)))
