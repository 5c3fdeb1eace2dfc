"""A male pelvis around the prostate: which tissue is where, in the patient, on a fine grid.

Coordinates are millimetres from the middle of the prostate: x toward the patient's left, y posterior,
z superior. A smooth random displacement bends every shape, so that nothing looks drawn by compass.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from random_fields import Image, smooth_noise, threads
from shapes import Points, blend, common, ellipsoid, rod, slab, union
from tissues import Tissue, lookup

#: (z, y, x) spacing and half width of the fine grid, and the place of its middle.
SPACING_ZYX_MM = (1.25, 0.6, 0.6)
HALF_WIDTH_ZYX_MM = (60.0, 100.0, 96.0)
CENTRE_ZYX_MM = (0.0, -8.0, 0.0)


@dataclass(frozen=True)
class Pelvis:
    """The simulated body; every array is (z, y, x) on the fine grid.

    Parameters
    ----------
    tissue
        Values of :class:`~tissues.Tissue`.
    zone
        0 outside the prostate, 1 peripheral zone, 2 transition zone.
    lesion
        0 no lesion, 1 the large lesion (peripheral zone), 2 the small one (transition zone).
    predicted
        True where the simulated AI sees a lesion.
    relaxation
        Factor on T2 (and, weaker, on ADC): the texture of the tissues.
    """

    tissue: NDArray[np.uint8]
    zone: NDArray[np.uint8]
    lesion: NDArray[np.uint8]
    predicted: NDArray[np.bool_]
    relaxation: Image


def axes_zyx_mm() -> list[Image]:
    """Return the coordinates of the fine grid's planes along z, y and x, in mm."""
    return [
        np.arange(c - h, c + h + d / 2, d, dtype=np.float32)
        for c, h, d in zip(CENTRE_ZYX_MM, HALF_WIDTH_ZYX_MM, SPACING_ZYX_MM, strict=True)
    ]


def simulate_pelvis(rng: np.random.Generator) -> Pelvis:
    """Build the body.

    Parameters
    ----------
    rng
        Source of the random numbers; the same seed gives the same body.
    """
    p = _bent_points(rng)
    shape = p.x.shape
    tissue = np.zeros(shape, dtype=np.uint8)
    _paint_trunk(tissue, p, rng)
    _paint_muscles(tissue, p)
    _paint_bones(tissue, p)
    _paint_vessels(tissue, p)
    gland = _gland(p)
    _paint_bowel_and_bladder(tissue, p, gland)
    zone = _paint_prostate(tissue, p, gland, rng)
    lesion, predicted = _paint_lesions(tissue, p, gland, rng)
    return Pelvis(tissue, zone, lesion, predicted, _texture(tissue, rng))


def _noise(rng: np.random.Generator, shape: tuple[int, ...], scale_mm: float) -> Image:
    return smooth_noise(rng, shape, SPACING_ZYX_MM, scale_mm)


def _bent_points(rng: np.random.Generator) -> Points:
    z, y, x = np.meshgrid(*axes_zyx_mm(), indexing="ij")
    # Each voxel is looked at in a random height within it: averaged later, edges then have no stairs.
    z += np.float32(SPACING_ZYX_MM[0]) * (rng.random(z.shape, dtype=np.float32) - np.float32(0.5))
    bent = [
        axis
        + np.float32(1.8) * _noise(rng, axis.shape, 26.0)
        + np.float32(0.45) * _noise(rng, axis.shape, 7.0)
        for axis in (x, y, z)
    ]
    return Points(*bent)


def _paint_trunk(tissue: NDArray[np.uint8], p: Points, rng: np.random.Generator) -> None:
    trunk = ellipsoid(p, (0, 12, 0), (195, 106, 4000))
    tissue[trunk < 0] = Tissue.SKIN
    tissue[trunk < -1.8] = Tissue.FAT
    twigs = _noise(rng, tissue.shape, 4.5)
    tissue[(trunk < -12) & (twigs > 2.1)] = Tissue.WALL  # small vessels and nodes in the fat
    tissue[(trunk < -12) & (twigs < -2.3)] = Tissue.ARTERY


