"""A view of two series in one: blended, in tiles, or with a divider that the mouse drags."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from napari.layers import Image
from qtpy.QtCore import QPointF, QRectF, Qt
from qtpy.QtGui import QColor, QImage, QMouseEvent, QPainter, QPen, QResizeEvent
from qtpy.QtWidgets import QWidget

from napari_medassist._qt.bridge import Bridge
from napari_medassist._qt.views.fusion_bar import COLOURS, FusionBar, short_name
from napari_medassist._qt.views.link import Link
from napari_medassist._qt.views.marks import Sight
from napari_medassist._qt.views.painting import paintable
from napari_medassist._qt.views.pictures import mask_picture, overlay_picture
from napari_medassist._qt.views.shown import Shown, place
from napari_medassist._qt.views.view import LinkedView
from napari_medassist.app.hanging.cuts import Cut
from napari_medassist.app.hanging.fusion import Fusion, Overlay, overlay_on
from napari_medassist.app.hanging.protocol import HungView
from napari_medassist.core.transform import AffineTransform, Transform
from napari_medassist.core.volume import Volume

_NEAR_PX, _LINE = 6, QColor(255, 220, 120, 220)


class FusedShown(Shown):
    """The content of a view of two series.

    Parameters
    ----------
    bridge, link
        As elsewhere.
    hung
        What the view shows; its ``over`` is the upper series.
    """

    def __init__(self, bridge: Bridge, link: Link, hung: HungView) -> None:
        super().__init__(bridge, link, hung)
        self.fusion, self.colours = Fusion(), COLOURS[0]
        self._transform: Transform = AffineTransform.identity()
        self._sampled: tuple[tuple[Any, ...], Overlay] | None = None
        self._painted: tuple[tuple[Any, ...], QImage] | None = None

    @property
    def transform(self) -> Transform:
        """Where a point of the lower series lies in the upper one, LPS mm to LPS mm."""
        return self._transform

    @transform.setter
    def transform(self, transform: Transform) -> None:
        self._transform, self._sampled = transform, None

    @property
    def upper_layer(self) -> Image | None:
        """The layer of the upper series; None if it was removed."""
        found = None if self.hung.over is None else self.bridge.layer_of(self.hung.over)
        return found if isinstance(found, Image) and not found.rgb else None

    def overlay(self, cut: Cut) -> Overlay | None:
        """Return the upper series where a slice of the lower one lies; sampled once for each."""
        layer, over = self.upper_layer, self.hung.over
        if layer is None or over is None:
            return None
        is_smooth = str(layer.interpolation2d) != "nearest"
        place_of_cut = (cut.values.shape, cut.first_mm, cut.step_mm, cut.depth_mm)
        key = (is_smooth, self.link.time, place_of_cut)
        if self._sampled is None or self._sampled[0] != key:
            array = self.at_time(over.array)
            found = overlay_on(
                cut, self.plane, array, over.geometry, self.transform, is_smooth=is_smooth
            )
            self._sampled = key, found
        return self._sampled[1]

    def draw_over(self, painter: QPainter, sight: Sight, cut: Cut) -> None:
        """Draw the upper series where the mode shows it."""
        layer, overlay = self.upper_layer, self.overlay(cut)
        if layer is None or overlay is None:
            return
        page = QImage(sight.width, sight.height, QImage.Format.Format_ARGB32_Premultiplied)
        page.fill(Qt.GlobalColor.transparent)
        on_page = QPainter(page)
        is_smooth = str(layer.interpolation2d) != "nearest"
        place(on_page, sight, overlay.cut, self._picture(overlay, layer), is_smooth=is_smooth)
        on_page.setCompositionMode(QPainter.CompositionMode.CompositionMode_DestinationIn)
        on_page.drawImage(0, 0, mask_picture(self.weights(sight)))
        on_page.end()
        painter.drawImage(0, 0, page)

    def _picture(self, overlay: Overlay, layer: Image) -> QImage:
        """Return the upper series in colours; kept while only the mouse moves."""
        key = (overlay, self.colours, float(layer.gamma), tuple(layer.contrast_limits))
        if self._painted is None or self._painted[0] != key:
            self._painted = key, overlay_picture(overlay, layer, self.colours)
        return self._painted[1]

    def weights(self, sight: Sight) -> Any:
        """Return the share of the upper series in each pixel of a view."""
        right, down, _ = sight.plane.from_lps(sight.centre_lps).tolist()
        columns = right + (np.arange(sight.width) + 0.5 - sight.width / 2) / sight.zoom
        rows = down + (np.arange(sight.height) + 0.5 - sight.height / 2) / sight.zoom
        is_down = self.fusion.mode == "swipe-down"
        middle, length = (down, sight.height) if is_down else (right, sight.width)
        divider_mm = middle + (self.divider_px(sight) - length / 2) / sight.zoom
        return self.fusion.weights(columns, rows, divider_mm)

    def divider_px(self, sight: Sight) -> float:
        """Return where the divider stands, in pixels from the left or from above."""
        is_down = self.fusion.mode == "swipe-down"
        return self.fusion.divider * (sight.height - sight.foot if is_down else sight.width)

    def lines(self) -> list[str]:
        """Return what is written in the corner: of the lower series, then of the upper one."""
        layer = self.upper_layer
        if self.hung.over is None or layer is None:
            return [*super().lines(), "over it: (removed)", ""]
        low, high = layer.contrast_limits
        window = f"W {high - low:.4g}  L {(low + high) / 2:.4g}"
        moved = "" if self.transform == AffineTransform.identity() else ", transformed"
        return [*super().lines(), f"over it: {short_name(self.hung.over)}{moved}", window]


class FusedView(LinkedView):
    """A linked view of two series, with the row that sets how they are fused.

    A drag with the right button changes the window of the series under the mouse; in a blend that of
    the lower one, and with Shift that of the upper one.

    Parameters
    ----------
    bridge, link, shown, keys_to, parent
        As for a linked view.
    """

    shown: FusedShown

    def __init__(
        self, bridge: Bridge, link: Link, shown: FusedShown, keys_to: QWidget, parent: QWidget
    ) -> None:
        super().__init__(bridge, link, shown, keys_to, parent)
        case = bridge.session.case
        volumes = () if case is None else tuple(s for s in case.series if isinstance(s, Volume))
        self.bar = FusionBar([v for v in volumes if bridge.layer_of(v) is not None], self)
        self._drags_divider = False
        self.bar.pair_chosen.connect(self.show_pair)
        self.bar.fusion_chosen.connect(self.show_fusion)
        self.bar.colours_chosen.connect(self._show_colours)
        if shown.hung.over is not None:
            self.bar.show_pair(shown.hung.image, shown.hung.over)
        self.bar.show_fusion(shown.fusion)

    @property
    def sight(self) -> Sight:
        """How the view looks into the patient now; its row covers the foot."""
        return replace(super().sight, foot=self.bar.height())

    def show_pair(self, fixed: Volume, moving: Volume) -> None:
        """Fuse two other series of the case; a transform of the ones before is dropped."""
        before = self.shown
        plane = fixed.plane if before.hung.is_own else before.hung.plane
        hung = HungView(fixed, plane, before.hung.is_own, over=moving)
        self.shown = FusedShown(self._bridge, self._link, hung)
        self.shown.fusion, self.shown.colours = before.fusion, before.colours
        self.bar.show_pair(fixed, moving)
        self.update()

    def show_fusion(self, fusion: Fusion) -> None:
        """Mix the two series in another way."""
        self.shown.fusion = fusion
        self.bar.show_fusion(fusion)
        self.update()

    def show_through(self, transform: Transform) -> None:
        """Show the upper series through a map from the lower one's space to its own, LPS mm."""
        self.shown.transform = transform
        self.update()

    def layer_at(self, spot: QPointF, *, is_upper: bool = False) -> Image | None:
        """Return the layer that is seen at a pixel; in a blend the lower one, or the upper if asked."""
        sight, fusion = self.sight, self.shown.fusion
        if fusion.mode != "blend":
            x = min(max(int(spot.x()), 0), sight.width - 1)
            y = min(max(int(spot.y()), 0), sight.height - 1)
            is_upper = is_upper or bool(self.shown.weights(sight)[y, x] > 0)
        return self.shown.upper_layer if is_upper else self.shown.layer

    # Qt's events ---------------------------------------------------------------------------------

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Keep the row at the foot."""
        super().resizeEvent(event)
        height = self.bar.sizeHint().height()
        self.bar.setGeometry(0, self.height() - height, self.width(), height)

    def paintEvent(self, event: Any) -> None:  # noqa: N802
        """Draw the series, the marks and the divider."""
        super().paintEvent(event)
        if not self.shown.fusion.is_swipe or not self._link.is_placed:
            return
        painter, sight = QPainter(self), self.sight
        at, bottom = self.shown.divider_px(sight), sight.height - sight.foot
        painter.setPen(QPen(_LINE, 1))
        if self.shown.fusion.mode == "swipe":
            painter.drawLine(QPointF(at, 0), QPointF(at, bottom))
            painter.fillRect(QRectF(at - 2, bottom * 0.75 - 14, 5, 28), _LINE)
        else:
            painter.drawLine(QPointF(0, at), QPointF(sight.width, at))
            painter.fillRect(QRectF(sight.width * 0.75 - 14, at - 2, 28, 5), _LINE)
        painter.end()

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Take the divider, or begin what any view begins."""
        spot, button = event.position(), event.button()
        if button == Qt.MouseButton.LeftButton and self._is_near_divider(spot):
            self._drags_divider = True
            return
        super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Follow the mouse with the divider, or as any view."""
        spot = event.position()
        if not self._drags_divider:
            self._show_shape(spot)
            super().mouseMoveEvent(event)
            return
        self._tell_cursor(spot)
        is_down = self.shown.fusion.mode == "swipe-down"
        length = self.height() - self.bar.height() if is_down else self.width()
        at = (spot.y() if is_down else spot.x()) / max(length, 1)
        self.show_fusion(replace(self.shown.fusion, divider=min(max(at, 0.0), 1.0)))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """Let go."""
        if self._drags_divider:
            self._drags_divider = False
            return
        super().mouseReleaseEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: N802
        """As in any view, but for the left button on the divider."""
        is_left = event.button() == Qt.MouseButton.LeftButton
        if not (is_left and self._is_near_divider(event.position())):
            super().mouseDoubleClickEvent(event)

    # ---------------------------------------------------------------------------------------------

    def _asked_layer(self, event: QMouseEvent) -> Image | None:
        is_upper = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        return self.layer_at(event.position(), is_upper=is_upper)

    def _is_near_divider(self, spot: QPointF) -> bool:
        """Tell whether the mouse can take the divider: not with a brush in the hand."""
        fusion = self.shown.fusion
        if not fusion.is_swipe or paintable(self._bridge.viewer.layers.selection.active) is not None:
            return False
        at = spot.y() if fusion.mode == "swipe-down" else spot.x()
        return abs(at - self.shown.divider_px(self.sight)) <= _NEAR_PX

    def _show_shape(self, spot: QPointF) -> None:
        if not self._is_near_divider(spot):
            self.unsetCursor()
        elif self.shown.fusion.mode == "swipe-down":
            self.setCursor(Qt.CursorShape.SplitVCursor)
        else:
            self.setCursor(Qt.CursorShape.SplitHCursor)

    def _show_colours(self, name: str) -> None:
        self.shown.colours = name
        self.update()
