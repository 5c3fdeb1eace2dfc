"""NIfTI headers as they occur, good and bad, against SimpleITK and nibabel."""

from __future__ import annotations

import gzip
from contextlib import suppress
from pathlib import Path
from typing import Any

import dask.array as da
import nibabel as nib
import numpy as np
import pytest
import SimpleITK

from napari_medassist.core.errors import (
    Cancelled,
    CorruptFile,
    FileProblem,
    InvalidGeometry,
    MedAssistError,
    UnsupportedFormat,
    WriteFailed,
)
from napari_medassist.core.geometry import Geometry
from napari_medassist.core.labels import LabelMap
from napari_medassist.core.progress import silent
from napari_medassist.core.volume import Volume
from napari_medassist.io.formats.nifti import FORMAT, write

SHAPE_IJK = (5, 4, 3)
SROWS = {"srow_x": [2, 0.1, 0, 10], "srow_y": [0, 2.5, 0.2, 20], "srow_z": [0.1, 0, 3, 30]}


def _file(
    path: Path,
    shape: tuple[int, ...] = SHAPE_IJK,
    dtype: Any = np.int16,
    header_class: type[nib.Nifti1Header] = nib.Nifti1Header,
    endianness: str = "<",
    **fields: Any,
) -> Path:
    """Write a header with the given fields, unchecked, and voxels 0, 1, 2, ... behind it."""
    header = header_class(endianness=endianness)
    header.set_data_dtype(dtype)
    header.set_data_shape(shape)
    header["pixdim"][1:4] = [2, 2.5, 3]
    header["magic"] = header.single_magic
    header["vox_offset"] = header.single_vox_offset
    for name, value in fields.items():
        header[name] = value
    numbers = np.arange(np.prod(shape)).astype(np.dtype(dtype).newbyteorder(endianness))
    content = header.binaryblock + bytes(4) + numbers.tobytes()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


def _read(path: Path) -> Volume:
    (volume,) = FORMAT.read(path, silent).series
    assert isinstance(volume, Volume)
    return volume


def _affine_of_simpleitk(path: Path) -> np.ndarray:
    image = SimpleITK.ReadImage(str(path))
    affine = np.eye(4)
    affine[:3, :3] = np.reshape(image.GetDirection(), (3, 3)) * image.GetSpacing()
    affine[:3, 3] = image.GetOrigin()
    return affine


@pytest.mark.parametrize("name", ["t2w.ax.nii", "t2w.ax.nii.gz"])
@pytest.mark.parametrize("header_class", [nib.Nifti1Header, nib.Nifti2Header])
@pytest.mark.parametrize("endianness", ["<", ">"])
def test_values_and_place_are_those_of_nibabel(
    name: str, header_class: type[nib.Nifti1Header], endianness: str, tmp_path: Path
) -> None:
    path = _file(
        tmp_path / name, header_class=header_class, endianness=endianness, sform_code=1, **SROWS
    )
    volume, truth = _read(path), nib.load(path)
    assert volume.name == "t2w.ax"
    assert volume.warnings == ()
    assert volume.array.dtype == np.dtype(np.int16)
    np.testing.assert_array_equal(volume.stored_array(), np.asarray(truth.dataobj).transpose())
    lps = np.diag([-1.0, -1, 1, 1]) @ truth.affine
    np.testing.assert_allclose(volume.source_grid.geometry.affine_lps, lps, atol=1e-6)


def test_a_sheared_sform_is_kept_which_simpleitk_refuses(tmp_path: Path) -> None:
    path = _file(tmp_path / "a.nii", sform_code=1, **SROWS)
    with pytest.raises(RuntimeError, match="orthonormal"):
        SimpleITK.ReadImage(str(path))
    assert _read(path).geometry.is_sheared


def test_a_file_without_a_place_is_read_as_itk_does_and_says_so(tmp_path: Path) -> None:
    path = _file(tmp_path / "a.nii")
    volume = _read(path)
    np.testing.assert_allclose(volume.source_grid.geometry.affine_lps, _affine_of_simpleitk(path))
    assert "does not say where" in volume.warnings[0]


