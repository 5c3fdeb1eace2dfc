"""What the buttons of the panel do to a label as a whole."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from napari_medassist.annotation.clips.masks import between_frames, copied_to_next
from napari_medassist.annotation.operations import filling, parts, shaping
from napari_medassist.annotation.operations.change import Change, Voxels
from napari_medassist.annotation.operations.interpolation import interpolate
from napari_medassist.app.annotating.tools import Annotated
from napari_medassist.core.errors import InvalidSetting

#: Why what needs a third dimension is not done on clips.
_NO_DEPTH = "Works in 3D, and the frames of a clip are no depth"
_FAR = 1e3


@dataclass(frozen=True, eq=False)
class Asked:
    """What a button is asked for.

    Parameters
    ----------
    label
        The label that is selected.
    axis, index
        The slice that is shown: across which axis, and which one.
    radius_mm
        Of smoothing, and of the smallest part of a split.
    method
        Of smoothing.
    smallest_mm3
        Smaller parts are removed.
    other
        The label to merge or combine with.
    theirs
        The label map (z, y, x) that ``other`` is in; None stands for the one that is changed.
    """

    label: int
    axis: int = 0
    index: int = 0
    radius_mm: float = 1.5
    method: shaping.Method = "median"
    smallest_mm3: float = 20.0
    other: int = 0
    theirs: Voxels | None = None


@dataclass(frozen=True)
class Operation:
    """A button: its name, what it says of itself, what it does, and why not on clips (or empty)."""

    title: str
    tip: str
    run: Callable[[Annotated, Asked], Change]
    not_on_clips: str = ""


def _interpolate(on: Annotated, asked: Asked) -> Change:
    if on.times_s:
        return between_frames(on.voxels, asked.label, on.times_s, on.spacing_zyx_mm[1:])
    return interpolate(on.voxels, asked.label, on.spacing_zyx_mm, axis=asked.axis)


def _smooth(on: Annotated, asked: Asked) -> Change:
    spacing = on.spacing_zyx_mm
    if on.times_s:  # frames smooth one by one: the next one is farther off than any radius
        spacing = (_FAR * asked.radius_mm, *spacing[1:])
    return shaping.smooth(on.voxels, asked.label, spacing, asked.radius_mm, method=asked.method)


def _holes(on: Annotated, asked: Asked) -> Change:
    return filling.fill_holes(on.voxels, asked.label, axis=asked.axis)


def _copied(on: Annotated, asked: Asked) -> Change:
    if on.times_s:
        return copied_to_next(on.voxels, asked.label, asked.index)
    return parts.copy_slice(on.voxels, asked.label, asked.index, asked.index + 1, axis=asked.axis)


def _largest(on: Annotated, asked: Asked) -> Change:
    return parts.keep_largest(on.voxels, asked.label)


def _small(on: Annotated, asked: Asked) -> Change:
    return parts.remove_small(on.voxels, asked.label, on.spacing_zyx_mm, asked.smallest_mm3)


def _split(on: Annotated, asked: Asked) -> Change:
    return parts.split_by_shape(
        on.voxels, asked.label, on.spacing_zyx_mm, smallest_radius_mm=2 * asked.radius_mm
    )


def _apart(on: Annotated, asked: Asked) -> Change:
    return parts.components_apart(on.voxels, asked.label)


def _merged(on: Annotated, asked: Asked) -> Change:
    return parts.merge(on.voxels, [asked.other], asked.label)


def _united(on: Annotated, asked: Asked) -> Change:
    if asked.theirs is None:
        return _merged(on, asked)
    return parts.combine(on.voxels, asked.label, asked.other, "add", asked.theirs)


def _intersected(on: Annotated, asked: Asked) -> Change:
    return parts.combine(on.voxels, asked.label, asked.other, "intersect", _theirs(asked))


def _subtracted(on: Annotated, asked: Asked) -> Change:
    return parts.combine(on.voxels, asked.label, asked.other, "subtract", _theirs(asked))


def _theirs(asked: Asked) -> Voxels:
    if asked.theirs is None:
        raise InvalidSetting(
            "Labels of one label map do not overlap.", cure="Choose another label map as In."
        )
    return asked.theirs


#: The operations, in the order of their buttons.
OPERATIONS: Mapping[str, Operation] = {
    operation.title: operation
    for operation in (
        Operation("Interpolate", "Fill the slices between those that are drawn", _interpolate),
        Operation("Smooth", "Smooth the label; other labels stay", _smooth),
        Operation("Copy to next", "Copy the label to the next slice", _copied),
        Operation("Fill holes", "Fill what the label encloses on each slice", _holes),
        Operation("Split parts", "Give each connected part a label of its own", _apart, _NO_DEPTH),
        Operation("Split waist", "Split the label at its narrow places", _split, _NO_DEPTH),
        Operation("Merge", "Give the other label this label's value", _merged),
        Operation("Union", "Add the other label, where nothing else is drawn", _united),
        Operation("Intersection", "Keep what the other label has too", _intersected),
        Operation("Difference", "Take the other label's voxels away", _subtracted),
        Operation("Keep largest", "Remove all connected parts but the largest", _largest, _NO_DEPTH),
        Operation("Remove small", "Remove parts below the volume", _small, _NO_DEPTH),
    )
}
