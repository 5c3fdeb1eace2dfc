"""What every file format must do. They are found through the registry: a new one is tested at once."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import SimpleITK
from nibabel.filebasedimages import ImageFileError

from napari_medassist.core.errors import FileProblem, MedAssistError, UnsupportedFormat
from napari_medassist.core.geometry import Geometry
from napari_medassist.core.labels import LabelMap, LabelScheme, label_map_of
from napari_medassist.core.orientation import lps_from_ras
from napari_medassist.core.progress import silent
from napari_medassist.core.volume import Volume
from napari_medassist.io.format import FORMATS, FormatSpec
from tests.strategies import ORIENTATIONS, oblique

#: NIfTI stores the matrix in float32: 500 mm from the centre that is good to 3e-5 mm.
TOLERANCE_MM = 1e-4
#: None; half a degree off, as a head lies; the tilt of a prostate T2w; all three axes.
TURNS_DEG = ((0.0, 0.0, 0.0), (0.5, -0.3, 0.2), (18.0, 0.0, 0.0), (12.0, -8.0, 5.0))
FILE_FORMATS = [spec for spec in FORMATS if not spec.reads_folders]
WRITERS = [spec for spec in FORMATS if spec.write is not None]
ENDINGS = [(spec, ending) for spec in WRITERS for ending in spec.extensions]


@pytest.fixture(autouse=True)
def _no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thousand small files need not survive a power cut."""
    monkeypatch.setattr("napari_medassist.io.atomic.os.fsync", lambda _fd: None)


def _phantom(direction: np.ndarray) -> LabelMap:
    """No two axes alike, no symmetry in the values, one voxel with a value of its own."""
    grid = Geometry((3, 4, 5), (3.0, 0.5, 0.7), (100.125, -87.3, 33.1), direction)
    values = np.random.default_rng(1).integers(0, 4, grid.shape_zyx).astype(np.uint8)
    values[2, 0, 3] = 7
    return LabelMap.from_stored(values, grid, scheme=LabelScheme.from_names({7: "lesion"}))


def _write(spec: FormatSpec, labels: LabelMap, path: Path) -> bool:
    """Write; False if the format reads this ending only (and then leaves nothing behind)."""
    assert spec.write is not None
    try:
        spec.write(labels, path)
    except UnsupportedFormat:
        return False
    return True


def _read(spec: FormatSpec, path: Path) -> LabelMap:
    loaded = spec.read(path, silent)
    (image,) = (*loaded.series, *loaded.labels)
    return label_map_of(image) if isinstance(image, Volume) else image


def _require_same_as_simpleitk(labels: LabelMap, path: Path) -> None:
    image = SimpleITK.ReadImage(str(path))
    grid = labels.source_grid.geometry
    np.testing.assert_array_equal(SimpleITK.GetArrayFromImage(image), labels.stored_array())
    index_zyx = np.argwhere(np.ones(grid.shape_zyx))
    there = [image.TransformIndexToPhysicalPoint([int(i) for i in index[::-1]]) for index in index_zyx]
    np.testing.assert_allclose(there, grid.index_to_lps(index_zyx), atol=TOLERANCE_MM)


def _require_same_as_nibabel(labels: LabelMap, path: Path) -> None:
    try:
        image = nib.load(path)
    except ImageFileError:
        return  # a format that nibabel does not know
    grid = labels.source_grid.geometry
    np.testing.assert_array_equal(np.asarray(image.dataobj), labels.stored_array().transpose())
    there = Geometry.from_affine_lps(lps_from_ras(image.affine), grid.shape_zyx)
    assert there.corner_distance_mm(grid) < TOLERANCE_MM


@pytest.mark.parametrize("spec", WRITERS, ids=lambda spec: spec.name)
def test_each_writer_writes_at_least_one_of_its_endings(spec: FormatSpec, tmp_path: Path) -> None:
    written = []
    for number, ending in enumerate(spec.extensions):
        folder = tmp_path / str(number)
        folder.mkdir()
        written.append(_write(spec, _phantom(np.eye(3)), folder / f"labels{ending}"))
        assert len(list(folder.iterdir())) == written[-1]
    assert any(written)


@pytest.mark.parametrize("direction", ORIENTATIONS, ids=range(48))
@pytest.mark.parametrize(("spec", "ending"), ENDINGS, ids=[ending for _, ending in ENDINGS])
def test_written_labels_keep_values_place_and_order(
    spec: FormatSpec, ending: str, direction: np.ndarray, tmp_path: Path
) -> None:
    for number, turn in enumerate(TURNS_DEG):
        labels = _phantom(oblique(direction, turn))
        folder = tmp_path / str(number)
        folder.mkdir()
        path = folder / f"labels{ending}"
        if not _write(spec, labels, path):
            return
        assert [p.name for p in folder.iterdir()] == [path.name]
        again = _read(spec, path)
        stored = labels.source_grid.geometry
        assert again.source_grid.geometry.corner_distance_mm(stored) < TOLERANCE_MM
        assert again.geometry.corner_distance_mm(labels.geometry) < TOLERANCE_MM
        np.testing.assert_array_equal(again.stored_array(), labels.stored_array())
        np.testing.assert_array_equal(again.array, labels.array)
        assert spec.sniff(path)
        _require_same_as_simpleitk(labels, path)
        _require_same_as_nibabel(labels, path)


