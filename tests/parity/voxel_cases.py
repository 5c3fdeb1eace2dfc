"""Seeded pairs of masks for parity tests: several lesions, touching parts, ties, empties, thin things.

Needs NumPy only. The fingerprint tells whether another version of NumPy draws other numbers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

N_CASES = 330
Mask = NDArray[np.bool_]
Triple = tuple[float, float, float]
#: Spacings that make ties (equal, whole multiples), and others; zyx in mm.
SPACINGS: tuple[Triple, ...] = (
    (1.0, 1.0, 1.0),
    (3.0, 0.5, 0.5),
    (3.0, 1.5, 0.75),
    (2.2, 0.7, 0.7),
    (0.9, 1.3, 4.1),
    (5.0, 0.8, 1.1),
)


@dataclass(frozen=True)
class VoxelCase:
    """A reference, a prediction (z, y, x; bool), probabilities if there are some, and the spacing."""

    number: int
    reference: Mask
    prediction: Mask
    probability: NDArray[np.float64] | None
    spacing_zyx_mm: Triple


def cases() -> Iterator[VoxelCase]:
    """Go through all cases."""
    return (case(number) for number in range(N_CASES))


def around(mask: Mask) -> tuple[slice, ...]:
    """Return the box of a mask with five voxels of room, or what the array has of that."""
    places = np.argwhere(mask)
    low, high = np.maximum(places.min(axis=0) - 5, 0), places.max(axis=0) + 6
    return tuple(slice(int(a), int(b)) for a, b in zip(low, high, strict=True))


def fingerprint() -> str:
    """Return a hash of all masks and probabilities."""
    digest = sha256()
    for one in cases():
        for array in (one.reference, one.prediction, np.rint(one.probability * 100).astype(np.int16)):
            digest.update(array.tobytes())
    return digest.hexdigest()


def case(number: int) -> VoxelCase:
    """Return one case; the same number gives the same case."""
    rng = np.random.default_rng([20, number])
    shape = tuple(int(n) for n in rng.integers((3, 8, 8), (13, 30, 30)))
    reference = _blobs(rng, shape, int(rng.integers(1, 6)))
    prediction = _PREDICTIONS[number % len(_PREDICTIONS)](rng, reference)
    if number % 11 == 10:  # empties: the one side, the other, both
        reference = reference & (number % 3 == 0)
        prediction = prediction & (number % 3 == 1)
    probability = np.where(prediction, 0.5, 0.0) + rng.integers(0, 50, shape) / 100
    probability[rng.random(shape) < 0.5] = 0.0
    spacing = SPACINGS[int(rng.integers(len(SPACINGS)))]
    return VoxelCase(number, reference, prediction, probability, spacing)


def _blobs(rng: np.random.Generator, shape: tuple[int, ...], n: int) -> Mask:
    """Return boxes and ellipsoids, which touch, overlap and leave the array as they happen to."""
    mask = np.zeros(shape, dtype=bool)
    for _ in range(n):
        centre = rng.random(3) * shape
        radii = 0.6 + rng.random(3) * np.array(shape) / 5
        axes = np.ogrid[tuple(slice(0, n) for n in shape)]
        parts = [np.abs(a - c) / r for a, c, r in zip(axes, centre, radii, strict=True)]
        if rng.random() < 0.5:
            mask |= np.maximum(np.maximum(parts[0], parts[1]), parts[2]) <= 1
        else:
            mask |= parts[0] ** 2 + parts[1] ** 2 + parts[2] ** 2 <= 1
    mask[tuple(rng.integers(0, shape))] = True
    return mask


def _moved(rng: np.random.Generator, reference: Mask) -> Mask:
    return np.roll(reference, tuple(rng.integers(-3, 4, 3)), axis=(0, 1, 2))


def _one_missed_one_false(rng: np.random.Generator, reference: Mask) -> Mask:
    kept = reference.copy()
    kept[tuple(slice(0, int(n)) for n in rng.integers(1, reference.shape))] = False
    return kept | _blobs(rng, reference.shape, 1)


def _unrelated(rng: np.random.Generator, reference: Mask) -> Mask:
    return _blobs(rng, reference.shape, int(rng.integers(1, 5)))


def _speckled(rng: np.random.Generator, reference: Mask) -> Mask:
    return reference ^ (rng.random(reference.shape) < 0.05)


def _same(rng: np.random.Generator, reference: Mask) -> Mask:
    return reference.copy()


def _everything_but_one_voxel(rng: np.random.Generator, reference: Mask) -> Mask:
    mask = np.ones_like(reference)
    mask[tuple(rng.integers(0, reference.shape))] = False
    return mask


_PREDICTIONS = (
    _moved,
    _one_missed_one_false,
    _unrelated,
    _speckled,
    _moved,
    _one_missed_one_false,
    _unrelated,
    _same,
    _one_missed_one_false,
    _everything_but_one_voxel,
)
