"""What speaks for a phrase, and what follows from it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from napari_medassist.voice.deciding import Action, Judge, judge_for
from napari_medassist.voice.evidence import FEATURES, Grammar, Guess, guess
from napari_medassist.voice.scores import Scores

GRAMMAR = Grammar(
    ("label left kidney", "label right kidney", "label liver", "next slice"),
    ("previous slice",),
    np.array([-10.0, -10.0, -8.0, -4.0]),
)


def scores(**changes: object) -> Scores:
    plain = Scores(
        np.array([-3.0, -9.0, -20.0, -np.inf]),
        np.array([-25.0]),
        np.array([-15.0, -18.0]),
        ("Label left kidney.", "label left kidney"),
        np.array([-3.0, -3.0]),
        np.array([-6.0, -12.0, -25.0, -np.inf]),
        np.array([-6.0, -6.0]),
        np.full(4, -np.inf),
        np.array([-0.1, -0.2, -0.1, -np.inf]),
        np.array([-0.2, -0.3, -0.2, -np.inf]),
        1.5,
    )
    return replace(plain, **changes)


def feature(found: Guess, words: str) -> float:
    [number] = [k for k, name in enumerate(FEATURES) if name == words]
    return float(found.features[number])


def test_the_likeliest_phrase_is_found_with_its_twin() -> None:
    found = guess(GRAMMAR, scores())
    assert found is not None
    assert (found.phrase, found.second) == (0, 1)
    assert found.twin_ahead_nats == pytest.approx(6.0)
    assert not found.is_contradicted
    assert len(found.features) == len(FEATURES)
    assert np.isfinite(found.features).all()
    assert feature(found, "score less that of the likeliest term that is not in the grammar") == 12


def test_what_is_liked_in_silence_counts_less() -> None:
    short = scores(phrases=np.array([-6.0, -np.inf, -np.inf, -5.0]))
    found = guess(GRAMMAR, short)
    assert found is not None
    assert GRAMMAR.phrases[found.phrase] == "label left kidney"  # -1, where "next slice" has -3


def test_another_side_that_was_written_down_contradicts() -> None:
    found = guess(GRAMMAR, scores(written=("label right kidney", "label left kidney")))
    assert found is not None
    assert found.is_contradicted


def test_a_level_that_was_not_written_down_is_not_guessed() -> None:
    known = Grammar(("lesion right base", "lesion right mid"), (), np.array([-10.0, -10.0]))
    heard = scores(
        phrases=np.array([-3.0, -7.0]), twins=np.array([]), ends=np.zeros(2), bare_ends=np.zeros(2),
        bare_phrases=np.array([-5.0, -9.0]), bare_others=np.full(2, -np.inf),
        written=("Lesion ride.", "lesion right."),
    )  # fmt: skip
    found = guess(known, heard)
    assert found is not None
    assert found.is_contradicted
    for text in ("lesion right base", "lesion right bass", "legion ride"):
        clear = guess(known, replace(heard, written=(text, text)))
        assert clear is not None
        assert not clear.is_contradicted, text


def test_another_scale_that_is_likelier_contradicts() -> None:
    for others, is_contradicted in ((-1.0, False), (20.0, True)):  # the phrase has -6
        found = guess(GRAMMAR, scores(bare_others=np.array([others, 0.0, 0.0, 0.0])))
        assert found is not None
        assert found.is_contradicted is is_contradicted


def test_another_phrase_that_was_written_down_contradicts() -> None:
    for text, is_contradicted in (("Label liver.", True), ("label river", False)):
        found = guess(GRAMMAR, scores(written=(text, "label left kidney")))
        assert found is not None
        assert found.is_contradicted is is_contradicted


def test_what_was_said_after_a_phrase_speaks_against_it() -> None:
    ends = np.array([-0.1, -0.2, -0.1, -np.inf])
    longer = ("Label left kidney stones before they are sent.", "label left kidney stones")
    found = guess(GRAMMAR, scores(written=longer, ends=ends - 6, bare_ends=ends - 8))
    assert found is not None
    assert feature(found, "that nothing was said after the phrase") == pytest.approx(-6.1)
    assert feature(found, "that nothing was said after the phrase, without a hint") == pytest.approx(
        -8.1
    )
    assert feature(found, "more words than the phrase has in both written texts") == 1
    fewer = guess(GRAMMAR, scores(written=("Kidney.", "label left kidney stones")))
    assert fewer is not None
    assert feature(fewer, "more words than the phrase has in both written texts") == 0
    judge = judge_for("whisper-tiny-en")
    same = guess(GRAMMAR, scores())
    assert same is not None
    assert judge.confidence(found.features) < judge.confidence(same.features)


def test_nothing_likely_is_no_guess_and_one_phrase_has_no_second() -> None:
    assert guess(GRAMMAR, scores(phrases=np.full(4, -np.inf))) is None
    alone = Grammar(("undo that",), (), np.array([-5.0]))
    one = scores(phrases=np.array([-1.0]), twins=np.array([]), bare_phrases=np.array([-2.0]))
    found = guess(alone, one)
    assert found is not None
    assert found.second == found.phrase
    assert np.isfinite(found.features).all()


def test_the_judge_executes_asks_or_ignores() -> None:
    n = len(FEATURES)
    judge = Judge(np.zeros(n), np.ones(n), np.zeros(2 * n + 1), 0.9, 0.2)
    sure = Guess(0, 1, np.zeros(n), 6.0, is_contradicted=False)
    assert judge.confidence(sure.features) == 0.5
    assert judge.decide(sure, 0.95) is Action.EXECUTE
    assert judge.decide(sure, 0.5) is Action.ASK
    assert judge.decide(sure, 0.1) is Action.IGNORE
    near_tie = replace(sure, twin_ahead_nats=1.0)
    assert judge.decide(near_tie, 0.99) is Action.ASK
    assert judge.decide(replace(sure, is_contradicted=True), 0.99) is Action.ASK
    assert judge.decide(near_tie, 0.1) is Action.IGNORE


def test_a_judge_comes_back_from_its_file() -> None:
    judge = judge_for("whisper-tiny-en")
    again = Judge.from_plain(judge.to_plain())
    features = np.linspace(-1, 1, len(FEATURES))
    assert again.confidence(features) == pytest.approx(judge.confidence(features), abs=1e-4)
    with pytest.raises(ValueError, match="other features"):
        Judge.from_plain({**judge.to_plain(), "features": ["one"]})
    assert 0 < judge.ask_from < judge.execute_from < 1
