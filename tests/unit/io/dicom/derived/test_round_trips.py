"""Labels through SEG, label map SEG and RTSTRUCT and back, on all sorts of grids."""

from __future__ import annotations

from pathlib import Path

import highdicom as hd
import numpy as np
import pytest
from pydicom import dcmread

from napari_medassist.core.errors import (
    CorruptFile,
    FileProblem,
    GeometryMismatch,
    InvalidImage,
    UnsupportedFormat,
    WriteFailed,
)
from napari_medassist.core.geometry import Geometry
from napari_medassist.core.labels import LabelMap
from napari_medassist.io.dicom.derived import segmentation_writing
from napari_medassist.io.dicom.derived.segmentation_reading import read_segmentation
from napari_medassist.io.dicom.derived.segmentation_writing import write_segmentation
from napari_medassist.io.dicom.derived.source_series import find_source
from napari_medassist.io.dicom.derived.structure_set_reading import read_structure_set
from napari_medassist.io.dicom.derived.structure_set_writing import write_structure_set
from napari_medassist.io.files import read
from tests.dicom_phantom import item, write_enhanced
from tests.dicom_programs import dump, errors_of
from tests.phantoms import TILT_DEG
from tests.strategies import oblique
from tests.unit.io.dicom.derived.studies import PATIENT, SHAPE, labels_on, study

AXIAL, CORONAL = np.eye(3), np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]])
SAGITTAL = np.array([[0.0, 0, -1], [1, 0, 0], [0, -1, 0]])
FLIPPED = np.diag([-1.0, 1, -1])
GRIDS = {
    "axial": AXIAL,
    "coronal": CORONAL,
    "sagittal": SAGITTAL,
    "flipped": FLIPPED,
    "oblique": oblique(AXIAL, TILT_DEG),
    "oblique sagittal": oblique(SAGITTAL, TILT_DEG),
    "oblique flipped": oblique(FLIPPED, TILT_DEG),
}
KINDS = ("binary", "labelmap", "rtstruct")


def written(kind: str, labels: LabelMap, folder: Path, path: Path) -> Path:
    source = find_source(labels, [folder])
    if kind == "rtstruct":
        write_structure_set(labels, source, path)
    else:
        write_segmentation(labels, source, path, kind=kind)  # type: ignore[arg-type]
    return path


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("grid", GRIDS)
def test_what_is_written_is_read_back_through_the_normal_opening(
    tmp_path: Path, kind: str, grid: str
) -> None:
    labels = labels_on(study(tmp_path / "study", GRIDS[grid]))
    written(kind, labels, tmp_path / "study", tmp_path / "study" / "labels.dcm")
    case = read(tmp_path / "study")
    (found,) = case.labels
    assert not case.warnings
    assert found.geometry.is_same_grid(labels.geometry, tolerance_mm=1e-4)
    np.testing.assert_array_equal(np.asarray(found.array), np.asarray(labels.array))
    assert {v: found.scheme.get(v).name for v in (3, 7)} == {3: "lesion", 7: "peripheral zone"}
    code = found.scheme.get(7).code
    assert code is not None
    assert (code.scheme, code.value) == ("SCT", "279706003")


@pytest.mark.parametrize("grid", GRIDS)
def test_highdicom_sees_the_same_voxels_at_the_same_places(tmp_path: Path, grid: str) -> None:
    labels = labels_on(study(tmp_path / "study", GRIDS[grid]))
    for kind in ("binary", "labelmap"):
        path = written(kind, labels, tmp_path / "study", tmp_path / f"{kind}.dcm")
        volume = hd.seg.segread(path).get_volume(combine_segments=True)
        numbers = {3: 3, 7: 7} if kind == "labelmap" else {3: 1, 7: 2}
        for value, number in numbers.items():
            theirs = volume.map_indices_to_reference(np.argwhere(volume.array == number))
            ours = labels.geometry.index_to_lps(np.argwhere(np.asarray(labels.array) == value))
            assert len(theirs) == len(ours)
            distances = np.linalg.norm(theirs[:, None] - ours[None], axis=-1)
            assert distances.min(axis=1).max() < 1e-4


