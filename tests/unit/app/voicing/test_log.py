from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from napari_medassist.app.voicing.log import LoggedUtterance, VoiceLog, logged
from napari_medassist.core.errors import CorruptFile, WriteFailed
from napari_medassist.voice.activity import Utterance
from napari_medassist.voice.deciding import Action
from napari_medassist.voice.desk import Moment
from napari_medassist.voice.hearing import Understood
from napari_medassist.voice.recognisers.outcome import Outcome
from napari_medassist.voice.sound import RATE_HZ, read_sound

S = timedelta(seconds=1)


def _entry(text: str = "next slice") -> LoggedUtterance:
    said = Utterance(np.zeros(RATE_HZ, np.float32), time.monotonic() - 3, time.monotonic() - 2, 0.0)
    made = Understood(said, Outcome(Action.ASK, text, 0.5), "", "whisper-tiny-en", 0.1)
    moment = Moment(np.array([1.23456, 2.0, 3.0]), 7)
    return logged(made, moment, "done", "Slice 3", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))


def test_an_utterance_is_kept_with_when_where_and_by_whom(tmp_path: Path) -> None:
    entry = _entry()
    assert abs(datetime.fromisoformat(entry.time) - datetime(2026, 1, 2, 3, 4, 2, tzinfo=UTC)) < 0.5 * S
    assert entry.cursor_lps_mm == (1.235, 2.0, 3.0)
    assert (entry.frame, entry.recogniser, entry.duration_s) == (7, "whisper-tiny-en", 1.0)
    log = VoiceLog(tmp_path / "voice")
    assert log.read() == ()
    log.add(entry)
    log.add(_entry("undo"))
    assert [one.text for one in log.read()] == ["next slice", "undo"]
    assert log.read()[0] == entry


def test_a_correction_is_added_and_nothing_is_rewritten(tmp_path: Path) -> None:
    log = VoiceLog(tmp_path)
    first, second = log.add(_entry()), log.add(_entry("undo"))
    before = log.path.read_bytes()
    log.correct(first, "previous slice")
    assert log.path.read_bytes().startswith(before)
    assert [one.corrected for one in log.read()] == ["previous slice", ""]
    assert log.read()[1] == second


def test_sound_is_kept_only_where_it_is_given(tmp_path: Path) -> None:
    log = VoiceLog(tmp_path)
    silent = log.add(_entry())
    assert log.sound_of(silent) is None
    assert list(tmp_path.iterdir()) == [log.path]
    sound = np.linspace(-0.5, 0.5, 8000).astype(np.float32)
    kept = log.add(_entry(), sound)
    path = log.sound_of(log.read()[-1])
    assert path is not None
    assert kept.sound == f"sounds/{kept.id}.wav"
    np.testing.assert_allclose(read_sound(path), sound, atol=1e-4)


def test_a_line_that_was_cut_off_is_counted_and_the_next_one_is_whole(tmp_path: Path) -> None:
    log = VoiceLog(tmp_path)
    log.add(_entry())
    with log.path.open("a", encoding="utf-8") as file:
        file.write('{"id": "x", "tim')
    assert (len(log.read()), log.n_unreadable) == (1, 1)
    log.add(_entry("undo"))
    assert [one.text for one in log.read()] == ["next slice", "undo"]
    assert log.n_unreadable == 1


def test_a_log_that_is_no_text_is_told(tmp_path: Path) -> None:
    log = VoiceLog(tmp_path)
    log.path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(CorruptFile, match="voice log cannot be read"):
        log.read()


def test_a_full_disk_is_told(tmp_path: Path) -> None:
    (tmp_path / "voice").write_text("a file in its place")
    with pytest.raises(WriteFailed, match="voice log cannot be written"):
        VoiceLog(tmp_path / "voice").add(_entry())


def test_talk_is_kept_without_its_words() -> None:
    talk = _entry().without_words()
    assert (talk.text, talk.written, talk.alternative, talk.told) == ("", "", "", "")
    assert (talk.action, talk.confidence, talk.frame) == ("ask", 0.5, 7)


def test_lines_are_json_that_others_can_read(tmp_path: Path) -> None:
    log = VoiceLog(tmp_path)
    log.add(_entry())
    [line] = log.path.read_text(encoding="utf-8").splitlines()
    plain = json.loads(line)
    assert plain["version"] == 1
    assert plain["cursor_lps_mm"] == [1.235, 2.0, 3.0]
