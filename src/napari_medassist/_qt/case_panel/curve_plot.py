"""The time-intensity curve of a dynamic series, at the crosshair and in the chosen label."""

from __future__ import annotations

from typing import Any

import numpy as np
from napari.layers import Labels
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QLabel, QVBoxLayout, QWidget

from napari_medassist._qt.bridge import Bridge
from napari_medassist._qt.lane import Errand, Lane
from napari_medassist._qt.plotting import current_look, pg, style_plot
from napari_medassist._qt.threads import Runner
from napari_medassist.app.layer_data import link_of
from napari_medassist.app.measuring.time_curves import TimeCurve, curve_at, curve_in, dynamic_series
from napari_medassist.core.case import Case
from napari_medassist.core.errors import MedAssistError
from napari_medassist.core.geometry import Geometry
from napari_medassist.core.progress import Progress
from napari_medassist.core.volume import GridImage, Volume

#: Waits for the slider to rest.
_REST_MS = 80
_HEIGHT_PX = 170
_POINT, _LABEL = "#56b4e9", "#e69f00"


class CurvePlot(QWidget):
    """Draws the curves of the open case's first dynamic series; hidden where there is none.

    Parameters
    ----------
    bridge
        The link to the viewer and the session.
    """

    def __init__(self, bridge: Bridge) -> None:
        super().__init__()
        self._bridge = bridge
        self._image: Volume | None = None
        self._watched: Labels | None = None
        self.curves: tuple[TimeCurve, ...] = ()
        self.runner = Runner(self, threads=1)
        self._lane = Lane(self.runner, self._prepare)
        self.plot = pg.PlotWidget()
        self.plot.setFixedHeight(_HEIGHT_PX)
        self.plot.setMenuEnabled(False)
        self.plot.setMouseEnabled(x=False, y=False)
        self.plot.hideButtons()
        self.plot.setToolTip(
            "Signal over time of the voxel under the crosshair, and its mean in the chosen label of "
            "the selected label map; of the series' own voxels."
        )
        self.words = QLabel()
        self.words.setWordWrap(True)
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.setInterval(_REST_MS)
        self._later.timeout.connect(self._lane.ask)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        layout.addWidget(self.plot)
        layout.addWidget(self.words)
        self._connect()
        self._on_case(bridge.session.case)

    @property
    def is_busy(self) -> bool:
        """Whether a curve is still to come."""
        return self._lane.is_busy or self._later.isActive()

    # ---------------------------------------------------------------- what happens

    def _connect(self) -> None:
        viewer = self._bridge.viewer
        viewer.dims.events.point.connect(self._on_moved)
        viewer.layers.selection.events.active.connect(self._on_active)
        self._bridge.session.case_changed.connect(self._on_case)

    def _on_case(self, case: Case | None) -> None:
        found = () if case is None else dynamic_series(case)
        self._image = found[0] if found else None
        self.setVisible(self._image is not None)
        self._show(())
        self._on_moved()

    def _on_active(self, _event: Any = None) -> None:
        layer = self._bridge.viewer.layers.selection.active
        if self._watched is not None:
            self._watched.events.selected_label.disconnect(self._on_moved)
            self._watched.events.paint.disconnect(self._on_moved)
        self._watched = layer if isinstance(layer, Labels) else None
        if self._watched is not None:
            self._watched.events.selected_label.connect(self._on_moved)
            self._watched.events.paint.connect(self._on_moved)
        self._on_moved()

    def _on_moved(self, _event: Any = None) -> None:
        if self._image is not None:
            self._later.start()

    # ---------------------------------------------------------------- work

    def _prepare(self) -> Errand | None:
        image, viewer = self._image, self._bridge.viewer
        if image is None or viewer is None or viewer.dims.ndim < 3:
            return None
        point = self._bridge.session.frame.world_to_lps(np.asarray(viewer.dims.point, float)[-3:])
        chosen = self._chosen_label()

        def run(progress: Progress) -> tuple[TimeCurve, ...]:
            at = curve_at(image, point, progress)
            curves = () if at is None else (at,)
            if chosen is not None:
                name, voxels, value, grid = chosen
                region = np.asarray(voxels) == value
                if region.any():
                    curves = (*curves, curve_in(image, name, region, grid, progress))
            return curves

        def accept(curves: tuple[TimeCurve, ...]) -> None:
            if self._image is image:
                self._show(curves)

        return Errand(run, accept, self._tell)

    def _chosen_label(self) -> tuple[str, Any, int, Geometry] | None:
        """Return name, voxels, value and grid of the label that is chosen on the selected label map."""
        layer = self._watched
        link = None if layer is None else link_of(layer.metadata)
        if layer is None or link is None or link.resampled or not isinstance(link.image, GridImage):
            return None
        value, grid = int(layer.selected_label), link.image.geometry
        if not value or np.shape(layer.data) != grid.shape_zyx:
            return None
        return f"{layer.name} {value}", layer.data, value, grid

    # ---------------------------------------------------------------- what is shown

    def _tell(self, error: MedAssistError) -> None:
        self.words.setText(str(error))

    def _show(self, curves: tuple[TimeCurve, ...]) -> None:
        self.curves = curves
        item = self.plot.getPlotItem()
        item.clear()
        for curve in curves:
            colour = _POINT if curve.name == "point" else _LABEL
            item.plot(
                list(curve.times_s),
                list(curve.values),
                pen=pg.mkPen(colour, width=2),
                symbol="o" if curve.name == "point" else "s",
                symbolSize=5,
                symbolBrush=colour,
                symbolPen=None,
            )
        has_times = all(curve.has_times for curve in curves)
        self.plot.setLabel("bottom", "s" if has_times else "time point")
        self.plot.setLabel("left", "signal")
        style_plot(self.plot, current_look(self._bridge.viewer.theme))
        outside = "The dynamic series does not reach the crosshair."
        self.words.setText("\n".join(curve.in_words() for curve in curves) or outside)
