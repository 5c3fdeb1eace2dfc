from __future__ import annotations

import pytest

from napari_medassist.annotation.findings.template import Template
from napari_medassist.annotation.findings.template_reading import built_in_templates
from napari_medassist.app.voicing.context import on_the_desk
from napari_medassist.app.windows import window_names, window_presets
from napari_medassist.core.case import Case
from napari_medassist.voice.command import COMMANDS
from napari_medassist.voice.desk import Need
from napari_medassist.voice.spoken_grammar import SpokenGrammar, spoken_grammar
from napari_medassist.voice.words import built_in_words
from tests.phantoms import oblique_case, volume

WORDS = built_in_words()


def _template(name: str) -> Template:
    return next(t for t in built_in_templates() if t.name == name)


def _grammar(
    case: Case | None, template: str, names: tuple[str, ...] = (), **has: bool
) -> SpokenGrammar:
    return spoken_grammar(COMMANDS, on_the_desk(WORDS, case, _template(template), names, **has))


@pytest.mark.parametrize("template", [t.name for t in built_in_templates()])
def test_every_table_can_be_filled_by_voice(template: str) -> None:
    """No two things are said alike, whatever table is shown; each value of each list can be said."""
    grammar = _grammar(oblique_case(), template, has_clip=True, has_worklist=True)
    spoken = {one.slots.get("field_value") for one in grammar.meanings.values()}
    fields = [f for f in _template(template).fields if f.kind == "choice"]
    wanted = {f"{f.name}={c.value}" for f in fields for c in f.choices}
    assert wanted - spoken == {w for w in wanted if w.startswith(("criteria=", "category="))}


def test_fields_are_spoken_as_radiologists_say_them() -> None:
    grammar = _grammar(oblique_case(), "prostate-pirads")
    for phrase, value in (
        ("T2 three", "t2=3"),
        ("diffusion five", "dwi=5"),
        ("DCE positive", "dce=+"),
        ("T2 inadequate", "t2=X"),
        ("confidence high", "confidence=high"),
    ):
        spoken = grammar.meaning_of(phrase)
        assert spoken is not None
        assert spoken.slots == {"field_value": value}


def test_places_of_the_table_are_spoken_where_it_has_no_sectors() -> None:
    grammar = _grammar(oblique_case(), "ct-nodule")
    assert grammar.meaning_of("lesion right upper lobe") is not None
    assert grammar.meaning_of("lesion left peripheral zone") is None
    assert grammar.meaning_of("PI-RADS four") is None


def test_series_and_windows_are_those_of_the_case() -> None:
    grammar = _grammar(oblique_case(), "prostate-pirads")
    assert grammar.meaning_of("show ADC") is not None
    assert grammar.meaning_of("show CT") is None
    assert grammar.meaning_of("window lung") is None
    lungs = _grammar(Case("ct", (volume("ct"),)), "ct-nodule")
    assert lungs.meaning_of("window lung") is not None


def test_labels_of_the_open_maps_can_be_named() -> None:
    grammar = _grammar(oblique_case(), "prostate-pirads", ("Pancreas", "uncinate process", "???"))
    spoken = grammar.meaning_of("label uncinate process")
    assert spoken is not None
    assert spoken.slots == {"structure": "uncinate process"}
    assert grammar.meaning_of("label pancreas") is not None


def test_without_a_case_only_what_needs_none_is_understood() -> None:
    context = on_the_desk(WORDS, None, None, ())
    assert context.has == frozenset()
    phrases = spoken_grammar(COMMANDS, context).phrases
    assert "undo that" in phrases
    assert not [p for p in phrases if p.startswith(("lesion", "label", "show"))]
    assert Need.CLIP in on_the_desk(WORDS, None, None, (), has_clip=True).has


def test_windows_are_named_without_a_look_at_the_values() -> None:
    for image in (*oblique_case().volumes(), volume("ct")):
        assert window_names(image) == tuple(preset.name for preset in window_presets(image))
