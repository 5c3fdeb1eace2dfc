from __future__ import annotations

from pathlib import Path

import pytest
from pydicom.sr._concepts_dict import concepts

from napari_medassist.core.errors import CorruptFile, FileProblem
from napari_medassist.core.labels import Code
from napari_medassist.voice.words import Word, Words, built_in_words, parse_words, read_words


def test_codes_are_those_that_dicom_lists() -> None:
    listed = {value for entry in concepts["SCT"].values() for value in entry}
    codes = [word.code for words in built_in_words().slots.values() for word in words if word.code]
    assert len(codes) > 25
    assert {code.scheme for code in codes} == {"SCT"}
    assert [code for code in codes if code.value not in listed] == []


def test_a_project_adds_values_and_other_words_for_known_ones(tmp_path: Path) -> None:
    path = tmp_path / "project.yaml"
    path.write_text(
        "words:\n"
        "  structure:\n"
        "    pancreas: {say: [the gland]}\n"
        "    uncinate process: {}\n"
        "heard_as:\n"
        "  label pancreas: [label pan creas]\n"
        "pronunciations:\n"
        "  uncinate: [un sin ate]\n",
        encoding="utf-8",
    )
    joined = built_in_words().joined(read_words(path))
    by_value = {word.value: word for word in joined.slots["structure"]}
    assert by_value["pancreas"].says == ("pancreas", "the gland")
    assert by_value["pancreas"].code == Code("SCT", "15776009", "Pancreas")
    assert by_value["uncinate process"].says == ("uncinate process",)
    assert joined.also_written("label pancreas") == ("label pan creas",)
    assert joined.also_written("label uncinate process") == ("label un sin ate process",)
    assert joined.also_written("next slice") == ()


def test_words_survive_being_written_and_read() -> None:
    words = Words(
        {"structure": (Word("duct", ("the duct", "d"), Code("SCT", "1", "Duct")), Word.of("node"))},
        {"label node": ("label note",)},
        {"duct": ("duckt",)},
    )
    assert parse_words(words.to_yaml(), Path("x.yaml")) == words
    heard = words.with_heard("Label node.", "lay bell node").with_heard("label node", "lay bell node")
    assert heard.heard_as == {"label node": ("label note", "lay bell node")}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("words:\n  side:\n    left: {say: []}\n", "Line 3: nothing is said for 'left'"),
        ("words:\n  side:\n    left: {}\n    left: {}\n", "Line 4: 'left' stands twice"),
        ("words:\n  side:\n    left: {code: [SCT, x]}\n", "Line 3: a code is a list of three"),
        ("word:\n  side: {}\n", "Line 1: 'word' is not known here"),
        ("heard_as:\n  yes: ['...']\n", "Line 2: '...' cannot be said"),
        ("- a\n", "Line 1: entries are expected here"),
        ("", "Line 1: the file is empty"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(text: str, told: str, tmp_path: Path) -> None:
    path = tmp_path / "words.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CorruptFile, match=told) as raised:
        read_words(path)
    assert "words.yaml" in str(raised.value)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileProblem, match="cannot be read"):
        read_words(tmp_path / "none.yaml")
