"""What the simulated tissues of the pelvis look like to an MR scanner at 3 T.

The figures are rounded from what is usual for such tissues; they are chosen for a plausible picture and
are no measurement.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import IntEnum, auto

import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.float32]


class Tissue(IntEnum):
    """Tissue of a voxel."""

    AIR = 0
    FAT = auto()
    SKIN = auto()
    MUSCLE = auto()
    CORTICAL_BONE = auto()
    MARROW = auto()
    CARTILAGE = auto()
    URINE = auto()
    WALL = auto()
    STOOL = auto()
    ARTERY = auto()
    VEIN = auto()
    SEMINAL_VESICLE = auto()
    PERIPHERAL_ZONE = auto()
    TRANSITION_ZONE = auto()
    GLANDULAR_NODULE = auto()
    STROMAL_NODULE = auto()
    FIBROMUSCULAR = auto()
    URETHRA = auto()
    INFLAMED = auto()
    LESION = auto()


@dataclass(frozen=True)
class Look:
    """MR properties of one tissue.

    Parameters
    ----------
    density
        Signal at echo time 0, 1 = water.
    t2_ms
        Apparent T2 of a turbo spin echo.
    adc_um2_s
        Apparent diffusion coefficient.
    water
        Part of the signal that is left when fat is suppressed.
    t1w
        Signal of a T1-weighted gradient echo before contrast agent, 1 = bright.
    uptake, tau_s, washout_per_s
        Enhancement over baseline: height, time constant of the rise, rate of the fall.
    grain
        Relative unevenness of T2 in (large, middle, small) blobs.
    """

    density: float
    t2_ms: float
    adc_um2_s: float
    water: float = 1.0
    t1w: float = 0.25
    uptake: float = 0.0
    tau_s: float = 30.0
    washout_per_s: float = 0.0
    grain_large: float = 0.05
    grain_middle: float = 0.05
    grain_small: float = 0.05


LOOKS: dict[Tissue, Look] = {
    Tissue.AIR: Look(0.0, 50, 0, t1w=0.0),
    Tissue.FAT: Look(
        0.90, 140, 60, 0.05, 0.75, 0.03, grain_large=0.10, grain_middle=0.09, grain_small=0.10
    ),
    Tissue.SKIN: Look(0.60, 45, 900, 0.7, 0.25, 0.3),
    Tissue.MUSCLE: Look(0.85, 37, 1350, 1.0, 0.27, 0.30, 40, 0, 0.06, 0.12, 0.10),
    Tissue.CORTICAL_BONE: Look(0.10, 25, 300, 0.5, 0.03),
    Tissue.MARROW: Look(0.82, 115, 300, 0.12, 0.55, 0.05, 40, 0, 0.16, 0.12, 0.12),
    Tissue.CARTILAGE: Look(0.60, 48, 1200, 0.8, 0.30, 0.05),
    Tissue.URINE: Look(1.00, 600, 2800, 1.0, 0.10, grain_large=0.02, grain_middle=0.0, grain_small=0.0),
    Tissue.WALL: Look(0.80, 56, 1250, 1.0, 0.26, 0.8, 25, 0.0005, 0.05, 0.12, 0.10),
    Tissue.STOOL: Look(0.45, 62, 900, 0.9, 0.30, 0, 30, 0, 0.20, 0.30, 0.15),
    Tissue.ARTERY: Look(0.12, 60, 1500, 0.2, 0.20, 3.2, 4, 0.006),
    Tissue.VEIN: Look(0.90, 140, 1800, 1.0, 0.22, 2.4, 14, 0.003, 0.05, 0.10, 0.10),
    Tissue.SEMINAL_VESICLE: Look(0.95, 210, 1850, 1.0, 0.22, 0.4, 50, 0, 0.10, 0.15, 0.10),
    Tissue.PERIPHERAL_ZONE: Look(0.95, 165, 1750, 1.0, 0.24, 0.70, 45, 0, 0.12, 0.14, 0.12),
    Tissue.TRANSITION_ZONE: Look(0.88, 80, 1250, 1.0, 0.26, 1.10, 28, 0.0003, 0.12, 0.20, 0.14),
    Tissue.GLANDULAR_NODULE: Look(0.92, 122, 1500, 1.0, 0.24, 1.2, 26, 0.0003, 0.08, 0.22, 0.16),
    Tissue.STROMAL_NODULE: Look(0.86, 62, 1050, 1.0, 0.26, 1.4, 20, 0.0006, 0.06, 0.12, 0.10),
    Tissue.FIBROMUSCULAR: Look(0.75, 45, 1050, 1.0, 0.26, 0.5, 45, 0, 0.06, 0.10, 0.08),
    Tissue.URETHRA: Look(0.92, 135, 1600, 1.0, 0.25, 0.8, 30),
    Tissue.INFLAMED: Look(0.90, 92, 1200, 1.0, 0.25, 1.2, 22, 0.0005, 0.06, 0.12, 0.10),
    Tissue.LESION: Look(0.88, 60, 680, 1.0, 0.26, 2.3, 8, 0.0035, 0.04, 0.09, 0.07),
}


def lookup(tissue: NDArray[np.uint8], name: str) -> Image:
    """Return one property of every voxel.

    Parameters
    ----------
    tissue
        Values of :class:`Tissue`, any shape.
    name
        A field of :class:`Look`.
    """
    if name not in {f.name for f in fields(Look)}:
        raise KeyError(f"A tissue has no property '{name}'.")
    table = np.array([getattr(LOOKS[t], name) for t in Tissue], dtype=np.float32)
    return table[tissue]
