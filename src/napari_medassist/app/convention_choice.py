"""Choosing a convention: a preset, and what was changed of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any

from napari_medassist.evaluation.conventions import MEDASSIST, Convention, presets

#: What the name of a preset is followed by once a setting differs from it.
_CHANGED = " (changed)"
#: Fields that tell of a convention and decide no number.
_WORDS = ("name", "description", "citation")


def preset_of(convention: Convention) -> Convention:
    """Return the preset that a convention is, or was made from; ours if it names none."""
    return presets().get(convention.name.removesuffix(_CHANGED), MEDASSIST)


def changes(convention: Convention) -> tuple[str, ...]:
    """Return what differs from the preset, e.g. ``("matching.threshold_reference: 0.1 -> 0.5",)``."""
    return tuple(
        f"{name}: {old} -> {new}" for name, old, new in _differences(preset_of(convention), convention)
    )


def changed(convention: Convention, **settings: Mapping[str, Any] | Any) -> Convention:
    """Return a convention with changed settings, named after its preset.

    A convention that is the preset again has its name; any other is called ``<preset> (changed)``, so
    that results never carry the name of a convention that they were not made with.

    Parameters
    ----------
    convention
        The convention before.
    **settings
        As for :meth:`~napari_medassist.evaluation.conventions.Convention.with_changes`.

    Raises
    ------
    InvalidSetting
        If a value lies outside of its range.
    """
    return named_after_preset(convention.with_changes(**settings))


def named_after_preset(convention: Convention) -> Convention:
    """Return the convention under the name that its settings deserve; see :func:`changed`."""
    base = preset_of(convention)
    if not any(_differences(base, convention)):
        return base
    return replace(convention, name=base.name + _CHANGED)


def _differences(old: Any, new: Any, prefix: str = "") -> Iterator[tuple[str, Any, Any]]:
    for part in fields(old):
        first, second = getattr(old, part.name), getattr(new, part.name)
        if is_dataclass(first):
            yield from _differences(first, second, f"{prefix}{part.name}.")
        elif first != second and part.name not in _WORDS:
            yield prefix + part.name, first, second
