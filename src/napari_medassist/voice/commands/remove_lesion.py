"""A lesion that leaves the table."""

from __future__ import annotations

from napari_medassist.voice.command import CommandSpec, Slots
from napari_medassist.voice.desk import Desk, Need


def _run(desk: Desk, _slots: Slots) -> str:
    return desk.remove_lesion()


COMMAND = CommandSpec(
    name="remove lesion",
    title="Take the lesion at the cursor out of the table",
    patterns={
        "delete lesion": {},
        "remove lesion": {},
    },
    run=_run,
    needs=(Need.LESIONS,),
)
