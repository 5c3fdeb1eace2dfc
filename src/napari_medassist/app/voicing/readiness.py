"""What is missing before anything is understood, and how to get it."""

from __future__ import annotations

from dataclasses import dataclass

from napari_medassist.app.voicing.choices import Choices
from napari_medassist.core.errors import MedAssistError
from napari_medassist.models.places import install, is_installed
from napari_medassist.models.registry import find_card
from napari_medassist.voice.recognisers.kinds import WHISPER


@dataclass(frozen=True)
class Missing:
    """What is missing.

    Attributes
    ----------
    text
        What it is, and its cure.
    can_be_fetched
        Whether :func:`install_model` helps.
    """

    text: str
    can_be_fetched: bool = False


def what_is_missing(choices: Choices) -> Missing | None:
    """Return what is missing to understand speech; None if nothing is."""
    try:
        choices.kind.require()
    except MedAssistError as error:
        return Missing(str(error))
    if choices.kind.name == WHISPER and not is_installed(find_card(WHISPER)):
        told = (
            "The speech model is not here yet. It is fetched once (76 MB), then works offline. In the "
            f"shell: napari-medassist models install {WHISPER}"
        )
        return Missing(told, can_be_fetched=True)
    return None


def install_model() -> None:
    """Fetch the speech model.

    Raises
    ------
    MedAssistError
        If that is not possible.
    """
    install(find_card(WHISPER))
