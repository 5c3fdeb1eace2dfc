"""Things read from files, each read once, held in bounded memory."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from napari_medassist.core.errors import Cancelled, MedAssistError

_MB = 1_000_000
Key = tuple[str, ...]


@dataclass(eq=False)
class HeldPart:
    """Something that was read from files, or is being read.

    Parameters
    ----------
    ready
        Set once it is there, or has failed.
    value
        What was read; None if it failed.
    error
        Why it failed; None if it did not.
    n_bytes
        Bytes that the value takes.
    """

    ready: threading.Event = field(default_factory=threading.Event)
    value: Any = None
    error: Exception | None = None
    n_bytes: int = 0


class HeldParts:
    """Keeps what was read last. Safe to use from any thread.

    Parameters
    ----------
    budget_mb
        Megabytes (10^6 bytes) that are kept. What was asked for last is returned even if it is larger,
        and then nothing else is kept.
    bytes_of
        Returns the bytes that a value takes.
    """

    def __init__(self, budget_mb: float, bytes_of: Callable[[Any], int]) -> None:
        self.budget_bytes = int(budget_mb * _MB)
        self._bytes_of = bytes_of
        self._parts: OrderedDict[Key, HeldPart] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def n_bytes(self) -> int:
        """Bytes that are held now."""
        with self._lock:
            return sum(part.n_bytes for part in self._parts.values())

    def holds(self, key: Key) -> bool:
        """Tell whether a part would be returned without reading a file."""
        with self._lock:
            part = self._parts.get(key)
            return part is not None and part.ready.is_set()

    def get(self, key: Key, reader: Callable[[], Any]) -> HeldPart:
        """Return a part; the first who asks reads it, others wait.

        Raises
        ------
        Cancelled
            If the reader was stopped; any other error is held in the part.
        """
        with self._lock:
            part = self._parts.get(key)
            is_mine = part is None
            if part is None:
                part = self._parts[key] = HeldPart()
            self._parts.move_to_end(key)
        if not is_mine:
            part.ready.wait()
            return part if not isinstance(part.error, Cancelled) else self.get(key, reader)
        try:
            part.value = reader()
            part.n_bytes = self._bytes_of(part.value)
        except Cancelled as error:
            part.error = error
            self._drop(key, part)
            raise
        except MedAssistError as error:
            part.error = error
        except Exception as error:  # noqa: BLE001  one broken file must not cost the rest; it is told
            part.error = error
        finally:
            part.ready.set()
        self._make_room(key)
        return part

    def forget(self, key: Key | None = None) -> None:
        """Let go of one part; of everything if none is named."""
        with self._lock:
            if key is None:
                self._parts.clear()
            else:
                self._parts.pop(key, None)

    def _drop(self, key: Key, part: HeldPart) -> None:
        with self._lock:
            if self._parts.get(key) is part:
                del self._parts[key]

    def _make_room(self, newest: Key) -> None:
        """Let the oldest parts go until the rest fits; what is being read has no size yet."""
        with self._lock:
            total = sum(part.n_bytes for part in self._parts.values())
            for key in list(self._parts):
                if total <= self.budget_bytes:
                    return
                if key != newest and self._parts[key].ready.is_set():
                    total -= self._parts.pop(key).n_bytes
