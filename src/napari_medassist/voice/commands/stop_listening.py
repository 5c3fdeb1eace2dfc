"""The microphone, closed."""

from __future__ import annotations

from napari_medassist.voice.command import CommandSpec, Slots
from napari_medassist.voice.desk import Desk


def _run(desk: Desk, _slots: Slots) -> str:
    return desk.stop_listening()


COMMAND = CommandSpec(
    name="stop listening",
    title="Close the microphone",
    patterns={
        "stop listening": {},
    },
    run=_run,
)