@pytest.mark.parametrize(("code", "mm"), [(0, 1.0), (1, 1000.0), (2, 1.0), (3, 0.001)])
@pytest.mark.parametrize("form", ["sform_code", "qform_code"])
def test_units_of_length_become_mm(form: str, code: int, mm: float, tmp_path: Path) -> None:
    rows = {"srow_x": [2, 0, 0, 10], "srow_y": [0, 2.5, 0, 20], "srow_z": [0, 0, 3, 30]}
    path = _file(
        tmp_path / "a.nii",
        **{form: 1},
        **rows,
        qoffset_x=10,
        qoffset_y=20,
        qoffset_z=30,
        xyzt_units=code,
    )
    grid = _read(path).source_grid.geometry
    assert grid.spacing_zyx_mm == pytest.approx((3 * mm, 2.5 * mm, 2 * mm))
    np.testing.assert_allclose(grid.affine_lps, _affine_of_simpleitk(path), rtol=1e-6)


def test_sform_wins_over_qform_and_a_difference_is_told(tmp_path: Path) -> None:
    rows = {"srow_x": [2, 0, 0, 10], "srow_y": [0, 2.5, 0, 20], "srow_z": [0, 0, 3, 30]}
    both = {"sform_code": 1, "qform_code": 1, **rows}
    far = _read(_file(tmp_path / "far.nii", **both, qoffset_x=12, qoffset_y=20, qoffset_z=30))
    near = _read(_file(tmp_path / "near.nii", **both, qoffset_x=10.4, qoffset_y=20, qoffset_z=30))
    assert far.source_grid.geometry.origin_lps_mm == (-10, -20, 30)
    assert "differ by up to 2.0 mm" in far.warnings[0]
    assert near.warnings == ()


@pytest.mark.parametrize("bad", [[0, 0, 0, 0], [np.nan, 0, 0, 10], [np.inf, 0, 0, 10]])
def test_a_matrix_of_zeros_or_nan_is_refused_with_path_and_cure(
    bad: list[float], tmp_path: Path
) -> None:
    path = _file(tmp_path / "a.nii", sform_code=1, srow_x=bad, srow_y=bad, srow_z=bad)
    with pytest.raises(InvalidGeometry, match=r"a\.nii.*sform is not usable") as caught:
        _read(path)
    assert caught.value.path == path
    assert caught.value.cure


def test_a_good_qform_stands_in_for_a_bad_sform_and_it_is_told(tmp_path: Path) -> None:
    volume = _read(_file(tmp_path / "a.nii", sform_code=1, qform_code=1, qoffset_x=7))
    assert volume.source_grid.geometry.origin_lps_mm == (-7, 0, 0)
    assert "sform is not usable" in volume.warnings[0]


@pytest.mark.parametrize("pixdim", [[1, 0, 2, 3], [1, np.nan, 2, 3]])
@pytest.mark.parametrize("code", [0, 1])
def test_impossible_spacing_is_refused(code: int, pixdim: list[float], tmp_path: Path) -> None:
    path = _file(tmp_path / "a.nii", qform_code=code, pixdim=[*pixdim, 0, 0, 0, 0])
    with pytest.raises(InvalidGeometry, match=r"a\.nii"):
        _read(path)


@pytest.mark.parametrize(("unit", "seconds"), [(8, 1.0), (16, 1e-3), (24, 1e-6)])
@pytest.mark.parametrize("name", ["dce.nii", "dce.nii.gz"])
def test_time_comes_first_with_its_seconds(
    name: str, unit: int, seconds: float, tmp_path: Path
) -> None:
    path = _file(
        tmp_path / name,
        (5, 4, 3, 6),
        qform_code=1,
        pixdim=[1, 2, 2.5, 3, 1500, 0, 0, 0],
        xyzt_units=2 | unit,
    )
    volume = _read(path)
    assert volume.array.shape == (6, 3, 4, 5)
    assert volume.acquisition.times_s == pytest.approx([i * 1500 * seconds for i in range(6)])
    assert volume.acquisition.time_source
    truth = nib.load(path).dataobj
    for t in range(6):
        np.testing.assert_array_equal(volume.stored_array()[t], np.asarray(truth)[..., t].transpose())


