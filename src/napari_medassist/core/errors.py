"""Errors that name the file and the cure.

Every error a user can meet derives from :class:`MedAssistError`. Its text is one message that can be
shown as it is: what is wrong, in which file, and what to do. None is a ``ValueError``: napari takes a
``ValueError`` from a writer for "this plugin cannot write that" and drops its message.
"""

from __future__ import annotations

from pathlib import Path


class MedAssistError(Exception):
    """Base of all errors that are shown to a user.

    Parameters
    ----------
    message
        What is wrong, in one sentence.
    path
        The file or folder that it is about.
    cure
        What the user can do about it, in one sentence.
    """

    def __init__(
        self, message: str, *, path: str | Path | None = None, cure: str | None = None
    ) -> None:
        self.message = message
        self.path = None if path is None else Path(path)
        self.cure = cure
        where = "" if path is None else f"{path}: "
        what_to_do = "" if cure is None else f" {cure}"
        super().__init__(f"{where}{message}{what_to_do}")


class FileProblem(MedAssistError):
    """A file cannot be opened: it is missing, not readable, or is not what was asked for."""


class UnsupportedFormat(FileProblem):
    """The file is of a kind that no registered format reads or writes."""


class CorruptFile(FileProblem):
    """The file claims a format and does not hold what the format promises."""


class WriteFailed(FileProblem):
    """A file could not be written. What stood there before is still whole."""


class InvalidGeometry(MedAssistError):
    """Spacing, origin, direction or shape cannot describe a voxel grid in a patient."""


class GeometryMismatch(MedAssistError):
    """Two images that should share one voxel grid do not."""


class InvalidImage(MedAssistError):
    """Voxel values break the promise of their type (a negative label, a probability above 1)."""


class InvalidSetting(MedAssistError):
    """A setting lies outside of what it may be (a connectivity of 7, an overlap above 1)."""


class InconsistentSeries(MedAssistError):
    """The slices of a series do not form one regular volume."""


class TooLarge(MedAssistError, MemoryError):
    """The work would not fit into memory; it was not begun."""


class Cancelled(MedAssistError):
    """The user stopped the work; nothing was changed."""


class UnknownItem(MedAssistError, KeyError):
    """A name is not registered; the message holds the nearest names."""

    __str__ = Exception.__str__
