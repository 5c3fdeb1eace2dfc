"""A clip labelled from spoken comments, in a real window."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import QPoint, QPointF, Qt
from qtpy.QtGui import QWheelEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from napari_medassist.app.layer_data import case_layers
from napari_medassist.io.files import read
from napari_medassist.voice.playback import FileSource
from napari_medassist.voice.sound import RATE_HZ
from tests.unit.voice.clips import spoken_clip
from tests.unit.voice.conftest import models_folder, said, speak, with_model
from tests.unit.voice.sounds import write_sound

__all__ = ["models_folder", "said", "speak", "with_model"]  # fixtures

pytestmark = pytest.mark.gui
#: When which label is said.
SAID = ((1.5, "this is the portal vein", "portal vein"), (6.5, "now the pancreas", "pancreas"))
LENGTH_S = 10.0
REACH_FRAMES = 25
Panel = Any


def _sound(said: Callable[[str], np.ndarray]) -> np.ndarray:
    sound = np.zeros(int(LENGTH_S * RATE_HZ), np.float32)
    for at_s, text, _ in SAID:
        words = said(text)
        sound[int(at_s * RATE_HZ) :][: len(words)] += words
    return sound


@pytest.fixture
def panel(
    bridge: Any, viewer: Any, qtbot: Any, with_model: Path, said: Callable[[str], np.ndarray],
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Panel]:  # fmt: skip
    from napari_medassist._qt.clip_panel.panel import ClipPanel

    monkeypatch.setenv("NAPARI_MEDASSIST_SESSIONS", str(tmp_path / "sessions"))
    path = spoken_clip(tmp_path / "eus.mp4", _sound(said), LENGTH_S)
    made = ClipPanel(bridge)
    qtbot.addWidget(made)
    made.resize(380, 700)
    made.show()
    bridge.add_layer_data(case_layers(read(path)))
    qtbot.waitUntil(lambda: made.player is not None)
    words = tmp_path / "words.txt"
    words.write_text("portal vein\npancreas\naorta\n", encoding="utf-8")
    made.comments.read_words(words)
    yield made
    made.comments.close()
    bridge.close_case()


def _labels(panel: Panel) -> list[tuple[str, float, float]]:
    work = panel.work
    return [(f.label, work.key.start_s(f), work.key.end_s(f)) for f in work.rows().values()]


def _assert_true(found: list[tuple[str, float, float]], within_s: float) -> None:
    assert [label for label, _, _ in found] == [label for _, _, label in SAID]
    for (_, begin_s, _), (said_s, _, _) in zip(found, SAID, strict=True):
        assert begin_s == pytest.approx(said_s - 1.0, abs=within_s)


def test_what_is_named_in_the_sound_of_a_clip_labels_its_frames(panel: Panel, qtbot: Any) -> None:
    panel.comments.from_sound.click()
    _assert_true(_labels(panel), within_s=0.15)
    assert {f.source for f in panel.work.rows().values()} == {"voice"}
    assert "2 ranges from 2 utterances" in panel.form.message.text()
    qtbot.waitUntil(lambda: panel.form.time_line._sound is not None, timeout=10_000)
    panel.form.time_line.grab()  # drawn with its sound


def test_the_recogniser_and_microphone_of_the_settings_are_used(panel: Panel, tmp_path: Path) -> None:
    from napari_medassist.app.settings import Settings
    from napari_medassist.app.voicing.choices import Choices
    from napari_medassist.voice.recognisers.kinds import SPHINX

    Choices(recogniser=SPHINX).keep(Settings())
    (tmp_path / "words.txt").write_text("portal vein\npancreas\nxyzzyq vein\n", encoding="utf-8")
    panel.comments.read_words(tmp_path / "words.txt")
    panel.comments.from_sound.click()
    assert "does not know their sound: xyzzyq." in panel.form.message.text()
    rows = panel.work.rows().values()
    assert {"portal vein", "pancreas"} & {f.label for f in rows}
    assert all(f.note.startswith("doubtful") for f in rows)  # it only asks
    Choices(model=str(tmp_path / "none")).keep(Settings())
    panel.comments.from_sound.click()
    assert "model.bin" in panel.form.message.text()
    Choices(device="A microphone that is in another room").keep(Settings())
    panel.comments.aloud.click()
    assert "A microphone that is in another room" in panel.form.message.text()
    assert not panel.comments.listening.is_listening


def test_what_is_said_while_the_clip_plays_labels_what_is_shown(
    panel: Panel, said: Callable[[str], np.ndarray], qtbot: Any, tmp_path: Path
) -> None:
    source = FileSource(write_sound(tmp_path / "said.wav", _sound(said)))
    panel.player.go_to(0)
    panel.comments.speak(on=True, source=source)
    panel.act("play")
    qtbot.waitUntil(lambda: not panel.comments.listening.is_listening, timeout=30_000)
    qtbot.waitUntil(lambda: len(panel.work.rows()) == 2, timeout=60_000)
    _assert_true(_labels(panel), within_s=0.4)  # the machine of a test may be busy


def test_what_was_said_of_another_clip_labels_nothing(panel: Panel) -> None:
    from napari_medassist.voice.activity import Utterance
    from napari_medassist.voice.deciding import Action
    from napari_medassist.voice.desk import Moment
    from napari_medassist.voice.hearing import Understood
    from napari_medassist.voice.recognisers.outcome import Outcome

    box = panel.comments
    box._listened_for = box._words()
    said = Utterance(np.zeros(RATE_HZ, np.float32), time.monotonic(), time.monotonic(), 0.0)
    found = Outcome(Action.EXECUTE, "this is the aorta", 0.98, "", "This is the aorta.", "aorta")
    box.show_clip(panel.work, None)
    box._take(Understood(said, found, "", "whisper-tiny-en", 0.5), Moment(frame=50))
    assert not panel.work.rows()
    box._take(Understood(said.later_by(60), found, "", "whisper-tiny-en", 0.5), Moment(frame=50))
    assert [f.label for f in panel.work.rows().values()] == ["aorta"]


def test_doubtful_ranges_are_reviewed_by_keys(panel: Panel, viewer: Any) -> None:
    from napari_medassist.voice.timeline import Comment

    viewer.window._qt_window.show()
    canvas = viewer.window._qt_viewer.canvas.native
    unsure = [
        Comment(t, t + 0.4, label, False, 0.5) for t, label in ((2.0, "aorta"), (6.0, "pancreas"))
    ]
    panel.comments._commenting.take(unsure)
    assert panel.comments.count.text() == "2 doubtful"
    QTest.keyClick(canvas, Qt.Key.Key_D)
    first, second = panel.work.rows()
    assert panel.form.rows.chosen() == [first]
    assert panel.player.frame == panel.work.rows()[first].first
    QTest.keyClick(canvas, Qt.Key.Key_A)
    assert panel.work.rows()[first].source == "voice, reviewed"
    assert panel.form.rows.chosen() == [second]
    QTest.keyClick(canvas, Qt.Key.Key_R)
    assert list(panel.work.rows()) == [first]
    QTest.keyClick(canvas, Qt.Key.Key_D)
    assert "No range is doubtful" in panel.form.message.text()


def test_a_clip_without_sound_is_told(panel: Panel, bridge: Any, qtbot: Any, tmp_path: Path) -> None:
    bridge.close_case()
    silent = spoken_clip(tmp_path / "silent.mp4", None, 2.0)
    bridge.add_layer_data(case_layers(read(silent)))
    qtbot.waitUntil(lambda: panel.player is not None)
    panel.comments.from_sound.click()
    assert "has no sound" in panel.form.message.text()


def test_the_end_of_a_range_is_dragged_and_the_time_line_zoomed(panel: Panel) -> None:
    from napari_medassist.annotation.clips.ranges import FrameRange

    line, work = panel.form.time_line, panel.work
    line.resize(340, 62)
    work.add(FrameRange(50, 100, "aorta"))
    work.add(FrameRange(150, 200, "pancreas"))
    y = line.height() // 2
    end = QPoint(round(line.x_of(work.key.times_s[101])), y)
    target = QPoint(round(line.x_of(work.key.times_s[130])), y)
    QTest.mousePress(line, Qt.MouseButton.LeftButton, pos=end)
    QTest.mouseMove(line, target)
    _drag(line, target)
    QTest.mouseRelease(line, Qt.MouseButton.LeftButton, pos=target)
    dragged = next(iter(work.rows().values()))
    assert dragged.first == 50
    assert dragged.last == pytest.approx(130, abs=1)
    beyond = QPoint(round(line.x_of(work.key.times_s[170])), y)
    begin = QPoint(round(line.x_of(work.key.end_s(dragged))), y)
    QTest.mousePress(line, Qt.MouseButton.LeftButton, pos=begin)
    _drag(line, beyond)
    QTest.mouseRelease(line, Qt.MouseButton.LeftButton, pos=beyond)
    assert next(iter(work.rows().values())) == dragged  # the rules forbid it
    assert "do not overlap" in panel.form.message.text()
    under = QPointF(200.0, y)
    at_s = line.seen.time_at(200.0, line.width())
    for _ in range(5):
        _wheel(line, under)
    assert line.seen.to_s - line.seen.from_s < 0.4 * LENGTH_S
    assert line.seen.time_at(200.0, line.width()) == pytest.approx(at_s, abs=0.01)
    QTest.mouseDClick(line, Qt.MouseButton.LeftButton, pos=QPoint(10, y))
    assert (line.seen.from_s, line.seen.to_s) == (0.0, pytest.approx(LENGTH_S, abs=0.05))


def _drag(line: Any, place: QPoint) -> None:
    from qtpy.QtCore import QEvent
    from qtpy.QtGui import QMouseEvent

    button = Qt.MouseButton.LeftButton
    where = line.mapToGlobal(place).toPointF()
    moved = QMouseEvent(QEvent.Type.MouseMove, place.toPointF(), where, Qt.MouseButton.NoButton, button,
                        Qt.KeyboardModifier.NoModifier)  # fmt: skip
    QApplication.sendEvent(line, moved)


def _wheel(line: Any, place: QPointF) -> None:
    turned = QWheelEvent(
        place, line.mapToGlobal(place), QPoint(), QPoint(0, 120), Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(line, turned)


def test_another_reader_is_shown_below_and_differences_are_led_to(panel: Panel, tmp_path: Path) -> None:
    from napari_medassist.annotation.clips.files import write_ranges
    from napari_medassist.annotation.clips.ranges import FrameRange

    work, line, box = panel.work, panel.form.time_line, panel.readers
    work.add(FrameRange(0, 20, "aorta"))
    height, before = line.sizeHint().height(), line.grab().toImage()
    path = tmp_path / "anna.csv"
    write_ranges(path, [FrameRange(0, 20, "aorta"), FrameRange(60, 80, "pancreas")], work.key)
    assert not box.next.isEnabled()
    box.read(path)
    QApplication.processEvents()
    assert line.sizeHint().height() > height
    assert line.grab().toImage() != before
    assert "anna: same labels in" in box.lines.text()
    box.next.click()
    assert panel.player.frame == 60
    assert "not as anna" in panel.form.message.text()
    work.add(FrameRange(60, 80, "pancreas"))
    assert not box.next.isEnabled()
    box.write(tmp_path / "agreement.csv")
    assert "agreement.csv: 1 pair of readers, 2 lines" in panel.form.message.text()
    assert "you,anna,pancreas" in (tmp_path / "agreement.csv").read_text(encoding="utf-8")
    box.forget.click()
    assert not box.save.isEnabled()
    assert (box.lines.text(), line.sizeHint().height()) == ("", height)
    path.write_text("nothing\n", encoding="utf-8")
    box._attempt(lambda: box.read(path))
    assert "anna.csv" in panel.form.message.text()
