"""One undo and redo for all that is done to a document, in the order in which it was done."""

from __future__ import annotations

from collections import deque

from napari_medassist.annotation.actions import Action
from napari_medassist.annotation.document import Document

#: What the steps may take in memory before the oldest are forgotten.
DEFAULT_LIMIT_BYTES = 256 * 1024**2


class History:
    """What was done to a document, step by step. Use from one thread.

    Parameters
    ----------
    document
        What the steps change.
    limit_bytes
        Memory that the steps may take; the oldest are forgotten first. The newest one is always kept.
    """

    def __init__(self, document: Document, limit_bytes: int = DEFAULT_LIMIT_BYTES) -> None:
        self.document = document
        self._limit = limit_bytes
        self._done: deque[Action] = deque()
        self._undone: list[Action] = []
        self._n_bytes = 0
        self._n_forgotten = 0

    @property
    def n_steps(self) -> int:
        """Number of steps that can be taken back."""
        return len(self._done)

    @property
    def n_bytes(self) -> int:
        """About as many bytes as all steps take in memory, those that wait to be redone too."""
        return self._n_bytes

    @property
    def n_forgotten(self) -> int:
        """Number of steps that can no longer be taken back, since memory is bounded."""
        return self._n_forgotten

    @property
    def undo_title(self) -> str:
        """What :meth:`undo` would take back; empty if nothing."""
        return self._done[-1].title if self._done else ""

    @property
    def redo_title(self) -> str:
        """What :meth:`redo` would do again; empty if nothing."""
        return self._undone[-1].title if self._undone else ""

    def do(self, action: Action) -> None:
        """Apply an action and remember it.

        Raises
        ------
        InvalidSetting
            If it cannot be applied; the document and the history are as before.
        """
        action.apply_to(self.document)
        self.record(action)

    def record(self, action: Action) -> None:
        """Remember an action that has been applied, or is about to be, by whoever calls."""
        self._n_bytes -= sum(step.n_bytes for step in self._undone)
        self._undone.clear()
        self._done.append(action)
        self._n_bytes += action.n_bytes
        while self._n_bytes > self._limit and len(self._done) > 1:
            self._n_bytes -= self._done.popleft().n_bytes
            self._n_forgotten += 1

    def undo(self) -> Action | None:
        """Take the last step back; return the action that did it, or None if there is no step.

        Raises
        ------
        InvalidSetting
            If the document is not as the step left it; nothing is changed.
        """
        if not self._done:
            return None
        inverse = self._done[-1].inverse()
        inverse.apply_to(self.document)
        self._undone.append(self._done.pop())
        return inverse

    def redo(self) -> Action | None:
        """Do the step again that was taken back last; return it, or None if there is none.

        Raises
        ------
        InvalidSetting
            If the document is not as it was before the step; nothing is changed.
        """
        if not self._undone:
            return None
        action = self._undone[-1]
        action.apply_to(self.document)
        self._done.append(self._undone.pop())
        return action

    def undo_unknown(self, inverse: Action) -> None:
        """Take back, by its inverse, a step that is not in the history (it was before a snapshot)."""
        inverse.apply_to(self.document)
        self._undone.append(inverse.inverse())
        self._n_bytes += inverse.n_bytes

    def redo_unknown(self, action: Action) -> None:
        """Do a step again that is not among those taken back (it was before a snapshot)."""
        action.apply_to(self.document)
        self._done.append(action)
        self._n_bytes += action.n_bytes

    def clear(self) -> None:
        """Forget all steps; the document stays as it is."""
        self._done.clear()
        self._undone.clear()
        self._n_bytes = self._n_forgotten = 0
