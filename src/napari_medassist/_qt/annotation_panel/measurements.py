"""Distances, angles and ellipses drawn on a layer of their own; it is never saved as labels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from napari.layers import Image, Shapes

from napari_medassist._qt.annotation_panel.outline import OVERLAY_KEY
from napari_medassist._qt.bridge import Bridge
from napari_medassist.app.layer_data import AXES_ZYX, link_of
from napari_medassist.app.measuring.lengths import angle_deg, distance_mm
from napari_medassist.app.measuring.region_values import ellipse_region, region_values
from napari_medassist.core.errors import InvalidSetting, MedAssistError
from napari_medassist.core.video import VideoClip
from napari_medassist.core.volume import Volume

NAME = "Measurements (MedAssist)"
#: What is measured -> napari's mode that draws it.
MODES = {"Distance": "add_line", "Angle": "add_polyline", "Ellipse": "add_ellipse"}


class Measurements:
    """The layer of measurements: what is drawn on it is measured and written beside it.

    Parameters
    ----------
    bridge
        The link to the viewer and the session.
    image
        Returns the image that an ellipse is measured in.
    tell
        Shows a message.
    """

    def __init__(
        self, bridge: Bridge, image: Callable[[], Volume | None], tell: Callable[[str], None]
    ) -> None:
        self._bridge, self._image, self._tell = bridge, image, tell
        self._layer: Shapes | None = None
        self._is_writing = False

    def begin(self, what: str) -> None:
        """Let the mouse draw a distance, an angle (three clicks, then Enter) or an ellipse."""
        layer = self._shapes()
        self._bridge.viewer.layers.selection.active = layer
        layer.mode = MODES[what]

    def _shapes(self) -> Shapes:
        viewer = self._bridge.viewer
        if self._layer is None or self._layer not in viewer.layers:
            layer = Shapes(
                ndim=3,
                name=NAME,
                metadata={OVERLAY_KEY: True},
                units=("mm",) * 3,
                axis_labels=AXES_ZYX,
                features={"measure": np.asarray([], dtype=object)},
                text={"string": "{measure}", "color": "yellow", "size": 10, "anchor": "upper_left"},
                edge_color="yellow",
                face_color="transparent",
                edge_width=0.3,
            )
            layer.events.data.connect(self._measure)
            viewer.add_layer(layer)
            self._layer = layer
        return self._layer

    def _measure(self, _event: Any) -> None:
        """Measure the newest shape once it is there, and those that were moved."""
        layer = self._layer
        if layer is None or self._is_writing or not layer.nshapes:
            return
        self._is_writing = True
        try:
            words = [
                self._words(kind, np.asarray(corners))
                for kind, corners in zip(layer.shape_type, layer.data, strict=True)
            ]
            layer.features = {"measure": np.asarray(words, dtype=object)}
            layer.feature_defaults = {"measure": ""}
            self._tell(words[-1].replace("\n", ", "))
        finally:
            self._is_writing = False

    def _words(self, kind: str, corners_zyx_mm: np.ndarray) -> str:
        try:
            if kind == "line":
                length = distance_mm(corners_zyx_mm[0], corners_zyx_mm[1])
                return f"{length:.1f} {self._unit()}"
            if kind == "ellipse":
                return self._ellipse(corners_zyx_mm)
            if len(corners_zyx_mm) < 3:
                return ""
            return f"{angle_deg(*corners_zyx_mm[:3]):.1f} deg"
        except MedAssistError as error:
            return error.message

    def _unit(self) -> str:
        """Return the unit of lengths: pixels where a clip is shown whose pixels have no size."""
        clips = [
            image
            for layer in self._bridge.layers(Image)
            if layer.visible
            and (link := link_of(layer.metadata)) is not None
            and isinstance(image := link.image, VideoClip)
        ]
        return "pixels" if any(clip.spacing_yx_mm is None for clip in clips) else "mm"

    def _ellipse(self, corners_zyx_mm: np.ndarray) -> str:
        """Return what the image says within an ellipse; on the grid of the case's reference image."""
        session, image = self._bridge.session, self._image()
        reference = session.annotation_volume()
        if image is None or reference is None:
            raise InvalidSetting("There is no image to measure.")
        grid = reference.geometry
        middle, extent = corners_zyx_mm.mean(axis=0), np.ptp(corners_zyx_mm, axis=0)
        centre = grid.lps_to_index(session.frame.world_to_lps(middle))
        axis = int(extent.argmin())
        half = np.maximum(extent / 2, 1e-6)
        region = ellipse_region(grid, tuple(centre), tuple(half), axis=axis)
        return region_values(image, region, grid).in_words().replace(", ", "\n")