@pytest.mark.parametrize(("spec", "ending"), ENDINGS, ids=[ending for _, ending in ENDINGS])
def test_sheared_grids_come_back_exactly(spec: FormatSpec, ending: str, tmp_path: Path) -> None:
    tilt = np.deg2rad(15)
    gantry = np.array([[1, 0, 0], [0, 1, np.sin(tilt)], [0, 0, np.cos(tilt)]])
    labels = _phantom(oblique(gantry, (5.0, 3.0, -2.0)))
    path = tmp_path / f"labels{ending}"
    if _write(spec, labels, path):
        again = _read(spec, path)
        assert again.geometry.corner_distance_mm(labels.geometry) < TOLERANCE_MM
        _require_same_as_nibabel(labels, path)


@pytest.mark.parametrize(("spec", "ending"), ENDINGS, ids=[ending for _, ending in ENDINGS])
@pytest.mark.parametrize(
    ("dtype", "largest"),
    [("bool", 1), ("int64", 255), ("int8", 127), ("uint64", 300), ("uint16", 65535), ("uint32", 70000)],
)
def test_any_whole_number_type_is_written_in_one_that_programs_share(
    spec: FormatSpec, ending: str, dtype: str, largest: int, tmp_path: Path
) -> None:
    values = np.zeros((2, 3, 4), dtype=dtype)
    values[1, 2, 3] = largest
    labels = LabelMap(array=values, geometry=Geometry((2, 3, 4), (1.0, 1.0, 1.0)))
    path = tmp_path / f"labels{ending}"
    if _write(spec, labels, path):
        image = SimpleITK.ReadImage(str(path))
        assert image.GetPixelID() in (SimpleITK.sitkUInt8, SimpleITK.sitkUInt16, SimpleITK.sitkInt32)
        assert SimpleITK.GetArrayFromImage(image)[1, 2, 3] == largest


def _corruptions(spec: FormatSpec, ending: str, folder: Path) -> Iterator[tuple[str, bytes]]:
    yield "zero bytes", b""
    yield "text", b"These are my notes on the patient, saved under a wrong name.\n" * 40
    yield "noise", np.random.default_rng(2).bytes(4096)
    yield "one byte", b"N"
    values = np.random.default_rng(3).integers(0, 200, (8, 9, 10)).astype(np.uint8)
    labels = LabelMap(array=values, geometry=Geometry((8, 9, 10), (1.0, 1.0, 1.0)))
    folder.mkdir()
    path = folder / f"whole{ending}"
    if spec.write is not None and _write(spec, labels, path):
        whole = path.read_bytes()
        for part in (0.02, 0.1, 0.3, 0.6, 0.9):
            yield f"cut to {part:.0%}", whole[: int(len(whole) * part)]
        yield "30 bytes missing", whole[:-30]


@pytest.mark.parametrize(
    ("spec", "ending"),
    [(spec, ending) for spec in FILE_FORMATS for ending in spec.extensions],
    ids=[ending for spec in FILE_FORMATS for ending in spec.extensions],
)
def test_corrupt_files_are_refused_quickly_and_quietly(
    spec: FormatSpec, ending: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    for name, content in _corruptions(spec, ending, tmp_path / "whole"):
        path = tmp_path / f"scan{ending}"
        path.write_bytes(content)
        begin = time.perf_counter()
        with pytest.raises(FileProblem) as caught:
            spec.read(path, silent)
        assert time.perf_counter() - begin < 5, name
        assert caught.value.path == path, name
        assert caught.value.cure, name
    out, err = capfd.readouterr()
    assert out + err == ""


@pytest.mark.parametrize("spec", FILE_FORMATS, ids=lambda spec: spec.name)
def test_a_missing_file_is_named(spec: FormatSpec, tmp_path: Path) -> None:
    path = tmp_path / f"not_there{spec.extensions[0]}"
    with pytest.raises(FileProblem, match="not_there") as caught:
        spec.read(path, silent)
    assert caught.value.path == path


@pytest.mark.parametrize("spec", list(FORMATS), ids=lambda spec: spec.name)
def test_sniffing_never_raises_and_never_claims_text(spec: FormatSpec, tmp_path: Path) -> None:
    for name, content in {
        "empty": b"",
        "text": b"notes\n" * 900,
        "gzip": b"\x1f\x8bnot really",
    }.items():
        path = tmp_path / name
        path.write_bytes(content)
        assert not spec.sniff(path)
    assert not spec.sniff(tmp_path / "missing")


@pytest.mark.parametrize(
    "spec", [spec for spec in FORMATS if spec.reads_folders], ids=lambda spec: spec.name
)
def test_a_folder_of_rubbish_gives_no_image(spec: FormatSpec, tmp_path: Path) -> None:
    (tmp_path / "empty.dcm").write_bytes(b"")
    (tmp_path / "notes.txt").write_text("nothing to see")
    try:
        loaded = spec.read(tmp_path, silent)
    except MedAssistError:
        return  # a refusal is as good; anything else that is raised fails the test
    assert loaded.series == ()
    assert loaded.labels == ()
