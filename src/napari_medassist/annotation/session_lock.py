"""One window writes a session; others see who does."""

from __future__ import annotations

import getpass
import json
import os
import socket
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

LOCK_FILE = "session.lock"
WHO_FILE = "session.who.json"


class SessionLock:
    """The right to write into a session's folder.

    The operating system holds it and gives it back when the process ends, however it ends: a lock of a
    dead process never has to be broken. Where the folder lies on a network disk, the lock reaches other
    computers only as far as that disk passes locks on (NFS 4 and SMB do, some sync folders do not).

    Parameters
    ----------
    folder
        The session's folder; it must exist when the lock is taken.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = FileLock(folder / LOCK_FILE, timeout=0)

    @property
    def is_mine(self) -> bool:
        """Whether this window holds it."""
        return bool(self._lock.is_locked)

    def take(self) -> bool:
        """Try to get the lock; tell whether it is ours now.

        Raises
        ------
        OSError
            If no lock can be made there (a read-only folder).
        """
        try:
            self._lock.acquire()
        except Timeout:
            return False
        who = {
            "user": _user(),
            "computer": socket.gethostname(),
            "process": os.getpid(),
            "since": datetime.now(tz=UTC).isoformat(timespec="seconds"),
        }
        try:  # only a note for others: without room on the disk the lock still counts
            (self._folder / WHO_FILE).write_text(json.dumps(who), encoding="utf-8")
        except OSError:
            return True
        return True

    def give_back(self) -> None:
        """Let others have it."""
        if self.is_mine:
            (self._folder / WHO_FILE).unlink(missing_ok=True)
            self._lock.release()


def holder(folder: Path) -> str:
    """Return who holds the lock of a folder, in words."""
    try:
        who = json.loads((folder / WHO_FILE).read_text(encoding="utf-8"))
        since = datetime.fromisoformat(who["since"]).astimezone().strftime("%Y-%m-%d %H:%M")
        return f"{who['user']} on {who['computer']} (process {who['process']}, since {since})"
    except (OSError, ValueError, KeyError, TypeError):
        return "another window"


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # no entry for this user, as in some containers
        return "someone"
