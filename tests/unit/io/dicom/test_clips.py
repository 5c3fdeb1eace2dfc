"""Clips and stills without a place in the patient: colours, frame times, pixel spacing."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import dask.array
import numpy as np
import pydicom
import pytest
from pydicom.data import get_testdata_file
from pydicom.pixels import apply_color_lut

from napari_medassist.core.video import VideoClip
from napari_medassist.core.volume import Modality
from napari_medassist.io.dicom import clips
from napari_medassist.io.dicom.reader import read
from tests.dicom_phantom import item, items, write_clip

#: Rows of the test image of pydicom and the colour of each.
COLOUR_BARS = {
    5: (255, 0, 0), 15: (255, 128, 128), 25: (0, 255, 0), 35: (128, 255, 128), 45: (0, 0, 255),
    55: (128, 128, 255), 65: (0, 0, 0), 75: (64, 64, 64), 85: (192, 192, 192), 95: (255, 255, 255),
}  # fmt: skip


def installed(name: str) -> Path:
    """Return a file of pydicom or pydicom-data; nothing is downloaded."""
    found = get_testdata_file(name, download=False)
    assert found, f"{name} is not installed"
    return Path(str(found))


def clip_of(path: Path, folder: Path) -> VideoClip:
    """Read a file alone in its folder."""
    copy = folder / path.name
    shutil.copy(path, copy)
    loaded = read(copy)
    assert loaded.warnings == ()
    (clip,) = loaded.series
    assert isinstance(clip, VideoClip)
    return clip


@pytest.mark.parametrize(
    ("name", "tolerance"),
    [
        ("SC_rgb.dcm", 0),
        ("SC_rgb_16bit.dcm", 0),
        ("SC_rgb_32bit.dcm", 0),
        ("SC_rgb_expb.dcm", 0),
        ("SC_rgb_rle.dcm", 0),
        ("SC_rgb_rle_2frame.dcm", 0),
        ("SC_rgb_gdcm_KY.dcm", 1),
        ("SC_rgb_jpeg_gdcm.dcm", 0),
        ("SC_rgb_jpeg_dcmtk.dcm", 5),
        ("SC_rgb_dcmtk_+eb+cr.dcm", 5),
        ("SC_rgb_dcmtk_+eb+cy+np.dcm", 5),
        ("SC_rgb_jls_lossy_line.dcm", 10),
        ("SC_ybr_full_uncompressed.dcm", 5),
        ("SC_ybr_full_422_uncompressed.dcm", 5),
    ],
)
def test_colour_bars_have_their_colours(tmp_path: Path, name: str, tolerance: int) -> None:
    clip = clip_of(installed(name), tmp_path)
    assert clip.frames.dtype == np.uint8
    assert clip.modality is Modality.OTHER
    for row, colour in COLOUR_BARS.items():
        if name == "SC_rgb_rle_2frame.dcm" and row == 5:
            np.testing.assert_array_equal(clip.frames[1, row, 50], 255 - np.array(colour))
        np.testing.assert_allclose(clip.frames[0, row, 50].astype(int), colour, atol=tolerance)


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("US1_UNCR.dcm", (1, 480, 640, 3)),
        ("US1_J2KR.dcm", (1, 480, 640, 3)),
        ("US1_J2KI.dcm", (1, 480, 640, 3)),
        ("examples_rgb_color.dcm", (1, 240, 320, 3)),
        ("examples_ybr_color.dcm", (30, 240, 320, 3)),
        ("JPGLosslessP14SV1_1s_1f_8b.dcm", (1, 768, 1024)),
        ("ExplVR_BigEnd.dcm", (1, 60, 80, 3)),
    ],
)
def test_ultrasound_is_what_pydicom_decodes(tmp_path: Path, name: str, shape: tuple[int, ...]) -> None:
    clip = clip_of(installed(name), tmp_path)
    assert clip.frames.shape == shape
    assert clip.role == "us"
    expected = pydicom.dcmread(installed(name)).pixel_array.reshape(shape)
    np.testing.assert_array_equal(clip.frames, expected)


def test_lossless_and_uncompressed_ultrasound_are_equal(tmp_path: Path) -> None:
    first, second = (clip_of(installed(f"US1_{k}.dcm"), tmp_path) for k in ("UNCR", "J2KR"))
    np.testing.assert_array_equal(first.frames, second.frames)


def test_planar_configurations_are_equal(tmp_path: Path) -> None:
    planes, pixels = (clip_of(installed(f"color-{k}.dcm"), tmp_path) for k in ("pl", "px"))
    np.testing.assert_array_equal(planes.frames, pixels.frames)
    colourful = np.ptp(planes.frames.astype(int), axis=-1)
    assert 0 < (colourful > 50).mean() < 0.5, "a Doppler image has some strong colours"


@pytest.mark.parametrize("name", ["examples_palette.dcm", "OBXXXX1A_2frame.dcm", "OBXXXX1A_rle.dcm"])
def test_palette_colours(tmp_path: Path, name: str) -> None:
    clip = clip_of(installed(name), tmp_path)
    assert clip.is_rgb
    ds = pydicom.dcmread(installed(name))
    stored = ds.pixel_array.reshape(clip.frames.shape[:3])
    for channel, colour in enumerate(("Red", "Green", "Blue")):
        count, first, bits = ds[f"{colour}PaletteColorLookupTableDescriptor"].value
        raw = ds[f"{colour}PaletteColorLookupTableData"].value
        table = np.frombuffer(raw, np.uint16 if bits == 16 else np.uint8)[: count or 65536]
        expected = table[np.clip(stored.astype(int) - first, 0, len(table) - 1)] >> max(bits - 8, 0)
        np.testing.assert_array_equal(clip.frames[..., channel], expected)


@pytest.mark.parametrize("name", ["OBXXXX1A{}_2frame.dcm", "gdcm-US-ALOKA-16{}.dcm"])
def test_palettes_of_big_endian_files_give_the_same_colours(tmp_path: Path, name: str) -> None:
    ending = "_expb" if "OBX" in name else "_big"
    little, big = (clip_of(installed(name.format(e)), tmp_path) for e in ("", ending))
    np.testing.assert_array_equal(big.frames, little.frames)


def test_a_segmented_palette(tmp_path: Path) -> None:
    path = installed("gdcm-US-ALOKA-16.dcm")
    clip = clip_of(path, tmp_path)
    ds = pydicom.dcmread(path)
    expected = apply_color_lut(ds.pixel_array, ds)
    assert expected.dtype == np.uint16
    np.testing.assert_array_equal(clip.frames[0], expected >> 8)


def test_the_clip_of_30_frames(tmp_path: Path) -> None:
    clip = clip_of(installed("examples_ybr_color.dcm"), tmp_path)
    assert clip.n_frames == 30
    assert clip.frame_times_s[:2] == pytest.approx((0, 0.033333), abs=1e-4)
    assert clip.acquisition.time_source == "FrameTime (0018,1063)"
    assert clip.spacing_yx_mm == pytest.approx((0.5105, 0.5105), abs=1e-4)
    assert isinstance(clip.frames, np.ndarray)


def test_large_clips_are_decoded_frame_by_frame(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = clip_of(installed("examples_ybr_color.dcm"), tmp_path)
    monkeypatch.setattr(clips, "LAZY_ABOVE_BYTES", 1)
    lazy = clip_of(installed("examples_ybr_color.dcm"), tmp_path)
    assert isinstance(lazy.frames, dask.array.Array)
    assert lazy.frames.shape == whole.frames.shape
    np.testing.assert_array_equal(np.asarray(lazy.frames[17]), whole.frames[17])
    np.testing.assert_array_equal(np.asarray(lazy.frames[29]), whole.frames[29])


def grey_frames(n: int = 4) -> np.ndarray:
    return np.arange(n * 6 * 8, dtype=np.uint8).reshape(n, 6, 8)


def written(folder: Path, **tags: Any) -> VideoClip:
    path = folder / "clip"
    write_clip(path, grey_frames(), **tags)
    (clip,) = read(path).series
    assert isinstance(clip, VideoClip)
    return clip


@pytest.mark.parametrize(
    ("tags", "times_s", "source"),
    [
        ({"FrameTime": "40"}, (0, 0.04, 0.08, 0.12), "FrameTime (0018,1063)"),
        (
            {"FrameTimeVector": ["0", "10", "50", "20"], "FrameTime": "40"},
            (0, 0.01, 0.06, 0.08),
            "FrameTimeVector (0018,1065)",
        ),
        ({"CineRate": "25"}, (0, 0.04, 0.08, 0.12), "CineRate (0018,0040)"),
        (
            {"RecommendedDisplayFrameRate": "50", "FrameTime": "0"},
            (0, 0.02, 0.04, 0.06),
            "RecommendedDisplayFrameRate (0008,2144)",
        ),
        ({}, (0, 1, 2, 3), ""),
    ],
)
def test_frame_times(
    tmp_path: Path, tags: dict[str, Any], times_s: tuple[float, ...], source: str
) -> None:
    clip = written(tmp_path, **tags)
    assert clip.frame_times_s == pytest.approx(times_s)
    assert clip.acquisition.time_source == source
    assert any("No frame time" in w for w in clip.warnings) == (not source)
    np.testing.assert_array_equal(clip.frames, grey_frames())


def region(**tags: Any) -> pydicom.Dataset:
    common = {
        "RegionSpatialFormat": 1,
        "PhysicalUnitsXDirection": 3,
        "PhysicalUnitsYDirection": 3,
        "RegionLocationMinX0": 0,
        "RegionLocationMinY0": 0,
        "RegionLocationMaxX1": 8,
        "RegionLocationMaxY1": 6,
        "PhysicalDeltaX": 0.02,
        "PhysicalDeltaY": 0.03,
    }
    return item(**{**common, **tags})


def test_spacing_comes_from_the_largest_region_in_cm(tmp_path: Path) -> None:
    strip = region(RegionLocationMaxY1=1, PhysicalDeltaX=0.5)
    doppler = region(RegionSpatialFormat=3)
    seconds = region(PhysicalUnitsXDirection=4)
    clip = written(
        tmp_path, SequenceOfUltrasoundRegions=items(doppler, strip, region(), seconds), FrameTime="40"
    )
    assert clip.spacing_yx_mm == pytest.approx((0.3, 0.2))
    assert "different scale" in clip.warnings[0]


def test_spacing_without_region(tmp_path: Path) -> None:
    clip = written(tmp_path, PixelSpacing=["0.4", "0.5"], FrameTime="40")
    assert clip.spacing_yx_mm == (0.4, 0.5)
    assert clip.warnings == ()


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_no_spacing_where_none_is_stated(tmp_path: Path) -> None:
    assert written(tmp_path, FrameTime="40").spacing_yx_mm is None
    assert written(tmp_path, PixelSpacing=["0", "0"]).spacing_yx_mm is None


def test_monochrome1_is_inverted_and_said(tmp_path: Path) -> None:
    clip = written(tmp_path, PhotometricInterpretation="MONOCHROME1", FrameTime="40")
    np.testing.assert_array_equal(clip.frames, 255 - grey_frames())
    assert "inverted" in clip.warnings[0]


def test_a_clip_is_opened_without_the_others_of_its_series(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_clip(tmp_path / name, grey_frames(), SeriesInstanceUID="1.2.3", FrameTime="40")
    assert len(read(tmp_path / "a").series) == 1
    assert len(read(tmp_path).series) == 2
