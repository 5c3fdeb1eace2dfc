from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import QPoint, Qt

from napari_medassist._qt.cohort_panel.case_model import CaseModel
from napari_medassist._qt.cohort_panel.case_view import DEFAULT_COLUMNS, CaseView
from napari_medassist._qt.cohort_panel.histogram import Histogram
from napari_medassist._qt.cohort_panel.open_dialog import OpenCohortDialog
from napari_medassist._qt.cohort_panel.scatter import ScatterPlot
from napari_medassist._qt.cohort_panel.sensitivity_tab import SensitivityTab
from napari_medassist._qt.plotting import current_look
from napari_medassist.app.browser.case_filter import CaseFilter
from napari_medassist.app.browser.case_table import CaseTable
from napari_medassist.app.browser.headline import Pin
from napari_medassist.app.browser.sensitivity_rows import rows_of
from napari_medassist.app.browser.shown import Shown
from napari_medassist.core.results import CaseEvaluation, LesionCounts, Status
from napari_medassist.evaluation.conventions import MEDASSIST
from tests.unit.app.browser.small_cohorts import results_under, sources_on_disk

pytestmark = pytest.mark.gui


def table_of(n_cases: int) -> CaseTable:
    """Simulated cases; every tenth has no lesion on either side."""
    rng = np.random.default_rng(0)
    return CaseTable.of([_case(rng, number) for number in range(n_cases)])


def _case(rng: np.random.Generator, number: int) -> CaseEvaluation:
    if number % 10 == 9:
        return CaseEvaluation(f"case_{number}", scores={"dice": np.nan}, counts=LesionCounts())
    found, missed, false = (int(n) for n in rng.integers(0, 3, 3))
    counts = LesionCounts(tp_reference=found, fn=missed, tp_prediction=found, fp=false)
    scores = {name: float(rng.random()) for name in ("dice", "lesion_f1", "lesion_precision")}
    return CaseEvaluation(f"case_{number}", scores={**scores, "hd95_mm": np.nan}, counts=counts)


@pytest.fixture
def table() -> CaseTable:
    return table_of(60)


@pytest.fixture
def scatter(qtbot: Any, table: CaseTable) -> ScatterPlot:
    plot = ScatterPlot()
    qtbot.addWidget(plot)
    plot.resize(700, 420)
    plot.show()
    qtbot.waitExposed(plot)
    plot.show_cases(Shown(table, table.order()))
    qtbot.wait(50)
    return plot


def at(scatter: ScatterPlot, case: str) -> QPoint:
    place = scatter.place_of(case)
    assert place is not None
    return place.toPoint()


def click(scatter: ScatterPlot, qtbot: Any, point: QPoint, modifier: Any = None) -> None:
    held = modifier or Qt.KeyboardModifier.NoModifier
    qtbot.mouseMove(scatter.plot.viewport(), point)
    qtbot.mouseClick(scatter.plot.viewport(), Qt.MouseButton.LeftButton, held, point)


def test_a_click_on_a_point_opens_its_case(scatter: ScatterPlot, qtbot: Any) -> None:
    for case in ("case_3", "case_9"):  # the second one has no Dice: it lies in the margin
        with qtbot.waitSignal(scatter.open_asked, timeout=3000) as asked:
            click(scatter, qtbot, at(scatter, case))
        assert asked.args == [case]


def test_control_click_selects(scatter: ScatterPlot, qtbot: Any) -> None:
    with qtbot.waitSignal(scatter.selection_made, timeout=3000) as made:
        click(scatter, qtbot, at(scatter, "case_4"), Qt.KeyboardModifier.ControlModifier)
    assert made.args == [frozenset({"case_4"})]


def test_a_drag_chooses_the_cases_in_its_box(
    scatter: ScatterPlot, qtbot: Any, table: CaseTable
) -> None:
    box = scatter.plot.box
    corners = [(0.2, 0.2), (0.8, 0.8)]
    start, end = (scatter.plot.mapFromScene(box.mapViewToScene(_point(x, y))) for x, y in corners)
    port = scatter.plot.viewport()
    with qtbot.waitSignal(scatter.brushed, timeout=3000) as made:
        qtbot.mousePress(port, Qt.MouseButton.LeftButton, pos=start)
        for share in (0.3, 0.6, 1.0):
            qtbot.mouseMove(port, start + (end - start) * share)
            qtbot.wait(20)
        qtbot.mouseRelease(port, Qt.MouseButton.LeftButton, pos=end)
    dice, f1 = table.values("dice"), table.values("lesion_f1")
    wanted = (dice > 0.21) & (dice < 0.79) & (f1 > 0.21) & (f1 < 0.79)
    chosen = made.args[0]
    assert {name for name, inside in zip(table.names, wanted, strict=True) if inside} <= chosen
    assert all(0.19 < dice[table.row_of(name)] < 0.81 for name in chosen)


def _point(x: float, y: float) -> Any:
    from qtpy.QtCore import QPointF

    return QPointF(x, y)


def test_cases_without_a_value_are_counted_and_named(scatter: ScatterPlot) -> None:
    assert "6 of 60 cases have no Dice" in scatter.note.text()
    told = scatter.told_of(["case_1", "case_2"])
    assert "2 cases here" in told
    assert "Dice" in told
    assert "nothing&nbsp;there&nbsp;6" in scatter.legend.text()


def test_what_the_filter_leaves_out_is_drawn_back_and_not_brushed(
    scatter: ScatterPlot, table: CaseTable
) -> None:
    order = table.order("dice", CaseFilter(cases=frozenset({"case_1", "case_2"})))
    scatter.show_cases(Shown(table, order, frozenset({"case_1"}), "case_2"))
    found = []
    scatter.brushed.connect(found.append)
    scatter.plot.box.brushed.emit(np.array([(-1, -1), (2, -1), (2, 2), (-1, 2)], dtype=float))
    assert found == [frozenset({"case_1", "case_2"})]