@pytest.mark.parametrize("grid", GRIDS)
def test_contours_have_the_area_of_the_voxels(tmp_path: Path, grid: str) -> None:
    labels = labels_on(study(tmp_path / "study", GRIDS[grid]))
    path = written("rtstruct", labels, tmp_path / "study", tmp_path / "rt.dcm")
    for structure, value in zip(dcmread(path).ROIContourSequence, (3, 7), strict=True):
        area = 0.0
        for contour in structure.ContourSequence:
            points = np.asarray(contour.ContourData, float).reshape(-1, 3)
            crosses = np.cross(points, np.roll(points, -1, axis=0)).sum(axis=0)
            area += float(np.linalg.norm(crosses)) / 2
        expected = np.count_nonzero(np.asarray(labels.array) == value) * 0.5 * 0.7
        assert area == pytest.approx(expected, rel=1e-3)


def test_a_segmentation_alone_lies_where_it_belongs_and_says_so(tmp_path: Path) -> None:
    labels = labels_on(study(tmp_path / "study", GRIDS["oblique"]))
    path = written("binary", labels, tmp_path / "study", tmp_path / "alone" / ".." / "seg.dcm")
    (tmp_path / "alone").mkdir()
    path = path.rename(tmp_path / "alone" / "seg.dcm")
    case = read(path)
    (found,) = case.labels
    assert "images that it refers to are not here" in case.warnings[0]
    for value in (3, 7):
        theirs = found.geometry.index_to_lps(np.argwhere(np.asarray(found.array) == value))
        ours = labels.geometry.index_to_lps(np.argwhere(np.asarray(labels.array) == value))
        np.testing.assert_allclose(np.sort(theirs, axis=0), np.sort(ours, axis=0), atol=1e-3)


def test_a_segmentation_of_another_series_keeps_its_own_grid(tmp_path: Path) -> None:
    labels = labels_on(study(tmp_path / "study"))
    path = written("binary", labels, tmp_path / "study", tmp_path / "seg.dcm")
    other = study(tmp_path / "other", GRIDS["oblique"], SeriesInstanceUID="1.2.3.4")
    source = find_source(labels_on(other), [tmp_path / "other"])
    found = read_segmentation(path, [source])
    assert "is placed by its own header" in found.warnings[0]
    assert found.labels[0].geometry.shape_zyx == (3, 12, 14)  # slices 1 to 3, 2 of them with a frame


def test_overlapping_segments_make_several_label_maps(tmp_path: Path) -> None:
    volume = study(tmp_path / "study")
    source = find_source(labels_on(volume), [tmp_path / "study"])
    pixels = np.zeros((5, 12, 14, 3), np.uint8)
    pixels[1, 2:6, 2:6, 0] = pixels[1, 4:8, 4:8, 1] = pixels[2, 4:8, 4:8, 2] = 1
    _save_segments(tmp_path / "seg.dcm", source.datasets(), pixels, "BINARY")
    found = read_segmentation(tmp_path / "seg.dcm", [source])
    assert "2 label maps" in found.warnings[0]
    assert [m.values() for m in found.labels] == [(1, 3), (2,)]
    assert np.count_nonzero(np.asarray(found.labels[1].array)) == 16


def test_fractional_segments_are_probabilities(tmp_path: Path) -> None:
    volume = study(tmp_path / "study")
    source = find_source(labels_on(volume), [tmp_path / "study"])
    pixels = np.zeros((5, 12, 14, 1), np.float32)
    pixels[1, 2, 3], pixels[2, 2, 3] = 0.2, 1.0
    _save_segments(tmp_path / "seg.dcm", source.datasets(), pixels, "FRACTIONAL")
    (found,) = read_segmentation(tmp_path / "seg.dcm", [source]).maps
    values = np.asarray(found.array)
    assert found.role == "probability"
    assert values[1, 2, 3] == pytest.approx(0.2, abs=1 / 255)
    assert values[2, 2, 3] == 1
    assert np.count_nonzero(values) == 2
    (tmp_path / "seg.dcm").rename(tmp_path / "study" / "seg.dcm")
    opened = read(tmp_path / "study").by_role("probability")
    np.testing.assert_array_equal(np.asarray(opened.array), values)  # type: ignore[union-attr]


