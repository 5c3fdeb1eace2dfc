"""pyqtgraph, told to use the binding of Qt that qtpy has chosen, and napari's colours for it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from napari.settings import get_settings
from napari.utils.theme import get_system_theme, get_theme
from qtpy import API_NAME
from qtpy.QtGui import QColor, QFont

os.environ.setdefault("PYQTGRAPH_QT_LIB", API_NAME)
import pyqtgraph as pg

__all__ = ["Look", "current_look", "pg", "style_plot"]


@dataclass(frozen=True)
class Look:
    """Colours and the size of letters as they are set in napari.

    Parameters
    ----------
    is_dark
        Whether the ground is dark.
    ground, text, faint, accent
        Colours of the ground, of letters, of what stands back, and of what is chosen.
    font_pt
        Size of letters in points.
    """

    is_dark: bool
    ground: QColor
    text: QColor
    faint: QColor
    accent: QColor
    font_pt: int

    def font(self) -> QFont:
        """Return the font of ticks and labels in a plot."""
        font = QFont()
        font.setPointSize(self.font_pt)
        return font


def current_look(theme_name: str | None = None) -> Look:
    """Return the look of napari as it is set now.

    Parameters
    ----------
    theme_name
        The viewer's theme; by default the one in the settings.
    """
    appearance = get_settings().appearance
    name = theme_name or appearance.theme
    theme = get_theme(get_system_theme() if name == "system" else name)
    return Look(
        is_dark=theme.type == "dark",
        ground=_colour(theme.background),
        text=_colour(theme.text),
        faint=_colour(theme.highlight),
        accent=QColor(255, 255, 255) if theme.type == "dark" else QColor(0, 0, 0),
        font_pt=int(appearance.font_size),
    )


def style_plot(plot: Any, look: Look) -> None:
    """Give a plot widget the colours and letters of a look."""
    plot.setBackground(look.ground)
    for side in ("left", "bottom"):
        axis = plot.getPlotItem().getAxis(side)
        axis.setPen(pg.mkPen(look.faint))
        axis.setTextPen(pg.mkPen(look.text))
        axis.setTickFont(look.font())
        axis.enableAutoSIPrefix(enable=False)  # "x0.001" beside a share would be taken for a unit
        style = {"color": look.text.name(), "font-size": f"{look.font_pt}pt"}
        axis.setLabel(axis.labelText, **style)


def _colour(colour: Any) -> QColor:
    return QColor(*colour.as_rgb_tuple()[:3])
