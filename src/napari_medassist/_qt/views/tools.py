"""Tools in a linked view: fill, polygon, picker and those of the Annotate tab, besides the brush."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any

import numpy as np
from napari.layers import Labels
from numpy.typing import NDArray

from napari_medassist._qt.bridge import Bridge
from napari_medassist._qt.views.shown import Shown
from napari_medassist.annotation.operations.change import ANYTHING, ONLY_BACKGROUND, Protection
from napari_medassist.annotation.operations.filling import flood
from napari_medassist.app.annotating.tools import OUTLINES, Tool
from napari_medassist.app.hanging.cuts import outlined_voxels
from napari_medassist.core.errors import MedAssistError
from napari_medassist.core.geometry import Geometry

_LEFT = 1
#: Cosine from which on a view looks straight along an axis of the label map.
_STRAIGHT = 0.9999
_SAME_SLICE_MM = 1e-3
_CLICKED = ("fill", "pick", "polygon")


@dataclass
class ViewEvent:
    """A mouse event in a view, with what callbacks of napari's layers look at."""

    type: str
    position: tuple[float, ...]
    dims_displayed: list[int]
    button: int = _LEFT
    modifiers: tuple[str, ...] = ()
    view_direction: None = None
    handled: bool = False


class ViewTools:
    """What presses of the left mouse button do in a view, to the label map that is selected.

    A tool that a panel has given to the layer is called as napari's canvas calls it: with the layer and
    the event. It says by ``works_in_any_view`` that it goes by the event alone.

    Parameters
    ----------
    bridge
        The link to the viewer and the session.
    shown
        What the view shows.
    """

    def __init__(self, bridge: Bridge, shown: Shown) -> None:
        self._bridge, self._shown = bridge, shown
        self._drag: Generator[None, None, None] | None = None
        self._event: ViewEvent | None = None
        self._corners_lps: list[NDArray[np.float64]] = []

    @property
    def outline_lps(self) -> list[NDArray[np.float64]]:
        """The outline that is being drawn, LPS mm."""
        layer = self._layer()
        held = None if layer is None else held_tool(layer)
        if layer is None or held is None:
            if layer is None or str(layer.mode) != "polygon":
                self._corners_lps = []
            return self._corners_lps
        frame = self._bridge.session.frame
        return [frame.world_to_lps(layer.data_to_world(p)) for p in held.outline_zyx]

    def takes(self) -> bool:
        """Tell whether a press belongs to a tool that is no plain brush."""
        layer = self._layer()
        held = None if layer is None else held_tool(layer)
        if layer is None or held is None:
            return layer is not None and str(layer.mode) in _CLICKED
        # In an oblique view the brush is a disc in the plane of the view, as napari's brush is there.
        return held.tool is not Tool.BRUSH or self._is_straight(layer)

    def press(self, point_lps: NDArray[np.float64]) -> None:
        """Begin what the tool does at a point, LPS mm."""
        layer = self._layer()
        if layer is None:
            return
        held, event = held_tool(layer), self._event_of(layer, "mouse_press", point_lps)
        try:
            if held is not None:
                self._press_held(layer, held, event)
            elif str(layer.mode) == "fill":
                self._fill(layer, point_lps)
            elif str(layer.mode) == "pick":
                layer.selected_label = int(layer.get_value(event.position, world=True) or 0)
            else:
                self._add_corner(point_lps)
        except MedAssistError as error:
            self._tell(str(error))

    def move(self, point_lps: NDArray[np.float64]) -> None:
        """Go on with a drag, or lead the outline to the mouse."""
        layer = self._layer()
        held = None if layer is None else held_tool(layer)
        if layer is None or held is None:
            return
        moved = self._event_of(layer, "mouse_move", point_lps)
        if self._drag is not None and self._event is not None:
            self._event.type, self._event.position = moved.type, moved.position
            next(self._drag, None)
        elif held.tool in OUTLINES and self._is_straight(layer):
            held.on_move(layer, moved)

    def release(self) -> None:
        """End a drag."""
        drag, event = self._drag, self._event
        self._drag = self._event = None
        if drag is not None and event is not None:
            event.type = "mouse_release"
            next(drag, None)

    def double_click(self, point_lps: NDArray[np.float64]) -> None:
        """Close the outline."""
        self.release()
        layer = self._layer()
        if layer is None:
            return
        held = held_tool(layer)
        if held is not None:
            held.on_double_click(layer, self._event_of(layer, "mouse_double_click", point_lps))
        elif str(layer.mode) == "polygon" and len(self._corners_lps) > 2:
            self._close_polygon(layer)
        self._corners_lps = []

    # ---------------------------------------------------------------------------------------------

    def _layer(self) -> Labels | None:
        layer = self._bridge.viewer.layers.selection.active
        is_free = isinstance(layer, Labels) and layer.editable and layer.visible and layer.ndim == 3
        return layer if is_free else None

    def _press_held(self, layer: Labels, held: Any, event: ViewEvent) -> None:
        if not self._is_straight(layer):
            if held.tool not in (Tool.FILL, Tool.GROW):
                self._tell(
                    f"{held.tool}: this view is oblique to '{layer.name}'. "
                    "Use a view along its axes, or the brush or napari's polygon here."
                )
                return
            self._tell(f"{held.tool}: in the slice of '{layer.name}' that is nearest to this view.")
        self._event, self._drag = event, held.on_drag(layer, event)
        next(self._drag, None)

    def _fill(self, layer: Labels, point_lps: NDArray[np.float64]) -> None:
        point = self._geometry(layer).lps_to_index(point_lps).tolist()
        axis = None if layer.n_edit_dimensions == 3 else self._axis(layer)[0]
        change = flood(
            layer.data, point, layer.selected_label, axis=axis, protection=_protection(layer)
        )
        if change.n_voxels:
            layer.data_setitem(change.indices(), layer.selected_label)

    def _add_corner(self, point_lps: NDArray[np.float64]) -> None:
        """Add a corner; one on another slice begins a new outline."""
        depths = self._shown.plane.from_lps([*self._corners_lps[-1:], point_lps])[:, 2]
        if np.ptp(depths) > _SAME_SLICE_MM:
            self._corners_lps = []
        self._corners_lps.append(point_lps)

    def _close_polygon(self, layer: Labels) -> None:
        corners = np.asarray(self._corners_lps)
        index = outlined_voxels(self._geometry(layer), self._shown.plane, corners)
        is_free = _protection(layer).allows(layer.data[index])
        kept = tuple(axis[is_free] for axis in index)
        if kept[0].size:
            layer.data_setitem(kept, layer.selected_label)

    def _event_of(self, layer: Labels, kind: str, point_lps: NDArray[np.float64]) -> ViewEvent:
        dims = self._bridge.viewer.dims
        more = dims.ndim - 3  # a time axis of another layer
        world = self._bridge.session.frame.lps_to_world(point_lps)
        position = (*dims.point[:more], *(float(v) for v in world))
        across = self._axis(layer)[0]
        return ViewEvent(kind, position, [more + axis for axis in range(3) if axis != across])

    def _geometry(self, layer: Labels) -> Geometry:
        shape = (int(layer.data.shape[0]), int(layer.data.shape[1]), int(layer.data.shape[2]))
        return self._bridge.session.frame.geometry_of(shape, layer.scale, layer.translate)

    def _axis(self, layer: Labels) -> tuple[int, float]:
        """Return the axis of the label map that lies nearest to the line of sight, and the cosine."""
        geometry = self._geometry(layer)
        start = geometry.index_to_lps((0.0, 0.0, 0.0))
        step = geometry.lps_to_index(start + np.asarray(self._shown.plane.normal_lps))
        along = np.abs(step) * geometry.spacing_zyx_mm
        return int(along.argmax()), float(along.max())

    def _is_straight(self, layer: Labels) -> bool:
        return self._axis(layer)[1] >= _STRAIGHT

    def _tell(self, message: str) -> None:
        self._bridge.viewer.status = message


def held_tool(layer: Labels) -> Any | None:
    """Return the owner of the tool that a panel has given to a layer, if there is one."""
    callbacks: list[Callable[..., Any]] = layer.mouse_drag_callbacks if layer.mode == "paint" else []
    owners = (getattr(callback, "__self__", None) for callback in callbacks)
    return next((owner for owner in owners if getattr(owner, "works_in_any_view", False)), None)


def _protection(layer: Labels) -> Protection:
    """Return what napari's "preserve labels" protects."""
    if not layer.preserve_labels:
        return ANYTHING
    return ONLY_BACKGROUND if layer.selected_label else ANYTHING
