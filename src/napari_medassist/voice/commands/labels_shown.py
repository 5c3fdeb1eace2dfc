"""Label maps, shown or hidden."""

from __future__ import annotations

from napari_medassist.voice.command import CommandSpec, Slots
from napari_medassist.voice.desk import Desk, Need


def _run(desk: Desk, slots: Slots) -> str:
    return desk.show_labels(visible=slots["shown"] == "yes")


COMMAND = CommandSpec(
    name="labels shown",
    title="Show or hide the labels",
    patterns={
        "show labels": {"shown": "yes"},
        "hide labels": {"shown": "no"},
    },
    run=_run,
    needs=(Need.IMAGE,),
)
