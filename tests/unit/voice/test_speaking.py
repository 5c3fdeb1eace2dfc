from __future__ import annotations

import stat
import time
from pathlib import Path

import pytest

from napari_medassist.voice.speaking import Speaker


@pytest.fixture
def voice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A system whose voice writes what it would say, and takes a moment for it."""
    told = tmp_path / "told"
    program = tmp_path / "espeak-ng"
    program.write_text(f'#!/bin/sh\necho "$@" >> "{told}"\ncat >> "{told}"\nsleep 0.4\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin/none")
    return told


def test_a_text_is_said_and_the_microphone_knows_that_it_was_us(voice: Path) -> None:
    speaker = Speaker()
    assert speaker.can_speak
    before = time.monotonic()
    assert not speaker.was_heard_at(before)
    speaker.say("Lesion 1: PI-RADS 4")
    assert speaker.was_heard_at(time.monotonic())
    until = time.monotonic() + 10
    while speaker.was_heard_at(time.monotonic()):
        assert time.monotonic() < until
        time.sleep(0.05)
    assert voice.read_text() == "--stdin\nLesion 1: PI-RADS 4"


def test_a_new_text_ends_the_one_before(voice: Path) -> None:
    speaker = Speaker()
    speaker.say("one")
    speaker.say("two")
    speaker.stop()
    assert not speaker.was_heard_at(time.monotonic() + 1)


def test_a_voice_that_fails_stays_silent(voice: Path) -> None:
    program = voice.with_name("espeak-ng")
    program.write_text("no program")
    Speaker().say("nothing" * 100_000)
    program.write_text("#!/bin/sh\nexec <&-\nexit 1\n")
    Speaker().say("nothing" * 100_000)


def test_a_system_without_a_voice_stays_silent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    speaker = Speaker()
    assert not speaker.can_speak
    speaker.say("nothing")
    assert not speaker.was_heard_at(time.monotonic())
