"""Values worked out by hand; parity with other tools is in tests/contract."""

from __future__ import annotations

import math

import numpy as np
import pytest

from napari_medassist.core.errors import GeometryMismatch, InvalidImage, UnknownItem
from napari_medassist.metrics.pair import MaskPair
from napari_medassist.metrics.probability_pair import ProbabilityPair
from napari_medassist.metrics.registry import default_names, probability_scores, voxel_scores
from napari_medassist.metrics.rules import SurfaceRule


@pytest.fixture
def pair() -> MaskPair:
    """8 voxels against 12, of which 6 are shared, in an image of 1000; 0.5 mm3 each."""
    reference, prediction = np.zeros((2, 10, 10, 10), dtype=bool)
    reference[2:4, 2:4, 2:4] = True
    prediction[2:4, 2:4, 3:6] = True
    prediction[2, 2, 2] = prediction[3, 3, 2] = True
    prediction[2, 2, 5] = prediction[3, 3, 5] = False
    return MaskPair.of(reference, prediction, (1.0, 1.0, 0.5))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("dice", 12 / 20),
        ("jaccard", 6 / 14),
        ("voxel_sensitivity", 6 / 8),
        ("voxel_precision", 6 / 12),
        ("voxel_specificity", 986 / 992),
        ("balanced_accuracy", (6 / 8 + 986 / 992) / 2),
        ("volume_similarity", 1 - 4 / 20),
        ("absolute_volume_difference_ml", 0.002),
        ("relative_volume_difference", 0.5),
        ("centroid_distance_mm", 0.5 * ((2 * 2 + 4 * 3 + 4 * 4 + 2 * 5) / 12 - 2.5)),
    ],
)
def test_by_hand(pair: MaskPair, name: str, expected: float) -> None:
    assert voxel_scores(pair, [name]) == {name: pytest.approx(expected)}


def test_kappa_by_hand(pair: MaskPair) -> None:
    observed = (6 + 986) / 1000
    chance = (8 * 12 + 992 * 988) / 1000**2
    expected = (observed - chance) / (1 - chance)
    assert voxel_scores(pair, ["cohen_kappa"])["cohen_kappa"] == pytest.approx(expected)


def test_what_counts_the_background_depends_on_the_field_of_view(pair: MaskPair) -> None:
    names = ["voxel_specificity", "cohen_kappa", "dice", "hd_mm"]
    cropped = MaskPair.of(pair.reference, pair.prediction, pair.spacing_zyx_mm)
    wide, narrow = voxel_scores(pair, names), voxel_scores(cropped, names)
    assert wide["voxel_specificity"] > narrow["voxel_specificity"]
    assert wide["cohen_kappa"] > narrow["cohen_kappa"]
    assert (wide["dice"], wide["hd_mm"]) == (narrow["dice"], narrow["hd_mm"])


def test_boundary_iou_is_that_of_rims_of_a_depth_in_mm() -> None:
    bars = np.zeros((2, 41, 41, 60), dtype=bool)  # 39 x 39 voxels across, 20 and 40 long
    bars[0, 1:-1, 1:-1, 10:30], bars[1, 1:-1, 1:-1, 10:50] = True, True
    for width, spacing, rim in ((0.0, 1.0, 1), (2.0, 1.0, 3), (2.0, 0.5, 5), (1.9, 1.0, 2)):
        rule = SurfaceRule(boundary_width_mm=width)
        pair = MaskPair.of(*bars, (spacing, spacing, spacing), rule=rule)
        inner = 39 - 2 * rim
        volumes = [39 * 39 * n - inner * inner * (n - 2 * rim) for n in (20, 40)]
        # of the reference's rim, only the middle of the far end lies deeper in the prediction
        shared = volumes[0] - inner * inner * rim
        got = voxel_scores(pair, ["boundary_iou"])["boundary_iou"]
        assert got == pytest.approx(shared / (sum(volumes) - shared))


def test_only_what_is_asked_for_is_computed(pair: MaskPair) -> None:
    assert list(voxel_scores(pair, ["jaccard", "dice", "lesion_recall"])) == ["jaccard", "dice"]
    assert "jaccard" not in voxel_scores(pair)
    assert set(voxel_scores(pair)) < set(default_names())
    with pytest.raises(UnknownItem, match="Did you mean jaccard"):
        voxel_scores(pair, ["jacard"])


@pytest.fixture
def called() -> ProbabilityPair:
    """Four voxels of foreground, and 16 of background, of which 13 are called 0."""
    reference = np.zeros((1, 2, 10), dtype=bool)
    reference[0, 0, :4] = True
    probability = np.zeros(reference.shape, dtype=np.float32)
    probability[0, 0, :7] = (1.0, 0.75, 0.5, 0.0, 0.75, 0.25, 0.5)
    return ProbabilityPair.of(reference, probability)


def test_from_probabilities_by_hand(called: ProbabilityPair) -> None:
    wins = 16 + (15 + 0.5) + (14 + 0.5) + 13 / 2
    bins = 1 * 0 + abs(1.5 - 1) + abs(1.0 - 1) + abs(0.25 - 0) + abs(0 - 1)
    assert probability_scores(called) == pytest.approx(
        {
            "brier": (0 + 0.0625 + 0.25 + 1 + 0.5625 + 0.0625 + 0.25) / 20,
            "soft_dice": 2 * 2.25 / (4 + 3.75),
            "voxel_auroc": wins / (4 * 16),
            "ece": bins / 20,
        }
    )


def test_soft_dice_of_a_mask_is_its_dice(pair: MaskPair) -> None:
    soft = ProbabilityPair.of(pair.reference, pair.prediction.astype(np.float64))
    assert probability_scores(soft, ["soft_dice"])["soft_dice"] == pytest.approx(0.6)


def test_what_is_no_map_of_probabilities_is_refused() -> None:
    mask = np.zeros((2, 3, 4), dtype=bool)
    for wrong, what in ((np.nan, "nan"), (1.01, "1.01"), (-0.1, "-0.1")):
        probability = np.zeros(mask.shape)
        probability[1, 1, 1] = wrong
        with pytest.raises(InvalidImage, match=what):
            ProbabilityPair.of(mask, probability)
    with pytest.raises(InvalidImage, match="uint8"):
        ProbabilityPair.of(mask, np.zeros(mask.shape, dtype=np.uint8))
    with pytest.raises(InvalidImage, match="bool"):
        ProbabilityPair.of(mask.astype(int), np.zeros(mask.shape))  # type: ignore[arg-type]
    with pytest.raises(GeometryMismatch):
        ProbabilityPair.of(mask, np.zeros((2, 3, 5)))


def test_no_foreground_or_no_background() -> None:
    names = ["voxel_auroc", "ece", "brier"]
    for reference in (np.zeros((2, 2, 2), dtype=bool), np.ones((2, 2, 2), dtype=bool)):
        found = probability_scores(ProbabilityPair.of(reference, np.full((2, 2, 2), 0.25)), names)
        assert math.isnan(found["voxel_auroc"])
        assert found["ece"] == pytest.approx(abs(reference[0, 0, 0] - 0.25))
        assert found["brier"] == pytest.approx((reference[0, 0, 0] - 0.25) ** 2)
