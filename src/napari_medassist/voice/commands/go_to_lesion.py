"""A lesion of the table by its number."""

from __future__ import annotations

from napari_medassist.voice.command import CommandSpec, Slots
from napari_medassist.voice.desk import Desk, Need


def _run(desk: Desk, slots: Slots) -> str:
    return desk.go_to_lesion(int(slots["ordinal"]))


COMMAND = CommandSpec(
    name="go to lesion",
    title="Go to a lesion",
    patterns={
        "go to lesion {ordinal}": {},
    },
    run=_run,
    needs=(Need.LESIONS,),
)
