"""A short ultrasound clip of a curved probe: a beating vessel, a mass that moves with breathing."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pictures
from PIL import ImageDraw, ImageFont
from scipy.ndimage import gaussian_filter, map_coordinates

from random_fields import Image, smooth_noise

SEED = 20_260_103
FRAMES_PER_S, N_FRAMES = 25, 125
SIZE_YX = (240, 320)
_DEPTHS, _BEAMS = 320, 160
_FACE_MM, _DEPTH_MM, _HALF_ANGLE = 9.0, 62.0, np.deg2rad(52)
_MM_PER_PIXEL = 0.315
_TEXTURE_MM = 0.22


def simulate_ultrasound(seed: int = SEED, n_frames: int = N_FRAMES) -> Iterator[NDArray[np.uint8]]:
    """Make the clip frame by frame, each (y, x) uint8, with the word SIMULATED burnt in.

    Parameters
    ----------
    seed
        The same seed gives the same frames.
    n_frames
        How many, at ``FRAMES_PER_S``.
    """
    rng = np.random.default_rng(seed)
    x, depth, radius = _beam_points()
    shape = (440, 640)
    scatterers = rng.standard_normal((2, *shape)).astype(np.float32)
    layers = smooth_noise(rng, shape, (_TEXTURE_MM, _TEXTURE_MM), 2.2)
    layers += smooth_noise(rng, shape, (_TEXTURE_MM, _TEXTURE_MM), 7.0)
    for number in range(n_frames):
        time_s = number / FRAMES_PER_S
        moved_x, moved_depth = _breathing(x, depth, time_s)
        index = [moved_depth / _TEXTURE_MM + 30, moved_x / _TEXTURE_MM + shape[1] / 2]
        speckle = [map_coordinates(s, index, order=1, mode="wrap") for s in scatterers]
        uneven = map_coordinates(layers, index, order=1, mode="wrap")
        strength = _echo_strength(moved_x, moved_depth, uneven, time_s)
        envelope = _beamformed(speckle, strength)
        envelope += 0.004 * rng.rayleigh(size=envelope.shape) * (1 + radius / 30)
        yield _screen(envelope, number)


def _beam_points() -> tuple[Image, Image, Image]:
    """Return lateral place, depth below the probe's face and distance of each sample of each beam."""
    along = np.linspace(0, _DEPTH_MM, _DEPTHS, dtype=np.float32)[:, None]
    angle = np.linspace(-_HALF_ANGLE, _HALF_ANGLE, _BEAMS, dtype=np.float32)[None, :]
    radius = along + _FACE_MM
    shape = (_DEPTHS, _BEAMS)
    return radius * np.sin(angle), radius * np.cos(angle) - _FACE_MM, np.broadcast_to(along, shape)


def _breathing(x: Image, depth: Image, time_s: float) -> tuple[Image, Image]:
    """Return where the tissue seen now lies at rest; what is deep slides more."""
    phase = 2 * np.pi * time_s / 3.6
    share = 1 / (1 + np.exp(-(depth - 16) / 4))
    moved_x = x + 3.2 * np.sin(phase) * share
    return moved_x.astype(np.float32), (depth + 1.4 * np.cos(phase) * share).astype(np.float32)


