"""Any number of the cases against any other: hover names a case, a click opens it, a drag chooses."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import QPointF, Signal
from qtpy.QtGui import QCursor, QResizeEvent
from qtpy.QtWidgets import (
    QCheckBox,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QToolTip,
    QVBoxLayout,
    QWidget,
)

from napari_medassist._qt.cohort_panel import plot_frame as frames
from napari_medassist._qt.cohort_panel.axis_choice import AxisChoice
from napari_medassist._qt.cohort_panel.plot_frame import PlotFrame
from napari_medassist._qt.cohort_panel.point_layers import PointLayers
from napari_medassist._qt.plotting import Look, current_look
from napari_medassist.app.browser.case_table import Rows
from napari_medassist.app.browser.categories import CATEGORIES
from napari_medassist.app.browser.points import Axis, inside, jittered, under_mouse
from napari_medassist.app.browser.shown import Shown

_TOLD_CASES = 6
_LOW_PX = 260
_TIP = (
    "Hover to see the case, click to open it (Ctrl+click selects), drag to choose cases, "
    "Alt+drag for a lasso; wheel zooms, middle button moves, double click shows all."
)
Floats = NDArray[np.float64]


class ScatterPlot(QWidget):
    """The scatter plot with its choice of axes.

    Signals
    -------
    open_asked
        Emits the case of a point that was clicked.
    selection_made
        Emits the names of cases chosen with Ctrl+click.
    brushed
        Emits the names of the cases that were brushed.
    emptied
        Emitted when all cases shall be shown again.
    """

    open_asked = Signal(str)
    selection_made = Signal(object)
    brushed = Signal(object)
    emptied = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._shown = Shown.nothing()
        self._x: Floats = np.empty(0)
        self._y: Floats = np.empty(0)
        self._rows: Rows = np.empty(0, dtype=np.int64)
        self._look = current_look()
        self._fitted: object = None
        self._limits: tuple[tuple[float, float], tuple[float, float]] = ((0, 1), (0, 1))
        self.axes = AxisChoice()
        self.lasso = QCheckBox("lasso")
        self.lasso.setToolTip("Dragging draws a free outline instead of a box")
        self.jitter = QCheckBox("jitter")
        self.jitter.setToolTip("Move points a little, so that equal values do not cover each other")
        self.arrows = QCheckBox("arrows")
        self.plot = PlotFrame()
        self.plot.setToolTip(_TIP)
        self.legend = frames.legend_label()
        self.note = QLabel()
        self.note.setWordWrap(True)
        self.note.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        self._layers = PointLayers(self.plot)
        self._lay_out()
        self._connect()
        self.set_look(self._look)

    # ---------------------------------------------------------------- what is shown

    def show_cases(self, shown: Shown) -> None:
        """Show cases; axes that a table does not have are replaced by the usual ones."""
        self._shown = shown
        self.axes.offer(shown.table.columns)
        self.arrows.setVisible(shown.other is not None)
        self.arrows.setToolTip(f"Arrows from where '{shown.other_name}' puts each case")
        self._draw()

    def set_look(self, look: Look) -> None:
        """Take the colours and the size of letters of napari."""
        self._look = look
        self.plot.set_look(look)
        self._layers.set_look(look)
        self._draw()

    def place_of(self, case: str) -> QPointF | None:
        """Return where a case is drawn, in pixels of the plot's viewport; None if it is not drawn."""
        row = self._shown.table.row_of(case)
        places = np.flatnonzero(self._rows == row)
        if row is None or not places.size:
            return None
        point = QPointF(float(self._x[places[0]]), float(self._y[places[0]]))
        return QPointF(self.plot.mapFromScene(self.plot.box.mapViewToScene(point)))

    # ---------------------------------------------------------------- drawing

    def _draw(self) -> None:
        names = self.axes.names
        if names is None:
            return
        table, reached = self._shown.table, np.flatnonzero(self._shown.is_reached)
        values = [np.asarray(table.values(name), dtype=np.float64) for name in names]
        x_axis, y_axis = (Axis.of(v[reached]) for v in values)
        self._rows = reached
        self._x, self._y = x_axis.places(values[0])[reached], y_axis.places(values[1], turn=5)[reached]
        if self.jitter.isChecked():
            self._x, self._y = jittered(self._x, x_axis), jittered(self._y[::-1], y_axis)[::-1]
        self._layers.show_points(self._shown, self._rows, self._x, self._y)
        self._layers.show_margins(self._shown, names, (x_axis, y_axis))
        self._layers.show_arrows(self._shown, names, on=self.arrows.isChecked())
        self.plot.label(self.plot.x_axis, table.column(names[0]).header)
        self.plot.label(self.plot.y_axis, table.column(names[1]).header)
        self.plot.x_axis.first, self.plot.y_axis.first = x_axis.low, y_axis.low
        self._limits = x_axis.limits, y_axis.limits
        if self._fitted != (names, self._limits):  # else the user's zoom stays
            self._fitted = (names, self._limits)
            self._show_all()
        self.legend.setText(frames.legend_text(self._shown, self._look))
        missing = [self._shown.missing_in_words(name) for name in dict.fromkeys(names)]
        told = "; ".join(text for text in missing if text)
        self.note.setText(f"In the margin: {told}." if told else "")
        self._show_note()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        """Leave a low plot the room of the line below it: the margins say the same."""
        super().resizeEvent(event)
        self._show_note()

    def _show_note(self) -> None:
        self.note.setVisible(bool(self.note.text()) and self.height() >= _LOW_PX)

    def _show_all(self) -> None:
        x_limits, y_limits = self._limits
        self.plot.box.setRange(xRange=x_limits, yRange=y_limits, padding=0)

    # ---------------------------------------------------------------- the mouse

    def _near(self, x: float, y: float) -> list[str]:
        """Return the cases under a place of the plot; those that the filter leaves come first."""
        found = self._rows[under_mouse(self._x, self._y, (x, y), self.plot.box.pixel_size())]
        is_shown = self._shown.is_shown[found]
        return self._shown.names_of(np.concatenate([found[is_shown], found[~is_shown]]))

    def _on_moved(self, position: QPointF) -> None:
        if not self.plot.box.sceneBoundingRect().contains(position):
            return
        point = self.plot.box.mapSceneToView(position)
        cases = self._near(point.x(), point.y())
        if cases:
            QToolTip.showText(QCursor.pos(), self.told_of(cases), self.plot)
        else:
            QToolTip.hideText()

    def told_of(self, cases: list[str]) -> str:
        """Return what is said of the cases under the mouse."""
        lines = [self._told(case) for case in cases[:_TOLD_CASES]]
        if len(cases) > 1:
            lines.insert(0, f"<b>{len(cases)} cases here</b>")
        if len(cases) > _TOLD_CASES:
            lines.append(f"and {len(cases) - _TOLD_CASES} more")
        return "<br>".join(f"<nobr>{line}</nobr>" for line in lines)

    def _told(self, case: str) -> str:
        table = self._shown.table
        row = table.row_of(case) or 0
        names = self.axes.names or ()
        values = (f"{table.column(name).title} {table.text(row, name)}" for name in names)
        return f"<b>{case}</b>: {', '.join(values)}; {CATEGORIES[self._shown.categories[row]].title}"

    def _on_picked(self, x: float, y: float, adds: bool) -> None:  # noqa: FBT001 - Qt's own style
        cases = self._near(x, y)
        if cases and adds:
            self.selection_made.emit(self._shown.selection ^ {cases[0]})
        elif cases:
            self.open_asked.emit(cases[0])

    def _on_brushed(self, corners: Floats) -> None:
        chosen = self._rows[inside(self._x, self._y, corners)]
        chosen = chosen[self._shown.is_shown[chosen]]
        if chosen.size:
            self.brushed.emit(frozenset(self._shown.names_of(chosen)))

    def _on_emptied(self) -> None:
        self._show_all()
        self.emptied.emit()

    # ---------------------------------------------------------------- making

    def _lay_out(self) -> None:
        choice = QHBoxLayout()
        choice.addWidget(self.axes, 1)
        for box in (self.lasso, self.jitter, self.arrows):
            choice.addWidget(box)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(2, 2, 2, 2)
        layout.setSpacing(2)
        layout.addLayout(choice)
        layout.addWidget(self.plot, 1)
        layout.addWidget(self.legend)
        layout.addWidget(self.note)

    def _connect(self) -> None:
        self.axes.changed.connect(self._draw)
        self.jitter.toggled.connect(lambda _on: self._draw())
        self.arrows.toggled.connect(lambda _on: self._draw())
        self.lasso.toggled.connect(
            lambda on: setattr(self.plot.box, "brush_shape", "lasso" if on else "box")
        )
        self.plot.scene().sigMouseMoved.connect(self._on_moved)
        self.plot.box.picked.connect(self._on_picked)
        self.plot.box.brushed.connect(self._on_brushed)
        self.plot.box.emptied.connect(self._on_emptied)
