"""DICOM programs of others (dcmtk, dicom3tools) that check what we wrote."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest


def _program(name: str, package: str) -> str:
    found = shutil.which(name)
    if found is None:
        if os.environ.get("CI"):
            pytest.fail(f"{name} is missing: install {package}")
        pytest.skip(f"{name} is not installed (Debian package {package})")
    return found


def dump(path: Path) -> str:
    """Return what dcmtk's dcmdump prints of a file; fails if it cannot read it."""
    program = _program("dcmdump", "dcmtk")
    done = subprocess.run([program, "+L", str(path)], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    return done.stdout.decode(errors="replace")


def errors_of(path: Path) -> list[str]:
    """Return the errors that dicom3tools' dciodvfy finds in a file."""
    program = _program("dciodvfy", "dicom3tools")
    done = subprocess.run([program, "-new", str(path)], capture_output=True, check=False)
    lines = (done.stdout + done.stderr).decode(errors="replace").splitlines()
    return [line for line in lines if line.startswith(("Error", "Abort"))]
