"""Judging anew without files gives what comparing anew gives."""

from __future__ import annotations

import numpy as np
import pytest

from napari_medassist.app.browser.model_results import ModelResults
from napari_medassist.core.errors import Cancelled, InvalidSetting
from napari_medassist.core.progress import silent
from napari_medassist.evaluation.conventions import MEDASSIST, Convention
from tests.unit.app.browser.small_cohorts import results_under

PENDING = {"lesion_dice", "pq", "rq", "sq"}
CHANGES = [
    {"matching": {"threshold_reference": 0.6}},
    {"matching": {"criterion": "iou", "threshold_reference": 0.3, "assignment": "hungarian"}},
    {"matching": {"ignored_up_to_mm3": 30.0}},
    {"extraction": {"min_volume_mm3": 20.0}},
    {"extraction": {"min_volume_mm3": 40.0}, "matching": {"threshold_prediction": 0.9}},
    {"good_dice": 0.4},
]


@pytest.fixture(scope="module")
def base() -> ModelResults:
    return results_under()


def assert_same(found: ModelResults, expected: ModelResults, left_out: set[str] = frozenset()) -> None:
    for column in expected.table.columns:
        if column.is_numeric and column.name not in left_out:
            np.testing.assert_allclose(
                found.table.values(column.name),
                expected.table.values(column.name),
                rtol=1e-12,
                err_msg=column.name,
            )
        elif column.kind == "flag":
            np.testing.assert_array_equal(
                found.table.values(column.name), expected.table.values(column.name), column.name
            )
    for name in ("row", "is_prediction", "lesion_id", "verdict", "volume_ml", "centroid_lps_mm"):
        np.testing.assert_array_equal(
            getattr(found.lesions, name), getattr(expected.lesions, name), name
        )
    np.testing.assert_allclose(found.lesions.overlap_fraction, expected.lesions.overlap_fraction)


@pytest.mark.parametrize("changes", CHANGES, ids=str)
def test_quick_and_complete_results_are_those_of_a_new_comparison(base, changes) -> None:
    convention = MEDASSIST.with_changes(**changes)
    assert base.can_rejudge(convention)
    expected = results_under(convention)
    quick = base.rejudged(convention)
    assert quick.cohort is None
    assert_same(quick, expected, left_out=PENDING)
    assert all(np.isnan(quick.table.values(name)).all() for name in PENDING)
    assert quick.headline.values == pytest.approx(expected.headline.values, nan_ok=True)
    complete = quick.completed(silent)
    assert_same(complete, expected)
    assert complete.cohort is not None
    assert complete.cohort.totals == expected.cohort.totals
    assert complete.ranked_numbers() == pytest.approx(expected.ranked_numbers(), nan_ok=True)
    for row in range(len(base.pairs)):
        assert quick.evaluation(row).counts == expected.evaluation(row).counts


def test_there_and_back_again_is_the_beginning(base) -> None:
    strict = base.rejudged(MEDASSIST.with_changes(extraction={"min_volume_mm3": 40.0}))
    assert strict.can_rejudge(MEDASSIST)
    assert strict.rejudged(MEDASSIST) is base
    looser = strict.completed(silent).rejudged(
        MEDASSIST.with_changes(extraction={"min_volume_mm3": 20.0})
    )
    assert_same(looser, base.rejudged(looser.convention), left_out=PENDING)


def test_what_needs_the_images_is_refused(base) -> None:
    convention = MEDASSIST.with_changes(extraction={"connectivity": 6})
    assert not base.can_rejudge(convention)
    with pytest.raises(InvalidSetting):
        ModelResults.waiting("x", base.pairs, MEDASSIST).rejudged(convention)
    assert not ModelResults.waiting("x", base.pairs, MEDASSIST).can_rejudge(MEDASSIST)


def test_completing_can_be_stopped(base) -> None:
    def stop(_done: int, _total: int, _message: str, /) -> None:
        raise Cancelled("stop")

    quick = base.rejudged(Convention(good_dice=0.1))
    with pytest.raises(Cancelled):
        quick.completed(stop)
