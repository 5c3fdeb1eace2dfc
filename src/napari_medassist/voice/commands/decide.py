"""Candidates of a model, decided."""

from __future__ import annotations

from napari_medassist.voice.command import CommandSpec, Slots
from napari_medassist.voice.desk import Desk, Need


def _run(desk: Desk, slots: Slots) -> str:
    return desk.decide(accept=slots["decision"] == "accept")


COMMAND = CommandSpec(
    name="decide",
    title="Decide on a candidate",
    patterns={
        "accept [candidate]": {"decision": "accept"},
        "reject [candidate]": {"decision": "reject"},
    },
    run=_run,
    needs=(Need.LESIONS,),
)
