from __future__ import annotations

import numpy as np
import pytest

from napari_medassist.app.lesion_rows import LESION_COLUMNS, rows_of, sorted_rows
from napari_medassist.app.live_comparison import LiveComparison
from napari_medassist.app.two_levels import (
    LESION_FIGURES,
    PENDING,
    VOXEL_FIGURES,
    clash,
    clashing,
    rule_in_words,
    text_of,
    tip_of,
)
from napari_medassist.core.labels import LabelMap
from napari_medassist.core.results import CaseEvaluation
from napari_medassist.evaluation.case import evaluate
from napari_medassist.evaluation.conventions import MEDASSIST, presets
from tests.phantoms import volume

SHAPE = (6, 20, 24)


def _mask(*boxes: tuple[slice, slice, slice]) -> np.ndarray:
    mask = np.zeros(SHAPE, dtype=np.uint8)
    for box in boxes:
        mask[box] = 1
    return mask


LARGE = np.s_[1:3, 2:8, 2:8]
SMALL = np.s_[4:5, 12:15, 12:15]
POOR = np.s_[1:3, 2:8, 6:20]


def _evaluated(reference: np.ndarray, prediction: np.ndarray) -> CaseEvaluation:
    return evaluate(reference, prediction, (3.0, 0.5, 0.6))


def test_a_good_dice_that_hides_a_lesion_is_at_odds() -> None:
    evaluation = _evaluated(_mask(LARGE, SMALL), _mask(LARGE))
    assert clash(evaluation, 0.7) == "At odds: Dice looks good (≥ 0.7) and hides 1 missed lesion."
    assert clashing(evaluation, 0.7) == {"dice", "fn"}
    assert not clash(evaluation, 0.99)


def test_a_poor_dice_of_a_found_lesion_is_at_odds() -> None:
    evaluation = _evaluated(_mask(LARGE), _mask(POOR))
    assert evaluation.dice < 0.5
    assert "poor" in clash(evaluation, 0.7)
    assert clashing(evaluation, 0.7) == {"dice", "lesion_f1"}


def test_levels_that_agree_are_not_at_odds() -> None:
    assert not clash(_evaluated(_mask(LARGE), _mask(LARGE)), 0.7)
    assert not clash(_evaluated(_mask(LARGE), _mask(SMALL)), 0.7)
    assert not clash(_evaluated(_mask(), _mask()), 0.7)


@pytest.mark.parametrize(
    ("reference", "prediction", "name", "text"),
    [
        ((), (), "dice", "undefined\n(both empty)"),
        ((LARGE,), (), "hd_mm", "undefined\n(no prediction)"),
        ((), (LARGE,), "hd95_mm", "undefined\n(no reference)"),
        ((), (LARGE,), "lesion_recall", "undefined\n(no lesion)"),
        ((LARGE,), (), "lesion_precision", "undefined\n(no call)"),
        ((LARGE,), (LARGE,), "hd_mm", "0.0"),
        ((LARGE,), (LARGE,), "fn", "0"),
        ((LARGE,), (LARGE,), "lesion_f1", "1.00"),
    ],
)
def test_undefined_numbers_say_why(reference: tuple, prediction: tuple, name: str, text: str) -> None:
    assert text_of(_evaluated(_mask(*reference), _mask(*prediction)), name) == text


def test_numbers_that_are_not_there_yet_are_dots() -> None:
    quick = CaseEvaluation("c", scores={"dice": 0.5})
    assert text_of(quick, "hd_mm", is_complete=False) == PENDING
    assert text_of(quick, "dice", is_complete=False) == "0.50"
    assert text_of(None, "dice") == "-"


def test_every_figure_is_defined_under_every_preset() -> None:
    for convention in presets().values():
        assert rule_in_words(convention.matching).startswith("A hit: ")
        for figure in (*VOXEL_FIGURES, *LESION_FIGURES):
            assert len(tip_of(figure.name, convention)) > 20
    assert "10%" in tip_of("fn", MEDASSIST)


def test_every_column_sorts_and_shows_every_lesion() -> None:
    image = volume()
    maps = [LabelMap.on(image, mask) for mask in (_mask(LARGE, SMALL), _mask(LARGE))]
    rows = rows_of(LiveComparison(*maps).judged(MEDASSIST))
    assert [row.verdict for row in rows] == ["missed", "found", "true"]
    for column, spec in enumerate(LESION_COLUMNS):
        up, down = (sorted_rows(rows, column, descending=flag) for flag in (False, True))
        assert len(up) == len(down) == len(rows)
        assert all(isinstance(spec.text(row), str) for row in rows)
    by_diameter = sorted_rows(rows, 3, descending=True)
    assert by_diameter[-1].verdict == "missed"
