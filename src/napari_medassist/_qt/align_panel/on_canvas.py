"""What an alignment shows in napari's window: overlays, pictures of the map, landmarks, a preview."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import Any

import numpy as np
from napari.layers import Image, Layer, Points, Vectors
from napari.utils.colormaps import Colormap
from qtpy.QtCore import QTimer

from napari_medassist._qt.bridge import Bridge
from napari_medassist.app.layer_data import AXES_ZYX, picture_layer
from napari_medassist.app.registering.aligning import Alignment
from napari_medassist.app.registering.by_hand import Nudge, preview
from napari_medassist.app.registering.pictures import arrows_lps_mm, bent_grid, growth
from napari_medassist.core.case import Case
from napari_medassist.core.landmarks import LandmarkPair, landmark_places
from napari_medassist.core.volume import Volume

_PREVIEW_AFTER_MS = 60
_FIXED_COLOUR, _MOVING_COLOUR = "#56b4e9", "#e69f00"
#: Where space is as it was nothing covers the image; blue where it shrinks, orange where it grows.
_GROWTH_COLOURS = Colormap(
    [[0.0, 0.45, 0.7, 1.0], [0.0, 0.0, 0.0, 0.0], [0.9, 0.4, 0.0, 1.0]], name="shrinks and grows"
)
_GROWTH_LOOK = {"colormap": _GROWTH_COLOURS, "contrast_limits": (0.5, 1.5), "opacity": 0.8}
_GRID_LOOK = {"colormap": "cyan", "contrast_limits": (0.0, 1.0), "blending": "additive", "opacity": 0.5}
_PREVIEW_LOOK = {"blending": "translucent", "opacity": 0.5, "colormap": "gray"}

_IN_MM: dict[str, Any] = {"units": ("mm", "mm", "mm"), "axis_labels": AXES_ZYX}

Place = Callable[[np.ndarray], None]
Dragged = tuple[Volume, Callable[[], Nudge], Callable[[Nudge], None]]


class OnCanvas:
    """Shows alignments among the layers of a viewer.

    Parameters
    ----------
    bridge
        The link to the viewer and the session.
    """

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge
        self._alignment: Alignment | None = None
        self._pictures: dict[str, Layer] = {}
        self._marks: Points | None = None
        self._preview: Image | None = None
        self._nudged: tuple[Volume, Volume, Nudge] | None = None
        self._dragged: Dragged | None = None
        self._share = 0.5
        self._before_picking: list[tuple[Layer, bool, float]] = []
        self._timer = QTimer()
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._show_preview)

    # ---------------------------------------------------------------- moved images

    def show_moved(self, alignment: Alignment, moved: Sequence[Volume]) -> None:
        """Let moved images join the open case, and lay the first one over the fixed image."""
        bridge = self._bridge
        self._alignment = alignment
        name = bridge.session.case.name if bridge.session.case is not None else ""
        joining = Case(name, tuple(moved))
        bridge.add_layer_data(
            [
                (data, {**options, "name": f"{options['name']} (moved)", "visible": False}, kind)
                for data, options, kind in bridge.session.layers_of(joining)
            ]
        )
        bridge.show_only(alignment.fixed)
        self.blend(self._share)
        # A case that grew is hung anew as soon as the window comes to it; the overlay stays.
        QTimer.singleShot(0, lambda: self.blend(self._share))

    def take_away(self, moved: Sequence[Volume]) -> None:
        """Take moved images out of the case, with all that was shown of their map."""
        self.show_pictures(None, set())
        self._alignment = None
        layers = [self._layer_of(image) for image in moved]
        self._bridge.session.take_away(moved)
        for layer in layers:
            if layer is not None:
                self._remove(layer)

    def blend(self, share: float) -> None:
        """Let the moved image cover the fixed one by a share, 0 to 1."""
        self._share = share
        lead = None if self._alignment is None else self._layer_of(self._alignment.moved)
        if lead is not None:
            lead.opacity = share
            lead.visible = share > 0

    # ---------------------------------------------------------------- pictures of the map

    def show_pictures(self, alignment: Alignment | None, wanted: set[str]) -> None:
        """Show arrows, the bent grid and growth, as far as they are wanted."""
        for name in [name for name in self._pictures if name not in wanted or alignment is None]:
            self._remove(self._pictures.pop(name))
        case = self._bridge.session.case
        if alignment is None or case is None:
            return
        frame = self._bridge.session.frame
        for name in sorted(wanted):
            old = self._pictures.get(name)
            if old is not None and old.metadata.get("alignment") is alignment.transform:
                continue
            if old is not None:
                self._remove(old)
            if name == "Arrows":
                layer: Layer = self._arrows(alignment)
            else:
                image, look = (
                    (bent_grid(alignment), _GRID_LOOK)
                    if name == "Grid"
                    else (growth(alignment), _GROWTH_LOOK)
                )
                layer = Layer.create(*picture_layer(image, case, frame, **look, name=image.name))
            layer.metadata["alignment"] = alignment.transform
            self._pictures[name] = self._bridge.viewer.add_layer(layer)

    def _arrows(self, alignment: Alignment) -> Vectors:
        starts, ends = (self._bridge.session.frame.lps_to_world(p) for p in arrows_lps_mm(alignment))
        return Vectors(
            np.stack([starts, ends - starts], axis=1),
            name=f"arrows, {alignment.moving.name}",
            edge_color=_MOVING_COLOUR,
            **_IN_MM,
            edge_width=0.5,
            vector_style="arrow",
        )

    # ---------------------------------------------------------------- landmarks

    def show_landmarks(self, pairs: Sequence[LandmarkPair]) -> None:
        """Show both places of each pair."""
        if self._marks is not None:
            self._remove(self._marks)
            self._marks = None
        if not pairs or self._bridge.session.case is None:
            return
        fixed, moving = landmark_places(pairs)
        places = self._bridge.session.frame.lps_to_world(np.concatenate([fixed, moving]))
        # napari shows a point within half a unit of the slice: a unit along z is a slice here.
        slice_mm = float(self._bridge.viewer.dims.range[-3].step)
        scale = np.array([slice_mm, 1.0, 1.0])
        colours = [_FIXED_COLOUR] * len(pairs) + [_MOVING_COLOUR] * len(pairs)
        layer = Points(
            places / scale,
            scale=scale,
            name="landmarks (blue fixed, orange moving)",
            size=3.0,
            face_color="transparent",
            border_color=colours,
            border_width=0.25,
            **_IN_MM,
        )
        self._marks = self._bridge.viewer.add_layer(layer)

    def pick(self, image: Volume, take: Place) -> None:
        """Show one image alone, and hand over the next place that is clicked on it.

        A click in a linked view counts where that shows the image; elsewhere it is no click.
        """
        if self._bridge.place_wanted is None:
            shown = self._bridge.layers(Image)
            self._before_picking = [(layer, layer.visible, layer.opacity) for layer in shown]
        self._bridge.show_only(image)
        layer = self._layer_of(image)
        if layer is not None:
            layer.opacity = 1.0
            self._bridge.viewer.layers.selection.active = layer
        callbacks = self._bridge.viewer.mouse_drag_callbacks
        if self._on_click not in callbacks:
            callbacks.append(self._on_click)

        def on_place(place: np.ndarray, shown: Layer | None) -> None:
            if shown is None or shown is layer:
                take(place)

        self._bridge.place_wanted = on_place

    def stop_picking(self) -> None:
        """Let clicks be clicks again, and show what was shown before."""
        self._bridge.place_wanted = None
        for layer, was_visible, opacity in self._before_picking:
            if layer in self._bridge.viewer.layers:
                layer.visible, layer.opacity = was_visible, opacity
        self._before_picking = []
        callbacks = self._bridge.viewer.mouse_drag_callbacks
        if self._on_click in callbacks:
            callbacks.remove(self._on_click)

    def _on_click(self, _viewer: Any, event: Any) -> Generator[None, None, None]:
        """Take a click that is no drag."""
        moved = False
        yield
        while event.type == "mouse_move":
            moved = True
            yield
        take, place = self._bridge.place_wanted, self._bridge.cursor_lps_mm()
        if take is not None and place is not None and not moved:
            take(place, None)

    # ---------------------------------------------------------------- moving by hand

    def drag(self, fixed: Volume, begin: Callable[[], Nudge], change: Callable[[Nudge], None]) -> None:
        """Let the mouse move the moving image: a drag shifts it, with Shift held it is turned.

        Parameters
        ----------
        fixed
            It is turned about the middle of this image.
        begin
            Returns the nudge that a drag begins with.
        change
            Takes each further one.
        """
        self.stop_dragging()
        self._dragged = (fixed, begin, change)
        self._bridge.viewer.mouse_drag_callbacks.append(self._on_drag)
        self._bridge.viewer.scene.camera.mouse_pan = False

    def stop_dragging(self) -> None:
        """Let the mouse pan the canvas again."""
        if self._dragged is None:
            return
        self._dragged = None
        viewer = self._bridge.viewer
        if viewer is not None:
            viewer.mouse_drag_callbacks.remove(self._on_drag)
            viewer.scene.camera.mouse_pan = True

    def _on_drag(self, viewer: Any, event: Any) -> Generator[None, None, None]:
        place, dragged = self._bridge.cursor_lps_mm(), self._dragged
        if dragged is None or place is None or viewer.dims.ndisplay != 2 or event.button != 1:
            return
        fixed, begin, change = dragged
        first, nudge = place, begin()
        turns = "Shift" in event.modifiers
        middle = fixed.geometry.index_to_lps((np.asarray(fixed.geometry.shape_zyx) - 1) / 2)
        axis = self._across(viewer)
        yield
        while event.type == "mouse_move":
            now = self._bridge.cursor_lps_mm()
            if now is not None and turns:
                angle = _angle_deg(first - middle, now - middle, axis)
                change(nudge.turned(axis, angle))
            elif now is not None:
                change(nudge.shifted(now - first))
            yield

    def _across(self, viewer: Any) -> np.ndarray:
        """Return the direction in the patient that the shown plane is seen along, of length 1."""
        hidden = viewer.dims.order[-3] - (viewer.dims.ndim - 3)
        ends = np.zeros((2, 3))
        ends[1, hidden] = 1.0
        begin, end = (self._bridge.session.frame.world_to_lps(p) for p in ends)
        return np.asarray((end - begin) / np.linalg.norm(end - begin))

    # ---------------------------------------------------------------- preview

    def preview(self, fixed: Volume, moving: Volume, nudge: Nudge) -> None:
        """Show the moving image over the fixed one as a hand moves it, soon."""
        self._nudged = (fixed, moving, nudge)
        self._timer.start(_PREVIEW_AFTER_MS)

    def stop_preview(self) -> None:
        """Take the preview away."""
        self._timer.stop()
        if self._preview is not None:
            self._remove(self._preview)
            self._preview = None

    def forget(self) -> None:
        """Take all away that belongs to a case that is closed."""
        self.stop_preview()
        self.stop_picking()
        self.stop_dragging()
        self.show_pictures(None, set())
        self.show_landmarks(())
        self._alignment = None

    def _show_preview(self) -> None:
        case = self._bridge.session.case
        if self._nudged is None or case is None:
            return
        fixed, moving, nudge = self._nudged
        seen = preview(fixed, moving, nudge)
        name = f"{moving.name} (by hand)"
        data, options, _ = picture_layer(
            seen, case, self._bridge.session.frame, **_PREVIEW_LOOK, name=name
        )
        viewer = self._bridge.viewer
        if self._preview is None or self._preview not in viewer.layers:
            self._bridge.show_only(fixed)
            self._preview = viewer.add_layer(Layer.create(data, options, "image"))
        else:
            self._preview.data = np.asarray(data)
            self._preview.name = name

    def _layer_of(self, image: Volume) -> Layer | None:
        return self._bridge.layer_of(image)

    def _remove(self, layer: Layer) -> None:
        viewer = self._bridge.viewer
        if viewer is not None and layer in viewer.layers:
            viewer.layers.remove(layer)


def _angle_deg(before: np.ndarray, after: np.ndarray, axis: np.ndarray) -> float:
    """Return by how much a direction was turned about an axis, in degrees."""
    flat = [v - axis * float(v @ axis) for v in (before, after)]
    return float(np.degrees(np.arctan2(np.cross(flat[0], flat[1]) @ axis, flat[0] @ flat[1])))
