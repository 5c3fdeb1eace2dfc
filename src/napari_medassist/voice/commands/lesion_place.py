"""A lesion with the place that a table lists, at the cursor."""

from __future__ import annotations

from napari_medassist.voice.command import CommandSpec, Slots
from napari_medassist.voice.desk import Desk, LesionWish, Need


def _run(desk: Desk, slots: Slots) -> str:
    return desk.lesion(LesionWish(place=slots.get("place", "")))


COMMAND = CommandSpec(
    name="lesion place",
    title="Describe the lesion at the cursor",
    patterns={
        "lesion {place}": {},
        "lesion": {},
    },
    run=_run,
    needs=(
        Need.IMAGE,
        Need.PLACES,
    ),
)
