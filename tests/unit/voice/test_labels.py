"""Labels with their synonyms, and what a comment names."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import pytest

from napari_medassist.core.errors import CorruptFile, FileProblem, InvalidSetting
from napari_medassist.voice.activity import Utterance
from napari_medassist.voice.deciding import Action
from napari_medassist.voice.labels import LabelVocabulary, read_labels
from napari_medassist.voice.recognisers.outcome import Outcome
from napari_medassist.voice.timed_words import TimedWord
from napari_medassist.voice.transcribing import understood

LABELS = LabelVocabulary(
    {"pancreas": ("the gland",), "bile duct": ("choledochus",), "common bile duct": ("CBD",)}
)


def test_every_phrase_names_its_label() -> None:
    for phrase in LABELS.phrases:
        assert LABELS.label_of(phrase) in LABELS.words
    assert LABELS.label_of("this is the common bile duct") == "common bile duct"
    assert LABELS.label_of("label bile duct") == "bile duct"
    assert LABELS.label_of("the choledochus") == "bile duct"


def test_a_sentence_names_the_longest_words_in_their_order() -> None:
    text = "Here we have the common bile duct, and behind it the pancreas; the CBD again."
    assert LABELS.named_in(text) == ("common bile duct", "pancreas")
    assert LABELS.named_in("nothing of that kind, pancreatic juice perhaps") == ()


def heard(outcome: Outcome) -> list[tuple[str, bool]]:
    silence = Utterance(None, 1.0, 2.0, 0.7)  # type: ignore[arg-type]
    return [(c.label, c.is_sure) for c in understood(silence, LABELS, outcome).comments]


def test_what_is_executed_is_sure_and_what_was_written_once_is_not() -> None:
    sure = Outcome(Action.EXECUTE, "the pancreas", 0.97, written="The pancreas.")
    assert heard(sure) == [("pancreas", True)]
    sentence = Outcome(
        Action.IGNORE,
        written="now the bile duct and the pancreas",
        written_with_hint="now the bile duct and pancreatitis",
    )
    assert heard(sentence) == [("bile duct", True), ("pancreas", False)]
    asked = Outcome(Action.ASK, "the pancreas", 0.6, written="the pan crease")
    assert heard(asked) == [("pancreas", False)]
    assert heard(Outcome(Action.IGNORE, written="more coffee")) == []


def timed(text: str) -> tuple[TimedWord, ...]:
    """Return a word each quarter of a second."""
    return tuple(TimedWord(word, k / 4, (k + 1) / 4) for k, word in enumerate(text.split()))


def spans(outcome: Outcome) -> dict[str, tuple[float, float]]:
    said = Utterance(None, 10.0, 13.0, 0.7)  # type: ignore[arg-type]
    return {c.label: (c.begin_s, c.end_s) for c in understood(said, LABELS, outcome).comments}


def test_several_labels_in_one_breath_have_each_the_time_of_its_words() -> None:
    one = "Now the pancreas, the bile duct and here the common bile duct is."
    found = spans(
        Outcome(Action.IGNORE, written=one, written_with_hint=one, word_times=(timed(one),) * 2)
    )
    assert found == {
        "pancreas": (10, 10.75),
        "bile duct": (11, 11.5),
        "common bile duct": (12.25, 13),
    }
    alone = "Now I can see the pancreas here"
    words = (timed(alone), ())
    assert spans(Outcome(Action.IGNORE, written=alone, word_times=words)) == {"pancreas": (10, 13)}


def test_labels_share_the_time_where_that_of_words_is_not_known() -> None:
    one = "Now the pancreas and the bile duct."
    whole = {"pancreas": (10, 13), "bile duct": (10, 13)}
    assert spans(Outcome(Action.IGNORE, written=one, written_with_hint=one)) == whole
    other = (timed("Now something else"), ())
    assert spans(Outcome(Action.IGNORE, written=one, word_times=other)) == whole
    hint = "now the pancreas"  # the second label stands in one text only, and that one has no times
    half = Outcome(Action.IGNORE, written=one, written_with_hint=hint, word_times=((), timed(hint)))
    assert spans(half) == whole


def test_labels_are_read_from_json_and_text(tmp_path: Path) -> None:
    path = tmp_path / "labels.json"
    path.write_text('{"aorta": [], "liver": ["hepar"]}', encoding="utf-8")
    assert read_labels(path).words == {"aorta": (), "liver": ("hepar",)}
    path = tmp_path / "labels.txt"
    path.write_text("# organs\naorta\n\nliver = hepar, left lobe\n", encoding="utf-8")
    assert read_labels(path).words == {"aorta": (), "liver": ("hepar", "left lobe")}


@pytest.mark.parametrize(
    ("name", "content", "error", "told"),
    [
        ("a.json", b"{", CorruptFile, "no JSON"),
        ("a.json", b'["aorta"]', CorruptFile, "list of its synonyms"),
        ("a.json", b"{}", InvalidSetting, "no label"),
        ("a.txt", b"# none\n", InvalidSetting, "no label"),
        ("a.txt", b"aorta = vessel\nvein = Vessel\n", InvalidSetting, "is said for"),
        ("a.txt", b"aorta = ...\n", InvalidSetting, "without a word"),
        ("a.txt", b"\xff\xfe", CorruptFile, "UTF-8"),
    ],
)
def test_bad_vocabularies_are_told(
    tmp_path: Path, name: str, content: bytes, error: type[Exception], told: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(error, match=told):
        read_labels(tmp_path / name)


def test_an_absent_vocabulary_is_told(tmp_path: Path) -> None:
    with pytest.raises(FileProblem, match=r"gone\.txt"):
        read_labels(tmp_path / "gone.txt")


def test_the_example_of_the_package_is_read() -> None:
    place = resources.files("napari_medassist.voice") / "vocabulary" / "eus-example.json"
    labels = read_labels(Path(str(place)))
    assert len(labels.words) == 5
    assert labels.named_in("the choledochus beside the portal vein") == (
        "common bile duct",
        "portal vein",
    )
