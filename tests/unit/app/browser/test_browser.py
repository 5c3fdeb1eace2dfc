"""The browser as a whole, on small cohorts on disk."""

from __future__ import annotations

import csv
import math
import threading
from pathlib import Path

import numpy as np
import pytest

from napari_medassist.app.browser.browser import CohortBrowser
from napari_medassist.app.browser.case_filter import CaseFilter
from napari_medassist.app.browser.opening import OpenedCohort
from napari_medassist.app.browser.sources import CohortSources
from napari_medassist.app.browser.work import Work
from napari_medassist.app.cohort.detection import scored_cases
from napari_medassist.app.cohort.files import Source, evaluate_source
from napari_medassist.app.cohort.pairing import pair_files
from napari_medassist.app.cohort.run import evaluate_cohort
from napari_medassist.app.settings import Settings
from napari_medassist.core.errors import Cancelled, FileProblem, InvalidSetting, UnknownItem
from napari_medassist.evaluation.conventions import MEDASSIST, presets
from napari_medassist.evaluation.detection.curves import detection_curve
from tests.unit.app.browser.small_cohorts import N_ON_DISK, browser_of, sources_on_disk
from tests.unit.app.cohort.cohorts import save


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("study")


@pytest.fixture(scope="module")
def sources(study: Path) -> CohortSources:
    return sources_on_disk(study, ("ai", "second"))


@pytest.fixture
def browser(study: Path, tmp_path: Path) -> CohortBrowser:
    return browser_of(study, marks_path=tmp_path / "marks.json")


@pytest.fixture
def opened(browser: CohortBrowser, sources: CohortSources) -> CohortBrowser:
    browser.open_work(sources).run_here()
    return browser


def engine(sources: CohortSources, model: str = "ai", convention=MEDASSIST):
    pairs = pair_files(sources.reference, sources.predictions[model]).pairs
    return evaluate_cohort(pairs, convention=convention)


def names(browser: CohortBrowser) -> list[str]:
    return [browser.table.names[row] for row in browser.order]


def test_nothing_is_open_at_first(browser: CohortBrowser) -> None:
    assert browser.models == ()
    assert browser.table.n_rows == 0
    assert browser.order.size == 0
    assert browser.next_case() == ""
    assert browser.next_error().error is None
    assert browser.set_convention(MEDASSIST.with_changes(good_dice=0.5)) is None
    assert browser.cohort is None
    assert browser.headline["n_compared"] == 0
    with pytest.raises(InvalidSetting):
        browser.open_case("a")
    with pytest.raises(UnknownItem):
        browser.results()


def test_the_table_grows_while_cases_are_compared(browser, sources) -> None:
    work = browser.open_work(sources)
    seen: list[int] = []

    def progress(_done: int, _total: int, _message: str, /) -> None:
        browser.take_finished()  # in one thread here: as if the window had looked just now
        seen.append(browser.table.n_rows - browser.table.n_waiting)
        assert browser.is_running

    value = work.run(progress)
    assert browser.model == "ai"
    assert 0 in seen
    assert seen == sorted(seen)
    assert max(seen) >= N_ON_DISK - 1
    work.accept(value)
    assert not browser.is_running
    assert browser.table.n_waiting == 0


def test_thousands_that_arrive_at_once_are_taken_in_portions(browser, sources, monkeypatch) -> None:
    monkeypatch.setattr("napari_medassist.app.browser.judged._MOST_AT_ONCE", 4)
    work = browser.open_work(sources)
    value = work.run(lambda *_: None)
    portions = [browser.take_finished() for _ in range(3)]
    assert portions == [3, 4, 4]  # the first piece of news is the cohort itself
    work.accept(value)
    assert browser.table.n_waiting == 0
    assert browser.take_finished() == 0


