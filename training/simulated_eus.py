"""Simulated endoscopic ultrasound: frames of five structures, and what speakers say of them.

Echoes are a field of random scatterers seen through a point spread function along beam and depth, in
polar coordinates, attenuated, compressed and drawn as a sector. Shapes are rough pictures of what the
structures look like; nothing here was measured on a patient. Comments are spoken by the voices of
``benchmarks/voice_corpus.py``, in noise, and some name another structure than is seen. Run as::

    python training/simulated_eus.py --out samples
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "benchmarks"))
from voice_corpus import RATE, VOICES, lines, noisy, say

Map = NDArray[np.float64]
SIZE_PX, N_DEPTHS, N_BEAMS = 128, 192, 96
OPENING_DEG, NEAR = 100.0, 0.12
LABELS = ("aorta", "common bile duct", "liver", "pancreas", "portal vein")
WORDS = {
    "aorta": ("aorta", "abdominal aorta"),
    "common bile duct": ("common bile duct", "bile duct"),
    "liver": ("liver", "left lobe of the liver"),
    "pancreas": ("pancreas",),
    "portal vein": ("portal vein",),
}
SENTENCES = ("{}", "this is the {}", "here we see the {}", "now the {}", "and that is the {}")
#: Share of comments that name another structure: speakers are early, late, or speak of what comes next.
WRONG_SHARE = 0.15
_SNR_DB = (5.0, 20.0)


def _polar() -> tuple[Map, Map]:
    """Return depth (0..1) and angle (-1..1) of each sample of the echoes."""
    depth, angle = np.meshgrid(
        np.linspace(NEAR, 1, N_DEPTHS), np.linspace(-1, 1, N_BEAMS), indexing="ij"
    )
    return depth, angle


def _place(depth: Map, angle: Map) -> tuple[Map, Map]:
    """Return where a sample lies: to the right, and down, in depths."""
    radians = np.deg2rad(angle * OPENING_DEG / 2)
    return depth * np.sin(radians), depth * np.cos(radians)


def _blob(x: Map, y: Map, rng: np.random.Generator, size: float, at: tuple[float, float]) -> Map:
    """Return a lobulated region, positive inside, in units of its size."""
    phase, n = rng.uniform(0, 6.28, 3), np.arange(2, 5)
    turn = np.arctan2(y - at[1], x - at[0])
    radius = size * (1 + sum(0.12 * np.cos(k * turn + p) for k, p in zip(n, phase, strict=True)))
    return 1 - np.hypot(x - at[0], y - at[1]) / radius


def _tube(x: Map, y: Map, rng: np.random.Generator, width: float, at: tuple[float, float]) -> Map:
    """Return a slightly bent tube, positive inside, in units of half its width."""
    turn, bend = rng.uniform(-0.9, 0.9), rng.uniform(-0.5, 0.5)
    along = (x - at[0]) * np.cos(turn) + (y - at[1]) * np.sin(turn)
    across = -(x - at[0]) * np.sin(turn) + (y - at[1]) * np.cos(turn)
    return 1 - np.abs(across - bend * along**2) / (width / 2)


def _wall(inside: Map, thickness: float) -> Map:
    return np.exp(-((inside / thickness) ** 2))


def _aorta(x: Map, y: Map, rng: np.random.Generator) -> tuple[Map, Map]:
    vessel = _tube(x, y, rng, rng.uniform(0.16, 0.28), (rng.uniform(-0.2, 0.2), rng.uniform(0.5, 0.75)))
    return np.where(vessel > 0, 0.03, 1.0) + 2.5 * _wall(vessel, 0.15), vessel


def _bile_duct(x: Map, y: Map, rng: np.random.Generator) -> tuple[Map, Map]:
    duct = _tube(x, y, rng, rng.uniform(0.05, 0.09), (rng.uniform(-0.2, 0.2), rng.uniform(0.3, 0.55)))
    return np.where(duct > 0, 0.03, 1.0) + 1.8 * _wall(duct, 0.3), duct


def _portal_vein(x: Map, y: Map, rng: np.random.Generator) -> tuple[Map, Map]:
    vein = _tube(x, y, rng, rng.uniform(0.11, 0.19), (rng.uniform(-0.2, 0.2), rng.uniform(0.35, 0.65)))
    return np.where(vein > 0, 0.08, 1.0) + 0.6 * _wall(vein, 0.2), vein


def _pancreas(x: Map, y: Map, rng: np.random.Generator) -> tuple[Map, Map]:
    gland = _blob(x, y, rng, rng.uniform(0.22, 0.34), (rng.uniform(-0.15, 0.15), rng.uniform(0.4, 0.6)))
    coarse = ndimage.gaussian_filter(rng.normal(size=x.shape), 3) * 3
    return np.where(gland > 0, np.exp(0.7 * coarse) * rng.uniform(1.2, 1.8), 0.8), 0 * x - 1


def _liver(x: Map, y: Map, rng: np.random.Generator) -> tuple[Map, Map]:
    echo = np.full(x.shape, rng.uniform(0.9, 1.3))
    fluid = np.full(x.shape, -1.0)
    for _ in range(rng.integers(1, 4)):
        vessel = _blob(
            x, y, rng, rng.uniform(0.02, 0.05), (rng.uniform(-0.4, 0.4), rng.uniform(0.3, 0.9))
        )
        echo = np.where(vessel > 0, 0.06, echo)
        fluid = np.maximum(fluid, vessel)
    return echo, fluid


DRAWN: dict[str, Callable[[Map, Map, np.random.Generator], tuple[Map, Map]]] = {
    "aorta": _aorta,
    "common bile duct": _bile_duct,
    "liver": _liver,
    "pancreas": _pancreas,
    "portal vein": _portal_vein,
}


def frame(label: str, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Return a frame that shows a structure, (128, 128)."""
    depth, angle = _polar()
    x, y = _place(depth, angle)
    echo, fluid = DRAWN[label](x, y, rng)
    other = _blob(x, y, rng, rng.uniform(0.02, 0.07), (rng.uniform(-0.5, 0.5), rng.uniform(0.25, 0.9)))
    echo = np.where(other > 0, rng.choice([0.1, 2.0]), echo)
    background = ndimage.gaussian_filter(rng.normal(size=depth.shape), (10, 6)) * 8
    echo = echo * np.exp(rng.uniform(0.2, 0.5) * background)
    field = rng.normal(size=depth.shape) + 1j * rng.normal(size=depth.shape)
    field = field * np.sqrt(echo)
    along, across = rng.uniform(0.8, 1.2), rng.uniform(1.2, 2.0)
    seen = ndimage.gaussian_filter(field.real, (along, across)) + 1j * ndimage.gaussian_filter(
        field.imag, (along, across)
    )
    fluid_above = np.cumsum(fluid > 0, axis=0) / N_DEPTHS
    loss = np.exp(-rng.uniform(0.6, 1.8) * depth + rng.uniform(1.0, 2.5) * fluid_above)
    envelope = np.abs(seen) * loss + 0.01 * rng.random(depth.shape)
    envelope[: rng.integers(3, 9)] *= rng.uniform(1.5, 4)
    decibels = 20 * np.log10(envelope / np.percentile(envelope, 99) + 1e-6)
    span = rng.uniform(40, 60)
    grey = np.clip(1 + decibels / span, 0, 1) * rng.uniform(0.7, 1.0)
    return (255 * _sector(grey)).astype(np.uint8)


