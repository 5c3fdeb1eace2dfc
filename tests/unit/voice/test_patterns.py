from __future__ import annotations

import pytest

from napari_medassist.core.errors import InvalidSetting
from napari_medassist.voice.patterns import Said, expand
from napari_medassist.voice.words import Word

SLOTS = {
    "side": (Word.of("left"), Word.of("right")),
    "zone": (Word("PZ", ("peripheral zone", "p z")),),
    "empty": (),
}


def _texts(pattern: str) -> list[str]:
    return [said.text for said in expand(pattern, SLOTS)]


def test_words_in_brackets_may_be_left_out_and_alternatives_are_said_one_by_one() -> None:
    assert _texts("undo [that]") == ["undo", "undo that"]
    assert _texts("(next|previous) slice") == ["next slice", "previous slice"]
    assert _texts("a [b [c]] (d|e f)") == ["a d", "a e f", "a b d", "a b e f", "a b c d", "a b c e f"]


def test_slots_are_filled_with_all_that_is_said_for_their_values() -> None:
    assert expand("lesion {side} [{zone}]", SLOTS) == (
        Said("lesion left", {"side": "left"}),
        Said("lesion left peripheral zone", {"side": "left", "zone": "PZ"}),
        Said("lesion left p z", {"side": "left", "zone": "PZ"}),
        Said("lesion right", {"side": "right"}),
        Said("lesion right peripheral zone", {"side": "right", "zone": "PZ"}),
        Said("lesion right p z", {"side": "right", "zone": "PZ"}),
    )


def test_a_slot_without_words_leaves_nothing_to_say() -> None:
    assert expand("show {empty}", SLOTS) == expand("show {unknown}", SLOTS) == ()
    assert _texts("show [{empty}]") == ["show"]


@pytest.mark.parametrize("pattern", ["a [b", "a b]", "a (b|c", "a {side", "a )", "{side} or {side}"])
def test_a_pattern_that_is_not_understood_is_refused(pattern: str) -> None:
    with pytest.raises(InvalidSetting, match=r"bracket|brace|twice"):
        expand(pattern, SLOTS)