def _paint_muscles(tissue: NDArray[np.uint8], p: Points) -> None:
    q = p.mirrored()
    rectus = ellipsoid(q, (17, -69, 20), (15.5, 5.5, 60))
    wall = rod(q, (38, -67, 14), (84, -58, 90), 5.5)
    iliopsoas = ellipsoid(q, (80, -44, 15), (17, 13, 80))
    pectineus = ellipsoid(q, (45, -60, -32), (26, 11, 32))
    obturator_x = np.float32(50) - np.float32(0.0035) * np.square(q.y + 2)
    half_width = np.float32(9.5) * np.sqrt(np.clip(1 - np.square((q.y - 8) / 50), 0, 1))
    obturator = common(np.abs(q.x - obturator_x) - half_width, slab(q.z, -48, 42))
    gluteus = ellipsoid(q, (66, 84, -5), (60, 27, 95))
    piriformis = ellipsoid(q, (62, 50, 38), (30, 9, 16))
    externus = ellipsoid(q, (66, -22, -42), (24, 20, 16))
    muscle = union(rectus, wall, iliopsoas, pectineus, obturator, gluteus, piriformis, externus)
    tissue[muscle < 0] = Tissue.MUSCLE


def _paint_bones(tissue: NDArray[np.uint8], p: Points) -> None:
    q = p.mirrored()
    centre = (87.0, -3.0, 12.0)
    head = ellipsoid(q, centre, (23.5, 23.5, 23.5))
    cup = -ellipsoid(q, centre, (25.8, 25.8, 25.8))
    socket = ellipsoid(q, (77, -1, 14), (21, 33, 34))
    back_column = ellipsoid(q, (72, 27, 18), (17, 16, 40))
    pubis = ellipsoid(q, (15, -47, -18), (14, 9.5, 19))
    upper_ramus = rod(q, (18, -48, -8), (64, -34, 20), 8.5)
    lower_ramus = rod(q, (14, -42, -34), (46, 12, -58), 6.5)
    ischium = rod(q, (68, 28, 26), (56, 24, -60), 12.5)
    column = rod(q, (62, -32, 18), (70, -28, 60), 12.0)
    coccyx = blend(rod(q, (0, 74, 50), (0, 80, 22), 8.0), rod(q, (0, 80, 22), (0, 70, -6), 5.0), 6.0)
    hip = blend(blend(socket, back_column, 10), union(ischium, column), 10)
    pelvic = common(blend(blend(union(pubis, lower_ramus), upper_ramus, 8), hip, 10), cup)
    bone = union(common(pelvic, -slab(p.x, -2.6, 2.6)), coccyx)
    tissue[common(pubis, slab(p.x, -3.2, 3.2)) < 0] = Tissue.CARTILAGE
    tissue[common(head - 2.4, q.x - 88) < 0] = Tissue.CARTILAGE
    tissue[(bone < 0) | (head < 0)] = Tissue.CORTICAL_BONE
    tissue[(bone < -1.7) | (head < -1.3)] = Tissue.MARROW


def _paint_vessels(tissue: NDArray[np.uint8], p: Points) -> None:
    q = p.mirrored()
    artery = rod(q, (60, -61, -70), (55, -50, 70), 4.6)
    vein = rod(q, (48, -58, -70), (44, -44, 70), 5.8)
    pudendal = rod(q, (41, 34, -60), (46, 40, 40), 1.6)
    iliac = rod(q, (42, -22, 10), (44, 8, 60), 2.2)
    tissue[(artery < 0) | (vein < 0)] = Tissue.WALL
    tissue[vein < -0.9] = Tissue.ARTERY  # blood flows through the slice before it is read: no signal
    tissue[artery < -0.9] = Tissue.ARTERY
    tissue[(pudendal < 0) | (iliac < 0)] = Tissue.ARTERY