def test_unknown_times_are_told_not_invented(tmp_path: Path) -> None:
    volume = _read(_file(tmp_path / "dce.nii", (5, 4, 3, 6), qform_code=1, xyzt_units=2))
    assert volume.acquisition.times_s == ()
    assert "6 time points" in volume.warnings[0]


def test_an_unpacked_file_is_mapped_not_loaded(tmp_path: Path) -> None:
    fields = {"qform_code": 1, "pixdim": [1, 2, 2.5, 3, 1, 0, 0, 0], "xyzt_units": 10}
    plain = _read(_file(tmp_path / "plain.nii", (5, 4, 3, 6), **fields))
    scaled = _read(_file(tmp_path / "scaled.nii", (5, 4, 3, 6), scl_slope=2.5, scl_inter=1, **fields))
    assert isinstance(plain.array, np.memmap)
    assert isinstance(scaled.array, da.Array)
    assert scaled.array.chunks[0] == (1,) * 6
    truth = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(tmp_path / "scaled.nii")))
    np.testing.assert_array_equal(scaled.stored_array(), truth)


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
@pytest.mark.parametrize(
    ("slope", "inter", "dtype"),
    [(1, 0, "int16"), (0, 0, "int16"), (2.5, 1, "float32"), (1, -1024, "float32")],
)
def test_scaling_gives_the_values_of_simpleitk(
    slope: float, inter: float, dtype: str, name: str, tmp_path: Path
) -> None:
    path = _file(tmp_path / name, qform_code=1, scl_slope=slope, scl_inter=inter)
    volume = _read(path)
    assert volume.array.dtype == dtype
    truth = SimpleITK.GetArrayFromImage(SimpleITK.ReadImage(str(path)))
    np.testing.assert_array_equal(volume.stored_array(), truth)


def test_trailing_single_axes_are_dropped_and_a_vector_field_refused(tmp_path: Path) -> None:
    volume = _read(_file(tmp_path / "a.nii", (5, 4, 3, 1, 1), qform_code=1))
    assert volume.array.shape == (3, 4, 5)
    with pytest.raises(UnsupportedFormat, match=r"5 axes \(5x4x3x1x3\)"):
        _read(_file(tmp_path / "field.nii", (5, 4, 3, 1, 3), qform_code=1, intent_code=1007))


def test_a_single_slice_is_one_voxel_thick(tmp_path: Path) -> None:
    assert _read(_file(tmp_path / "a.nii", (5, 4), qform_code=1)).array.shape == (1, 4, 5)


@pytest.mark.parametrize("dtype", [np.complex64, [("R", "u1"), ("G", "u1"), ("B", "u1")]])
def test_colours_and_complex_numbers_are_refused(dtype: Any, tmp_path: Path) -> None:
    with pytest.raises(UnsupportedFormat, match=r"a\.nii.*voxels are of the type"):
        _read(_typed(tmp_path, dtype))


def _typed(folder: Path, dtype: Any) -> Path:
    header = nib.Nifti1Header()
    header.set_data_dtype(np.dtype(dtype))
    return _file(folder / "a.nii", datatype=header["datatype"], bitpix=header["bitpix"], qform_code=1)


@pytest.mark.parametrize(
    "fields",
    [
        {"dim": [3, 5, -4, 3, 1, 1, 1, 1]},
        {"dim": [3, 5, 0, 3, 1, 1, 1, 1]},
        {"dim": [3, 512, 512, 10000, 1, 1, 1, 1]},
        {"dim": [7, 32767, 32767, 32767, 32767, 1, 1, 1]},
        {"datatype": 999},
        {"scl_slope": 1, "scl_inter": np.inf},
    ],
    ids=str,
)
@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
def test_impossible_headers_are_refused(name: str, fields: dict[str, Any], tmp_path: Path) -> None:
    path = _file(tmp_path / name, qform_code=1, **fields)
    with pytest.raises(CorruptFile, match=r"a\.nii") as caught:
        _read(path)
    assert caught.value.cure


def test_damaged_packed_bytes_are_noticed_by_their_checksum(tmp_path: Path) -> None:
    path = _file(tmp_path / "a.nii.gz", (50, 40, 30), qform_code=1)
    content = bytearray(path.read_bytes())
    content[-6] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(CorruptFile, match="damaged"):
        _read(path)


