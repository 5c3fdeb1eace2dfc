"""What the network sees and hears: pictures of 128 x 128, and log-mel spectrograms of 1.5 s."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from napari_medassist.voice.sound import RATE_HZ, Samples

PICTURE_PX = 128
SOUND_S = 1.5
N_MELS, WINDOW, HOP, N_FFT = 40, 400, 160, 512
LOW_HZ, HIGH_HZ = 20.0, 8000.0
N_TIMES = 1 + (int(SOUND_S * RATE_HZ) - WINDOW) // HOP
_FLOOR = 1e-6
#: What varies less is nothing.
_FLAT = 1e-6
_GREY = (0.299, 0.587, 0.114)

Spectrogram = NDArray[np.float32]
Picture = NDArray[np.float32]


def spectrogram(samples: Samples) -> Spectrogram:
    """Return the log-mel spectrogram of a sound.

    Parameters
    ----------
    samples
        float32 (n,), 16 kHz. Of a longer one the loudest 1.5 s are taken, a shorter one is centred in
        silence.

    Returns
    -------
    numpy.ndarray
        float32 (40, 148): 40 mel bands from 20 to 8000 Hz, windows of 25 ms every 10 ms; mean 0 and
        variance 1.
    """
    sound = _of_length(samples.astype(np.float64))
    starts = HOP * np.arange(N_TIMES)
    frames = sound[starts[:, None] + np.arange(WINDOW)] * np.hanning(WINDOW)
    power = np.abs(np.fft.rfft(frames, N_FFT, axis=1)) ** 2
    logs = np.log(power @ _mel_filters() + _FLOOR)
    spread = float(logs.std())
    normal = (logs - logs.mean()) / spread if spread > _FLAT else np.zeros_like(logs)
    return np.ascontiguousarray(normal.T, dtype=np.float32)


def picture(frame: NDArray[np.generic]) -> Picture:
    """Return a frame as the network sees it.

    Parameters
    ----------
    frame
        (y, x) grey or (y, x, 3) RGB, uint8 or wider.

    Returns
    -------
    numpy.ndarray
        float32 (128, 128): the frame in full, in proportion, in the middle; mean 0 and variance 1.
    """
    from skimage.transform import resize

    grey = np.asarray(frame, dtype=np.float32)
    if grey.ndim == 3:
        grey = grey @ np.asarray(_GREY, np.float32)
    scale = PICTURE_PX / max(grey.shape)
    rows, columns = (max(1, round(n * scale)) for n in grey.shape)
    small = resize(grey, (rows, columns), anti_aliasing=True, preserve_range=True)
    made = np.zeros((PICTURE_PX, PICTURE_PX), np.float32)
    top, left = (PICTURE_PX - rows) // 2, (PICTURE_PX - columns) // 2
    made[top : top + rows, left : left + columns] = small
    spread = float(made.std())
    normal = (made - made.mean()) / spread if spread > _FLAT else np.zeros_like(made)
    return np.asarray(normal, dtype=np.float32)


def _of_length(sound: NDArray[np.float64]) -> NDArray[np.float64]:
    n = int(SOUND_S * RATE_HZ)
    if len(sound) <= n:
        before = (n - len(sound)) // 2
        return np.pad(sound, (before, n - len(sound) - before))
    energy = np.concatenate([[0.0], np.cumsum(sound**2)])
    first = int(np.argmax(energy[n:] - energy[:-n]))
    return sound[first : first + n]


@cache
def _mel_filters() -> NDArray[np.float64]:
    """Return triangles on the mel scale (O'Shaughnessy's), (257, 40)."""
    low, high = (2595 * np.log10(1 + hz / 700) for hz in (LOW_HZ, HIGH_HZ))
    edges = 700 * (10 ** (np.linspace(low, high, N_MELS + 2) / 2595) - 1)
    hz = np.fft.rfftfreq(N_FFT, 1 / RATE_HZ)[:, None]
    left, middle, right = edges[:-2], edges[1:-1], edges[2:]
    rising, falling = (hz - left) / (middle - left), (right - hz) / (right - middle)
    return np.maximum(0.0, np.minimum(rising, falling))
