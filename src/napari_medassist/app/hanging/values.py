"""What all series of a case say at one patient point."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from napari_medassist.core.case import Case
from napari_medassist.core.volume import Volume

_UNITS = {"um2/s": "µm²/s"}


def values_in_words(case: Case, point_lps_mm: ArrayLike) -> str:
    """Return role, value and unit of the voxel of every series that holds a patient point.

    Values are those of the files, on their own grids, whatever is shown. Series over time, and those
    that are read only when they are seen, are left out: a look must not make the cursor wait.

    Parameters
    ----------
    case
        The case.
    point_lps_mm
        LPS (x, y, z) in mm.
    """
    told = []
    for volume in case.volumes():
        if not isinstance(volume.array, np.ndarray) or volume.array.ndim != 3:
            continue
        index = np.rint(volume.geometry.lps_to_index(point_lps_mm)).astype(int)
        if (index < 0).any() or (index >= volume.geometry.shape_zyx).any():
            continue
        told.append(_words(volume, float(volume.array[tuple(index)])))
    return "  ".join(told)


def _words(volume: Volume, value: float) -> str:
    b_value = volume.b_value_s_mm2
    is_diffusion = b_value is not None and volume.role in ("dwi", "high-b")
    name = f"b{b_value:g}" if is_diffusion else volume.role.upper().replace("T2W", "T2w")
    unit = volume.acquisition.unit
    return f"{name} {value:.4g}" + (f" {_UNITS.get(unit, unit)}" if unit else "")
