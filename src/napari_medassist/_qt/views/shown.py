"""What a view shows of the viewer's layers: its series, and every visible label map over it."""

from __future__ import annotations

from typing import Any

import numpy as np
from napari.layers import Image, Labels
from numpy.typing import NDArray
from qtpy.QtCore import QRectF, Qt
from qtpy.QtGui import QColor, QPainter, QTransform

from napari_medassist._qt.bridge import Bridge
from napari_medassist._qt.views.link import Link
from napari_medassist._qt.views.marks import Sight
from napari_medassist._qt.views.pictures import image_picture, labels_picture
from napari_medassist.app.hanging.cuts import Cut, cut_grid, sample_on
from napari_medassist.app.hanging.planes import ViewPlane
from napari_medassist.app.hanging.protocol import HungView
from napari_medassist.app.layer_data import POINT_MARKS_KEY, layer_name, link_of
from napari_medassist.core.geometry import Geometry


class Shown:
    """The content of one view.

    Arrays are those of napari's layers: nothing is copied but the slice that is drawn.

    Parameters
    ----------
    bridge
        The link to the viewer and the session.
    link
        What all views share.
    hung
        What the view shows.
    """

    def __init__(self, bridge: Bridge, link: Link, hung: HungView) -> None:
        self.bridge, self.link, self.hung = bridge, link, hung
        self.plane = _plane_of(bridge, hung)

    @property
    def layer(self) -> Image | None:
        """The layer of the series; None if it was removed."""
        found = self.bridge.layer_of(self.hung.image)
        return found if isinstance(found, Image) else None

    @property
    def slice_step_mm(self) -> float:
        """Distance between the slices that the view goes through, mm."""
        if self.hung.plane == "axial" and not self.hung.is_own:
            return float(self.link.viewer.dims.range[-3].step)
        axis = {"axial": 0, "coronal": 1, "sagittal": 2}[self.hung.plane]
        return self.hung.image.geometry.spacing_zyx_mm[axis]

    def sight(self, width: int, height: int) -> Sight:
        """Return how a view of some size looks into the patient now."""
        return Sight(self.plane, self.link.centre_lps, self.link.zoom, width, height)

    def cut(self) -> Cut | None:
        """Return the slice of the series at the linked point; None where it does not reach."""
        layer = self.layer
        if layer is None or layer.rgb:
            return None
        if self.hung.is_own:
            array, geometry = self.at_time(self.hung.image.array), self.hung.image.geometry
        else:
            array, geometry = self.at_time(layer.data), self.drawn_grid(layer)
        return cut_grid(array, geometry, self.plane, self.link.point_lps)

    def draw(self, painter: QPainter, sight: Sight) -> None:
        """Draw the slice, and over it the label maps and the verdicts of a comparison."""
        painter.fillRect(QRectF(0, 0, sight.width, sight.height), QColor(0, 0, 0))
        cut, layer = self.cut(), self.layer
        if cut is None or layer is None:
            painter.setPen(QColor(150, 150, 150))
            middle = QRectF(0, 0, sight.width, sight.height)
            painter.drawText(middle, Qt.AlignmentFlag.AlignCenter, "The series does not reach here.")
            return
        is_smooth = str(layer.interpolation2d) != "nearest"
        picture = image_picture(cut.values, layer, tuple(layer.contrast_limits))
        place(painter, sight, cut, picture, is_smooth=is_smooth)
        self.draw_over(painter, sight, cut)
        for labels in (*reversed(self.bridge.label_layers()), *self.bridge.verdicts.layers):
            if labels.visible:
                of_map = self.cut_labels(labels, cut)
                if of_map is not None:
                    of_map_picture = labels_picture(of_map.values, labels)
                    place(painter, sight, of_map, of_map_picture, is_smooth=False)

    def draw_over(self, painter: QPainter, sight: Sight, cut: Cut) -> None:
        """Draw what lies between the slice and the label maps: nothing in a view of one series."""

    def cut_labels(self, layer: Labels, under: Cut) -> Cut | None:
        """Return a label map in the plane of the view; its nearest voxels where it is oblique."""
        array, geometry = self.at_time(layer.data), self.drawn_grid(layer)
        if self.hung.is_own:
            return sample_on(under, self.plane, array, geometry)
        return cut_grid(array, geometry, self.plane, self.link.point_lps)

    def marked_points(self) -> tuple[list[tuple[NDArray[np.float64], str]], float]:
        """Return the marked points that lie in the slice, LPS mm with their texts, and their radius."""
        layers = self.bridge.viewer.layers
        layer = next((n for n in layers if POINT_MARKS_KEY in n.metadata and n.visible), None)
        cut = self.cut()
        if layer is None or cut is None or not len(layer.data):
            return [], 0.0
        radius = float(layer.size[0]) / 2
        reach = max(radius, self.slice_step_mm / 2)
        points = [self.bridge.session.frame.world_to_lps(point) for point in layer.data]
        depths = [abs(float(self.plane.from_lps(point)[2]) - cut.depth_mm) for point in points]
        texts = layer.features.iloc[:, 0]
        found = zip(points, texts, depths, strict=True)
        return [(point, str(text)) for point, text, depth in found if depth <= reach], radius

    def lines(self) -> list[str]:
        """Return what is written in the corner: series, slice and window."""
        layer, cut = self.layer, self.cut()
        if layer is None:
            return ["(removed)"]
        low, high = layer.contrast_limits
        window = f"W {high - low:.4g}  L {(low + high) / 2:.4g}"
        return [layer_name(self.hung.image), self._slice_words(cut), window]

    def off_plane_mm(self) -> float:
        """Return how far the linked point lies from the slice that is shown, mm, signed."""
        cut = self.cut()
        point = float(self.plane.from_lps(self.link.point_lps)[2])
        return 0.0 if cut is None else point - cut.depth_mm

    def _slice_words(self, cut: Cut | None) -> str:
        own = ", own axes" if self.hung.is_own else ""
        if cut is None or cut.number is None:
            return f"{self.hung.plane}{own}"
        off = self.off_plane_mm()
        told = f", point {abs(off):.1f} mm off" if abs(off) >= 0.05 else ""
        return f"{self.hung.plane}{own}, slice {cut.number + 1}{told}"

    def drawn_grid(self, layer: Image | Labels) -> Geometry:
        """Return the grid of a layer as napari draws it."""
        shape = tuple(int(n) for n in layer.data.shape[-3:])
        frame = self.bridge.session.frame
        return frame.geometry_of(shape, layer.scale[-3:], layer.translate[-3:])

    def at_time(self, array: Any) -> Any:
        """Return an array, or of one over time the volume that the slider stands at."""
        if array.ndim == 3:
            return array
        return np.asarray(array[min(self.link.time, array.shape[0] - 1)])


