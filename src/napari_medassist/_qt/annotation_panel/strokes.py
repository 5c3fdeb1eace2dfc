"""Mouse on a labels layer -> changes of it. Written for (layer, event): any view of the layer does."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

import numpy as np
from napari.layers import Labels

from napari_medassist._qt.annotation_panel.outline import Outline
from napari_medassist.annotation.operations.change import Change
from napari_medassist.annotation.operations.parts import split_by_plane
from napari_medassist.app.annotating.tools import (
    DRAGGED,
    OUTLINES,
    Annotated,
    OutlineGuide,
    Tool,
    ToolSettings,
    clicked,
    dragged,
    outlined,
)
from napari_medassist.app.layer_data import CLIP_MASK_KEY
from napari_medassist.core.errors import InvalidSetting, MedAssistError
from napari_medassist.core.geometry import Triple

_LEFT = 1
_NAPARIS_BRUSH = "draw"


def write(layer: Labels, change: Change) -> None:
    """Write a change into a layer: into its history too, and with the event that others listen to."""
    if not change.n_voxels:
        return
    same = (change.values == change.values[0]).all()
    layer.data_setitem(change.indices(), int(change.values[0]) if same else change.values)


def slice_axis(layer: Labels, event: Any) -> int:
    """Return the axis of a layer across the slice that an event was in.

    Raises
    ------
    InvalidSetting
        If the view shows no slice.
    """
    more = len(event.position) - layer.ndim
    hidden = [a for a in range(layer.ndim) if a + more not in event.dims_displayed]
    if layer.ndim != 3 or len(hidden) != 1:
        raise InvalidSetting("The tools work in slices.", cure="Switch the view to 2D.")
    if CLIP_MASK_KEY in layer.metadata and hidden[0] != 0:
        raise InvalidSetting("On a clip the tools work in its frames.", cure="Roll the axes back.")
    return hidden[0]


def point_of(layer: Labels, event: Any) -> Triple:
    """Return where in a layer an event was, as a voxel index that may be fractional."""
    z, y, x = (float(v) for v in layer.world_to_data(event.position))
    return z, y, x


class Strokes:
    """Gives a labels layer the tools, one at a time, and takes them back.

    napari's own brush is set aside meanwhile; its paint mode stays, so that its cursor, its size keys
    and its space bar (pan and zoom) go on to work.

    Parameters
    ----------
    annotated
        Returns what is annotated in a layer.
    settings
        Returns what the panel says.
    tell
        Shows a message.
    outline
        Shows the outline that is being drawn.

    Attributes
    ----------
    works_in_any_view
        Tells linked views that the tools go by the event alone.
    """

    works_in_any_view = True

    def __init__(
        self,
        annotated: Callable[[Labels], Annotated],
        settings: Callable[[], ToolSettings],
        tell: Callable[[str], None],
        outline: Outline,
    ) -> None:
        self.tool: Tool | None = None
        self._annotated, self._settings, self._tell = annotated, settings, tell
        self._outline = outline
        self._guide: OutlineGuide | None = None
        self._layer: Labels | None = None

    @property
    def layer(self) -> Labels | None:
        """The layer that has the tools now."""
        return self._layer

    @property
    def outline_zyx(self) -> list[Triple]:
        """The line that is shown while an outline is drawn, voxel indices of the layer."""
        return self._outline.shown_zyx

    def arm(self, layer: Labels | None, tool: Tool | None) -> None:
        """Give a tool to a layer; None takes it away from the one that has it."""
        self.abandon_outline()
        if self._layer is not None and (layer is not self._layer or tool is None):
            self._disarm(self._layer)
        self.tool = tool
        if layer is None or tool is None:
            return
        self._take(layer)
        layer.mode = "paint"
        self._set_naparis_brush_aside()

    def _take(self, layer: Labels) -> None:
        if layer is not self._layer:
            self._layer = layer
            layer.mouse_drag_callbacks.append(self.on_drag)
            layer.mouse_move_callbacks.append(self.on_move)
            layer.mouse_double_click_callbacks.append(self.on_double_click)
            layer.events.mode.connect(self._set_naparis_brush_aside)

    def abandon_outline(self) -> None:
        """Forget the outline that is being drawn."""
        self._outline.clear()
        self._guide = None

    def _disarm(self, layer: Labels) -> None:
        layer.events.mode.disconnect(self._set_naparis_brush_aside)
        for callbacks, ours in (
            (layer.mouse_drag_callbacks, self.on_drag),
            (layer.mouse_move_callbacks, self.on_move),
            (layer.mouse_double_click_callbacks, self.on_double_click),
        ):
            if ours in callbacks:
                callbacks.remove(ours)
        self._layer = None
        layer.mode = "pan_zoom"

    def _set_naparis_brush_aside(self, _event: Any = None) -> None:
        callbacks = [] if self._layer is None else self._layer.mouse_drag_callbacks
        for callback in [c for c in callbacks if getattr(c, "__name__", "") == _NAPARIS_BRUSH]:
            callbacks.remove(callback)

    # ---------------------------------------------------------------- mouse

    def on_drag(self, layer: Labels, event: Any) -> Generator[None, None, None]:
        """Take a press of the mouse, and its way until it is released, for the tool."""
        tool = self.tool
        if tool is None or layer.mode != "paint" or event.button != _LEFT:
            return
        if layer.cursor == "circle_frozen":  # the brush is being resized
            return
        try:
            axis, point = slice_axis(layer, event), point_of(layer, event)
            if tool in DRAGGED:
                yield from self._drag(layer, event, tool, axis, point)
            elif tool in OUTLINES:
                self._add_corner(layer, tool, axis, point)
            elif tool is Tool.SPLIT:
                yield from self._split(layer, event, axis, point)
            else:
                self._change(
                    layer, clicked(self._annotated(layer), tool, self._settings(), point, axis)
                )
        except MedAssistError as error:
            self._tell(str(error))

    def on_move(self, layer: Labels, event: Any) -> None:
        """Lead the outline to the cursor."""
        if self.tool not in OUTLINES or not self._outline.corners_zyx:
            return
        point = point_of(layer, event)
        self._outline.show(layer, self._way_to(point))

    def on_double_click(self, layer: Labels, _event: Any) -> None:
        """Close the outline and fill it."""
        if self.tool not in OUTLINES or layer.mode != "paint":
            return
        self.close_outline()

    def close_outline(self) -> None:
        """Fill the outline that is being drawn."""
        layer, corners = self._layer, self._outline.corners_zyx
        if layer is None or not corners:
            return
        if self._guide is not None:
            corners = [*corners, *self._led_to(corners[0])]
        axis = self._outline.axis
        self.abandon_outline()
        try:
            self._change(
                layer, outlined(self._annotated(layer), self._settings(), np.asarray(corners), axis)
            )
        except MedAssistError as error:
            self._tell(str(error))

    # ---------------------------------------------------------------- what the tools do

    def _drag(
        self, layer: Labels, event: Any, tool: Tool, axis: int, point: Triple
    ) -> Generator[None, None, None]:
        """Paint along the drag; the whole drag is one step for undo."""
        on, settings = self._annotated(layer), self._settings()
        with layer.block_history():
            write(layer, dragged(on, tool, settings, point, point, axis))
            yield
            while event.type == "mouse_move":
                last, point = point, point_of(layer, event)
                write(layer, dragged(on, tool, settings, last, point, axis))
                yield

    def _split(
        self, layer: Labels, event: Any, axis: int, point: Triple
    ) -> Generator[None, None, None]:
        """Draw a line and split the label along it when the mouse is released."""
        end = point
        self._outline.begin(axis)
        yield
        while event.type == "mouse_move":
            end = point_of(layer, event)
            self._outline.show(layer, [point, end])
            yield
        self.abandon_outline()
        on = self._annotated(layer)
        label = self._settings().label
        self._change(layer, split_by_plane(on.voxels, label, point, end, on.spacing_zyx_mm, axis=axis))

    def _add_corner(self, layer: Labels, tool: Tool, axis: int, point: Triple) -> None:
        if self._outline.corners_zyx and not self._outline.is_in_slice(axis, point):
            self.abandon_outline()  # another slice or view: a new outline begins
        if not self._outline.corners_zyx:
            self._outline.begin(axis)
            if tool is Tool.SMART_EDGE:
                self._guide = OutlineGuide(self._annotated(layer), axis, round(float(point[axis])))
        way = self._way_to(point)[len(self._outline.corners_zyx) :]
        if self._guide is not None:
            self._guide.start_at(point)
        self._outline.corners_zyx += way
        self._outline.show(layer, self._outline.corners_zyx)

    def _way_to(self, point: Triple) -> list[Triple]:
        """Return the outline so far, and on to a point."""
        corners = self._outline.corners_zyx
        if self._guide is None or not corners:
            return [*corners, point]
        return [*corners, *self._led_to(point)]

    def _led_to(self, point: Triple) -> list[Triple]:
        guide = self._guide
        return [] if guide is None else [(z, y, x) for z, y, x in guide.path_to(point).tolist()]

    def _change(self, layer: Labels, change: Change) -> None:
        write(layer, change)
        self._tell(change.note or ("" if change.n_voxels else "Nothing changed: the voxels are kept."))
