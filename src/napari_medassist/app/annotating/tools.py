"""The tools of an annotator and what each does at a point, along a drag, or around an outline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_medassist.annotation.operations import brush, filling, growing
from napari_medassist.annotation.operations.change import ANYTHING, Change, Protection
from napari_medassist.annotation.operations.sampling import IntensityRange, Sampled
from napari_medassist.annotation.operations.smart_edge import SmartEdge, edge_cost
from napari_medassist.core.errors import InvalidSetting
from napari_medassist.core.geometry import Triple

#: Width of the edges that the smart edge looks for, in mm.
_EDGE_BLUR_MM = 0.7


class Tool(StrEnum):
    """What a press of the mouse does."""

    BRUSH = "Brush"
    ERASER = "Eraser"
    RANGE_BRUSH = "Range brush"
    FILL = "Fill"
    POLYGON = "Polygon"
    SMART_EDGE = "Smart edge"
    GROW = "Grow"
    SPLIT = "Split line"


class Keep(StrEnum):
    """Which voxels a tool may overwrite."""

    NOTHING = "Paint over everything"
    LABELS = "Only on background"
    OTHERS = "Only on the label below"


#: Tools that work while the mouse is dragged.
DRAGGED = (Tool.BRUSH, Tool.ERASER, Tool.RANGE_BRUSH)
#: Tools that have no use on the frames of a clip, and why.
NOT_ON_CLIPS = {Tool.SPLIT: "Splits through all slices, and the frames of a clip are no depth"}
#: Tools whose outline is clicked point by point.
OUTLINES = (Tool.POLYGON, Tool.SMART_EDGE)


@dataclass(frozen=True)
class ToolSettings:
    """What the panel says.

    Parameters
    ----------
    label
        The label that is painted.
    radius_mm
        Radius of the brush.
    is_flat
        True paints in the slice, False in 3D.
    low, high
        The intensities of the range brush and of growing.
    keep
        What may be overwritten.
    keep_label
        The label that may be painted on, for ``Keep.OTHERS``.
    reach_mm
        How far growing goes from its point.
    largest_ml
        A larger region is a leak.
    alike
        Growing takes the range from the surroundings of the point, not ``low`` and ``high``.
    """

    label: int = 1
    radius_mm: float = 4.0
    is_flat: bool = True
    low: float = 0.0
    high: float = 1000.0
    keep: Keep = Keep.LABELS
    keep_label: int = 0
    reach_mm: float = 25.0
    largest_ml: float = 50.0
    alike: bool = False

    def protection(self, *, erases: bool = False) -> Protection:
        """Return what a tool must leave; the eraser takes only the label, unless nothing is kept."""
        if self.keep is Keep.NOTHING:
            return ANYTHING
        if erases:
            return Protection(only=frozenset({self.label}))
        return Protection(only=frozenset({0 if self.keep is Keep.LABELS else self.keep_label}))


@dataclass(frozen=True, eq=False)
class Annotated:
    """A label map that is annotated.

    Parameters
    ----------
    voxels
        (z, y, x).
    spacing_zyx_mm
        Distance between voxel centres along z, y, x, in mm.
    image
        The image that gives the range, seen from the label map; None if there is none.
    times_s
        Seconds of each frame, if what is annotated are the frames of a clip; their first axis is then
        time and no depth. Empty for a label map of a volume.
    """

    voxels: NDArray[np.integer[Any]]
    spacing_zyx_mm: Triple
    image: Sampled | None = None
    times_s: tuple[float, ...] = ()

    def required_image(self) -> Sampled:
        """Return the image.

        Raises
        ------
        InvalidSetting
            If there is none.
        """
        if self.image is None:
            raise InvalidSetting(
                "This tool needs an image of the case.", cure="Choose one as Range of."
            )
        return self.image


def dragged(
    on: Annotated,
    tool: Tool,
    settings: ToolSettings,
    start_zyx: Sequence[float],
    end_zyx: Sequence[float],
    axis: int,
) -> Change:
    """Return what a brush changes between two points, voxel indices, of a slice across an axis."""
    erases = tool is Tool.ERASER
    within = None
    if tool is Tool.RANGE_BRUSH:
        within = IntensityRange(on.required_image(), settings.low, settings.high)
    return brush.stroke(
        on.voxels,
        start_zyx,
        end_zyx,
        on.spacing_zyx_mm,
        settings.radius_mm,
        0 if erases else settings.label,
        axis=axis if settings.is_flat else None,
        protection=settings.protection(erases=erases),
        within=within,
    )


def clicked(
    on: Annotated, tool: Tool, settings: ToolSettings, point_zyx: Sequence[float], axis: int
) -> Change:
    """Return what fill or grow changes at a point, a voxel index, of a slice across an axis."""
    across = axis if settings.is_flat else None
    if tool is Tool.FILL:
        return filling.flood(
            on.voxels, point_zyx, settings.label, axis=across, protection=settings.protection()
        )
    image = on.required_image()
    within = IntensityRange(image, settings.low, settings.high)
    if settings.alike:
        within = growing.confidence_range(
            image, on.voxels, point_zyx, on.spacing_zyx_mm, radius_mm=settings.reach_mm
        )
    return growing.grow(
        on.voxels,
        point_zyx,
        within,
        on.spacing_zyx_mm,
        settings.label,
        radius_mm=settings.reach_mm,
        largest_ml=None if on.times_s else settings.largest_ml,  # frames have no volume
        axis=across,
        protection=settings.protection(),
    )


def outlined(on: Annotated, settings: ToolSettings, corners_zyx: ArrayLike, axis: int) -> Change:
    """Return the fill of an outline, (n, 3) voxel indices, in a slice across an axis."""
    return filling.polygon(
        on.voxels, corners_zyx, settings.label, axis=axis, protection=settings.protection()
    )


class OutlineGuide:
    """Leads an outline along the edges of an image in one slice.

    Parameters
    ----------
    on
        What is annotated; its image gives the edges.
    axis, index
        The slice: across which axis, and which one.
    """

    def __init__(self, on: Annotated, axis: int, index: int) -> None:
        self._axis, self._index = axis, index
        self._in_plane = [a for a in range(3) if a != axis]
        box = [slice(0, n) for n in on.voxels.shape]
        box[axis] = slice(index, index + 1)
        values, _ = on.required_image().values((box[0], box[1], box[2]))
        spacing = on.spacing_zyx_mm[self._in_plane[0]], on.spacing_zyx_mm[self._in_plane[1]]
        cost = edge_cost(values.take(0, axis=axis), spacing, _EDGE_BLUR_MM)
        self._edge = SmartEdge(cost, spacing)

    def start_at(self, point_zyx: Sequence[float]) -> None:
        """Take a click, a voxel index, as the start of what follows."""
        first, second = self._in_plane
        self._edge.start_at((point_zyx[first], point_zyx[second]))

    def path_to(self, point_zyx: Sequence[float]) -> NDArray[np.float64]:
        """Return the way along edges from the last click to a point, (n, 3) voxel indices."""
        first, second = self._in_plane
        path = self._edge.path_to((point_zyx[first], point_zyx[second]))
        points = np.full((len(path), 3), float(self._index))
        points[:, self._in_plane] = path
        return points