def is_drawn_along(bridge: Bridge, hung: HungView) -> bool:
    """Tell whether napari's own canvas can show this: a series of the case, axial in its frame."""
    layer = bridge.layer_of(hung.image)
    return (
        layer is not None
        and link_of(layer.metadata) is not None
        and (hung.plane == "axial" and not hung.is_own and hung.over is None)
    )


def _plane_of(bridge: Bridge, hung: HungView) -> ViewPlane:
    if hung.is_own:
        return ViewPlane.of_grid(hung.image.geometry, hung.plane)
    return ViewPlane.of_frame(bridge.session.frame, hung.plane)


def place(painter: QPainter, sight: Sight, cut: Cut, picture: Any, *, is_smooth: bool) -> None:
    """Draw a slice where it lies; a picture's pixels begin half a voxel before the first centre."""
    right, down, _ = sight.plane.from_lps(sight.centre_lps).tolist()
    step_x, step_y = cut.step_mm[0] * sight.zoom, cut.step_mm[1] * sight.zoom
    x = (cut.first_mm[0] - right) * sight.zoom + sight.width / 2 - step_x / 2
    y = (cut.first_mm[1] - down) * sight.zoom + sight.height / 2 - step_y / 2
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, is_smooth)
    painter.setTransform(QTransform(step_x, 0, 0, step_y, x, y), combine=True)
    painter.drawImage(0, 0, picture)
    painter.restore()
