"""Values of settings as people write them: of the right kind, or refused by name.

Python takes "flase" for true, and YAML takes 1e-3 for a word. Both would change numbers in silence, or
fail far from the setting.
"""

from __future__ import annotations

from functools import cache
from numbers import Integral, Real
from types import NoneType
from typing import Any, get_args, get_type_hints

import numpy as np

from napari_medassist.core.errors import InvalidSetting

_WORDS = {bool: "true or false", int: "a whole number", float: "a number", str: "a word"}


def checked(rule: Any, name: str, value: object) -> object:
    """Return a value of a setting in the kind that its rule declares.

    Parameters
    ----------
    rule
        A dataclass of settings.
    name
        One of its fields.
    value
        What it shall be. Whole numbers may be written as 26.0, numbers as "1e-3".

    Raises
    ------
    InvalidSetting
        If it is of another kind; the message names the setting.

    Examples
    --------
    >>> from napari_medassist.metrics.rules import SurfaceRule
    >>> checked(SurfaceRule(), "tolerance_mm", "1e-3")
    0.001
    """
    kind = _kinds(type(rule))[name]  # type: ignore[arg-type]  # classes are hashable
    optional = NoneType in get_args(kind)
    if optional and value is None:
        return None
    plain = next(part for part in get_args(kind) if part is not NoneType) if optional else kind
    if isinstance(plain, type):
        return _as(plain, name, value)
    return value  # one of several words: the rule knows them


def _as(kind: type, name: str, value: object) -> object:
    if kind is bool:
        fits = isinstance(value, bool | np.bool_)
    elif kind in (int, float):
        value = _number(value)
        fits = isinstance(value, Real) and not isinstance(value, bool)
        if kind is int and fits:
            value = _whole(value)
            fits = isinstance(value, Integral)
    else:
        fits = isinstance(value, kind)
    if not fits:
        raise InvalidSetting(f"{name} is {_WORDS.get(kind, 'a mapping of settings')}, not '{value}'.")
    return value


def _number(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return float(value)
    except ValueError:
        return value


def _whole(value: Any) -> object:
    return int(value) if isinstance(value, float) and value.is_integer() else value


@cache
def _kinds(rule: type) -> dict[str, Any]:
    return get_type_hints(rule)
