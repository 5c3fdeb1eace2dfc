"""A label map comes, goes, or is called or coloured otherwise."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from isal import isal_zlib as zlib

from napari_medassist.annotation.document import Document, Plain, Voxels
from napari_medassist.core.errors import InvalidSetting


@dataclass(frozen=True, eq=False)
class PackedMap:
    """The voxels of a whole label map, compressed: of an organ's, a hundredth of its size.

    Parameters
    ----------
    shape
        Of the array.
    dtype
        Its type, as numpy writes it (``"|u1"``).
    packed
        zlib of its bytes in C order.
    """

    shape: tuple[int, ...]
    dtype: str
    packed: bytes

    @classmethod
    def of(cls, voxels: Voxels) -> PackedMap:
        """Pack a label map."""
        packer = zlib.compressobj(1)
        # Plane by plane: the masks of a clip may be larger than what is free in memory.
        parts = [packer.compress(np.ascontiguousarray(plane).tobytes()) for plane in voxels]
        return cls(tuple(voxels.shape), voxels.dtype.str, b"".join([*parts, packer.flush()]))

    def voxels(self) -> Voxels:
        """Return the label map, an array that may be written to."""
        found = np.zeros(self.shape, np.dtype(self.dtype))
        for place, plane in enumerate(self._planes()):
            if plane.any():  # pages that are not written to take no memory
                found[place] = plane
        return found

    @property
    def is_empty(self) -> bool:
        """Whether no voxel is labelled."""
        return not any(plane.any() for plane in self._planes())

    def _planes(self) -> Iterator[Voxels]:
        """Unpack one plane across the first axis after the other."""
        dtype, shape = np.dtype(self.dtype), self.shape[1:]
        n_bytes = dtype.itemsize * math.prod(shape)
        unpacker, rest, waiting = zlib.decompressobj(), b"", self.packed
        for _ in range(self.shape[0]):
            while len(rest) < n_bytes:
                more = unpacker.decompress(waiting, n_bytes - len(rest))
                waiting = unpacker.unconsumed_tail
                if not more:
                    raise ValueError("the packed label map is cut short")
                rest += more
            plane: Any = np.frombuffer(rest[:n_bytes], dtype).reshape(shape)
            rest = rest[n_bytes:]
            yield plane


@dataclass(frozen=True, eq=False)
class MapEdit:
    """A label map was added (no ``before``), described otherwise, or removed (no ``after``).

    Parameters
    ----------
    title
        What was done, in a few words.
    key
        Key of the label map.
    before, after
        What is known of it beside its voxels; None where it does not exist.
    content
        Its voxels, if it comes or goes.
    """

    title: str
    key: str
    before: Mapping[str, Plain] | None
    after: Mapping[str, Plain] | None
    content: PackedMap | None = None

    @classmethod
    def added(cls, title: str, key: str, about: Mapping[str, Plain], voxels: Voxels) -> MapEdit:
        """Return the edit that adds a label map."""
        return cls(title, key, None, dict(about), PackedMap.of(voxels))

    @classmethod
    def removed(cls, title: str, key: str, about: Mapping[str, Plain], voxels: Voxels) -> MapEdit:
        """Return the edit that removes a label map."""
        return cls(title, key, dict(about), None, PackedMap.of(voxels))

    @property
    def n_bytes(self) -> int:
        """About as many bytes as it takes in memory."""
        return 400 + (0 if self.content is None else len(self.content.packed))

    def apply_to(self, document: Document) -> None:
        """Do it.

        Raises
        ------
        InvalidSetting
            If the label map is not as it was before the edit, or there is one where there was none.
        """
        if document.about.get(self.key) != self.before or (
            (self.before is None) is not (self.key not in document.maps)
        ):
            raise InvalidSetting(f"The label map is not as '{self.title}' left it.")
        if self.after is None:
            self._remove_from(document)
            return
        if self.before is None:
            if self.content is None:
                raise InvalidSetting(f"'{self.title}' does not hold the label map that it adds.")
            document.maps[self.key] = self.content.voxels()
        document.about[self.key] = dict(self.after)

    def inverse(self) -> MapEdit:
        """Return the edit that takes this one back."""
        return replace(self, before=self.after, after=self.before)

    def _remove_from(self, document: Document) -> None:
        if self.content is None or not np.array_equal(document.maps[self.key], self.content.voxels()):
            raise InvalidSetting(f"The label map of '{self.title}' was changed meanwhile; it is kept.")
        del document.maps[self.key], document.about[self.key]
