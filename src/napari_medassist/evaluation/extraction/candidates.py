"""From probability maps and detection maps to lesion candidates.

The static, dynamic and dynamic-fast extractions are those of PI-CAI (Bosma et al., Report-Guided
Annotation). Of ``dynamic`` it is the second version: where all components at a cut-off are too small,
it removes them and goes on, while the first one takes the whole image for a candidate and ends.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_medassist.core.errors import InvalidImage
from napari_medassist.core.lesion import Labels
from napari_medassist.evaluation.extraction.components import Components, Mask, connected, neighbourhood
from napari_medassist.evaluation.rules import Extraction, ExtractionRule
from napari_medassist.metrics.occupied import row_blocks

Values = NDArray[np.floating[Any]]
#: What a map of candidates is: probabilities of the foreground, or one confidence a candidate.
MapKind = Literal["probability", "detection"]


@dataclass(frozen=True, eq=False)
class Candidates:
    """The lesion candidates of a predicted map, on a crop of its grid.

    Parameters
    ----------
    values
        (z, y, x); the highest value within a candidate is its confidence.
    components
        The candidates, where they have been told apart already; else None.
    """

    values: Values
    components: Components | None = None


#: ``dynamic`` looks for no candidate whose highest value is below this.
_FAINTEST = 0.01


def candidate_values(values: Values, rule: ExtractionRule, kind: MapKind) -> Values:
    """Keep the values of a map where it holds a lesion candidate.

    Each connected piece of what remains is one candidate; its confidence is its highest value.

    Parameters
    ----------
    values
        (z, y, x), 0..1.
    rule
        How candidates come from a probability map.
    kind
        A detection map is checked and kept as it is; of a probability map the rule's
        ``from_probability`` says what becomes of it.

    Returns
    -------
    numpy.ndarray
        (z, y, x), 0 outside of the candidates. Half precision becomes single, extended double.

    Raises
    ------
    InvalidImage
        If the map does not have three axes, or a component of a detection map has more than one value.
    """
    method = "detection_map" if kind == "detection" else rule.from_probability
    return _METHODS[method](computable(values), rule)


def computable(values: Values) -> Values:
    """Return a map in a precision that is computed with: half becomes single, extended double.

    Raises
    ------
    InvalidImage
        If it does not have three axes.
    """
    if values.ndim != 3:
        raise InvalidImage(f"A map of candidates has three axes (z, y, x), this one has {values.ndim}.")
    if values.dtype.itemsize not in (4, 8):
        values = values.astype(np.float32 if values.dtype.itemsize < 4 else np.float64)
    return values


def _threshold(values: Values, rule: ExtractionRule) -> Values:
    return _at_least(values, rule.threshold)


def _static(values: Values, rule: ExtractionRule) -> Values:
    return _without_small(_at_least(values, rule.threshold), rule)


def _dynamic_fast(values: Values, rule: ExtractionRule) -> Values:
    return _without_small(_at_least(values, float(values.max() / rule.dynamic_factor)), rule)


def _dynamic(values: Values, rule: ExtractionRule) -> Values:
    """Take candidate after candidate, the surest first, each cut at its share of the highest value."""
    box = _box_of(values >= 0.9 * _FAINTEST / rule.dynamic_factor)
    left = values[box].copy()
    taken = np.zeros_like(left)
    n_taken = 0
    while n_taken < rule.max_candidates and left.max(initial=0) >= _FAINTEST:
        cut_off = left.max() / rule.dynamic_factor
        labels, count = connected(left >= cut_off, rule.connectivity)
        chosen = _surest(labels, count, left, rule)
        if chosen is None:
            left[left > cut_off] = 0
            continue
        candidate = labels == chosen
        if not (candidate & ndimage.binary_dilation(taken > 0, neighbourhood(26))).any():
            taken[candidate] = left[candidate]
            n_taken += 1
        left[candidate] = 0
    kept = np.zeros_like(values)
    kept[box] = taken
    return kept


def _detection_map(values: Values, rule: ExtractionRule) -> Values:
    box = _box_of(values > 0)
    detections(values[box], values[box] > 0, rule.connectivity, box=box)
    return values


def detections(
    values: Values, mask: Mask, connectivity: int, *, box: tuple[slice, ...], rows: Mask | None = None
) -> Candidates:
    """Tell the candidates of a detection map apart.

    Parameters
    ----------
    values
        (z, y, x) crop of the map.
    mask
        (z, y, x) bool: where the crop is above 0.
    connectivity
        6, 18 or 26: the neighbours that hold a candidate together.
    box
        Where the crop lies in the full grid.
    rows
        (z, y) bool: no other row of the mask holds a voxel; None if that is not known.

    Raises
    ------
    InvalidImage
        If a candidate has more than one value.
    """
    components = Components.of(mask, connectivity, rows)
    if not _have_one_value_each(components, values):
        _require_one_value_each(components, values, mask, box)
    return Candidates(values, components)


def _have_one_value_each(components: Components, values: Values) -> bool:
    """Compare the first voxels of all runs, and the neighbours in each row: a few rows of the map."""
    z, y, x = components.runs.first_voxels.T
    at_start = values[z, y, x]
    one_value = np.zeros(components.count + 1, dtype=values.dtype)
    one_value[components.numbers] = at_start
    if (one_value[components.numbers] != at_start).any():
        return False
    rows = np.zeros(values.shape[:2], dtype=bool)
    rows[z, y] = True
    for block in row_blocks(rows, values.shape[2] * values.itemsize):
        held = values[block]
        before, after = held[:, :-1], held[:, 1:]
        if ((before != after) & (before > 0) & (after > 0)).any():
            return False
    return True


def _require_one_value_each(
    components: Components, values: Values, mask: Mask, box: tuple[slice, ...]
) -> None:
    depth, height, width = mask.shape
    labels = components.labels((depth, height, width))
    held, number = values[mask], labels[mask]
    one_value = np.zeros(components.count + 1, dtype=values.dtype)
    one_value[number] = held
    mixed = number[held != one_value[number]]
    if mixed.size:
        raise InvalidImage(_complaint(values, labels, int(mixed.min()), box), cure=_CURE)


_CURE = (
    "Give each candidate one value and keep candidates apart, or pass the map as a probability map "
    "and choose how candidates are extracted."
)


def _complaint(values: Values, labels: Labels, number: int, crop: tuple[slice, ...]) -> str:
    box = ndimage.find_objects(labels, number)[number - 1]
    where = ", ".join(
        f"{axis} {side.start + within.start}-{side.stop + within.start - 1}"
        for axis, side, within in zip("zyx", box, crop, strict=True)
    )
    held = values[labels == number]
    return (
        f"Component {number} of the detection map (voxels {where}) has no single confidence: its "
        f"values run from {held.min():g} to {held.max():g}."
    )


def _at_least(values: Values, cut_off: float) -> Values:
    kept: Values = np.where(values >= cut_off, values, 0).astype(values.dtype, copy=False)
    return kept


def _without_small(values: Values, rule: ExtractionRule) -> Values:
    labels, _ = connected(values, rule.connectivity)
    small = np.bincount(labels.ravel()) < rule.min_candidate_voxels
    values[small[labels]] = 0
    return values


def _surest(labels: Labels, count: int, values: Values, rule: ExtractionRule) -> int | None:
    """Return the number of the surest large enough component, the first of equals, or None."""
    numbers = np.arange(1, count + 1)
    large = numbers[np.bincount(labels.ravel(), minlength=count + 1)[1:] >= rule.min_candidate_voxels]
    if not large.size:
        return None
    highest = np.asarray(ndimage.maximum(values, labels, large))
    return int(large[np.argmax(highest)])


def _box_of(mask: NDArray[np.bool_]) -> tuple[slice, ...]:
    along_z = np.flatnonzero(np.any(mask, axis=(1, 2)))
    plane = np.any(mask, axis=0)
    places = (along_z, *(np.flatnonzero(np.any(plane, axis=axis)) for axis in (1, 0)))
    return tuple(slice(int(p[0]), int(p[-1]) + 1) if p.size else slice(0, 0) for p in places)


_METHODS: Mapping[Extraction, Callable[[Values, ExtractionRule], Values]] = {
    "threshold": _threshold,
    "static": _static,
    "dynamic": _dynamic,
    "dynamic_fast": _dynamic_fast,
    "detection_map": _detection_map,
}
