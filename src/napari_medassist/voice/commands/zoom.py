"""Larger and smaller."""

from __future__ import annotations

from napari_medassist.voice.command import CommandSpec, Slots
from napari_medassist.voice.desk import Desk


def _run(desk: Desk, slots: Slots) -> str:
    return desk.zoom(float(slots["factor"]))


COMMAND = CommandSpec(
    name="zoom",
    title="Zoom",
    patterns={
        "zoom in": {"factor": "1.5"},
        "zoom out": {"factor": "0.667"},
        "reset view": {"factor": "0"},
    },
    run=_run,
)
