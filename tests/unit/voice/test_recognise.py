"""Spoken phrases recognised by the real model, in Python and in the shell."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from napari_medassist.cli.main import main
from napari_medassist.core.errors import CorruptFile, FileProblem, InvalidSetting
from napari_medassist.models import places
from napari_medassist.voice import extra
from napari_medassist.voice.deciding import Action
from napari_medassist.voice.phrase_book import PhraseBook
from napari_medassist.voice.phrase_files import read_phrases
from napari_medassist.voice.recognisers.whisper import WhisperRecogniser
from napari_medassist.voice.sound import RATE_HZ
from napari_medassist.voice.whisper.decoder import EVERYTHING
from napari_medassist.voice.whisper.listener import Listener
from napari_medassist.voice.whisper.phrase_tree import PhraseTree

PHRASES = (
    "label pancreas",
    "label left kidney",
    "label liver",
    "label spleen",
    "label aorta",
    "next slice",
    "previous slice",
    "undo that",
    "lesion PI-RADS four left peripheral zone mid",
    "lesion PI-RADS two left peripheral zone mid",
)
Said = Callable[[str], np.ndarray]


@pytest.fixture
def recogniser(with_model: Path) -> WhisperRecogniser:
    assert with_model.is_dir()
    return WhisperRecogniser(PHRASES, n_threads=1)


def test_phrases_are_executed(recogniser: WhisperRecogniser, said: Said) -> None:
    for phrase in ("label pancreas", "next slice", "label left kidney"):
        found = recogniser.recognise(said(phrase))
        assert (found.action, found.text) == (Action.EXECUTE, phrase), found
        assert found.why == ""
    found = recogniser.recognise(said("lesion pie rads four left peripheral zone mid"))
    assert found.text == "lesion PI-RADS four left peripheral zone mid"
    assert found.action is not Action.IGNORE


def test_what_is_no_phrase_is_never_executed(recogniser: WhisperRecogniser, said: Said) -> None:
    for text in ("label right kidney", "the weather is nice today", "label bladder neck"):
        found = recogniser.recognise(said(text))
        assert found.action is not Action.EXECUTE, (text, found)
    found = recogniser.recognise(said("the weather is nice today"))
    assert found.action is Action.IGNORE
    assert "today" in found.written.lower()


def test_a_score_on_another_scale_is_never_executed(recogniser: WhisperRecogniser, said: Said) -> None:
    for scale in ("likert", "gleason"):
        for score in ("four", "two"):
            found = recogniser.recognise(said(f"lesion {scale} {score} left peripheral zone mid"))
            assert found.action is not Action.EXECUTE, (scale, score, found)


def test_a_sentence_that_begins_with_a_phrase_is_ignored(
    recogniser: WhisperRecogniser, said: Said
) -> None:
    for text in (
        "next slice of the cake is for you",
        "previous slice was much better than this one",
        "label pancreas specimens before they go to the lab",
        "label liver biopsies with the date and the name",
        "lesion pie rads four left peripheral zone mid was my first thought but I am not so sure",
    ):
        found = recogniser.recognise(said(text))
        assert found.action is Action.IGNORE, (text, found)


def test_silence_noise_and_talk_are_ignored(recogniser: WhisperRecogniser) -> None:
    noise = np.random.default_rng(0).normal(0, 0.05, 2 * RATE_HZ).astype(np.float32)
    for samples, why in (
        (np.zeros(RATE_HZ, np.float32), "nothing was said"),
        (np.zeros(0, np.float32), "nothing was said"),
        (np.tile(noise, 10), "no command"),
    ):
        found = recogniser.recognise(samples)
        assert found.action is Action.IGNORE
        assert why in found.why
    assert recogniser.recognise(noise).action is Action.IGNORE


def test_the_decoder_agrees_with_the_library(with_model: Path, said: Said) -> None:
    listener = Listener(with_model, n_threads=1)
    encoded = listener.encode(said("label the pancreas on the next slice"))
    prompt = listener.prompt()
    [found] = listener._whisper.model.generate(
        encoded.storage, [prompt], beam_size=1, return_scores=True, length_penalty=0,
        suppress_blank=False, suppress_tokens=[],
    )  # fmt: skip
    tree = PhraseTree()
    end = tree.add([*found.sequences_ids[0], listener.end])
    prompted = listener.decoder.read(prompt, encoded.heard)
    score = listener.decoder.score(tree, prompted, listener.end, EVERYTHING)[end]
    assert score == pytest.approx(found.scores[0], abs=1.0)  # theirs is in 8 bits


def test_a_grammar_knows_its_twins_and_has_room_for_its_words(with_model: Path) -> None:
    listener = Listener(with_model, n_threads=1)
    book = PhraseBook((*PHRASES, "Label Pancreas."), listener)
    assert book.phrases == PHRASES  # a spelling alone is no further phrase
    assert "label right kidney" in book.twins
    assert "next slice" not in book.twins
    assert "label bladder neck" in book.background
    assert "pancreas" in book.hint
    assert len(listener.prompt(book.hint)) < listener.decoder.longest // 2 + 4
    with pytest.raises(InvalidSetting, match="phrases of words"):
        PhraseBook((), listener)
    with pytest.raises(InvalidSetting, match="too long"):
        PhraseBook((" ".join(["label"] * 70),), listener)


def test_a_model_that_is_absent_torn_or_of_another_language_is_told(
    with_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(InvalidSetting, match="understands English"):
        Listener(with_model, "de")
    with pytest.raises(FileProblem, match=r"model\.bin"):
        WhisperRecogniser(PHRASES, tmp_path)
    monkeypatch.setattr(places, "user_models_folder", lambda: tmp_path)
    with pytest.raises(FileProblem, match="models install whisper-tiny-en"):
        WhisperRecogniser(PHRASES)
    (tmp_path / "whisper-tiny-en").mkdir()
    for file in with_model.iterdir():
        (tmp_path / "whisper-tiny-en" / file.name).write_bytes(file.read_bytes()[:-1])
    with pytest.raises(CorruptFile, match="not the expected weights"):
        WhisperRecogniser(PHRASES)


def test_files_in_the_shell(
    with_model: Path,
    speak: Callable[[str], Path],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert with_model.is_dir()
    grammar = tmp_path / "phrases.txt"
    grammar.write_text("# organs\n" + "\n".join(PHRASES) + "\n\n", encoding="utf-8")
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"no sound at all")
    files = [speak("next slice"), broken, speak("the weather is nice today")]
    wish = ["--phrases", str(grammar), "--json", str(tmp_path / "out.json")]
    assert main(["voice", "recognise", *map(str, files), *wish]) == 1
    told = capsys.readouterr()
    assert "broken.wav" in told.err
    assert "execute 'next slice'" in told.out
    found = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    assert set(found) == {files[0].name, files[2].name}
    assert found[files[0].name]["action"] == "execute"
    assert found[files[0].name]["text"] == "next slice"
    assert 0 < found[files[0].name]["confidence"] <= 1
    assert found[files[0].name]["seconds"] > 0
    assert found[files[2].name]["action"] == "ignore"


def test_without_the_extra_it_is_told_how_to_install_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(extra, "find_spec", lambda name: None if name == "rapidfuzz" else True)
    (tmp_path / "phrases.txt").write_text("label liver\n", encoding="utf-8")
    phrases = ["--phrases", str(tmp_path / "phrases.txt")]
    for command in (
        ["recognise", "a.wav", *phrases],
        ["listen", *phrases],
        ["transcribe", "a.wav", "--vocabulary", phrases[1], "--out", str(tmp_path / "t.json")],
    ):
        assert main(["voice", *command]) == 2
        told = capsys.readouterr().err
        assert "Speech needs rapidfuzz" in told
        assert "napari-medassist[voice]" in told


def test_bad_lists_of_phrases_are_told(tmp_path: Path) -> None:
    path = tmp_path / "phrases.txt"
    with pytest.raises(FileProblem, match=r"phrases\.txt"):
        read_phrases(path)
    for content, told in ((b"\n# none\n", "no phrase"), (b"liver\n...\n", "has no word")):
        path.write_bytes(content)
        with pytest.raises(InvalidSetting, match=told):
            read_phrases(path)
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(CorruptFile, match="UTF-8"):
        read_phrases(path)
    path.write_bytes("\ufefflabel  liver \r\n".encode())
    assert read_phrases(path) == ("label liver",)
