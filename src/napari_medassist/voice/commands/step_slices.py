"""Slices up and down."""

from __future__ import annotations

from napari_medassist.voice.command import CommandSpec, Slots
from napari_medassist.voice.desk import Desk, Need


def _run(desk: Desk, slots: Slots) -> str:
    n = int(slots["number"])
    return desk.step_slices(n if slots["direction"] == "up" else -n)


COMMAND = CommandSpec(
    name="step slices",
    title="Go through the slices",
    patterns={
        "next slice": {"number": "1", "direction": "up"},
        "previous slice": {"number": "1", "direction": "down"},
        "{number} slices {direction}": {},
    },
    run=_run,
    needs=(Need.IMAGE,),
)
