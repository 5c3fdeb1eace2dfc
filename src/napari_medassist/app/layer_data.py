"""From a case to napari layers: (data, keyword arguments, layer type), without napari.

A layer gets scale, translate, units and axis labels only, never an affine. What it stands for travels
in ``metadata["medassist"]`` as a :class:`LayerLink`, so that a label map finds its way back to the grid
and the axis order of its image's file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal
from weakref import WeakKeyDictionary

import numpy as np

from napari_medassist.app.display import DisplayFrame, resample
from napari_medassist.app.label_looks import code_text, scheme_as_shown
from napari_medassist.app.windows import percentile_limits, window_presets
from napari_medassist.core.case import Case, Series
from napari_medassist.core.errors import InvalidImage
from napari_medassist.core.labels import LabelMap, LabelScheme, ProbabilityMap
from napari_medassist.core.video import VideoClip
from napari_medassist.core.volume import GridImage, Volume

LayerData = tuple[Any, dict[str, Any], Literal["image", "labels"]]
METADATA_KEY = "medassist"
#: Marks layers that show verdicts: pictures of a comparison, not label maps.
VERDICTS_KEY = "medassist_verdicts"
#: Marks layers that show others' work or what was made of it: they are not the reader's own.
NOT_OWN_KEY = "medassist_not_own"
#: The value of that mark where whoever shows the layer also saves what is drawn on it.
SAVED_ELSEWHERE = "saved elsewhere"
#: Marks layers that hold masks of a clip, (t, y, x); the value is the clip's fingerprint.
CLIP_MASK_KEY = "medassist_clip_mask"
#: Marks layers of a model's suggestions; the value is what the document knows of them beside the rest.
SUGGESTED_KEY = "medassist_suggested"
#: Marks a layer of points that all views show, with their texts.
POINT_MARKS_KEY = "medassist_point_marks"
AXES_ZYX = ("z", "y", "x")
#: Values that have a colour of their own before anyone has named them.
_COLOURS_READY = 32
#: A layer that lies farther off than this was moved.
_MOVED_MM = 1e-3
_UNLISTED_COLOUR = (1.0, 0.0, 1.0, 1.0)
_VALUES: WeakKeyDictionary[LabelMap, tuple[int, ...]] = WeakKeyDictionary()
#: Roles of images that are confidences, 0..1: drawn as light on the others.
UNCERTAINTY = "uncertainty"
CONFIDENCE_ROLES = ("probability", "detection", UNCERTAINTY)
_CONFIDENCE_LOOK = {
    "contrast_limits": (0.0, 1.0),
    "colormap": "inferno",
    "blending": "additive",
    "opacity": 0.6,
    "visible": True,
}
#: Roles that are shown when a case opens; the others wait behind their eye in the case panel.
_SHOWN_FIRST = ("t2w", "ct", "us", "mr", "other")


@dataclass(frozen=True)
class LayerLink:
    """What a layer stands for.

    Parameters
    ----------
    image
        The image or label map that is shown; for labels that are painted, the grid they live on.
    case
        The case it belongs to.
    frame
        The frame that the case is drawn in.
    resampled
        True if the layer shows a copy resampled for display; such a layer is not edited.
    palette_shift
        Where the colours of unnamed label values start, so that two label maps do not look alike.
    """

    image: Series | LabelMap
    case: Case
    frame: DisplayFrame
    resampled: bool = False
    palette_shift: int = 0

    def __deepcopy__(self, _memo: dict[int, Any]) -> LayerLink:
        """Return itself: it cannot change, and its arrays are large."""
        return self


def link_of(metadata: dict[str, Any]) -> LayerLink | None:
    """Return the link in a layer's metadata, if it has one."""
    link = metadata.get(METADATA_KEY)
    return link if isinstance(link, LayerLink) else None


def case_layers(
    case: Case, frame: DisplayFrame | None = None, palette_shift: int = 0
) -> list[LayerData]:
    """Return the layers of a case: the images, the one to look at first on top, then the labels.

    Parameters
    ----------
    case
        The case.
    frame
        The frame to draw it in; its own by default.
    palette_shift
        Number of label maps that are open already.
    """
    frame = DisplayFrame.of_case(case) if frame is None else frame
    first = _first_shown(case)
    lights = [s for s in case.series if s.role in CONFIDENCE_ROLES]
    others = [s for s in case.series if s.role not in CONFIDENCE_ROLES]
    rising = reversed((*lights, *others))
    images = [_series_layer(s, case, frame, visible=s is first) for s in rising]
    maps = enumerate(case.labels, start=palette_shift)
    return images + [labels_layer(labels, case, frame, shift) for shift, labels in maps]


