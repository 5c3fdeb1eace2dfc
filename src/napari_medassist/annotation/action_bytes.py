"""Actions as plain values and bytes, and back; what the journal writes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from napari_medassist.annotation.actions import Action, FindingEdit, Together
from napari_medassist.annotation.document import Plain
from napari_medassist.annotation.map_edit import MapEdit, PackedMap
from napari_medassist.annotation.voxel_edit import VoxelEdit
from napari_medassist.core.errors import CorruptFile, InvalidSetting


def to_plain(action: Action) -> tuple[dict[str, Plain], bytes]:
    """Return an action as plain values that JSON can hold, and the bytes of its arrays.

    Raises
    ------
    InvalidSetting
        If it is of a kind that cannot be written.
    """
    if isinstance(action, Together):
        parts = [to_plain(part) for part in action.actions]
        plain = {
            "type": "together",
            "title": action.title,
            "parts": [{**part, "n_bytes": len(content)} for part, content in parts],
        }
        return plain, b"".join(content for _, content in parts)
    if isinstance(action, FindingEdit):
        before, after = _copied(action.before), _copied(action.after)
        named = {"type": "finding", "title": action.title, "finding": action.finding}
        return {**named, "before": before, "after": after}, b""
    if isinstance(action, MapEdit):
        return _plain_map(action)
    if isinstance(action, VoxelEdit):
        return _plain_voxels(action)
    raise InvalidSetting(f"'{action.title}' cannot be written to the journal.")


def from_plain(plain: Mapping[str, Plain], content: bytes) -> Action:
    """Return the action that :func:`to_plain` has taken apart.

    Raises
    ------
    CorruptFile
        If it is not understood.
    """
    try:
        return _READERS[plain["type"]](plain, content)
    except (KeyError, TypeError, ValueError) as error:
        raise CorruptFile(f"A step is not understood ({error!r}).") from error


def _copied(fields: Mapping[str, Plain] | None) -> dict[str, Plain] | None:
    return None if fields is None else dict(fields)


def _together(plain: Mapping[str, Plain], content: bytes) -> Together:
    parts, start = [], 0
    for part in plain["parts"]:
        parts.append(from_plain(part, content[start : start + part["n_bytes"]]))
        start += part["n_bytes"]
    return Together(plain["title"], tuple(parts))


def _finding(plain: Mapping[str, Plain], _content: bytes) -> FindingEdit:
    return FindingEdit(plain["title"], plain["finding"], plain["before"], plain["after"])


def _plain_map(action: MapEdit) -> tuple[dict[str, Plain], bytes]:
    content = action.content
    plain: dict[str, Plain] = {
        "type": "map",
        "title": action.title,
        "key": action.key,
        "before": _copied(action.before),
        "after": _copied(action.after),
    }
    if content is None:
        return plain, b""
    return {**plain, "shape": list(content.shape), "dtype": content.dtype}, content.packed


def _map(plain: Mapping[str, Plain], content: bytes) -> MapEdit:
    packed = PackedMap(tuple(plain["shape"]), plain["dtype"], content) if "shape" in plain else None
    return MapEdit(plain["title"], plain["key"], plain["before"], plain["after"], packed)


def _plain_voxels(action: VoxelEdit) -> tuple[dict[str, Plain], bytes]:
    where = action.bits if action.bits is not None else _steps(action.flat)
    plain = {
        "type": "voxels",
        "title": action.title,
        "key": action.key,
        "shape": list(action.shape),
        "box": [list(part) for part in action.box],
        "masked": action.bits is not None,
        "dtype": action.before.dtype.str,
        "sizes": [int(where.size), int(action.before.size), int(action.after.size)],
    }
    return plain, b"".join(a.tobytes() for a in (where, action.before, action.after))


def _voxels(plain: Mapping[str, Plain], content: bytes) -> VoxelEdit:
    n_where, n_before, n_after = plain["sizes"]
    kind: Any = np.dtype("u1" if plain["masked"] else "<i8")
    dtype: Any = np.dtype(plain["dtype"])
    where = np.frombuffer(content, kind, n_where)
    start = n_where * kind.itemsize
    before = np.frombuffer(content, dtype, n_before, start)
    after = np.frombuffer(content, dtype, n_after, start + n_before * dtype.itemsize)
    return VoxelEdit(
        plain["title"],
        plain["key"],
        tuple(plain["shape"]),
        tuple((low, high) for low, high in plain["box"]),
        where if plain["masked"] else None,
        None if plain["masked"] else np.cumsum(where),
        before,
        after,
    )


def _steps(flat: Any) -> Any:
    """Return the distances between rising indices, which compress well."""
    return np.diff(flat, prepend=0).astype("<i8")


_READERS: Mapping[str, Callable[[Mapping[str, Plain], bytes], Action]] = {
    "together": _together,
    "finding": _finding,
    "map": _map,
    "voxels": _voxels,
}