def test_numbers_are_those_of_the_engine(opened, sources) -> None:
    for model in ("ai", "second"):
        expected = engine(sources, model)
        found = opened.results(model)
        assert found.cohort.totals == expected.totals
        for row, case in enumerate(expected.cases):
            assert found.table.value(row, "dice") == pytest.approx(case.dice, nan_ok=True)
            assert found.table.value(row, "status") == case.status
    assert opened.cohort is opened.results("ai").cohort
    assert opened.evaluation("case_0000").case == "case_0000"
    assert opened.evaluation("nobody") is None
    assert opened.curves().detection is None


def test_broken_cases_say_what_is_wrong_and_come_last(opened) -> None:
    last = names(opened)[-2:]
    assert set(last) == {"case_0001", "case_0002"}
    told = {n: opened.table.text(opened.table.row_of(n), "message") for n in last}
    assert "Different voxel grids" in told["case_0001"]
    assert told["case_0002"]
    opened.set_filter(CaseFilter(only=frozenset({"not_compared"})))
    assert set(names(opened)) == set(last)


def test_cancelled_the_finished_cases_stay(browser, sources, tmp_path: Path) -> None:
    browser = browser_of(tmp_path)
    work = browser.open_work(sources)
    told: list[str] = []
    browser.told.connect(told.append)

    def stop_after_three(done: int, total: int, _message: str, /) -> None:
        if total and done == 3:
            raise Cancelled("Stopped.")

    with pytest.raises(Cancelled):
        work.run_here(stop_after_three)
    assert not browser.is_running
    assert browser.table.n_rows == N_ON_DISK
    assert browser.table.n_rows - browser.table.n_waiting == 3
    assert told[-1] == "Stopped."
    browser.open_work(sources).run_here()
    assert browser.table.n_waiting == 0


def test_a_late_cohort_does_not_replace_the_newer_one(browser, sources) -> None:
    first = browser.open_work(sources)
    value = first.run(lambda *_: None)
    only = sources.with_changes(predictions={"second": sources.predictions["second"]})
    browser.open_work(only).run_here()
    first.accept(value)
    browser.take_finished()
    assert browser.models == ("second",)


def test_what_cannot_be_opened_leaves_what_is_open(opened, tmp_path: Path) -> None:
    broken = CohortSources(reference=tmp_path / "no", predictions={"a": tmp_path})
    with pytest.raises(FileProblem):
        opened.open_work(broken).run_here()
    assert opened.models == ("ai", "second")
    assert not opened.is_running


def test_signals_tell_what_changed(browser, sources) -> None:
    heard: list[str] = []
    for name in (
        "cases_changed",
        "model_changed",
        "selection_changed",
        "marks_changed",
        "pins_changed",
    ):
        getattr(browser, name).connect(lambda *_args, name=name: heard.append(name))
    browser.open_work(sources).run_here()
    assert {"cases_changed", "model_changed"} == set(heard)
    heard.clear()
    browser.select(["case_0000", "nobody"])
    browser.select(["case_0000"])
    assert heard == ["selection_changed"]
    assert browser.selection == {"case_0000"}
    heard.clear()
    browser.sort("dice")
    browser.mark("case_0000", "other")
    browser.unpin(browser.pin())
    assert heard == ["cases_changed", "cases_changed", "marks_changed", "pins_changed", "pins_changed"]


def test_errors_are_stepped_through_in_the_order_shown(opened, sources) -> None:
    opened.sort("dice", descending=False)
    expected = [
        (case, lesion.id)
        for case in names(opened)
        for lesion in opened.evaluation(case).lesions
        if lesion.verdict == "missed"
    ]
    told: list[str] = []
    opened.told.connect(told.append)
    walked = []
    for _ in expected:
        step = opened.next_error("missed")
        walked.append((step.error.case, step.error.lesion_id))
        if step.needs_opening:
            opened.open_case(step.error.case).run_here()
        assert opened.opened_case.name == step.error.case
    assert walked == expected
    assert opened.next_error("missed").wrapped
    assert "first one again" in told[-1]
    assert opened.error == opened.errors.all("missed")[0]


