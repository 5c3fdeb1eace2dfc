"""Dynamic acquisitions: sorted by time, the tag named; repeated series stay apart."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from napari_medassist.core.errors import InconsistentSeries
from napari_medassist.core.geometry import Geometry
from napari_medassist.io.dicom.dynamic import common_description
from napari_medassist.io.dicom.reader import read
from napari_medassist.io.dicom.timing import clock_seconds
from tests.dicom_phantom import slice_dataset, write_series

SHAPE = (3, 4, 5)
GEOMETRY = Geometry(SHAPE, (3.0, 1.0, 1.0))


def write_time_points(folder: Path, tags: list[dict[str, Any]], **common: Any) -> None:
    """Write one time point a dictionary of tags; all voxels hold the number of the time point."""
    for number, own in enumerate(tags):
        stored = np.full(SHAPE, number, np.int16)
        write_series(folder, stored, GEOMETRY, seed=number, **common, **own)


def order_of(volume: Any) -> list[int]:
    return [int(point.max()) for point in volume.array]


@pytest.mark.parametrize(
    ("tags", "source", "times_s"),
    [
        (
            [{"TriggerTime": "30000"}, {"TriggerTime": "0"}, {"TriggerTime": "10000"}],
            "TriggerTime (0018,1060)",
            (0, 10, 30),
        ),
        (
            [{"AcquisitionTime": t} for t in ("120100.5", "115959", "120003")],
            "AcquisitionTime (0008,0032)",
            (0, 4, 61.5),
        ),
        (
            [{"ContentTime": t} for t in ("120100", "115959", "120003")],
            "ContentTime (0008,0033)",
            (0, 4, 61),
        ),
        (
            [{"TemporalPositionIdentifier": i, "TemporalResolution": 7500} for i in (3, 1, 2)],
            "TemporalPositionIdentifier (0020,0100) x TemporalResolution (0020,0110)",
            (0, 7.5, 15),
        ),
        (
            [{"TemporalPositionIdentifier": i} for i in (3, 1, 2)],
            "TemporalPositionIdentifier (0020,0100)",
            (),
        ),
    ],
)
def test_time_points_of_one_series(
    tmp_path: Path, tags: list[dict[str, Any]], source: str, times_s: tuple[float, ...]
) -> None:
    write_time_points(tmp_path, tags)
    (volume,) = read(tmp_path).series
    assert volume.array.shape == (3, *SHAPE)
    assert order_of(volume) == [1, 2, 0]
    assert volume.acquisition.time_source == source
    assert volume.acquisition.times_s == pytest.approx(times_s)
    assert bool(volume.warnings) == (not times_s)


def test_slices_that_have_their_own_times(tmp_path: Path) -> None:
    """Interleaved slices: slice 0 of the second time point is later than slice 2 of the first."""
    for t in range(3):
        for z in range(3):
            ds = slice_dataset(np.full((4, 5), 10 * t + z, np.int16), GEOMETRY, z)
            ds.AcquisitionTime = f"1200{20 * t + (7 * z) % 20:02d}"
            ds.save_as(tmp_path / f"{t}{z}", enforce_file_format=True)
    (volume,) = read(tmp_path).series
    np.testing.assert_array_equal(volume.array[:, :, 0, 0], [[0, 1, 2], [10, 11, 12], [20, 21, 22]])
    assert volume.acquisition.times_s == (0, 20, 40)


def test_midnight(tmp_path: Path) -> None:
    write_time_points(tmp_path, [{"AcquisitionTime": t} for t in ("235950", "000010", "000030")])
    (volume,) = read(tmp_path).series
    assert order_of(volume) == [0, 1, 2]
    assert volume.acquisition.times_s == (0, 20, 40)


def test_midnight_with_dates(tmp_path: Path) -> None:
    tags = [
        {"AcquisitionDate": "20111231", "AcquisitionTime": "235950.25"},
        {"AcquisitionDate": "20120101", "AcquisitionTime": "000010.5"},
    ]
    write_time_points(tmp_path, tags)
    (volume,) = read(tmp_path).series
    assert order_of(volume) == [0, 1]
    assert volume.acquisition.times_s == (0, 20.25)


def test_an_incomplete_time_point_is_refused(tmp_path: Path) -> None:
    write_time_points(tmp_path, [{"TriggerTime": "0"}, {"TriggerTime": "10"}])
    write_series(tmp_path, np.zeros(SHAPE, np.int16), GEOMETRY, skip=[1], seed=7, TriggerTime="20")
    with pytest.raises(InconsistentSeries, match=r"Most positions hold 3 image.*2 at 3\.00 mm"):
        read(tmp_path)


def as_series(*descriptions: str, times: tuple[str, ...] = ()) -> list[dict[str, Any]]:
    clock = times or tuple(f"12{m:02d}00" for m in range(len(descriptions)))
    return [
        {
            "SeriesDescription": text,
            "SeriesInstanceUID": f"1.2.3.{i}",
            "SeriesNumber": 20 + i,
            "AcquisitionTime": clock[i],
        }
        for i, text in enumerate(descriptions)
    ]


def test_time_points_that_are_series_are_joined(tmp_path: Path) -> None:
    tags = as_series(
        "Twist_dynamic_TT=24.9s",
        "Twist_dynamic_TT=8.0s",
        "Twist_dynamic_TT=16.4s",
        times=("120025", "120008", "120016.5"),
    )
    write_time_points(tmp_path, tags)
    (volume,) = read(tmp_path).series
    assert order_of(volume) == [1, 2, 0]
    assert volume.acquisition.times_s == (0, 8.5, 17)
    assert volume.acquisition.time_source == "AcquisitionTime (0008,0032)"
    assert volume.acquisition.description == "Twist_dynamic"
    assert volume.name == "21 Twist_dynamic"
    assert volume.warnings == ()


def test_without_clock_times_the_description_orders_them(tmp_path: Path) -> None:
    tags = as_series("dyn TT=24.9s", "dyn TT=8.0s", "dyn TT=16.4s")
    for own in tags:
        own["AcquisitionTime"] = None
    write_time_points(tmp_path, tags)
    (volume,) = read(tmp_path).series
    assert order_of(volume) == [1, 2, 0]
    assert volume.acquisition.time_source == "SeriesDescription (0008,103E)"
    assert volume.acquisition.times_s == pytest.approx((0, 8.4, 16.9))


def test_clock_and_description_that_disagree_are_said(tmp_path: Path) -> None:
    write_time_points(tmp_path, as_series("dyn TT=24.9s", "dyn TT=8.0s", "dyn TT=16.4s"))
    (volume,) = read(tmp_path).series
    assert order_of(volume) == [0, 1, 2]
    assert "not that of the numbers in the descriptions" in volume.warnings[0]


@pytest.mark.parametrize(
    "descriptions",
    [
        ("t2_tse_tra", "t2_tse_tra", "t2_tse_tra"),
        ("t2_tse_tra_1", "t2_tse_tra_2", "t2_tse_tra_3"),
        ("dyn TT=8s", "dyn TT=16s"),
        ("dyn a", "dyn b", "dyn c"),
    ],
    ids=["repeated T2w", "numbered T2w", "two only", "other words"],
)
def test_other_series_stay_apart(tmp_path: Path, descriptions: tuple[str, ...]) -> None:
    write_time_points(tmp_path, as_series(*descriptions))
    assert len(read(tmp_path).series) == len(descriptions)


@pytest.mark.parametrize(
    "different",
    [
        {"EchoTime": "5"},
        {"FlipAngle": "15"},
        {"FrameOfReferenceUID": "1.2.3.99"},
        {"PixelSpacing": ["1", "2"]},
    ],
)
def test_a_series_with_other_settings_is_not_joined(tmp_path: Path, different: dict[str, Any]) -> None:
    tags = as_series("dyn TT=8s", "dyn TT=16s", "dyn TT=24s", "dyn TT=32s")
    tags[3].update(different)
    write_time_points(tmp_path, tags)
    assert sorted(s.array.ndim for s in read(tmp_path).series) == [3, 4]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("120000", 43200),
        ("1200", 43200),
        ("12", 43200),
        ("12:00:01", 43201),
        ("120001.25", 43201.25),
        ("240000", None),
        ("", None),
        ("noon", None),
    ],
)
def test_clock_times(text: str, seconds: float | None) -> None:
    assert clock_seconds(text) == seconds


@pytest.mark.parametrize(
    ("descriptions", "common"),
    [
        (["Twist_Wip576_TT=8.0s", "Twist_Wip576_TT=16.4s"], "Twist_Wip576"),
        (["dyn 1", "dyn 12"], "dyn"),
        (["dce", "dce"], "dce"),
        (["8.0s dyn", "8.4s dyn"], "8.0s dyn"),
    ],
)
def test_common_description(descriptions: list[str], common: str) -> None:
    assert common_description(descriptions) == common
