"""Pinned headline numbers in a file beside the marks, so that they are there at the next start."""

from __future__ import annotations

import json
from collections.abc import Sequence
from math import isnan, nan
from pathlib import Path
from typing import Any

from napari_medassist.app.browser.headline import Headline, Pin
from napari_medassist.app.browser.marks import MARKS_FILE
from napari_medassist.core.errors import MedAssistError, WriteFailed
from napari_medassist.evaluation.conventions import Convention
from napari_medassist.io.atomic import replacing

PINS_FILE = "pins.json"
_VERSION = 1


def pins_beside(marks: Path) -> Path:
    """Return the file of pins that belongs to a file of marks."""
    is_one_of_many = marks.name != MARKS_FILE  # the user's folder holds those of all cohorts
    return marks.with_name(f"{marks.stem}.{PINS_FILE}" if is_one_of_many else PINS_FILE)


def read_pins(path: Path) -> tuple[Pin, ...]:
    """Return the pins of a file, the oldest first; none if it is not there or not understood.

    A pin is a convenience: what is damaged is passed over, and replaced by the next pin.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["version"] != _VERSION:
            return ()
        return tuple(map(_pin, content["pins"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, MedAssistError):
        return ()


def write_pins(path: Path, pins: Sequence[Pin]) -> None:
    """Replace the pins of a file; without pins and without a file, none is made.

    Raises
    ------
    WriteFailed
        If it cannot be written.
    """
    if not pins and not path.exists():
        return
    content = {"version": _VERSION, "pins": [_plain(pin) for pin in pins]}
    text = json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as temporary:
            temporary.write_text(text, encoding="utf-8")
    except OSError as error:
        raise WriteFailed(f"The pins cannot be kept ({error.strerror or error}).", path=path) from error


def _plain(pin: Pin) -> dict[str, Any]:
    values = pin.headline.values
    return {
        "name": pin.name,
        "model": pin.model,
        "convention": dict(pin.convention.settings()),
        "values": {name: None if isnan(value) else value for name, value in values.items()},
    }


def _pin(plain: dict[str, Any]) -> Pin:
    values = {name: nan if value is None else float(value) for name, value in plain["values"].items()}
    convention = Convention.from_settings(plain["convention"])
    return Pin(str(plain["name"]), str(plain["model"]), convention, Headline(values))