def test_another_open_case_is_where_stepping_goes_on(opened) -> None:
    opened.next_error()
    cases = [error.case for error in opened.errors.all()]
    other = cases[-1]
    opened.open_case(other).run_here()
    assert opened.error is None
    assert opened.next_error().error.case == other


def test_the_neighbours_are_read_ahead_unless_the_order_changes(opened) -> None:
    ready: list[Work[int]] = []
    opened.work_ready.connect(ready.append)
    first = names(opened)[0]
    opened.open_case(first).run_here()
    (ahead,) = ready
    ahead.run_here()
    store = opened._cohort.store
    for step in (1, -1):
        assert store.is_loaded("ai", opened.next_case(step))
    opened.open_case(names(opened)[4]).run_here()
    opened.sort("case")
    assert not ready[-1].is_current()
    with pytest.raises(Cancelled):
        ready[-1].run_here()


def test_only_the_case_asked_for_last_is_shown(opened) -> None:
    heard: list[object] = []
    opened.opened.connect(heard.append)
    first, second = opened.open_case("case_0000"), opened.open_case("case_0003")
    second.run_here()
    first.accept(opened._cohort.store.load("ai", "case_0000"))
    assert [case.name for case in heard] == ["case_0003"]


@pytest.mark.parametrize(
    ("changes", "is_quick"),
    [
        ({"matching": {"threshold_reference": 0.6}}, True),
        ({"extraction": {"min_volume_mm3": 10.0}}, True),
        ({"good_dice": 0.3}, True),
        ({"extraction": {"connectivity": 6}}, False),
    ],
)
def test_numbers_follow_the_convention(opened, sources, changes, is_quick) -> None:
    convention = MEDASSIST.with_changes(**changes)
    work = opened.set_convention(convention)
    assert work.is_quick is is_quick
    assert opened.is_stale
    assert "not computed yet" in opened.stale_reason
    ready: list[Work[OpenedCohort]] = []
    opened.work_ready.connect(ready.append)
    work.run_here()
    assert not opened.is_stale
    assert opened.stale_reason == ""
    expected = engine(sources, convention=convention)
    assert opened.headline["fn"] == expected.totals.fn
    assert opened.headline["n_hidden_errors"] == len(expected.hidden_errors.cases)
    for follow_up in ready:
        follow_up.run_here()
    assert opened.cohort.totals == expected.totals
    assert opened.cohort.convention == convention.settings()
    assert opened.evaluation("case_0003").convention == convention.settings()
    assert opened.results("second").convention == convention


def test_that_numbers_are_stale_is_signalled_where_it_takes_long(opened) -> None:
    heard: list[str] = []
    opened.cases_changed.connect(lambda: heard.append(opened.stale_reason))
    opened.set_convention(MEDASSIST.with_changes(good_dice=0.1))
    assert heard == []  # there in a moment
    opened.set_convention(MEDASSIST.with_changes(extraction={"connectivity": 6}))
    assert len(heard) == 1
    assert "6-connected" in heard[0]


def test_of_many_settings_the_last_one_counts(opened) -> None:
    works = [
        opened.set_convention(MEDASSIST.with_changes(matching={"threshold_reference": s / 10}))
        for s in range(2, 10)
    ]
    values = []
    for work in works[:-1]:
        assert not work.is_current()
        with pytest.raises(Cancelled):
            work.run(lambda *_: None)
    values = works[-1].run(lambda *_: None)
    works[-1].accept(values)
    assert opened.results().convention.matching.threshold_reference == 0.9
    assert not opened.is_stale


def test_back_to_the_shown_convention_overtakes_what_was_asked(opened) -> None:
    work = opened.set_convention(MEDASSIST.with_changes(extraction={"connectivity": 6}))
    assert opened.set_convention(MEDASSIST) is None
    assert not opened.is_stale
    assert not work.is_current()


