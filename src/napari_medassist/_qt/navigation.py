"""Where the viewer looks: body the right way up, steps of one slice, going to a patient point."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from weakref import ref

import numpy as np
from numpy.typing import NDArray

from napari_medassist.app.session import Session

if TYPE_CHECKING:
    from napari.components import ViewerModel


#: What is looked at is shown no larger than if it were so large; and with so much room around it.
_LEAST_BOX_MM, _WITH_MARGIN = 20.0, 1.3


class Navigation:
    """Keeps the sliders and the camera of a viewer true to the patient.

    Parameters
    ----------
    viewer
        The viewer.
    session
        What is open in it.
    """

    def __init__(self, viewer: ViewerModel, session: Session) -> None:
        self._viewer = ref(viewer)
        self._session = session
        self._point = viewer.dims.point
        self._orient()
        viewer.dims.events.order.connect(self._orient)
        viewer.dims.events.ndisplay.connect(self._orient)
        viewer.dims.events.range.connect(self.step_by_reference_slices)
        viewer.dims.events.point.connect(self._remember_point)

    @property
    def viewer(self) -> Any:
        """The viewer."""
        return self._viewer()

    def centre_on(self, point_lps_mm: Sequence[float]) -> None:
        """Go to the slice of a patient point (LPS mm) and bring it to the middle of the canvas."""
        self.show_slice(point_lps_mm)
        self._look_at(self._session.frame.lps_to_world(point_lps_mm))

    def show_slice(self, point_lps_mm: Sequence[float]) -> None:
        """Go to the slice of a patient point (LPS mm); the camera stays."""
        world = self._session.frame.lps_to_world(point_lps_mm)
        self.viewer.dims.set_point(self._spatial_axes(), tuple(world))

    def fit_to(self, points_lps_mm: NDArray[np.float64]) -> None:
        """Let the canvas show the box that holds some patient points (n, 3), LPS mm, with a margin."""
        world = self._session.frame.lps_to_world(points_lps_mm)
        low, high = world.min(axis=0), world.max(axis=0)
        self._look_at((low + high) / 2)
        sizes = self._displayed(np.maximum(high - low, _LEAST_BOX_MM))
        canvas = np.asarray(self.viewer.canvas.size, dtype=float)
        room = canvas if sizes.size == canvas.size else np.full(sizes.size, canvas.min())
        self.viewer.scene.camera.zoom = float(np.min(room / (sizes * _WITH_MARGIN)))

    def _look_at(self, world: NDArray[np.float64]) -> None:
        displayed = self._displayed(world)
        is_flat = displayed.size == self.viewer.dims.ndisplay == 2
        self.viewer.scene.camera.center = (0.0, *displayed) if is_flat else tuple(displayed)

    def _displayed(self, world: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the parts of a world point that lie along the axes of the canvas."""
        full = np.zeros(self.viewer.dims.ndim)
        full[self._spatial_axes()] = world
        return full[list(self.viewer.dims.displayed)]

    def show_whole(self, point_lps_mm: Sequence[float] | None = None) -> None:
        """Show the whole reference image at the slice of a patient point (LPS mm), else its middle."""
        volume = self._session.annotation_volume()
        if volume is not None:
            self.viewer.reset_view()
            if point_lps_mm is None:
                middle = (np.asarray(volume.geometry.shape_zyx) - 1) // 2
                point_lps_mm = volume.geometry.index_to_lps(middle).tolist()
        if point_lps_mm is not None:
            self.show_slice(point_lps_mm)

    def step_by_reference_slices(self, _event: Any = None) -> None:
        """Make one step of a slider one slice of the reference image, and hit its slices exactly.

        napari steps by the finest spacing of all layers, so that scrolling through a T2w beside a
        resampled series would show most of its slices twice. Where its own steps are coarser than ours,
        its sliders have thrown the point to the end by now; it goes back to where it was.
        """
        volume = self._session.annotation_volume()
        dims = self.viewer.dims
        if volume is None or dims.ndim < 3:
            return
        ranges = list(dims.range)
        first = self._session.frame.translate_zyx_mm(volume.geometry)
        steps = volume.geometry.spacing_zyx_mm
        if self._has_a_clip():  # its frames lie along the first axis, one a unit: all can be reached
            steps = (min(1.0, steps[0]), *steps[1:])
        if not self._session.frame.places(volume.geometry):
            return
        for axis, origin, step in zip(self._spatial_axes(), first, steps, strict=True):
            start, stop = (round((end - origin) / step) * step + origin for end in ranges[axis][:2])
            ranges[axis] = (start, stop, step)
        if not np.allclose(np.asarray(ranges), np.asarray(dims.range)):
            dims.range = tuple(ranges)
            if len(self._point) == dims.ndim:
                dims.point = self._point

    def _has_a_clip(self) -> bool:
        case = self._session.case
        return case is not None and any(case.clips())

    def _spatial_axes(self) -> list[int]:
        return [self.viewer.dims.ndim - 3 + axis for axis in range(3)]

    def _orient(self, _event: Any = None) -> None:
        """Draw the body as radiologists look at it.

        In 3D, (S, P, L) is a left-handed triple: with napari's own orientation the body is mirrored.
        In 2D, where superior-inferior is vertical (coronal, sagittal), superior is up.
        """
        dims = self.viewer.dims
        vertical = dims.displayed[-2]
        head_up = dims.ndisplay == 2 and dims.ndim >= 3 and vertical == dims.ndim - 3
        self.viewer.scene.camera.orientation = ("away", "up" if head_up else "down", "right")

    def _remember_point(self, _event: Any = None) -> None:
        self._point = self.viewer.dims.point
