"""Carried once through a map: against SimpleITK, on oblique grids; labels keep smooth borders."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk

from napari_medassist.core.errors import Cancelled, InvalidImage
from napari_medassist.core.geometry import Geometry
from napari_medassist.core.labels import LabelMap, LabelScheme
from napari_medassist.core.transform import AffineTransform, CompositeTransform, DisplacementField
from napari_medassist.core.volume import Volume
from napari_medassist.io.bridges import to_sitk
from napari_medassist.io.transform_files import to_itk
from napari_medassist.registration import resample
from napari_medassist.registration.resample import warped, warped_labels
from tests.strategies import oblique

TILT, OTHER_TILT = oblique(np.eye(3), (5.0, 8.0, -3.0)), oblique(np.eye(3), (-4.0, 2.0, 7.0))
FIXED = Geometry((12, 40, 36), (3.0, 1.0, 1.1), (-20.0, -22.0, -15.0), TILT)
MOVING = Geometry((24, 30, 34), (1.6, 1.5, 1.3), (-22.0, -24.0, -18.0), OTHER_TILT)
TURN = AffineTransform.from_matrix(
    np.block([[oblique(np.eye(3), (3.0, -2.0, 4.0)), np.array([[1.0], [-2.0], [1.5]])], [0, 0, 0, 1]])
)


def smooth(geometry: Geometry) -> np.ndarray:
    places = geometry.voxel_places_lps_mm()
    return np.sin(places / 6.0).sum(axis=-1) * 100 + 300


def field() -> DisplacementField:
    places = FIXED.voxel_places_lps_mm()
    return DisplacementField(1.5 * np.sin(places[..., [1, 2, 0]] / 8.0), FIXED)


def moving(dtype: type = np.float32) -> Volume:
    return Volume(smooth(MOVING).astype(dtype), MOVING, name="moving", role="adc")


@pytest.mark.parametrize("transform", [TURN, field(), CompositeTransform((field(), TURN))])
def test_an_image_is_carried_as_simpleitk_carries_it(transform: object) -> None:
    image = moving()
    grid = to_sitk(Volume(np.zeros(FIXED.shape_zyx, np.float32), FIXED))
    expected = sitk.GetArrayFromImage(
        sitk.Resample(to_sitk(image), grid, to_itk(transform), sitk.sitkLinear, -1.0)  # type: ignore[arg-type]
    )
    found = warped(image, transform, FIXED, outside=-1.0)  # type: ignore[arg-type]
    seen = expected != -1
    assert seen.mean() > 0.5
    both = seen & (np.asarray(found.array) != -1)
    assert both.sum() > 0.9 * seen.sum()
    clear = np.abs(expected - np.asarray(found.array))[both]
    assert np.percentile(clear, 99) < 0.05
    assert found.geometry == FIXED
    assert (found.name, found.role) == ("moving", "adc")


def test_portions_make_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = warped(moving(), CompositeTransform((field(), TURN)), FIXED)
    monkeypatch.setattr(resample, "_PORTION", 3000)
    parts = warped(moving(), CompositeTransform((field(), TURN)), FIXED)
    np.testing.assert_array_equal(whole.array, parts.array)


def test_types_stay_and_what_is_not_seen_gets_the_smallest_value() -> None:
    whole = moving(np.int16)
    found = warped(whole, AffineTransform.from_matrix(np.eye(4) + np.eye(4, k=3) * 25), FIXED)
    assert found.array.dtype == np.int16
    values = np.asarray(found.array)
    assert (values == np.asarray(whole.array).min()).sum() > 0.2 * values.size
    double = Volume(np.asarray(whole.array, dtype=np.float64), MOVING)
    assert warped(double, TURN, FIXED).array.dtype == np.float64
    series = Volume(np.stack([np.asarray(whole.array), 2 * np.asarray(whole.array)]), MOVING)
    both = np.asarray(warped(series, TURN, FIXED, outside=0).array, dtype=float)
    assert both.shape == (2, *FIXED.shape_zyx)
    assert np.abs(2 * both[0] - both[1]).max() <= 1.0


def test_labels_get_the_largest_share() -> None:
    places = MOVING.voxel_places_lps_mm()
    distance = np.linalg.norm(places - np.array([0.0, 0.0, 0.0]), axis=-1)
    array = np.zeros(MOVING.shape_zyx, dtype=np.uint16)
    array[distance < 12] = 7
    array[distance < 6] = 300
    scheme = LabelScheme.from_names({7: "shell", 300: "core"})
    found = warped_labels(LabelMap(array, MOVING, name="m", scheme=scheme), TURN, FIXED)
    assert found.scheme == scheme
    assert set(np.unique(np.asarray(found.array))) == {0, 7, 300}
    there = np.linalg.norm(TURN.transform_points(FIXED.voxel_places_lps_mm()), axis=-1)
    expected = np.where(there < 6, 300, np.where(there < 12, 7, 0))
    assert (np.asarray(found.array) == expected).mean() > 0.985
    empty = warped_labels(LabelMap(np.zeros_like(array), MOVING), TURN, FIXED)
    assert not np.asarray(empty.array).any()


def test_bad_values_and_a_stop_end_it() -> None:
    values = smooth(MOVING).astype(np.float32)
    values[0, 0, 0] = np.nan
    with pytest.raises(InvalidImage, match="not finite"):
        warped(Volume(values, MOVING, name="n"), TURN, FIXED)

    def stop(*_parts: object) -> None:
        raise Cancelled("enough")

    with pytest.raises(Cancelled):
        warped(moving(), TURN, FIXED, progress=stop)