def test_completing_goes_on_if_the_convention_is_asked_for_twice(opened) -> None:
    ready: list[Work[OpenedCohort]] = []
    opened.work_ready.connect(ready.append)
    strict = MEDASSIST.with_changes(matching={"threshold_reference": 0.6})
    opened.set_convention(strict).run_here()
    assert opened.cohort is None
    assert opened.set_convention(strict) is None
    assert [work.is_current() for work in ready] == [False, True]
    ready[-1].run_here()
    assert opened.cohort is not None


def test_a_convention_set_while_cases_are_compared_follows_at_the_end(browser, sources) -> None:
    work = browser.open_work(sources)
    value = work.run(lambda *_: None)
    strict = MEDASSIST.with_changes(matching={"threshold_reference": 0.6})
    assert browser.set_convention(strict) is None
    ready: list[Work[OpenedCohort]] = []
    browser.work_ready.connect(ready.append)
    work.accept(value)
    assert browser.is_stale
    ready[0].run_here()
    assert not browser.is_stale
    assert browser.results().convention == strict


def test_results_are_opened_as_they_were(browser, sources, tmp_path: Path) -> None:
    strict = MEDASSIST.with_changes(matching={"threshold_reference": 0.6}, name="mine")
    source = Source.of_places(sources.reference, sources.predictions["ai"])
    evaluate_source(source, tmp_path / "out", convention=strict)
    work = browser.open_work(CohortSources(results=tmp_path / "out"))
    work.run_here()
    assert browser.models == ("prediction",)
    assert browser.convention == strict
    assert not browser.is_stale
    assert browser.cohort.totals == engine(sources, convention=strict).totals
    opened = browser.open_case("case_0000").run_here()
    assert opened.can_be_compared
    work = browser.set_convention(strict.with_changes(extraction={"connectivity": 6}))
    assert not work.is_quick
    work.run_here()
    assert browser.headline["n_compared"] == N_ON_DISK - 2


@pytest.fixture(scope="module")
def maps(study: Path, sources: CohortSources) -> CohortSources:
    """The same references with noisy maps of confidences; one is empty."""
    rng = np.random.default_rng(3)
    for number, path in enumerate(sorted(sources.reference.iterdir())):
        values = rng.random((20, 18, 6)) ** 3 * (number > 0)
        save(study / "maps" / path.name, values.astype(np.float32))
    places = {"maps": study / "maps"}
    return CohortSources(reference=sources.reference, predictions=places, kind="probability")


def test_maps_of_confidences_have_curves_that_follow_the_convention(browser, maps) -> None:
    browser.open_work(maps).run_here()
    pairs = pair_files(maps.reference, maps.predictions["maps"]).pairs

    def assert_as_compared(convention) -> None:
        expected = evaluate_cohort(pairs, kind="probability", convention=convention)
        curve = detection_curve(scored_cases(expected))
        found = browser.curves().detection
        assert found.cut_offs.tolist() == curve.cut_offs.tolist()
        assert found.tp_reference.tolist() == curve.tp_reference.tolist()
        assert found.fp.tolist() == curve.fp.tolist()
        for scored in scored_cases(expected):
            row = browser.table.row_of(scored.case)
            value = detection_curve([scored]).precision_at_recall(0.5)
            shown = browser.table.value(row, "precision_at_recall_0.5")
            assert shown == pytest.approx(value, nan_ok=True)
        assert browser.cohort.totals == expected.totals
        assert len(scored_cases(browser.cohort)) == len(scored_cases(expected))

    assert_as_compared(MEDASSIST)
    ready: list[Work[OpenedCohort]] = []
    browser.work_ready.connect(ready.append)
    strict = MEDASSIST.with_changes(matching={"threshold_reference": 0.4})
    quick = browser.set_convention(strict)
    assert quick.is_quick
    quick.run_here()
    assert browser.curves().detection is None  # until it is complete
    ready[-1].run_here()
    assert_as_compared(strict)
    lower = strict.with_changes(extraction={"threshold": 0.3})
    slow = browser.set_convention(lower)
    assert not slow.is_quick
    slow.run_here()
    assert_as_compared(lower)
    assert browser.open_case("case_0003").run_here().prediction.array.dtype == np.float32


