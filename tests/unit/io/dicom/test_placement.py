"""Every voxel lies where its slices' headers say, and where SimpleITK puts it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from napari_medassist.core.geometry import Geometry
from napari_medassist.core.volume import Volume
from napari_medassist.io.dicom.reader import read
from tests.dicom_phantom import set_pixels, slice_dataset, write_series
from tests.strategies import ORIENTATIONS, oblique

SHAPE = (5, 6, 7)
BRIGHT = (3, 1, 4)


def phantom() -> np.ndarray:
    """Return a stored array with different values everywhere and one bright voxel."""
    stored = np.arange(np.prod(SHAPE), dtype=np.int16).reshape(SHAPE)
    stored[BRIGHT] = 9999
    return stored


def grid(direction: np.ndarray) -> Geometry:
    return Geometry(SHAPE, (3.3, 0.7, 0.5), (-11.0, 22.0, 33.0), direction)


def only_volume(path: Path) -> Volume:
    loaded = read(path)
    assert loaded.warnings == ()
    (volume,) = loaded.series
    assert isinstance(volume, Volume)
    return volume


def with_simpleitk(folder: Path) -> sitk.Image:
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(folder)))
    return reader.Execute()


@pytest.mark.parametrize("tilt_deg", [(0, 0, 0), (17, -8, 5)], ids=["straight", "oblique"])
@pytest.mark.parametrize("number", range(48))
def test_bright_voxel_lies_where_simpleitk_puts_it(
    tmp_path: Path, number: int, tilt_deg: tuple[float, float, float]
) -> None:
    geometry = grid(oblique(ORIENTATIONS[number], tilt_deg))
    write_series(tmp_path, phantom(), geometry, seed=number)

    volume = only_volume(tmp_path)
    bright = np.unravel_index(volume.array.argmax(), volume.array.shape)
    np.testing.assert_allclose(
        volume.geometry.index_to_lps(bright), geometry.index_to_lps(BRIGHT), atol=1e-6
    )

    image = with_simpleitk(tmp_path)
    values = sitk.GetArrayFromImage(image)
    np.testing.assert_array_equal(volume.stored_array(), values)
    index = [int(i) for i in np.unravel_index(values.argmax(), values.shape)[::-1]]
    np.testing.assert_allclose(
        volume.geometry.index_to_lps(bright), image.TransformIndexToPhysicalPoint(index), atol=1e-4
    )


def test_canonical_axes_point_to_superior_posterior_left(tmp_path: Path) -> None:
    write_series(tmp_path, phantom(), grid(oblique(ORIENTATIONS[31], (10, 20, 5))))
    direction = only_volume(tmp_path).geometry.direction
    assert (np.diag(direction) > 0.5).all()


def test_slices_are_sorted_by_position_not_by_name_or_number(tmp_path: Path) -> None:
    geometry = grid(np.eye(3))
    for index, pixels in enumerate(phantom()):
        number = (index * 3) % 5
        ds = slice_dataset(pixels, geometry, index, InstanceNumber=number, SliceLocation=-index)
        ds.save_as(tmp_path / f"slice{number}.dcm", enforce_file_format=True)
    np.testing.assert_array_equal(only_volume(tmp_path).array, phantom())


def test_slice_distance_is_measured_not_believed(tmp_path: Path) -> None:
    write_series(tmp_path, phantom(), grid(np.eye(3)), SliceThickness="5", SpacingBetweenSlices="99")
    assert only_volume(tmp_path).geometry.spacing_zyx_mm == pytest.approx((3.3, 0.7, 0.5))


def test_a_tilted_gantry_is_kept_and_said(tmp_path: Path) -> None:
    tilted = np.eye(3)
    tilted[:, 2] = (0.0, np.sin(np.radians(12)), np.cos(np.radians(12)))
    geometry = grid(tilted)
    write_series(tmp_path, phantom(), geometry, modality="CT")
    volume = only_volume(tmp_path)
    assert volume.geometry.is_sheared
    assert volume.geometry.corner_distance_mm(geometry) < 1e-6
    assert "12.0 degrees" in volume.warnings[0]


def test_rounded_positions_do_not_shear_the_grid(tmp_path: Path) -> None:
    geometry = grid(oblique(np.eye(3), (17, -8, 5)))
    for index, pixels in enumerate(phantom()):
        ds = slice_dataset(pixels, geometry, index)
        ds.ImagePositionPatient = [f"{float(v):.4f}" for v in ds.ImagePositionPatient]
        ds.save_as(tmp_path / f"{index}", enforce_file_format=True)
    volume = only_volume(tmp_path)
    gram = volume.geometry.direction.T @ volume.geometry.direction
    np.testing.assert_allclose(gram, np.eye(3), atol=1e-8)
    assert volume.geometry.corner_distance_mm(geometry) < 1e-3


@pytest.mark.parametrize(
    ("tags", "thickness_mm", "n_warnings"),
    [
        ({"SliceThickness": "4.5", "SpacingBetweenSlices": "6"}, 4.5, 0),
        ({"SpacingBetweenSlices": "6"}, 6.0, 0),
        ({"SliceThickness": "0"}, 1.0, 1),
        ({}, 1.0, 1),
    ],
)
def test_a_single_slice_is_a_volume_as_thick_as_it_says(
    tmp_path: Path, tags: dict[str, str], thickness_mm: float, n_warnings: int
) -> None:
    write_series(tmp_path, phantom()[:1], grid(np.eye(3)), **tags)
    volume = only_volume(tmp_path)
    assert volume.array.shape == (1, 6, 7)
    assert volume.geometry.spacing_zyx_mm[0] == thickness_mm
    assert len(volume.warnings) == n_warnings


def test_rescaling_is_done_slice_by_slice(tmp_path: Path) -> None:
    geometry, stored = grid(np.eye(3)), phantom()
    slopes = [0.5, 1.0, 2.25, 3.0, 4.0]
    for index, pixels in enumerate(stored):
        ds = slice_dataset(pixels, geometry, index, modality="MR")
        ds.RescaleSlope, ds.RescaleIntercept = str(slopes[index]), str(-index)
        ds.save_as(tmp_path / f"{index}", enforce_file_format=True)
    expected = stored * np.reshape(slopes, (5, 1, 1)) - np.arange(5)[:, None, None]
    array = only_volume(tmp_path).array
    assert array.dtype == np.float32
    np.testing.assert_allclose(array, expected, rtol=1e-6)


def test_ct_is_int16_hounsfield(tmp_path: Path) -> None:
    stored = phantom().astype(np.uint16)
    write_series(
        tmp_path, stored, grid(np.eye(3)), modality="CT", RescaleSlope="1", RescaleIntercept="-1024"
    )
    volume = only_volume(tmp_path)
    assert volume.array.dtype == np.int16
    assert volume.acquisition.unit == "HU"
    np.testing.assert_array_equal(volume.array, stored.astype(int) - 1024)


def test_values_beyond_int16_are_not_wrapped(tmp_path: Path) -> None:
    stored = phantom().astype(np.uint16)
    stored[4, 5, 6] = 65000
    write_series(
        tmp_path, stored, grid(np.eye(3)), modality="CT", RescaleSlope="1", RescaleIntercept="-1024"
    )
    array = only_volume(tmp_path).array
    assert array.dtype == np.int32
    assert array[4, 5, 6] == 65000 - 1024
    assert array[0, 0, 0] == -1024


def test_pet_states_its_unit(tmp_path: Path) -> None:
    write_series(tmp_path, phantom(), grid(np.eye(3)), Modality="PT", Units="BQML", RescaleSlope="1.5")
    volume = only_volume(tmp_path)
    assert volume.acquisition.unit == "Bq/ml"
    assert volume.array.max() == pytest.approx(9999 * 1.5)


def test_the_file_of_a_series_brings_its_siblings_only(tmp_path: Path) -> None:
    paths = write_series(tmp_path, phantom(), grid(np.eye(3)))
    write_series(tmp_path, phantom(), grid(np.eye(3)), seed=1, SeriesInstanceUID="1.2.3.9")
    write_series(tmp_path / "below", phantom(), grid(np.eye(3)), SeriesInstanceUID="1.2.3.10")
    assert only_volume(paths[2]).array.shape == SHAPE
    assert len(read(tmp_path).series) == 3


def test_names_hold_number_and_description_and_never_the_patient(tmp_path: Path) -> None:
    write_series(tmp_path, phantom(), grid(np.eye(3)), skip=[2])
    write_series(
        tmp_path,
        phantom(),
        grid(np.eye(3)),
        seed=1,
        SeriesInstanceUID="1.2.3.9",
        SeriesDescription="t2_tse_tra",
        WindowCenter=["40", "400"],
        WindowWidth=["300", "1500"],
    )
    loaded = read(tmp_path)
    (volume,) = loaded.series
    assert volume.name == "4 t2_tse_tra"
    assert volume.acquisition.description == "t2_tse_tra"
    assert volume.acquisition.window_centre_width == (40.0, 300.0)
    assert volume.acquisition.series_uid == "1.2.3.9"
    everything = repr((volume.acquisition, volume.provenance, volume.name, loaded.warnings))
    assert "secret" not in everything.lower()


def test_progress_rises_to_its_total(tmp_path: Path) -> None:
    write_series(tmp_path, phantom(), grid(np.eye(3)))
    seen: list[tuple[int, int]] = []
    read(tmp_path, lambda done, total, _message: seen.append((done, total)))
    parts = [done / total for done, total in seen]
    assert parts == sorted(parts)
    assert seen[-1] == (10, 10)


def test_overlays_in_unused_bits_are_no_values(tmp_path: Path) -> None:
    ds = slice_dataset(phantom()[0].astype(np.uint16), grid(np.eye(3)), 0)
    pixels = phantom()[0].astype(np.uint16)
    pixels[0, 0] |= 0x8000
    set_pixels(ds, pixels)
    ds.BitsStored, ds.HighBit = 12, 11
    ds.save_as(tmp_path / "a", enforce_file_format=True)
    assert only_volume(tmp_path).array[0, 0, 0] == phantom()[0, 0, 0]
