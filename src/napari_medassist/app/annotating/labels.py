"""Labels of a map that is annotated: which there are, and a value for a new lesion."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_medassist.annotation.clips.seen import SeenClip
from napari_medassist.annotation.operations.change import box_of_label, free_value
from napari_medassist.annotation.operations.sampling import SeenImage
from napari_medassist.app.annotating.tools import Annotated
from napari_medassist.app.layer_data import LayerLink
from napari_medassist.app.measuring.lesion_size import lesion_size
from napari_medassist.app.measuring.region_values import region_values
from napari_medassist.core.errors import InvalidSetting
from napari_medassist.core.geometry import Triple
from napari_medassist.core.labels import LabelMap, LabelScheme
from napari_medassist.core.video import VideoClip
from napari_medassist.core.volume import GridImage, Volume

#: The part of a label's intensities that a range is taken from, in percent.
_INNER = (5, 95)


def annotated(
    voxels: NDArray[np.integer[Any]],
    spacing_zyx_mm: Triple,
    link: LayerLink | None,
    image: Volume | None,
) -> Annotated:
    """Return what is annotated: the voxels of a layer, and the image on its own grid.

    Parameters
    ----------
    voxels
        The layer's array (z, y, x).
    spacing_zyx_mm
        Its scale.
    link
        What the layer stands for.
    image
        The image that gives the range.

    Raises
    ------
    InvalidSetting
        If the layer is no array of three axes that may be written to, or is a resampled copy.
    """
    if link is not None and link.resampled:
        raise InvalidSetting("This label map is shown resampled and cannot be edited here.")
    if not isinstance(voxels, np.ndarray) or voxels.ndim != 3:
        raise InvalidSetting("The tools need a label map with three axes.")
    if link is not None and isinstance(link.image, VideoClip):
        clip = link.image
        return Annotated(voxels, spacing_zyx_mm, SeenClip(clip.frames), clip.frame_times_s)
    seen = None
    if image is not None and link is not None and isinstance(link.image, GridImage):
        seen = SeenImage(image.array, image.geometry, link.image.geometry)
    return Annotated(voxels, spacing_zyx_mm, seen)


def scheme_of(link: LayerLink | None, voxels: NDArray[np.integer[Any]], selected: int) -> LabelScheme:
    """Return the labels to choose from: those of the scheme, those that occur, the selected one."""
    image = None if link is None else link.image
    scheme = image.scheme if isinstance(image, LabelMap) else LabelScheme()
    shift = 0 if link is None else link.palette_shift
    return scheme.completed([*_values(voxels), selected], shift)


def new_lesion(voxels: NDArray[np.integer[Any]], known: LabelScheme) -> int:
    """Return a value that neither occurs nor has a name."""
    used = {label.value for label in known.labels}
    value = free_value(voxels)
    while value in used:
        value += 1
    return value


def range_of_label(on: Annotated, label: int) -> tuple[float, float]:
    """Return the range of the image within a label: its 5th to its 95th percentile.

    Raises
    ------
    InvalidSetting
        If there is no image, or no voxel of the label lies in it.
    """
    found = np.zeros(0)
    if label and (on.voxels == label).any():
        box = box_of_label(on.voxels, label)
        values, inside = on.required_image().values(box)
        found = values[inside & (on.voxels[box] == label)]
    if not found.size:
        raise InvalidSetting(
            f"Label {label} has no voxels in the image.", cure="Draw a stroke in the lesion first."
        )
    low, high = (float(v) for v in np.percentile(found, _INNER))
    return low, high


def told_of_lesion(on: Annotated, link: LayerLink | None, image: Volume | None, label: int) -> str:
    """Return size and intensities of a label in words.

    Raises
    ------
    InvalidSetting
        If the label has no voxels, or the layer no place in the patient.
    """
    box = box_of_label(on.voxels, label)
    region = on.voxels == label
    if link is None or not isinstance(link.image, GridImage):
        raise InvalidSetting("The labels belong to no image, so nothing can be measured.")
    size = lesion_size(region[box], link.image.geometry).in_words()
    if image is None:
        return f"Label {label}: {size}."
    words = region_values(image, region, link.image.geometry).in_words()
    return f"Label {label}: {size}. {image.role.upper()}: {words}."


def _values(voxels: NDArray[np.integer[Any]]) -> list[int]:
    """Return the values that occur, slice by slice, so that little memory is needed beside the map."""
    found: set[int] = set()
    for plane in voxels:
        if voxels.dtype == np.uint8:
            found.update(np.flatnonzero(np.bincount(plane.ravel(), minlength=256)).tolist())
        else:
            found.update(np.unique(plane).tolist())
    return sorted(found - {0})
