from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from napari_medassist.io.lazy import made_when_seen

WHOLE = np.arange(5 * 4 * 3, dtype=np.int16).reshape(5, 4, 3)


@pytest.mark.parametrize(
    "key",
    [
        0,
        -1,
        np.int64(3),
        slice(1, 4),
        slice(None, None, -2),
        (2, 1),
        (slice(0, 2), ..., 1),
        ...,
        [4, 0],
    ],
    ids=str,
)
def test_indexing_is_numpys(key: object) -> None:
    lazy = made_when_seen(lambda number: WHOLE[number], WHOLE.shape, WHOLE.dtype)
    np.testing.assert_array_equal(np.asarray(lazy[key]), WHOLE[key])
    assert lazy.dtype == WHOLE.dtype
    np.testing.assert_array_equal(np.asarray(lazy), WHOLE)


def test_only_what_is_looked_at_is_made() -> None:
    made = []

    def make(number: int) -> np.ndarray:
        made.append(number)
        return WHOLE[number]

    lazy = made_when_seen(make, WHOLE.shape, WHOLE.dtype)
    assert made == []
    np.asarray(lazy[3, 1:])
    assert made == [3]
    with pytest.raises(IndexError):
        lazy[5]


def test_nothing_lazy_is_imported_before_it_is_needed() -> None:
    """It took half a second of every command."""
    modules = "napari_medassist.io.dicom.reader, napari_medassist.io.formats.video"
    code = f"import sys, napari_medassist.app.display, {modules}; sys.exit('dask' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
