"""A clip that is played and marked."""

from __future__ import annotations

from napari_medassist.voice.command import CommandSpec, Slots
from napari_medassist.voice.desk import Desk, Need


def _run(desk: Desk, slots: Slots) -> str:
    return desk.clip(slots["act"])


COMMAND = CommandSpec(
    name="clip",
    title="Play and mark the clip",
    patterns={
        "play": {"act": "play"},
        "pause": {"act": "pause"},
        "mark in": {"act": "in"},
        "mark out": {"act": "out"},
        "next frame": {"act": "on"},
        "previous frame": {"act": "back"},
    },
    run=_run,
    needs=(Need.CLIP,),
)
