"""A dictated note."""

from __future__ import annotations

from napari_medassist.voice.command import CommandSpec, Slots
from napari_medassist.voice.desk import Desk, Need


def _run(desk: Desk, _slots: Slots) -> str:
    return desk.dictate()


COMMAND = CommandSpec(
    name="note",
    title="Dictate a note to the lesion at the cursor",
    patterns={
        "note": {},
    },
    run=_run,
    needs=(Need.LESIONS,),
)
