"""NRRD and .seg.nrrd as 3D Slicer and others write them, against SimpleITK."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
import SimpleITK

from napari_medassist.core.errors import (
    CorruptFile,
    InvalidGeometry,
    InvalidImage,
    MedAssistError,
    UnsupportedFormat,
    WriteFailed,
)
from napari_medassist.core.geometry import Geometry
from napari_medassist.core.labels import Code, Label, LabelMap, LabelScheme
from napari_medassist.core.progress import silent
from napari_medassist.core.volume import Volume
from napari_medassist.io.format import Loaded
from napari_medassist.io.formats.nrrd import FORMAT, write

LPS = "space: left-posterior-superior\n"
GRID = "sizes: 5 4 6\nspace directions: (2,0,0) (0,2.5,0) (0,0,3)\nspace origin: (1,2,3)\n"
THREE = f"dimension: 3\n{LPS}{GRID}"
#: A segmentation of two overlapping segments as 3D Slicer 5 writes it.
SLICER_SEGMENTS = """Segment0_Color:=0.8 0.2 0
Segment0_ID:=Segment_1
Segment0_LabelValue:=1
Segment0_Layer:=0
Segment0_Name:=peripheral zone
Segment0_Tags:=Segmentation.Status:inprogress|TerminologyEntry:Segmentation category and type - 3D \
Slicer General Anatomy list~SCT^123037004^Anatomical Structure~SCT^279706003^Peripheral zone~^^~~^^~^^|
Segment1_Color:=0 0.4 1
Segment1_ID:=Segment_2
Segment1_LabelValue:=3
Segment1_Layer:=1
Segment1_Name:=Läsion links
Segmentation_SourceRepresentation:=Binary labelmap
"""


def _file(path: Path, header: str, numbers: np.ndarray | None = None, *, encoding: str = "raw") -> Path:
    values = np.arange(120, dtype="<i2") if numbers is None else numbers
    name = {"<i2": "short", "|u1": "uchar", "|i1": "signed char", "<f4": "float"}[values.dtype.str]
    fixed = f"NRRD0005\ntype: {name}\nendian: little\nencoding: {encoding}\n"
    packed = gzip.compress(values.tobytes()) if encoding == "gzip" else values.tobytes()
    path.write_bytes(f"{fixed}{header}\n".encode() + packed)
    return path


def _load(path: Path) -> Loaded:
    return FORMAT.read(path, silent)


def _read(path: Path) -> Volume:
    (volume,) = _load(path).series
    assert isinstance(volume, Volume)
    return volume


@pytest.mark.parametrize("encoding", ["raw", "gzip"])
@pytest.mark.parametrize(
    "space",
    ["left-posterior-superior", "right-anterior-superior", "left-anterior-superior", "LPS", "RAS"],
)
def test_place_and_values_are_those_of_simpleitk(space: str, encoding: str, tmp_path: Path) -> None:
    path = _file(tmp_path / "t2w.v2.nrrd", f"dimension: 3\nspace: {space}\n{GRID}", encoding=encoding)
    volume, truth = _read(path), SimpleITK.ReadImage(str(path))
    assert volume.name == "t2w.v2"
    assert volume.warnings == ()
    np.testing.assert_array_equal(volume.stored_array(), SimpleITK.GetArrayFromImage(truth))
    last = truth.TransformIndexToPhysicalPoint((4, 3, 5))
    np.testing.assert_allclose(volume.source_grid.geometry.index_to_lps((5, 3, 4)), last)


def test_a_file_without_directions_says_so(tmp_path: Path) -> None:
    volume = _read(_file(tmp_path / "a.nrrd", "dimension: 3\nsizes: 5 4 6\nspacings: 2 2.5 3\n"))
    assert volume.geometry.spacing_zyx_mm == (3, 2.5, 2)
    assert "Left and right are a guess" in volume.warnings[0]


def test_a_space_that_is_no_patient_space_is_told(tmp_path: Path) -> None:
    volume = _read(_file(tmp_path / "a.nrrd", f"dimension: 3\nspace: scanner-xyz\n{GRID}"))
    assert "scanner-xyz" in volume.warnings[0]


FOUR_LAST = "sizes: 5 4 3 2\nspace directions: (2,0,0) (0,2.5,0) (0,0,3) none\nspace origin: (1,2,3)\n"
FOUR_FIRST = "sizes: 2 5 4 3\nspace directions: none (2,0,0) (0,2.5,0) (0,0,3)\nspace origin: (1,2,3)\n"


@pytest.mark.parametrize("encoding", ["raw", "gzip"])
@pytest.mark.parametrize(
    ("header", "first"),
    [
        (f"{FOUR_LAST}kinds: domain domain domain list\n", False),
        (f"{FOUR_LAST}kinds: domain domain domain time\n", False),
        (f"{FOUR_LAST}kinds: space space space ???\n", False),
        (FOUR_LAST, False),
        (f"{FOUR_FIRST}kinds: list domain domain domain\n", True),
        (f"{FOUR_FIRST}kinds: time domain domain domain\n", True),
    ],
)
def test_a_list_or_time_axis_comes_first(
    header: str, first: bool, encoding: str, tmp_path: Path
) -> None:
    path = _file(tmp_path / "dce.nrrd", f"dimension: 4\n{LPS}{header}", encoding=encoding)
    volume = _read(path)
    assert volume.array.shape == (2, 3, 4, 5)
    numbers = np.arange(120)
    stored = np.stack([numbers[t::2].reshape(3, 4, 5) for t in (0, 1)])
    expected = stored if first else numbers.reshape(2, 3, 4, 5)
    np.testing.assert_array_equal(volume.stored_array(), expected)
    assert volume.source_grid.geometry.origin_lps_mm == (1, 2, 3)
    assert volume.acquisition.times_s == ()
    assert "2 time points" in volume.warnings[0]


def test_times_are_taken_where_the_header_has_them(tmp_path: Path) -> None:
    kinds = "kinds: domain domain domain time\n"
    units = 'spacings: nan nan nan 2500\nunits: "" "" "" "ms"\n'
    stepped = _read(_file(tmp_path / "a.nrrd", f"dimension: 4\n{LPS}{FOUR_LAST}{kinds}{units}"))
    assert stepped.acquisition.times_s == (0, 2.5)
    labels = "MultiVolume.FrameLabels:=1000,4000\nMultiVolume.FrameIdentifyingDICOMTagUnits:=ms\n"
    listed = _read(_file(tmp_path / "b.nrrd", f"dimension: 4\n{LPS}{FOUR_LAST}{kinds}{labels}"))
    assert listed.acquisition.times_s == (0, 3)
    assert listed.warnings == ()


def test_a_detached_header_finds_its_voxels(tmp_path: Path) -> None:
    (tmp_path / "a.raw").write_bytes(np.arange(120, dtype="<i2").tobytes())
    for kinds in ("list", "time"):
        header = (
            f"dimension: 4\n{LPS}{FOUR_LAST}kinds: domain domain domain {kinds}\ndata file: a.raw\n"
        )
        path = _file(tmp_path / "a.nhdr", header, np.empty(0, "<i2"))
        assert _read(path).array.shape == (2, 3, 4, 5)
    (tmp_path / "a.raw").unlink()
    with pytest.raises(CorruptFile, match=r"'a\.raw' with its voxels is missing"):
        _read(path)


def test_colours_are_refused(tmp_path: Path) -> None:
    header = f"dimension: 4\n{LPS}{FOUR_FIRST}kinds: RGB-color domain domain domain\n"
    with pytest.raises(UnsupportedFormat, match="rgb-color"):
        _read(_file(tmp_path / "a.nrrd", header))


@pytest.mark.parametrize(
    ("header", "error"),
    [
        (THREE.replace("(2,0,0)", "(0,0,0)"), InvalidGeometry),
        (THREE.replace("(2,0,0)", "(nan,nan,nan)"), InvalidGeometry),
        (THREE.replace("(1,2,3)", "(nan,2,3)"), InvalidGeometry),
        (THREE + 'space units: "m" "m" "m"\n', InvalidGeometry),
        (THREE.replace("(0,0,3)", "(2,0,0)"), MedAssistError),
        (THREE.replace("5 4 6", "512 512 10000"), CorruptFile),
        (THREE.replace("5 4 6", "5 -4 6"), CorruptFile),
        (THREE.replace("5 4 6", "5 4 many"), CorruptFile),
        (THREE.replace("dimension: 3", "dimension: 9"), CorruptFile),
    ],
    ids=["zero", "nan", "nan origin", "metres", "flat", "huge", "negative", "words", "nine axes"],
)
@pytest.mark.parametrize("encoding", ["raw", "gzip"])
def test_impossible_headers_are_refused(
    header: str,
    error: type[MedAssistError],
    encoding: str,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    path = _file(tmp_path / "a.nrrd", header, encoding=encoding)
    with pytest.raises(error, match=r"a\.nrrd") as caught:
        _read(path)
    assert caught.value.path == path
    assert caught.value.cure
    assert "".join(capfd.readouterr()) == ""


def test_overlapping_segments_become_one_label_map_a_layer(tmp_path: Path) -> None:
    numbers = np.zeros((3, 4, 5, 2), np.uint8)
    numbers[0, 1, 2] = (1, 3)
    header = f"dimension: 4\n{LPS}{FOUR_FIRST}kinds: list domain domain domain\n{SLICER_SEGMENTS}"
    zone, lesion = _load(_file(tmp_path / "gland.seg.nrrd", header, numbers)).labels
    assert zone.scheme.labels == (
        Label(1, "peripheral zone", (204, 51, 0), Code("SCT", "279706003", "Peripheral zone")),
    )
    assert lesion.scheme.labels == (Label(3, "Läsion links", (0, 102, 255)),)
    assert (zone.name, lesion.name) == ("gland layer 1", "gland layer 2")
    assert zone.values() == (1,)
    assert np.argwhere(lesion.stored_array() == 3).tolist() == [[0, 1, 2]]


def test_files_of_old_slicers_have_a_layer_a_segment(tmp_path: Path) -> None:
    numbers = np.ones((3, 4, 5, 2), np.uint8)
    keys = "Segment0_ID:=a\nSegment0_Name:=first\nSegment1_ID:=second\n"
    header = f"dimension: 4\n{LPS}{FOUR_FIRST}kinds: list domain domain domain\n{keys}"
    maps = _load(_file(tmp_path / "a.seg.nrrd", header, numbers)).labels
    assert [m.scheme.get(1).name for m in maps] == ["first", "second"]


def test_a_value_that_two_segments_claim_is_told(tmp_path: Path) -> None:
    keys = "Segment0_ID:=a\nSegment1_ID:=b\nSegment0_LabelValue:=1\nSegment1_LabelValue:=1\n"
    path = _file(tmp_path / "a.seg.nrrd", THREE + keys, np.zeros(120, np.uint8))
    (labels,) = _load(path).labels
    assert "claimed by 'a' and 'b'" in labels.warnings[0]


@pytest.mark.parametrize(
    "keys",
    [
        "Segment0_ID:=a\nSegment0_LabelValue:=0\n",
        "Segment0_ID:=a\nSegment0_LabelValue:=one\n",
        "Segment0_ID:=a\nSegment0_Layer:=4\n",
        "Segment0_ID:=a\nSegment0_Color:=red\n",
    ],
)
def test_segments_that_make_no_sense_are_refused(keys: str, tmp_path: Path) -> None:
    path = _file(tmp_path / "a.seg.nrrd", THREE + keys, np.zeros(120, np.uint8))
    with pytest.raises(CorruptFile, match="Segment 0") as caught:
        _load(path)
    assert caught.value.path == path


@pytest.mark.parametrize("dtype", ["<f4", "|i1"])
def test_segments_need_whole_numbers_from_zero(dtype: str, tmp_path: Path) -> None:
    path = _file(tmp_path / "a.seg.nrrd", THREE + "Segment0_ID:=a\n", np.full(120, -1, dtype))
    with pytest.raises(InvalidImage, match=r"a\.seg\.nrrd"):
        _load(path)


def test_fractional_segmentations_stay_images(tmp_path: Path) -> None:
    keys = "Segment0_ID:=a\nSegmentation_SourceRepresentation:=Fractional labelmap\n"
    loaded = _load(_file(tmp_path / "a.seg.nrrd", THREE + keys, np.zeros(120, np.uint8)))
    assert (len(loaded.series), len(loaded.labels)) == (1, 0)


@pytest.mark.parametrize("ending", [".seg.nrrd", ".nrrd"])
def test_names_colours_and_codes_come_back(ending: str, tmp_path: Path) -> None:
    scheme = LabelScheme(
        (
            Label(1, "lésion\n1: a=b \\ 'x'", (10, 200, 255), Code("SCT", "52988006", "Lesion")),
            Label(5, "not drawn yet", (1, 2, 3)),
        )
    )
    values = np.zeros((3, 4, 5), np.uint8)
    values[0, 0, :3] = (1, 2, 2)
    path = tmp_path / f"a{ending}"
    write(LabelMap(values, Geometry((3, 4, 5), (3.0, 2.0, 1.0)), scheme=scheme), path)
    (labels,) = _load(path).labels
    first, second, third = labels.scheme.labels
    assert first == Label(1, "lésion 1: a=b \\ 'x'", (10, 200, 255), Code("SCT", "52988006", "Lesion"))
    assert (second.value, second.name) == (2, "label 2")
    assert third == Label(5, "not drawn yet", (1, 2, 3))


def test_slicers_own_keys_are_written(tmp_path: Path) -> None:
    path = tmp_path / "a.seg.nrrd"
    write(LabelMap(np.ones((3, 4, 5), np.uint8), Geometry((3, 4, 5), (3.0, 2.0, 1.0))), path)
    image = SimpleITK.ReadImage(str(path))
    keys = {key: image.GetMetaData(key) for key in image.GetMetaDataKeys()}
    assert keys["Segment0_ID"] == "Segment_1"
    assert keys["Segment0_LabelValue"] == "1"
    assert keys["Segment0_Layer"] == "0"
    assert keys["Segment0_Extent"] == "0 4 0 3 0 2"
    assert keys["Segmentation_MasterRepresentation"] == "Binary labelmap"
    assert image.GetDimension() == 3


def test_a_single_voxel_is_refused_since_slicer_reads_it_as_empty(tmp_path: Path) -> None:
    labels = LabelMap(np.ones((1, 1, 1), np.uint8), Geometry((1, 1, 1), (1.0, 1.0, 1.0)))
    with pytest.raises(WriteFailed, match="single voxel"):
        write(labels, tmp_path / "a.seg.nrrd")
