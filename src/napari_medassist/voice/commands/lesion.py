"""A lesion with its score and its sectors, at the cursor."""

from __future__ import annotations

from napari_medassist.voice.command import CommandSpec, Slots
from napari_medassist.voice.desk import Desk, LesionWish, Need


def _run(desk: Desk, slots: Slots) -> str:
    fields = {"category": slots["score"]} if "score" in slots else {}
    wish = LesionWish(
        side=slots.get("side", ""),
        level=slots.get("level", ""),
        zone=slots.get("zone", ""),
        fields=fields,
    )
    return desk.lesion(wish)


COMMAND = CommandSpec(
    name="lesion",
    title="Describe the lesion at the cursor",
    patterns={
        "lesion": {},
        "lesion PI-RADS {score}": {},
        "lesion [PI-RADS {score}] {side} {zone} [{level}]": {},
        "lesion [PI-RADS {score}] {side} {level} {zone}": {},
    },
    run=_run,
    needs=(
        Need.IMAGE,
        Need.SECTORS,
        Need.CATEGORY,
    ),
)