def values_of(labels: LabelMap) -> tuple[int, ...]:
    """Return the values of a label map; looked for once, so that it can be done beforehand."""
    if labels not in _VALUES:
        _VALUES[labels] = labels.values()
    return _VALUES[labels]


def labels_layer(
    labels: LabelMap, case: Case, frame: DisplayFrame, palette_shift: int = 0
) -> LayerData:
    """Return the layer of a label map, with its names and colours."""
    data, placement, resampled = _place(labels, frame, nearest=True)
    scheme = labels.scheme.completed(values_of(labels), palette_shift)
    link = LayerLink(labels, case, frame, resampled, palette_shift)
    options: dict[str, Any] = {
        **placement,
        "name": labels.name or "Labels",
        "metadata": {METADATA_KEY: link},
        "features": label_features(scheme),
        "colormap": label_colours(scheme, palette_shift),
        "opacity": 0.6,
    }
    # Painting needs an array of its own that may be written to.
    editable = data if resampled else np.array(data, order="C")
    return editable, options, "labels"


def map_layer(values: ProbabilityMap, case: Case, frame: DisplayFrame) -> LayerData:
    """Return the layer of a map of values of 0..1, which lies over the images as light."""
    volume = Volume(values.array, values.geometry, values.source, name=values.name, role=UNCERTAINTY)
    return _series_layer(volume, case, frame, visible=True)


def picture_layer(image: Volume, case: Case, frame: DisplayFrame, **look: Any) -> LayerData:
    """Return the layer of an image that is no series of the case: a preview, a map of growth.

    Parameters
    ----------
    image
        What is shown.
    case, frame
        The open case and its frame.
    **look
        What napari is told beside: colours, limits, blending.
    """
    data, options, kind = _series_layer(image, case, frame, visible=True)
    return data, options | look, kind


def labels_from_layer(data: Any, state: Mapping[str, Any]) -> LabelMap:
    """Return the label map that a layer shows, on the grid of its source.

    Parameters
    ----------
    data
        The layer's array (z, y, x).
    state
        What napari tells of the layer: name, metadata (with the link), scale, translate, affine.

    Raises
    ------
    InvalidImage
        If the layer has no link to an image of a case, so that nobody knows where it lies; if it was
        moved or reshaped; or if a copy resampled for display was edited.
    """
    name = str(state.get("name", "Labels"))
    if VERDICTS_KEY in state.get("metadata", {}):
        raise InvalidImage(
            f"The layer '{name}' shows the verdicts of a comparison; it is no label map.",
            cure="Save or compare the reference or the prediction itself.",
        )
    link = link_of(state.get("metadata", {}))
    if link is None or not isinstance(link.image, GridImage):
        raise InvalidImage(
            f"The layer '{name}' belongs to no image, so its place in the patient is unknown.",
            cure="Open the image first; a labels layer made after that takes its geometry.",
        )
    _require_in_place(link, name, state)
    if link.resampled:
        return _unchanged(link, data, name)
    scheme = link.image.scheme if isinstance(link.image, LabelMap) else LabelScheme()
    array = np.asarray(data)
    if array.shape != link.image.geometry.shape_zyx:
        raise InvalidImage(
            f"The layer '{name}' is {array.shape} voxels, its image {link.image.geometry.shape_zyx}.",
            cure="Labels must keep the shape of the image they were made for.",
        )
    completed = scheme.completed(np.unique(array), link.palette_shift)
    completed = scheme_as_shown(completed, state)
    return LabelMap.on(link.image, array, name=name, scheme=completed)


def _unchanged(link: LayerLink, data: Any, name: str) -> LabelMap:
    """Return the label map of a layer that shows a resampled copy of it, unless that was edited."""
    if isinstance(link.image, LabelMap):
        shown, _, _ = _place(link.image, link.frame, nearest=True)
        if np.array_equal(np.asarray(data), shown):
            return link.image
    raise InvalidImage(
        f"The layer '{name}' is a copy resampled for display; what is painted on it fits no image.",
        cure="Close the case, open its image and labels alone, and paint there.",
    )


def _require_in_place(link: LayerLink, name: str, state: Mapping[str, Any]) -> None:
    """Raise if a layer is not drawn where its image lies: what is saved would not be what is seen."""
    if not isinstance(link.image, GridImage):
        return
    grid = link.frame.covering_grid(link.image.geometry) if link.resampled else link.image.geometry
    scale, translate = grid.spacing_zyx_mm, link.frame.translate_zyx_mm(grid)
    stays = (
        np.allclose(np.asarray(state.get("scale", scale))[-3:], scale, atol=_MOVED_MM)
        and np.allclose(np.asarray(state.get("translate", translate))[-3:], translate, atol=_MOVED_MM)
        and np.allclose(state.get("affine", 1), np.eye(len(np.atleast_1d(state.get("affine", 1)))))
    )
    if not stays:
        raise InvalidImage(
            f"The layer '{name}' was moved away from its image: its place in the patient is unclear.",
            cure="Reset its transform (or make new labels), then save or compare it.",
        )