def test_results_of_several_models_are_opened_side_by_side(browser, sources, tmp_path: Path) -> None:
    for model in sources.models:
        source = Source.of_places(sources.reference, sources.predictions[model])
        evaluate_source(source, tmp_path / "out" / model)
    browser.open_work(CohortSources(results=tmp_path / "out")).run_here()
    assert browser.models == ("ai", "second")
    browser.compare_with("second")
    assert not all(math.isnan(value) for value in browser.table.values("delta_dice"))


def test_results_whose_images_are_gone_are_shown_and_say_so(browser, tmp_path: Path) -> None:
    sources = sources_on_disk(tmp_path / "gone")
    source = Source.of_places(sources.reference, sources.predictions["ai"])
    evaluate_source(source, tmp_path / "out")
    (tmp_path / "gone").rename(tmp_path / "away")
    browser.open_work(CohortSources(results=tmp_path / "out")).run_here()
    assert browser.table.n_rows == N_ON_DISK
    assert browser.open_case("case_0000").run_here().problems
    work = browser.set_convention(MEDASSIST.with_changes(extraction={"connectivity": 6}))
    with pytest.raises(FileProblem, match="not where they were"):
        work.run_here()
    assert browser.is_stale
    assert "not where they were" in browser.stale_reason
    quick = browser.set_convention(MEDASSIST.with_changes(good_dice=0.3))
    quick.run_here()
    assert not browser.is_stale


def test_models_are_changed_and_compared(opened) -> None:
    opened.compare_with("second")
    assert opened.other_model == "second"
    opened.sort("delta_dice")
    opened.set_filter(CaseFilter(ranges={"delta_dice": (-1, 1)}, only=frozenset({"disagree"})))
    differing = names(opened)
    first, second = opened.results("ai").table, opened.results("second").table
    for name in differing:
        a, b = first.row_of(name), second.row_of(name)
        delta = first.value(a, "dice") - second.value(b, "dice")
        row = opened.table.row_of(name)
        assert opened.table.value(row, "delta_dice") == pytest.approx(delta)
    opened.compare_with("")
    assert opened.sort_column == "disagreement"
    assert opened.filter.ranges == {}
    opened.set_model("second")
    assert opened.model == "second"
    with pytest.raises(UnknownItem):
        opened.set_model("third")
    with pytest.raises(UnknownItem):
        opened.compare_with("third")


def test_pins_stay_as_they_were(opened) -> None:
    before = opened.headline.values
    pin = opened.pin("before")
    opened.set_convention(MEDASSIST.with_changes(matching={"threshold_reference": 0.9})).run_here()
    second = opened.pin()
    assert [p.name for p in opened.pins] == ["before", "ai, medassist"]
    assert pin.headline.values == before
    assert second.headline["fn"] > pin.headline["fn"]
    assert pin.convention == MEDASSIST
    opened.unpin(pin)
    assert opened.pins == (second,)


def test_sensitivity_over_all_presets(opened, sources) -> None:
    opened.sensitivity_work().run_here()
    found = opened.sensitivity
    assert [c.name for c in found.conventions] == list(presets())
    for name in ("picai", "brats2023_gli"):
        expected = engine(sources, convention=presets()[name])
        assert found.headlines["ai"][name]["fn"] == expected.totals.fn
        assert found.headlines["ai"][name]["dice"] == pytest.approx(expected.means["dice"].value)
    low, high = found.moved("ai", "fn")
    assert low < high
    assert found.rankings.models == ("ai", "second")


def test_the_convention_in_use_joins_the_presets(opened) -> None:
    mine = MEDASSIST.with_changes(matching={"threshold_reference": 0.6}, name="mine")
    opened.set_convention(mine).run_here()
    opened.sensitivity_work().run_here()
    assert opened.sensitivity.conventions[0] == mine
    assert "mine" in opened.sensitivity.headlines["ai"]