def test_both_themes_and_larger_letters(scatter: ScatterPlot, qtbot: Any) -> None:
    for theme in ("light", "dark"):
        look = current_look(theme)
        scatter.set_look(look)
        picture = scatter.plot.grab().toImage()
        middle = picture.pixelColor(picture.width() - 4, 4)
        assert (middle.lightness() > 127) is not look.is_dark


def test_a_histogram_counts_all_and_brushes_a_range(qtbot: Any, table: CaseTable) -> None:
    plot = Histogram()
    qtbot.addWidget(plot)
    plot.show_cases(Shown(table, table.order()), {})
    assert "6 of 60 cases have no Dice" in plot.note.text()
    assert sum(plot._all.opts["height"]) == 54
    for bars in (plot._all, *plot._bars):  # of the width of a bin, where their bin is
        assert bars.opts["width"] < 1 / 30
        assert all(0 < x < 1 for x in bars.opts["x"])
        assert bars.opts.get("x0") is None
    with qtbot.waitSignal(plot.range_chosen, timeout=1000) as made:
        plot.plot.box.brushed.emit(np.array([(0.2, 0.0), (0.5, 1.0)]))
    assert made.args == ["dice", (0.2, 0.5)]
    plot.show_cases(Shown(table, table.order()), {"dice": (0.2, 0.5)})
    assert plot.clear.isEnabled()
    with qtbot.waitSignal(plot.range_chosen, timeout=1000) as made:
        plot.clear.click()
    assert made.args == ["dice", None]


def test_pins_stand_in_the_sensitivity_table(qtbot: Any) -> None:
    tab = SensitivityTab()
    qtbot.addWidget(tab)
    results = results_under()
    pin = Pin("before", "ai", MEDASSIST, results.headline)
    tab.show_rows(rows_of(None, [pin]), "ai")
    assert tab.table.verticalHeaderItem(0).text() == "before (pinned)"
    assert tab.table.item(0, 0).text() == f"{results.headline['micro_recall']:.3f}"
    tab.table.selectRow(0)
    with qtbot.waitSignal(tab.unpin_asked, timeout=1000) as asked:
        tab.unpin.click()
    assert asked.args == [pin]


def test_ten_thousand_cases_stay_quick(qtbot: Any) -> None:
    table = table_of(10_000)
    view, plot = CaseView(CaseModel(lambda column: column.tip)), ScatterPlot()
    for widget in (view, plot):
        qtbot.addWidget(widget)
        widget.resize(700, 400)
        widget.show()
        qtbot.waitExposed(widget)
    columns = tuple(table.column(name) for name in DEFAULT_COLUMNS)
    table.order()  # ranks of the names are kept
    plot.show_cases(Shown(table, table.order()))
    for name in ("dice", "fn", "case"):
        began = time.process_time()
        order = table.order(name)
        view.show_table(table, order, columns, (name, True))
        sorted_after = time.process_time() - began
        view.viewport().repaint()
        plot.show_cases(Shown(table, order, frozenset(view._model.case_at(n) for n in range(50))))
        plot.plot.viewport().repaint()
        assert sorted_after < 0.05
        assert time.process_time() - began < 0.25


def test_the_dialog_says_what_is_wrong_and_reads_what_is_right(qtbot: Any, tmp_path: Any) -> None:
    dialog = OpenCohortDialog()
    qtbot.addWidget(dialog)
    dialog.try_to_open()
    assert "no place for the reference" in dialog.problem.text()
    sources = sources_on_disk(tmp_path)
    dialog.reference.line.setText(str(sources.reference))
    dialog.predictions[0].line.setText(str(tmp_path / "absent"))
    dialog.try_to_open()
    assert "no such file or folder" in dialog.problem.text()
    dialog.predictions[0].line.setText(str(sources.predictions["ai"]))
    dialog.names[0].setText("ai")
    dialog.label.setText("one")
    dialog.try_to_open()
    assert "whole numbers" in dialog.problem.text()
    dialog.label.setText("1, 2")
    dialog.try_to_open()
    assert dialog.sources is not None
    assert dialog.sources.label == (1, 2)
    again = OpenCohortDialog([{"results": "x"}, dialog.sources.to_plain()])
    qtbot.addWidget(again)
    assert again.names[0].text() == "ai"
    assert again.label.text() == "1 2"


def test_a_case_that_was_not_compared_says_why(qtbot: Any) -> None:
    cases = [CaseEvaluation("a", Status.GRID_MISMATCH, "The grids differ: 20 and 24 slices.")]
    table = CaseTable.of(cases)
    model = CaseModel(lambda column: column.tip)
    model.show(table, table.order(), (table.column("status"), table.column("dice")))
    assert model.index(0, 0).data() == "not compared: The grids differ: 20 and 24 slices."
    assert "20 and 24 slices" in model.index(0, 1).data(Qt.ItemDataRole.ToolTipRole)
    assert not model.index(0, 0).data(Qt.ItemDataRole.DecorationRole).isNull()


def test_shares_are_never_shown_in_thousandths(opened: Any) -> None:
    from napari_medassist._qt.plotting import current_look

    scatter = opened.plots.scatter
    scatter.plot.box.setRange(xRange=(0.2, 0.9), yRange=(0.2, 0.9))
    for theme in ("light", "dark"):
        scatter.set_look(current_look(theme))
        for axis in (scatter.plot.x_axis, scatter.plot.y_axis):
            assert axis.autoSIPrefixScale == 1.0
            assert "x" not in axis.labelString().split(">")[1].split("<")[0]
