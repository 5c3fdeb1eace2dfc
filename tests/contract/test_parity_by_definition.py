"""Rules without a package to compare with: written a second time, from their definitions.

LUNA16, the matching that Metrics Reloaded recommends, boundary IoU, and the regions of CC-Dice
in mm. Nothing of the engine is used here but what is tested.
"""

from __future__ import annotations

import json
import sys
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree

from napari_medassist.core.results import Candidate, ScoredCase
from napari_medassist.evaluation.case import evaluate
from napari_medassist.evaluation.conventions import preset
from napari_medassist.evaluation.detection.curves import detection_curve
from napari_medassist.evaluation.detection.scoring import score_case
from napari_medassist.metrics.pair import MaskPair
from napari_medassist.metrics.registry import voxel_scores
from napari_medassist.metrics.rules import SurfaceRule
from tests.parity import voxel_cases

PARITY = Path(__file__).parents[1] / "parity"
sys.path.insert(0, str(PARITY))
from lesion_cases import LesionCase, cases  # noqa: E402 - not a package: peers run it alone

RECORD: dict[str, Any] = json.loads((PARITY / "recorded" / "lesions.json").read_text())
Mask = NDArray[np.bool_]


@cache
def drawn() -> tuple[LesionCase, ...]:
    return tuple(cases())


def parts(mask: Mask, neighbours: int) -> list[Mask]:
    structure = ndimage.generate_binary_structure(3, {6: 1, 26: 3}[neighbours])
    labels, n = ndimage.label(mask, structure)
    return [labels == i for i in range(1, n + 1)]


class TestLuna16:
    """A candidate hits a nodule if their centres are nearer than the nodule's radius.

    A nodule has the highest confidence of its hits. What hits a nodule is no false positive, whether or
    not it is that one; a nodule without a hit is missed.
    """

    def listed(self, case: LesionCase) -> list[tuple[int, float]]:
        spacing = np.array(case.spacing_zyx_mm)

        def centre(mask: Mask) -> NDArray[np.float64]:
            return np.argwhere(mask).mean(axis=0) * spacing

        nodules = [
            (centre(mask), (6 * mask.sum() * spacing.prod() / np.pi) ** (1 / 3) / 2)
            for mask in parts(case.reference, 26)
        ]
        found: list[list[float]] = [[] for _ in nodules]
        false = []
        for mask in parts(case.detections > 0, 26):
            confidence, place = float(case.detections[mask].max()), centre(mask)
            hits = [i for i, (c, radius) in enumerate(nodules) if np.linalg.norm(c - place) < radius]
            for i in hits:
                found[i].append(confidence)
            if not hits:
                false.append((0, confidence))
        return sorted([(1, max(of_one, default=0.0)) for of_one in found] + false)

    def test_lists_of_all_drawn_cases(self) -> None:
        n_hits = n_spare = 0
        for case in drawn():
            maps = case.reference, case.detections, case.spacing_zyx_mm
            scored = score_case(*maps, kind="detection", convention=preset("luna16"))
            listed = sorted((int(c.is_lesion), c.confidence) for c in scored.candidates)
            assert listed == [pytest.approx(row, abs=1e-6) for row in self.listed(case)], case.number
            n_hits += sum(c.confidence > 0 for c in scored.candidates if c.is_lesion)
            n_spare += len(parts(case.detections > 0, 26)) - sum(c > 0 for _, c in listed)
        assert n_hits > 200
        assert n_spare > 10  # further hits of one nodule, which count as nothing

    def test_score_by_hand(self) -> None:
        """Two scans, three nodules; false positives at 0.8 and 0.3.

        From the highest confidence down the points (false per scan, sensitivity) are (0, 1/3) at 0.9,
        (0.5, 1/3) at 0.8, (0.5, 2/3) at 0.7 and (1, 2/3) at 0.3. Linear from (0, 0) on, at a false
        number that stands twice the higher point counts: 1/3, 1/3, 2/3, 2/3, 2/3, 2/3, 2/3.
        """
        first = ScoredCase(
            "a", (Candidate(True, 0.9), Candidate(False, 0.8), Candidate(True, 0.7)), 0.9, True, 2
        )
        second = ScoredCase("b", (Candidate(False, 0.3), Candidate(True, 0.0)), 0.3, True, 1)
        curve = detection_curve([first, second])
        assert curve.luna16_score() == pytest.approx((2 * 1 / 3 + 5 * 2 / 3) / 7)

    @pytest.mark.parametrize(("shift", "hit"), [(1, True), (2, False)])
    def test_the_radius_itself_is_outside(self, shift: int, hit: bool) -> None:
        """A nodule of 4 x 4 x 2 voxels of 1 mm has the radius of a ball of 32 mm3, 1.97 mm."""
        reference, detections = np.zeros((8, 12, 12), dtype=bool), np.zeros((8, 12, 12))
        reference[3:5, 4:8, 4:8] = True
        detections[3:5, 4:8, 4 + shift : 8 + shift] = 0.5
        scored = score_case(
            reference, detections, (1, 1, 1), kind="detection", convention=preset("luna16")
        )
        assert (scored.candidates[0].confidence > 0) == hit


