"""What masks of a clip look like as a layer, and to which clip masks of a session belong."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from napari_medassist.annotation.clips.ranges import ClipKey
from napari_medassist.annotation.document import Plain, Voxels
from napari_medassist.app.layer_data import (
    CLIP_MASK_KEY,
    METADATA_KEY,
    LayerData,
    LayerLink,
    label_colours,
    label_features,
    link_of,
)
from napari_medassist.core.case import Case
from napari_medassist.core.errors import InvalidImage
from napari_medassist.core.labels import LabelScheme
from napari_medassist.core.video import VideoClip

_KEYS: WeakKeyDictionary[VideoClip, ClipKey] = WeakKeyDictionary()


def key_of(clip: VideoClip) -> ClipKey:
    """Return the key of a clip; its frames are decoded the first time only."""
    if clip not in _KEYS:
        _KEYS[clip] = ClipKey.of(clip)
    return _KEYS[clip]


def mask_layer(
    masks: Voxels, link: LayerLink, fingerprint: str, name: str, scheme: LabelScheme | None = None
) -> LayerData:
    """Return the layer of masks on a clip's pixels.

    Parameters
    ----------
    masks
        The label map (t, y, x), which the layer shows and changes itself, not a copy.
    link
        What the layer of the clip stands for.
    fingerprint
        The clip's.
    name
        What the masks are called.
    scheme
        Names and colours of the labels.

    Raises
    ------
    TypeError
        If the link is to no clip.
    """
    clip = link.image
    if not isinstance(clip, VideoClip):
        raise TypeError("The link is to no clip.")
    scheme = LabelScheme() if scheme is None else scheme
    unit = "mm" if clip.spacing_yx_mm else "pixel"
    options = {
        "name": name,
        "scale": (1.0, *(clip.spacing_yx_mm or (1.0, 1.0))),
        "units": ("pixel", unit, unit),
        "axis_labels": ("t", "y", "x"),
        "metadata": {METADATA_KEY: link, CLIP_MASK_KEY: fingerprint},
        "features": label_features(scheme),
        "colormap": label_colours(scheme),
        "opacity": 0.6,
    }
    return masks, options, "labels"


def write_clip_masks(path: Path, masks: Any, metadata: dict[str, Any]) -> None:
    """Write the masks (t, y, x) of a layer on the pixels of the clip that it is linked to.

    Raises
    ------
    InvalidImage
        If the layer is linked to no clip, or the masks do not have its shape.
    UnsupportedFormat, WriteFailed
        As :func:`~napari_medassist.annotation.clips.masks.write_mask`.
    """
    from napari_medassist.annotation.clips.masks import write_mask  # it imports scikit-image

    link = link_of(metadata)
    clip = None if link is None else link.image
    if not isinstance(clip, VideoClip):
        raise InvalidImage("These masks belong to no clip.", cure="Open the clip and draw on it.")
    shape = tuple(int(n) for n in clip.frames.shape[:3])
    if masks.shape != shape:
        raise InvalidImage(f"The masks are {masks.shape} (t, y, x), the clip {shape}.")
    write_mask(path, masks, clip.spacing_yx_mm)


def clip_of(about: Mapping[str, Plain], shape: tuple[int, ...], case: Case) -> VideoClip | None:
    """Return the clip of a case that masks were drawn on; None if it is not among them.

    Parameters
    ----------
    about
        What a document knows of the masks.
    shape
        Frames, rows and columns of the masks.
    case
        The case. Where several clips have this shape, three frames of each are decoded.
    """
    alike = [c for c in case.clips() if tuple(int(n) for n in c.frames.shape[:3]) == tuple(shape)]
    return next((c for c in alike if key_of(c).fingerprint == about.get("clip")), None)
