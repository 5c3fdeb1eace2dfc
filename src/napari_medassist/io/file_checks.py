"""Checks that come before a library is let loose on a file, so that a bad file costs no memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from napari_medassist.core.errors import CorruptFile, FileProblem, MedAssistError, UnsupportedFormat

#: No deflate stream (gzip, zlib) grows by more than this when it is unpacked.
_MAX_DEFLATE_RATIO = 1032
_GZIP_MAGIC = b"\x1f\x8b"
FETCH_AGAIN = "Copy or export the file again from where it came."


def require_file(path: Path) -> int:
    """Return the size of a file in bytes.

    Raises
    ------
    FileProblem
        If it is missing or must not be read.
    CorruptFile
        If it is empty.
    """
    try:
        with path.open("rb") as file:
            file.read(1)
        size = path.stat().st_size
    except OSError as error:
        raise FileProblem(
            f"The file cannot be opened ({error.strerror or error}).",
            path=path,
            cure="Check its name and your right to read it.",
        ) from error
    if size == 0:
        raise CorruptFile("The file is empty (0 bytes).", path=path, cure=FETCH_AGAIN)
    return size


def first_bytes(path: Path, count: int) -> bytes:
    """Return the first bytes of a file; nothing if it cannot be read. For looking into files."""
    try:
        with path.open("rb") as file:
            return file.read(count)
    except OSError:
        return b""


def is_gzip(path: Path) -> bool:
    """Tell from the content whether a file is packed with gzip."""
    return first_bytes(path, 2) == _GZIP_MAGIC


def require_bytes(path: Path, *, found: int, promised: int, packed: bool = False) -> None:
    """Raise unless a file can hold the voxels that its header promises.

    Parameters
    ----------
    path
        The file that holds the voxels.
    found
        Bytes that it has for them.
    promised
        Bytes that the header speaks of, unpacked.
    packed
        True if they are packed with gzip or zlib: then only what no packing could reach is refused.

    Raises
    ------
    CorruptFile
        If there are too few.
    """
    if found * (_MAX_DEFLATE_RATIO if packed else 1) >= promised:
        return
    raise CorruptFile(
        f"The header promises {promised:,} bytes of voxels, the file holds {max(found, 0):,}"
        f"{' packed' if packed else ''}: it was cut short, or its header is wrong.",
        path=path,
        cure=FETCH_AGAIN,
    )


def name_without_ending(path: Path, endings: Sequence[str]) -> str:
    """Return a file's name without the ending of its format: ``t2w.nii.gz`` is ``t2w``."""
    for ending in sorted(endings, key=len, reverse=True):
        if path.name.lower().endswith(ending):
            return path.name[: -len(ending)]
    return path.stem


def require_ending(path: Path, endings: Sequence[str], title: str) -> None:
    """Raise :class:`UnsupportedFormat` unless a file to be written has one of the endings."""
    if not path.name.lower().endswith(tuple(endings)):
        raise UnsupportedFormat(
            f"Label maps cannot be written as {title} under this name.",
            path=path,
            cure=f"Let the name end in {' or '.join(endings)}.",
        )


@contextmanager
def naming(path: Path, *, cure: str) -> Iterator[None]:
    """Add the file, and what to do, to errors that come from where neither was known."""
    try:
        yield
    except MedAssistError as error:
        if error.path is not None:
            raise
        raise type(error)(error.message, path=path, cure=error.cure or cure) from error
