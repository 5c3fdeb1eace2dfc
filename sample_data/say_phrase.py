"""Let a synthetic voice say the phrase that the demonstration listens to.

Needs the program flite, whose versions differ: ``make_sample_data.py`` leaves the sound as it is::

    python sample_data/say_phrase.py
"""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

import av
import numpy as np

_PHRASE = "lesion pie rads four right transition zone mid"
_QUIET_S = (0.6, 1.2)  # before and after, as a microphone that is open hears it


def main() -> None:
    """Write ``simulated-voice.flac``."""
    with tempfile.TemporaryDirectory() as folder:
        said = Path(folder) / "said.wav"
        subprocess.run(["flite", "-voice", "slt", "-t", _PHRASE, "-o", str(said)], check=True)
        with av.open(said) as container:
            rate = container.streams.audio[0].rate
            sound = np.concatenate([one.to_ndarray().ravel() for one in container.decode(audio=0)])
    before, after = (np.zeros(round(seconds * rate), np.int16) for seconds in _QUIET_S)
    samples = np.concatenate([before, sound.astype(np.int16), after])
    with av.open(Path(__file__).with_name("simulated-voice.flac"), "w") as container:
        stream = container.add_stream("flac", rate=rate, layout="mono")
        frame = av.AudioFrame.from_ndarray(samples[None], format="s16", layout="mono")
        frame.sample_rate = rate
        container.mux(stream.encode(frame))
        container.mux(stream.encode())


if __name__ == "__main__":
    main()
