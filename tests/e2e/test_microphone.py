"""The whole way of sound: played into a microphone that the system knows, and understood."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.unit.voice.conftest import missing, models_folder, speak, with_model

__all__ = ["models_folder", "speak", "with_model"]  # fixtures

PHRASES = ("next slice", "previous slice", "undo that", "label pancreas", "label left kidney")
_STARTS_WITHIN_S, _LISTENS_S = 60, 12


@pytest.fixture
def sound_server() -> Iterator[dict[str, str]]:
    """Start a sound server whose microphone hears what is played; yield the environment to reach it."""
    if shutil.which("pulseaudio") is None or shutil.which("paplay") is None:
        missing("pulseaudio is not installed")
    with tempfile.TemporaryDirectory(prefix="pulse") as folder:  # sockets need a short path
        home = Path(folder)
        (home / ".asoundrc").write_text("pcm.!default { type pulse }\nctl.!default { type pulse }\n")
        runtime = home / "run"
        runtime.mkdir(mode=0o700)
        given = {"HOME": folder, "XDG_RUNTIME_DIR": str(runtime), "PULSE_RUNTIME_PATH": str(runtime)}
        env = {**os.environ, **given}
        modules = ["module-null-sink sink_name=said", "module-native-protocol-unix"]
        command = ["pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1"]
        server = subprocess.Popen(
            [*command, *(f"--load={module}" for module in modules)],
            env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            wait_for(
                lambda: subprocess.run(["pactl", "info"], env=env, capture_output=True).returncode == 0
            )
            subprocess.run(["pactl", "set-default-source", "said.monitor"], env=env, check=True)
            yield env
        finally:
            server.terminate()
            server.wait(10)


def wait_for(is_true: Callable[[], bool], seconds: float = 20) -> None:
    until = time.monotonic() + seconds
    while not is_true():
        assert time.monotonic() < until, "it did not come in time"
        time.sleep(0.1)


def test_phrases_that_are_played_are_understood(
    sound_server: dict[str, str], with_model: Path, speak: Callable[[str], Path], tmp_path: Path
) -> None:
    grammar = tmp_path / "phrases.txt"
    grammar.write_text("\n".join(PHRASES), encoding="utf-8")
    said = ("next slice", "label right kidney", "label pancreas")
    wish = ["--phrases", str(grammar), "--model", str(with_model), "--for", str(_LISTENS_S)]
    command = [sys.executable, "-m", "napari_medassist.cli.main", "voice", "listen", *wish]
    told, warned = tmp_path / "told", tmp_path / "warned"
    with told.open("w") as out, warned.open("w") as err:
        listening = subprocess.Popen(command, env=sound_server, stdout=out, stderr=err)
        try:
            wait_for(lambda: "Listening" in told.read_text(), _STARTS_WITHIN_S)
            for text in said:
                time.sleep(1.0)
                subprocess.run(["paplay", str(speak(text))], env=sound_server, check=True)
            assert listening.wait(60) == 0
        finally:
            listening.kill()
    lines = [line.split(": ", 1)[1] for line in told.read_text().splitlines()[1:]]
    assert len(lines) == len(said), (lines, warned.read_text())
    assert lines[0].startswith("execute 'next slice'")
    assert not lines[1].startswith("execute")
    assert lines[2].startswith("execute 'label pancreas'")
    assert "lost" not in warned.read_text()
