"""The label that is drawn with, by the name of a structure."""

from __future__ import annotations

from napari_medassist.voice.command import CommandSpec, Slots
from napari_medassist.voice.desk import Desk, Need


def _run(desk: Desk, slots: Slots) -> str:
    return desk.choose_label(slots["structure"])


COMMAND = CommandSpec(
    name="label",
    title="Draw with a label",
    patterns={"label {structure}": {}},
    run=_run,
    needs=(Need.IMAGE,),
)
