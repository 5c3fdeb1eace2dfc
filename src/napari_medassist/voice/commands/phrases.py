"""What may be said."""

from __future__ import annotations

from napari_medassist.voice.command import CommandSpec, Slots
from napari_medassist.voice.desk import Desk


def _run(desk: Desk, _slots: Slots) -> str:
    return desk.list_phrases()


COMMAND = CommandSpec(
    name="phrases",
    title="Show what may be said",
    patterns={
        "what can I say": {},
    },
    run=_run,
)