def _series_layer(image: Series, case: Case, frame: DisplayFrame, *, visible: bool) -> LayerData:
    if isinstance(image, VideoClip):
        return _clip_layer(image, case, frame, visible=visible)
    data, placement, resampled = _place(image, frame, nearest=False)
    options = {
        **placement,
        "name": layer_name(image),
        "metadata": {METADATA_KEY: LayerLink(image, case, frame, resampled)},
        "contrast_limits": window_presets(image)[0].limits,
        "colormap": "gray",
        "interpolation2d": "linear",
        "visible": visible,
    }
    if image.role in CONFIDENCE_ROLES:
        options |= _CONFIDENCE_LOOK
    return data, options, "image"


def _place(image: GridImage, frame: DisplayFrame, *, nearest: bool) -> tuple[Any, dict[str, Any], bool]:
    """Return the array to draw, where napari draws it, and whether it had to be resampled."""
    geometry, data, resampled = image.geometry, image.array, False
    is_placed = frame.places_labels if nearest else frame.places
    if not is_placed(geometry):
        grid = frame.covering_grid(geometry)
        outside = 0.0 if nearest or not isinstance(image, Volume) else _darkest(image)
        data = resample(data, geometry, grid, nearest=nearest, outside=outside)
        geometry, resampled = grid, True
    scale: tuple[float, ...] = geometry.spacing_zyx_mm
    translate: tuple[float, ...] = frame.translate_zyx_mm(geometry)
    axes: tuple[str, ...] = AXES_ZYX
    units: tuple[str, ...] = ("mm", "mm", "mm")
    if data.ndim == 4:
        scale, translate = (1.0, *scale), (0.0, *translate)
        axes, units = ("t", *axes), ("pixel", *units)
    placement = {"scale": scale, "translate": translate, "axis_labels": axes, "units": units}
    return data, placement, resampled


def _clip_layer(clip: VideoClip, case: Case, frame: DisplayFrame, *, visible: bool) -> LayerData:
    spacing, unit = clip.spacing_yx_mm or (1.0, 1.0), "mm" if clip.spacing_yx_mm else "pixel"
    options = {
        "name": layer_name(clip),
        "metadata": {METADATA_KEY: LayerLink(clip, case, frame)},
        "scale": (1.0, *spacing),
        "axis_labels": ("t", "y", "x"),
        "units": ("pixel", unit, unit),
        "visible": visible,
    }
    if clip.is_rgb:
        return clip.frames, {**options, "rgb": True}, "image"
    limits = window_presets(clip)[0].limits
    return clip.frames, {**options, "contrast_limits": limits, "colormap": "gray"}, "image"


def layer_name(image: Series) -> str:
    """Return what an image is called in the layer list: its role first, then its description."""
    acquisition = image.acquisition
    role = image.role.upper().replace("T2W", "T2w").replace("HIGH-B", "high-b")
    parts = [role]
    if acquisition.b_value_s_mm2 is not None and image.role in ("dwi", "high-b"):
        parts.append(f"b={acquisition.b_value_s_mm2:g}")
    if acquisition.calculated:
        parts.append("(calculated)")
    name = acquisition.description or image.name
    return " ".join(parts) + (f" - {name}" if name else "")


def _first_shown(case: Case) -> Series | None:
    for role in _SHOWN_FIRST:
        found = case.all_by_role(role)
        if found:
            return found[0]
    return next(iter(case.series), None)


def _darkest(image: Volume) -> float:
    return percentile_limits(image, 0, 100)[0]


def label_colours(
    scheme: LabelScheme, palette_shift: int = 0
) -> dict[int | None, tuple[float, float, float, float]]:
    """Return napari's colours of a scheme, 0..1 RGBA; values that it does not list have colours too."""
    listed = scheme.completed(range(1, _COLOURS_READY + 1), palette_shift)
    colours: dict[int | None, tuple[float, float, float, float]] = {
        label.value: (*(c / 255 for c in label.colour), 1.0)  # type: ignore[misc]
        for label in listed.labels
    }
    return {None: _UNLISTED_COLOUR, 0: (0.0, 0.0, 0.0, 0.0), **colours}


def label_features(scheme: LabelScheme) -> dict[str, list[Any]]:
    """Return the table of names (and codes, if there are any) that napari shows of a scheme."""
    columns: dict[str, list[Any]] = {
        "index": [0, *(label.value for label in scheme.labels)],
        "label": ["background", *(label.name for label in scheme.labels)],
    }
    if any(label.code is not None for label in scheme.labels):
        columns["code"] = ["", *(code_text(label.code) for label in scheme.labels)]
    return columns