def _gland(p: Points) -> Image:
    """Return the distance to the prostate: a chestnut, narrow at the apex, dented behind."""
    narrow = 1 + np.float32(0.009) * np.clip(p.z, -26, 14)
    dent = np.float32(2.2) * np.exp(-np.square(p.x / 8)) * (p.y > 0)
    return ellipsoid(Points(p.x / narrow, p.y + dent, p.z), (0, 0, 0), (28.5, 20.5, 23.0))


def _paint_bowel_and_bladder(tissue: NDArray[np.uint8], p: Points, gland: Image) -> None:
    # The rectum runs up and back, its front wall on the prostate.
    middle = Points(p.x - 1.5, p.y - 35 - np.float32(0.12) * p.z, p.z)
    rectum = np.hypot(middle.x / 1.08, middle.y) - np.float32(15.0) - np.float32(0.06) * p.z
    bladder = ellipsoid(p, (0, -17, 47), (37, 27, 31))
    hull = blend(gland - 5, rectum - 2, 16) + np.float32(0.10) * np.clip(p.z + 10, None, 0)
    levator = common(slab(hull, 1.5, 4.8), -slab(p.x, -7, 7), p.z - 14, -(p.y + 14))
    tissue[levator < 0] = Tissue.MUSCLE
    q = p.mirrored()
    vesicles = blend(rod(q, (5, 15, 23), (17, 15, 28), 5.0), rod(q, (17, 15, 28), (29, 18, 35), 4.0), 3)
    tissue[vesicles < 0] = Tissue.WALL
    tissue[vesicles < -0.8] = Tissue.SEMINAL_VESICLE
    tissue[bladder < 0] = Tissue.WALL
    tissue[bladder < -4.0] = Tissue.URINE
    tissue[rectum < 0] = Tissue.WALL
    tissue[rectum < -3.6] = Tissue.STOOL
    # Gas rises: the patient lies on his back.
    tissue[common(rectum + 3.6, p.y - 30 - np.float32(0.12) * p.z) < 0] = Tissue.AIR


def _paint_prostate(
    tissue: NDArray[np.uint8], p: Points, gland: Image, rng: np.random.Generator
) -> NDArray[np.uint8]:
    _paint_plexus(tissue, p, gland, rng)
    inner = blend(
        ellipsoid(p, (8, -4.5, 4.5), (12, 12.5, 16.5)), ellipsoid(p, (-8.5, -4.5, 4.5), (12, 12, 16)), 8
    )
    inner = common(inner, gland + 2.2)
    front = common(ellipsoid(p, (0, -20, 2), (13, 8.5, 20)), gland)
    tissue[gland < 1.0] = Tissue.FIBROMUSCULAR  # the capsule
    tissue[gland < 0] = Tissue.PERIPHERAL_ZONE
    tissue[inner < 0.7] = Tissue.FIBROMUSCULAR  # the surgical capsule
    tissue[inner < -0.2] = Tissue.TRANSITION_ZONE
    _paint_nodules(tissue, p, inner, rng)
    tissue[front < 0] = Tissue.FIBROMUSCULAR
    urethra = rod(p, (0, -3, 20), (0, 3, -24), 2.6)
    tissue[(urethra < 1.0) & (gland < 0)] = Tissue.FIBROMUSCULAR
    tissue[(urethra < -0.4) & (gland < 0)] = Tissue.URETHRA
    zone = np.zeros_like(tissue)
    zone[gland < 0] = 1
    zone[(gland < 0) & ((inner < 0.3) | (front < 0) | (urethra < 1.0))] = 2
    return zone


def _paint_plexus(tissue: NDArray[np.uint8], p: Points, gland: Image, rng: np.random.Generator) -> None:
    """Veins in front of and beside the prostate, and the bundles behind it at 5 and 7 o'clock."""
    noise = _noise(rng, p.x.shape, 3.2)
    beside = (gland > 1.0) & (gland < 6.5) & (p.y < 6) & (p.z < 18)
    bundles = ellipsoid(p.mirrored(), (21, 16.5, 0), (5, 4, 40)) < 0
    free = (tissue == Tissue.FAT) | (tissue == Tissue.MUSCLE)
    tissue[beside & free & (noise > 0.1)] = Tissue.VEIN
    tissue[beside & free & (noise < -0.9)] = Tissue.WALL
    tissue[bundles & free & (noise > 0.7)] = Tissue.WALL
    tissue[bundles & free & (noise < -1.1)] = Tissue.ARTERY


