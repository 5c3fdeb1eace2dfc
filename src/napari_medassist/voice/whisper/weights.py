"""The decoder's weights, read from a model file of CTranslate2."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_medassist.core.errors import CorruptFile

Array = NDArray[np.float32]

_TYPES = {0: np.float32, 1: np.int8, 2: np.int16, 3: np.int32, 4: np.float16}
_KNOWN_VERSION = 6
_SCALED = (np.int8, np.int16)
_LONGEST_NAME, _MOST_AXES = 4096, 8


class _Reader:
    """Goes through a file's bytes; what lies beyond their end is an error that names the file."""

    def __init__(self, path: Path) -> None:
        self._path, self._bytes, self._at = path, memoryview(path.read_bytes()), 0

    def take(self, n: int) -> memoryview:
        """Return the next bytes."""
        if n < 0 or self._at + n > len(self._bytes):
            raise CorruptFile(
                "The model file ends too early.", path=self._path, cure="Install the model again."
            )
        found = self._bytes[self._at : self._at + n]
        self._at += n
        return found

    def number(self, form: str) -> int:
        """Return the next number, of a type of ``struct``."""
        return int(struct.unpack("<" + form, self.take(struct.calcsize(form)))[0])

    def text(self) -> str:
        """Return the next text: its length, the bytes, a zero."""
        n = self.number("H")
        if not 0 < n <= _LONGEST_NAME:
            raise self.strange("a name of no length")
        try:
            return bytes(self.take(n)[:-1]).decode("utf-8")
        except UnicodeDecodeError as error:
            raise self.strange("a name that is no text") from error

    def strange(self, what: str) -> CorruptFile:
        """Return the error for what such a file does not hold."""
        return CorruptFile(
            f"This is not a model file of CTranslate2 that can be read: {what}.",
            path=self._path,
            cure="Convert the model with ct2-transformers-converter, or install it again.",
        )


def read_decoder(path: Path) -> dict[str, Array]:
    """Return all arrays of the decoder, as float32, by their names without ``decoder/``.

    Parameters
    ----------
    path
        ``model.bin``, in float32, float16, int16 or int8 (a scale a row).

    Raises
    ------
    CorruptFile
        If it is cut short, or no such file.
    """
    reader = _Reader(path)
    version = reader.number("I")
    if version > _KNOWN_VERSION:
        raise reader.strange(f"version {version}")
    kind = reader.text()
    if kind != "WhisperSpec":
        raise reader.strange(f"it holds a {kind}")
    reader.number("I")  # the revision of that kind
    found: dict[str, NDArray[np.generic]] = {}
    for _ in range(reader.number("I")):
        name = reader.text()
        found[name] = _array(reader)
    for _ in range(reader.number("I")):
        alias = reader.text()
        found[alias] = found[reader.text()]
    return {
        name.removeprefix("decoder/"): _as_float(found, name)
        for name in found
        if name.startswith("decoder/") and not name.endswith("_scale")
    }


def _array(reader: _Reader) -> NDArray[np.generic]:
    n_axes = reader.number("B")
    if n_axes > _MOST_AXES:
        raise reader.strange(f"an array of {n_axes} axes")
    shape = [reader.number("I") for _ in range(n_axes)]
    kind = reader.number("B")
    if kind not in _TYPES:
        raise reader.strange(f"numbers of type {kind}")
    values = np.frombuffer(reader.take(reader.number("I")), _TYPES[kind])
    if values.size != int(np.prod(shape, dtype=np.int64)):
        raise reader.strange("an array that does not fill its shape")
    return values.reshape(shape)


def _as_float(found: dict[str, NDArray[np.generic]], name: str) -> Array:
    values = found[name]
    scale = found.get(f"{name}_scale")
    plain = values.astype(np.float32)
    if scale is None or values.dtype.type not in _SCALED:
        return plain
    divisor = scale.astype(np.float32)
    return np.asarray(plain / (divisor[:, None] if divisor.ndim else divisor), dtype=np.float32)
