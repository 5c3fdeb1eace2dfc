"""How much memory something takes at its height (Linux)."""

from __future__ import annotations

import gc
from collections.abc import Callable
from pathlib import Path
from typing import Any

PROCESS = Path("/proc/self")


def peak_mb(run: Callable[[], Any]) -> float:
    """Return by how many MB the process grows while running something; NaN where it cannot be told."""
    run()  # what is allocated once and kept is not counted
    gc.collect()
    try:
        (PROCESS / "clear_refs").write_text("5")  # the highest level is reset to the present one
        before = _status_mb("VmRSS")
        run()
        return _status_mb("VmHWM") - before
    except OSError:
        return float("nan")


def _status_mb(name: str) -> float:
    lines = (PROCESS / "status").read_text().splitlines()
    value = next(line for line in lines if line.startswith(f"{name}:"))
    return int(value.split()[1]) / 1024
