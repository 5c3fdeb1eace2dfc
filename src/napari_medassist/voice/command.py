"""Spoken commands: what is said, and what is done then. One file each in ``voice/commands``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from napari_medassist.core.registry import Registry
from napari_medassist.voice.desk import Desk, Need

Slots = Mapping[str, str]


@dataclass(frozen=True)
class CommandSpec:
    """A spoken command.

    Attributes
    ----------
    name
        Its name among all commands.
    title
        What it does, for the list of what may be said.
    patterns
        What is said (see :mod:`napari_medassist.voice.patterns`) -> slots that are so filled.
    run
        Does it, with the slots that were filled, and says in words what was done.
    needs
        What must be there; else it is not listened for.
    is_destructive
        Whether it waits for a "yes" in any case.
    slots
        The slots of its patterns, where a module outside of MedAssist brings its own words for them.
    """

    name: str
    title: str
    patterns: Mapping[str, Slots]
    run: Callable[[Desk, Slots], str]
    needs: tuple[Need, ...] = ()
    is_destructive: bool = False
    slots: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


COMMANDS: Registry[CommandSpec] = Registry(
    "voice command",
    packages=("napari_medassist.voice.commands",),
    attribute="COMMAND",
    entry_point_group="napari_medassist.voice_commands",
    name_of=lambda command: command.name,
)
