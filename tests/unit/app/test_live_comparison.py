from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from napari_medassist.app.convention_choice import changed, changes, preset_of
from napari_medassist.app.live_comparison import LiveComparison
from napari_medassist.app.session import Session
from napari_medassist.core.labels import LabelMap, ProbabilityMap
from napari_medassist.core.lesion import Side
from napari_medassist.evaluation.case import evaluate
from napari_medassist.evaluation.conventions import MEDASSIST, presets
from napari_medassist.evaluation.verdict_map import (
    CLASS_SCHEME,
    FALSE_POSITIVE,
    MERGED,
    MISSED,
    SPLIT,
    TRUE_POSITIVE,
)
from tests.phantoms import volume


def _maps() -> tuple[LabelMap, ProbabilityMap]:
    image = volume()
    reference = np.zeros(image.geometry.shape_zyx, dtype=np.uint8)
    reference[1:3, 2:8, 2:8] = 1
    reference[4, 12:15, 12:15] = 1
    values = np.zeros(reference.shape, dtype=np.float32)
    values[1:3, 2:8, 2:8] = 0.9
    values[4, 12:15, 12:15] = 0.3
    values[2, 15:18, 18:22] = 0.6
    return LabelMap.on(image, reference), ProbabilityMap(array=values, geometry=image.geometry)


def _full(live: LiveComparison, side: Side, convention: object = MEDASSIST) -> np.ndarray:
    crop = live.judged(convention, quick=True).crops[side]  # type: ignore[arg-type]
    full = np.zeros(live.reference.geometry.shape_zyx, dtype=np.uint8)
    full[crop.box] = crop.values
    return full


def test_a_moved_cut_off_changes_verdicts_and_numbers() -> None:
    live = LiveComparison(*_maps())
    assert _full(live, Side.REFERENCE)[4, 13, 13] == MISSED
    assert _full(live, Side.PREDICTION)[2, 16, 20] == FALSE_POSITIVE
    lower = changed(MEDASSIST, extraction={"threshold": 0.25})
    assert _full(live, Side.REFERENCE, lower)[4, 13, 13] == TRUE_POSITIVE
    result = live.judged(lower)
    expected = evaluate(*_maps(), convention=lower)
    assert result.evaluation.counts == expected.counts
    np.testing.assert_equal(dict(result.evaluation.scores), dict(expected.scores))


def test_quick_results_lack_distances_only() -> None:
    live = LiveComparison(*_maps())
    quick, complete = live.judged(MEDASSIST, quick=True), live.judged(MEDASSIST)
    assert not quick.is_complete
    assert not quick.measures
    assert "hd_mm" not in quick.evaluation.scores
    assert complete.evaluation.hd_mm > 0
    assert quick.evaluation.lesions == complete.evaluation.lesions
    assert quick.evaluation.dice == complete.evaluation.dice
    missed = complete.measures[Side.REFERENCE, 2]
    assert missed.longest_diameter_mm == pytest.approx(np.hypot(1.5, 1.8))
    # The false lesion lies two slices of 3 mm, 1 row of 0.5 mm and 4 columns of 0.6 mm away.
    assert missed.nearest_mm == pytest.approx(np.sqrt(6**2 + 0.5**2 + 2.4**2))


def test_split_and_merged_lesions_have_classes_of_their_own() -> None:
    image = volume()
    one, two = np.zeros((2, *image.geometry.shape_zyx), dtype=np.uint8)
    one[2, 4:6, 2:20] = 1
    two[2, 4:6, 2:9] = two[2, 4:6, 12:20] = 1
    live = LiveComparison(LabelMap.on(image, one), LabelMap.on(image, two))
    assert set(np.unique(_full(live, Side.REFERENCE))) == {0, SPLIT}
    assert set(np.unique(_full(live, Side.PREDICTION))) == {0, TRUE_POSITIVE}
    other = LiveComparison(live.prediction, live.reference)
    assert set(np.unique(_full(other, Side.PREDICTION))) == {0, MERGED}


def test_colours_of_the_classes_differ() -> None:
    colours = np.array([label.colour for label in CLASS_SCHEME.labels], dtype=int)
    apart = np.abs(colours[:, None] - colours[None]).max(axis=-1)
    assert apart[~np.eye(len(colours), dtype=bool)].min() > 40


def test_an_edit_is_judged_like_a_new_comparison() -> None:
    reference, prediction = _maps()
    live = LiveComparison(reference, prediction)
    live.judged(MEDASSIST, quick=True)
    array = np.array(reference.array)
    array[2, 15:18, 18:22] = 1
    edited = live.edited(reference=replace(reference, array=array))
    assert edited.judged(MEDASSIST, quick=True).evaluation.fp == 0
    assert live.judged(MEDASSIST, quick=True).evaluation.fp == 1
    complete = edited.judged(MEDASSIST).evaluation
    assert complete.hd_mm == evaluate(replace(reference, array=array), prediction).hd_mm


def test_names_follow_the_settings() -> None:
    strict = changed(MEDASSIST, matching={"threshold_reference": 0.5})
    assert strict.name == "medassist (changed)"
    assert preset_of(strict) is MEDASSIST
    assert changes(strict) == ("matching.threshold_reference: 0.1 -> 0.5",)
    assert changed(strict, matching={"threshold_reference": 0.1}) == MEDASSIST
    assert all(not changes(preset) for preset in presets().values())


def test_a_late_result_of_other_images_is_dropped() -> None:
    session, shown = Session(), []
    reference, prediction = _maps()
    session.compare(reference, prediction)
    first = session.live
    assert first is not None
    late = first.judged(MEDASSIST, quick=True)
    session.compare(reference, reference)
    session.comparison_changed.connect(shown.append)
    session.show(late, first)
    assert shown == []


def test_what_was_first_stays_beside_what_follows() -> None:
    session = Session()
    session.compare(*_maps())
    assert session.pinned.fn == 1
    session.set_convention(changed(MEDASSIST, extraction={"threshold": 0.25}))
    live = session.live
    session.show(live.judged(session.convention, quick=True), live)
    assert (session.comparison.evaluation.fn, session.pinned.fn) == (0, 1)
    session.close()
    assert session.pinned is None


def test_quick_first_numbers_are_completed_not_replaced() -> None:
    session, live = Session(), LiveComparison(*_maps())
    session.begin(live, live.judged(MEDASSIST, quick=True))
    assert np.isnan(session.pinned.hd_mm)
    session.show(live.judged(MEDASSIST), live)
    assert session.pinned.hd_mm > 0
