"""Every encoding gives the values of the uncompressed image, checked against pydicom and SimpleITK."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk

from napari_medassist.core.errors import CorruptFile, UnsupportedFormat
from napari_medassist.core.volume import Volume
from napari_medassist.io.dicom.reader import read
from tests.unit.io.dicom.test_clips import clip_of, installed

SLICES = (
    "CT_small.dcm", "MR_small.dcm", "MR_small_RLE.dcm", "MR_small_bigendian.dcm",
    "MR_small_implicit.dcm", "MR_small_jp2klossless.dcm", "MR_small_jpeg_ls_lossless.dcm",
    "MR_small_padded.dcm", "693_J2KI.dcm", "693_J2KR.dcm", "693_UNCR.dcm", "MR2_UNCR.dcm",
    "J2K_pixelrep_mismatch.dcm", "explicit_VR-UN.dcm", "MR-SIEMENS-DICOM-WithOverlays.dcm",
)  # fmt: skip
ENHANCED = ("RLE", "big_endian", "jpeg_2k_lossless", "jpeg_ls_lossless")


def volume_of(path: Path, folder: Path) -> Volume:
    """Read a file alone in its folder."""
    copy = folder / path.name
    shutil.copy(path, copy)
    (volume,) = read(copy).series
    assert isinstance(volume, Volume)
    return volume


@pytest.mark.parametrize("name", SLICES)
def test_slices_have_the_values_and_the_place_of_simpleitk(tmp_path: Path, name: str) -> None:
    volume = volume_of(installed(name), tmp_path)
    image = sitk.ReadImage(str(installed(name)))
    np.testing.assert_allclose(volume.stored_array(), sitk.GetArrayFromImage(image), rtol=1e-6)
    assert volume.array.dtype.isnative
    stored = volume.source_grid.geometry
    last = [int(n) - 1 for n in stored.shape_zyx]
    np.testing.assert_allclose(
        stored.index_to_lps(last), image.TransformIndexToPhysicalPoint(last[::-1]), atol=1e-4
    )


@pytest.mark.parametrize("kind", ENHANCED)
def test_multi_frame_encodings_equal_the_uncompressed(tmp_path: Path, kind: str) -> None:
    """These files lack their functional groups, so that they are read as frames without a place."""
    plain = clip_of(installed("emri_small.dcm"), tmp_path)
    clip = clip_of(installed(f"emri_small_{kind}.dcm"), tmp_path)
    np.testing.assert_array_equal(clip.frames, plain.frames)
    np.testing.assert_array_equal(
        plain.frames, pydicom.dcmread(installed("emri_small.dcm")).pixel_array
    )
    assert clip.frames.dtype.isnative
    assert "no place in the patient" in clip.warnings[0]


def test_enhanced_ct_is_placed_and_rescaled_by_its_groups(tmp_path: Path) -> None:
    path = installed("eCT_Supplemental.dcm")
    volume = volume_of(path, tmp_path)
    ds = pydicom.dcmread(path)
    groups = ds.PerFrameFunctionalGroupsSequence
    heights = [float(g.PlanePositionSequence[0].ImagePositionPatient[2]) for g in groups]
    shared = ds.SharedFunctionalGroupsSequence[0]
    values = []
    for group, frame in zip(groups, ds.pixel_array, strict=True):
        source = group if "PixelValueTransformationSequence" in group else shared
        rescale = source.PixelValueTransformationSequence[0]
        values.append(frame * float(rescale.RescaleSlope) + float(rescale.RescaleIntercept))
    order = np.argsort(heights)[::-1]  # its rows run to the right: the normal points down
    np.testing.assert_allclose(volume.stored_array(), np.asarray(values)[order])
    assert volume.source_grid.geometry.origin_lps_mm[2] == pytest.approx(max(heights))
    assert volume.geometry.spacing_zyx_mm[0] == pytest.approx(abs(heights[1] - heights[0]))


def test_deflated_files_are_inflated(tmp_path: Path) -> None:
    clip = clip_of(installed("image_dfl.dcm"), tmp_path)
    expected = pydicom.dcmread(installed("image_dfl.dcm")).pixel_array
    np.testing.assert_array_equal(clip.frames[0], expected)


def test_a_decoder_that_is_missing_is_said(tmp_path: Path) -> None:
    path = tmp_path / "12-bit.dcm"
    shutil.copy(installed("JPGExtended.dcm"), path)
    with pytest.raises(UnsupportedFormat, match="12-bit") as caught:
        read(path)
    assert "without compression" in str(caught.value)


def test_truncated_pixels_are_not_filled_up(tmp_path: Path) -> None:
    path = tmp_path / "cut.dcm"
    shutil.copy(installed("MR_truncated.dcm"), path)
    with pytest.raises(CorruptFile, match="truncated"):
        read(path)


def test_dicomdir_is_no_image_and_no_problem() -> None:
    folder = installed("CT_small.dcm").parent / "dicomdirtests"
    loaded = read(folder / "98892003")
    assert len(loaded.series) == 17
    loaded = read(folder)
    assert not any("DICOMDIR" in w for w in loaded.warnings)
    assert len(read(folder / "DICOMDIR").series) == len(loaded.series)
