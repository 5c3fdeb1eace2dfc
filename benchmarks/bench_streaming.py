"""Listen for half an hour while a model runs: is sound lost, does time drift, does memory grow?

A sound server with a null sink plays one long file, in which a phrase is said every ten seconds, into
the real way of sound (PortAudio); beside it a segmentation model runs again and again. Needs pulseaudio
and espeak-ng. Run it as ``python benchmarks/bench_streaming.py --minutes 30``.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import wave
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

RATE_HZ, EVERY_S = 16_000, 10.0
PHRASE, PHRASES = "label pancreas", ("label pancreas", "next slice", "undo that", "label left kidney")
_LOUD = 0.02
#: A stream that was just opened has no steady clock.
_SETTLES_S = 6.0


def phrase() -> NDArray[np.float32]:
    """Return the phrase as espeak-ng says it, 16 kHz."""
    from napari_medassist.voice.sound import read_sound

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "said.wav"
        subprocess.run(["espeak-ng", "-v", "en-us", "-s", "150", "-w", str(path), PHRASE], check=True)
        return read_sound(path)


def write_sound(path: Path, minutes: float) -> int:
    """Write the long file; return how often the phrase is said in it."""
    said, n = phrase(), int(minutes * 60 / EVERY_S)
    part = np.zeros(int(EVERY_S * RATE_HZ), "<i2")
    part[RATE_HZ : RATE_HZ + len(said)] = (said * 32767).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        for _ in range(n):
            file.writeframes(part.tobytes())
    return n


def memory_mb() -> float:
    """Return the memory that this process holds, MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def listen(seconds: float, out: Path) -> None:
    """Listen, understand, and write what was seen; in the environment of the sound server."""
    from napari_medassist.voice.activity import Segmenter, Utterance
    from napari_medassist.voice.capture import Microphone
    from napari_medassist.voice.hearing import Hearing, Understanding, Understood
    from napari_medassist.voice.recognisers.whisper import WhisperRecogniser

    found: list[tuple[float, str, float]] = []
    begins: list[float] = []
    memory: list[float] = []
    clocks: list[tuple[float, float]] = []

    def understood(one: Understood) -> None:
        ready_s = time.monotonic() - one.utterance.end_s
        if one.outcome is not None:
            found.append((one.utterance.begin_s, f"{one.outcome.action} {one.outcome.text}", ready_s))

    def heard(one: Utterance) -> None:
        first = int(np.argmax(np.abs(one.samples) > _LOUD))
        begins.append(one.first_s + first / RATE_HZ)
        understanding.take(one)

    understanding = Understanding(understood, lambda error: found.append((0.0, str(error), 0.0)))
    understanding.use(WhisperRecogniser(PHRASES))
    microphone = Microphone()
    hearing = Hearing(microphone, Segmenter(), heard, lambda _problem: None)
    hearing.start()
    print("listening", flush=True)
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        time.sleep(10)
        memory.append(memory_mb())
        clocks.append((time.monotonic(), hearing.heard_s))
    hearing.stop()
    while understanding.n_waiting:
        time.sleep(0.1)
    plain = {
        "begins_s": begins,
        "understood": found,
        "memory_mb": memory,
        "clocks_s": clocks,
        "n_lost": microphone.n_lost,
    }
    out.write_text(json.dumps(plain))


