"""Recognisers made ready for what may be said, and kept for when it may be said again."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING

from napari_medassist.app.voicing.choices import Choices
from napari_medassist.voice.recognisers.outcome import Phrases

if TYPE_CHECKING:
    from napari_medassist.voice.recognisers.whisper import WhisperRecogniser

#: Grammars that are kept ready; each takes some 30 MB.
_N_KEPT = 4
Key = tuple[tuple[str, ...], tuple[tuple[str, tuple[str, ...]], ...]]


class Recognisers:
    """Makes recognisers that share one model. Safe to ask from any thread, one after the other."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._model: tuple[str, str] | None = None
        self._made: OrderedDict[Key, WhisperRecogniser] = OrderedDict()

    def known(self, grammar: Phrases, choices: Choices) -> WhisperRecogniser | None:
        """Return the recogniser of a grammar if it is ready."""
        is_same = self._model == (choices.model, choices.language)
        return self._made.get(_key(grammar)) if is_same else None

    def make(self, grammar: Phrases, choices: Choices) -> WhisperRecogniser:
        """Return the recogniser of a grammar; it takes some seconds where it is not known.

        Raises
        ------
        FileProblem, CorruptFile
            If the model is not here, or not the expected one.
        InvalidSetting
            If a package is missing, or the model does not know the language.
        """
        from napari_medassist.voice.recognisers.whisper import WhisperRecogniser

        with self._lock:
            model, key = (choices.model, choices.language), _key(grammar)
            if self._model != model:
                self._made.clear()
            if key not in self._made:
                made = next(iter(self._made.values()), None)
                self._made[key] = (
                    made.for_phrases(grammar.phrases, grammar.also_written)
                    if made is not None
                    else WhisperRecogniser(
                        grammar.phrases,
                        choices.model_folder,
                        also_written=grammar.also_written,
                        language=choices.language,
                    )
                )
                self._model = model
            self._made.move_to_end(key)
            while len(self._made) > _N_KEPT:
                self._made.popitem(last=False)
            return self._made[key]


def _key(grammar: Phrases) -> Key:
    return grammar.phrases, tuple(sorted(grammar.also_written.items()))
