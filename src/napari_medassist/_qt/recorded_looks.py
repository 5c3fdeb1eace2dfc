"""What a label layer looks like, as the recording keeps it, and back; and what a stroke has changed."""

from __future__ import annotations

from typing import Any

import numpy as np
from napari.layers import Labels

from napari_medassist.annotation.map_about import about_map, label_map, scheme_of, source_of
from napari_medassist.annotation.voxel_edit import Dab
from napari_medassist.app.clips.mask_layers import clip_of, mask_layer
from napari_medassist.app.findings.suggestions import is_suggested
from napari_medassist.app.label_looks import scheme_as_shown
from napari_medassist.app.layer_data import (
    CLIP_MASK_KEY,
    NOT_OWN_KEY,
    SUGGESTED_KEY,
    LayerData,
    LayerLink,
    label_colours,
    label_features,
    labels_layer,
    link_of,
)
from napari_medassist.app.session import Session
from napari_medassist.core.case import Case
from napari_medassist.core.labels import LabelMap, LabelScheme
from napari_medassist.core.volume import GridImage


def dab_of(atom: Any) -> Dab:
    """Return an atom of napari's history as a dab."""
    if hasattr(atom, "slice_key"):  # napari's brush, fill and polygon
        return Dab(atom.slice_key, atom.mask, atom.old_values, atom.new_value)
    indices, before, after = atom  # data_setitem
    return Dab(None, indices, before, after)


def about_of(layer: Labels) -> dict[str, Any]:
    """Describe a layer's label map as it is shown now."""
    link = link_of(layer.metadata)
    image = None if link is None else link.image
    scheme = image.scheme if isinstance(image, LabelMap) else LabelScheme()
    shift = 0 if link is None else link.palette_shift
    values = [int(v) for v in layer.features["index"]] if "index" in layer.features else []
    state = {"features": layer.features, "colormap": layer.colormap}
    shown = scheme_as_shown(scheme.completed(values, shift), state)
    source = image.source_grid if isinstance(image, GridImage) else None
    about = about_map(layer.name, shown, source, str(layer.metadata.get(CLIP_MASK_KEY, "")))
    return {**about, **layer.metadata.get(SUGGESTED_KEY, {})}


def dress(layer: Labels, about: Any) -> None:
    """Give a layer the name, names and colours that are known of its label map."""
    if about_of(layer) == about:
        return
    layer.name = about["name"]
    scheme = scheme_of(about)
    layer.features = label_features(scheme)
    layer.colormap = label_colours(scheme)


def why_not_recorded(layer: Labels) -> str:
    """Return why the steps on a label layer do not go into the journal, in a few words."""
    link = link_of(layer.metadata)
    if NOT_OWN_KEY in layer.metadata:
        return "it only shows results"
    if link is None:
        return "it lies on no image of the case"
    if link.resampled:
        return "it is a resampled copy"
    if not isinstance(layer.data, np.ndarray):
        return "its voxels are read piece by piece"
    return f"it has {layer.ndim} axes" if layer.ndim != 3 else "its case is not the open one"


def layer_data_of(about: Any, voxels: Any, session: Session) -> LayerData | None:
    """Return the layer of a label map that a document brings; None if its clip is not open.

    Parameters
    ----------
    about, voxels
        As the document holds them.
    session
        The open case, on whose images the map lies.
    """
    case = session.case or Case(about["name"])
    source, scheme = source_of(about), scheme_of(about)
    if source is None:
        clip = clip_of(about, voxels.shape, case)
        if clip is None:
            return None
        link = LayerLink(clip, case, session.frame)
        return mask_layer(voxels, link, about["clip"], about["name"], scheme)
    home: GridImage | None = next((v for v in case.volumes() if v.source_grid == source), None)
    labels = (
        label_map(about, voxels)
        if home is None
        else LabelMap.on(home, voxels, name=about["name"], scheme=scheme)
    )
    data, options, kind = labels_layer(labels, case, session.frame)
    if is_suggested(about):
        more = {name: about[name] for name in ("suggested_by", "made_with")}
        options["metadata"] |= {SUGGESTED_KEY: more}
        options["opacity"] = 1.0  # a thin line
    return data, options, kind