def run(minutes: float, model: str, image: Path) -> None:
    """Play, listen, and tell what came of it."""
    with tempfile.TemporaryDirectory(prefix="pulse") as folder:
        home = Path(folder)
        (home / ".asoundrc").write_text("pcm.!default { type pulse }\nctl.!default { type pulse }\n")
        (home / "run").mkdir(mode=0o700)
        run_folder = str(home / "run")
        sound = {**os.environ, "XDG_RUNTIME_DIR": run_folder, "PULSE_RUNTIME_PATH": run_folder}
        sound |= {"HOME": folder, "XDG_DATA_HOME": os.environ.get("XDG_DATA_HOME", data_home())}
        server = subprocess.Popen(
            ["pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1",
             "--load=module-null-sink sink_name=said", "--load=module-native-protocol-unix"],
            env=sound, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        time.sleep(3)
        subprocess.run(["pactl", "set-default-source", "said.monitor"], env=sound, check=True)
        n = write_sound(home / "long.wav", minutes)
        out = home / "out.json"
        listening = subprocess.Popen(
            [sys.executable, __file__, "--listen", str(n * EVERY_S + 2 * _SETTLES_S + 5), str(out)],
            env=sound, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert listening.stdout is not None
        listening.stdout.readline()
        time.sleep(_SETTLES_S)
        stop = threading.Event()
        counted: list[int] = [0]
        loader = threading.Thread(target=load, args=(model, image, home, stop, counted))
        loader.start()
        subprocess.run(["paplay", str(home / "long.wav")], env=sound, check=True)
        listening.wait()
        stop.set()
        loader.join()
        server.terminate()
        tell(json.loads(out.read_text()), n, counted[0])


def load(model: str, image: Path, home: Path, stop: threading.Event, counted: list[int]) -> None:
    """Run a model over and over."""
    while not stop.is_set():
        made = [str(image), "--model", model, "--out", str(home / "labels.nii.gz")]
        done = subprocess.run(
            [sys.executable, "-m", "napari_medassist.cli.main", "segment", *made], capture_output=True
        )
        if done.returncode > 1:
            stop.set()
            print(done.stderr.decode(), file=sys.stderr)
            return
        counted[0] += 1


def data_home() -> str:
    """Return where the user's data lie: the models are there."""
    return str(Path.home() / ".local" / "share")


def tell(found: dict[str, list], n: int, n_runs: int) -> None:
    """Print the figures."""
    begins, clocks = np.array(found["begins_s"]), np.array(found["clocks_s"])
    # A sound card has a clock of its own: one that is fast plays and hears faster than it should.
    fast = float(np.polyfit(clocks[1:, 0] - clocks[0, 0], clocks[1:, 1], 1)[0])
    off_ms = 1000 * (begins - begins[0] - EVERY_S / fast * np.arange(len(begins)))
    right = [one for one in found["understood"] if one[1] == f"execute {PHRASE}"]
    late_s = np.array([one[2] for one in found["understood"]])
    memory = np.array(found["memory_mb"])
    tenth = max(1, len(memory) // 10)
    print(f"{n} phrases said, {len(begins)} heard, {len(right)} executed; the model ran {n_runs} times")
    print(f"blocks of sound lost: {found['n_lost']}")
    slope = np.polyfit(np.arange(len(off_ms)), off_ms, 1)[0] * len(off_ms)
    print(f"the clock of the sound card runs {1e6 * (fast - 1):.0f} ppm fast")
    print(
        f"times, but for that: within {np.abs(off_ms).max():.1f} ms of the first; trend {slope:.1f} ms"
    )
    print(f"off by, ms: {', '.join(f'{ms:.0f}' for ms in off_ms[:: max(1, len(off_ms) // 12)])}")
    median_s, most_s = np.percentile(late_s, (50, 95))
    print(f"end of speech to understood: median {median_s:.2f} s, 95 % {most_s:.2f} s")
    print(
        f"memory: {memory[tenth : 2 * tenth].mean():.0f} MB early, {memory[-tenth:].mean():.0f} MB late"
    )


def main() -> None:
    """Run the bench."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--model", default="prostate-zones")
    parser.add_argument("--image", type=Path, default=Path("sample_data/simulated-mpmr"))
    parser.add_argument("--listen", nargs=2, metavar=("S", "OUT"), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.listen:
        listen(float(args.listen[0]), Path(args.listen[1]))
    else:
        run(args.minutes, args.model, args.image)


if __name__ == "__main__":
    main()
