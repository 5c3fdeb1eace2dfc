"""Zones of an organ as regions: both levels once more, zone by zone.

- *Voxel level*: the metrics of the two masks within the zone. What a mask has outside does not exist
  there; where the edge of the zone cuts through it, the cut counts as its border, on both sides alike.
- *Lesion level*: lesions are found and judged in the whole image, and nothing is judged anew. Each is
  counted in the one zone that holds most of its voxels. What lies outside of all zones is a region too,
  called ``outside``, with the value 0. Of equal shares the zone with the lower value counts, and any
  zone before the outside.

So the counts of the regions add up to those of the case, while a mask that crosses zones has a part in
each. A lesion tells the share of its voxels in its zone; below 1 it straddles.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_medassist.core.errors import GeometryMismatch
from napari_medassist.core.geometry import Geometry
from napari_medassist.core.labels import LabelMap, LabelScheme
from napari_medassist.core.lesion import LesionSet, Side
from napari_medassist.core.results import (
    CaseEvaluation,
    JudgedLesion,
    LesionCounts,
    LesionVerdict,
    PartEvaluation,
)
from napari_medassist.evaluation.comparison import Comparison
from napari_medassist.evaluation.conventions import Convention
from napari_medassist.evaluation.inputs.label_values import count_values, require_label_values
from napari_medassist.metrics.pair import MaskPair
from napari_medassist.metrics.policy import with_empty_rules
from napari_medassist.metrics.registry import lesion_scores, voxel_scores

#: Value and name of what lies in no zone.
OUTSIDE, OUTSIDE_NAME = 0, "outside"

#: Up to here a list of all values, occurring or not, is short.
_LARGEST_COUNTED = 1 << 16

Box = tuple[slice, slice, slice]


@dataclass(frozen=True, eq=False)
class ZoneMap:
    """A zone map that lies on the grid of the two masks.

    Parameters
    ----------
    values
        (z, y, x) whole numbers of the full grid; 0 lies outside.
    n_voxels
        Value -> number of voxels, rising, 0 at the end; only what occurs.
    names
        Value -> name, each another one.
    """

    values: NDArray[Any]
    n_voxels: Mapping[int, int]
    names: Mapping[int, str]

    @classmethod
    def of(
        cls,
        zones: LabelMap | NDArray[Any],
        shape_zyx: tuple[int, ...],
        geometry: Geometry | None = None,
        *,
        scheme: LabelScheme | None = None,
        tolerance_mm: float = 0.0,
    ) -> ZoneMap:
        """Check a zone map against the grid of the masks; it is never resampled.

        Parameters
        ----------
        zones
            Label map, or array (z, y, x) of whole numbers on the grid of the masks.
        shape_zyx, geometry
            The grid; its place in the patient is None where only arrays were given.
        scheme
            Names of the zones, before those that the label map knows itself.
        tolerance_mm
            How far the corners of the two grids may lie apart.

        Raises
        ------
        GeometryMismatch
            If it lies on another grid.
        InvalidImage
            If it does not hold whole numbers from 0 on.
        """
        values = np.asarray(zones.array if isinstance(zones, LabelMap) else zones)
        if geometry is not None and isinstance(zones, LabelMap):
            _require_same_grid(geometry, zones.geometry, tolerance_mm)
        if values.shape != tuple(shape_zyx):
            raise _mismatch(_different_shape(values.shape, tuple(shape_zyx)))
        require_label_values(values, "zone map")
        found = count_values(values)
        in_order = [*(value for value in found if value != OUTSIDE), *found.keys() & {OUTSIDE}]
        own = zones.scheme if isinstance(zones, LabelMap) else LabelScheme()
        names = _names([value for value in in_order if value != OUTSIDE], scheme or own)
        return cls(values, {value: found[value] for value in in_order}, names)


def _require_same_grid(of_masks: Geometry, of_zones: Geometry, tolerance_mm: float) -> None:
    """Raise ``GeometryMismatch``, with what differs and by how much, unless two grids agree."""
    apart_mm = of_zones.corner_distance_mm(of_masks)
    if apart_mm <= tolerance_mm:
        return
    if of_zones.shape_zyx != of_masks.shape_zyx:
        raise _mismatch(_different_shape(of_zones.shape_zyx, of_masks.shape_zyx))
    told = f"corners up to {apart_mm:.2f} mm apart"
    spacings = [" x ".join(f"{mm:.4g}" for mm in g.spacing_zyx_mm) for g in (of_zones, of_masks)]
    if spacings[0] != spacings[1]:
        told += f"; spacing {spacings[0]} mm (z, y, x), not {spacings[1]}"
    raise _mismatch(told)


def _different_shape(of_zones: Sequence[int], of_masks: Sequence[int]) -> str:
    shapes = (" x ".join(map(str, shape)) for shape in (of_zones, of_masks))
    return "{} voxels (z, y, x), not {}".format(*shapes)


def _mismatch(told: str) -> GeometryMismatch:
    return GeometryMismatch(
        f"The zone map lies on another grid than the label maps: {told}.",
        cure="Resample it onto theirs on purpose.",
    )


def evaluate_regions(
    comparison: Comparison,
    pair: MaskPair,
    zones: ZoneMap,
    *,
    convention: Convention,
    metrics: Sequence[str] | None = None,
) -> CaseEvaluation:
    """Return an evaluation that holds each zone too, and whose lesions know their zone.

    Parameters
    ----------
    comparison
        The whole case, and its lesions with their voxels.
    pair
        The two masks.
    zones
        Where the zones are.
    convention
        What the case was compared under: its rules for surfaces and empty masks hold in each zone too.
    metrics
        Which voxel-level metrics; by default those that are computed without being asked for. Rates
        that count true negatives count those of the zone.

    Returns
    -------
    CaseEvaluation
        Its ``regions`` follow the values of the zones that occur, with the outside at the end.

    Raises
    ------
    UnknownItem
        If there is no metric of a name.
    """
    evaluation = comparison.evaluation
    everything = (
        *_in_zones(evaluation.lesions_of(Side.REFERENCE), comparison.reference, zones),
        *_in_zones(evaluation.lesions_of(Side.PREDICTION), comparison.prediction, zones),
    )
    regions = []
    for value, restricted in _restricted_pairs(pair, zones):
        name = zones.names[value]
        counts = _counts(lesion for lesion in everything if lesion.zone == name)
        rules = {"overlap": convention.empty_overlap, "distance": convention.empty_distance}
        scores = with_empty_rules(voxel_scores(restricted, metrics), restricted, **rules)
        regions.append(
            PartEvaluation(
                value, name, {**scores, **lesion_scores(counts)}, counts, zones.n_voxels[value]
            )
        )
    return replace(evaluation, lesions=everything, regions=tuple(regions))


@dataclass(frozen=True, eq=False)
class _PairInZone(MaskPair):
    """Two masks within a zone: the voxels outside of it are no true negatives."""

    n_zone_voxels: int = 0

    @property
    def n_voxels(self) -> int:
        """Number of voxels of the zone."""
        return self.n_zone_voxels


def _restricted_pairs(pair: MaskPair, zones: ZoneMap) -> Iterator[tuple[int, MaskPair]]:
    """Go through the zones in their order, each with what the two masks have in it."""
    box = _box(pair.offset_zyx, pair.reference.shape)
    around = zones.values[box]
    within = _boxes(around)
    for value, n_voxels in zones.n_voxels.items():
        part = within.get(value, _box((0, 0, 0), (1, 1, 1))) if value else _whole(around)
        inside = around[part] == value
        cut = MaskPair.of(
            pair.reference[part] & inside,
            pair.prediction[part] & inside,
            pair.spacing_zyx_mm,
            rule=pair.rule,
        )
        offsets = zip(pair.offset_zyx, part, cut.offset_zyx, strict=True)
        z, y, x = (whole + side.start + own for whole, side, own in offsets)
        yield (
            value,
            _PairInZone(
                cut.reference,
                cut.prediction,
                pair.spacing_zyx_mm,
                (z, y, x),
                pair.shape_zyx,
                pair.rule,
                n_zone_voxels=n_voxels,
            ),
        )


def _in_zones(
    judged: Sequence[JudgedLesion], lesions: LesionSet, zones: ZoneMap
) -> tuple[JudgedLesion, ...]:
    """Return lesions with the zone that holds most of their voxels."""
    shares = _shares(lesions, zones)
    of_lesion = shares.argmax(axis=1)  # the first of equal ones: the outside stands last
    values = list(zones.n_voxels)
    return tuple(
        replace(
            lesion,
            zone=zones.names[values[column]],
            zone_fraction=float(shares[row, column]),
        )
        for row, (lesion, column) in enumerate(zip(judged, of_lesion.tolist(), strict=True))
    )


def _shares(lesions: LesionSet, zones: ZoneMap) -> NDArray[np.float64]:
    """Return the share of each lesion (row) that lies in each zone (column)."""
    values = np.array(list(zones.n_voxels))
    order = np.argsort(values)
    places = lesions.labels != 0
    columns = order[np.searchsorted(values, zones.values[lesions.box][places], sorter=order)]
    cells = (lesions.labels[places] - 1) * len(values) + columns
    counted = np.bincount(cells, minlength=len(lesions) * len(values))
    shared: NDArray[np.float64] = counted.reshape(len(lesions), len(values)) / np.maximum(
        lesions.sizes()[:, None], 1
    )
    return shared


def _counts(lesions: Iterator[JudgedLesion]) -> LesionCounts:
    found = [(lesion.side, lesion.verdict) for lesion in lesions]
    return LesionCounts(
        tp_reference=found.count((Side.REFERENCE, LesionVerdict.FOUND)),
        fn=found.count((Side.REFERENCE, LesionVerdict.MISSED)),
        tp_prediction=found.count((Side.PREDICTION, LesionVerdict.TRUE)),
        fp=found.count((Side.PREDICTION, LesionVerdict.FALSE)),
        ignored_reference=found.count((Side.REFERENCE, LesionVerdict.IGNORED)),
        ignored_prediction=found.count((Side.PREDICTION, LesionVerdict.IGNORED)),
    )


def _names(values: Sequence[int], scheme: LabelScheme) -> dict[int, str]:
    """Return a name for each zone; where two are called alike, the value tells them apart."""
    listed = {label.value: label.name for label in scheme.labels}
    called = {value: listed.get(value, f"zone {value}") for value in values}
    taken = [OUTSIDE_NAME, *called.values()]
    names = {v: n if taken.count(n) == 1 else f"{n} ({v})" for v, n in called.items()}
    return {**names, OUTSIDE: OUTSIDE_NAME}


def _boxes(values: NDArray[Any]) -> dict[int, Box]:
    """Return the box around each value that occurs, 0 not counting."""
    if values.dtype == np.bool_:
        values = values.view(np.uint8)
    if values.max(initial=0) <= _LARGEST_COUNTED:
        found = enumerate(ndimage.find_objects(values), start=1)
        return {value: box for value, box in found if box is not None}
    occurring, places = np.unique(values, return_inverse=True)
    numbers = places.reshape(values.shape) + (0 if occurring[0] == 0 else 1)
    of_number = occurring[occurring != 0].tolist()
    return dict(zip(of_number, ndimage.find_objects(numbers), strict=True))


def _box(start: Sequence[int], shape: Sequence[int]) -> Box:
    z, y, x = (slice(first, first + n) for first, n in zip(start, shape, strict=True))
    return z, y, x


def _whole(values: NDArray[Any]) -> Box:
    return _box((0, 0, 0), values.shape)
