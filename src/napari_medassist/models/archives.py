"""Models in ZIP archives, as nnU-Net, TotalSegmentator and MONAI hand them out: unpacked with care."""

from __future__ import annotations

import shutil
import stat
import zipfile
from pathlib import Path, PurePosixPath

from napari_medassist.core.errors import CorruptFile, FileProblem

_MOST_FILES = 20_000
_MOST_BYTES = 12_000_000_000
#: An entry that grows by more is no weights: those hardly shrink.
_MOST_GROWTH = 200
_SMALL_BYTES = 10_000_000


def is_archive(path: Path) -> bool:
    """Tell whether a file is called like a ZIP archive."""
    return path.suffix.lower() == ".zip"


def unpacked(path: Path, into: Path) -> Path:
    """Unpack an archive into an empty folder; return the folder.

    Raises
    ------
    FileProblem
        If it cannot be read, or is too large unpacked.
    CorruptFile
        If it is no ZIP archive or damaged, or an entry would lie outside, is a link, or grows as no
        weights do. Nothing is ever written outside the folder.
    """
    if path.is_symlink() or not path.is_file():
        raise FileProblem("The archive is a link, or not there.", path=path)
    try:
        with zipfile.ZipFile(path) as archive:
            entries = [entry for entry in archive.infolist() if not entry.is_dir()]
            _require_harmless(entries, path)
            for entry in entries:
                _write(archive, entry, into)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise CorruptFile(f"The archive cannot be unpacked: {error}.", path=path) from error
    except OSError as error:
        raise FileProblem(f"The archive cannot be unpacked ({error}).", path=path) from error
    return into


def _require_harmless(entries: list[zipfile.ZipInfo], path: Path) -> None:
    total = sum(entry.file_size for entry in entries)
    if len(entries) > _MOST_FILES or total > _MOST_BYTES:
        raise FileProblem(
            f"The archive holds {len(entries)} files of {total / 1e9:.1f} GB together.",
            path=path,
            cure=f"At most {_MOST_FILES} files and {_MOST_BYTES / 1e9:.0f} GB are unpacked.",
        )
    for entry in entries:
        place = PurePosixPath(entry.filename.replace("\\", "/"))
        if place.is_absolute() or ".." in place.parts or ":" in entry.filename:
            raise CorruptFile(f"The entry '{entry.filename}' would lie outside.", path=path)
        if stat.S_ISLNK(entry.external_attr >> 16):
            raise CorruptFile(f"The entry '{entry.filename}' is a link.", path=path)
        grows = entry.file_size > _MOST_GROWTH * max(1, entry.compress_size)
        if grows and entry.file_size > _SMALL_BYTES:
            raise CorruptFile(f"The entry '{entry.filename}' grows as no weights do.", path=path)


def _write(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, into: Path) -> None:
    target = into.joinpath(*PurePosixPath(entry.filename.replace("\\", "/")).parts)
    target.parent.mkdir(parents=True, exist_ok=True)
    # Sizes are those that the archive states; what it really holds may be more.
    with archive.open(entry) as source, target.open("wb") as out:
        shutil.copyfileobj(_Limited(source, entry), out)


class _Limited:
    """Reads no more than an entry states."""

    def __init__(self, source: object, entry: zipfile.ZipInfo) -> None:
        self._source, self._entry, self._left = source, entry, entry.file_size

    def read(self, n: int = -1) -> bytes:
        """Return the next bytes."""
        found: bytes = self._source.read(n)  # type: ignore[attr-defined]
        self._left -= len(found)
        if self._left < 0:
            raise zipfile.BadZipFile(f"'{self._entry.filename}' is larger than it states")
        return found