def _save_segments(path: Path, images: list, pixels: np.ndarray, kind: str) -> None:
    tissue = hd.sr.CodedConcept("85756007", "SCT", "Tissue")
    hd.seg.Segmentation(
        images, pixels, kind,
        [hd.seg.SegmentDescription(n, f"s{n}", tissue, tissue, "MANUAL")
         for n in range(1, pixels.shape[3] + 1)],
        "1.2.3.5", 1, "1.2.3.6", 1, "m", "m", "1", "1",
    ).save_as(path)  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("order", [(0, 1, 2, 3, 4), (3, 0, 4, 2, 1)])
def test_labels_on_an_enhanced_file(tmp_path: Path, kind: str, order: tuple[int, ...]) -> None:
    geometry = Geometry(SHAPE, (3.0, 0.5, 0.7), (-11.0, 7.0, -33.0), GRIDS["oblique"])
    pixels = np.zeros(SHAPE, np.int16)
    (tmp_path / "study").mkdir()
    frames = [(index, {}) for index in order]
    write_enhanced(tmp_path / "study" / "mr.dcm", pixels, geometry, frames, **PATIENT)
    (volume,) = read(tmp_path / "study").volumes()
    labels = labels_on(volume)
    written(kind, labels, tmp_path / "study", tmp_path / "study" / "labels.dcm")
    (found,) = read(tmp_path / "study").labels
    np.testing.assert_array_equal(np.asarray(found.array), np.asarray(labels.array))
    assert found.geometry.is_same_grid(labels.geometry, tolerance_mm=1e-4)


def test_labels_on_some_frames_of_an_enhanced_file(tmp_path: Path) -> None:
    geometry = Geometry(SHAPE, (3.0, 0.5, 0.7), (-11.0, 7.0, -33.0), GRIDS["oblique"])
    (tmp_path / "study").mkdir()
    frames = [
        (index, {"MRDiffusionSequence": item(DiffusionBValue=b)})
        for b in (0.0, 800.0)
        for index in range(5)
    ]
    pixels = np.zeros((10, *SHAPE[1:]), np.int16)
    write_enhanced(tmp_path / "study" / "mr.dcm", pixels, geometry, frames, **PATIENT)
    volume = next(v for v in read(tmp_path / "study").volumes() if v.b_value_s_mm2 == 800)
    labels = labels_on(volume)
    for kind in KINDS:
        path = written(kind, labels, tmp_path / "study", tmp_path / f"{kind}.dcm")
        source = find_source(labels, [tmp_path / "study"])
        reader = read_structure_set if kind == "rtstruct" else read_segmentation
        (found,) = reader(path, [source]).labels
        np.testing.assert_array_equal(np.asarray(found.array), np.asarray(labels.array))


def test_other_programs_find_no_errors(tmp_path: Path) -> None:
    labels = labels_on(study(tmp_path / "study", GRIDS["oblique"]))
    for kind in KINDS:
        path = written(kind, labels, tmp_path / "study", tmp_path / f"{kind}.dcm")
        text = dump(path)
        assert "Secret^Patient" in text  # of the patient of the images
        if kind != "labelmap":  # dciodvfy does not know that kind yet
            assert errors_of(path) == []


def test_a_truncated_segmentation_is_told(tmp_path: Path) -> None:
    labels = labels_on(study(tmp_path / "study"))
    path = written("binary", labels, tmp_path / "study", tmp_path / "seg.dcm")
    content = path.read_bytes()
    for part in (0.3, 0.6, 0.99):
        path.write_bytes(content[: int(len(content) * part)])
        with pytest.raises(CorruptFile, match="cannot be read"):
            read_segmentation(path)


