"""The outline that is being drawn: points, and a layer that shows them and holds nothing else."""

from __future__ import annotations

from typing import Any

import numpy as np
from napari.layers import Labels, Shapes

from napari_medassist.app.layer_data import AXES_ZYX
from napari_medassist.core.geometry import Triple

NAME = "Outline (MedAssist)"
#: Marks layers that only show something; they are never saved as labels.
OVERLAY_KEY = "medassist_overlay"


class Outline:
    """Corners of an outline in one slice, drawn over a viewer's layers.

    Parameters
    ----------
    viewer
        The viewer.
    """

    def __init__(self, viewer: Any) -> None:
        self._viewer = viewer
        self.corners_zyx: list[Triple] = []
        self.shown_zyx: list[Triple] = []
        self.axis = 0
        self._layer: Shapes | None = None

    def begin(self, axis: int) -> None:
        """Begin an outline in a slice across an axis."""
        self.corners_zyx, self.axis = [], axis

    def is_in_slice(self, axis: int, point_zyx: Triple) -> bool:
        """Tell whether a point (voxel index) lies in the slice of the outline."""
        first = self.corners_zyx[0][self.axis]
        return axis == self.axis and round(float(first)) == round(float(point_zyx[axis]))

    def show(self, layer: Labels, points_zyx: list[Triple]) -> None:
        """Draw a line through points, voxel indices of a layer."""
        self.shown_zyx = list(points_zyx)
        if len(points_zyx) < 2:
            return
        world = np.asarray([layer.data_to_world(point) for point in points_zyx])
        lines = self._lines(layer.ndim)
        lines.data = []
        lines.add_paths(world, edge_width=0.4, edge_color="yellow")

    def clear(self) -> None:
        """Forget the outline and take its layer away."""
        self.corners_zyx, self.shown_zyx = [], []
        if self._layer is not None and self._layer in self._viewer.layers:
            self._viewer.layers.remove(self._layer)
        self._layer = None

    def _lines(self, ndim: int) -> Shapes:
        if self._layer is None or self._layer not in self._viewer.layers:
            layers = self._viewer.layers
            active = layers.selection.active
            # The units of the others: napari draws without any where layers disagree.
            self._layer = Shapes(
                ndim=ndim,
                name=NAME,
                metadata={OVERLAY_KEY: True},
                units=("mm",) * ndim,
                axis_labels=AXES_ZYX,
            )
            self._viewer.add_layer(self._layer)
            layers.selection.active = active  # the mouse stays with what is annotated
        return self._layer
