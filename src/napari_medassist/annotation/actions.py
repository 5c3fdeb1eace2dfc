"""Edits as values: each can be applied to a document, and has an inverse that takes it back."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from napari_medassist.annotation.document import Document, Plain
from napari_medassist.core.errors import InvalidSetting


class Action(Protocol):
    """One edit of a document.

    ``action.apply_to(document)`` and then ``action.inverse().apply_to(document)`` leave the document as
    it was, to the voxel and the field.
    """

    @property
    def title(self) -> str:
        """What was done, as the undo menu says it: "Brush", "Change PI-RADS"."""

    @property
    def n_bytes(self) -> int:
        """About as many bytes as it takes in memory."""

    def apply_to(self, document: Document) -> None:
        """Do it.

        Raises
        ------
        InvalidSetting
            If the document is not in the state that the action was made for.
        """

    def inverse(self) -> Action:
        """Return the action that takes this one back."""


@dataclass(frozen=True)
class FindingEdit:
    """A finding was added (no ``before``), changed, or removed (no ``after``).

    Parameters
    ----------
    title
        What was done, in a few words.
    finding
        Id of the finding.
    before, after
        All its fields, plain values; None where it does not exist.
    """

    title: str
    finding: str
    before: Mapping[str, Plain] | None
    after: Mapping[str, Plain] | None

    @property
    def n_bytes(self) -> int:
        """About as many bytes as it takes in memory."""
        return len(json.dumps([self.before, self.after], default=str))

    def apply_to(self, document: Document) -> None:
        """Put the finding into its state after the edit.

        Raises
        ------
        InvalidSetting
            If the finding is not as it was before the edit.
        """
        if document.findings.get(self.finding) != self.before:
            raise InvalidSetting(f"The finding '{self.finding}' is not as '{self.title}' left it.")
        if self.after is None:
            del document.findings[self.finding]
        else:
            document.findings[self.finding] = dict(self.after)

    def inverse(self) -> FindingEdit:
        """Return the edit that takes this one back."""
        return FindingEdit(self.title, self.finding, self.after, self.before)


@dataclass(frozen=True)
class Together:
    """Several edits that are one step for whoever undoes them.

    Parameters
    ----------
    title
        What was done, in a few words.
    actions
        The edits, in the order in which they are applied.
    """

    title: str
    actions: tuple[Action, ...]

    @property
    def n_bytes(self) -> int:
        """About as many bytes as they take in memory."""
        return sum(action.n_bytes for action in self.actions)

    def apply_to(self, document: Document) -> None:
        """Apply them all, or none: where one fails, those before it are taken back."""
        for number, action in enumerate(self.actions):
            try:
                action.apply_to(document)
            except Exception:
                for done in reversed(self.actions[:number]):
                    done.inverse().apply_to(document)
                raise

    def inverse(self) -> Together:
        """Return the action that takes all of them back."""
        return Together(self.title, tuple(action.inverse() for action in reversed(self.actions)))


def parts_of(action: Action) -> Iterator[Action]:
    """Go through the single edits that an action is made of, in their order."""
    if isinstance(action, Together):
        for part in action.actions:
            yield from parts_of(part)
    else:
        yield action
