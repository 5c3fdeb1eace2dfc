from __future__ import annotations

import math

import numpy as np
import pytest

from napari_medassist.core.errors import InvalidSetting
from napari_medassist.evaluation.conventions import MEDASSIST
from napari_medassist.evaluation.rules import EmptyRule
from napari_medassist.metrics.pair import MaskPair
from napari_medassist.metrics.policy import value_when_empty, with_empty_rules
from napari_medassist.metrics.registry import METRICS, voxel_scores
from napari_medassist.metrics.rules import SurfaceRule
from napari_medassist.metrics.spec import VoxelMetric

EMPTY = np.zeros((4, 5, 6), dtype=bool)
SOME = EMPTY.copy()
SOME[1:3, 1:3, 1:3] = True
SIDES = {"both": (EMPTY, EMPTY), "reference_only": (EMPTY, SOME), "prediction_only": (SOME, EMPTY)}
SPACING = (3.0, 0.5, 2.0)
DIAGONAL_MM = math.hypot(12, 2.5, 12)
ALL = [spec.name for spec in METRICS if isinstance(spec, VoxelMetric)]

everywhere = pytest.mark.parametrize("side", SIDES)


def always(outcome: str, worst_mm: float | None = None) -> EmptyRule:
    return EmptyRule(
        both=outcome,  # type: ignore[arg-type]
        reference_only=outcome,  # type: ignore[arg-type]
        prediction_only=outcome,  # type: ignore[arg-type]
        worst_distance_mm=worst_mm,
    )


def scores(side: str, rule: EmptyRule, in_voxels: bool = False) -> dict[str, float]:
    pair = MaskPair.of(*SIDES[side], SPACING, rule=SurfaceRule(in_voxels=in_voxels))
    return with_empty_rules(voxel_scores(pair, ALL), pair, overlap=rule, distance=rule)


@everywhere
def test_undefined(side: str) -> None:
    found = scores(side, always("undefined"))
    assert all(math.isnan(found[name]) for name in ("dice", "jaccard", "nsd", "hd_mm", "assd_mm"))


@everywhere
def test_worst(side: str) -> None:
    found = scores(side, always("worst"))
    assert (found["dice"], found["nsd"], found["boundary_iou"]) == (0, 0, 0)
    assert found["hd95_mm"] == found["centroid_distance_mm"] == pytest.approx(DIAGONAL_MM)
    assert scores(side, always("worst", worst_mm=374))["hd95_mm"] == 374
    assert scores(side, always("worst"), in_voxels=True)["hd_mm"] == pytest.approx(math.hypot(4, 5, 6))


@everywhere
def test_best_if_both(side: str) -> None:
    found = scores(side, always("best_if_both", worst_mm=374))
    best = side == "both"
    assert (found["dice"], found["hd95_mm"]) == ((1, 0) if best else (0, 374))


@everywhere
def test_sizes_and_rates_keep_their_own_policy(side: str) -> None:
    pair = MaskPair.of(*SIDES[side], SPACING)
    plain = voxel_scores(pair, ALL)
    found = scores(side, always("worst"))
    for name in ("volume_reference_ml", "voxel_sensitivity", "voxel_precision", "cohen_kappa"):
        assert found[name] == pytest.approx(plain[name], nan_ok=True)


@everywhere
def test_our_own_convention_changes_nothing(side: str) -> None:
    pair = MaskPair.of(*SIDES[side], SPACING)
    plain = voxel_scores(pair, ALL)
    found = with_empty_rules(
        plain, pair, overlap=MEDASSIST.empty_overlap, distance=MEDASSIST.empty_distance
    )
    assert found == pytest.approx(plain, nan_ok=True)


def test_nothing_changes_where_both_masks_have_voxels() -> None:
    pair = MaskPair.of(SOME, np.roll(SOME, 1, axis=2), SPACING)
    plain = voxel_scores(pair, ALL)
    rule = always("undefined")
    assert with_empty_rules(plain, pair, overlap=rule, distance=rule) == plain


def test_a_size_has_no_worst_value() -> None:
    with pytest.raises(InvalidSetting, match="neither"):
        value_when_empty(METRICS.get("volume_reference_ml"), "worst", "both", worst_distance=1.0)
