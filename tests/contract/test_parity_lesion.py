"""Lesions, matching and lesion-level metrics against picai_eval, panoptica, PI-CAI's extraction, BraTS.

Their values were recorded by tests/parity/record_lesions.py.
"""

from __future__ import annotations

import json
import sys
from functools import cache
from math import nan
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from napari_medassist.core.lesion import Side
from napari_medassist.core.results import CaseEvaluation, ScoredCase
from napari_medassist.evaluation.case import evaluate
from napari_medassist.evaluation.conventions import Convention, preset
from napari_medassist.evaluation.detection.scoring import score_case
from napari_medassist.evaluation.extraction.candidates import candidate_values
from napari_medassist.evaluation.extraction.lesions import find_lesions
from napari_medassist.evaluation.rules import ExtractionRule
from napari_medassist.io.files import read_labels
from napari_medassist.metrics.pair import MaskPair

PARITY = Path(__file__).parents[1] / "parity"
sys.path.insert(0, str(PARITY))
from lesion_cases import LesionCase, cases, fingerprint  # noqa: E402 - not a package: peers run it alone

RECORD: dict[str, Any] = json.loads((PARITY / "recorded" / "lesions.json").read_text())
REAL: dict[str, Any] = json.loads((PARITY / "recorded" / "lesions_real.json").read_text())["cases"]

PICAI = {
    "iou": preset("picai"),
    "iou_strict": preset("picai").with_changes(matching={"touching_is_not_false": False}),
    "dsc": preset("picai").with_changes(
        matching={"criterion": "dice"}, extraction={"case_confidence": "any_of_all"}
    ),
}
PANOPTICA = {
    "panoptica_0.5": preset("panoptica"),
    "panoptica_0.1": preset("panoptica").with_changes(matching={"threshold_reference": 0.1}),
}
BRATS = {"brats_gli": preset("brats2023_gli"), "brats_met": preset("brats2023_met")}


@cache
def drawn() -> tuple[LesionCase, ...]:
    return tuple(cases())


def pairs() -> list[tuple[LesionCase, dict[str, Any]]]:
    return list(zip(drawn(), RECORD["cases"], strict=True))


def test_the_cases_are_those_that_were_recorded() -> None:
    assert fingerprint() == RECORD["fingerprint"]
    assert len(RECORD["cases"]) >= 300


def test_the_cases_are_hard_enough() -> None:
    results = [compared(case, preset("medassist")) for case in drawn()]
    assert sum(bool(r.n_splits) for r in results) > 50
    assert sum(bool(r.n_merges) for r in results) > 50
    assert sum(not r.n_reference_lesions for r in results) > 10
    assert sum(not r.n_predicted_lesions for r in results) > 10


@pytest.mark.parametrize("rule", PICAI)
def test_picai_eval(rule: str) -> None:
    for case, record in pairs():
        scored = score_case(
            case.reference,
            case.detections,
            case.spacing_zyx_mm,
            kind="detection",
            convention=PICAI[rule],
        )
        _require_same_candidates(scored, record["picai"][rule])


@pytest.mark.parametrize("rule", PANOPTICA)
def test_panoptica(rule: str) -> None:
    for case, record in pairs():
        _require_same_quality(compared(case, PANOPTICA[rule]), record[rule])


@pytest.mark.parametrize("rule", BRATS)
def test_brats(rule: str) -> None:
    for case, record in pairs():
        _require_same_brats(compared(case, BRATS[rule]), record[rule])


def test_cc_metrics() -> None:
    convention = preset("medassist").with_changes(empty_overlap={"both": "best_if_both"})
    for case, record in pairs():
        result = compared(case, convention)
        assert result.score("cc_dice_voxels") == pytest.approx(record["cc_dice_voxels"], abs=1e-6)


@pytest.mark.parametrize("method", ["static", "dynamic", "dynamic_fast"])
def test_candidates_of_probability_maps(method: Any) -> None:
    rule = ExtractionRule(from_probability=method, threshold=0.1)
    for case, record in pairs():
        values = candidate_values(case.probability, rule, "probability")
        pair = MaskPair.of(np.zeros(values.shape, dtype=bool), values > 0, case.spacing_zyx_mm)
        lesions = find_lesions(pair, Side.PREDICTION, rule=rule, confidence=values)
        full = lesions.painted(np.arange(1, len(lesions) + 1, dtype=np.uint8))
        found = [[n.confidence, n.n_voxels, int(np.argmax(full.ravel() == n.id))] for n in lesions]
        assert sorted(found) == [pytest.approx(row, abs=1e-6) for row in record["extraction"][method]]


@pytest.mark.real
@pytest.mark.parametrize("name", REAL)
def test_real_pairs(real_data: Path, name: str) -> None:
    folder, record = real_data / "picai_labels", REAL[name]
    reference, prediction = (read_labels(folder / side / name) for side in ("human", "ai"))
    wide = {"grid_tolerance_mm": 1e3}  # the other tools do not look
    scored = score_case(reference, prediction, convention=PICAI["iou"].with_changes(**wide))
    _require_same_candidates(scored, record["picai"]["iou"])
    for rules, check in ((PANOPTICA, _require_same_quality), (BRATS, _require_same_brats)):
        for rule, convention in rules.items():
            result = evaluate(
                reference,
                prediction,
                convention=convention.with_changes(**wide),
                metrics=("pq", "sq", "rq", "lesion_dice", "lesion_hd95_mm"),
            )
            check(result, record[rule])


def compared(case: LesionCase, convention: Convention) -> CaseEvaluation:
    return evaluate(
        case.reference,
        case.detections > 0,
        case.spacing_zyx_mm,
        convention=convention,
        metrics=("pq", "sq", "rq", "lesion_dice", "lesion_hd95_mm", "cc_dice", "cc_dice_voxels"),
    )


def _require_same_candidates(scored: ScoredCase, record: dict[str, Any]) -> None:
    found = sorted([int(c.is_lesion), c.confidence, c.overlap] for c in scored.candidates)
    assert found == [pytest.approx(row, abs=1e-6) for row in record["candidates"]], scored.case
    assert scored.case_confidence == pytest.approx(record["confidence"], abs=1e-6)


def _require_same_quality(result: CaseEvaluation, record: dict[str, Any]) -> None:
    counts = (result.tp_reference, result.fp, result.fn)
    assert counts == tuple(record[name] for name in ("tp", "fp", "fn"))
    for name in ("sq", "rq", "pq"):
        expected = nan if record[name] is None else record[name]
        assert result.score(name) == pytest.approx(expected, abs=1e-6, nan_ok=True), name


def _require_same_brats(result: CaseEvaluation, record: dict[str, Any]) -> None:
    assert (result.fp, result.tp_reference + result.fn) == (record["fp"], record["kept"])
    assert result.score("lesion_dice") == pytest.approx(record["dice"], abs=1e-6)
    assert result.score("lesion_hd95_mm") == pytest.approx(record["hd95"], abs=1e-4)
