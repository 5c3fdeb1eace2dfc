"""Lengths, angles and ellipses."""

from __future__ import annotations

from napari_medassist.voice.command import CommandSpec, Slots
from napari_medassist.voice.desk import Desk, Need


def _run(desk: Desk, slots: Slots) -> str:
    return desk.measure(slots["what"])


COMMAND = CommandSpec(
    name="measure",
    title="Measure",
    patterns={
        "measure [distance]": {"what": "Distance"},
        "measure angle": {"what": "Angle"},
        "measure ellipse": {"what": "Ellipse"},
    },
    run=_run,
    needs=(Need.IMAGE,),
)
