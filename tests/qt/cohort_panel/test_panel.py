from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import QMimeData, QPoint, Qt, QUrl
from qtpy.QtWidgets import QInputDialog, QMessageBox

from napari_medassist.app.browser.sources import CohortSources
from napari_medassist.app.settings import Settings
from tests.qt.cohort_panel.conftest import settle
from tests.unit.app.browser.small_cohorts import browser_of, sources_on_disk

pytestmark = pytest.mark.gui


def column(panel: Any, name: str) -> list[str]:
    model = panel.model
    place = [c.name for c in model.columns].index(name)
    return [model.index(row, place).data() for row in range(model.rowCount())]


def test_the_table_shows_every_case_and_says_what_is_wrong(opened: Any) -> None:
    assert opened.model.rowCount() == 12
    told = [text for text in column(opened, "status") if text.startswith("not compared")]
    assert len(told) == 2
    assert any("grid" in text.lower() for text in told)
    assert "12" in opened.bar.count.text()
    assert not opened.bar.progress.isVisible()


def test_numbers_are_those_of_the_engine(opened: Any) -> None:
    names, dice = column(opened, "case"), column(opened, "dice")
    for name, text in zip(names, dice, strict=True):
        value = opened.browser.evaluation(name).dice
        assert text == ("–" if np.isnan(value) else f"{value:.3f}")  # noqa: RUF001 - the sign shown


def test_a_click_on_a_header_sorts_and_a_second_one_turns_it(opened: Any, qtbot: Any) -> None:
    place = [c.name for c in opened.model.columns].index("dice")
    header = opened.view.horizontalHeader()
    x = header.sectionViewportPosition(place) + 10
    seen = []
    for _ in range(2):
        qtbot.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(x, 5))
        opened.refresh()
        values = [float(text) for text in column(opened, "dice") if text[0].isdigit()]
        seen.append(values)
    assert seen[0] == sorted(seen[0], reverse=True)
    assert seen[1] == sorted(seen[1])


def test_chips_and_text_filter(opened: Any, qtbot: Any) -> None:
    opened.bar.chips["missed"].click()
    opened.refresh()
    missed = opened.browser.table.values("fn") > 0
    assert opened.model.rowCount() == missed.sum() > 0
    opened.bar.chips["missed"].click()
    name = opened.browser.table.names[3]
    qtbot.keyClicks(opened.bar.text, name.upper())
    qtbot.waitUntil(lambda: opened.browser.filter.text == name.upper(), timeout=2000)
    opened.refresh()
    assert column(opened, "case") == [name]
    opened.clear_filter()
    opened.refresh()
    assert opened.model.rowCount() == 12
    assert opened.bar.text.text() == ""


def test_keys_work_in_the_dock_and_letters_in_the_text_field_are_letters(
    opened: Any, qtbot: Any
) -> None:
    opened.activateWindow()
    opened.view.setFocus()
    qtbot.waitUntil(opened.view.hasFocus, timeout=3000)
    qtbot.keyClick(opened.view, Qt.Key.Key_M)
    assert opened.browser.filter.only == {"missed"}
    qtbot.keyClick(opened.view, Qt.Key.Key_Escape)
    assert opened.browser.filter.is_empty
    qtbot.keyClick(opened.view, Qt.Key.Key_Slash)
    assert opened.bar.text.hasFocus()
    qtbot.keyClicks(opened.bar.text, "mf")
    assert opened.bar.text.text() == "mf"
    assert not opened.browser.filter.only


def test_enter_opens_the_case_with_its_layers_and_verdicts(
    opened: Any, bridge: Any, qtbot: Any
) -> None:
    opened.browser.sort("fn")
    opened.refresh()
    opened.view.setFocus()
    opened.view.selectRow(0)
    name = opened.view.current_case()
    qtbot.keyClick(opened.view, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: opened.browser.opened_case is not None, timeout=10_000)
    qtbot.waitUntil(lambda: bridge.session.comparison is not None, timeout=10_000)
    assert opened.browser.opened_case.name == name
    assert {"Reference", "Prediction"} <= {layer.name for layer in bridge.viewer.layers}
    active = bridge.viewer.layers.selection.active
    assert active is None or not active.editable, "a brush would paint where nobody chose to"
    compared, stored = bridge.session.comparison.evaluation, opened.browser.evaluation(name)
    assert [n.verdict for n in compared.lesions] == [n.verdict for n in stored.lesions]
    qtbot.waitUntil(lambda: not bridge.comparer.is_busy, timeout=10_000)


def test_stepping_leads_through_the_errors_of_the_cohort_and_closes_the_former_case(
    opened: Any, bridge: Any, qtbot: Any
) -> None:
    seen = []
    for _ in range(4):
        opened.step(1)
        error = opened.browser.error
        qtbot.waitUntil(
            lambda error=error: (
                opened.browser.opened_case is not None and opened.browser.opened_case.name == error.case
            ),
            timeout=10_000,
        )
        seen.append((error.case, error.side, error.lesion_id))
        assert len([n for n in bridge.viewer.layers if n.name == "Reference"]) == 1
    errors = [(e.case, e.side, e.lesion_id) for e in opened.browser.errors.all()]
    assert seen == errors[:4]
    assert opened.view.current_case() == seen[-1][0]
    qtbot.waitUntil(lambda: not bridge.comparer.is_busy, timeout=10_000)


