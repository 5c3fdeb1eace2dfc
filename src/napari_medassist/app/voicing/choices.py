"""What a user chooses of listening: microphone, mode, model, vocabulary, and what is kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from pathlib import Path
from typing import Any, Self

from napari_medassist.app.settings import Settings
from napari_medassist.voice.recognisers.kinds import KINDS, OWN, SPHINX, WHISPER, Kind

_KEY = "voice"


class Mode(StrEnum):
    """When sound is listened to."""

    PUSH = "Push to talk"
    OPEN = "Open microphone"


@dataclass(frozen=True)
class Choices:
    """What was chosen.

    Attributes
    ----------
    device
        Name of the microphone; empty for the system's.
    mode
        When sound is listened to.
    key
        The key that is held while one speaks.
    recogniser
        ``pocketsphinx``, else a model in the format of faster-whisper.
    model
        Folder of such a model; empty for ``whisper-tiny-en``.
    language
        What is spoken, for a model of several languages.
    vocabulary
        The project's vocabulary; empty for the user's own.
    keeps_sound
        Whether the sound of utterances is kept beside the log.
    answers_aloud
        Whether what was done is said.
    """

    device: str = ""
    mode: Mode = Mode.PUSH
    key: str = "F9"
    recogniser: str = WHISPER
    model: str = ""
    language: str = "en"
    vocabulary: str = ""
    keeps_sound: bool = False
    answers_aloud: bool = False

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Return what was chosen last; what is not understood counts as not chosen."""
        stored = settings.ui(_KEY, {})
        plain: Mapping[str, Any] = stored if isinstance(stored, dict) else {}
        known = {
            one.name: plain[one.name]
            for one in fields(cls)
            if one.name in plain and isinstance(plain[one.name], type(one.default))
        }
        mode = plain.get("mode")
        return cls(**{**known, "mode": Mode(mode) if mode in set(Mode) else Mode.PUSH})

    def keep(self, settings: Settings) -> None:
        """Remember them."""
        settings.set_ui(_KEY, asdict(self))

    @property
    def kind(self) -> Kind:
        """The recogniser, with what was measured of it."""
        if self.recogniser == SPHINX:
            return KINDS[SPHINX]
        return KINDS[OWN if self.model else WHISPER]

    @property
    def model_folder(self) -> Path | None:
        """The folder of another model, if one was chosen."""
        return Path(self.model) if self.model else None
