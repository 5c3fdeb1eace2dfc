from __future__ import annotations

import pytest

from napari_medassist.core.errors import InvalidSetting
from napari_medassist.voice.command import COMMANDS, CommandSpec
from napari_medassist.voice.desk import Context, LesionWish, Need
from napari_medassist.voice.spoken_grammar import SpokenGrammar, spoken_grammar
from napari_medassist.voice.words import Word, built_in_words
from tests.unit.voice.desk import WrittenDesk

PROSTATE = frozenset(Need) - {Need.PLACES}


def _grammar(has: frozenset[Need] = PROSTATE) -> SpokenGrammar:
    words = built_in_words().with_slot("field_value", [Word("dwi=4", ("DWI four",))])
    return spoken_grammar(COMMANDS, Context(has, words.with_slot("place", [Word.of("lingula")])))


def _done(phrase: str, has: frozenset[Need] = PROSTATE) -> tuple[str, dict[str, object]]:
    desk, spoken = WrittenDesk(), _grammar(has).meaning_of(phrase)
    assert spoken is not None
    spoken.command.run(desk, spoken.slots)
    [call] = desk.calls
    return call


def test_a_lesion_is_said_with_all_its_fields_in_either_order() -> None:
    wish = LesionWish("left", "mid", "PZ", fields={"category": "4"})
    for phrase in (
        "Lesion, PI-RADS four, left peripheral zone, mid.",
        "lesion pirads 4 left mid peripheral zone",
    ):
        assert _done(phrase) == ("lesion", {"wish": wish})
    assert _done("lesion right anterior stroma") == (
        "lesion",
        {"wish": LesionWish(side="right", zone="AS")},
    )
    assert _done("lesion") == ("lesion", {"wish": LesionWish()})
    lobes = frozenset(Need) - {Need.SECTORS, Need.CATEGORY}
    assert _done("lesion lingula", lobes) == ("lesion", {"wish": LesionWish(place="lingula")})


@pytest.mark.parametrize(
    ("phrase", "call"),
    [
        ("three slices up", ("step_slices", {"n": 3})),
        ("previous slice", ("step_slices", {"n": -1})),
        ("last slice", ("go_to_slice", {"which": "last"})),
        ("window lung", ("show_window", {"name": "CT lung"})),
        ("next window", ("show_window", {"name": ""})),
        ("show A D C", ("show_series", {"role": "adc"})),
        ("hide labels", ("show_labels", {"visible": False})),
        ("reject candidate", ("decide", {"accept": False})),
        ("previous case", ("step_cases", {"n": -1})),
        ("diffusion four", None),
        ("D W I four", ("set_fields", {"fields": {"dwi": "4"}})),
        ("PI-RADS two", ("set_fields", {"fields": {"category": "2"}})),
        ("go to lesion six", ("go_to_lesion", {"number": 6})),
        ("reset view", ("zoom", {"factor": 0.0})),
        ("measure angle", ("measure", {"what": "Angle"})),
        ("mark out", ("clip", {"act": "out"})),
    ],
)
def test_a_phrase_means_one_act(phrase: str, call: tuple[str, dict[str, object]] | None) -> None:
    if call is None:
        assert _grammar().meaning_of(phrase) is None
    else:
        assert _done(phrase) == call


def test_a_label_goes_by_any_of_its_words() -> None:
    assert _done("label bile duct") == ("choose_label", {"name": "common bile duct"})
    assert _done("label common bile duct") == ("choose_label", {"name": "common bile duct"})


def test_what_is_not_there_is_not_listened_for() -> None:
    assert _grammar(frozenset()).meaning_of("next slice") is None
    assert _grammar(frozenset()).meaning_of("undo that") is not None
    assert _grammar(PROSTATE - {Need.CLIP}).meaning_of("play") is None


def test_every_command_runs_by_every_way_to_say_it() -> None:
    grammars = [_grammar(), _grammar(frozenset(Need) - {Need.SECTORS, Need.CATEGORY})]
    ran = set()
    for spoken in (one for grammar in grammars for one in grammar.meanings.values()):
        if spoken.command.name != "answer":
            desk = WrittenDesk()
            told = spoken.command.run(desk, spoken.slots)
            assert len(desk.calls) == 1
            assert told
        ran.add(spoken.command.name)
    assert ran == set(COMMANDS.names())


def test_the_list_of_what_may_be_said_is_grouped_by_what_it_does() -> None:
    listed = _grammar().by_title()
    assert listed["Go to a slice"] == ("first slice", "middle slice", "last slice")
    assert sum(map(len, listed.values())) == len(_grammar().phrases)


def test_one_phrase_for_two_things_is_refused() -> None:
    other = CommandSpec("other", "Other", {"undo": {}}, lambda _desk, _slots: "")
    with pytest.raises(InvalidSetting, match="'undo' is said for two things: other, and undo"):
        spoken_grammar([other, *COMMANDS], Context(PROSTATE, built_in_words()))


def test_a_command_from_elsewhere_brings_its_own_words() -> None:
    def run(_desk: object, slots: object) -> str:
        return str(slots)

    tracer = CommandSpec(
        "tracer",
        "Choose a tracer",
        {"tracer {tracer}": {}},
        run,
        slots={"tracer": ("F D G", "choline")},
    )
    grammar = spoken_grammar([tracer], Context(frozenset(), built_in_words()))
    assert grammar.phrases == ("tracer F D G", "tracer choline")
