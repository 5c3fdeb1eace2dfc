"""The ends and the middle of a stack of slices."""

from __future__ import annotations

from typing import Literal, cast

from napari_medassist.voice.command import CommandSpec, Slots
from napari_medassist.voice.desk import Desk, Need


def _run(desk: Desk, slots: Slots) -> str:
    which = cast("Literal['first', 'middle', 'last']", slots["slice"])
    return desk.go_to_slice(which)


COMMAND = CommandSpec(
    name="go to slice",
    title="Go to a slice",
    patterns={
        "{slice} slice": {},
    },
    run=_run,
    needs=(Need.IMAGE,),
)
