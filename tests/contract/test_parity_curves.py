"""Curves over lists of candidates against picai_eval, as recorded by tests/parity."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from napari_medassist.core.results import Candidate, ScoredCase
from napari_medassist.evaluation.detection.case_level import auroc, ranking_score
from napari_medassist.evaluation.detection.curves import detection_curve
from napari_medassist.evaluation.statistics.resampling import auroc_of, average_precision_of, bootstrap

RECORD = json.loads(
    (Path(__file__).parents[1] / "parity" / "recorded" / "picai_curves.json").read_text()
)


def scored(lists: dict[str, list[Any]]) -> list[ScoredCase]:
    return [
        ScoredCase(
            case=name,
            candidates=tuple(
                Candidate(bool(hit), confidence, overlap) for hit, confidence, overlap in found
            ),
            case_confidence=max((confidence for _, confidence, _ in found), default=0.0),
            has_lesion=any(hit for hit, *_ in found),
            n_reference_lesions=sum(hit for hit, *_ in found),
        )
        for name, found in lists.items()
    ]


@pytest.fixture(params=RECORD["cohorts"], ids=range(len(RECORD["cohorts"])))
def cohort(request: pytest.FixtureRequest) -> dict[str, Any]:
    return request.param


def test_ap_auroc_and_ranking_score(cohort: dict[str, Any]) -> None:
    cases = scored(cohort["lists"])
    curve = detection_curve(cases)
    assert curve.average_precision == pytest.approx(cohort["average_precision"], abs=1e-9)
    assert auroc(cases) == pytest.approx(cohort["auroc"], abs=1e-9)
    assert ranking_score(cases) == pytest.approx(cohort["score"], abs=1e-9)


def test_counts_at_every_cut_off(cohort: dict[str, Any]) -> None:
    # picai_eval replaces its last point by one with infinitely many false lesions, whatever it was.
    curve = detection_curve(scored(cohort["lists"]))
    theirs = cohort["thresholds"][:-1]
    assert curve.cut_offs[: len(theirs)].tolist() == theirs
    assert curve.tp_reference[: len(theirs)].tolist() == cohort["tp"][:-1]
    assert curve.fp[: len(theirs)].tolist() == cohort["fp"][:-1]


def test_sensitivity_at_false_lesions_per_case(cohort: dict[str, Any]) -> None:
    curve = detection_curve(scored(cohort["lists"]))
    if cohort["thresholds"][-1] > 0:
        # Nothing was missed, so the point that picai_eval replaces is a real one.
        assert curve.recall[-1] == 1
        assert curve.sensitivity_at_fp(float("inf")) == 1
        return
    ours = [curve.sensitivity_at_fp(fp) for fp in RECORD["fp_per_case"]]
    assert ours == pytest.approx(cohort["sensitivity_at_fp"], abs=1e-6)  # theirs are float32


@pytest.mark.parametrize("cohort", [c for c in RECORD["cohorts"] if "ap_95_ci" in c])
def test_intervals_from_the_same_draws(cohort: dict[str, Any]) -> None:
    cases = scored(cohort["lists"])
    for name, statistic in (("ap_95_ci", average_precision_of), ("auroc_95_ci", auroc_of)):
        interval = bootstrap(statistic(cases), len(cases), **RECORD["bootstrap"])
        assert (interval.low, interval.high) == pytest.approx(cohort[name], abs=1e-9)


def test_the_record_holds_ties_and_names_its_versions() -> None:
    assert RECORD["versions"]["picai_eval"] == "1.4.13"
    lists = [
        [c for found in cohort["lists"].values() for _, c, _ in found] for cohort in RECORD["cohorts"]
    ]
    positive = [[c for c in found if c > 0] for found in lists]
    assert sum(len(set(found)) < len(found) for found in positive) > 40
    assert sum("ap_95_ci" in cohort for cohort in RECORD["cohorts"]) > 10
