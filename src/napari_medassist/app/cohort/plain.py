"""Results as plain values for JSON, and back again without loss."""

from __future__ import annotations

import sys
import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

T = TypeVar("T")


def to_plain(value: Any) -> Any:
    """Return a result as dictionaries, lists, text and numbers; NaN stays NaN."""
    if is_dataclass(value) and not isinstance(value, type):
        return {part.name: to_plain(getattr(value, part.name)) for part in fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {name: to_plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [to_plain(part) for part in value]
    return value.item() if hasattr(value, "item") else value


def from_plain(kind: type[T], plain: Any) -> T:
    """Return the result that plain values stand for.

    Parameters
    ----------
    kind
        A dataclass of results; its annotations say what the values become.
    plain
        What :func:`to_plain` made of one.

    Raises
    ------
    TypeError, ValueError, KeyError, AttributeError
        If the values are not those of such a result.
    """
    return cast(T, _restored(kind, plain))


def _restored(kind: Any, plain: Any) -> Any:
    origin, parameters = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return None if plain is None else _restored(parameters[0], plain)
    if origin is tuple:
        return _tuple(parameters, plain)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind(plain)
    if isinstance(kind, type) and is_dataclass(kind):
        hints = _hints(kind)
        return kind(**{name: _restored(hints[name], part) for name, part in plain.items()})
    if isinstance(plain, dict):  # names of metrics: the same few in every case
        return {sys.intern(name): part for name, part in plain.items()}
    return plain


def _tuple(parameters: tuple[Any, ...], plain: Any) -> tuple[Any, ...]:
    if parameters[-1] is Ellipsis:
        return tuple(_restored(parameters[0], part) for part in plain)
    return tuple(_restored(kind, part) for kind, part in zip(parameters, plain, strict=True))


@cache
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)
