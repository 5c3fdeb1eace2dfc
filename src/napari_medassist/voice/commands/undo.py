"""One step back."""

from __future__ import annotations

from napari_medassist.voice.command import CommandSpec, Slots
from napari_medassist.voice.desk import Desk


def _run(desk: Desk, _slots: Slots) -> str:
    return desk.undo()


COMMAND = CommandSpec(
    name="undo",
    title="Take the last step back",
    patterns={
        "undo that": {},
        "undo": {},
    },
    run=_run,
)
