"""The convention that a user chose: a preset or a file, with single settings changed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import yaml

from napari_medassist.core.errors import FileProblem, InvalidSetting
from napari_medassist.evaluation.conventions import Convention, preset

_ENDINGS = (".yaml", ".yml")


def choose_convention(name: str, changes: Sequence[str] = ()) -> Convention:
    """Return a preset or the convention of a file.

    Parameters
    ----------
    name
        Name of a preset, or a path that ends in ``.yaml``, as ``convention.yaml`` of a result.
    changes
        Settings to be changed, e.g. ``matching.threshold_reference=0.5``. The convention's name then
        says that it was changed.

    Raises
    ------
    UnknownItem
        If there is no preset of this name.
    FileProblem
        If the file cannot be read.
    InvalidSetting
        If a setting is not known or outside of its range.
    """
    convention = _from_file(Path(name)) if name.lower().endswith(_ENDINGS) else preset(name)
    return changed(convention, changes)


def changed(convention: Convention, changes: Iterable[str]) -> Convention:
    """Return a convention with settings changed, each given as ``setting=value``."""
    result = convention
    for change in changes:
        path, equals, value = change.partition("=")
        if not equals:
            raise InvalidSetting(f"A change is written setting=value, not '{change}'.")
        result = result.with_changes(**_nested(path.strip().split("."), _value(value)))
    if result != convention and result.name == convention.name:
        result = result.with_changes(name=f"{convention.name} (changed)")
    return result


def _from_file(path: Path) -> Convention:
    path = path.expanduser()
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        told = getattr(error, "strerror", None) or error
        raise FileProblem(
            f"The convention cannot be read ({told}).", path=path, cure="Check the name."
        ) from error
    try:
        return Convention.from_yaml(text)
    except InvalidSetting as error:
        raise InvalidSetting(error.message, path=path, cure=error.cure) from error


def _value(text: str) -> Any:
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise InvalidSetting(f"'{text}' is no value.") from error


def _nested(names: Sequence[str], value: Any) -> dict[str, Any]:
    first, *rest = names
    return {first: _nested(rest, value) if rest else value}
