from __future__ import annotations

from pathlib import Path

import pytest

from napari_medassist.app.settings import Settings
from napari_medassist.app.voicing.choices import Choices, Mode
from napari_medassist.app.voicing.vocabulary import UserVocabulary
from napari_medassist.core.errors import CorruptFile, InvalidSetting, WriteFailed


def test_choices_are_remembered_and_what_is_not_understood_is_not(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    assert Choices.of(Settings(path)) == Choices()
    chosen = Choices("USB", Mode.OPEN, "F13", "/models/de", "de", "words.yaml", keeps_sound=True)
    chosen.keep(Settings(path))
    assert Choices.of(Settings(path)) == chosen
    Settings(path).set_ui(
        "voice", {"mode": "telepathy", "device": 3, "keeps_sound": "yes", "key": "F10"}
    )
    assert Choices.of(Settings(path)) == Choices(key="F10")
    Settings(path).set_ui("voice", "all")
    assert Choices.of(Settings(path)) == Choices()


def test_a_correction_is_learned_once(tmp_path: Path) -> None:
    vocabulary = UserVocabulary(tmp_path / "project" / "words.yaml")
    assert vocabulary.read().slots == {}
    assert vocabulary.learn("label pancreas", "Label pan crease.")
    assert not vocabulary.learn("label pancreas", "label pan crease")
    assert not vocabulary.learn("label pancreas", "Label pancreas.")
    assert not vocabulary.learn("label pancreas", "...")
    assert vocabulary.read().also_written("label pancreas") == ("label pan crease",)


def test_another_side_is_never_learned(tmp_path: Path) -> None:
    vocabulary = UserVocabulary(tmp_path / "words.yaml")
    with pytest.raises(InvalidSetting, match="another side, level or number"):
        vocabulary.learn("label left kidney", "label right kidney")
    with pytest.raises(InvalidSetting, match="another side"):
        vocabulary.learn("three slices up", "Five slices up")
    assert not vocabulary.path.exists()


def test_what_another_program_broke_is_told_and_kept(tmp_path: Path) -> None:
    vocabulary = UserVocabulary(tmp_path / "words.yaml")
    vocabulary.path.write_text("words: [\n")
    with pytest.raises(CorruptFile):
        vocabulary.learn("undo", "undue")
    assert vocabulary.path.read_text() == "words: [\n"


def test_a_vocabulary_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "folder").write_text("no folder")
    with pytest.raises(WriteFailed):
        UserVocabulary(tmp_path / "folder" / "words.yaml").learn("undo", "undue")
