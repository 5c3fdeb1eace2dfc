"""What spoken commands act on: a case on a reader's desk, as the window (or a test) provides it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from napari_medassist.annotation.actions import Action
from napari_medassist.core.errors import MedAssistError
from napari_medassist.voice.words import Words


class Need(StrEnum):
    """What a command needs; it is listened for only where that is there."""

    IMAGE = "an image"
    CLIP = "a clip"
    LESIONS = "lesions in the table"
    WORKLIST = "a worklist"
    SECTORS = "a lesion table with the sectors of the prostate"
    PLACES = "a lesion table with a list of places"
    CATEGORY = "a lesion table with a category"


@dataclass(frozen=True)
class Context:
    """What is on the desk, and the words for it.

    Attributes
    ----------
    has
        What is there.
    words
        The words of every slot.
    """

    has: frozenset[Need]
    words: Words


@dataclass(frozen=True)
class LesionWish:
    """What is said of a lesion; what is empty was not said.

    Attributes
    ----------
    side, level, zone
        ``left``; ``base``, ``mid``, ``apex``; ``PZ``, ``TZ``, ``CZ``, ``AS``.
    place
        An entry of the table's list of places.
    fields
        Field of the table -> its value.
    """

    side: str = ""
    level: str = ""
    zone: str = ""
    place: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Moment:
    """Where the reader was when something was said.

    Attributes
    ----------
    cursor_lps_mm
        Patient point under the cursor, LPS (x, y, z) mm; None where there was none.
    frame
        Frame of the clip, from 0; None without one.
    is_confirmed
        Whether the reader was asked about it and said yes.
    """

    cursor_lps_mm: NDArray[np.float64] | None = None
    frame: int | None = None
    is_confirmed: bool = False


class AskFirst(MedAssistError):
    """What was said may not be meant: the reader is asked, with the message, before it is done."""


class Desk(Protocol):
    """What commands may do. Every method says in words what was done.

    Each raises ``MedAssistError`` where it cannot be done, and ``AskFirst`` where it is not done unless
    :attr:`moment` is confirmed; then nothing is changed.
    """

    moment: Moment
    """Where the reader was when speech began; set before each command."""

    def perform(self, action: Action) -> None:
        """Do an edit of what is annotated, as a step that can be undone."""
        ...

    def undo(self) -> str:
        """Take the last step back."""
        ...

    def redo(self) -> str:
        """Do the step again that was taken back last."""
        ...

    def step_slices(self, n: int) -> str:
        """Go up so many slices, towards the head; down if negative."""
        ...

    def go_to_slice(self, which: Literal["first", "middle", "last"]) -> str:
        """Go to a slice; the first one is nearest to the feet."""
        ...

    def show_plane(self, plane: Literal["axial", "coronal", "sagittal"]) -> str:
        """Look along another axis."""
        ...

    def show_series(self, role: str) -> str:
        """Show one image of the case in place of the others."""
        ...

    def show_window(self, name: str) -> str:
        """Show the image between the values of a window; the next one if the name is empty."""
        ...

    def show_labels(self, *, visible: bool) -> str:
        """Show or hide all label maps."""
        ...

    def zoom(self, factor: float) -> str:
        """Show the image larger or smaller; the whole of it for 0."""
        ...

    def lesion(self, wish: LesionWish) -> str:
        """Edit the lesion at the cursor, or make one there."""
        ...

    def set_fields(self, fields: Mapping[str, str]) -> str:
        """Fill fields of the lesion at the cursor, else of the one that was spoken of last."""
        ...

    def go_to_lesion(self, number: int) -> str:
        """Go to a lesion of the table."""
        ...

    def remove_lesion(self) -> str:
        """Take the lesion at the cursor out of the table; asks first."""
        ...

    def decide(self, *, accept: bool) -> str:
        """Accept or reject the candidate that is looked at, and go to the next."""
        ...

    def step_candidates(self, n: int) -> str:
        """Go to another candidate that is not decided."""
        ...

    def step_cases(self, n: int) -> str:
        """Open another case of the worklist."""
        ...

    def choose_label(self, name: str) -> str:
        """Draw with a label of this name from now on; a new one is made with the vocabulary's code."""
        ...

    def hold_tool(self, name: str) -> str:
        """Take a tool: ``brush``, ``eraser``, ``larger brush``, ``smaller brush``."""
        ...

    def measure(self, what: str) -> str:
        """Let the mouse draw a ``Distance``, an ``Angle`` or an ``Ellipse``."""
        ...

    def clip(self, act: str) -> str:
        """Play or mark the clip: ``play``, ``pause``, ``in``, ``out``, ``on`` or ``back``."""
        ...

    def take_note(self, text: str) -> str:
        """Write a dictated note to the lesion at the cursor, else to the one spoken of last."""
        ...

    def dictate(self) -> str:
        """Take what is said next as a note."""
        ...

    def list_phrases(self) -> str:
        """Show what may be said."""
        ...

    def stop_listening(self) -> str:
        """Close the microphone."""
        ...
