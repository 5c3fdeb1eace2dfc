"""Image layers that hold probabilities or detections: what may be compared beside label maps."""

from __future__ import annotations

from weakref import WeakKeyDictionary

import numpy as np
from napari.layers import Image, Layer

from napari_medassist._qt.bridge import Bridge
from napari_medassist.app.layer_data import link_of
from napari_medassist.core.errors import InvalidImage
from napari_medassist.core.labels import DetectionMap, ProbabilityMap
from napari_medassist.core.volume import Volume

#: What an image's values may be taken for.
MAP_KINDS = {ProbabilityMap: "probability map", DetectionMap: "detection map"}
_SAMPLED = 40
_KNOWN: WeakKeyDictionary[Volume, bool] = WeakKeyDictionary()


def map_layers(bridge: Bridge) -> list[Image]:
    """Return the image layers whose values lie between 0 and 1, as far as a sample shows."""
    return [layer for layer in bridge.layers(Image) if _may_be_a_map(_volume_of(layer))]


def map_of(
    layer: Image, kind: type[ProbabilityMap] | type[DetectionMap]
) -> ProbabilityMap | DetectionMap:
    """Return the map that an image layer shows, on the image's own grid.

    Raises
    ------
    InvalidImage
        If its values do not lie between 0 and 1.
    """
    volume = _volume_of(layer)
    if volume is None:
        raise InvalidImage(f"The layer '{layer.name}' belongs to no image of the case.")
    array = np.asarray(volume.array)
    values = array if array.dtype.kind == "f" else array.astype(np.float32)
    return kind(array=values, geometry=volume.geometry, source=volume.source, name=layer.name)


def _volume_of(layer: Layer) -> Volume | None:
    link = link_of(layer.metadata)
    image = None if link is None else link.image
    return image if isinstance(image, Volume) and image.array.ndim == 3 else None


def _may_be_a_map(volume: Volume | None) -> bool:
    """Look at some of the voxels; all are looked at when the map is compared."""
    if volume is None:
        return False
    if volume not in _KNOWN:
        depth = volume.array.shape[0]
        planes = [np.asarray(volume.array[z]) for z in {0, depth // 2, depth - 1}]
        sample = np.stack([plane[:: max(1, len(plane) // _SAMPLED)] for plane in planes])
        low, high = np.min(sample), np.max(sample)
        _KNOWN[volume] = bool(sample.dtype.kind == "f" and low >= 0 and high <= 1)
    return _KNOWN[volume]
