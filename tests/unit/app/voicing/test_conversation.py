from __future__ import annotations

import pytest

from napari_medassist.app.voicing.conversation import Conversation, Result
from napari_medassist.core.errors import InvalidSetting
from napari_medassist.voice.command import COMMANDS
from napari_medassist.voice.deciding import Action
from napari_medassist.voice.desk import Context, Moment, Need
from napari_medassist.voice.recognisers.outcome import Outcome
from napari_medassist.voice.spoken_grammar import spoken_grammar
from napari_medassist.voice.words import built_in_words
from tests.unit.voice.desk import WrittenDesk

THEN, LATER = Moment(frame=3), Moment(frame=9)
ASKS = Outcome(Action.ASK, "three slices up", 0.6, "two slices up")


@pytest.fixture
def desk() -> WrittenDesk:
    return WrittenDesk()


@pytest.fixture
def conversation(desk: WrittenDesk) -> Conversation:
    made = Conversation(desk)
    made.grammar = spoken_grammar(COMMANDS, Context(frozenset(Need) - {Need.PLACES}, built_in_words()))
    return made


def _sure(text: str) -> Outcome:
    return Outcome(Action.EXECUTE, text, 0.97)


def test_what_is_sure_is_done_where_the_reader_was(
    conversation: Conversation, desk: WrittenDesk
) -> None:
    reply = conversation.take(_sure("three slices up"), THEN)
    assert (reply.result, reply.text) == (Result.DONE, "step_slices done")
    assert desk.calls == [("step_slices", {"n": 3})]
    assert desk.moments == [THEN]


def test_what_is_not_sure_waits_for_an_answer(conversation: Conversation, desk: WrittenDesk) -> None:
    reply = conversation.take(ASKS, THEN)
    assert reply.result is Result.ASKED
    assert reply.choices == ("three slices up", "two slices up")
    assert desk.calls == []
    answered = conversation.take(_sure("yes"), LATER)
    assert answered.result is Result.DONE
    assert desk.calls == [("step_slices", {"n": 3})]
    assert desk.moments == [Moment(frame=3, is_confirmed=True)]
    assert conversation.pending is None


def test_the_other_one_may_be_meant_or_none(conversation: Conversation, desk: WrittenDesk) -> None:
    conversation.take(ASKS, THEN)
    conversation.answer(1)
    assert desk.calls == [("step_slices", {"n": 2})]
    conversation.take(ASKS, THEN)
    assert conversation.take(_sure("no"), THEN).result is Result.IGNORED
    assert conversation.pending is None
    assert len(desk.calls) == 1
    with pytest.raises(InvalidSetting, match="Nothing was asked"):
        conversation.answer(0)


def test_an_answer_that_is_not_offered_leaves_the_question(conversation: Conversation) -> None:
    conversation.take(Outcome(Action.ASK, "undo that", 0.6), THEN)
    with pytest.raises(InvalidSetting, match="no such answer"):
        conversation.answer(1)
    assert conversation.pending is not None


def test_a_yes_that_is_not_sure_answers_nothing(conversation: Conversation, desk: WrittenDesk) -> None:
    unsure = Outcome(Action.ASK, "yes", 0.5, why="not sure enough")
    assert conversation.take(unsure, THEN).result is Result.IGNORED
    assert conversation.pending is None
    asked = conversation.take(ASKS, THEN)
    again = conversation.take(unsure, LATER)
    assert (again.result, again.choices) == (Result.ASKED, asked.choices)
    assert "press Y or N" in again.text
    conversation.take(Outcome(Action.IGNORE, "yes", 0.2, why="not like a phrase"), THEN)
    assert desk.calls == []
    assert conversation.answer(0).result is Result.DONE
    assert desk.calls == [("step_slices", {"n": 3})]


def test_talk_in_between_leaves_the_question_and_another_command_ends_it(
    conversation: Conversation, desk: WrittenDesk
) -> None:
    conversation.take(ASKS, THEN)
    conversation.take(Outcome(Action.IGNORE, "next case", 0.1), THEN)
    assert conversation.pending is not None
    conversation.take(_sure("zoom in"), THEN)
    assert conversation.pending is None
    assert conversation.take(_sure("yes"), THEN).result is Result.FAILED
    assert [name for name, _ in desk.calls] == ["zoom"]


def test_the_desk_may_ask_before_it_does_something(
    conversation: Conversation, desk: WrittenDesk
) -> None:
    desk.asks.add("remove_lesion")
    reply = conversation.take(_sure("delete lesion"), THEN)
    assert (reply.result, reply.text) == (Result.ASKED, "Really?")
    assert desk.calls == []
    assert conversation.take(_sure("yes"), THEN).result is Result.DONE
    assert desk.calls == [("remove_lesion", {})]


def test_what_cannot_be_done_is_told(conversation: Conversation, desk: WrittenDesk) -> None:
    desk.refuses.add("undo")
    reply = conversation.take(_sure("undo that"), THEN)
    assert (reply.result, reply.text) == (Result.FAILED, "It cannot be done.")


def test_words_after_note_are_a_note_only_if_both_texts_begin_so(
    conversation: Conversation, desk: WrittenDesk
) -> None:
    heard = Outcome(Action.IGNORE, "", 0.0, "", "Note: abuts the capsule.", "note abuts the capsule")
    reply = conversation.take(heard, THEN)
    assert reply.result is Result.NOTED
    assert desk.calls == [("take_note", {"text": "abuts the capsule."})]
    other = Outcome(Action.IGNORE, "", 0.0, "", "Note that he is late", "not that he is late")
    assert conversation.take(other, THEN).result is Result.IGNORED


def test_without_a_grammar_nothing_is_done(desk: WrittenDesk) -> None:
    assert Conversation(desk).take(_sure("undo that"), THEN).result is Result.IGNORED
