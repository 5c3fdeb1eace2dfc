"""Sound from a microphone, block by block, with what was lost counted."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Self

import av
import numpy as np

from napari_medassist.core.errors import FileProblem, InvalidSetting
from napari_medassist.voice.extra import CURE
from napari_medassist.voice.sound import RATE_HZ, Samples

#: Sound that may wait to be taken; what comes later is dropped, and counted.
_WAITING_S = 30.0
_BLOCK_S = 0.032
_GONE_AFTER_S = 3.0


@dataclass(frozen=True)
class Device:
    """A device that sound comes from.

    Attributes
    ----------
    number, name
        What PortAudio calls it.
    rate_hz
        Its own rate.
    is_default
        Whether the system chooses it.
    """

    number: int
    name: str
    rate_hz: int
    is_default: bool


@dataclass(frozen=True, eq=False)
class Block:
    """A piece of sound.

    Attributes
    ----------
    samples
        float32 (n,), 16 kHz, -1 to 1.
    begin_s
        When its first sample was heard, on the clock of ``time.monotonic``.
    """

    samples: Samples
    begin_s: float


def devices() -> tuple[Device, ...]:
    """Return all devices that sound may come from.

    Raises
    ------
    InvalidSetting
        If sounddevice or the PortAudio library is not installed.
    """
    library = sounddevice()
    default = library.default.device[0]
    return tuple(
        Device(number, one["name"], int(one["default_samplerate"]), number == default)
        for number, one in enumerate(library.query_devices())
        if one["max_input_channels"] > 0
    )


def device_called(name: str) -> int | None:
    """Return the number of the device of a name; None for the system's, if the name is empty.

    Raises
    ------
    InvalidSetting
        If there is no such device, or sounddevice or PortAudio is not installed.
    """
    if not name:
        return None
    found = next((device.number for device in devices() if device.name == name), None)
    if found is None:
        raise InvalidSetting(
            f"The microphone '{name}' is not connected.", cure="Connect it, or choose another one."
        )
    return found


class Microphone:
    """Hears until it is closed.

    Use it as a context manager; :meth:`blocks` yields what is heard.

    Parameters
    ----------
    device
        Number of a device of :func:`devices`; None for the system's.

    Attributes
    ----------
    n_lost
        Blocks that were dropped: by the system, or because nobody took them in time.
    level
        Root mean square of the newest block, 0 to 1.
    """

    def __init__(self, device: int | None = None) -> None:
        self._device = device
        self._waiting: queue.Queue[tuple[Samples, float]] = queue.Queue(int(_WAITING_S / _BLOCK_S))
        self._stream: Any = None
        self._closed = threading.Event()
        self._clock: _Clock | None = None
        self.n_lost = 0
        self.level = 0.0

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(self, *_raised: object) -> None:
        self.close()

    def open(self) -> None:
        """Begin to hear, unless that has begun.

        Raises
        ------
        InvalidSetting
            If sounddevice or the PortAudio library is not installed.
        FileProblem
            If there is no microphone, or it cannot be opened.
        """
        if self._stream is not None:
            return
        library = sounddevice()
        try:
            rate = int(library.query_devices(self._device, "input")["default_samplerate"])
            self._stream = library.InputStream(
                device=self._device, channels=1, samplerate=rate, dtype="float32",
                blocksize=int(rate * _BLOCK_S), callback=self._take,
            )  # fmt: skip
            self._clock = _Clock(rate)
            self._stream.start()
        except (library.PortAudioError, ValueError) as error:
            self.close()
            raise FileProblem(
                f"No sound can be recorded: {error}",
                cure="Connect a microphone, or choose another device.",
            ) from error

    def close(self) -> None:
        """Hear no more; what was heard before can still be taken."""
        self._closed.set()
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.close()

    def blocks(self) -> Iterator[Block]:
        """Yield what is heard until the microphone is closed.

        Raises
        ------
        FileProblem
            If nothing has come for some seconds: the device was unplugged. What came before was
            yielded.
        """
        resampler: Any = None
        while True:
            try:
                samples, begin_s = self._waiting.get(timeout=0.1)
            except queue.Empty:
                if self._closed.is_set():
                    return
                if self._clock is not None and self._clock.silent_s() > _GONE_AFTER_S:
                    self.close()
                    raise FileProblem(
                        "The microphone sends no sound any more.", cure="Plug it in and begin again."
                    ) from None
                continue
            rate = self._clock.rate_hz if self._clock is not None else RATE_HZ
            if rate != RATE_HZ:
                resampler = resampler or av.AudioResampler("s16", "mono", RATE_HZ)
                samples = _resampled(samples, rate, resampler)
            if len(samples):
                yield Block(samples, begin_s)

    def _take(self, indata: Samples, n_frames: int, times: Any, status: Any) -> None:
        """Take a block, in PortAudio's thread: nothing here may wait."""
        samples = indata[:, 0].copy()
        if status.input_overflow:
            self.n_lost += 1
        self.level = float(np.sqrt(np.mean(samples**2))) if n_frames else 0.0
        assert self._clock is not None  # noqa: S101 - it is made before the stream starts
        begin_s = self._clock.begin_of(n_frames, times.inputBufferAdcTime, times.currentTime)
        try:
            self._waiting.put_nowait((samples, begin_s))
        except queue.Full:
            self.n_lost += 1


class _Clock:
    """Tells when a block was heard, on the clock of ``time.monotonic``.

    The device's clock is the steadier one; where it gives no times (some drivers say 0), those of the
    blocks' arrival are taken.
    """

    def __init__(self, rate_hz: int) -> None:
        self.rate_hz = rate_hz
        self._last = time.monotonic()

    def begin_of(self, n_frames: int, adc_time: float, current_time: float) -> float:
        """Return when the first of ``n_frames`` samples that have just come was heard."""
        now = self._last = time.monotonic()
        length = n_frames / self.rate_hz
        delay = current_time - adc_time
        return now - (delay if adc_time > 0 and 0 <= delay < 1 else length)

    def silent_s(self) -> float:
        """Return for how long nothing has come."""
        return time.monotonic() - self._last


def _resampled(samples: Samples, rate_hz: int, resampler: Any) -> Samples:
    numbers = np.clip(np.rint(samples * 32767), -32768, 32767).astype(np.int16)
    frame = av.AudioFrame.from_ndarray(numbers[None], format="s16", layout="mono")
    frame.sample_rate = rate_hz
    made = [part.to_ndarray().ravel() for part in resampler.resample(frame)]
    joined = np.concatenate(made) if made else np.zeros(0, np.int16)
    return np.asarray(joined / np.float32(32768), dtype=np.float32)


def sounddevice() -> Any:
    """Return the library of that name.

    Raises
    ------
    InvalidSetting
        If it, or the PortAudio library, is not installed.
    """
    try:
        import sounddevice as library
    except ImportError as error:
        raise InvalidSetting(
            "Recording needs sounddevice, which is not installed.",
            cure=CURE,
        ) from error
    except OSError as error:
        raise InvalidSetting(
            "Recording needs the PortAudio library, which is not installed.",
            cure="On Debian or Ubuntu: sudo apt-get install libportaudio2",
        ) from error
    return library
