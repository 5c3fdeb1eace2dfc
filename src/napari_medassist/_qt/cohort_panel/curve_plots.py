"""Curves of the models: precision over recall, found lesions over false ones, and over overlap."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from napari_medassist._qt.cohort_panel.plot_frame import PlotFrame
from napari_medassist._qt.plotting import Look, current_look, pg
from napari_medassist.app.browser.curve_lines import CurveSet

#: A line style for each model too: colour is never the only sign. After Okabe and Ito.
STYLES = (
    ((86, 180, 233), (0, 114, 178), Qt.PenStyle.SolidLine, "o"),
    ((240, 118, 36), (196, 78, 0), Qt.PenStyle.DashLine, "s"),
    ((0, 178, 130), (0, 130, 95), Qt.PenStyle.DotLine, "t1"),
    ((216, 138, 184), (158, 76, 125), Qt.PenStyle.DashDotLine, "d"),
)
_MARKER_PX = 11
#: Where curves seldom are: precision falls with recall, and recall rises with false lesions.
_LEGEND_CORNERS = ((8, -8), (-8, -8))


class CurvePlots(QWidget):
    """Two plots side by side, of every model that is open."""

    def __init__(self) -> None:
        super().__init__()
        self._curves: dict[str, CurveSet] = {}
        self._look = current_look()
        self.plots = (PlotFrame(), PlotFrame())
        self.note = QLabel()
        self.note.setWordWrap(True)
        self._legends = tuple(
            plot.addLegend(offset=corner)
            for plot, corner in zip(self.plots, _LEGEND_CORNERS, strict=True)
        )
        for plot in self.plots:
            plot.setMouseEnabled(x=False, y=False)
        row = QHBoxLayout()
        for plot in self.plots:
            row.addWidget(plot, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(2, 2, 2, 2)
        layout.addWidget(self.note)
        layout.addLayout(row, 1)
        self.set_look(self._look)

    def show_curves(self, curves: Mapping[str, CurveSet]) -> None:
        """Show the curves of models, by their names."""
        self._curves = dict(curves)
        self._draw()

    def set_look(self, look: Look) -> None:
        """Take the colours and the size of letters of napari."""
        self._look = look
        for plot, legend in zip(self.plots, self._legends, strict=True):
            plot.set_look(look)
            legend.setLabelTextColor(look.text)
            legend.setLabelTextSize(f"{look.font_pt}pt")
        self._draw()

    def _draw(self) -> None:
        self.note.setText(" ".join(dict.fromkeys(c.note for c in self._curves.values() if c.note)))
        self.note.setVisible(bool(self.note.text()))
        for place, plot in enumerate(self.plots):
            plot.clear()
            drawn = {name: found.lines[place] for name, found in self._curves.items()}
            for number, (name, line) in enumerate(drawn.items()):
                self._draw_line(place, number, f"{name}{line.summary}", line.x, line.y, line.marker)
            plot.setVisible(any(line.x.size for line in drawn.values()))
            for line in drawn.values():
                plot.label(plot.x_axis, line.x_title)
                plot.label(plot.y_axis, line.y_title)
                plot.box.setRange(xRange=line.x_range, yRange=(0, 1), padding=0.03)

    def _draw_line(
        self,
        place: int,
        number: int,
        title: str,
        x: NDArray[np.float64],
        y: NDArray[np.float64],
        marker: tuple[float, float, str] | None,
    ) -> None:
        on_dark, on_light, style, symbol = STYLES[number % len(STYLES)]
        colour = on_dark if self._look.is_dark else on_light
        plot = self.plots[place]
        plot.plot(x, y, pen=pg.mkPen(colour, width=2, style=style), name=title, connect="finite")
        if marker is not None:
            spot = plot.plot(
                [marker[0]], [marker[1]], pen=None, symbol=symbol, symbolSize=_MARKER_PX,
                symbolBrush=colour, symbolPen=pg.mkPen(self._look.accent, width=1.5),
            )  # fmt: skip
            spot.setToolTip(marker[2])
