"""The set-up scripts on other machines, played by stand-ins for the system's commands."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).resolve().parents[1] / "scripts"

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the scripts do nothing elsewhere")


class Machine:
    """A machine whose commands are small scripts in a folder of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder / "log"

    def has_command(self, name: str, body: str) -> None:
        path = self.folder / name
        path.write_text(f"#!/bin/bash\n{body}\n")
        path.chmod(0o755)

    def runs(self, script: str, **environment: str) -> subprocess.CompletedProcess[str]:
        path = f"{self.folder}:/usr/bin:/bin"
        return subprocess.run(
            [SCRIPTS / script],
            env={**os.environ, **environment, "PATH": path},
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture
def bare(tmp_path) -> Machine:
    """A Debian machine without a single library of those that are needed."""
    machine = Machine(tmp_path)
    machine.has_command("ldconfig", "")
    machine.has_command("apt-get", f'echo "apt-get $*" >> {machine.log}')
    return machine


def test_a_user_is_told_the_command(bare):
    bare.has_command("id", "echo 1000")
    run = bare.runs("system-libraries.sh")
    assert run.returncode == 1
    command = next(line for line in run.stderr.splitlines() if "apt-get install" in line)
    assert {"libegl1", "libxcb-cursor0", "libportaudio2"} <= set(command.split())
    assert not bare.log.exists()


def test_root_gets_what_is_missing(bare):
    bare.has_command("id", "echo 0")
    run = bare.runs("system-libraries.sh")
    assert run.returncode == 0, run.stderr
    update, install = bare.log.read_text().splitlines()
    assert update.startswith("apt-get update")
    assert {"libegl1", "libxcb-cursor0", "libportaudio2"} <= set(install.split())


def test_what_is_there_is_not_installed_again(bare):
    bare.has_command("id", "echo 0")
    bare.has_command("ldconfig", 'echo "	libEGL.so.1 (libc6,x86-64) => /usr/lib/libEGL.so.1"')
    bare.runs("system-libraries.sh")
    install = bare.log.read_text().splitlines()[-1]
    assert "libegl1" not in install.split()
    assert "libgl1" in install.split()


def test_a_python_that_does_not_run_or_is_too_old_is_passed_over(tmp_path):
    machine = Machine(tmp_path)
    for name in ("python3", "python3.13"):
        machine.has_command(name, "exit 127")
    machine.has_command("python3.12", f'exec {sys.executable} "$@"')
    assert machine.runs("find-python.sh").stdout.strip() == str(tmp_path / "python3.12")
