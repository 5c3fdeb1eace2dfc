"""What was written is read back and compared before it takes its place."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_medassist.core.errors import WriteFailed
from napari_medassist.core.labels import LabelMap
from napari_medassist.io.dicom.derived.source_series import SourceSeries

#: How far a corner voxel may lie from its place after reading back.
SAME_PLACE_MM = 1e-4


def require_same(
    path: Path, values: NDArray[Any], source: SourceSeries, found: Sequence[LabelMap]
) -> None:
    """Raise unless the label maps that were read back hold the values that were written.

    Parameters
    ----------
    path
        The file; for the message.
    values
        (slice, row, column), as written.
    source
        The images that they were drawn on.
    found
        What was read back.

    Raises
    ------
    WriteFailed
        If a voxel or a corner differs; what stood at the path before is unchanged.
    """
    if len(found) != 1:
        raise _differs(path, f"{len(found)} label maps came back")
    stored = found[0].stored_array()
    off_mm = source.geometry.corner_distance_mm(found[0].source_grid.geometry)
    if off_mm > SAME_PLACE_MM:
        raise _differs(path, f"its corners lie {off_mm:.4f} mm from where they were")
    n_wrong = int(np.count_nonzero(stored != values))
    if n_wrong:
        raise _differs(path, f"{n_wrong} voxels differ")


@contextmanager
def quiet_about_names() -> Iterator[None]:
    """Keep highdicom from warning of names like "ProstateX-0000": they are the source images' own."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The string .* is unlikely to represent")
        yield


def _differs(path: Path, what: str) -> WriteFailed:
    return WriteFailed(
        f"The file was read back and is not what was written: {what}. It was not kept.",
        path=path,
        cure="Save as NIfTI or NRRD, and report this with the output of `napari-medassist inspect`.",
    )
