"""Where the reader is: the point under the mouse, and what lies there."""

from __future__ import annotations

from functools import partial

import numpy as np
from napari.layers import Labels
from numpy.typing import NDArray
from qtpy.QtGui import QCursor

from napari_medassist._qt.bridge import Bridge
from napari_medassist._qt.views.linked import linked_views_of
from napari_medassist.annotation.findings.placing import Placed, zoned_gland
from napari_medassist.app.findings.spoken import Hit
from napari_medassist.app.layer_data import SUGGESTED_KEY, link_of
from napari_medassist.app.session import is_called_zones
from napari_medassist.core.errors import MedAssistError
from napari_medassist.core.labels import LabelMap
from napari_medassist.voice.desk import Moment

Point = NDArray[np.float64]


def moment_now(bridge: Bridge, frame: int | None) -> Moment:
    """Return where the reader is: the patient point under the mouse, and the frame of the clip."""
    return Moment(cursor_lps_mm(bridge), frame)


def cursor_lps_mm(bridge: Bridge) -> Point | None:
    """Return the patient point under the mouse, LPS (x, y, z) mm; None where it is on no image.

    napari and the views remember where the mouse was moved last. If slices went by under it since
    then, the point is in the slice that is shown now. A point beside the reference image is none.
    """
    remembered = bridge.cursor_lps_mm()
    if remembered is None:
        return None
    for view in linked_views_of(bridge).views:
        if view.underMouse():
            return _within(bridge, view.lps_at(view.mapFromGlobal(QCursor.pos()).toPointF()))
    dims, frame = bridge.viewer.dims, bridge.session.frame
    world = np.asarray(frame.lps_to_world(remembered), dtype=np.float64)
    if dims.ndisplay == 2:
        more = dims.ndim - 3
        for axis in range(3):
            if axis + more not in dims.displayed:
                world[axis] = dims.point[axis + more]
    return _within(bridge, frame.world_to_lps(world))


def _within(bridge: Bridge, point_lps_mm: Point) -> Point | None:
    """Return a point if the image that is annotated reaches there."""
    volume = bridge.session.annotation_volume()
    if volume is None:
        return None
    index = np.rint(volume.geometry.lps_to_index(point_lps_mm))
    is_inside = ((index >= 0) & (index < volume.geometry.shape_zyx)).all()
    return np.asarray(point_lps_mm) if is_inside else None


def hits(bridge: Bridge, point_lps_mm: Point) -> Hit | None:
    """Return the labelled voxel at a point that may be a lesion's; None if there is none.

    Maps of zones, suggestions, and labels that are named after something else are no lesions.
    """
    world = bridge.session.frame.lps_to_world(point_lps_mm)
    for layer in bridge.label_layers():
        key = bridge.recorder.key_of(layer)
        if not key or not layer.visible or not _may_be_lesions(layer):
            continue
        index = np.rint(layer.world_to_data(world)).astype(int)
        if ((index < 0) | (index >= layer.data.shape)).any():
            continue
        value = int(layer.data[tuple(index)])
        if value and _may_be_lesion(bridge, key, value):
            return Hit(key, value, partial(bridge.labels_of, layer))
    return None


def placed_at(bridge: Bridge, point_lps_mm: Point) -> Placed | None:
    """Return where a point lies in the prostate; None without a map of its zones."""
    zones = next((n for n in bridge.label_layers() if is_called_zones(n.name)), None)
    if zones is None:
        return None
    try:
        labels: LabelMap = bridge.labels_of(zones)
        return zoned_gland(labels).place(np.asarray(point_lps_mm, dtype=np.float64)[None])
    except MedAssistError:
        return None  # they are no zones of a prostate; the lesion table says so


def _may_be_lesions(layer: Labels) -> bool:
    link = link_of(layer.metadata)
    is_shown_as_it_is = link is not None and not link.resampled and layer.ndim == 3
    return is_shown_as_it_is and not is_called_zones(layer.name) and SUGGESTED_KEY not in layer.metadata


def _may_be_lesion(bridge: Bridge, key: str, value: int) -> bool:
    """Tell whether a label is a lesion already, or bears no name of another structure."""
    document = bridge.recorder.recording.document
    if any(f.get("map") == key and f.get("label") == value for f in document.findings.values()):
        return True
    names = {int(one["value"]): str(one["name"]) for one in document.about[key]["labels"]}
    name = names.get(value, "").casefold()
    return not name or name == f"label {value}" or "lesion" in name
