"""The golden cases as detection maps: the lists and scores that picai_eval 1.4.13 gives for them."""

from __future__ import annotations

import pytest

from napari_medassist.core.results import ScoredCase
from napari_medassist.evaluation.conventions import preset
from napari_medassist.evaluation.detection.case_level import auroc, ranking_score
from napari_medassist.evaluation.detection.curves import detection_curve
from napari_medassist.evaluation.detection.scoring import score_case
from tests.golden.boxes import CASES, SPACING_ZYX_MM

#: (is a lesion, confidence, IoU) of each case, in the order of the cases.
LISTS = [
    [(True, 0.8, 0.2857), (True, 0.0, 0.0)],
    [(True, 0.9, 0.3)],
    [(True, 0.95, 0.8462), (True, 0.0, 0.0), (False, 0.4, 0.0)],
    [(False, 0.5, 0.0)],
    [],
    [(True, 0.7, 0.1111)],
]


@pytest.fixture(scope="module")
def cases() -> list[ScoredCase]:
    picai = preset("picai")
    return [
        score_case(
            c.reference_mask(), c.probability(), SPACING_ZYX_MM, kind="detection", convention=picai
        )
        for c in CASES
    ]


def test_lists(cases: list[ScoredCase]) -> None:
    for case, expected in zip(cases, LISTS, strict=True):
        listed = [(c.is_lesion, round(c.confidence, 4), round(c.overlap, 4)) for c in case.candidates]
        assert sorted(listed) == sorted(expected)


def test_average_precision_auroc_and_ranking_score(cases: list[ScoredCase]) -> None:
    curve = detection_curve(cases)
    assert curve.n_reference_lesions == 6
    assert curve.average_precision == pytest.approx(0.6667, abs=5e-5)
    assert auroc(cases) == 1.0
    assert ranking_score(cases) == pytest.approx(0.8333, abs=5e-5)
