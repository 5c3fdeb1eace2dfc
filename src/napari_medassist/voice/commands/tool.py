"""The brush and the eraser."""

from __future__ import annotations

from napari_medassist.voice.command import CommandSpec, Slots
from napari_medassist.voice.desk import Desk, Need


def _run(desk: Desk, slots: Slots) -> str:
    return desk.hold_tool(slots["tool"])


COMMAND = CommandSpec(
    name="tool",
    title="Take a tool",
    patterns={
        "brush": {"tool": "brush"},
        "eraser": {"tool": "eraser"},
        "larger brush": {"tool": "larger brush"},
        "smaller brush": {"tool": "smaller brush"},
    },
    run=_run,
    needs=(Need.IMAGE,),
)
