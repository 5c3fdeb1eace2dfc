"""Names and colours that a user gave label values in napari's own widgets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from napari_medassist.core.labels import Label, LabelScheme, Rgb


def scheme_as_shown(scheme: LabelScheme, state: Mapping[str, Any]) -> LabelScheme:
    """Return a scheme with the names and colours that a labels layer shows.

    Parameters
    ----------
    scheme
        What is known of the values; other values of the layer are left out.
    state
        What napari tells of the layer. Names stand in ``features`` (columns ``index`` and ``label``);
        colours count where each value has its own (a direct colour map), not where they are by chance.
    """
    names, colours = _names(state.get("features")), _colours(state.get("colormap"))
    return LabelScheme(
        tuple(
            Label(
                label.value,
                names.get(label.value, label.name),
                colours.get(label.value, label.colour),
                label.code,
            )
            for label in scheme.labels
        )
    )


def _names(features: Any) -> dict[int, str]:
    """Return the names in a table of features; it may be a mapping or a data frame."""
    try:
        pairs = zip(list(features["index"]), list(features["label"]), strict=True)
        return {int(v): name.strip() for v, name in pairs if isinstance(name, str) and name.strip()}
    except (KeyError, TypeError, ValueError):  # none, or a table of something else
        return {}


def _colours(colormap: Any) -> dict[int, Rgb]:
    given = getattr(colormap, "color_dict", colormap if isinstance(colormap, Mapping) else {})
    return {
        int(value): _rgb(colour)
        for value, colour in given.items()
        if isinstance(value, int) and len(colour) in (3, 4)
    }


def _rgb(colour: Any) -> Rgb:
    red, green, blue = (min(255, max(0, round(float(part) * 255))) for part in colour[:3])
    return red, green, blue
