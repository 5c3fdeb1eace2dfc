"""A progress bar on standard error: one line on a terminal, few lines in a log."""

from __future__ import annotations

import sys
import time

_WIDTH = 24
_SECONDS_BETWEEN = 0.1
_LOGGED_FROM = 20


class ProgressBar:
    """Shows how many cases are done; it is what the work is given as its progress."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._shown = -1.0

    def __call__(self, done: int, total: int, message: str, /) -> None:
        """Show that ``done`` of ``total`` cases are finished."""
        if sys.stderr.isatty():
            self._draw(done, total, message)
        elif total >= _LOGGED_FROM and done and (done * 10) // total != ((done - 1) * 10) // total:
            print(f"{done}/{total}", file=sys.stderr, flush=True)

    def _draw(self, done: int, total: int, message: str) -> None:
        now = time.monotonic()
        if done < total and now - self._shown < _SECONDS_BETWEEN:
            return
        self._shown = now
        filled = "#" * (_WIDTH * done // max(1, total))
        line = f"[{filled:<{_WIDTH}}] {done}/{total} {self._time_left(now, done, total)} {message}"
        end = "\n" if done == total else ""
        print(f"\r\x1b[K{line.rstrip()}", end=end, file=sys.stderr, flush=True)

    def _time_left(self, now: float, done: int, total: int) -> str:
        if not done or done == total:
            return ""
        seconds = round((now - self._began) / done * (total - done))
        return f"{seconds // 60}:{seconds % 60:02} left"
