"""What the plots of the cohort dock share: axes, legend, colours, an area to brush in."""

from __future__ import annotations

from typing import Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QComboBox, QLabel, QSizePolicy

from napari_medassist._qt.cohort_panel.brush_box import BrushBox
from napari_medassist._qt.cohort_panel.signs import colour_of
from napari_medassist._qt.plotting import Look, pg, style_plot
from napari_medassist.app.browser.categories import CATEGORIES
from napari_medassist.app.browser.columns import CaseColumn
from napari_medassist.app.browser.shown import Shown

_SIGNS = {"t1": "▲", "d": "◆", "o": "●", "s": "■", "+": "✚", "x": "✖"}
_MIN_HEIGHT_PX = 90


class ValueAxis(pg.AxisItem):
    """An axis of plain numbers, without ticks below the smallest value: undefined ones lie there."""

    def __init__(self, side: str) -> None:
        super().__init__(side)
        self.first: float | None = None

    def tickValues(self, low: float, high: float, size: float) -> Any:  # noqa: N802 - pyqtgraph's name
        """Return the ticks."""
        levels = super().tickValues(low, high, size)
        if self.first is None:
            return levels
        return [(step, [v for v in values if v >= self.first - 1e-9]) for step, values in levels]

    def getSIPrefixEnableRanges(self) -> tuple[()]:  # noqa: N802 - pyqtgraph's name
        """Return that no range is shown in thousandths; to switch that off alone scales ticks anew."""
        return ()


class PlotFrame(pg.PlotWidget):
    """A plot whose area is brushed.

    Parameters
    ----------
    box
        The area.
    """

    def __init__(self, box: BrushBox | None = None) -> None:
        self.box = box or BrushBox()
        axes = {side: ValueAxis(side) for side in ("left", "bottom")}
        super().__init__(viewBox=self.box, axisItems=axes)
        self.x_axis, self.y_axis = axes["bottom"], axes["left"]
        self.getPlotItem().hideButtons()
        self._drop_title()
        self.setMinimumHeight(_MIN_HEIGHT_PX)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)

    def _drop_title(self) -> None:
        """Take the unused title away: Qt resizes it while it deletes the plot, half of it gone."""
        item = self.getPlotItem()
        item.layout.removeItem(item.titleLabel)
        item.titleLabel.setParentItem(None)
        item.titleLabel.hide()

    def set_look(self, look: Look) -> None:
        """Take the colours and the size of letters of napari."""
        style_plot(self, look)
        self.box.set_look(look)

    def label(self, axis: ValueAxis, text: str) -> None:
        """Write what an axis shows, in the style that it has."""
        axis.setLabel(text, **axis.labelStyle)


def legend_label() -> QLabel:
    """Return an empty legend that breaks its line where there is little room."""
    label = QLabel()
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.RichText)
    label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
    label.setToolTip("<br>".join(f"<b>{c.title}</b>: {c.tip}." for c in CATEGORIES[:-1]))
    return label


def legend_text(shown: Shown, look: Look) -> str:
    """Return the categories that occur, with their signs and numbers, as rich text."""
    parts = []
    for category, number in zip(CATEGORIES, shown.counts, strict=True):
        if number:
            colour = colour_of(category, is_dark=look.is_dark).name()
            sign = f'<span style="color:{colour}">{_SIGNS[category.symbol]}</span>'
            parts.append(f"{sign}&nbsp;{category.title.replace(' ', '&nbsp;')}&nbsp;{number}")
    return " &nbsp; ".join(parts)


def fill_columns(box: QComboBox, columns: tuple[CaseColumn, ...]) -> None:
    """Offer the numeric columns, and keep what was chosen."""
    offered = [column for column in columns if column.is_numeric]
    names = [box.itemData(place) for place in range(box.count())]
    if names == [column.name for column in offered]:
        return
    chosen = box.currentData()
    was_blocked = box.blockSignals(True)  # noqa: FBT003 - Qt's own style
    box.clear()
    for place, column in enumerate(offered):
        box.addItem(column.header, column.name)
        box.setItemData(place, column.tip, Qt.ItemDataRole.ToolTipRole)
    choose(box, chosen)
    box.blockSignals(was_blocked)


def choose(box: QComboBox, name: str | None) -> bool:
    """Choose a column by name, if it is offered."""
    place = box.findData(name)
    if place >= 0:
        box.setCurrentIndex(place)
    return place >= 0


def column_box(tip: str) -> QComboBox:
    """Return an empty box to choose a column from, which long titles do not widen."""
    box = QComboBox()
    box.setToolTip(tip)
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    box.setMinimumContentsLength(9)
    return box
