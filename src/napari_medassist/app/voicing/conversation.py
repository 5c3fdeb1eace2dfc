"""What becomes of an utterance: it is done, asked about, dictated, or passed over."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from napari_medassist.core.errors import InvalidSetting, MedAssistError
from napari_medassist.voice.deciding import Action
from napari_medassist.voice.desk import AskFirst, Desk, Moment
from napari_medassist.voice.recognisers.outcome import Outcome
from napari_medassist.voice.spoken_grammar import Spoken, SpokenGrammar
from napari_medassist.voice.wording import plain

#: The command that answers a question, and its slot.
_ANSWER = "answer"
_NOTE = "note"


class Result(StrEnum):
    """What has become of an utterance."""

    DONE = "done"
    ASKED = "asked"
    NOTED = "noted"
    IGNORED = "ignored"
    FAILED = "failed"


@dataclass(frozen=True)
class Reply:
    """What the reader is told.

    Attributes
    ----------
    result
        What has become of the utterance.
    text
        What was done, asked, or went wrong.
    choices
        Of a question: the phrases that may be meant, the likeliest first.
    """

    result: Result
    text: str
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Question:
    """What waits for an answer.

    Attributes
    ----------
    choices
        What may be meant, the likeliest first.
    moment
        Where the reader was when it was said.
    text
        What is asked.
    """

    choices: tuple[Spoken, ...]
    moment: Moment
    text: str


class Conversation:
    """Does what was said, and asks where it is not sure. Use from the window's thread.

    Parameters
    ----------
    desk
        What commands act on.

    Attributes
    ----------
    grammar
        What may be said now; None while it is being made ready.
    pending
        What was asked and not answered.
    is_dictating
        Whether the next utterance is a note.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.grammar: SpokenGrammar | None = None
        self.pending: Question | None = None
        self.is_dictating = False

    def take(self, outcome: Outcome, moment: Moment) -> Reply:
        """Take what was recognised."""
        spoken = None if self.grammar is None else self.grammar.meaning_of(outcome.text)
        if outcome.action is Action.EXECUTE and spoken is not None:
            return self._heard(spoken, outcome, moment)
        note = _note_in(outcome)
        if note:
            return self.note(note, moment)
        if outcome.action is Action.ASK and spoken is not None:
            if spoken.command.name == _ANSWER:
                return self._unsure_answer(outcome)
            return self._ask(self._choices(spoken, outcome), moment, "")
        return Reply(Result.IGNORED, outcome.why)

    def note(self, text: str, moment: Moment) -> Reply:
        """Take what was dictated."""
        self.is_dictating = False
        self._desk.moment = moment
        try:
            return Reply(Result.NOTED, self._desk.take_note(text))
        except MedAssistError as error:
            return Reply(Result.FAILED, f"{error} ({text})")

    def answer(self, choice: int | None) -> Reply:
        """Answer the question: with the place of a choice, or None for "no".

        Raises
        ------
        InvalidSetting
            If nothing is asked, or it has no such choice.
        """
        asked, self.pending = self.pending, None
        if asked is None:
            raise InvalidSetting("Nothing was asked.")
        if choice is None:
            return Reply(Result.IGNORED, "Not done.")
        if not 0 <= choice < len(asked.choices):
            self.pending = asked
            raise InvalidSetting("There is no such answer.")
        return self._run(asked.choices[choice], replace(asked.moment, is_confirmed=True))

    def _heard(self, spoken: Spoken, outcome: Outcome, moment: Moment) -> Reply:
        if spoken.command.name == _ANSWER and self.pending is not None:
            return self.answer(0 if spoken.slots[_ANSWER] == "yes" else None)
        self.pending = None
        if spoken.command.is_destructive:
            return self._ask(self._choices(spoken, outcome)[:1], moment, "")
        return self._run(spoken, moment)

    def _run(self, spoken: Spoken, moment: Moment) -> Reply:
        self._desk.moment = moment
        try:
            return Reply(Result.DONE, spoken.command.run(self._desk, spoken.slots))
        except AskFirst as doubt:
            return self._ask((spoken,), moment, doubt.message)
        except MedAssistError as error:
            return Reply(Result.FAILED, str(error))

    def _ask(self, choices: tuple[Spoken, ...], moment: Moment, why: str) -> Reply:
        texts = tuple(one.text for one in choices)
        text = why or f"Did you mean: {' or: '.join(texts)}?"
        self.pending = Question(choices, moment, text)
        return Reply(Result.ASKED, text, texts)

    def _unsure_answer(self, outcome: Outcome) -> Reply:
        """Leave the question as it is: this answer is not sure enough."""
        if self.pending is None:
            return Reply(Result.IGNORED, outcome.why)
        texts = tuple(one.text for one in self.pending.choices)
        told = f"{self.pending.text} Not sure of the answer '{outcome.text}': press Y or N."
        return Reply(Result.ASKED, told, texts)

    def _choices(self, spoken: Spoken, outcome: Outcome) -> tuple[Spoken, ...]:
        other = None if self.grammar is None else self.grammar.meaning_of(outcome.alternative)
        is_other = other is not None and (other.command, other.slots) != (spoken.command, spoken.slots)
        return (spoken, other) if is_other and other is not None else (spoken,)


def _note_in(outcome: Outcome) -> str:
    """Return the text after "note" if that is how the utterance begins, with and without a hint."""
    texts = (outcome.written, outcome.written_with_hint)
    if not all(plain(text).startswith(f"{_NOTE} ") for text in texts):
        return ""
    return outcome.written.split(maxsplit=1)[1].strip()
