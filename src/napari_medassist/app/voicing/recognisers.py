"""Recognisers made ready for what may be said, and kept for when it may be said again."""

from __future__ import annotations

import threading
from collections import OrderedDict

from napari_medassist.app.voicing.choices import Choices
from napari_medassist.voice.recognisers.outcome import Phrases, Recogniser

#: Grammars that are kept ready; each takes some 30 MB.
_N_KEPT = 4
Key = tuple[tuple[str, ...], tuple[tuple[str, tuple[str, ...]], ...]]


class Recognisers:
    """Makes recognisers that share one model. Safe to ask from any thread, one after the other."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._model: tuple[str, ...] | None = None
        self._made: OrderedDict[Key, Recogniser] = OrderedDict()

    def known(self, grammar: Phrases, choices: Choices) -> Recogniser | None:
        """Return the recogniser of a grammar if it is ready."""
        is_same = self._model == _model(choices)
        return self._made.get(_key(grammar)) if is_same else None

    def make(self, grammar: Phrases, choices: Choices) -> Recogniser:
        """Return the recogniser of a grammar; it takes some seconds where it is not known.

        Raises
        ------
        FileProblem, CorruptFile
            If the model is not here, or not the expected one.
        InvalidSetting
            If a package is missing, or the model does not know the language.
        """
        with self._lock:
            model, key = _model(choices), _key(grammar)
            if self._model != model:
                self._made.clear()
            if key not in self._made:
                made = next(iter(self._made.values()), None)
                self._made[key] = (
                    made.for_phrases(grammar.phrases, grammar.also_written)
                    if made is not None
                    else choices.kind.make(
                        grammar.phrases, grammar.also_written, choices.model_folder, choices.language
                    )
                )
                self._model = model
            self._made.move_to_end(key)
            while len(self._made) > _N_KEPT:
                self._made.popitem(last=False)
            return self._made[key]


def _model(choices: Choices) -> tuple[str, ...]:
    return choices.kind.name, choices.model, choices.language


def _key(grammar: Phrases) -> Key:
    return grammar.phrases, tuple(sorted(grammar.also_written.items()))