def test_contours_that_fit_no_slice_are_refused(tmp_path: Path) -> None:
    labels = labels_on(study(tmp_path / "study"))
    path = written("rtstruct", labels, tmp_path / "study", tmp_path / "rt.dcm")
    source = find_source(labels, [tmp_path / "study"])
    for move, words in (((0, 1.5), "is not flat"), ((1.2, 1.2), "lies on no slice")):
        dataset = dcmread(path)
        contour = dataset.ROIContourSequence[0].ContourSequence[0]
        points = np.asarray(contour.ContourData, float).reshape(-1, 3)
        points[:, 2] += np.linspace(*move, len(points))
        contour.ContourData = [f"{v:.4f}" for v in points.ravel()]
        dataset.save_as(tmp_path / "moved.dcm")
        with pytest.raises(GeometryMismatch, match=words):
            read_structure_set(tmp_path / "moved.dcm", [source])


def test_contours_without_their_images_are_refused(tmp_path: Path) -> None:
    labels = labels_on(study(tmp_path / "study"))
    path = written("rtstruct", labels, tmp_path / "study", tmp_path / "rt.dcm")
    with pytest.raises(FileProblem, match="images that this structure set was drawn on are not here"):
        read_structure_set(path, [])


def test_holes_drawn_as_contours_of_their_own_are_holes(tmp_path: Path) -> None:
    labels = labels_on(study(tmp_path / "study"))
    path = written("rtstruct", labels, tmp_path / "study", tmp_path / "rt.dcm")
    source = find_source(labels, [tmp_path / "study"])
    dataset = dcmread(path)
    structure = dataset.ROIContourSequence[1]
    contour = structure.ContourSequence[0]
    corners = {"outer": [(2, 2), (2, 9), (8, 9), (8, 2)], "hole": [(4, 4), (4, 6), (5, 6), (5, 4)]}
    rings = []
    for points in corners.values():
        ring = type(contour)()
        ring.ContourGeometricType = "CLOSED_PLANAR"
        index = np.array([(2, *p) for p in points], float)
        ring.ContourData = [f"{v:.4f}" for v in source.geometry.index_to_lps(index).ravel()]
        ring.NumberOfContourPoints = 4
        rings.append(ring)
    structure.ContourSequence = rings
    dataset.save_as(path)
    (found,) = read_structure_set(path, [source]).labels
    # Centres on the outer line belong to it (7 x 8), those on the hole's line to the hole (2 x 3).
    assert np.count_nonzero(np.asarray(found.array)[2] == 7) == 7 * 8 - 2 * 3


def test_nothing_labelled_or_no_dicom_is_refused(tmp_path: Path) -> None:
    volume = study(tmp_path / "study")
    source = find_source(labels_on(volume), [tmp_path / "study"])
    with pytest.raises(InvalidImage, match="Nothing is labelled"):
        write_segmentation(LabelMap.on(volume), source, tmp_path / "seg.dcm")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UnsupportedFormat, match="NIfTI"):
        find_source(labels_on(volume), [tmp_path / "empty"])
    other = study(tmp_path / "other", GRIDS["oblique"])
    with pytest.raises(GeometryMismatch, match="has the grid of"):
        find_source(labels_on(other), [tmp_path / "study"])


def test_a_file_that_reads_back_differently_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    labels = labels_on(study(tmp_path / "study"))
    source = find_source(labels, [tmp_path / "study"])
    target = tmp_path / "seg.dcm"
    target.write_bytes(b"old")

    def shifted(values: np.ndarray, chosen: object) -> np.ndarray:
        return np.roll(np.where(values == 3, 1, np.where(values == 7, 2, 0)), 1, axis=2).astype(
            np.uint16
        )

    monkeypatch.setattr(segmentation_writing, "_consecutive", shifted)
    with pytest.raises(WriteFailed, match="voxels differ"):
        write_segmentation(labels, source, target)
    assert target.read_bytes() == b"old"