@pytest.mark.parametrize(("named", "really"), [("a.nii", "b.nii.gz"), ("a.nii.gz", "b.nii")])
def test_packed_or_not_is_told_by_content_not_by_name(named: str, really: str, tmp_path: Path) -> None:
    path = _file(tmp_path / really, qform_code=1).rename(tmp_path / named)
    assert FORMAT.sniff(path)
    assert _read(path).array.shape == (3, 4, 5)


def test_a_pair_is_read_through_its_header(tmp_path: Path) -> None:
    image = nib.Nifti1Pair(np.arange(60, dtype=np.int16).reshape(SHAPE_IJK), np.diag([2.0, 2.5, 3, 1]))
    nib.save(image, tmp_path / "a.img")
    volume = _read(tmp_path / "a.hdr")
    np.testing.assert_array_equal(volume.stored_array(), np.asarray(image.dataobj).transpose())
    (tmp_path / "a.img").unlink()
    with pytest.raises(FileProblem, match=r"\.img, are missing"):
        _read(tmp_path / "a.hdr")


def test_analyze_is_refused_since_it_does_not_tell_the_sides(tmp_path: Path) -> None:
    nib.save(nib.AnalyzeImage(np.zeros(SHAPE_IJK, np.int16), np.eye(4)), tmp_path / "a.img")
    with pytest.raises(UnsupportedFormat, match="left from right"):
        _read(tmp_path / "a.hdr")


def test_reading_a_packed_file_can_be_cancelled(tmp_path: Path) -> None:
    def stop(_done: int, _total: int, _message: str) -> None:
        raise Cancelled("Stopped.")

    with pytest.raises(Cancelled):
        FORMAT.read(_file(tmp_path / "a.nii.gz", qform_code=1), stop)


def test_written_header_says_mm_and_scanner_coordinates(tmp_path: Path) -> None:
    path = tmp_path / "labels.nii.gz"
    write(LabelMap(np.ones((3, 4, 5), np.uint8), Geometry((3, 4, 5), (3.0, 2.0, 1.0))), path)
    header = nib.load(path).header
    assert (int(header["sform_code"]), int(header["qform_code"])) == (1, 1)
    assert header.get_xyzt_units()[0] == "mm"
    assert header.get_slope_inter() in {(1.0, 0.0), (None, None)}


def test_a_qform_that_would_lie_elsewhere_is_left_out(tmp_path: Path) -> None:
    """Turned by 180 degrees less a hair, as T2w series are: float32 puts the qform 0.3 mm off."""
    c, s = np.cos(0.002), np.sin(0.002)
    grid = Geometry((19, 384, 384), (3.0, 0.5, 0.5), (0, 0, 0), [[c, -s, 0], [s, c, 0], [0, 0, 1]])
    path = tmp_path / "labels.nii"
    write(LabelMap.from_stored(np.ones(grid.shape_zyx, np.uint8), grid), path)
    header = nib.load(path).header
    sform, code = header.get_sform(coded=True)
    assert code == 1
    qform = header.get_qform(coded=True)[0]
    assert qform is None or np.abs(qform - sform).max() < 1e-4


def test_more_voxels_than_nifti_counts_are_refused(tmp_path: Path) -> None:
    labels = LabelMap(np.zeros((1, 1, 40000), np.uint8), Geometry((1, 1, 40000), (1.0, 1.0, 1.0)))
    with pytest.raises(WriteFailed, match="32767"):
        write(labels, tmp_path / "a.nii")
    assert not list(tmp_path.iterdir())


def test_errors_are_ours_whatever_bytes_a_header_holds(tmp_path: Path) -> None:
    random = np.random.default_rng(5)
    whole = bytearray(_file(tmp_path / "a.nii", qform_code=1, sform_code=1, **SROWS).read_bytes())
    for _ in range(300):
        broken = bytearray(whole)
        for place in random.integers(4, 344, size=6):
            broken[place] = random.integers(256)
        (tmp_path / "b.nii").write_bytes(broken)
        with suppress(MedAssistError):
            _read(tmp_path / "b.nii")
