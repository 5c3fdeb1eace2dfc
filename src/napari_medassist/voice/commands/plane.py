"""The direction of sight."""

from __future__ import annotations

from typing import Literal, cast

from napari_medassist.voice.command import CommandSpec, Slots
from napari_medassist.voice.desk import Desk, Need


def _run(desk: Desk, slots: Slots) -> str:
    plane = cast("Literal['axial', 'coronal', 'sagittal']", slots["plane"])
    return desk.show_plane(plane)


COMMAND = CommandSpec(
    name="plane",
    title="Look from another side",
    patterns={
        "show {plane}": {},
    },
    run=_run,
    needs=(Need.IMAGE,),
)
