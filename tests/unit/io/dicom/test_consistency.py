"""Series that do not form one regular volume are never squeezed or padded into one."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from napari_medassist.core.errors import InconsistentSeries
from napari_medassist.core.geometry import Geometry
from napari_medassist.io.dicom.reader import read
from tests.dicom_phantom import slice_dataset, write_series
from tests.strategies import oblique

SHAPE = (8, 4, 5)
GEOMETRY = Geometry(SHAPE, (3.0, 1.0, 1.0), (0.0, 0.0, -12.0))


def stored() -> np.ndarray:
    return np.arange(np.prod(SHAPE), dtype=np.int16).reshape(SHAPE)


def test_missing_slices_are_counted_and_placed(tmp_path: Path) -> None:
    write_series(tmp_path, stored(), GEOMETRY, skip=[2, 5, 6])
    with pytest.raises(InconsistentSeries) as caught:
        read(tmp_path)
    text = str(caught.value)
    assert "3 slices are missing in 2 places" in text
    assert "1 between -9.00 and -3.00 mm" in text
    assert "2 between 0.00 and 9.00 mm" in text
    assert "'4 phantom'" in text
    assert str(tmp_path) in text


def test_missing_slices_of_one_b_value_name_it(tmp_path: Path) -> None:
    write_series(tmp_path, stored(), GEOMETRY, DiffusionBValue=50.0)
    write_series(tmp_path, stored(), GEOMETRY, seed=1, skip=[3], DiffusionBValue=800.0)
    loaded = read(tmp_path)
    assert [s.name for s in loaded.series] == ["4 phantom b50"]
    assert "'4 phantom b800'" in loaded.warnings[0]


def test_missing_slices_of_an_oblique_series(tmp_path: Path) -> None:
    geometry = Geometry(SHAPE, (3.0, 1.0, 1.0), (5.0, 6.0, 7.0), oblique(np.eye(3), (20, 10, 0)))
    write_series(tmp_path, stored(), geometry, skip=[4])
    with pytest.raises(InconsistentSeries, match="1 slices are missing in 1 places"):
        read(tmp_path)


def test_the_other_series_of_the_study_still_open(tmp_path: Path) -> None:
    write_series(tmp_path / "a", stored(), GEOMETRY, skip=[3])
    write_series(tmp_path / "b", stored(), GEOMETRY, SeriesInstanceUID="1.2.3.5", SeriesNumber=5)
    loaded = read(tmp_path)
    assert [s.name for s in loaded.series] == ["5 phantom"]
    assert len(loaded.warnings) == 1
    assert "1 slices are missing" in loaded.warnings[0]


def test_unequal_steps_are_refused(tmp_path: Path) -> None:
    for index, pixels in enumerate(stored()):
        ds = slice_dataset(pixels, GEOMETRY, index)
        ds.ImagePositionPatient = [0, 0, index * 3 + (0.5 if index == 4 else 0)]
        ds.save_as(tmp_path / f"{index}", enforce_file_format=True)
    with pytest.raises(InconsistentSeries, match=r"not equally spaced .* 2\.50 to 3\.50 mm"):
        read(tmp_path)


def test_a_slice_shifted_sideways_is_refused(tmp_path: Path) -> None:
    for index, pixels in enumerate(stored()):
        ds = slice_dataset(pixels, GEOMETRY, index)
        ds.ImagePositionPatient = [2.0 if index == 4 else 0, 0, index * 3]
        ds.save_as(tmp_path / f"{index}", enforce_file_format=True)
    with pytest.raises(InconsistentSeries, match=r"lies 2\.00 mm from its place"):
        read(tmp_path)


def test_positions_rounded_to_a_twentieth_are_accepted(tmp_path: Path) -> None:
    geometry = Geometry(SHAPE, (1.25, 1.0, 1.0))
    for index, pixels in enumerate(stored()):
        ds = slice_dataset(pixels, geometry, index)
        ds.ImagePositionPatient = [0, 0, round(index * 1.25, 1)]
        ds.save_as(tmp_path / f"{index}", enforce_file_format=True)
    (volume,) = read(tmp_path).series
    assert volume.array.shape == SHAPE


def test_copied_files_are_dropped_and_said(tmp_path: Path) -> None:
    paths = write_series(tmp_path, stored(), GEOMETRY)
    for path in paths[2:5]:
        shutil.copy(path, tmp_path / f"copy of {path.name}")
    (volume,) = read(tmp_path).series
    np.testing.assert_array_equal(volume.array, stored())
    assert "3 of 11 images are copies" in volume.warnings[0]


def test_different_images_at_one_position_are_refused(tmp_path: Path) -> None:
    write_series(tmp_path, stored(), GEOMETRY)
    write_series(tmp_path, stored() + 1, GEOMETRY, seed=1)
    with pytest.raises(InconsistentSeries, match="2 different images lie at each of 8 positions"):
        read(tmp_path)


def test_one_doubled_position_is_refused(tmp_path: Path) -> None:
    write_series(tmp_path, stored(), GEOMETRY)
    extra = slice_dataset(stored()[0], GEOMETRY, 3)
    extra.save_as(tmp_path / "extra", enforce_file_format=True)
    with pytest.raises(InconsistentSeries, match=r"Most positions hold 1 image.*2 at -3\.00 mm"):
        read(tmp_path)


def test_mixed_orientations_become_a_volume_each(tmp_path: Path) -> None:
    coronal = np.array([[1, 0, 0], [0, 0, 1], [0, -1, 0]], dtype=float)
    write_series(tmp_path, stored(), GEOMETRY)
    write_series(
        tmp_path, stored()[:3], Geometry((3, 4, 5), (10.0, 1.0, 1.0), (0, 0, 0), coronal), seed=1
    )
    loaded = read(tmp_path)
    assert sorted(s.plane for s in loaded.series) == ["axial", "coronal"]
    assert all("mixes 2 sizes or orientations" in s.warnings[0] for s in loaded.series)


def test_mixed_sizes_become_a_volume_each(tmp_path: Path) -> None:
    write_series(tmp_path, stored(), GEOMETRY)
    scout = Geometry((1, 9, 9), (3.0, 1.0, 1.0), (0.0, 0.0, 90.0))
    write_series(tmp_path, np.ones((1, 9, 9), np.int16), scout, seed=1, SliceThickness="3")
    shapes = sorted(s.array.shape for s in read(tmp_path).series)
    assert shapes == [(1, 9, 9), SHAPE]


def test_a_part_with_a_gap_does_not_take_the_other_part_along(tmp_path: Path) -> None:
    coronal = np.array([[1, 0, 0], [0, 0, 1], [0, -1, 0]], dtype=float)
    write_series(tmp_path, stored(), GEOMETRY, skip=[3])
    write_series(
        tmp_path, stored()[:3], Geometry((3, 4, 5), (10.0, 1.0, 1.0), (0, 0, 0), coronal), seed=1
    )
    loaded = read(tmp_path)
    assert [s.plane for s in loaded.series] == ["coronal"]
    assert "part 1 of 2" in loaded.warnings[0] or "part 2 of 2" in loaded.warnings[0]


def test_echoes_become_a_volume_each(tmp_path: Path) -> None:
    write_series(tmp_path, stored(), GEOMETRY, EchoTime="20")
    write_series(tmp_path, stored() * 2, GEOMETRY, seed=1, EchoTime="80")
    first, second = read(tmp_path).series
    assert (first.name, second.name) == ("4 phantom TE 20 ms", "4 phantom TE 80 ms")
    np.testing.assert_array_equal(second.array, stored() * 2)


def test_magnitude_and_phase_become_a_volume_each(tmp_path: Path) -> None:
    write_series(tmp_path, stored(), GEOMETRY, ImageType=["ORIGINAL", "PRIMARY", "M", "ND"])
    write_series(tmp_path, stored() * 2, GEOMETRY, seed=1, ImageType=["ORIGINAL", "PRIMARY", "P", "ND"])
    assert [s.name for s in read(tmp_path).series] == ["4 phantom M", "4 phantom P"]


def test_of_two_copies_the_opened_one_is_read(tmp_path: Path) -> None:
    for name, value in (("a", 1), ("b", 2)):
        ds = slice_dataset(np.full((4, 5), value, np.int16), GEOMETRY, 0, SliceThickness="3")
        ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = "1.2.3.77"
        ds.save_as(tmp_path / name, enforce_file_format=True)
    for name, value in (("a", 1), ("b", 2)):
        (volume,) = read(tmp_path / name).series
        assert volume.array.max() == value
