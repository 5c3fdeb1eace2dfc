"""Answers to what is asked. Whoever has asked takes them; without a question there is nothing to do."""

from __future__ import annotations

from napari_medassist.core.errors import InvalidSetting
from napari_medassist.voice.command import CommandSpec, Slots
from napari_medassist.voice.desk import Desk


def _run(_desk: Desk, _slots: Slots) -> str:
    raise InvalidSetting("Nothing was asked.")


COMMAND = CommandSpec(
    name="answer",
    title="Answer what is asked",
    patterns={"yes": {"answer": "yes"}, "no": {"answer": "no"}},
    run=_run,
)
