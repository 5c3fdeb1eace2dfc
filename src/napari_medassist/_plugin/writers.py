"""Writing for napari: a labels layer becomes a file that lies right in the patient."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from napari_medassist.app.clips.mask_layers import write_clip_masks
from napari_medassist.app.exchange import save
from napari_medassist.app.layer_data import CLIP_MASK_KEY, labels_from_layer, link_of


def write_labels(path: str, data: Any, meta: dict[str, Any]) -> list[str]:
    """Write a labels layer on the grid and axis order of its image's file; a clip's on its pixels.

    Parameters
    ----------
    path
        Where to; the ending chooses the format.
    data
        The layer's array (z, y, x).
    meta
        The layer's state, as napari gives it.

    Returns
    -------
    list of str
        The file that was written.
    """
    metadata = meta.get("metadata", {})
    if CLIP_MASK_KEY in metadata:
        write_clip_masks(Path(path), data, metadata)
        return [path]
    labels = labels_from_layer(data, meta)
    link = link_of(metadata)
    return [str(save(labels, Path(path), None if link is None else link.case))]