def _paint_nodules(
    tissue: NDArray[np.uint8], p: Points, inner: Image, rng: np.random.Generator
) -> None:
    """Benign hyperplasia: round nodules with a dark rim, some glandular, some stromal."""
    for number in range(16):
        side = 1 if number % 2 else -1
        centre = (side * rng.uniform(3, 16), rng.uniform(-12, 3), rng.uniform(-8, 18))
        radius = rng.uniform(2.6, 5.8)
        nodule = ellipsoid(p, centre, (radius * rng.uniform(0.8, 1.25), radius, radius * 1.2))
        inside = inner < -0.6
        tissue[(nodule < 0) & inside] = Tissue.FIBROMUSCULAR
        kind = Tissue.GLANDULAR_NODULE if rng.random() < 0.6 else Tissue.STROMAL_NODULE
        tissue[(nodule < -0.75) & inside] = kind


def _paint_lesions(
    tissue: NDArray[np.uint8], p: Points, gland: Image, rng: np.random.Generator
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Paint two lesions and a spot of inflammation; tell what the simulated AI makes of them.

    It finds the large lesion with an unsure border, takes the inflammation for a lesion and misses
    the small lesion.
    """
    border = _noise(rng, p.x.shape, 6.0)
    large = common(ellipsoid(p, (17.0, 9.5, -3), (12.0, 8.0, 12.0)) + 0.7 * border, gland + 0.4)
    small = ellipsoid(p, (-9.5, -8.5, 6), (4.2, 3.7, 4.6)) + 0.3 * border
    inflamed = common(ellipsoid(p, (-17.5, 8.5, -8), (3.7, 2.8, 4.0)) + 0.4 * border, gland + 0.8)
    tissue[inflamed < 0] = Tissue.INFLAMED
    tissue[(large < 0) | (small < 0)] = Tissue.LESION
    lesion = np.zeros_like(tissue)
    lesion[large < 0] = 1
    lesion[small < 0] = 2
    doubt = np.float32(0.5) * _noise(rng, p.x.shape, 7.0) + np.float32(0.2)
    predicted = (common(large + doubt, gland) < 0) | (inflamed + 0.3 * doubt < 0)
    return lesion, predicted


def _texture(tissue: NDArray[np.uint8], rng: np.random.Generator) -> Image:
    """Return the factor on T2: blobs of three sizes, and the septa of fat, muscle and gland."""
    log_factor = np.zeros(tissue.shape, dtype=np.float32)
    for name, scale_mm in (("grain_large", 9.0), ("grain_middle", 3.2), ("grain_small", 1.3)):
        log_factor += lookup(tissue, name) * _noise(rng, tissue.shape, scale_mm)
    septa = threads(_noise(rng, tissue.shape, 15.0), 0.05) + 0.7 * threads(
        _noise(rng, tissue.shape, 8.0), 0.07
    )
    patchy = np.clip(_noise(rng, tissue.shape, 30.0) + 0.6, 0.15, 1.5)
    log_factor -= 0.9 * septa * patchy * (tissue == Tissue.FAT)
    bundles = threads(_noise(rng, tissue.shape, 9.0), 0.10)
    log_factor += 0.8 * bundles * (tissue == Tissue.MUSCLE)
    ducts = threads(_noise(rng, tissue.shape, 4.5), 0.22)
    log_factor -= 0.45 * ducts * (tissue == Tissue.PERIPHERAL_ZONE)
    folds = threads(_noise(rng, tissue.shape, 3.5), 0.25)
    log_factor -= 1.0 * folds * (tissue == Tissue.SEMINAL_VESICLE)
    return np.exp(log_factor)
