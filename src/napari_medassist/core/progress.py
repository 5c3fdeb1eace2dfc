"""How long work reports its progress and learns that it was cancelled."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """A function that is told how far the work has come.

    It may raise :class:`~napari_medassist.core.errors.Cancelled` to stop the work; whoever does the
    work lets that pass and leaves nothing half done.
    """

    def __call__(self, done: int, total: int, message: str, /) -> None:
        """Report that ``done`` of ``total`` steps are finished."""


def silent(_done: int, _total: int, _message: str, /) -> None:
    """Report to nobody: the default of all functions that take a :class:`Progress`."""


def part_of(progress: Progress, first: int, last: int, prefix: str = "") -> Progress:
    """Return a progress that fills a part of another one, in percent of the whole.

    Parameters
    ----------
    progress
        Of the whole work.
    first, last
        Where the part begins and ends, in percent.
    prefix
        What its messages begin with.
    """

    def told(done: int, total: int, message: str, /) -> None:
        progress(first + (last - first) * done // max(total, 1), 100, f"{prefix}{message}")

    return told
