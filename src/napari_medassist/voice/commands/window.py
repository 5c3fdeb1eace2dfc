"""Windows by their names."""

from __future__ import annotations

from napari_medassist.voice.command import CommandSpec, Slots
from napari_medassist.voice.desk import Desk, Need


def _run(desk: Desk, slots: Slots) -> str:
    return desk.show_window(slots.get("window", ""))


COMMAND = CommandSpec(
    name="window",
    title="Change the window",
    patterns={
        "window {window}": {},
        "next window": {},
    },
    run=_run,
    needs=(Need.IMAGE,),
)
