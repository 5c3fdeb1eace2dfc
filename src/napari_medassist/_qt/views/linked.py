"""The linked views of a viewer: arranged around napari's canvas, kept in step, taken down."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from napari.layers import Image, Labels, Layer
from qtpy.QtCore import QEvent, QObject, Signal
from qtpy.QtWidgets import QBoxLayout, QGridLayout, QWidget

from napari_medassist._qt.bridge import Bridge
from napari_medassist._qt.views.fused import FusedShown, FusedView
from napari_medassist._qt.views.link import Link
from napari_medassist._qt.views.main_canvas import MainMarks, MainMouse, canvas_of
from napari_medassist._qt.views.shown import Shown, is_drawn_along
from napari_medassist._qt.views.view import LinkedView
from napari_medassist._qt.views.windowing import choose_preset, next_preset, numbered_preset
from napari_medassist.app.hanging.protocol import HungView, Layout, columns_for, hang
from napari_medassist.core.errors import InvalidImage

_IMAGE_EVENTS = ("contrast_limits", "colormap", "gamma", "data", "interpolation2d")
_LABEL_EVENTS = ("set_data", "paint", "colormap", "opacity", "visible", "contour", "data")
_GAP_PX = 2
#: The series on the canvas fills this share of its cell, as napari leaves a margin.
_FILLED = 0.95


class LinkedViews(QObject):
    """Shows the layouts of hanging protocols around the canvas of a viewer.

    The canvas stays the one napari made: it shows the first view that is axial in the case's frame, and
    the others are painted beside it from the same arrays. Use :func:`linked_views_of`.

    Signals
    -------
    changed
        Emits when other views are shown.

    Parameters
    ----------
    bridge
        The link to the viewer and the session.
    """

    changed = Signal()

    def __init__(self, bridge: Bridge) -> None:
        super().__init__()
        self._bridge = bridge
        self.link: Link | None = None
        self.views: list[LinkedView] = []
        self.missing: tuple[str, ...] = ()
        self._marks: MainMarks | None = None
        self._mouse: MainMouse | None = None
        self._grid: QGridLayout | None = None
        self._alone: QWidget | None = None
        self._cell_px: tuple[float, float] | None = None  # height and width
        self._shown_mm: tuple[float, ...] = (1.0, 1.0)
        self._watched: list[tuple[Any, Callable[..., None]]] = []

    @property
    def is_shown(self) -> bool:
        """Whether views are linked now."""
        return self.link is not None

    def show(self, layout: Layout) -> None:
        """Show a layout for the open case, in place of what is shown.

        Raises
        ------
        InvalidImage
            If no case is open, or none of its series is in the layout.
        UnknownItem
            If the layout names a window that a series does not have.
        """
        case = self._bridge.session.case
        hung, missing = ((), ()) if case is None else hang(layout, case)
        hung = tuple(view for view in hung if self._has_layers(view))
        if not hung:
            raise InvalidImage(
                f"No open series belongs into '{layout.name}'.", cure="Choose another layout."
            )
        self.close()
        self.missing = missing
        self._build(hung)
        for view in hung:
            if view.window:
                choose_preset(self._bridge.layer_of(view.image), view.window)
            if view.over is not None and view.over_window:
                choose_preset(self._bridge.layer_of(view.over), view.over_window)
        self.changed.emit()

    def close(self) -> None:
        """Take all views down; the canvas is napari's again."""
        for signal, slot in self._watched:
            signal.disconnect(slot)
        self._watched.clear()
        if self._mouse is not None:
            self._mouse.close()
        if self.link is not None:
            self.link.close()
        self._restore_canvas()
        for widget in self._drawn():
            widget.setParent(None)
            widget.deleteLater()
        self.views, self._marks, self._mouse, self.link = [], None, None, None

    def enlarge(self, widget: QWidget | None) -> None:
        """Show one view alone; the same again, or None, shows all."""
        self._alone = None if widget is self._alone else widget
        for cell in self._cells():
            cell.setVisible(self._alone is None or cell is self._alone)
        self._arrange()

    def show_crosshair(self, visible: bool) -> None:  # noqa: FBT001 - a Qt slot
        """Show or hide the crosshair."""
        if self.link is not None:
            self.link.has_crosshair = visible
            self.link.changed.emit()

    def step(self, n_slices: int) -> None:
        """Go some slices on in the view under the mouse, else on the canvas; works without views."""
        under = next((view for view in self.views if view.underMouse()), None)
        dims = self._bridge.viewer.dims
        if under is not None:
            under.step(n_slices)
        elif dims.ndim >= 3:
            axis = dims.not_displayed[-1] if dims.not_displayed else 0
            dims.set_current_step(axis, dims.current_step[axis] + n_slices)

    def go_to_end(self, side: int) -> None:
        """Go to the first (-1) or the last (1) slice on napari's canvas."""
        dims = self._bridge.viewer.dims
        if dims.not_displayed:
            axis = dims.not_displayed[-1]
            dims.set_current_step(axis, 0 if side < 0 else dims.nsteps[axis] - 1)

    def next_window(self, step: int = 1) -> str:
        """Give the series under the mouse, else on the canvas, its next window; return its name."""
        layer = self._layer_under_mouse()
        return "" if layer is None else next_preset(layer, step)

    def numbered_window(self, number: int) -> str:
        """Give the series under the mouse, else on the canvas, a window by number; return its name."""
        layer = self._layer_under_mouse()
        return "" if layer is None else numbered_preset(layer, number)

    def _layer_under_mouse(self) -> Any:
        under = next((view for view in self.views if view.underMouse()), None)
        shown = under.shown if under is not None else getattr(self._marks, "shown", None)
        return None if shown is None else shown.layer

    # ---------------------------------------------------------------- building

    def _build(self, hung: tuple[HungView, ...]) -> None:
        qt_viewer = canvas_of(self._bridge.viewer)
        if qt_viewer is None:
            raise InvalidImage("The viewer has no window.", cure="Open the study in a window.")
        holder, canvas = qt_viewer.widget(0), qt_viewer.canvas.native
        link = self.link = Link(self._bridge.viewer, self._bridge.session)
        main = next((view for view in hung if is_drawn_along(self._bridge, view)), None)
        if main is not None:
            self._bridge.show_only(main.image)
        shown = Shown(self._bridge, link, main or hung[0])
        self._marks = MainMarks(canvas, link, shown)
        self._mouse = MainMouse(self._bridge, link, shown)
        for view in hung:
            if view is not main:
                made = _view_of(view, self._bridge, link, canvas, holder)
                made.enlarged.connect(lambda made=made: self.enlarge(made))
                self.views.append(made)
                made.show()
        self._take_canvas(holder, canvas)
        self._box.activate()  # the canvas knows its size now
        self._fit(shown.layer)
        self._watch()

    def _fit(self, layer: Layer | None) -> None:
        """Let the series on the canvas fill it, whatever larger fields of view the others have."""
        viewer = self._bridge.viewer
        viewer.reset_view()
        if layer is None or viewer.dims.ndisplay != 2:
            return
        low, high = self._bounds(layer)
        if np.all(high > low):
            camera, size = viewer.scene.camera, self._canvas.size()
            camera.center = (camera.center[0], *(low + high) / 2)
            camera.zoom = _FILLED * min((size.height(), size.width()) / (high - low))
            self._shown_mm = tuple(high - low)

    def _bounds(self, layer: Layer) -> Any:
        """Return where a layer begins and ends along the canvas, (2, down and right) in mm."""
        dims = self._bridge.viewer.dims
        # Counted from the end: a layer may have fewer axes than the viewer.
        return layer.extent.world[:, [axis - dims.ndim for axis in dims.displayed]]

    def _take_canvas(self, holder: QWidget, canvas: QWidget) -> None:
        """Put the canvas into a grid. Its parent stays: another would cost it its OpenGL context."""
        box = holder.layout()
        if not isinstance(box, QBoxLayout):
            raise InvalidImage("This napari arranges its canvas in another way.", cure="Report it.")
        self._canvas, self._box = canvas, box
        box.removeWidget(canvas)
        self._grid = QGridLayout()
        self._grid.setSpacing(_GAP_PX)
        box.insertLayout(0, self._grid, 1)
        self._arrange()
        self._holder().installEventFilter(self)

    def _restore_canvas(self) -> None:
        if self._grid is None:
            return
        self._holder().removeEventFilter(self)
        for cell in self._cells():
            self._grid.removeWidget(cell)
        self._box.removeItem(self._grid)
        self._grid.deleteLater()
        self._box.insertWidget(0, self._canvas, 1)
        self._canvas.show()
        self._grid = self._alone = self._cell_px = None

    def _cells(self) -> list[QWidget]:
        return [self._canvas, *self.views]

    def _holder(self) -> QWidget:
        return self._box.parentWidget()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        """Arrange the views anew when there is more or less room."""
        if event.type() == QEvent.Type.Resize:
            self._arrange()
        return super().eventFilter(watched, event)

    def _arrange(self) -> None:
        """Place the views in rows and columns; what each shows grows and shrinks with its cell."""
        grid = self._grid
        if grid is None:
            return
        cells = [cell for cell in self._cells() if self._alone in (None, cell)]
        for cell in self._cells():
            grid.removeWidget(cell)
        size = self._holder().size()
        n_columns = columns_for(len(cells), size.width(), size.height())
        n_rows = -(-len(cells) // n_columns)
        for place in range(max(grid.rowCount(), grid.columnCount(), len(cells))):
            grid.setColumnStretch(place, int(place < n_columns))
            grid.setRowStretch(place, int(place < n_rows))
        for number, cell in enumerate(cells):
            grid.addWidget(cell, number // n_columns, number % n_columns)
        if not size.height() or not size.width():
            return  # not laid out yet, or folded away: there is no zoom for it
        cell_px, before = (size.height() / n_rows, size.width() / n_columns), self._cell_px
        if before is not None and self.link is not None:
            now, then = (
                min(a / mm for a, mm in zip(px, self._shown_mm, strict=True))
                for px in (cell_px, before)
            )
            self.link.zoom_by(now / then)
        self._cell_px = cell_px

    # ---------------------------------------------------------------- layers

    def _has_layers(self, hung: HungView) -> bool:
        images = (hung.image,) if hung.over is None else (hung.image, hung.over)
        return all(self._bridge.layer_of(image) is not None for image in images)

    def _watch(self) -> None:
        layers = self._bridge.viewer.layers
        for layer in layers:
            self._watch_layer(layer)
        self._connect(layers.events.inserted, lambda event: self._watch_layer(event.value))
        self._connect(layers.events.removed, lambda _event: self._on_removed())

    def _watch_layer(self, layer: Layer) -> None:
        names: tuple[str, ...] = _IMAGE_EVENTS if isinstance(layer, Image) else ()
        names = _LABEL_EVENTS if isinstance(layer, Labels) else names
        for name in names:
            self._connect(getattr(layer.events, name), lambda _event=None: self._redraw())
        self._redraw()

    def _connect(self, signal: Any, slot: Callable[..., None]) -> None:
        signal.connect(slot)
        self._watched.append((signal, slot))

    def _on_removed(self) -> None:
        if self._bridge.session.case is None or not self._bridge.layers(Image):
            self.close()
            self.changed.emit()
        else:
            self._redraw()

    def _redraw(self) -> None:
        for widget in self._drawn():
            widget.update()

    def _drawn(self) -> list[QWidget]:
        """Return all widgets of ours."""
        marks = [] if self._marks is None else [self._marks]
        return [*self.views, *marks]


def _view_of(
    hung: HungView, bridge: Bridge, link: Link, canvas: QWidget, holder: QWidget
) -> LinkedView:
    if hung.over is not None:
        return FusedView(bridge, link, FusedShown(bridge, link, hung), canvas, holder)
    return LinkedView(bridge, link, Shown(bridge, link, hung), canvas, holder)


_VIEWS: WeakKeyDictionary[Bridge, LinkedViews] = WeakKeyDictionary()


def linked_views_of(bridge: Bridge) -> LinkedViews:
    """Return the linked views of a viewer; made on first use."""
    views = _VIEWS.get(bridge)
    if views is None:
        views = _VIEWS[bridge] = LinkedViews(bridge)
    return views