def test_marks_are_kept_and_shown(opened, sources, study, tmp_path: Path) -> None:
    opened.mark(["case_0000", "case_0003", "nobody"], "label_error", "see note")
    opened.mark("case_0003", None)
    assert set(opened.marks) == {"case_0000"}
    assert opened.marks["case_0000"].model == "ai"
    again = browser_of(study, marks_path=tmp_path / "marks.json")
    again.open_work(sources).run_here()
    assert again.table.text(again.table.row_of("case_0000"), "mark") == "label error: see note"


def test_the_selection_is_exported_with_its_marks(opened, tmp_path: Path) -> None:
    opened.mark("case_0003", "ambiguous", "two\nlines, and a comma")
    opened.sort("case", descending=False)
    assert opened.export_csv(tmp_path / "all.csv") == N_ON_DISK
    opened.select(["case_0003", "case_0000"])
    assert opened.export_csv(tmp_path / "some.csv") == 2
    with (tmp_path / "some.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["case"] for row in rows] == ["case_0000", "case_0003"]
    assert rows[1]["mark_kind"] == "ambiguous"
    assert rows[1]["mark_note"] == "two lines, and a comma"
    assert {row["convention"] for row in rows} == {"medassist"}
    assert {row["model"] for row in rows} == {"ai"}
    for row in rows:
        expected = opened.evaluation(row["case"])
        assert float(row["dice"]) == pytest.approx(expected.dice)
        assert float(row["fn"]) == expected.fn
        assert row["hidden"] in ("true", "false")


def test_settings_remember_cohort_and_convention(study, sources, tmp_path: Path) -> None:
    settings = Settings(tmp_path / "settings.json")
    browser = browser_of(study, settings=settings)
    browser.open_work(sources).run_here()
    strict = MEDASSIST.with_changes(matching={"threshold_reference": 0.6})
    ready: list[Work[OpenedCohort]] = []
    browser.work_ready.connect(ready.append)
    browser.set_convention(strict).run_here()
    assert Settings(tmp_path / "settings.json").convention == MEDASSIST  # not at each move of a slider
    ready[-1].run_here()
    again = Settings(tmp_path / "settings.json")
    assert CohortSources.from_plain(again.recent_cohorts[0]).to_plain() == sources.to_plain()
    assert browser_of(study, settings=again).convention == strict


def test_closing_lets_go_of_everything(opened) -> None:
    opened.open_case("case_0000").run_here()
    heard: list[object] = []
    opened.opened.connect(heard.append)
    opened.close()
    assert heard == [None]
    assert opened.models == ()
    assert opened.table.n_rows == 0
    assert opened.sources is None


def test_work_runs_in_other_threads_while_the_window_looks(study, sources, tmp_path: Path) -> None:
    """Compare in one thread, open cases in others, sort and filter here: nothing disturbs anything."""
    browser = browser_of(tmp_path)
    errors: list[BaseException] = []
    done: list[tuple[Work[object], object]] = []

    def start(work: Work) -> threading.Thread:
        def run() -> None:
            try:
                done.append((work, work.run(lambda *_: None)))
            except Cancelled:
                pass
            except BaseException as error:  # noqa: BLE001  told below
                errors.append(error)

        thread = threading.Thread(target=run)
        thread.start()
        return thread

    threads = [start(browser.open_work(sources))]
    number = 0
    while any(thread.is_alive() for thread in threads):
        browser.take_finished()
        number += 1
        if browser.models and len(threads) < 20:
            browser.sort("dice", descending=bool(number % 2))
            threads.append(start(browser.open_case(names(browser)[number % N_ON_DISK])))
            browser.next_error()
        for work, value in list(done):
            work.accept(value)
            done.remove((work, value))
    for work, value in done:
        work.accept(value)
    assert errors == []
    assert browser.table.n_waiting == 0
    assert not browser.is_running
    assert browser.headline["fn"] == engine(sources).totals.fn
