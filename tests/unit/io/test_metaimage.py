"""MetaImage headers as they occur, good and bad, against SimpleITK."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import SimpleITK

from napari_medassist.core.errors import CorruptFile, InvalidGeometry, MedAssistError, UnsupportedFormat
from napari_medassist.core.geometry import Geometry
from napari_medassist.core.labels import Label, LabelMap, LabelScheme
from napari_medassist.core.progress import silent
from napari_medassist.core.volume import Volume
from napari_medassist.io.formats.metaimage import FORMAT, write

BASE = "ObjectType = Image\nNDims = 3\nBinaryData = True\nBinaryDataByteOrderMSB = False\n"
MATRIX = "TransformMatrix = 0 1 0 0 0 -1 -1 0 0\n"
PLACE = f"{MATRIX}Offset = 1 2 3\nElementSpacing = 2 2.5 3\n"
SIZE = "DimSize = 5 4 6\n"
SHORT = "ElementType = MET_SHORT\n"


def _file(path: Path, header: str, data_file: str = "LOCAL") -> Path:
    numbers = np.arange(120, dtype="<i2").tobytes() if data_file == "LOCAL" else b""
    path.write_bytes(f"{header}{SHORT}ElementDataFile = {data_file}\n".encode() + numbers)
    return path


def _read(path: Path) -> Volume:
    (volume,) = FORMAT.read(path, silent).series
    assert isinstance(volume, Volume)
    return volume


def test_place_and_values_are_those_of_simpleitk(tmp_path: Path) -> None:
    path = _file(tmp_path / "us.3d.mha", f"{BASE}{PLACE}{SIZE}")
    volume, truth = _read(path), SimpleITK.ReadImage(str(path))
    assert volume.name == "us.3d"
    assert volume.warnings == ()
    np.testing.assert_array_equal(volume.stored_array(), SimpleITK.GetArrayFromImage(truth))
    last = truth.TransformIndexToPhysicalPoint((4, 3, 5))
    np.testing.assert_allclose(volume.source_grid.geometry.index_to_lps((5, 3, 4)), last)


def test_a_header_finds_its_voxels_in_another_file(tmp_path: Path) -> None:
    path = _file(tmp_path / "a.mhd", f"{BASE}{PLACE}{SIZE}", "a.raw")
    with pytest.raises(CorruptFile, match=r"'a\.raw' with its voxels is missing"):
        _read(path)
    (tmp_path / "a.raw").write_bytes(np.arange(120, dtype="<i2").tobytes())
    assert _read(path).array.max() == 119


def test_time_is_first_and_unknown_times_are_told(tmp_path: Path) -> None:
    image = SimpleITK.Image([5, 4, 3, 2], SimpleITK.sitkInt16)
    path = tmp_path / "dce.mha"
    SimpleITK.WriteImage(image, str(path))
    volume = _read(path)
    assert volume.array.shape == (2, 3, 4, 5)
    assert "2 time points" in volume.warnings[0]


def test_a_missing_place_or_spacing_is_told(tmp_path: Path) -> None:
    volume = _read(_file(tmp_path / "a.mha", f"{BASE}{SIZE}"))
    assert "no directions" in volume.warnings[0]
    assert "no spacing" in volume.warnings[1]


@pytest.mark.parametrize(
    ("header", "error"),
    [
        (f"{BASE}{PLACE.replace('2 2.5 3', '0 2.5 3')}{SIZE}", InvalidGeometry),
        (f"{BASE}{PLACE.replace('2 2.5 3', 'nan 2.5 3')}{SIZE}", InvalidGeometry),
        (f"{BASE}{PLACE.replace('1 2 3', 'nan 2 3')}{SIZE}", InvalidGeometry),
        (f"{BASE}TransformMatrix = 0 0 0 0 0 0 0 0 0\nElementSpacing = 1 1 1\n{SIZE}", MedAssistError),
        (f"{BASE}{PLACE}DimSize = 512 512 10000\n", CorruptFile),
        (f"{BASE}{PLACE}DimSize = 50000 40000 60000\n", CorruptFile),
        (f"{BASE}{PLACE}DimSize = 5 -4 6\n", CorruptFile),
        (f"{BASE}{PLACE}DimSize = 5 4\n", CorruptFile),
        (f"{BASE}{PLACE}DimSize = 5 4 many\n", CorruptFile),
        (f"{BASE}{PLACE}{SIZE}CompressedData = True\nCompressedDataSize = 900\n", CorruptFile),
        (f"{BASE}{PLACE}{SIZE}ElementNumberOfChannels = 3\n", UnsupportedFormat),
    ],
    ids=[
        "zero",
        "nan",
        "nan origin",
        "flat",
        "huge",
        "huger",
        "negative",
        "two",
        "words",
        "cut",
        "rgb",
    ],
)
def test_impossible_headers_are_refused(
    header: str, error: type[MedAssistError], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = _file(tmp_path / "a.mha", header)
    with pytest.raises(error, match=r"a\.mha") as caught:
        _read(path)
    assert caught.value.path == path
    assert caught.value.cure
    assert "".join(capfd.readouterr()) == ""


def test_names_and_colours_come_back(tmp_path: Path) -> None:
    scheme = LabelScheme((Label(2, "Läsion = links", (10, 200, 255)),))
    path = tmp_path / "a.mha"
    labels = LabelMap(
        np.full((3, 4, 5), 2, np.uint8), Geometry((3, 4, 5), (3.0, 2.0, 1.0)), scheme=scheme
    )
    write(labels, path)
    (again,) = FORMAT.read(path, silent).labels
    assert again.scheme == scheme
