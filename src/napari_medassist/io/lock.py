"""Keep two programs from rewriting a file at the same moment, on local and on shared disks."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from napari_medassist.core.errors import WriteFailed

#: Writing takes milliseconds: who waits longer waits for a program that has died, or for a slow disk.
LOCK_SECONDS = 2.0
STALE_LOCK_SECONDS = 10.0


@contextmanager
def locked(path: Path, what: str) -> Iterator[None]:
    """Hold the lock of a file while it is read, changed and replaced.

    The lock is a file beside it, ``.NAME.lock``, which only one program can make; shared disks know
    that too. One that a dead program left behind is broken after ten seconds.

    Parameters
    ----------
    path
        The file; its folder is made if it is missing.
    what
        What it holds, for messages: "marks".

    Raises
    ------
    WriteFailed
        If another program holds the lock for seconds, or the folder cannot be written to.
    """
    lock = path.with_name(f".{path.name}.lock")
    with suppress(OSError):  # told when the lock is taken
        path.parent.mkdir(parents=True, exist_ok=True)
    until = time.monotonic() + LOCK_SECONDS
    while not _taken(lock, what):
        if time.monotonic() > until:
            raise WriteFailed(
                f"Another program has been writing the {what} for seconds.",
                path=path,
                cure=f"Try again; if none does, delete {lock.name}.",
            )
        time.sleep(0.01)
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)


def _taken(lock: Path, what: str) -> bool:
    try:
        os.close(os.open(lock, os.O_CREAT | os.O_EXCL | os.O_WRONLY))
    except FileExistsError:
        if _age_s(lock) > STALE_LOCK_SECONDS:
            _break(lock)
        return False
    except OSError as error:
        raise WriteFailed(
            f"The {what} cannot be written here ({error.strerror or error}).",
            path=lock.parent,
            cure="Check your right to write there, or choose another place.",
        ) from error
    return True


def _break(lock: Path) -> None:
    """Remove a lock that was left behind, unless another program has just made it anew."""
    aside = lock.with_name(f"{lock.name}.{uuid.uuid4().hex[:8]}")
    with suppress(OSError):
        lock.rename(aside)  # one program can do so; what it got is looked at again
        if _age_s(aside) <= STALE_LOCK_SECONDS and not lock.exists():
            aside.rename(lock)
        aside.unlink(missing_ok=True)


def _age_s(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return 0.0
