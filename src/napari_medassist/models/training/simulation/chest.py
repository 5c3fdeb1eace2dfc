"""A chest on CT, drawn by rules: wall, ribs, mediastinum, lungs with vessels; nothing is opaque yet."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_medassist.models.training.simulation.chance import Chance
from napari_medassist.models.training.simulation.frame import Array, Frame, sample

Mask = NDArray[np.bool_]

AIR, FAT, BLOOD = -1000.0, -100.0, 45.0


@dataclass(frozen=True)
class Chest:
    """A chest in the window.

    Parameters
    ----------
    hu
        CT numbers (z, y, x).
    lungs
        Where opacities may lie; vessels within belong to them, large airways do not.
    depth_mm
        Distance to the border of the lungs; 0 outside.
    height
        0 at the lungs' base, 1 at their top.
    behind
        -1 in front, 1 at the back.
    """

    hu: Array
    lungs: Mask
    depth_mm: Array
    height: Array
    behind: Array


@dataclass(frozen=True)
class RealChest:
    """Half of a real chest, to be mirrored into a whole one.

    Parameters
    ----------
    hu
        (z, y, x) at the frame's spacing; x begins at the midline.
    lungs
        Its lung.
    """

    hu: Array
    lungs: Mask


def draw_chest(chance: Chance, frame: Frame) -> Chest:
    """Draw a chest somewhere in the window."""
    half = np.array([chance.between(85, 140), chance.between(85, 120), chance.between(135, 180)])
    z, y, x = _placed(chance, frame, half)
    bend = [chance.between(2, 6) * chance.field((3, 5, 5)) for _ in range(3)]
    z, y, x = z + bend[0], y + bend[1], x + bend[2]
    round_ = chance.between(2.0, 2.8)
    fat, muscle = chance.between(4, 32), chance.between(10, 24)
    body = _oval(y, x, half[1], half[2], round_)
    flesh = _oval(y, x, half[1] - fat, half[2] - fat, round_)
    inner_y, inner_x = half[1] - fat - muscle, half[2] - fat - muscle
    narrowing = np.sqrt(np.clip(1 - (np.clip(z, 0, None) / (half[0] * 1.08)) ** 2, 0.02, 1))
    cavity = _oval(y, x, inner_y, inner_x, round_) / narrowing
    hu = np.full(frame.shape_zyx, AIR, dtype=np.float32)
    hu[body < 1] = FAT + chance.between(-15, 15)
    hu[flesh < 1] = BLOOD + chance.between(-10, 20)
    _add_ribs(chance, hu, cavity, y, z, inner_y)
    middle = _mediastinum(chance, y, x, z, inner_y, half[0])
    floor = _diaphragm(chance, y, x, half)
    lungs = (cavity < 1) & ~middle & (z > floor)
    hu[(cavity < 1) & middle] = chance.between(-20, 60)
    hu[(cavity < 1) & (z <= floor)] = chance.between(40, 110)
    _add_stomach(chance, hu, (cavity < 1) & (z <= floor - 8) & (x > 0))
    _add_spine(chance, hu, y, x, inner_y)
    return _aerated(chance, frame, hu, lungs, (z + half[0]) / (2 * half[0]), y / inner_y)


def warped(chance: Chance, frame: Frame, real: RealChest) -> Chest:
    """Lay a real chest, completed by its mirror image, into the window with another form."""
    hu = np.concatenate([real.hu[:, :, ::-1], real.hu], axis=2)
    lungs = np.concatenate([real.lungs[:, :, ::-1], real.lungs], axis=2)
    reach = np.maximum(0, (np.array(hu.shape) - np.array(frame.shape_zyx)) / 2)
    scale = chance.numbers.uniform(0.85, 1.2, 3)
    centre = (np.array(hu.shape) - 1) / 2 + chance.numbers.uniform(-1, 1, 3) * (reach + 10)
    places = frame.places_mm / np.array(frame.spacing_zyx_mm, dtype=np.float32)[:, None, None, None]
    index = np.stack([places[k] * np.float32(scale[k]) + np.float32(centre[k]) for k in range(3)])
    for axis in range(3):
        index[axis] += chance.between(0, 3) * chance.field((3, 5, 5))
    read = sample(np.stack([hu, lungs.astype(np.float32)]), index)
    # Above and below, the last slice goes on; beside the image there is air.
    inside = [(index[k] >= 0) & (index[k] <= hu.shape[k] - 1) for k in (1, 2)]
    there = inside[0] & inside[1]
    found = (read[1] > 0.5) & there
    spread = 2 * (index[1] / hu.shape[1]) - 1
    return _measured(
        frame, np.where(there, read[0], AIR).astype(np.float32), found, index[0] / hu.shape[0], spread
    )


def _placed(chance: Chance, frame: Frame, half: NDArray[np.float64]) -> tuple[Array, Array, Array]:
    """Return mm from the middle of the chest; the window may lie anywhere in it."""
    at = [chance.between(-0.65, 1.0) * half[0], chance.between(-45, 45), chance.between(-95, 95)]
    z, y, x = (frame.places_mm[k] + np.float32(at[k]) for k in range(3))
    angle = np.deg2rad(chance.normal(0, 5))
    turned_y, turned_x = y * np.cos(angle) - x * np.sin(angle), y * np.sin(angle) + x * np.cos(angle)
    return z, turned_y.astype(np.float32), turned_x.astype(np.float32)


def _oval(y: Array, x: Array, half_y: float, half_x: float, power: float) -> Array:
    grown = (np.abs(y) / half_y) ** power + (np.abs(x) / half_x) ** power
    return np.asarray(grown ** (1 / power), dtype=np.float32)


def _add_ribs(chance: Chance, hu: Array, cavity: Array, y: Array, z: Array, inner_y: float) -> None:
    step, tilt = chance.between(22, 34), chance.between(0.3, 0.8)
    place = np.mod(z + tilt * y + chance.between(0, step), step)
    ribs = (np.abs(place - step / 2) < chance.between(3.5, 6.5)) & (cavity > 1.02) & (cavity < 1.12)
    hu[ribs & (y < 0.95 * inner_y)] = chance.between(200, 700)


def _mediastinum(chance: Chance, y: Array, x: Array, z: Array, inner_y: float, half_z: float) -> Mask:
    width = chance.between(14, 30) + 4 * chance.field((4, 6, 6))
    column = np.abs(x - chance.between(-6, 6)) < width * (1 + 0.3 * (y > 0.3 * inner_y))
    heart = np.array([chance.between(40, 62), chance.between(35, 52), chance.between(45, 72)])
    at = (
        -half_z * chance.between(0.2, 0.6),
        -inner_y * chance.between(0.15, 0.45),
        chance.between(5, 32),
    )
    ball = ((z - at[0]) / heart[0]) ** 2 + ((y - at[1]) / heart[1]) ** 2 + ((x - at[2]) / heart[2]) ** 2
    return np.asarray(column | (ball < 1), dtype=bool)


def _diaphragm(chance: Chance, y: Array, x: Array, half: NDArray[np.float64]) -> Array:
    """Return the height of the diaphragm: two domes that fall toward the wall."""
    base = -half[0] * chance.between(0.55, 0.95)
    floor = np.full(y.shape, base - chance.between(10, 50), dtype=np.float32)
    for side in (-1, 1):
        middle, rise = side * half[2] * chance.between(0.35, 0.5), chance.between(20, 75)
        distance = ((x - middle) / (0.5 * half[2])) ** 2 + ((y + 5) / (0.75 * half[1])) ** 2
        floor = np.maximum(floor, base + rise * (1 - distance))
    return np.asarray(floor, dtype=np.float32)


def _add_stomach(chance: Chance, hu: Array, place: Mask) -> None:
    if chance.happens(0.5):
        gas = place & (chance.field((4, 5, 5)) > chance.between(0.6, 1.6))
        hu[gas] = AIR


def _add_spine(chance: Chance, hu: Array, y: Array, x: Array, inner_y: float) -> None:
    at, radius = inner_y * chance.between(0.75, 1.0), chance.between(17, 26)
    away = np.hypot(y - at, x)
    hu[away < radius] = chance.between(120, 260)
    hu[(away < radius) & (away > radius - 3)] = chance.between(300, 700)
    hu[np.hypot(y - at - radius - 6, x) < 9] = 30  # the canal


def _aerated(
    chance: Chance, frame: Frame, hu: Array, lungs: Mask, height: Array, behind: Array
) -> Chest:
    """Fill the lungs with air, vessels, airways and what makes them uneven without being opaque."""
    base = chance.between(-905, -780)
    tissue = base + chance.between(0, 80) * np.clip(behind, -1, 1)
    tissue = tissue + chance.between(8, 30) * chance.field((5, 10, 10))
    if chance.happens(0.2):  # emphysema
        tissue = np.where(
            chance.field((5, 9, 9)) > chance.between(0.5, 1.5), chance.between(-980, -930), tissue
        )
    if chance.happens(0.4):  # what hangs down is a little denser at the back
        edge = np.clip((behind - chance.between(0.6, 0.85)) / 0.15, 0, 1)
        tissue = tissue + chance.between(30, 160) * edge
    hu = np.where(lungs, tissue, hu).astype(np.float32)
    near_hilum = np.exp(-((np.abs(behind) / 0.8) ** 2) - ((height - 0.5) / 0.35) ** 2)
    for cells, thickness, reach in (
        ((4, 7, 7), 0.14, near_hilum),
        ((7, 14, 14), 0.13, 0.3 + near_hilum),
        ((10, 26, 26), 0.16, np.ones_like(hu)),
    ):
        share = _tubes(chance, cells, thickness * chance.between(0.7, 1.6) * reach)
        blood = chance.between(0, 70) + 150 * chance.happens(0.3)
        hu = np.where(lungs, hu + share * (blood - hu), hu)
    if chance.happens(0.6):
        radius = 0.16 * near_hilum
        wall, lumen = _nested_tubes(chance, (4, 7, 7), radius)
        hu = np.where(lungs & wall, -100, hu)
        hu = np.where(lungs & lumen, -960, hu)
        lungs = lungs & ~lumen
    if chance.happens(0.6):  # a fissure
        sheet = np.abs(chance.field((2, 3, 3)) - chance.between(-0.3, 0.3)) < 0.012
        hu = np.where(lungs & sheet, hu + chance.between(100, 300), hu)
    if chance.happens(0.15):  # fluid behind the lung is not in it
        fluid = lungs & (behind > chance.between(0.55, 0.9) + 0.05 * chance.field((4, 6, 6)))
        hu = np.where(fluid, chance.between(-5, 25), hu)
        lungs = lungs & ~fluid
    return _measured(frame, hu.astype(np.float32), lungs, height, behind)


def _tubes(chance: Chance, cells: tuple[int, int, int], radius: NDArray[np.floating]) -> Array:
    """Return tubes, where two smooth fields are both nearly 0, as the share of each voxel they fill."""
    away = np.hypot(chance.field(cells), chance.field(cells))
    return np.asarray(np.clip(1.5 * (1 - away / (radius + 1e-3)), 0, 1), dtype=np.float32)


def _nested_tubes(
    chance: Chance, cells: tuple[int, int, int], radius: NDArray[np.floating]
) -> tuple[Mask, Mask]:
    away = np.hypot(chance.field(cells), chance.field(cells))
    lumen = away < 0.6 * radius
    return np.asarray((away < radius) & ~lumen), np.asarray(lumen)


def _measured(frame: Frame, hu: Array, lungs: Mask, height: Array, behind: Array) -> Chest:
    padded = np.pad(lungs, 1, mode="edge")
    depth = ndimage.distance_transform_edt(padded, sampling=frame.spacing_zyx_mm)[1:-1, 1:-1, 1:-1]
    return Chest(
        hu,
        lungs,
        depth.astype(np.float32),
        np.asarray(height, dtype=np.float32),
        np.asarray(behind, dtype=np.float32),
    )
