"""A case takes over the layers of the one before: new ones cost a tenth of a second each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from typing import Any

import numpy as np
from napari.layers import Image, Labels, Layer

from napari_medassist.app.layer_data import LayerData, LayerLink, link_of

#: What a layer tells the viewer of when it is given another image.
_MOVES = ("data", "scale", "translate")
#: What the sliders tell the viewer of.
_STEPS = ("point", "current_step")
_KINDS: dict[str, type[Layer]] = {"image": Image, "labels": Labels}


def fits(layers: Sequence[Layer], layer_data: Sequence[LayerData]) -> bool:
    """Tell whether layers can show other data: as many, of the same kinds, roles and dimensions.

    Parameters
    ----------
    layers
        Those of the open case, the rear one first.
    layer_data
        What they shall show, in the same order.
    """
    return len(layers) == len(layer_data) and all(
        type(layer) is _KINDS.get(kind)
        and layer.ndim == len(options["scale"])
        and _role(link_of(layer.metadata)) == _role(link_of(options["metadata"]))
        for layer, (_, options, kind) in zip(layers, layer_data, strict=True)
    )


def fill(layers: Sequence[Layer], layer_data: Sequence[LayerData]) -> None:
    """Give layers other data, names and places; what is visible stays so."""
    for layer, (data, options, _) in zip(layers, layer_data, strict=True):
        layer.metadata = options["metadata"]
        layer.data = data
        place(layer, options["scale"], options["translate"])
        layer.name = options["name"]
        if isinstance(layer, Labels):
            _dress_labels(layer, options)
        else:
            _dress_image(layer, options)


@contextmanager
def arranged_once(viewer: Any, layers: Sequence[Layer]) -> Iterator[None]:
    """Let the viewer arrange itself once after all layers have changed, not after each change.

    At each array, scale and translation that a layer is given, napari asks all layers for their extent,
    moves its sliders and slices every layer anew: two hundredths of a second a time.
    """
    arrange = viewer._on_layers_change
    with ExitStack() as held:
        for layer in layers:
            for name in _MOVES:
                held.enter_context(getattr(layer.events, name).blocker(arrange))
        yield
    arrange()


@contextmanager
def sliced_once(viewer: Any, layers: Sequence[Layer]) -> Iterator[None]:
    """Let layers be sliced once, at the end, where the viewer then stands."""
    update = viewer._update_layers
    with ExitStack() as held:
        for layer in layers:
            held.enter_context(layer._block_refresh())
        for name in _STEPS:
            held.enter_context(getattr(viewer.dims.events, name).blocker(update))
        yield
    others = [layer for layer in viewer.layers if all(layer is not mine for mine in layers)]
    if others:
        update(layers=others)
    for layer in layers:
        layer.events.reload(layer=layer)


def place(layer: Layer, scale: Sequence[float], translate: Sequence[float]) -> None:
    """Put a layer in its place; napari arranges the whole view anew even if nothing changes."""
    is_scaled = not np.array_equal(layer.scale, scale)
    if not np.array_equal(layer.translate, translate):
        with layer.events.translate.blocker() if is_scaled else nullcontext():
            layer.translate = translate
    if is_scaled:  # whoever hears of this looks at the translation too
        layer.scale = scale


def _dress_labels(layer: Any, options: dict[str, Any]) -> None:
    link = link_of(options["metadata"])
    layer.features = options["features"]
    if not _same_colours(layer.colormap.color_dict, options["colormap"]):
        layer.colormap = options["colormap"]
    layer.editable = link is None or not link.resampled
    layer.mode = "pan_zoom"
    # napari keeps the strokes: undone, they would paint the former case into this one.
    layer._reset_history()


def _dress_image(layer: Any, options: dict[str, Any]) -> None:
    low, high = options["contrast_limits"]
    first, last = layer.contrast_limits_range
    layer.contrast_limits_range = min(low, first), max(high, last)
    layer.contrast_limits = low, high


def _same_colours(shown: Mapping[Any, Any], wanted: Mapping[Any, Any]) -> bool:
    """Tell whether colours would change nothing: to set them takes as long as to draw a picture."""
    return shown.keys() == wanted.keys() and all(
        np.allclose(shown[value], wanted[value], atol=1e-3) for value in wanted
    )


def _role(link: LayerLink | None) -> str:
    return "" if link is None else str(getattr(link.image, "role", "labels"))
