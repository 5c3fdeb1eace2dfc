"""Spoken comments of a clip turned into labels over time, with the real model."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest

from napari_medassist.annotation.clips.files import read_ranges
from napari_medassist.annotation.clips.ranges import ClipKey
from napari_medassist.cli.main import main
from napari_medassist.io.files import read
from napari_medassist.voice import transcribing
from napari_medassist.voice.labels import LabelVocabulary
from napari_medassist.voice.recognisers.whisper import WhisperRecogniser
from napari_medassist.voice.sound import RATE_HZ
from napari_medassist.voice.timeline import intervals
from napari_medassist.voice.transcribing import transcribe
from tests.unit.voice.sounds import write_sound

SAID = {2.0: "pancreas", 8.0: "this is the portal vein", 14.0: "more coffee please", 19.0: "aorta"}
LENGTH_S, FRAMES_PER_S = 24, 10


@pytest.fixture(scope="module")
def clip(
    speak: Callable[[str], Path],
    said: Callable[[str], np.ndarray],
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """A video of noise with comments."""
    assert speak
    sound = np.random.default_rng(0).normal(0, 1e-3, LENGTH_S * RATE_HZ).astype(np.float32)
    for begin, text in SAID.items():
        spoken = said(text)
        first = int(begin * RATE_HZ)
        sound[first : first + len(spoken)] += spoken
    path = tmp_path_factory.mktemp("clip") / "eus.mp4"
    rng = np.random.default_rng(1)
    with av.open(str(path), "w") as container:
        video = container.add_stream("mpeg4", rate=FRAMES_PER_S)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        audio = container.add_stream("aac", rate=RATE_HZ, layout="mono")
        for _ in range(LENGTH_S * FRAMES_PER_S):
            grey = rng.integers(0, 255, (48, 64, 3), dtype=np.uint8)
            container.mux(video.encode(av.VideoFrame.from_ndarray(grey, format="rgb24")))
        container.mux(video.encode(None))
        frame = av.AudioFrame.from_ndarray(
            np.rint(sound * 32767).astype(np.int16)[None], format="s16", layout="mono"
        )
        frame.sample_rate = RATE_HZ
        container.mux(audio.encode(frame))
        container.mux(audio.encode(None))
    return path


@pytest.fixture
def recogniser(with_model: Path) -> WhisperRecogniser:
    assert with_model.is_dir()
    words = LabelVocabulary({"pancreas": (), "portal vein": (), "aorta": ()})
    return WhisperRecogniser(words.phrases, n_threads=1)


def test_comments_of_a_clip_become_a_timeline_and_ranges(
    clip: Path, with_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert with_model.is_dir()
    words = tmp_path / "labels.txt"
    words.write_text("pancreas\nportal vein\naorta = abdominal aorta\nliver\n", encoding="utf-8")
    wish = ["--vocabulary", str(words), "--out", str(tmp_path / "t.json")]
    ranges = tmp_path / "ranges.csv"
    assert main(["voice", "transcribe", str(clip), *wish, "--ranges", str(ranges)]) in (0, 1)
    told = capsys.readouterr().out
    assert "4 utterances" in told
    assert "1 of them name nothing" in told
    made = json.loads((tmp_path / "t.json").read_text(encoding="utf-8"))
    assert made["duration_s"] == pytest.approx(LENGTH_S, abs=0.3)
    found = made["intervals"]
    assert [one["label"] for one in found] == ["pancreas", "portal vein", "aorta"]
    for one, begin in zip(found, (2.0, 8.0, 19.0), strict=True):
        assert one["begin_s"] == pytest.approx(begin - 1, abs=0.35)
        assert 2.0 < one["end_s"] - one["begin_s"] < 4.5
    key = ClipKey.of(next(iter(read(clip).clips())))
    labels = [one.label for one in read_ranges(ranges, key)]
    assert labels == ["pancreas", "portal vein", "aorta"]
    assert read_ranges(ranges, key)[0].first == pytest.approx(10, abs=4)


def test_two_labels_in_one_breath_have_times_of_their_own(
    recogniser: WhisperRecogniser, said: Callable[[str], np.ndarray], tmp_path: Path
) -> None:
    words = LabelVocabulary({"pancreas": (), "portal vein": (), "aorta": ()})
    one, two = said("here we see the aorta"), said("and now we see the pancreas")
    sound = np.zeros(10 * RATE_HZ, np.float32)
    joined = np.concatenate([one[: -RATE_HZ // 5], two[RATE_HZ // 20 :]])
    sound[2 * RATE_HZ :][: len(joined)] += joined
    made = transcribe(write_sound(tmp_path / "a.wav", sound), words, recogniser)
    assert len(made.heard) == 1
    first, second = made.comments
    assert (first.label, second.label) == ("aorta", "pancreas")
    border = 2 + len(one) / RATE_HZ - 0.2
    assert first.end_s == pytest.approx(border, abs=0.6)  # a word ends where the next one begins
    assert second.begin_s - first.end_s > 0.5  # what is said before the word belongs to neither
    assert second.end_s == pytest.approx(2 + len(joined) / RATE_HZ, abs=0.4)
    found = intervals(made.comments, made.duration_s)
    assert [(found[k].label, found[k].rivals) for k in (0, -1)] == [("aorta", ()), ("pancreas", ())]


def test_times_count_from_the_first_frame(
    recogniser: WhisperRecogniser,
    clip: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    words = LabelVocabulary({"pancreas": (), "portal vein": (), "aorta": ()})
    plain = transcribe(clip, words, recogniser)
    monkeypatch.setattr(transcribing, "sound_begin_s", lambda _path: 2.5)
    later = transcribe(clip, words, recogniser)
    assert later.duration_s == pytest.approx(plain.duration_s + 2.5, abs=0.1)
    for one, other in zip(plain.comments, later.comments, strict=True):
        assert other.begin_s - one.begin_s == pytest.approx(2.5, abs=0.1)


def test_a_clip_without_sound_is_told_and_nothing_is_written(
    with_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from napari_medassist.app.samples import sample_path

    assert with_model.is_dir()
    words = tmp_path / "labels.txt"
    words.write_text("pancreas\n", encoding="utf-8")
    wish = ["--vocabulary", str(words), "--out", str(tmp_path / "t.json")]
    assert main(["voice", "transcribe", str(sample_path("ultrasound")), *wish]) == 2
    assert "no sound" in capsys.readouterr().err
    assert main(["voice", "transcribe", "x.wav", *wish, "--before", "-1"]) == 2
    assert main(["voice", "transcribe", "x.wav", *wish, "--ranges", str(tmp_path / "r.txt")]) == 2
    assert "written as .csv" in capsys.readouterr().err
    assert {path.name for path in tmp_path.iterdir()} == {"labels.txt"}
