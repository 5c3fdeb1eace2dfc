"""Time curves: at a point and in a lesion, against values put there by hand."""

from __future__ import annotations

from math import isnan

import numpy as np
import pytest

from napari_medassist.app.measuring.time_curves import TimeCurve, curve_at, curve_in, dynamic_series
from napari_medassist.core.case import Case
from napari_medassist.core.errors import GeometryMismatch
from napari_medassist.core.geometry import Geometry
from napari_medassist.core.volume import Acquisition, Volume

#: Turned by 90 degrees about z: the image's x runs along the patient's y.
TURNED = ((0.0, -1.0, 0.0), (1.0, 0.0, 0.0), (0.0, 0.0, 1.0))
GRID = Geometry((4, 6, 8), (3.0, 1.5, 1.5), (10.0, -20.0, 30.0), TURNED)
#: The same place twice as fine, as labels on a T2w would be.
FINE = Geometry((4, 12, 16), (3.0, 0.75, 0.75), (10.375, -20.375, 30.0), TURNED)
TIMES_S = (0.0, 8.0, 30.0, 90.0)
RISE = np.array([100.0, 120.0, 300.0, 250.0])


@pytest.fixture
def dce() -> Volume:
    """A signal that rises with ``RISE`` in one block, twice as much in a single voxel, else stays."""
    array = np.full((4, *GRID.shape_zyx), 50.0, dtype=np.float32)
    array[:, 1:3, 2:4, 3:6] = RISE[:, None, None, None]
    array[:, 1, 2, 3] = 2 * RISE
    return Volume(array, GRID, name="dce", role="dce", acquisition=Acquisition(times_s=TIMES_S))


def test_at_a_point_it_is_the_voxel_that_holds_it(dce: Volume) -> None:
    curve = curve_at(dce, GRID.index_to_lps((1.2, 2.3, 2.6)))
    assert curve is not None
    assert curve.values == tuple(2 * RISE)
    assert curve.times_s == TIMES_S
    assert (curve.peak, curve.n_voxels) == (2, 1)
    assert curve.enhancement == pytest.approx(2.0)
    assert curve.in_words() == "point: peak at 30 s, +200% to the first"


def test_outside_there_is_none(dce: Volume) -> None:
    assert curve_at(dce, GRID.index_to_lps((1, 2, 8))) is None


def test_in_a_lesion_on_a_finer_grid_each_voxel_of_the_series_counts_once(dce: Volume) -> None:
    region = np.zeros(FINE.shape_zyx, dtype=bool)
    region[1:3, 4:8, 6:12] = True  # the block, twice as fine
    curve = curve_in(dce, "lesion 1", region, FINE)
    assert curve.n_voxels == 2 * 2 * 3
    np.testing.assert_allclose(curve.values, RISE * (11 + 2) / 12, rtol=1e-6)
    assert "12 voxels" in curve.in_words()


def test_a_region_of_another_shape_is_refused(dce: Volume) -> None:
    with pytest.raises(GeometryMismatch):
        curve_in(dce, "lesion", np.ones((2, 2, 2), dtype=bool), GRID)


def test_a_region_beside_the_series_has_no_values(dce: Volume) -> None:
    far = Geometry((2, 2, 2), (1.0, 1.0, 1.0), (500.0, 0.0, 0.0))
    curve = curve_in(dce, "lesion 2", np.ones((2, 2, 2), dtype=bool), far)
    assert curve.peak == -1
    assert isnan(curve.enhancement)
    assert "does not reach" in curve.in_words()


def test_without_times_the_time_points_are_counted(dce: Volume) -> None:
    plain = Volume(dce.array, GRID, name="series")
    curve = curve_at(plain, GRID.index_to_lps((1, 2, 4)))
    assert curve is not None
    assert not curve.has_times
    assert curve.times_s == (0.0, 1.0, 2.0, 3.0)
    assert "time point 2" in curve.in_words()


def test_no_rise_is_told_from_a_first_value_of_zero() -> None:
    curve = TimeCurve("point", (0.0, 1.0), (0.0, 5.0), "", has_times=True, n_voxels=1)
    assert isnan(curve.enhancement)
    assert curve.in_words() == "point: peak at 1 s"


def test_the_dynamic_series_of_a_case_are_those_with_time_dce_first(dce: Volume) -> None:
    other = Volume(dce.array, GRID, name="perfusion", role="mr")
    still = Volume(np.zeros(GRID.shape_zyx, dtype=np.float32), GRID, name="t2w", role="t2w")
    case = Case("case", (still, other, dce))
    assert dynamic_series(case) == (dce, other)
