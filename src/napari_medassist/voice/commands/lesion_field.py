"""Any field of the lesion table that is chosen from a list."""

from __future__ import annotations

from napari_medassist.voice.command import CommandSpec, Slots
from napari_medassist.voice.desk import Desk, Need


def _run(desk: Desk, slots: Slots) -> str:
    name, _, value = slots["field_value"].partition("=")
    return desk.set_fields({name: value})


COMMAND = CommandSpec(
    name="lesion field",
    title="Fill a field of the lesion at the cursor",
    patterns={
        "{field_value}": {},
    },
    run=_run,
    needs=(Need.LESIONS,),
)
