"""How much the headline numbers depend on the convention: a table, and one number of it drawn."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from qtpy.QtCore import Qt, Signal
from qtpy.QtGui import QResizeEvent
from qtpy.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSplitter,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from napari_medassist._qt.cohort_panel.case_model import wrapped
from napari_medassist._qt.cohort_panel.curve_plots import STYLES
from napari_medassist._qt.cohort_panel.plot_frame import PlotFrame
from napari_medassist._qt.plotting import Look, current_look, pg
from napari_medassist.app.browser.sensitivity_rows import (
    NUMBERS,
    SensitivityRow,
    flips_in_words,
)

_SIZE_PX = 10
_PADDING = 0.08
_N_LETTERS = 16
_MIN_WIDTH = 160
_ROW_PADDING = 6
#: Buttons above the plot, and its axis below.
_LINES_AROUND = 5
_TABLE_SHARE, _PLOT_SHARE = 620, 380
_EMPTY = "How much do the headline numbers depend on the convention? Compute it, or pin those of now."


class SensitivityTab(QWidget):
    """Conventions and pins in rows, headline numbers in columns; a click on a column draws it.

    Signals
    -------
    compute_asked
        Emitted when all presets shall be computed.
    pin_asked
        Emitted when the numbers of now shall be pinned.
    unpin_asked
        Emits the pin of the selected row.
    """

    compute_asked = Signal()
    pin_asked = Signal()
    unpin_asked = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._rows: tuple[SensitivityRow, ...] = ()
        self._model = ""
        self._number = 0
        self._look = current_look()
        self.compute = QPushButton("Compute all presets")
        self.compute.setToolTip("Judge all models under every convention that comes with the plugin")
        self.pin = QPushButton("Pin")
        self.pin.setToolTip("Keep the numbers of the model and convention of now as a row")
        self.unpin = QPushButton("Unpin")
        self.unpin.setToolTip("Take the pin of the selected row away")
        self.note = QLabel()
        self.note.setWordWrap(True)
        self.table = QTableWidget()
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.setShowGrid(False)
        self.plot = PlotFrame()
        self.plot.setMouseEnabled(x=False, y=False)
        self._lay_out()
        self.compute.clicked.connect(lambda: self.compute_asked.emit())
        self.pin.clicked.connect(lambda: self.pin_asked.emit())
        self.unpin.clicked.connect(lambda: self._on_unpin())
        self.table.horizontalHeader().sectionClicked.connect(self._on_column)
        self.table.cellClicked.connect(lambda _row, column: self._on_column(column))
        self.set_look(self._look)

    def show_rows(self, rows: Sequence[SensitivityRow], model: str) -> None:
        """Show rows; numbers in the table are those of one model."""
        self._rows, self._model = tuple(rows), model
        self._fill()
        self._draw()

    def set_look(self, look: Look) -> None:
        """Take the colours and the size of letters of napari."""
        self._look = look
        self.plot.set_look(look)
        self._draw()

    def _fill(self) -> None:
        has_models = any(len(row.headlines) > 1 for row in self._rows)
        titles = [number.title for number in NUMBERS] + ["Best F1"] * has_models
        self.table.setRowCount(len(self._rows))
        self.table.setColumnCount(len(titles))
        self.table.setHorizontalHeaderLabels(titles)
        self.table.setVerticalHeaderLabels([row.title for row in self._rows])
        for column, number in enumerate(NUMBERS):
            tip = wrapped(f"{number.tip} Click to draw it.")
            self.table.horizontalHeaderItem(column).setToolTip(tip)
        for place, row in enumerate(self._rows):
            self.table.verticalHeaderItem(place).setToolTip(wrapped(row.tip))
            self._fill_row(place, row, has_models=has_models)
        self.table.resizeColumnsToContents()
        self._fit_rows()
        self.table.setVisible(bool(self._rows))
        self._show_plot()
        self.unpin.setEnabled(any(row.pin is not None for row in self._rows))
        told = flips_in_words(self._rows)
        self.note.setText(told if self._rows else _EMPTY)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        """Leave the room to the table where the names beside the plot would lie on each other."""
        super().resizeEvent(event)
        self._show_plot()

    def _show_plot(self) -> None:
        needed = (len(self._rows) + _LINES_AROUND) * self.fontMetrics().height()
        self.plot.setVisible(bool(self._rows) and self.height() >= needed)

    def _fit_rows(self) -> None:
        """Keep rows as low as their letters allow, and their names readable."""
        letters = self.table.fontMetrics()
        header = self.table.verticalHeader()
        header.setMinimumSectionSize(letters.height())
        header.setDefaultSectionSize(letters.height() + _ROW_PADDING)
        header.setMaximumWidth(letters.horizontalAdvance("x" * (_N_LETTERS + 2)))

    def _fill_row(self, place: int, row: SensitivityRow, *, has_models: bool) -> None:
        headline = row.headlines.get(self._model)
        for column, number in enumerate(NUMBERS):
            text = "-" if headline is None else number.text(headline[number.name])
            item = QTableWidgetItem(text)
            item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            self.table.setItem(place, column, item)
        if has_models:
            best = row.best(next(number for number in NUMBERS if number.name == "micro_f1"))
            self.table.setItem(place, len(NUMBERS), QTableWidgetItem(" = ".join(best)))

    def _draw(self) -> None:
        self.plot.clear()
        if not self._rows:
            return
        number = NUMBERS[self._number]
        models = list(dict.fromkeys(name for row in self._rows for name in row.headlines))
        places = -np.arange(len(self._rows), dtype=float)
        low, high = 0.0, 0.0
        for style, model in zip(range(len(models)), models, strict=True):
            values = np.array([_value(row, model, number.name) for row in self._rows])
            on_dark, on_light, _, symbol = STYLES[style % len(STYLES)]
            colour = on_dark if self._look.is_dark else on_light
            spots = pg.ScatterPlotItem(
                x=values, y=places, symbol=symbol, size=_SIZE_PX, brush=colour, pen=None, name=model
            )
            self.plot.addItem(spots)
            high = max(high, np.nanmax(values, initial=high))
        self.plot.y_axis.setTicks(
            [[(y, row.title[:_N_LETTERS]) for y, row in zip(places, self._rows, strict=True)]]
        )
        self.plot.label(self.plot.x_axis, number.title)
        top = high or 1.0
        self.plot.box.setRange(
            xRange=(low, top), yRange=(places[-1] - 0.5, 0.5), padding=_PADDING, disableAutoRange=True
        )

    def _on_column(self, column: int) -> None:
        if column < len(NUMBERS):
            self._number = column
            self._draw()

    def _on_unpin(self) -> None:
        place = self.table.currentRow()
        if 0 <= place < len(self._rows) and self._rows[place].pin is not None:
            self.unpin_asked.emit(self._rows[place].pin)

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.addWidget(self.note, 1)
        for button in (self.compute, self.pin, self.unpin):
            row.addWidget(button)
        halves = QSplitter(Qt.Orientation.Horizontal)
        halves.addWidget(self.table)
        halves.addWidget(self.plot)
        halves.setSizes([_TABLE_SHARE, _PLOT_SHARE])
        halves.setChildrenCollapsible(False)
        self.table.setMinimumWidth(_MIN_WIDTH)
        self.plot.setMinimumWidth(_MIN_WIDTH)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(2, 2, 2, 2)
        layout.setSpacing(2)
        layout.addLayout(row)
        layout.addWidget(halves, 1)


def _value(row: SensitivityRow, model: str, name: str) -> float:
    headline = row.headlines.get(model)
    return float("nan") if headline is None else headline[name]
