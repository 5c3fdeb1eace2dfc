"""What every registered metric promises, run over all of them."""

from __future__ import annotations

import math

import numpy as np
import pytest

from napari_medassist.core.results import LesionCounts
from napari_medassist.metrics.pair import MaskPair
from napari_medassist.metrics.probability_pair import ProbabilityPair
from napari_medassist.metrics.registry import METRICS, default_names
from napari_medassist.metrics.spec import (
    Better,
    Family,
    LesionMetric,
    Level,
    MetricSpec,
    ProbabilityMetric,
    VoxelMetric,
)

EMPTY = np.zeros((9, 12, 13), dtype=bool)
SOME = EMPTY.copy()
SOME[1:4, 2:5, 1:6] = True
OTHER = EMPTY.copy()
OTHER[2:5, 1:4, 3:7] = True
SPACING = (3.0, 0.5, 0.5)

#: (reference, prediction) masks and the counts of a case like that.
SITUATIONS = {
    "both": (EMPTY, EMPTY, LesionCounts()),
    "reference_only": (EMPTY, SOME, LesionCounts(fp=1)),
    "prediction_only": (SOME, EMPTY, LesionCounts(fn=1)),
    "neither": (SOME, OTHER, LesionCounts(2, 1, 3, 1)),
}
#: Metrics of the match graph have tests of their own.
SPECS = [s for s in METRICS if isinstance(s, (VoxelMetric, ProbabilityMetric, LesionMetric))]
every_metric = pytest.mark.parametrize("spec", SPECS, ids=lambda s: s.name)


def of_masks(spec: MetricSpec, reference: np.ndarray, prediction: np.ndarray) -> float:
    if isinstance(spec, ProbabilityMetric):
        return spec.compute(ProbabilityPair.of(reference, 0.75 * prediction))
    assert isinstance(spec, VoxelMetric)
    return spec.compute(MaskPair.of(reference, prediction, SPACING))


def value(spec: MetricSpec, situation: str) -> float:
    reference, prediction, counts = SITUATIONS[situation]
    if isinstance(spec, LesionMetric):
        return spec.compute(counts)
    return of_masks(spec, reference, prediction)


def test_the_metrics_of_the_tables_are_computed_without_being_asked_for() -> None:
    assert set(default_names()) >= {
        "dice",
        "hd_mm",
        "hd95_mm",
        "assd_mm",
        "volume_reference_ml",
        "volume_prediction_ml",
        "lesion_recall",
        "lesion_precision",
    }


@pytest.mark.parametrize("spec", list(METRICS), ids=lambda s: s.name)
def test_it_describes_itself(spec: MetricSpec) -> None:
    assert spec.name.isidentifier()
    assert spec.title
    assert spec.definition
    assert spec.citation
    assert spec.level in Level
    assert "both empty" in spec.empty.describe()
    assert not spec.unit or spec.name.endswith(f"_{spec.unit}")


@every_metric
def test_a_convention_can_tell_its_best_from_its_worst(spec: MetricSpec) -> None:
    if spec.family is not Family.OTHER:
        assert spec.better is not Better.NEITHER
    assert (spec.family is Family.DISTANCE) == (spec.unit == "mm" and spec.level is Level.VOXEL)


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
    "spec",
    [s for s in SPECS if isinstance(s, VoxelMetric) and s.best is not None],
    ids=lambda s: s.name,
)
def test_a_perfect_prediction_has_the_best_value(spec: VoxelMetric) -> None:
    assert of_masks(spec, SOME, SOME) == pytest.approx(spec.best)


@pytest.mark.parametrize(
    "spec", [s for s in SPECS if not isinstance(s, LesionMetric)], ids=lambda s: s.name
)
def test_its_value_does_not_depend_on_the_place(spec: MetricSpec) -> None:
    moved = [np.roll(mask, (3, 5, 6), axis=(0, 1, 2)) for mask in (SOME, OTHER)]
    assert of_masks(spec, *moved) == pytest.approx(value(spec, "neither"))
