"""The voxels of a label map as files hold them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_medassist.core.errors import WriteFailed
from napari_medassist.core.labels import LabelMap

#: ITK-SNAP and 3D Slicer read these; 64-bit and bool files they do not, or not everywhere.
_WRITTEN_DTYPES = (np.uint8, np.uint16, np.int32)


def voxels_to_write(labels: LabelMap, path: Path) -> NDArray[Any]:
    """Return the values in the axis order of the source, in the smallest type that programs share.

    Parameters
    ----------
    labels
        The label map; three axes.
    path
        Where it will be written; for messages.

    Returns
    -------
    numpy.ndarray
        (slow, middle, fast), uint8, uint16 or int32, contiguous.

    Raises
    ------
    WriteFailed
        If it has a time axis, numbers that are not whole, or a value that none of the types holds.
    """
    values = labels.stored_array()
    if values.ndim != 3:
        raise WriteFailed(
            f"A label map of {values.shape[0]} time points cannot be written.",
            path=path,
            cure="Write one file a time point.",
        )
    if values.dtype.kind not in "iub":
        raise WriteFailed(
            "An image is no label map: its numbers would be cut off.",
            path=path,
            cure="Write it as a map of values.",
        )
    largest = int(values.max())
    for dtype in _WRITTEN_DTYPES:
        if largest <= np.iinfo(dtype).max:
            return np.ascontiguousarray(values, dtype=dtype)
    raise WriteFailed(
        f"The label value {largest} is larger than the programs that read label maps accept.",
        path=path,
        cure=f"Use values up to {np.iinfo(np.int32).max}.",
    )
