"""What the values of label maps mean, from a YAML file: value -> name, or name, colour and code."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from napari_medassist.core.errors import FileProblem, MedAssistError
from napari_medassist.core.labels import Code, Label, LabelScheme, Rgb, default_colour

_HEX_COLOUR = re.compile(r"#?([0-9a-fA-F]{6})")
_CURE = (
    "Write one line a label, e.g. '1: peripheral zone' or "
    "'2: {name: transition zone, colour: [86, 180, 233]}'."
)


def read_label_scheme(path: str | Path) -> LabelScheme:
    """Read what the values of label maps mean.

    Parameters
    ----------
    path
        YAML file that maps values to names, or to ``name`` and, if wished, ``colour`` (``[r, g, b]``
        from 0 to 255, or ``"#rrggbb"``) and ``code`` (``scheme``, ``value``, ``meaning``)::

            1: peripheral zone
            2: {name: transition zone, colour: "#56b4e9"}

    Returns
    -------
    LabelScheme
        By rising value. No name stands twice, so that a label can be chosen by its name.

    Raises
    ------
    FileProblem
        If the file cannot be read or is no label scheme.
    """
    path = Path(path).expanduser()
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        told = getattr(error, "strerror", None) or error
        raise FileProblem(
            f"The label scheme cannot be read ({told}).", path=path, cure="Check the name."
        ) from error
    except yaml.YAMLError as error:
        told = " ".join(str(error).split())
        raise FileProblem(f"The label scheme is no YAML ({told}).", path=path, cure=_CURE) from error
    try:
        return _scheme(content)
    except (MedAssistError, TypeError, ValueError, KeyError) as error:
        told = error.message if isinstance(error, MedAssistError) else str(error)
        raise FileProblem(f"This is no label scheme: {told}", path=path, cure=_CURE) from error


def _scheme(content: Any) -> LabelScheme:
    if not isinstance(content, Mapping) or not content:
        raise TypeError("it does not map values to names.")
    labels = [_label(value, entry) for value, entry in content.items()]
    names = [label.name.casefold() for label in labels]
    twice = next((label.name for label in labels if names.count(label.name.casefold()) > 1), None)
    if twice is not None:
        raise ValueError(f"the name '{twice}' stands twice.")
    return LabelScheme(tuple(sorted(labels, key=lambda label: label.value)))


def _label(value: Any, entry: Any) -> Label:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f"values are whole numbers from 1 on, not '{value}'.")
    fields = entry if isinstance(entry, Mapping) else {"name": entry}
    unknown = set(map(str, fields)) - {"name", "colour", "code"}
    if unknown:
        raise ValueError(f"label {value} has an unknown entry '{min(unknown)}'.")
    name = str(fields.get("name") or "").strip()
    if not name:
        raise ValueError(f"label {value} has no name.")
    colour = fields.get("colour")
    code = fields.get("code")
    return Label(
        value,
        name,
        default_colour(value) if colour is None else _colour(colour),
        None if code is None else _code(code, value),
    )


def _colour(given: Any) -> Rgb:
    if isinstance(given, str):
        match = _HEX_COLOUR.fullmatch(given.strip())
        if match is None:
            raise ValueError(f"'{given}' is no colour.")
        red, green, blue = bytes.fromhex(match[1])
    else:
        red, green, blue = (int(part) for part in given)
    return red, green, blue


def _code(given: Any, value: int) -> Code:
    if not isinstance(given, Mapping) or {"scheme", "value"} - set(given):
        raise ValueError(f"the code of label {value} needs scheme and value.")
    return Code(str(given["scheme"]), str(given["value"]), str(given.get("meaning", "")))
