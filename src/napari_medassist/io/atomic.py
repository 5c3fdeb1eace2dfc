"""Replace files whole or not at all."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from napari_medassist.core.errors import WriteFailed


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside ``path`` that takes its place when the block ends well.

    The temporary name ends like the final one, since libraries choose the format by the ending. If the
    block fails, for whatever reason, the temporary file is removed and what stood at ``path`` is left
    as it was. If ``path`` is a symbolic link, the file that it points to is replaced.

    Parameters
    ----------
    path
        The file to write.

    Raises
    ------
    WriteFailed
        If the folder is missing or cannot be written to, or the disk is full.
    """
    path = path.resolve()
    folder = path.parent
    if not folder.is_dir():
        raise WriteFailed("The folder does not exist.", path=folder, cure="Create it first.")
    temporary = folder / f".{uuid.uuid4().hex[:12]}.part.{path.name}"
    try:
        yield temporary
        _flush_to_disk(temporary)
        temporary.replace(path)
    except OSError as error:
        raise WriteFailed(
            f"The file could not be written ({error.strerror or error}); "
            "what stood there before is unchanged.",
            path=path,
            cure="Check the free space and your right to write there, or choose another folder.",
        ) from error
    finally:
        temporary.unlink(missing_ok=True)


def _flush_to_disk(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())
