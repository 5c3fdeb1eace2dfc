"""Enhanced multi-frame files: functional groups, b-values, time points."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from napari_medassist.core.errors import MedAssistError
from napari_medassist.core.geometry import Geometry
from napari_medassist.io.dicom.reader import read
from tests.dicom_phantom import item, items, write_enhanced
from tests.strategies import oblique

GEOMETRY = Geometry((3, 4, 5), (2.5, 0.9, 0.8), (-7.0, 8.0, 9.0), oblique(np.eye(3), (15, 5, -9)))


def frames_of(n: int) -> np.ndarray:
    """Return frames whose voxels hold the frame's number."""
    return np.arange(n, dtype=np.uint16)[:, None, None] * np.ones((1, 4, 5), np.uint16)


def test_frames_lie_where_their_groups_say(tmp_path: Path) -> None:
    path = tmp_path / "enhanced"
    write_enhanced(path, frames_of(3), GEOMETRY, [(2, {}), (0, {}), (1, {})])
    loaded = read(path)
    (volume,) = loaded.series
    assert loaded.warnings == volume.warnings == ()
    assert volume.source_grid.geometry.corner_distance_mm(GEOMETRY) < 1e-6
    np.testing.assert_array_equal(volume.stored_array()[:, 0, 0], [1, 2, 0])
    assert volume.name == "9 enhanced"


def test_rescaling_is_that_of_the_frame(tmp_path: Path) -> None:
    path = tmp_path / "enhanced"
    groups = [
        {"PixelValueTransformationSequence": item(RescaleSlope=slope, RescaleIntercept=-1)}
        for slope in (1, 2, 3)
    ]
    write_enhanced(path, frames_of(3) + 1, GEOMETRY, list(enumerate(groups)))
    (volume,) = read(path).series
    np.testing.assert_array_equal(volume.stored_array()[:, 0, 0], [0, 3, 8])


def test_b_values_and_directions(tmp_path: Path) -> None:
    path = tmp_path / "enhanced"
    weighted = item(
        DiffusionBValue=800.0,
        DiffusionGradientDirectionSequence=items(item(DiffusionGradientOrientation=[0.0, 0.0, 1.0])),
    )
    trace = item(DiffusionBValue=800.0, DiffusionDirectionality="ISOTROPIC")
    kinds = [item(DiffusionBValue=0.0), weighted, trace]
    frames = [(z, {"MRDiffusionSequence": kind}) for kind in kinds for z in range(3)]
    write_enhanced(path, frames_of(9), GEOMETRY, frames)
    b0, isotropic, directed = read(path).series
    assert [v.acquisition.b_value_s_mm2 for v in (b0, isotropic, directed)] == [0, 800, 800]
    assert isotropic.name == "9 enhanced b800 no direction"
    assert directed.name == "9 enhanced b800 direction (0.00, 0.00, 1.00)"
    np.testing.assert_array_equal(isotropic.stored_array()[:, 0, 0], [6, 7, 8])
    np.testing.assert_array_equal(directed.stored_array()[:, 0, 0], [3, 4, 5])


def test_time_points(tmp_path: Path) -> None:
    path = tmp_path / "enhanced"
    clocks = ("20200101120000", "20200101120012.5")
    frames = [
        (z, {"FrameContentSequence": item(FrameAcquisitionDateTime=clocks[t])})
        for z in range(3)
        for t in (1, 0)
    ]
    write_enhanced(path, frames_of(6), GEOMETRY, frames)
    (volume,) = read(path).series
    assert volume.array.shape == (2, 3, 4, 5)
    assert volume.acquisition.times_s == (0, 12.5)
    assert volume.acquisition.time_source == "FrameAcquisitionDateTime (0018,9074)"
    np.testing.assert_array_equal(volume.array[:, 0, 0, 0], [1, 0])


def test_echo_times(tmp_path: Path) -> None:
    path = tmp_path / "enhanced"
    frames = [
        (z, {"MREchoSequence": item(EffectiveEchoTime=te)}) for te in (20.0, 80.0) for z in range(3)
    ]
    write_enhanced(path, frames_of(6), GEOMETRY, frames)
    assert [v.name for v in read(path).series] == ["9 enhanced TE 20 ms", "9 enhanced TE 80 ms"]


def test_fewer_places_than_frames(tmp_path: Path) -> None:
    path = tmp_path / "enhanced"
    write_enhanced(path, frames_of(3), GEOMETRY, [(0, {}), (1, {})], NumberOfFrames=3)
    with pytest.raises(MedAssistError, match="3 frames but describes the place of 2"):
        read(path)


def test_a_gap_between_frames(tmp_path: Path) -> None:
    path = tmp_path / "enhanced"
    geometry = Geometry((6, 4, 5), (2.5, 1.0, 1.0))
    write_enhanced(path, frames_of(5), geometry, [(i, {}) for i in (0, 1, 2, 4, 5)])
    with pytest.raises(MedAssistError, match=r"1 between 5\.00 and 10\.00 mm"):
        read(path)
