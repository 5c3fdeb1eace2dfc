"""Texts as they are compared, and words that must not be taken for each other."""

from __future__ import annotations

import pytest

from napari_medassist.voice.wording import (
    OPPOSED,
    beginnings,
    contradicts,
    leaves_out,
    on_other_scales,
    plain,
    swapped,
    ways_to_write,
    without_loops,
)


@pytest.mark.parametrize(
    ("text", "same"),
    [
        (
            "Lesion, PI-RADS 4, left peripheral zone, mid.",
            "lesion pi rads four left peripheral zone mid",
        ),
        ("lesion pirads four Left peripheral zone mid", "lesion pi rads four left peripheral zone mid"),
        ("Label coeliac trunk", "label celiac trunk"),
        ("  Undo that! ", "undo that"),
        ("don't", "don't"),
        ("...", ""),
    ],
)
def test_what_sounds_alike_is_compared_alike(text: str, same: str) -> None:
    assert plain(text) == same


def test_phrases_are_written_with_digits_and_as_sentences() -> None:
    ways = ways_to_write("go to lesion two")
    assert {"go to lesion two", "Go to lesion two.", "go to lesion 2", "Go to lesion 2."} <= set(ways)
    assert all(plain(way) == "go to lesion two" for way in ways)


def test_a_twin_differs_in_one_word_that_matters() -> None:
    twins = set(swapped("label left kidney"))
    assert twins == {"label right kidney"}
    more = set(swapped("lesion PI-RADS four left base"))
    assert "lesion PI-RADS five left base" in more
    assert "lesion PI-RADS four right base" in more
    assert "lesion PI-RADS four left apex" in more
    assert not any(plain(t) == plain("lesion PI-RADS four left base") for t in more)


def test_no_word_has_two_meanings() -> None:
    words = [word for group in OPPOSED for word in group]
    assert len(words) == len(set(words))


@pytest.mark.parametrize(
    ("text", "other", "is_contradicted"),
    [
        ("label left kidney", "label right kidney", True),
        ("label left kidney", "label kidney", False),
        ("label left kidney", "label left kidney label left kidney", False),
        ("lesion three left apex", "lesion three left eight picks", False),
        ("lesion three left apex", "lesion four left apex", True),
        ("next slice", "previous slice", True),
        ("lesion four left apex", "lesion for left eight picks", False),
        ("lesion four right apex", "lesion four left write", False),
    ],
)
def test_another_side_level_or_number_contradicts(
    text: str, other: str, *, is_contradicted: bool
) -> None:
    assert contradicts(text, other) is is_contradicted


def test_loops_are_cut_and_words_that_come_twice_stay() -> None:
    assert without_loops("Hold on. Hold on. Hold") == "Hold on."
    assert without_loops("no no no") == "no"
    assert without_loops("label spleen, label spleen, label spl") == "label spleen,"
    assert without_loops("next slice next") == "next slice next"
    assert without_loops("left lobe of left liver") == "left lobe of left liver"


def test_beginnings_are_words_that_several_phrases_go_on_from() -> None:
    phrases = ["label liver", "label spleen", "label aorta", "next slice", "next case", "undo"]
    assert beginnings(phrases) == ("label",)


def test_a_level_that_was_not_heard_is_left_out() -> None:
    text = "lesion four right base"
    assert leaves_out(text, ["legion", "lesion four right"])
    assert leaves_out(text, ["four right base no", "lesion four right"]) is False  # heard once
    assert leaves_out(text, ["lesion for right"]) is False  # more is missing or written otherwise
    assert leaves_out(text, ["lesion four right please"]) is False
    assert leaves_out(text, ["lesion four right phase", "lesion four right"]) is False  # sounds like it
    assert leaves_out("next slice", ["slice"])
    assert leaves_out("measure", [""]) is False


def test_a_score_has_its_number_on_other_scales_too() -> None:
    others = ("lesion Likert four left", "lesion Gleason four left")
    assert on_other_scales("lesion pi-rads four left") == others
    assert on_other_scales("Gleason four") == ("PI-RADS four", "Likert four")
    assert on_other_scales("next slice") == ()
