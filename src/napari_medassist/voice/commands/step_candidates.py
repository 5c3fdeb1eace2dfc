"""Candidates of a model, one after the other."""

from __future__ import annotations

from napari_medassist.voice.command import CommandSpec, Slots
from napari_medassist.voice.desk import Desk, Need


def _run(desk: Desk, slots: Slots) -> str:
    return desk.step_candidates(int(slots["step"]))


COMMAND = CommandSpec(
    name="step candidates",
    title="Go to another candidate",
    patterns={
        "next candidate": {"step": "1"},
        "previous candidate": {"step": "-1"},
    },
    run=_run,
    needs=(Need.LESIONS,),
)
