"""All metrics: the modules of ``metrics.voxel`` and ``metrics.lesion``, and entry points."""

from __future__ import annotations

from napari_medassist.core.registry import Registry
from napari_medassist.core.results import LesionCounts
from napari_medassist.metrics.pair import MaskPair
from napari_medassist.metrics.spec import LesionMetric, MetricSpec, VoxelMetric

METRICS: Registry[MetricSpec] = Registry(
    "metric",
    packages=("napari_medassist.metrics.voxel", "napari_medassist.metrics.lesion"),
    attribute="METRIC",
    entry_point_group="napari_medassist.metrics",
    name_of=lambda spec: spec.name,
)


def voxel_scores(pair: MaskPair) -> dict[str, float]:
    """Return every voxel-level metric of a pair of masks, by name; NaN where undefined."""
    return {spec.name: spec.compute(pair) for spec in METRICS if isinstance(spec, VoxelMetric)}


def lesion_scores(counts: LesionCounts) -> dict[str, float]:
    """Return every lesion-level metric of lesion counts, by name; NaN where undefined."""
    return {spec.name: spec.compute(counts) for spec in METRICS if isinstance(spec, LesionMetric)}
