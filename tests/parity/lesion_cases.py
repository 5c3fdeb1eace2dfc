"""Seeded multi-lesion cases for parity tests: touching and thin lesions, splits, merges, ties, empties.

Needs NumPy only. The fingerprint tells whether another version of NumPy draws other numbers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

N_CASES = 330
Float32 = NDArray[np.float32]
Triple = tuple[float, float, float]
Box = tuple[slice, slice, slice]
#: zyx in mm
SPACINGS: tuple[Triple, ...] = (
    (1.0, 1.0, 1.0),
    (3.0, 0.5, 0.5),
    (3.0, 1.5, 0.75),
    (2.2, 0.7, 0.7),
    (0.9, 1.3, 4.1),
)


@dataclass(frozen=True)
class LesionCase:
    """A reference, a detection map and a probability map on one grid (z, y, x), and its spacing.

    Each component of the detection map has one confidence; confidences have one decimal, so that ties
    are frequent. The probability map has several peaks, small ones too.
    """

    number: int
    reference: NDArray[np.bool_]
    detections: Float32
    probability: Float32
    spacing_zyx_mm: Triple


def cases() -> Iterator[LesionCase]:
    """Go through all cases."""
    return (case(number) for number in range(N_CASES))


def fingerprint() -> str:
    """Return a hash of all arrays."""
    digest = sha256()
    for one in cases():
        for array in (one.reference, np.rint(one.detections * 10).astype(np.int8)):
            digest.update(array.tobytes())
        digest.update(np.rint(one.probability * 10000).astype(np.int16).tobytes())
    return digest.hexdigest()


def case(number: int) -> LesionCase:
    """Return one case; the same number gives the same case."""
    rng = np.random.default_rng([31, number])
    shape = tuple(int(n) for n in rng.integers((4, 16, 16), (13, 36, 36)))
    boxes = [_box(rng, shape) for _ in range(int(rng.integers(1, 8)))]
    reference = np.zeros(shape, dtype=bool)
    for box in boxes:
        reference[box] |= _form(rng, box)
    detections = _detections(rng, shape, boxes)
    if number % 10 == 9:  # empties: the one side, the other, both
        reference &= number % 3 == 0
        detections *= np.float32(number % 3 == 1)
    probability = _probability(rng, shape, boxes)
    return LesionCase(number, reference, detections, probability, SPACINGS[number % len(SPACINGS)])


def _box(rng: np.random.Generator, shape: tuple[int, ...]) -> Box:
    start = [int(rng.integers(0, n - 1)) for n in shape]
    size = [int(rng.integers(1, max(2, n // 3) + 1)) for n in shape]
    z, y, x = (slice(a, min(a + s, n)) for a, s, n in zip(start, size, shape, strict=True))
    return z, y, x


def _form(rng: np.random.Generator, box: Box) -> NDArray[np.bool_]:
    """Return a box or an ellipsoid that fills it."""
    sizes = [side.stop - side.start for side in box]
    if rng.random() < 0.5:
        return np.ones(sizes, dtype=bool)
    axes = np.ogrid[tuple(slice(0, n) for n in sizes)]
    parts = [((2 * a + 1 - n) / n) ** 2 for a, n in zip(axes, sizes, strict=True)]
    return parts[0] + parts[1] + parts[2] <= 1


def _detections(rng: np.random.Generator, shape: tuple[int, ...], boxes: list[Box]) -> Float32:
    """Return candidates near the lesions and elsewhere, none next to another one."""
    values = np.zeros(shape, dtype=np.float32)
    called = [_moved(rng, box, shape) for box in boxes if rng.random() < 0.8]
    called += [_box(rng, shape) for _ in range(int(rng.integers(0, 3)))]
    called += [part for box in boxes if rng.random() < 0.4 for part in _halves(box)]
    if len(boxes) > 1 and rng.random() < 0.4:
        called.insert(0, _around(boxes[0], boxes[1]))
    for box in called:
        room = tuple(slice(max(side.start - 1, 0), side.stop + 1) for side in box)
        if not values[room].any():
            values[box] = np.where(_form(rng, box), rng.integers(1, 11) / 10, 0)
            values[box] = _one_piece(values[box])
    return values


def _one_piece(values: Float32) -> Float32:
    """Return a box filled if its ellipsoid missed the corners altogether, so that it is one piece."""
    return values if values.any() else np.full_like(values, 0.5)


def _moved(rng: np.random.Generator, box: Box, shape: tuple[int, ...]) -> Box:
    moved = []
    for side, n in zip(box, shape, strict=True):
        start = int(np.clip(side.start + rng.integers(-2, 3), 0, n - 1))
        stop = int(np.clip(side.stop + rng.integers(-2, 3), start + 1, n))
        moved.append(slice(start, stop))
    z, y, x = moved
    return z, y, x


def _halves(box: Box) -> list[Box]:
    z, y, x = box
    middle = (x.start + x.stop) // 2
    if x.stop - x.start < 4:
        return [box]
    return [(z, y, slice(x.start, middle - 1)), (z, y, slice(middle + 1, x.stop))]


def _around(first: Box, second: Box) -> Box:
    z, y, x = (
        slice(min(a.start, b.start), max(a.stop, b.stop)) for a, b in zip(first, second, strict=True)
    )
    return z, y, x


def _probability(rng: np.random.Generator, shape: tuple[int, ...], boxes: list[Box]) -> Float32:
    """Return bumps of several heights over noise, with four decimals."""
    values = rng.random(shape) * rng.choice((0.0, 0.05, 0.2))
    axes = np.ogrid[tuple(slice(0, n) for n in shape)]
    for box in [*boxes, _box(rng, shape), _box(rng, shape)]:
        parts = []
        for axis, side in zip(axes, box, strict=True):
            half = (side.stop - side.start) / 2
            parts.append(((axis + 0.5 - side.start - half) / (half + 0.2)) ** 2)
        bump = rng.uniform(0.05, 1) * np.exp(-(parts[0] + parts[1] + parts[2]))
        values = np.maximum(values, bump)
    return np.clip(values, 0, 1).round(4).astype(np.float32)
