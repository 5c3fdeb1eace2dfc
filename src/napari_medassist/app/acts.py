"""What panels can do for whoever asks by name: so that one need not know the other."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Any
from weakref import WeakMethod

from napari_medassist.core.errors import InvalidSetting


class Act(StrEnum):
    """Names of acts, each with its arguments."""

    #: Let the mouse draw a measurement: its name.
    MEASURE = "measure"
    #: Take a tool of the tab Annotate: a ``Tool``.
    TOOL = "take a tool"
    #: Make the brush so many times as large: the factor.
    BRUSH = "change the brush"
    #: Return the template of the lesion table.
    TEMPLATE = "use the lesion table"
    #: Go to the row of a lesion: its id.
    GO_TO_LESION = "go to a lesion"
    #: Choose the row of a lesion, without going there: its id.
    SELECT_LESION = "choose a lesion"
    #: Accept (True) or reject (False) the candidate that is looked at; return what was done.
    DECIDE = "decide on a candidate"
    #: Go so many undecided candidates on; tell whether there is one.
    STEP_CANDIDATES = "go to another candidate"
    #: Open the case so many rows further in the worklist; return its name.
    STEP_CASES = "open another case"
    #: Do what a button of the tab Clip does: its name.
    CLIP = "play the clip"
    #: Close the microphone that commands are spoken into.
    STOP_LISTENING = "close the microphone"
    #: Return the frame of the clip that is shown.
    CLIP_FRAME = "tell the frame of the clip"


class Acts:
    """The acts that are offered now. Whoever offers one is not kept alive by that."""

    def __init__(self) -> None:
        self._acts: dict[Act, WeakMethod[Callable[..., Any]]] = {}

    def offer(self, act: Act, does: Callable[..., Any]) -> None:
        """Offer an act, in place of whoever offered it before.

        Parameters
        ----------
        act
            Its name.
        does
            A method; it is offered as long as its object lives.
        """
        self._acts[act] = WeakMethod(does)

    def ask(self, act: Act, *args: Any) -> Any:
        """Do an act and return what it returns.

        Raises
        ------
        InvalidSetting
            If nobody offers it.
        """
        does = self._acts[act]() if act in self._acts else None
        if does is None:
            raise InvalidSetting(f"Nothing here can {act}.", cure="Open the MedAssist panel.")
        return does(*args)
