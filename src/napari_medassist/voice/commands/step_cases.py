"""Cases of the worklist."""

from __future__ import annotations

from napari_medassist.voice.command import CommandSpec, Slots
from napari_medassist.voice.desk import Desk, Need


def _run(desk: Desk, slots: Slots) -> str:
    return desk.step_cases(int(slots["step"]))


COMMAND = CommandSpec(
    name="step cases",
    title="Open another case of the worklist",
    patterns={
        "next case": {"step": "1"},
        "previous case": {"step": "-1"},
    },
    run=_run,
    needs=(Need.WORKLIST,),
)
