"""What every registered metric promises, run over all of them."""

from __future__ import annotations

import math

import numpy as np
import pytest

from napari_medassist.core.results import LesionCounts
from napari_medassist.metrics.pair import MaskPair
from napari_medassist.metrics.registry import METRICS
from napari_medassist.metrics.spec import Level, MetricSpec, VoxelMetric

EMPTY = np.zeros((5, 6, 7), dtype=bool)
SOME = EMPTY.copy()
SOME[1:4, 2:5, 1:6] = True
OTHER = EMPTY.copy()
OTHER[2:5, 1:4, 3:7] = True

#: (reference, prediction) masks and the counts of a case like that.
SITUATIONS = {
    "both": (EMPTY, EMPTY, LesionCounts()),
    "reference_only": (EMPTY, SOME, LesionCounts(fp=1)),
    "prediction_only": (SOME, EMPTY, LesionCounts(fn=1)),
    "neither": (SOME, OTHER, LesionCounts(2, 1, 3, 1)),
}
every_metric = pytest.mark.parametrize("spec", list(METRICS), ids=lambda s: s.name)


def value(spec: MetricSpec, situation: str) -> float:
    reference, prediction, counts = SITUATIONS[situation]
    if isinstance(spec, VoxelMetric):
        return spec.compute(MaskPair.of(reference, prediction, (3.0, 0.5, 0.5)))
    return spec.compute(counts)


def test_the_metrics_of_the_tables_are_registered() -> None:
    assert set(METRICS.names()) >= {
        "dice",
        "hd_mm",
        "hd95_mm",
        "assd_mm",
        "volume_reference_ml",
        "volume_prediction_ml",
        "lesion_recall",
        "lesion_precision",
    }


@every_metric
def test_it_describes_itself(spec: MetricSpec) -> None:
    assert spec.name.isidentifier()
    assert spec.title
    assert spec.definition
    assert spec.citation
    assert spec.level in Level
    assert "both empty" in spec.empty.describe()
    assert not spec.unit or spec.name.endswith(f"_{spec.unit}")


@every_metric
@pytest.mark.parametrize("situation", ["both", "reference_only", "prediction_only"])
def test_it_keeps_its_policy_for_empty_masks(spec: MetricSpec, situation: str) -> None:
    promised = getattr(spec.empty, situation)
    got = value(spec, situation)
    if promised is None:
        assert spec.range[0] <= got <= spec.range[1]
    else:
        assert got == pytest.approx(promised, nan_ok=True)


@every_metric
def test_its_value_is_a_float_within_its_range(spec: MetricSpec) -> None:
    got = value(spec, "neither")
    low, high = spec.range
    assert type(got) is float
    assert math.isfinite(got)
    assert low <= got <= high


@pytest.mark.parametrize(
    "spec", [spec for spec in METRICS if isinstance(spec, VoxelMetric)], ids=lambda s: s.name
)
def test_its_value_does_not_depend_on_the_place(spec: VoxelMetric) -> None:
    moved = [np.pad(mask, [(2, 1), (0, 4), (3, 0)]) for mask in (SOME, OTHER)]
    elsewhere = spec.compute(MaskPair.of(*moved, (3.0, 0.5, 0.5)))
    assert elsewhere == pytest.approx(value(spec, "neither"))
