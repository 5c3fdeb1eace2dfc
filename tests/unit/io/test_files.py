from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

import napari_medassist as ma
from napari_medassist.app import samples
from napari_medassist.core.errors import (
    Cancelled,
    CorruptFile,
    FileProblem,
    InvalidImage,
    UnsupportedFormat,
)
from napari_medassist.core.labels import LabelMap
from napari_medassist.io.files import MAX_FILES_OF_A_CASE, case_name, is_readable
from tests.phantoms import volume


def _save(path: Path, values: np.ndarray) -> Path:
    nib.save(nib.Nifti1Image(values, np.diag([-1.0, -1.0, 2.0, 1.0])), path)
    return path


@pytest.fixture
def image() -> np.ndarray:
    return np.random.default_rng(0).normal(300, 40, size=(12, 10, 8)).astype(np.float32)


@pytest.fixture
def mask() -> np.ndarray:
    values = np.zeros((12, 10, 8), dtype=np.uint8)
    values[3:6, 3:6, 3:6] = 2
    return values


def test_a_folder_is_one_case_and_a_bad_file_in_it_is_a_warning(
    tmp_path: Path, image: np.ndarray, mask: np.ndarray
) -> None:
    _save(tmp_path / "7_t2w.nii.gz", image)
    _save(tmp_path / "7_adc.nii.gz", image)
    _save(tmp_path / "7_lesions.nii.gz", mask)
    (tmp_path / "7_hbv.nii.gz").write_bytes(b"not gzip")
    (tmp_path / "notes.txt").write_text("hello")
    case = ma.read(tmp_path)
    assert [s.role for s in case.series] == ["t2w", "adc"]
    assert [labels.name for labels in case.labels] == ["7_lesions"]
    assert len(case.warnings) == 1
    assert "7_hbv.nii.gz" in case.warnings[0]


def test_a_cohort_is_not_opened_as_a_case(tmp_path: Path, mask: np.ndarray) -> None:
    first = _save(tmp_path / "0.nii.gz", mask)
    for number in range(1, MAX_FILES_OF_A_CASE + 1):
        shutil.copy(first, tmp_path / f"{number}.nii.gz")
    with pytest.raises(FileProblem, match="looks like a cohort"):
        ma.read(tmp_path)


@pytest.mark.parametrize("reader", [ma.read, ma.read_volume, ma.read_labels])
def test_a_missing_path_is_named(reader, tmp_path: Path) -> None:
    with pytest.raises(FileProblem, match=r"nowhere\.nii"):
        reader(tmp_path / "nowhere.nii")


def test_nothing_but_broken_images_is_an_error_that_names_each(tmp_path: Path) -> None:
    for name in ("a.nii.gz", "b.nrrd"):
        (tmp_path / name).write_bytes(b"")
    with pytest.raises(FileProblem, match=r"(?s)a\.nii\.gz.*b\.nrrd"):
        ma.read(tmp_path)


def test_content_decides_where_the_name_is_wrong(tmp_path: Path, mask: np.ndarray) -> None:
    path = _save(tmp_path / "x.nii.gz", mask).rename(tmp_path / "x.mha")
    labels = ma.read_labels(path)
    assert labels.values() == (2,)
    assert "named like MetaImage, read as NIfTI" in ma.read(path).warnings[0]


def test_a_text_file_is_no_image(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    path.write_text("hello")
    assert not is_readable(path)
    with pytest.raises(UnsupportedFormat, match="Known formats"):
        ma.read(path)


def test_read_volume_wants_one_image(tmp_path: Path, image: np.ndarray) -> None:
    _save(tmp_path / "7_t2w.nii.gz", image)
    assert ma.read_volume(tmp_path).role == "t2w"
    _save(tmp_path / "7_adc.nii.gz", image)
    with pytest.raises(FileProblem, match=r"7_t2w \(t2w\), 7_adc \(adc\)"):
        ma.read_volume(tmp_path)
    assert ma.read_volume(tmp_path, role="adc").name == "7_adc"


def test_read_volume_returns_the_values_of_label_maps_too(tmp_path: Path, mask: np.ndarray) -> None:
    path = _save(tmp_path / "seg.nii.gz", mask)
    assert ma.read_volume(path).array.max() == 2
    labels = ma.read_labels(path)
    assert ma.read_volume(ma.write(labels, tmp_path / "x.seg.nrrd")).array.max() == 2


@pytest.mark.parametrize(("value", "what"), [(0.5, "fractional"), (-1.0, "negative"), (np.nan, "")])
def test_labels_must_be_labels_and_the_file_is_named(tmp_path: Path, value: float, what: str) -> None:
    path = _save(tmp_path / "odd.nii.gz", np.full((4, 4, 4), value, dtype=np.float32))
    with pytest.raises(InvalidImage, match=rf"odd\.nii\.gz.*{what}"):
        ma.read_labels(path)


def test_write_knows_its_formats(tmp_path: Path) -> None:
    labels = LabelMap.on(volume())
    with pytest.raises(UnsupportedFormat, match=r"\.nii\.gz"):
        ma.write(labels, tmp_path / "x.png")
    assert list(tmp_path.iterdir()) == []


def test_cancelling_stops_the_reading_of_a_study() -> None:
    def stop(done: int, _total: int, _message: str) -> None:
        if done >= 5:
            raise Cancelled("Stopped.")

    with pytest.raises(Cancelled):
        ma.read(samples.sample_study(), progress=stop)


def test_progress_runs_to_its_end() -> None:
    reports: list[tuple[int, int]] = []
    ma.read(samples.sample_study(), progress=lambda done, total, _: reports.append((done, total)))
    assert len(reports) > 100
    assert all(0 <= done <= total for done, total in reports)


def test_truncated_file_alone_is_an_error(tmp_path: Path, image: np.ndarray) -> None:
    path = _save(tmp_path / "x.nii.gz", image)
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(CorruptFile, match=r"x\.nii\.gz"):
        ma.read(path)


def test_case_names() -> None:
    assert case_name(Path("a/10000_1.seg.nrrd")) == "10000_1"
    assert case_name(Path("a/10000_1.nii.gz")) == "10000_1"
    assert case_name(Path("a/strange.xyz")) == "strange"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_among_the_files_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.nii")
    os.mkfifo(tmp_path / "pipe.dcm")
    with pytest.raises(FileProblem, match="neither a file nor a folder"):
        ma.read(tmp_path / "pipe.nii")
    with pytest.raises(FileProblem, match="No image could be read"):
        ma.read(tmp_path)
    assert not is_readable(tmp_path)


def test_a_look_into_a_folder_does_not_walk_a_whole_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def endless_disk(_folder: Path) -> Iterator[tuple[str, list[str], list[str]]]:
        for number in range(10_000):
            assert number < 1000, "walked on and on"
            yield str(tmp_path), [], [f"note{number}.txt"]

    monkeypatch.setattr(os, "walk", endless_disk)
    assert not is_readable(tmp_path)
