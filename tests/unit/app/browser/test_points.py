from __future__ import annotations

import numpy as np
import pytest

from napari_medassist.app.browser.bins import Bins
from napari_medassist.app.browser.categories import CATEGORIES, categories_of
from napari_medassist.app.browser.points import Axis, inside, jittered, under_mouse
from napari_medassist.app.browser.shown import Shown
from napari_medassist.app.browser.source_form import sources_of_drop, sources_of_form
from napari_medassist.core.errors import FileProblem, InvalidSetting
from tests.unit.app.browser.small_cohorts import results_under, sources_on_disk


def test_undefined_values_have_places_of_their_own_below_the_smallest():
    values = np.array([0.2, np.nan, 0.9, np.inf, np.nan])
    axis = Axis.of(values)
    places = axis.places(values)
    assert axis.n_missing == 3
    np.testing.assert_array_equal(places[[0, 2]], [0.2, 0.9])
    low, high = axis.margin
    assert ((places[[1, 3, 4]] >= low) & (places[[1, 3, 4]] <= high)).all()
    assert high < 0.2
    assert axis.limits[0] < low
    assert len(np.unique(places)) == 5


def test_an_axis_of_nothing_and_of_one_value_can_be_drawn():
    assert Axis.of(np.array([np.nan])).limits[1] > 0
    axis = Axis.of(np.array([3.0, 3.0]))
    assert axis.low == 3 < axis.high


def test_jitter_is_small_and_the_same_each_time():
    values = np.linspace(0, 1, 50)
    moved = jittered(values, Axis.of(values))
    assert 0 < np.abs(moved - values).max() < 0.02
    np.testing.assert_array_equal(moved, jittered(values, Axis.of(values)))


def test_the_nearest_point_under_the_mouse_comes_first():
    x, y = np.array([0.0, 1.0, 1.05, 5.0]), np.zeros(4)
    assert under_mouse(x, y, (1.04, 0.0), (0.01, 0.01)).tolist() == [2, 1]
    assert not under_mouse(x, y, (3.0, 0.0), (0.01, 0.01)).size
    assert not under_mouse(x, y, (1.0, 0.0), (0.0, 0.0)).size


def test_inside_agrees_with_a_triangle_computed_by_hand():
    rng = np.random.default_rng(0)
    x, y = rng.random(2000), rng.random(2000)
    triangle = np.array([(0.0, 0.0), (1.0, 0.0), (0.0, 1.0)])
    np.testing.assert_array_equal(inside(x, y, triangle), x + y < 1)


def test_a_lasso_may_be_hollow():
    u = np.array([(0, 0), (3, 0), (3, 3), (2, 3), (2, 1), (1, 1), (1, 3), (0, 3)], dtype=float)
    x, y = np.array([0.5, 1.5, 1.5, 2.5]), np.array([2.0, 2.0, 0.5, 2.0])
    assert inside(x, y, u).tolist() == [True, False, True, True]


def test_bins_count_every_finite_value_once():
    values = np.array([0.0, 0.5, 1.0, np.nan, 0.999])
    bins = Bins.of(values)
    assert bins.counts(values).sum() == 4
    whole = Bins.of(np.array([0.0, 2.0, 2.0]), whole=True)
    assert whole.counts(np.array([0.0, 2.0, 2.0])).tolist() == [1, 0, 2]
    assert Bins.of(np.array([np.nan])).counts(np.array([np.nan])).sum() == 0


def test_categories_follow_dice_and_lesion_errors():
    table = results_under().table
    found = [CATEGORIES[number].title for number in categories_of(table)]
    for row, title in enumerate(found):
        dice, errors = table.value(row, "dice"), table.value(row, "fn") + table.value(row, "fp")
        if table.value(row, "status") != "ok":
            assert title == "not compared"
        elif np.isnan(dice):
            assert title == "nothing there"
        else:
            expected = {
                (True, True): "hidden error",
                (False, False): "false alarm",
                (True, False): "both good",
                (False, True): "both poor",
            }
            assert title == expected[bool(dice >= table.good_dice), bool(errors)]
    shown = Shown(table, table.order())
    assert sum(shown.counts) == table.n_rows


def test_the_form_is_checked_before_work_starts(tmp_path):
    with pytest.raises(InvalidSetting, match="no place for the reference"):
        sources_of_form(reference="", predictions=[("a", "b")])
    sources = sources_on_disk(tmp_path)
    place = str(sources.predictions["ai"])
    reference = str(sources.reference)
    with pytest.raises(InvalidSetting, match="Two models"):
        sources_of_form(reference=reference, predictions=[("a", place), ("a", place)])
    with pytest.raises(FileProblem, match="no such"):
        sources_of_form(reference=reference, predictions=[("", place)], zones=str(tmp_path / "no"))
    made = sources_of_form(reference=reference, predictions=[("", place), ("", "")])
    assert made.models == (sources.predictions["ai"].name,)


def test_results_and_tables_can_be_dropped(tmp_path):
    (tmp_path / "comparison.json").write_text("{}")
    assert sources_of_drop([tmp_path]).results == tmp_path
    assert sources_of_drop([tmp_path / "cases.csv"]).manifest == tmp_path / "cases.csv"
    assert sources_of_drop([tmp_path / "image.nii.gz"]) is None
    assert sources_of_drop([tmp_path, tmp_path]) is None
