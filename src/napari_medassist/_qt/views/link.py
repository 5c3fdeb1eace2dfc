"""What linked views share: one patient point, one centre, one zoom; napari holds them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from weakref import ref

import numpy as np
from numpy.typing import ArrayLike, NDArray
from qtpy.QtCore import QObject, Signal

from napari_medassist.app.session import Session

if TYPE_CHECKING:
    from napari.components import ViewerModel

Vector = NDArray[np.float64]
#: Half a step and its rounding.
_WITHIN = 1 + 1e-6


class Link(QObject):
    """The place that all views of a viewer show.

    The point lies in the viewer's sliders, the zoom and, along the axes of its canvas, the centre in
    its camera: whoever moves those moves all views.

    Signals
    -------
    changed
        Emits when the point, the centre or the zoom is another.
    hovered
        Emits when the mouse is over another patient point, in any view.

    Parameters
    ----------
    viewer
        The viewer.
    session
        What is open in it.
    """

    changed = Signal()
    hovered = Signal()

    def __init__(self, viewer: ViewerModel, session: Session) -> None:
        super().__init__()
        self._viewer = ref(viewer)
        self._session = session
        self._centre = np.zeros(3)
        self._asked: Vector | None = None
        self.cursor_lps: Vector | None = None
        self.has_crosshair = True
        camera = viewer.scene.camera
        for signal in (camera.events.center, camera.events.zoom, viewer.dims.events.point):
            signal.connect(self._on_moved)
        self.centre_here()

    @property
    def viewer(self) -> Any:
        """The viewer."""
        return self._viewer()

    def close(self) -> None:
        """Let go of the viewer."""
        viewer = self.viewer
        if viewer is None:
            return
        camera = viewer.scene.camera
        for signal in (camera.events.center, camera.events.zoom, viewer.dims.events.point):
            signal.disconnect(self._on_moved)

    # ---------------------------------------------------------------- where

    @property
    def is_placed(self) -> bool:
        """Whether what is open lies in space; a clip does not, nor a viewer that is being emptied."""
        return self.viewer is not None and self.viewer.dims.ndim >= 3

    @property
    def point_world(self) -> Vector:
        """The linked point, world (z, y, x) mm.

        napari's sliders snap to whole steps; within the step that they stand at, the place that was
        asked for counts.
        """
        dims = self.viewer.dims
        point = np.asarray(dims.point, dtype=np.float64)[-3:]
        if self._asked is None:
            return point
        half = np.asarray([dims.range[axis].step for axis in range(-3, 0)]) / 2
        exact: Vector = np.where(np.abs(self._asked - point) <= half * _WITHIN, self._asked, point)
        return exact

    @property
    def point_lps(self) -> Vector:
        """The linked point, LPS mm."""
        return self._session.frame.world_to_lps(self.point_world)

    @property
    def centre_lps(self) -> Vector:
        """What lies in the middle of all views, LPS mm."""
        return self._session.frame.world_to_lps(self._centre)

    @property
    def zoom(self) -> float:
        """Pixels a millimetre."""
        return float(self.viewer.scene.camera.zoom)

    @property
    def time(self) -> int:
        """The time point that the slider stands at; 0 without one."""
        step = self.viewer.dims.current_step
        return int(step[-4]) if len(step) > 3 else 0

    def go_to(self, point_lps_mm: ArrayLike) -> None:
        """Bring the linked point to a patient point; sliders end where the images do."""
        dims = self.viewer.dims
        world = self._session.frame.lps_to_world(point_lps_mm)
        self._asked = np.asarray(world, dtype=np.float64)
        dims.set_point(range(dims.ndim - 3, dims.ndim), tuple(float(v) for v in world))
        self._on_moved()  # napari tells of whole steps only

    def look_at(self, centre_lps_mm: ArrayLike) -> None:
        """Bring a patient point to the middle of all views."""
        self._centre = np.asarray(self._session.frame.lps_to_world(centre_lps_mm))
        shown = self._shown_axes()
        if len(shown) == 2:
            self.viewer.scene.camera.center = (0.0, *self._centre[shown])
        self.changed.emit()

    def centre_here(self) -> None:
        """Take the centre from the camera and, across its canvas, from the point."""
        if self.viewer.dims.ndim >= 3:
            self._centre = self.point_world.copy()
        self._on_moved()

    def zoom_by(self, factor: float) -> None:
        """Zoom all views."""
        self.viewer.scene.camera.zoom = self.zoom * factor

    def hover(self, point_lps_mm: Vector | None) -> None:
        """Tell all views what patient point the mouse is over."""
        self.cursor_lps = point_lps_mm
        self.hovered.emit()

    def _shown_axes(self) -> list[int]:
        """Return which of z, y, x (0, 1, 2) napari's canvas shows; none in 3D or on a clip."""
        dims = self.viewer.dims
        if dims.ndisplay != 2 or dims.ndim < 3:
            return []
        return [axis - (dims.ndim - 3) for axis in dims.displayed]

    def _on_moved(self, _event: Any = None) -> None:
        if self.viewer is None:
            return
        if self._asked is not None and self.is_placed:
            self._asked = self.point_world
        shown = self._shown_axes()
        if len(shown) == 2 and min(shown) >= 0:
            self._centre[shown] = np.asarray(self.viewer.scene.camera.center, dtype=float)[-2:]
        self.changed.emit()
