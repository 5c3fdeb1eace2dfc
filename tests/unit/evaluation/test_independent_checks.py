"""Numbers against slow, literal second programs that share nothing with the engine."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy import ndimage, stats

from napari_medassist.core.results import Candidate, ScoredCase
from napari_medassist.evaluation.case import evaluate
from napari_medassist.evaluation.conventions import MEDASSIST, preset
from napari_medassist.evaluation.detection.case_level import operating_point, point_at_sensitivity
from napari_medassist.evaluation.detection.sweep import sweep
from napari_medassist.evaluation.perceived import case_wise_errors, perceived_errors
from napari_medassist.evaluation.sizes import detection_by_size
from napari_medassist.evaluation.statistics.agreement import CaseValues, correlation, kappas
from napari_medassist.metrics.pair import MaskPair
from napari_medassist.metrics.probability_pair import ProbabilityPair
from napari_medassist.metrics.registry import probability_scores, voxel_scores

SPACING = (3.0, 0.5, 0.6)
SEEDS = range(8)


def blobs(rng: np.random.Generator, shape: tuple[int, ...] = (5, 16, 16)) -> np.ndarray:
    """Several lesions of a few voxels each, some of which touch by edges or corners only."""
    smooth = ndimage.gaussian_filter(rng.random(shape), (0.4, 0.9, 0.9))
    return smooth > np.quantile(smooth, 0.88)


@pytest.mark.parametrize("seed", SEEDS)
def test_balanced_accuracy_voxel_by_voxel(seed: int) -> None:
    rng = np.random.default_rng(seed)
    reference, prediction = blobs(rng), blobs(rng)
    called = {True: [], False: []}
    for truth, says in zip(reference.flat, prediction.flat, strict=True):
        called[bool(truth)].append(says == truth)
    expected = (np.mean(called[True]) + np.mean(called[False])) / 2
    found = voxel_scores(MaskPair.of(reference, prediction, SPACING), ["balanced_accuracy"])
    assert found["balanced_accuracy"] == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("seed", SEEDS)
def test_metrics_of_probabilities_voxel_by_voxel(seed: int) -> None:
    rng = np.random.default_rng(seed)
    reference = rng.random((2, 6, 7)) < 0.3
    # sixteenths lie on no edge of the 15 bins but 0 and 1
    values = rng.integers(0, 17, reference.shape) / 16
    truth, said = reference.ravel().tolist(), values.ravel().tolist()
    n = len(truth)
    brier = sum((p - t) ** 2 for p, t in zip(said, truth, strict=True)) / n
    soft = 2 * sum(p for p, t in zip(said, truth, strict=True) if t) / (sum(truth) + sum(said))
    wins = [
        1.0 if said[i] > said[j] else 0.5 * (said[i] == said[j])
        for i, j in product(range(n), repeat=2)
        if truth[i] and not truth[j]
    ]
    bins: dict[int, list[tuple[float, bool]]] = {}
    for p, t in zip(said, truth, strict=True):
        bins.setdefault(min(int(p * 15), 14), []).append((p, t))
    ece = sum(abs(sum(p for p, _ in b) - sum(t for _, t in b)) for b in bins.values()) / n
    found = probability_scores(ProbabilityPair.of(reference, values))
    assert found == pytest.approx(
        {"brier": brier, "soft_dice": soft, "voxel_auroc": sum(wins) / len(wins), "ece": ece},
        abs=1e-12,
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_operating_points_case_by_case(seed: int) -> None:
    rng = np.random.default_rng(seed)
    truth, sure = rng.random(30) < 0.4, rng.integers(0, 8, 30) / 8
    truth[:2] = True, False
    cases = [
        ScoredCase(str(i), (Candidate(bool(t), float(c)),), float(c), bool(t), int(t))
        for i, (t, c) in enumerate(zip(truth, sure, strict=True))
    ]
    for cut_off in (0.125, 0.5, 0.9):
        point = operating_point(cases, cut_off)
        assert point.sensitivity == pytest.approx(np.mean(sure[truth] >= cut_off))
        assert point.specificity == pytest.approx(np.mean(sure[~truth] < cut_off))
    for wanted in (0.3, 0.7, 1.0):
        reaching = [c for c in np.unique(sure) if np.mean(sure[truth] >= c) >= wanted]
        assert point_at_sensitivity(cases, wanted).cut_off == max(reaching)


@pytest.mark.parametrize("seed", SEEDS)
def test_detection_by_size_lesion_by_lesion(seed: int) -> None:
    rng = np.random.default_rng(seed)
    reference, prediction = blobs(rng), blobs(rng)
    labelled, number = ndimage.label(reference, np.ones((3, 3, 3)))
    voxel_ml = np.prod(SPACING) / 1000
    edges = (0.0, 3.5 * voxel_ml, 8.5 * voxel_ml, 1e9)
    counted = [[0, 0] for _ in edges[1:]]
    for one in range(1, number + 1):
        voxels = labelled == one
        size = voxels.sum() * voxel_ml
        stratum = next(i for i in range(3) if edges[i] <= size < edges[i + 1])
        counted[stratum][0] += 1
        counted[stratum][1] += int(prediction[voxels].mean() >= 0.1)
    found = detection_by_size([evaluate(reference, prediction, SPACING)], edges_ml=edges)
    assert [[s.n_lesions, s.n_right] for s in found] == counted


def test_lesion_hd95_of_brats_by_hand() -> None:
    """One lesion is found 2 mm too far along x, one is missed, one prediction is false."""
    reference, prediction = np.zeros((2, 40, 40, 40), dtype=np.uint8)
    reference[5:15, 5:15, 5:15] = 1
    prediction[5:15, 5:15, 7:17] = 1
    reference[30:35, 30:35, 30:35] = 1
    prediction[30:35, 5:10, 30:35] = 1
    found = evaluate(
        reference, prediction, (1, 1, 1), convention=preset("brats2023_gli"), metrics=["lesion_hd95_mm"]
    )
    worst_mm = preset("brats2023_gli").empty_distance.worst_distance_mm
    assert worst_mm == 374
    assert found.scores["lesion_hd95_mm"] == pytest.approx((2 + 374 + 374) / 3)


def kappa_by_table(a: list[bool], b: list[bool]) -> float:
    n = len(a)
    cells = {
        (x, y): sum((p, q) == (x, y) for p, q in zip(a, b, strict=True)) for x in (0, 1) for y in (0, 1)
    }
    agree = (cells[1, 1] + cells[0, 0]) / n
    yes = (cells[1, 1] + cells[1, 0]) * (cells[1, 1] + cells[0, 1])
    no = (cells[0, 0] + cells[0, 1]) * (cells[0, 0] + cells[1, 0])
    return (agree - (yes + no) / n**2) / (1 - (yes + no) / n**2)


def test_agreement_of_metrics_against_scipy_and_a_table() -> None:
    rng = np.random.default_rng(4)
    dice = np.round(rng.random(80), 2)
    f1 = np.round(np.clip(dice + rng.normal(0, 0.3, 80), 0, 1), 1)
    found = correlation(CaseValues("dice", dice), CaseValues("lesion_f1", f1))
    assert found.pearson.value == pytest.approx(stats.pearsonr(dice, f1).statistic)
    assert found.spearman.value == pytest.approx(stats.spearmanr(dice, f1).statistic)
    for ours, statistic in ((found.pearson, stats.pearsonr), (found.spearman, stats.spearmanr)):
        theirs = stats.bootstrap(
            (dice, f1), lambda x, y, of=statistic: of(x, y).statistic, paired=True, vectorized=False,
            n_resamples=1000, method="percentile", rng=np.random.default_rng(1),
        ).confidence_interval  # fmt: skip
        assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=0.03)
    for result in kappas(
        CaseValues("dice", dice),
        CaseValues("f1", f1),
        first_cut_offs=(0.3, 0.7),
        second_cut_offs=(0.5,),
    ):
        calls = (dice >= result.first_cut_off).tolist(), (f1 >= result.second_cut_off).tolist()
        assert result.kappa.value == pytest.approx(kappa_by_table(*calls))


@pytest.mark.parametrize("seed", SEEDS)
def test_recall_controlled_precision_by_comparing_at_every_cut_off(seed: int) -> None:
    rng = np.random.default_rng(seed)
    reference = blobs(rng)
    values = np.round(
        np.clip(reference * 0.3 + 0.7 * blobs(rng) * rng.random(reference.shape), 0, 1), 1
    )
    curve = sweep(reference, values, SPACING)
    at = {}
    for cut_off in sorted({float(v) for v in values.ravel() if v > 0}, reverse=True):
        one = evaluate(reference, values >= cut_off, SPACING)
        at[cut_off] = (one.scores["lesion_recall"], one.scores["lesion_precision"])
    for wanted in (0.3, 0.5, 0.7, 0.9):
        first = next((precision for recall, precision in at.values() if recall >= wanted), np.nan)
        assert curve.precision_at_recall(wanted) == pytest.approx(first, nan_ok=True)


def extracted(values: np.ndarray, method: str, connectivity: int) -> list[tuple[int, float]]:
    """Candidates by a literal reading: (voxels, confidence), the surest first."""
    near = ndimage.generate_binary_structure(3, {6: 1, 18: 2, 26: 3}[connectivity])
    left, found = values.copy(), []
    if method == "static":
        labelled, number = ndimage.label(values >= 0.5, near)
        parts = [labelled == n for n in range(1, number + 1)]
        return sorted((int(p.sum()), float(values[p].max())) for p in parts if p.sum() > 10)
    labelled, number = ndimage.label(left >= left.max() / 2.5, near)
    parts = [labelled == n for n in range(1, number + 1)]
    found = [(int(p.sum()), float(values[p].max())) for p in parts if p.sum() > 10]
    return sorted(found)


@pytest.mark.parametrize("connectivity", [6, 18, 26])
@pytest.mark.parametrize("method", ["static", "dynamic_fast"])
def test_candidates_at_every_connectivity(method: str, connectivity: int) -> None:
    differ = set()
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        smooth = ndimage.gaussian_filter(rng.random((8, 24, 24)), 1.0)
        values = (smooth - smooth.min()) / np.ptp(smooth)
        values = np.where(values > 0.55, values, 0).astype(np.float32)
        rule = {"from_probability": method, "connectivity": connectivity}
        convention = MEDASSIST.with_changes(extraction=rule)
        expected = extracted(values, method, connectivity)
        found = evaluate(
            np.zeros(values.shape, np.uint8), values, SPACING, kind="probability", convention=convention
        )
        ours = sorted((one.n_voxels, one.confidence) for one in found.lesions)
        assert ours == expected
        differ.add(len(expected))
    assert len(differ) > 1  # the maps are not all alike


@pytest.mark.parametrize("seed", SEEDS)
def test_perceived_and_actual_errors_lesion_by_lesion(seed: int) -> None:
    rng = np.random.default_rng(seed)
    reference, prediction = blobs(rng), blobs(rng)
    case = evaluate(reference, prediction, SPACING)
    sides = [ndimage.label(side, np.ones((3, 3, 3)))[0] for side in (reference, prediction)]
    for d, s in ((0.3, 0.1), (0.6, 0.4)):
        counted = []
        for own, other in (sides, sides[::-1]):
            poor = uncovered = 0
            for one in range(1, own.max() + 1):
                voxels = own == one
                partners = np.isin(other, np.unique(other[voxels & (other > 0)])) & (other > 0)
                poor += 2 * (voxels & partners).sum() / (voxels.sum() + partners.sum()) < d
                uncovered += (other[voxels] > 0).mean() < s
            counted.append((poor, uncovered))
        (errors,) = perceived_errors([case], dice_cut_offs=[d], overlap_cut_offs=[s])
        assert (errors.fn_perceived, errors.fn_actual) == counted[0]
        assert (errors.fp_perceived, errors.fp_actual) == counted[1]


def test_case_wise_errors_case_by_case() -> None:
    rng = np.random.default_rng(3)
    masks = []
    for share in np.linspace(0, 1, 12):  # from different to alike
        reference = blobs(rng)
        masks.append((reference, np.where(rng.random(reference.shape) < share, reference, blobs(rng))))
    cases = [evaluate(*pair, SPACING) for pair in masks]
    for d, s in ((0.4, 0.3), (0.7, 0.5)):
        good = hiding = poor = alarms = 0
        for reference, prediction in masks:
            dice = 2 * (reference & prediction).sum() / (reference.sum() + prediction.sum())
            wrong = False
            for own, other in ((reference, prediction), (prediction, reference)):
                labelled, number = ndimage.label(own, np.ones((3, 3, 3)))
                wrong |= any(other[labelled == one].mean() < s for one in range(1, number + 1))
            good, hiding = good + (dice >= d), hiding + (dice >= d and wrong)
            poor, alarms = poor + (dice < d), alarms + (dice < d and not wrong)
        (found,) = case_wise_errors(cases, dice_cut_offs=[d], overlap_cut_offs=[s])
        assert (found.n_good_cases, found.n_hiding_cases) == (good, hiding)
        assert (found.n_poor_cases, found.n_false_alarms) == (poor, alarms)
