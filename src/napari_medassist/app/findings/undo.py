"""Undo of the table alone, for as long as no history of the whole session is there."""

from __future__ import annotations

from napari_medassist.annotation.actions import Action
from napari_medassist.app.findings.store import FindingStore

#: So many steps are kept.
MOST_STEPS = 500


class TableUndo:
    """Takes back what was done in a store, step by step.

    A history of the whole session does the same through ``store.done`` and ``store.apply``; it then
    takes this one's place in the panel.

    Parameters
    ----------
    store
        The findings.
    """

    def __init__(self, store: FindingStore) -> None:
        self._store = store
        self._done: list[Action] = []
        self._undone: list[Action] = []
        store.done.connect(self._keep)

    def undo(self) -> str:
        """Take the last step back; return its title, empty if there is none."""
        if not self._done:
            return ""
        action = self._done.pop()
        self._store.apply(action.inverse())
        self._undone.append(action)
        return action.title

    def redo(self) -> str:
        """Do the step again that was taken back last; return its title, empty if there is none."""
        if not self._undone:
            return ""
        action = self._undone.pop()
        self._store.apply(action)
        self._done.append(action)
        return action.title

    def forget(self) -> None:
        """Forget all steps: they belong to another document."""
        self._done.clear()
        self._undone.clear()

    def _keep(self, action: Action) -> None:
        self._done = [*self._done, action][-MOST_STEPS:]
        self._undone.clear()
