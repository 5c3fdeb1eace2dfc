"""All metrics: the modules of ``metrics.voxel``, ``.probability`` and ``.lesion``, and entry points."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from napari_medassist.core.registry import Registry
from napari_medassist.core.results import LesionCounts
from napari_medassist.metrics.pair import MaskPair
from napari_medassist.metrics.probability_pair import ProbabilityPair
from napari_medassist.metrics.spec import LesionMetric, MetricSpec, ProbabilityMetric, VoxelMetric

Spec = TypeVar("Spec", bound=MetricSpec)

METRICS: Registry[MetricSpec] = Registry(
    "metric",
    packages=(
        "napari_medassist.metrics.voxel",
        "napari_medassist.metrics.probability",
        "napari_medassist.metrics.lesion",
    ),
    attribute="METRIC",
    entry_point_group="napari_medassist.metrics",
    name_of=lambda spec: spec.name,
)


def default_names() -> tuple[str, ...]:
    """Return the names of the metrics that are computed without being asked for, sorted."""
    return tuple(spec.name for spec in METRICS if spec.default)


def voxel_scores(pair: MaskPair, names: Sequence[str] | None = None) -> dict[str, float]:
    """Return voxel-level metrics of a pair of masks, by name; NaN where undefined.

    Parameters
    ----------
    pair
        The masks.
    names
        Which metrics, those that need another input being passed over; by default those that are
        computed without being asked for.

    Raises
    ------
    UnknownItem
        If there is no metric of a name.
    """
    return {spec.name: spec.compute(pair) for spec in chosen(VoxelMetric, names)}


def probability_scores(pair: ProbabilityPair, names: Sequence[str] | None = None) -> dict[str, float]:
    """Return metrics of a mask and a map of probabilities, by name; NaN where undefined.

    Parameters
    ----------
    pair
        The mask and the map.
    names
        Which metrics, those that need another input being passed over; all of them by default.

    Raises
    ------
    UnknownItem
        If there is no metric of a name.
    """
    wanted = METRICS.names() if names is None else names
    return {spec.name: spec.compute(pair) for spec in chosen(ProbabilityMetric, wanted)}


def lesion_scores(counts: LesionCounts) -> dict[str, float]:
    """Return every lesion-level metric of lesion counts, by name; NaN where undefined."""
    return {spec.name: spec.compute(counts) for spec in METRICS if isinstance(spec, LesionMetric)}


def chosen(kind: type[Spec], names: Sequence[str] | None) -> list[Spec]:
    """Return the metrics of one kind among the named ones, or among the default ones.

    Raises
    ------
    UnknownItem
        If there is no metric of a name.
    """
    specs = [METRICS.get(name) for name in (default_names() if names is None else names)]
    return [spec for spec in specs if isinstance(spec, kind)]
