"""A chest CT with lungs, heart, spine, ribs, vessels, and ground-glass and consolidated opacities."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from random_fields import Image, smooth_noise
from shapes import Points, Triple, blend, common, ellipsoid, rod, slab, union

SEED = 20_260_102
SHAPE_ZYX = (80, 160, 160)
SPACING_ZYX_MM = (4.0, 2.2, 2.2)
#: LPS position of the first voxel's centre.
ORIGIN_LPS_MM = (-172.0, -190.5, -312.0)
#: Finer by this much than what is stored, for partial volume.
_FINER = 2


@dataclass(frozen=True)
class ChestCt:
    """The simulated CT; arrays are (z, y, x), z upward, y posterior, x toward the patient's left.

    Parameters
    ----------
    hu
        int16, Hounsfield units.
    opacities
        uint8, 1 = opacity.
    lungs
        uint8: 1 right lung, 2 left lung; opacities belong to the lungs.
    """

    hu: NDArray[np.int16]
    opacities: NDArray[np.uint8]
    lungs: NDArray[np.uint8]


def simulate_ct(seed: int = SEED) -> ChestCt:
    """Simulate the CT.

    Parameters
    ----------
    seed
        The same seed gives the same image.
    """
    rng = np.random.default_rng(seed)
    p = _points(rng)
    hu = np.full(p.x.shape, -1000, dtype=np.float32)
    _paint_chest_wall(hu, p, rng)
    lungs = _lungs(p)
    _paint_mediastinum(hu, p, rng)
    _paint_bones(hu, p, rng)
    inside = lungs > 0
    hu[inside] = (-865 + 22 * _noise(rng, p, 30.0) - 0.25 * p.y + 12 * _noise(rng, p, 5.0))[inside]
    _paint_vessels(hu, inside, rng)
    opacity = _paint_opacities(hu, inside, p, rng)
    _paint_airways(hu, p)
    return ChestCt(
        hu=_scanned(hu, rng),
        opacities=(_averaged(opacity.astype(np.float32)) > 0.5).astype(np.uint8),
        lungs=_halves(lungs),
    )


def _points(rng: np.random.Generator) -> Points:
    axes = [
        (np.arange(n * _FINER, dtype=np.float32) - (n * _FINER - 1) / 2) * np.float32(d / _FINER)
        for n, d in zip(SHAPE_ZYX, SPACING_ZYX_MM, strict=True)
    ]
    z, y, x = np.meshgrid(*axes, indexing="ij")
    bend = [2.2 * smooth_noise(rng, x.shape, _fine_mm(), 45.0) for _ in range(3)]
    return Points(x + bend[0], y + bend[1], z + bend[2])


def _fine_mm() -> list[float]:
    return [d / _FINER for d in SPACING_ZYX_MM]


def _noise(rng: np.random.Generator, p: Points, scale_mm: float) -> Image:
    return smooth_noise(rng, p.x.shape, _fine_mm(), scale_mm)


def _rib_cage(p: Points) -> Image:
    """Return the distance to the inner chest wall: wide below, narrow toward the neck."""
    shrink = 1 - np.float32(0.0000125) * np.square(np.clip(p.z + 30, 0, None))
    return ellipsoid(Points(p.x / shrink, p.y / shrink, p.z), (0, 0, -20), (133, 92, 1200))


def _paint_chest_wall(hu: Image, p: Points, rng: np.random.Generator) -> None:
    cage = _rib_cage(p)
    trunk = ellipsoid(p, (0, 2, 0), (164, 118, 4000))
    shoulder = common(ellipsoid(p.mirrored(), (118, 12, 150), (62, 62, 95)), trunk - 14)
    body = union(trunk, shoulder)
    hu[body < 0] = 20
    fat = (body < -2.2) & (cage > 17 + 3 * _noise(rng, p, 40.0))
    hu[fat] = (-100 + 9 * _noise(rng, p, 9.0))[fat]
    q = p.mirrored()
    muscle = union(
        ellipsoid(q, (62, -99, 90), (52, 9, 55)),
        ellipsoid(q, (28, 90, 0), (22, 15, 900)),
        ellipsoid(q, (92, 76, 40), (40, 13, 130)),
        ellipsoid(q, (136, 10, 150), (26, 45, 60)),
    )
    flesh = ((cage < 12) | (muscle < 0)) & (body < -4)
    hu[flesh] = (52 + 9 * _noise(rng, p, 7.0))[flesh]
    hu[cage < 3] = -90  # the fat under the pleura and around the heart


def _lungs(p: Points) -> NDArray[np.uint8]:
    """Return 1 in the right, 2 in the left lung."""
    apex = ellipsoid(p.mirrored(), (62, 8, -60), (78, 100, 205))
    right_dome = 62 * np.exp(-np.square((p.x + 66) / 70) - np.square((p.y + 6) / 75))
    left_dome = 50 * np.exp(-np.square((p.x - 72) / 68) - np.square((p.y + 6) / 75))
    floor = -165 + np.maximum(right_dome, left_dome) - p.z - 0.42 * np.clip(p.y, 0, None)
    space = common(_rib_cage(p), apex, floor)
    middle = union(
        _heart(p) - 3, ellipsoid(p, (2, 0, 40), (36, 92, 190)), ellipsoid(p, (0, 88, 0), (36, 44, 900))
    )
    free = common(space, -middle)
    lungs = np.zeros(p.x.shape, dtype=np.uint8)
    lungs[(free < 0) & (p.x < 0)] = 1
    lungs[(free < 0) & (p.x > 0)] = 2
    return lungs


def _heart(p: Points) -> Image:
    body = ellipsoid(p, (24, -26, -72), (57, 45, 56))
    atria = ellipsoid(p, (-14, -8, -50), (38, 38, 44))
    return blend(body, atria, 20)


def _paint_mediastinum(hu: Image, p: Points, rng: np.random.Generator) -> None:
    cage = _rib_cage(p)
    below = (cage < 3) & (-165 + 40 - p.z > 0)
    hu[below] = 40
    liver = common(cage, ellipsoid(p, (-45, -2, -180), (110, 92, 82)))
    spleen = common(cage + 4, ellipsoid(p, (92, 40, -160), (38, 42, 45)))
    stomach = common(cage + 4, ellipsoid(p, (62, -28, -165), (48, 48, 40)))
    hu[liver < 0] = (104 + 5 * _noise(rng, p, 12.0))[liver < 0]
    hu[spleen < 0] = 118
    hu[stomach < 0] = 25
    hu[common(stomach + 6, p.y + 42) < 0] = -950
    heart = _heart(p)
    hu[heart < 0] = (96 + 6 * _noise(rng, p, 10.0))[heart < 0]
    blood = union(
        ellipsoid(p, (34, -20, -76), (30, 23, 34)), ellipsoid(p, (-16, -12, -56), (26, 24, 32))
    )
    hu[blood < 0] = 172
    vessels = union(
        rod(p, (-10, -22, -30), (-12, -20, 42), 15.0),
        rod(p, (-12, -20, 42), (18, 34, 46), 13.5),
        rod(p, (18, 34, 46), (20, 52, -190), 12.0),
        rod(p, (-32, -16, -30), (-30, -18, 110), 9.0),
        rod(p, (6, -24, -20), (14, 8, 8), 13.0),
        rod(p, (-48, 4, -6), (50, 8, 4), 9.5),
        rod(p, (-12, -22, 44), (-34, -6, 150), 5.5),
        rod(p, (8, 10, 48), (30, 8, 150), 5.0),
    )
    hu[vessels < 0] = 178
    hu[rod(p, (2, 36, 160), (6, 40, -170), 8.0) < 0] = 38  # oesophagus


def _paint_bones(hu: Image, p: Points, rng: np.random.Generator) -> None:
    cage = _rib_cage(p)
    around = np.arctan2(np.abs(p.x), p.y + 0.0)  # 0 at the back, pi in front
    height = p.z + 46 * around - 0.0004 * np.square(p.x)
    rib_half = 6.3 - np.abs(np.mod(height, 27.0) - 13.5)
    ribs = common(slab(cage, 3.5, 11.5), -rib_half, around - 2.35)
    sternum = common(slab(cage, 1, 12), slab(p.x, -17, 17), p.y + 60, slab(p.z, -80, 110))
    disc = np.abs(np.mod(p.z, 28.0) - 14.0) > 11.2
    vertebra = ellipsoid(p, (0, 76, 0), (18, 15, 900))
    arch = common(ellipsoid(p, (0, 96, 0), (17, 15, 900)), -ellipsoid(p, (0, 97, 0), (9.5, 8.5, 900)))
    spine = rod(p, (0, 108, -500), (0, 118, 500), 4.0)
    processes = common(slab(p.y, 92, 100), slab(p.x, -38, 38), slab(np.mod(p.z, 28.0), 8, 20))
    scapula = common(
        ellipsoid(p.mirrored(), (98, 78, 75), (42, 11, 72)),
        -ellipsoid(p.mirrored(), (96, 68, 75), (45, 12, 80)),
    )
    hu[(vertebra < 0) & disc] = 85
    bone = union(
        ribs,
        sternum,
        np.where(disc, 9, vertebra),
        arch,
        np.where(disc, 9, union(spine, processes)),
        scapula,
    )
    hu[bone < 0] = 560
    marrow = bone < -2.4
    hu[marrow] = (190 + 45 * _noise(rng, p, 5.0))[marrow]
    hu[ellipsoid(p, (0, 97, 0), (9.5, 8.5, 900)) < 0] = 25


def _paint_airways(hu: Image, p: Points) -> None:
    tubes = [
        ((0, 14, 190), (-1, 18, 20), 9.5),
        ((-1, 18, 20), (-42, 20, -22), 7.0),
        ((-1, 18, 20), (48, 24, -16), 6.2),
        ((-42, 20, -22), (-66, 34, -80), 3.4),
        ((-42, 20, -22), (-78, 6, 10), 3.0),
        ((48, 24, -16), (70, 40, -80), 3.2),
        ((48, 24, -16), (78, 6, 16), 2.8),
    ]
    for wall, value in ((1.6, 20), (0.0, -990)):
        for start, end, radius in tubes:
            hu[rod(p, start, end, radius + wall) < 0] = value


def _paint_vessels(hu: Image, inside: NDArray[np.bool_], rng: np.random.Generator) -> None:
    """Grow trees from the roots of the lungs and stamp them as chains of balls."""
    for side in (-1, 1):
        for root in range(16):
            direction = rng.standard_normal(3) * (0.6, 0.8, 1.0) + (
                side * 0.75,
                0.1,
                (root - 7.5) * 0.17,
            )
            start = np.array([side * 46.0, 10.0, -8.0]) + rng.uniform(-8, 8, 3)
            _grow(hu, inside, start, direction / np.linalg.norm(direction), 4.2, rng)


def _grow(
    hu: Image,
    inside: NDArray[np.bool_],
    start_mm: NDArray[np.float64],
    direction: NDArray[np.float64],
    radius_mm: float,
    rng: np.random.Generator,
) -> None:
    point = start_mm.copy()
    for _ in range(int(rng.uniform(9, 16) * (0.6 + radius_mm / 5))):
        point += 1.6 * direction
        direction = direction + 0.09 * rng.standard_normal(3)
        direction /= np.linalg.norm(direction)
        _stamp(hu, inside, point, radius_mm)
    if radius_mm < 0.62:
        return
    for shrink in rng.uniform(0.66, 0.86, size=2):
        turn = direction + 0.52 * rng.standard_normal(3)
        _grow(hu, inside, point, turn / np.linalg.norm(turn), radius_mm * shrink, rng)


def _stamp(
    hu: Image, inside: NDArray[np.bool_], point_xyz_mm: NDArray[np.float64], radius_mm: float
) -> None:
    fine = np.array(_fine_mm())
    middle = point_xyz_mm[::-1] / fine + (np.array(hu.shape) - 1) / 2
    reach = np.ceil(radius_mm / fine).astype(int) + 1
    low, high = np.rint(middle).astype(int) - reach, np.rint(middle).astype(int) + reach + 1
    if (low < 0).any() or (high > hu.shape).any():
        return
    box = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
    offsets = np.ogrid[box]
    distance = np.sqrt(sum(((o - m) * d) ** 2 for o, m, d in zip(offsets, middle, fine, strict=True)))
    cover = np.clip((radius_mm - distance) / 1.2 + 0.5, 0, 1) * inside[box]
    hu[box] = np.maximum(hu[box], np.where(cover > 0, -865 + cover * (865 + 60), -2000))


def _paint_opacities(
    hu: Image, inside: NDArray[np.bool_], p: Points, rng: np.random.Generator
) -> NDArray[np.bool_]:
    """Paint hazy patches at the back and the sides, and a consolidation in the lower right lobe."""
    patches: list[tuple[Triple, Triple]] = [
        ((-96, 34, -62), (34, 34, 38)), ((94, 42, -50), (30, 32, 36)), ((-88, -22, 10), (26, 24, 26)),
        ((82, 46, 40), (24, 22, 28)), ((-64, 56, 52), (20, 18, 20)),
    ]  # fmt: skip
    ragged = 6.5 * _noise(rng, p, 16.0) + 3.0 * _noise(rng, p, 6.0)
    haze = union(*(ellipsoid(p, c, r) for c, r in patches)) + ragged
    dense = ellipsoid(p, (-82, 58, -92), (34, 24, 34)) + 0.8 * ragged
    hazy, solid = inside & (haze < 0), inside & (dense < 0)
    depth = np.clip(-haze / 9, 0, 1)
    hu[hazy] += (depth * (255 + 55 * _noise(rng, p, 5.0)))[hazy]
    filled = 28 + 22 * _noise(rng, p, 6.0)
    # Air stays in some bronchi of the consolidated lung.
    filled = np.where(np.abs(_noise(rng, p, 11.0)) + np.abs(_noise(rng, p, 12.0)) < 0.16, -700, filled)
    share = np.clip(-dense / 5, 0, 1)
    hu[solid] = ((1 - share) * np.maximum(hu, -600) + share * filled)[solid]
    return (inside & (haze < -1.5)) | solid


def _averaged(fine: Image) -> Image:
    z, y, x = SHAPE_ZYX
    return fine.reshape(z, _FINER, y, _FINER, x, _FINER).mean(axis=(1, 3, 5))


def _halves(lungs: NDArray[np.uint8]) -> NDArray[np.uint8]:
    sides = [_averaged((lungs == side).astype(np.float32)) > 0.5 for side in (1, 2)]
    return (sides[0] + 2 * sides[1]).astype(np.uint8)


def _scanned(hu: Image, rng: np.random.Generator) -> NDArray[np.int16]:
    blurred = _averaged(gaussian_filter(hu, (0.5, 0.6, 0.6)))
    # Reconstructed noise is correlated between neighbouring pixels.
    grain = gaussian_filter(rng.standard_normal(SHAPE_ZYX), (0, 0.55, 0.55))
    noisy = blurred + 13.0 * grain / grain.std()
    return np.clip(np.rint(noisy), -1024, 3071).astype(np.int16)
