"""What is drawn in the scatter plot: points by category, chosen ones, margins, arrows."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import Qt
from qtpy.QtGui import QColor

from napari_medassist._qt.cohort_panel.plot_frame import PlotFrame
from napari_medassist._qt.cohort_panel.signs import colour_of
from napari_medassist._qt.plotting import Look, current_look, pg
from napari_medassist.app.browser.case_table import Rows
from napari_medassist.app.browser.categories import CATEGORIES
from napari_medassist.app.browser.points import Axis
from napari_medassist.app.browser.shown import Shown

Floats = NDArray[np.float64]
_SIZE, _FAINT_SIZE, _RING_SIZE, _OPEN_SIZE = 9, 5, 14, 18
_ALPHA, _FAINT_ALPHA, _ARROW_ALPHA = 170, 70, 130
_HEAD_SHARE = 0.25


class Points(pg.ScatterPlotItem):
    """Points that leave the mouse to the area they lie in, which knows all of them."""

    _shown: tuple[Look, Floats, Floats] | None = None

    def show_at(self, x: Floats, y: Floats, look: Look, colour: QColor | None = None) -> None:
        """Draw points, in a colour if they have one of their own; nothing is done if they stand there.

        To place ten thousand takes a tenth of a second, and most changes move none.
        """
        before, self._shown = self._shown, (look, x, y)
        if before is not None and before[0] == look and _is_same(before[1:], (x, y)):
            return
        if colour is not None:
            self.setBrush(colour, update=False)
        self.setData(x=x, y=y)

    def mouseClickEvent(self, event: Any) -> None:  # noqa: N802 - pyqtgraph's name
        """Take no click."""
        event.ignore()


class PointLayers:
    """The items in a plot; they are made once and given other points.

    Parameters
    ----------
    plot
        The plot.
    """

    def __init__(self, plot: PlotFrame) -> None:
        self._faint = Points(pen=None, size=_FAINT_SIZE)
        self._by_category = [
            Points(pen=None, symbol=category.symbol, size=_SIZE) for category in CATEGORIES
        ]
        self._rings = Points(symbol="o", size=_RING_SIZE, brush=None)
        self._open = Points(symbol="o", size=_OPEN_SIZE, brush=None)
        self._arrows = pg.PlotCurveItem(connect="pairs")
        self._heads = pg.PlotCurveItem(connect="pairs")
        self._good = [_line(angle) for angle in (90, 0)]
        self._margins = [_line(angle) for angle in (90, 0)]
        self._titles = [pg.TextItem(anchor=(1, 0), angle=90), pg.TextItem(anchor=(1, 1))]
        behind = [*self._good, *self._margins, self._faint, self._arrows, self._heads]
        for item in (*behind, *self._titles, *self._by_category, self._rings, self._open):
            plot.addItem(item, ignoreBounds=True)
        self._look = current_look()

    def set_look(self, look: Look) -> None:
        """Take the colours of napari."""
        self._look = look
        self._rings.setPen(pg.mkPen(look.accent, width=1.5))
        self._open.setPen(pg.mkPen(look.accent, width=3))
        for line in self._good:
            line.setPen(pg.mkPen(look.text, width=1, style=Qt.PenStyle.DashLine))
        for line in self._margins:
            line.setPen(pg.mkPen(look.faint, width=1))
        faint = pg.mkColor(look.faint)
        faint.setAlpha(_FAINT_ALPHA)
        self._faint.setBrush(faint)
        arrow = pg.mkColor(look.text)
        arrow.setAlpha(_ARROW_ALPHA)
        self._arrows.setPen(pg.mkPen(arrow))
        self._heads.setPen(pg.mkPen(look.text, width=2.5))
        for title in self._titles:
            title.setColor(look.text)
            title.setFont(look.font())

    def show_points(self, shown: Shown, rows: Rows, x: Floats, y: Floats) -> None:
        """Draw cases by category; those that the filter leaves out stand back."""
        is_shown, categories = shown.is_shown[rows], shown.categories[rows]
        look = self._look
        self._faint.show_at(x[~is_shown], y[~is_shown], look)
        for number, (category, item) in enumerate(zip(CATEGORIES, self._by_category, strict=True)):
            here = is_shown & (categories == number)
            colour = colour_of(category, is_dark=self._look.is_dark)
            if category.symbol in ("+", "x"):
                item.setPen(pg.mkPen(colour, width=1.5), update=False)
            colour.setAlpha(_ALPHA)
            item.show_at(x[here], y[here], look, colour)
        for item, chosen in ((self._rings, shown.selected_rows), (self._open, shown.opened_rows)):
            here = np.isin(rows, chosen)
            item.show_at(x[here], y[here], look)

    def show_margins(self, shown: Shown, names: tuple[str, str], axes: tuple[Axis, Axis]) -> None:
        """Draw from where on a Dice looks good, and the margins of cases without a value."""
        for name, axis, other, good, line, title in zip(
            names, axes, axes[::-1], self._good, self._margins, self._titles, strict=True
        ):
            good.setVisible(name == "dice")
            good.setValue(shown.table.good_dice)
            line.setVisible(bool(axis.n_missing))
            title.setVisible(bool(axis.n_missing))
            line.setValue((axis.margin[1] + axis.low) / 2)
            title.setText(f"no {shown.table.column(name).title}: {axis.n_missing}")
            place = (axis.margin[0], other.high)
            title.setPos(*(place if title is self._titles[0] else place[::-1]))

    def show_arrows(self, shown: Shown, names: tuple[str, str], *, on: bool) -> None:
        """Draw from where the other model puts a case to where this one does; the thick end is this."""
        empty = np.empty(0)
        if not on or shown.other is None:
            for item in (self._arrows, self._heads):
                item.setData(empty, empty)
            return
        here, there = (
            np.stack([np.asarray(table.values(n), float)[shown.order] for n in names])
            for table in (shown.table, shown.other)
        )
        moved = np.isfinite(here).all(0) & np.isfinite(there).all(0) & (here != there).any(0)
        here, there = here[:, moved], there[:, moved]
        neck = here + _HEAD_SHARE * (there - here)
        for item, start in ((self._arrows, there), (self._heads, neck)):
            ends = np.stack([start, here], axis=2).reshape(2, -1)
            item.setData(ends[0], ends[1])


def _is_same(before: tuple[Floats, ...], now: tuple[Floats, ...]) -> bool:
    return all(map(np.array_equal, before, now))


def _line(angle: float) -> pg.InfiniteLine:
    line = pg.InfiniteLine(angle=angle, movable=False)
    line.setAcceptedMouseButtons(Qt.MouseButton.NoButton)
    return line
