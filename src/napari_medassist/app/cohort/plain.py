"""Results as plain values for JSON, and back again without loss."""

from __future__ import annotations

import sys
import types
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

T = TypeVar("T")
Restorer = Callable[[Any], Any]


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
    restorer = _restorer(cast(Any, kind))
    return cast(T, restorer(plain))


@cache
def _restorer(kind: Any) -> Restorer:
    """Return the function that restores values of a type: annotations are looked into once."""
    origin, parameters = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        restore = _restorer(parameters[0])
        return lambda plain: None if plain is None else restore(plain)
    if origin is tuple:
        return _tuple_restorer(parameters)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind
    if isinstance(kind, type) and is_dataclass(kind):
        return _dataclass_restorer(kind)
    return _interned if origin is not None and issubclass(origin, Mapping) else _same


def _tuple_restorer(parameters: tuple[Any, ...]) -> Restorer:
    parts = [_restorer(kind) for kind in parameters if kind is not Ellipsis]
    if all(part is _same for part in parts):
        return tuple
    if parameters[-1] is Ellipsis:
        return lambda plain: tuple(map(parts[0], plain))
    return lambda plain: tuple(r(part) for r, part in zip(parts, plain, strict=True))


def _dataclass_restorer(kind: type) -> Restorer:
    hints = get_type_hints(kind)
    special = {
        part.name: restore
        for part in fields(kind)
        if (restore := _restorer(hints[part.name])) is not _same
    }

    def restored(plain: dict[str, Any]) -> Any:
        changed = {name: restore(plain[name]) for name, restore in special.items() if name in plain}
        return kind(**{**plain, **changed})

    return restored


def _interned(plain: dict[str, Any]) -> dict[str, Any]:
    """Return a mapping whose names are held once: those of metrics are the same in every case."""
    return {sys.intern(name): part for name, part in plain.items()}


def _same(plain: Any) -> Any:
    return plain
