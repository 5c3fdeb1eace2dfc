"""The image that is shown."""

from __future__ import annotations

from napari_medassist.voice.command import CommandSpec, Slots
from napari_medassist.voice.desk import Desk, Need


def _run(desk: Desk, slots: Slots) -> str:
    return desk.show_series(slots["series"])


COMMAND = CommandSpec(
    name="series",
    title="Show a series",
    patterns={
        "show {series}": {},
    },
    run=_run,
    needs=(Need.IMAGE,),
)
