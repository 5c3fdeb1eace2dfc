"""From stored values to real ones, and their unit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_medassist.core.volume import Modality
from napari_medassist.io.dicom.diffusion import is_adc
from napari_medassist.io.dicom.header import Header
from napari_medassist.io.dicom.planes import Plane

_PET_UNITS = {"BQML": "Bq/ml", "GML": "g/ml", "CNTS": "counts", "CPS": "counts/s"}


class Voxels:
    """An array that is filled slice by slice and becomes wider where the values ask for it.

    Whole-numbered rescaling (CT) gives int16, or int32 where a value does not fit; other rescaling
    gives float32; without rescaling the stored type is kept.

    Parameters
    ----------
    shape
        (t, z, y, x).
    planes
        All planes that will be put in; their slopes and intercepts decide on the type.
    """

    def __init__(self, shape: tuple[int, int, int, int], planes: Sequence[Plane]) -> None:
        self._shape = shape
        self._array: NDArray[Any] | None = None
        rescalings = {(p.slope, p.intercept) for p in planes}
        self._is_stored = rescalings == {(1.0, 0.0)}
        self._is_whole = all(float(v).is_integer() for pair in rescalings for v in pair)

    def put(self, t: int, z: int, stored: NDArray[Any], plane: Plane) -> None:
        """Rescale a stored slice (y, x) and put it in its place."""
        values = self._rescaled(stored, plane)
        if self._array is None:
            self._array = np.zeros(self._shape, dtype=values.dtype)
        wanted = np.promote_types(self._array.dtype, values.dtype)
        if wanted != self._array.dtype:
            self._array = self._array.astype(wanted)
        self._array[t, z] = values

    @property
    def array(self) -> NDArray[Any]:
        """The values: (z, y, x), or (t, z, y, x) if there are several time points."""
        if self._array is None:
            raise RuntimeError("No slice was put in.")
        return self._array[0] if self._shape[0] == 1 else self._array

    def _rescaled(self, stored: NDArray[Any], plane: Plane) -> NDArray[Any]:
        if self._is_stored:
            return stored.astype(stored.dtype.newbyteorder("="), copy=False)
        if self._is_whole and stored.dtype.kind in "iu":
            small = stored.dtype.itemsize <= 2 and max(abs(plane.slope), abs(plane.intercept)) < 2**14
            wide = stored.astype(np.int32 if small else np.int64)
            whole = wide * int(plane.slope) + int(plane.intercept)
            return whole.astype(_narrowest(whole), copy=False)
        real: NDArray[Any] = stored.astype(np.float64) * plane.slope + plane.intercept
        return real.astype(np.float32)


def unit_of(header: Header) -> str:
    """Return the unit of the real values; empty if the file does not tell."""
    if header.modality is Modality.CT:
        return "HU" if header.rescale_type in ("", "HU") else ""
    if header.modality is Modality.PT:
        return _PET_UNITS.get(header.pet_units, header.pet_units)
    # Siemens writes ADC maps in 1e-6 mm2/s; the other vendors' factor depends on the software.
    if is_adc(header) and header.manufacturer.lower().startswith("siemens"):
        return "um2/s"
    return ""


def _narrowest(values: NDArray[Any]) -> type[np.signedinteger[Any]]:
    low, high = int(values.min()), int(values.max())
    for kind in (np.int16, np.int32):
        if np.iinfo(kind).min <= low and high <= np.iinfo(kind).max:
            return kind
    return np.int64