def test_painted_labels_are_asked_about_before_another_case_opens(
    opened: Any, bridge: Any, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened.open_case(column(opened, "case")[0])
    qtbot.waitUntil(lambda: opened.browser.opened_case is not None, timeout=10_000)
    first = opened.browser.opened_case.name
    bridge.viewer.layers["Reference"].paint((1, 5, 5), 1)
    asked = []
    monkeypatch.setattr(
        QMessageBox, "question", lambda *a: asked.append(a) or QMessageBox.StandardButton.No
    )
    opened.open_case(column(opened, "case")[1])
    qtbot.wait(100)
    assert asked
    assert opened.browser.opened_case.name == first
    qtbot.waitUntil(lambda: not bridge.comparer.is_busy, timeout=10_000)


def test_marks_have_a_note_and_are_a_column(
    opened: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    opened.browser.select(column(opened, "case")[:2])
    monkeypatch.setattr(QInputDialog, "getText", lambda *_: ("edge cut off", True))
    opened.bar.mark_asked.emit("label_error")
    opened.refresh()
    assert column(opened, "mark").count("label error: edge cut off") == 2
    assert opened.browser.export_csv(tmp_path / "out.csv") == 2
    assert "edge cut off" in (tmp_path / "out.csv").read_text()


def test_another_model_and_its_differences(opened: Any) -> None:
    assert opened.bar.model.isVisible()
    opened.bar.other_chosen.emit("b")
    opened.refresh()
    assert "delta_dice" in [c.name for c in opened.model.columns]
    assert opened.bar.chips["disagree"].isVisible()
    opened.bar.model_chosen.emit("b")
    opened.refresh()
    assert opened.browser.model == "b"
    assert opened.bar.other.findData("b") == -1


def test_selection_is_one_in_table_and_plot(opened: Any) -> None:
    names = column(opened, "case")
    opened.view.selectRow(3)
    assert opened.browser.selection == {names[3]}
    opened.browser.select([names[5]])
    assert opened.view.selected_cases() == {names[5]}


def test_columns_are_chosen_and_everything_is_restored(
    opened: Any, bridge: Any, settings: Settings, qtbot: Any, tmp_path: Path
) -> None:
    from napari_medassist._qt.cohort_panel.panel import CohortPanel

    menu = opened.view.columns_menu()
    next(a for a in menu.actions() if a.text() == "Splits").trigger()
    opened.browser.sort("hd95_mm", descending=False)
    opened.plots.scatter.axes.choose("hd95_mm", "lesion_precision")
    opened.plots.setCurrentIndex(1)
    opened.hide()
    again = CohortPanel(bridge, browser_of(tmp_path / "b", settings=settings), Settings(settings.path))
    qtbot.addWidget(again)
    assert "n_splits" in again.columns
    assert again.plots.currentIndex() == 1
    again.open_cohort(sources_on_disk(tmp_path / "other"))
    settle(qtbot, again)
    assert (again.browser.sort_column, again.browser.is_descending) == ("hd95_mm", False)
    again.plots.setCurrentIndex(0)
    assert again.plots.scatter.axes.names == ("hd95_mm", "lesion_precision")
    again.runner.close()


def test_results_are_dropped_on_the_dock(panel: Any, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "summary.json").write_text("{}")
    dropped = QMimeData()
    dropped.setUrls([QUrl.fromLocalFile(str(tmp_path / "run"))])
    assert panel.acts.sources_of_drop(dropped) == CohortSources(results=tmp_path / "run")
    dropped.setUrls([QUrl.fromLocalFile(str(tmp_path))])
    assert panel.acts.sources_of_drop(dropped) is None


def test_cancelling_keeps_what_was_compared(panel: Any, qtbot: Any, tmp_path: Path) -> None:
    panel.open_cohort(sources_on_disk(tmp_path))
    panel.bar.cancel.click()
    settle(qtbot, panel)
    assert not panel.bar.progress.isVisible()
    assert panel.browser.table.n_rows in (0, 12)


def test_the_plugin_puts_the_dock_to_the_bottom(viewer: Any, qtbot: Any, monkeypatch: Any) -> None:
    from napari_medassist._qt.dock import cohort_dock_of, dock_of
    from napari_medassist.app.browser.opened_case import OpenedCase
    from napari_medassist.core.case import Case

    viewer.show()
    dock = cohort_dock_of(viewer)
    qtbot.waitUntil(dock.isVisible, timeout=5000)
    window = viewer.window._qt_window
    parent = dock.parentWidget()
    while parent.parentWidget() is not window:
        parent = parent.parentWidget()
    bottom = Qt.DockWidgetArea.BottomDockWidgetArea
    qtbot.waitUntil(lambda: window.dockWidgetArea(parent) == bottom, timeout=5000)
    assert cohort_dock_of(viewer) is dock
    side = dock_of(viewer)
    side.show_case()
    dock._show_comparison(OpenedCase("a", "ai", Case("a")))
    assert side.tabs.currentWidget() is side.evaluation_panel
