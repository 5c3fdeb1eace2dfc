"""The voice log of a case: every utterance, what was made of it, and how a reader corrected it."""

from __future__ import annotations

import json
import time
import wave
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from napari_medassist.core.errors import CorruptFile, WriteFailed
from napari_medassist.core.geometry import Triple
from napari_medassist.voice.desk import Moment
from napari_medassist.voice.hearing import Understood
from napari_medassist.voice.sound import RATE_HZ, Samples

LOG_FILE = "utterances.jsonl"
_SOUNDS = "sounds"
_VERSION = 1


@dataclass(frozen=True)
class LoggedUtterance:
    """An utterance in the log.

    Attributes
    ----------
    id
        By which its later lines are known.
    time
        When it began, ISO 8601 with zone.
    duration_s
        How long it is.
    action, text, confidence, alternative
        What the recogniser made of it.
    written
        What it wrote down, bound to no grammar.
    recogniser
        Which one.
    result, told
        What became of it, and what the reader was told.
    cursor_lps_mm, frame
        Where the reader was when it began.
    sound
        File of its sound beside the log; empty if it was not kept.
    corrected
        The phrase that was meant, as a reader said later; empty if nobody did.
    """

    id: str
    time: str
    duration_s: float
    action: str
    text: str
    confidence: float
    alternative: str
    written: str
    recogniser: str
    result: str
    told: str
    cursor_lps_mm: Triple | None = None
    frame: int | None = None
    sound: str = ""
    corrected: str = ""

    def without_words(self) -> Self:
        """Return it without what was written down: talk that was no command is nobody's business."""
        return replace(self, text="", alternative="", written="", told="")

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Self:
        """Return the utterance of a line."""
        known = {name: plain[name] for name in cls.__dataclass_fields__ if name in plain}
        cursor = known.get("cursor_lps_mm")
        if cursor is not None:
            x, y, z = (float(v) for v in cursor)
            known["cursor_lps_mm"] = (x, y, z)
        return cls(**known)


class VoiceLog:
    """Utterances of a case in a file of JSON lines: written as they come, never rewritten.

    A later line with the id of an earlier one takes its place.

    Parameters
    ----------
    folder
        Where the log lies; made with the first utterance.

    Attributes
    ----------
    n_unreadable
        Lines that :meth:`read` did not understand: the computer stopped while they were written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.n_unreadable = 0

    @property
    def path(self) -> Path:
        """The file."""
        return self.folder / LOG_FILE

    def read(self) -> tuple[LoggedUtterance, ...]:
        """Return all utterances in their order; lines that are not understood are counted.

        Raises
        ------
        CorruptFile
            If the file is no text.
        """
        try:
            lines = self.path.read_text(encoding="utf-8").split("\n")
        except FileNotFoundError:
            return ()
        except (OSError, UnicodeDecodeError) as error:
            raise CorruptFile(f"The voice log cannot be read ({error}).", path=self.path) from error
        found: dict[str, LoggedUtterance] = {}
        self.n_unreadable = 0
        for line in filter(None, lines):
            try:
                entry = LoggedUtterance.from_plain(json.loads(line))
            except (ValueError, TypeError):
                self.n_unreadable += 1
            else:
                found[entry.id] = entry
        return tuple(found.values())

    def add(self, entry: LoggedUtterance, sound: Samples | None = None) -> LoggedUtterance:
        """Write an utterance down, with its sound if one is given; return what was written.

        Raises
        ------
        WriteFailed
            If it cannot be written.
        """
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            if sound is not None:
                entry = replace(entry, sound=f"{_SOUNDS}/{entry.id}.wav")
                self._write_sound(self.folder / entry.sound, sound)
            line = json.dumps({"version": _VERSION, **asdict(entry)}, ensure_ascii=False)
            with self.path.open("a", encoding="utf-8") as file:
                file.write(f"{self._begin()}{line}\n")
        except OSError as error:
            raise WriteFailed(
                f"The voice log cannot be written ({error.strerror or error}).",
                path=self.path,
                cure="Make room on the disk, or choose another folder for sessions.",
            ) from error
        return entry

    def correct(self, entry: LoggedUtterance, phrase: str) -> LoggedUtterance:
        """Write down what was meant; return the utterance as it stands now."""
        return self.add(replace(entry, corrected=phrase))

    def sound_of(self, entry: LoggedUtterance) -> Path | None:
        """Return the file of an utterance's sound; None if it was not kept, or is gone."""
        path = self.folder / entry.sound
        return path if entry.sound and path.is_file() else None

    def _begin(self) -> str:
        """Return what a new line must begin with: a line feed after one that was cut off."""
        if not self.path.is_file() or not self.path.stat().st_size:
            return ""
        with self.path.open("rb") as file:
            file.seek(-1, 2)
            return "" if file.read(1) == b"\n" else "\n"

    @staticmethod
    def _write_sound(path: Path, sound: Samples) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        numbers = np.clip(np.rint(sound * 32767), -32768, 32767).astype("<i2")
        with wave.open(str(path), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(RATE_HZ)
            file.writeframes(numbers.tobytes())


def logged(
    understood: Understood, moment: Moment, result: str, told: str, now: datetime
) -> LoggedUtterance:
    """Return an utterance as the log keeps it.

    Parameters
    ----------
    understood
        What was said, and what was made of it.
    moment
        Where the reader was.
    result, told
        What became of it.
    now
        The time that it is.
    """
    said, outcome = understood.utterance, understood.outcome
    ago = timedelta(seconds=max(0.0, time.monotonic() - said.begin_s))
    cursor = moment.cursor_lps_mm
    return LoggedUtterance(
        id=uuid4().hex[:12],
        time=(now - ago).isoformat(timespec="milliseconds"),
        duration_s=round(said.end_s - said.begin_s, 3),
        action="dictation" if outcome is None else str(outcome.action),
        text="" if outcome is None else outcome.text,
        confidence=0.0 if outcome is None else round(outcome.confidence, 4),
        alternative="" if outcome is None else outcome.alternative,
        written=understood.text if outcome is None else outcome.written,
        recogniser=understood.recogniser,
        result=str(result),
        told=told,
        cursor_lps_mm=None if cursor is None else _rounded(cursor),
        frame=moment.frame,
    )


def _rounded(point: NDArray[np.float64]) -> Triple:
    x, y, z = (round(float(v), 3) for v in point)
    return x, y, z
