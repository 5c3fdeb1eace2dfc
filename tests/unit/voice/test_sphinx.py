"""The light recogniser: real speech by a synthetic voice, and what it must not do."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from napari_medassist.app.voicing.choices import Choices
from napari_medassist.app.voicing.readiness import what_is_missing
from napari_medassist.app.voicing.recognisers import Recognisers
from napari_medassist.cli.main import main
from napari_medassist.core.errors import InvalidSetting
from napari_medassist.voice.deciding import Action
from napari_medassist.voice.labels import LabelVocabulary
from napari_medassist.voice.recognisers.kinds import SPHINX
from napari_medassist.voice.recognisers.sphinx import SphinxRecogniser
from napari_medassist.voice.sound import RATE_HZ
from tests.unit.voice.sounds import write_sound

pytest.importorskip("pocketsphinx")
Said = Callable[[str], np.ndarray]
PHRASES = (
    "next slice",
    "previous slice",
    "label left kidney",
    "label spleen",
    "label liver",
    "undo that",
)


@pytest.fixture(scope="module")
def recogniser() -> SphinxRecogniser:
    return SphinxRecogniser(PHRASES)


def test_a_phrase_is_asked_about_and_never_executed(recogniser: SphinxRecogniser, said: Said) -> None:
    found = [recogniser.recognise(said(phrase)) for phrase in PHRASES]
    assert all(one.action is not Action.EXECUTE for one in found)
    right = [one.text == text for one, text in zip(found, PHRASES, strict=True)]
    assert sum(right) >= len(PHRASES) - 1


def test_a_twin_and_another_organ_are_not_taken_for_a_phrase(
    recogniser: SphinxRecogniser, said: Said
) -> None:
    for near in ("label right kidney", "label thyroid"):
        assert recogniser.recognise(said(near)).text == "", near


def test_silence_is_nothing_and_what_was_said_before_changes_nothing(
    recogniser: SphinxRecogniser, said: Said
) -> None:
    before = recogniser.recognise(said("label spleen"))
    assert recogniser.recognise(np.zeros(RATE_HZ, np.float32)).action is Action.IGNORE
    assert recogniser.recognise(np.zeros(13 * RATE_HZ, np.float32) + 0.1).why.startswith("longer")
    recogniser.recognise(said("undo that"))
    assert recogniser.recognise(said("label spleen")) == before


def test_words_without_a_sound_are_named_and_pronunciations_help() -> None:
    made = SphinxRecogniser(("label xyzzyq", "undo that"))
    assert made.unknown == ("xyzzyq",)
    with pytest.raises(InvalidSetting, match="xyzzyq"):
        SphinxRecogniser(("label xyzzyq",))
    helped = SphinxRecogniser(("label xyzzyq",), {"label xyzzyq": ("label zip zip",)})
    assert (helped.phrases, helped.unknown) == (("label xyzzyq",), ())


def test_a_phrase_stands_for_itself_whatever_another_was_once_written_as(said: Said) -> None:
    made = SphinxRecogniser(PHRASES, {"label liver": ("label spleen",)})
    assert made.recognise(said("label spleen")).text == "label spleen"


def test_free_text_is_written_down(recogniser: SphinxRecogniser, said: Said) -> None:
    assert len(recogniser.write_down(said("this is a good example")).split()) >= 3


def test_it_is_chosen_without_a_speech_model(recogniser: SphinxRecogniser) -> None:
    choices = Choices(recogniser=SPHINX)
    assert what_is_missing(choices) is None

    grammar = LabelVocabulary({"liver": (), "left lobe": ()})
    recognisers = Recognisers()
    made = recognisers.make(grammar, choices)
    assert made.name == recogniser.name
    assert recognisers.known(grammar, choices) is made
    assert recognisers.known(grammar, Choices()) is None


def test_the_shell_takes_it_and_refuses_a_model_for_it(
    said: Said, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    phrases, wav, out = (tmp_path / name for name in ("p.txt", "a.wav", "o.json"))
    phrases.write_text("\n".join(PHRASES), encoding="utf-8")
    write_sound(wav, said("label spleen"))
    command = ["voice", "recognise", str(wav), "--phrases", str(phrases), "--json", str(out)]
    assert main([*command, "--recogniser", "pocketsphinx"]) == 0
    found = json.loads(out.read_text("utf-8"))["a.wav"]
    assert (found["action"], found["text"]) == ("ask", "label spleen")
    assert main([*command, "--recogniser", "pocketsphinx", "--model", str(tmp_path)]) == 2
    assert "one model" in capsys.readouterr().err
