"""Keys by content: a result holds as long as the files, the settings and the engine are the same."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from napari_medassist import __version__
from napari_medassist.core.results import Settings
from napari_medassist.metrics.registry import METRICS

#: Headers whose voxels lie in another file: the header's content says nothing about them.
_HEADERS_ONLY = (".hdr", ".mhd", ".nhdr")
#: The packages whose code decides a result.
_ENGINE = ("core", "io", "metrics", "evaluation")
#: Of these, what shows results and decides none.
_SHOWS_ONLY = ("report",)
_DIGEST_BYTES = 12


def file_digest(path: Path) -> str | None:
    """Return a hash of a file's content; None if its voxels lie in another file.

    Raises
    ------
    OSError
        If it cannot be read.
    """
    if path.name.lower().endswith(_HEADERS_ONLY):
        return None
    with path.open("rb") as file:
        return hashlib.file_digest(file, _hash).hexdigest()


def settings_key(settings: Settings, choices: Sequence[object]) -> str:
    """Return a hash of all that decides a result besides the files.

    Parameters
    ----------
    settings
        Of the convention.
    choices
        Which labels, metrics and so on; plain values.
    """
    text = json.dumps([settings, choices, engine_key()], sort_keys=True)
    return _hash(text.encode()).hexdigest()


@cache
def engine_key() -> str:
    """Return a hash of the engine: its code, its metrics, and the versions of what it computes with.

    The code counts, not only the version: who changes a metric must not be shown the old values.
    """
    digest = _hash(__version__.encode())
    for name in ("numpy", "scipy"):
        digest.update(f"{name} {version(name)}".encode())
    digest.update(" ".join(METRICS.names()).encode())
    for package in _ENGINE:
        _add(files("napari_medassist") / package, digest)
    return digest.hexdigest()


def _hash(content: bytes = b"") -> hashlib.blake2b:
    return hashlib.blake2b(content, digest_size=_DIGEST_BYTES)


def _add(place: Traversable, digest: hashlib.blake2b) -> None:
    for part in sorted(place.iterdir(), key=lambda part: part.name):
        if part.is_dir():
            if part.name not in _SHOWS_ONLY and not part.name.startswith("__"):
                _add(part, digest)
        elif part.name.endswith((".py", ".yaml")):
            digest.update(part.name.encode())
            digest.update(part.read_bytes())
