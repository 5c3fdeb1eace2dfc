"""How often each value of a number occurs, by category; a range is brushed to filter the cases."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import Signal
from qtpy.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from napari_medassist._qt.cohort_panel import plot_frame as frames
from napari_medassist._qt.cohort_panel.brush_box import BrushBox, box_of
from napari_medassist._qt.cohort_panel.plot_frame import PlotFrame
from napari_medassist._qt.cohort_panel.signs import colour_of
from napari_medassist._qt.plotting import Look, current_look, pg
from napari_medassist.app.browser.bins import Bins
from napari_medassist.app.browser.categories import CATEGORIES
from napari_medassist.app.browser.shown import Shown

_TIP = "Drag over a range to show its cases only; double click shows all again."
_FAINT_ALPHA, _REGION_ALPHA = 90, 40
_FRONT = 10
_PADDING = 0.03
_BAR_SHARE = 0.94


class Histogram(QWidget):
    """Bars: all cases pale, those that the filter leaves in the colours of their categories.

    Signals
    -------
    range_chosen
        Emits the name of a column, and a pair of limits or None.
    """

    range_chosen = Signal(str, object)

    def __init__(self) -> None:
        super().__init__()
        self._shown = Shown.nothing()
        self._look = current_look()
        self._limits: dict[str, tuple[float, float]] = {}
        self._wanted = ""
        self.column = frames.column_box("The number whose values are counted")
        self.clear = QPushButton("Clear range")
        self.clear.setToolTip("Show the cases of all values again")
        self.plot = PlotFrame(BrushBox("span"))
        self.plot.setToolTip(_TIP)
        self.legend = frames.legend_label()
        self.note = QLabel()
        self.note.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        self._all = pg.BarGraphItem(x=[], height=[], width=1)
        self._bars = [pg.BarGraphItem(x=[], height=[], width=1) for _ in CATEGORIES]
        self._region = pg.LinearRegionItem(movable=True)
        self._region.setZValue(_FRONT)
        for item in (self._all, *self._bars, self._region):
            self.plot.addItem(item, ignoreBounds=True)
        self._lay_out()
        self._connect()
        self.set_look(self._look)

    def show_cases(self, shown: Shown, limits: Mapping[str, tuple[float, float]]) -> None:
        """Show cases, and the ranges that the filter has by column."""
        self._shown = shown
        before = self.column.currentData()
        frames.fill_columns(self.column, shown.table.columns)
        if before is None or self.column.findData(before) < 0:
            frames.choose(self.column, "dice")
        if self._wanted and frames.choose(self.column, self._wanted):
            self._wanted = ""
        self._limits = dict(limits)
        self._draw()

    def set_look(self, look: Look) -> None:
        """Take the colours and the size of letters of napari."""
        self._look = look
        self.plot.set_look(look)
        region = pg.mkColor(look.accent)
        region.setAlpha(_REGION_ALPHA)
        self._region.setBrush(region)
        self._draw()

    def state(self) -> dict[str, Any]:
        """Return the chosen column, to be restored next time."""
        return {"column": self.column.currentData()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Choose the column of last time, now or as soon as it is offered."""
        self._wanted = str(state.get("column"))
        frames.choose(self.column, self._wanted)

    def _draw(self) -> None:
        name = self.column.currentData()
        if name is None:
            return
        table = self._shown.table
        values = np.asarray(table.values(name), dtype=np.float64)
        bins = Bins.of(values[self._shown.is_reached], whole=table.column(name).kind == "count")
        everything = bins.counts(values[self._shown.is_reached])
        faint = pg.mkColor(self._look.faint)
        faint.setAlpha(_FAINT_ALPHA)
        self._set_bars(self._all, bins, everything, np.zeros(everything.size), faint)
        below = np.zeros(everything.size)
        for number, (category, item) in enumerate(zip(CATEGORIES, self._bars, strict=True)):
            here = self._shown.is_shown & (self._shown.categories == number)
            counts = bins.counts(values[here])
            colour = colour_of(category, is_dark=self._look.is_dark)
            self._set_bars(item, bins, counts, below, colour)
            below = below + counts
        self.plot.label(self.plot.x_axis, table.column(name).header)
        self.plot.label(self.plot.y_axis, "Cases")
        self.plot.box.setRange(
            xRange=(bins.edges[0], bins.edges[-1]),
            yRange=(0, max(1, everything.max(initial=0))),
            padding=_PADDING,
        )
        self._show_range(name)
        self.legend.setText(frames.legend_text(self._shown, self._look))
        self.note.setText(self._shown.missing_in_words(name))

    def _show_range(self, name: str) -> None:
        limits = self._limits.get(name)
        self._region.setVisible(limits is not None)
        self.clear.setEnabled(limits is not None)
        if limits is not None:
            was_blocked = self._region.blockSignals(True)  # noqa: FBT003 - Qt's own style
            self._region.setRegion(limits)
            self._region.blockSignals(was_blocked)

    def _set_bars(
        self,
        item: pg.BarGraphItem,
        bins: Bins,
        counts: NDArray[np.int64],
        below: NDArray[np.float64],
        colour: Any,
    ) -> None:
        some = counts > 0
        item.setOpts(
            x=((bins.edges[:-1] + bins.edges[1:]) / 2)[some],
            width=_BAR_SHARE * float(bins.edges[1] - bins.edges[0]),
            y0=below[some],
            height=counts[some],
            brush=colour,
            pen=None,
        )

    def _choose(self, limits: tuple[float, float] | None) -> None:
        name = self.column.currentData()
        if name is not None:
            self.range_chosen.emit(name, limits)

    def _on_region(self) -> None:
        low, high = self._region.getRegion()
        self._choose((float(low), float(high)))

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.addWidget(self.column, 2)
        row.addWidget(self.note, 3)
        row.addWidget(self.clear)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(2, 2, 2, 2)
        layout.setSpacing(2)
        layout.addLayout(row)
        layout.addWidget(self.plot, 1)
        layout.addWidget(self.legend)

    def _connect(self) -> None:
        self.column.currentIndexChanged.connect(lambda _place: self._draw())
        self.clear.clicked.connect(lambda: self._choose(None))
        self.plot.box.brushed.connect(lambda corners: self._choose(box_of(corners)))
        self.plot.box.emptied.connect(lambda: self._choose(None))
        self._region.sigRegionChangeFinished.connect(lambda _region: self._on_region())