def _echo_strength(x: Image, depth: Image, uneven: Image, time_s: float) -> Image:
    """Return the amplitude that the tissue sends back, 1 = liver-like."""
    beat = np.exp(-((time_s % 0.86) / 0.22)) * (1 - np.exp(-((time_s % 0.86) / 0.05)))
    wavy = 1.1 * np.sin(x / 6.5) + 0.5 * np.sin(x / 2.7 + 1)
    strength = 0.75 * np.exp(0.3 * uneven)
    wall_layers = depth + 0.25 * wavy
    for low, high, level in (
        (0, 1.2, 2.4),
        (1.2, 2.6, 0.25),
        (2.6, 4.6, 2.2),
        (4.6, 6.6, 0.22),
        (6.6, 7.6, 2.8),
    ):
        strength = np.where((wall_layers >= low) & (wall_layers < high), level * strength, strength)
    gland = _inside(x, depth, (4, 26), (24, 13), wavy)
    strength *= 1 + 0.7 * gland
    mass = _inside(x, depth, (9, 27), (8.5, 6.8), 0.9 * wavy)
    strength = strength * (1 - mass) + 0.24 * mass * np.exp(0.3 * uneven)
    vessel = _inside(x, depth, (-17, 35), (5.2 + 1.3 * beat, 4.4 + 1.1 * beat), 0.0 * wavy)
    rim = _inside(x, depth, (-17, 35), (6.3 + 1.3 * beat, 5.4 + 1.1 * beat), 0.0 * wavy) - vessel
    strength = strength * (1 - vessel) * (1 + 1.6 * rim) + 0.02 * vessel
    duct = _inside(x, depth - 0.18 * x, (2, 39), (17, 1.5), 0.2 * wavy)
    strength = strength * (1 - 0.93 * duct)
    back = _inside(x, depth, (6, 62), (60, 9), 1.5 * wavy)
    strength *= 1 + 2.2 * back
    shadow = np.exp(-np.square((x - 0.32 * depth - 12) / 1.7)) * (depth > 44)
    stone = _inside(x, depth, (26, 43.5), (2.2, 1.1), 0.0 * wavy)
    return ((strength + 9 * stone) * (1 - 0.9 * shadow)).astype(np.float32)


def _inside(
    x: Image, depth: Image, centre_mm: tuple[float, float], radii_mm: tuple[float, float], wavy: Image
) -> Image:
    length = np.hypot((x - centre_mm[0]) / radii_mm[0], (depth - centre_mm[1]) / radii_mm[1])
    distance = (length - 1) * min(radii_mm) + 0.5 * wavy
    return (1 / (1 + np.exp(np.clip(distance / 0.28, -30, 30)))).astype(np.float32)


def _beamformed(speckle: list[Image], strength: Image) -> Image:
    """Return the envelope: random scatterers blurred by the pulse (along) and the beam (across)."""
    real, imaginary = (gaussian_filter(s * strength, (0.9, 1.15)) for s in speckle)
    envelope = np.hypot(real, imaginary)
    edges = np.abs(np.gradient(gaussian_filter(strength, (1.0, 1.5)), axis=0))
    depth = np.linspace(0, 1, envelope.shape[0], dtype=np.float32)[:, None]
    lost = np.exp(-0.9 * np.square(depth))
    return ((envelope + 0.35 * edges) * lost).astype(np.float32)


def _screen(envelope: Image, number: int) -> NDArray[np.uint8]:
    """Compress to grey values, convert the beams to a picture and burn the word in."""
    decibel = 20 * np.log10(np.maximum(envelope / 2.4, 1e-6))
    grey = np.clip(255 * (1 + decibel / 44), 0, 255)
    rows, columns = np.indices(SIZE_YX, dtype=np.float32)
    x = (columns - SIZE_YX[1] / 2) * _MM_PER_PIXEL
    y = (rows - 14) * _MM_PER_PIXEL + _FACE_MM * np.cos(_HALF_ANGLE)
    along = (np.hypot(x, y) - _FACE_MM) / _DEPTH_MM * (_DEPTHS - 1)
    across = (np.arctan2(x, y) / _HALF_ANGLE + 1) / 2 * (_BEAMS - 1)
    picture = map_coordinates(grey, [along, across], order=1, mode="constant", cval=0.0)
    canvas = Pictures.fromarray(picture.astype(np.uint8))
    draw = ImageDraw.Draw(canvas)
    font = ImageFont.load_default_imagefont()
    draw.text((4, 3), "SIMULATED", fill=210, font=font)
    draw.text((4, SIZE_YX[0] - 13), f"{number / FRAMES_PER_S:.2f} s", fill=150, font=font)
    for step in range(0, int(_DEPTH_MM), 10):
        row = round(14 + (step + _FACE_MM * (1 - np.cos(_HALF_ANGLE))) / _MM_PER_PIXEL)
        draw.line([(SIZE_YX[1] - 6, row), (SIZE_YX[1] - 3, row)], fill=150)
    return np.asarray(canvas)