@pytest.mark.parametrize("threshold", [0.5, 0.2])
def test_metrics_reloaded_pairs_the_best_iou_first(threshold: float) -> None:
    """Above 0.5 no lesion has two partners, so that nothing is left to an assignment."""
    convention = preset("metrics_reloaded").with_changes(matching={"threshold_reference": threshold})
    n_rivals = 0
    for case in drawn():
        called = case.detections > 0
        sides = parts(case.reference, 6), parts(called, 6)
        pairs = [
            ((a & b).sum() / (a | b).sum(), i, j)
            for i, a in enumerate(sides[0])
            for j, b in enumerate(sides[1])
        ]
        candidates = sorted((-iou, i, j) for iou, i, j in pairs if iou > threshold)
        chosen: list[tuple[float, int, int]] = []
        for minus_iou, i, j in candidates:
            if all(i != a and j != b for _, a, b in chosen):
                chosen.append((-minus_iou, i, j))
        n_rivals += len(candidates) - len(chosen)
        spacing = case.spacing_zyx_mm
        found = evaluate(case.reference, called, spacing, convention=convention, metrics=("sq",))
        n_reference, n_prediction = map(len, sides)
        expected = (len(chosen), n_prediction - len(chosen), n_reference - len(chosen))
        assert (found.tp_reference, found.fp, found.fn) == expected, case.number
        if chosen:
            assert found.score("sq") == pytest.approx(np.mean([iou for iou, *_ in chosen]))
    assert (n_rivals > 0) == (threshold < 0.5)


@pytest.mark.parametrize("in_voxels", [False, True], ids=["mm", "voxels"])
@pytest.mark.parametrize("width", [1.0, 2.5])
def test_boundary_iou_by_nearest_border_voxels(in_voxels: bool, width: float) -> None:
    """In voxels it is MetricsReloaded's, in mm ours: voxels no farther than d from the own border."""
    rule = SurfaceRule(in_voxels=in_voxels, boundary_width_mm=width)
    n_compared = 0
    for case in voxel_cases.cases():
        masks = case.reference, case.prediction
        if not (masks[0].any() and masks[1].any()):
            continue
        unit = np.ones(3) if in_voxels else np.array(case.spacing_zyx_mm)
        one, other = (_rim(mask, unit, width) for mask in masks)
        expected = (one & other).sum() / (one | other).sum()
        pair = MaskPair.of(*masks, case.spacing_zyx_mm, rule=rule)
        assert voxel_scores(pair, ["boundary_iou"])["boundary_iou"] == pytest.approx(expected)
        n_compared += 1
    assert n_compared >= 300


def _rim(mask: Mask, unit: NDArray[np.float64], width: float) -> Mask:
    inner = ndimage.binary_erosion(mask)  # by faces; outside of the image is background
    border = np.argwhere(mask & ~inner) * unit
    places = np.argwhere(mask)
    near = cKDTree(border).query(places * unit)[0] <= width * (1 + 1e-9)
    rim = np.zeros_like(mask)
    rim[tuple(places[near].T)] = True
    return rim


def test_cc_dice_in_mm_differs_from_cc_metrics_by_ties_only() -> None:
    """CC-Metrics with the spacing passed; of equally near lesions it takes the one scipy meets."""
    convention = preset("medassist").with_changes(empty_overlap={"both": "best_if_both"})
    differences = []
    for case, record in zip(drawn(), RECORD["cases"], strict=True):
        maps = case.reference, case.detections > 0, case.spacing_zyx_mm
        found = evaluate(*maps, convention=convention, metrics=("cc_dice",)).score("cc_dice")
        differences.append(abs(found - record["cc_dice"]))
    assert sum(difference < 1e-6 for difference in differences) >= 262
    assert max(differences) < 0.036
