"""Answers said aloud by the voice that the system has."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from contextlib import suppress

#: Commands that say what follows them, those first that sound best.
_COMMANDS = (
    ("say",),
    ("spd-say", "--wait"),
    ("espeak-ng",),
    ("espeak",),
)
_WINDOWS = (
    "Add-Type -AssemblyName System.Speech; "
    "(New-Object System.Speech.Synthesis.SpeechSynthesizer).Speak([Console]::In.ReadToEnd())"
)
#: A microphone hears the room for a moment longer.
_RINGS_S = 0.3


class Speaker:
    """Says texts, one at a time: a new one ends the one before."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._heard_until_s = 0.0

    @property
    def can_speak(self) -> bool:
        """Whether the system has a voice."""
        return bool(_command())

    def say(self, text: str) -> None:
        """Say a text; nothing where the system has no voice."""
        self.stop()
        command = _command()
        if not command or not text.strip():
            return
        with suppress(OSError):  # a voice that fails stays silent: the answer is read, too
            self._process = subprocess.Popen(  # noqa: S603 - a command of the list above, no shell
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            if self._process.stdin is not None:
                self._process.stdin.write(text.encode())
                self._process.stdin.close()

    def stop(self) -> None:
        """Say no more."""
        process, self._process = self._process, None
        if process is not None and process.poll() is None:
            process.terminate()
            process.wait(timeout=2)

    def was_heard_at(self, begin_s: float) -> bool:
        """Tell whether a microphone heard our own voice at a time of ``time.monotonic``."""
        if self._process is not None and self._process.poll() is None:
            self._heard_until_s = time.monotonic() + _RINGS_S
        return begin_s < self._heard_until_s


def _command() -> list[str]:
    """Return the command that says what it reads from its input; empty without one."""
    if sys.platform == "win32":
        shell = shutil.which("powershell")
        return [] if shell is None else [shell, "-NoProfile", "-Command", _WINDOWS]
    for name, *options in _COMMANDS:
        path = shutil.which(name)
        if path is not None:
            pipe = {"spd-say": ["--pipe-mode"], "say": ["-f", "-"]}.get(name, ["--stdin"])
            return [path, *options, *pipe]
    return []
