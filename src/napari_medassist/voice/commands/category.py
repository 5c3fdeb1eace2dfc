"""The category of a lesion."""

from __future__ import annotations

from napari_medassist.voice.command import CommandSpec, Slots
from napari_medassist.voice.desk import Desk, Need


def _run(desk: Desk, slots: Slots) -> str:
    return desk.set_fields({"category": slots["score"]})


COMMAND = CommandSpec(
    name="category",
    title="Score the lesion at the cursor",
    patterns={
        "PI-RADS {score}": {},
    },
    run=_run,
    needs=(
        Need.LESIONS,
        Need.CATEGORY,
    ),
)
