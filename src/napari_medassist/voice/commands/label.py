"""The label that is drawn with, by the name of a structure."""

from __future__ import annotations

from napari_medassist.voice.command import CommandSpec, Slots
from napari_medassist.voice.desk import Desk, Need
from napari_medassist.voice.words import built_in_words


def _run(desk: Desk, slots: Slots) -> str:
    name = slots["structure"]
    known = built_in_words().slots["structure"]
    code = next((word.code for word in known if word.value == name), None)
    return desk.choose_label(name, code)


COMMAND = CommandSpec(
    name="label",
    title="Draw with a label",
    patterns={"label {structure}": {}},
    run=_run,
    needs=(Need.IMAGE,),
)
