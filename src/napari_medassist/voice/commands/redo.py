"""One step on."""

from __future__ import annotations

from napari_medassist.voice.command import CommandSpec, Slots
from napari_medassist.voice.desk import Desk


def _run(desk: Desk, _slots: Slots) -> str:
    return desk.redo()


COMMAND = CommandSpec(
    name="redo",
    title="Do it again",
    patterns={
        "redo that": {},
        "redo": {},
    },
    run=_run,
)
