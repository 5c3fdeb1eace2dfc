"""Names and colours that a user gave label values in napari's own widgets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from napari_medassist.core.labels import Code, Label, LabelScheme, Rgb


def scheme_as_shown(scheme: LabelScheme, state: Mapping[str, Any]) -> LabelScheme:
    """Return a scheme with the names and colours that a labels layer shows.

    Parameters
    ----------
    scheme
        What is known of the values; other values of the layer are left out.
    state
        What napari tells of the layer. Names stand in ``features`` (columns ``index`` and ``label``),
        and so do codes that were given in the window (``code``, see :func:`code_text`). Colours count
        where each value has its own (a direct colour map), not where they are by chance.
    """
    features = state.get("features")
    names, codes = _texts(features, "label"), _texts(features, "code")
    colours = _colours(state.get("colormap"))
    return LabelScheme(
        tuple(
            Label(
                label.value,
                names.get(label.value, label.name),
                colours.get(label.value, label.colour),
                label.code or _code(codes.get(label.value, "")),
            )
            for label in scheme.labels
        )
    )


def code_text(code: Code | None) -> str:
    """Return a code as a table of features holds it: scheme, value and meaning; empty without one."""
    return "" if code is None else f"{code.scheme} {code.value} {code.meaning}"


def _code(text: str) -> Code | None:
    parts = text.split(maxsplit=2)
    return Code(*parts) if len(parts) == 3 else None


def _texts(features: Any, column: str) -> dict[int, str]:
    """Return the texts in a column of features; they may be a mapping or a data frame."""
    try:
        pairs = zip(list(features["index"]), list(features[column]), strict=True)
        return {int(v): text.strip() for v, text in pairs if isinstance(text, str) and text.strip()}
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
