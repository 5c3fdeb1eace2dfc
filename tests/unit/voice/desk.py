"""A desk that writes down what commands ask of it, and refuses calls that no desk would take."""

from __future__ import annotations

import inspect
from typing import Any

from napari_medassist.core.errors import MedAssistError
from napari_medassist.voice.desk import AskFirst, Desk, Moment


class WrittenDesk:
    """Writes calls down in ``calls``; ``refuses`` and ``asks`` hold names of calls that raise."""

    def __init__(self) -> None:
        self.moment = Moment()
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.moments: list[Moment] = []
        self.refuses: set[str] = set()
        self.asks: set[str] = set()

    def __getattr__(self, name: str) -> Any:
        method = getattr(Desk, name)
        signature = inspect.signature(method)

        def call(*args: Any, **kwargs: Any) -> str:
            bound = signature.bind(self, *args, **kwargs)
            if name in self.refuses:
                raise MedAssistError("It cannot be done.")
            if name in self.asks and not self.moment.is_confirmed:
                raise AskFirst("Really?")
            given = {key: value for key, value in bound.arguments.items() if key != "self"}
            self.calls.append((name, given))
            self.moments.append(self.moment)
            return f"{name} done"

        return call
