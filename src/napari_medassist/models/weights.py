"""Weights are believed by their hash only: it is checked before anything reads the file."""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path

from napari_medassist.core.errors import CorruptFile, FileProblem

_AGAIN = "Remove the file and install the model again."


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file as 64 lower-case hexadecimal digits.

    Parameters
    ----------
    path
        The file.
    """
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def checked_weights(path: Path, sha256: str) -> Path:
    """Return the path of weights that are, byte by byte, the ones that were measured.

    Parameters
    ----------
    path
        The file with the weights.
    sha256
        What its SHA-256 must be.

    Raises
    ------
    FileProblem
        If there is no such file.
    CorruptFile
        If its content is another one: cut short, damaged or exchanged.
    """
    if not path.is_file():
        raise FileProblem("The weights are not there.", path=path, cure="Install the model.")
    found = sha256_of(path)
    if not hmac.compare_digest(found, sha256.lower()):
        raise CorruptFile(
            f"These are not the expected weights: SHA-256 {found}, expected {sha256.lower()}.",
            path=path,
            cure=_AGAIN,
        )
    return path