def _sector(polar: Map) -> Map:
    """Draw echoes as a sector."""
    down, right = np.mgrid[0:SIZE_PX, 0:SIZE_PX] / (SIZE_PX - 1.0)
    right = 2 * right - 1
    depth, angle = np.hypot(right, down), np.rad2deg(np.arctan2(right, down)) / (OPENING_DEG / 2)
    rows = (depth - NEAR) / (1 - NEAR) * (N_DEPTHS - 1)
    columns = (angle + 1) / 2 * (N_BEAMS - 1)
    drawn = ndimage.map_coordinates(polar, [rows, columns], order=1, mode="constant")
    return np.where((np.abs(angle) <= 1) & (depth <= 1) & (depth >= NEAR), drawn, 0.0)


def write(out: Path, n_each: int, seed: int) -> None:
    """Write pictures, sounds and ``samples.csv``; each voice speaks of frames of its own."""
    rng = np.random.default_rng(seed)
    talk = [say(VOICES["espeak-us"][0], text) for text in lines("ordinary_dev")]
    for name in ("images", "sounds"):
        (out / name).mkdir(parents=True, exist_ok=True)
    rows = []
    for voice, (speak, _) in VOICES.items():
        said = {
            (label, word, sentence): say(speak, sentence.format(word))
            for label, words in WORDS.items()
            for word in words
            for sentence in SENTENCES
        }
        keys = {label: [key for key in said if key[0] == label] for label in LABELS}
        for label in LABELS:
            for n in range(n_each):
                name = f"{voice}-{label.replace(' ', '-')}-{n:03d}"
                Image.fromarray(frame(label, rng)).save(out / "images" / f"{name}.png")
                is_wrong = rng.random() < WRONG_SHARE
                named = str(rng.choice([o for o in LABELS if o != label])) if is_wrong else label
                key = keys[named][rng.integers(len(keys[named]))]
                sound = noisy(said[key], rng.uniform(*_SNR_DB), int(rng.integers(1 << 30)), talk)
                soundfile.write(out / "sounds" / f"{name}.wav", sound, RATE, subtype="PCM_16")
                rows.append((f"images/{name}.png", f"sounds/{name}.wav", label, voice))
        print(voice, flush=True)
    with (out / "samples.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("image", "sound", "label", "group"))
        writer.writerows(rows)


def main() -> None:
    """Write the samples."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--each", type=int, default=40, help="frames of each structure, for each voice")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    write(args.out, args.each, args.seed)


if __name__ == "__main__":
    main()
