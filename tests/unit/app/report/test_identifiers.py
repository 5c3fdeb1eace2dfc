"""What DICOM tells of a person never reaches a report unless it is asked for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from napari_medassist.app.browser.marks import Mark, Marks
from napari_medassist.app.cohort.files import evaluate_files
from napari_medassist.app.report.identifiers import is_dicom
from napari_medassist.app.report.sources import ReportSource
from napari_medassist.app.report.write import ReportOptions, write_report
from napari_medassist.cli.main import main
from tests.dicom_phantom import new_dataset, set_pixels
from tests.unit.app.cohort.cohorts import mask, save

PATIENT = "DOE^JANE_19700101"


def write_dicom(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    dataset = new_dataset("1.2.840.10008.5.1.4.1.1.4")
    dataset.PatientName, dataset.StudyDate = "Doe^Jane", "19991231"
    set_pixels(dataset, np.zeros((4, 4), dtype=np.uint16))
    dataset.save_as(path, enforce_file_format=True)
    return path


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """Three cases: images of one, called after the patient, are DICOM; another one fails on DICOM."""
    rng = np.random.default_rng(0)
    for name in (PATIENT, "plain"):
        save(tmp_path / "reference" / f"{name}.nii.gz", mask(rng))
        save(tmp_path / "prediction" / f"{name}.nii.gz", mask(rng))
    write_dicom(tmp_path / "images" / PATIENT / "IM0001")
    write_dicom(tmp_path / "reference" / "SMITH^JOHN.dcm")
    save(tmp_path / "prediction" / "SMITH^JOHN.nii.gz", mask(rng))
    evaluate_files(tmp_path / "reference", tmp_path / "prediction", tmp_path / "results")
    return tmp_path


def page_of(study: Path, **options: object) -> str:
    source = ReportSource.of_results(study / "results")
    settings = ReportOptions(images=study / "images", **options)  # type: ignore[arg-type]
    return write_report(source, study / "report.html", settings).read_text(encoding="utf-8")


def test_names_of_cases_with_dicom_files_become_numbers(study: Path) -> None:
    page = page_of(study)
    for secret in ("DOE", "JANE", "SMITH", "JOHN", "19700101", "19991231", "Secret", str(study)):
        assert secret not in page, secret
    assert "plain" in page
    assert "case 1" in page
    assert "The reason may name a person" in page
    assert "not told" in page


def test_without_the_images_only_what_is_dicom_itself_is_hidden(study: Path) -> None:
    source = ReportSource.of_results(study / "results")
    page = write_report(source, study / "r.html").read_text(encoding="utf-8")
    assert "SMITH" not in page
    assert PATIENT in page


def test_names_are_told_if_asked_for(study: Path) -> None:
    page = page_of(study, with_identifiers=True)
    assert PATIENT in page
    assert "SMITH^JOHN" in page
    assert str(study / "reference") in page


def test_the_command_hides_them_too(study: Path) -> None:
    arguments = ["report", str(study / "results"), "--images", str(study / "images"), "--quiet"]
    assert main(arguments) == 0
    assert "DOE" not in (study / "results" / "report.html").read_text(encoding="utf-8")


def test_notes_of_renamed_cases_are_withheld(study: Path) -> None:
    marks = Marks(study / "results" / "marks.json")
    marks.set(PATIENT, Mark.now("ambiguous", "called Jane, born 1970", reader="r1"))
    marks.set("plain", Mark.now("other", "told in full", reader="r2"))
    page = page_of(study)
    assert "withheld: the note may name a person" in page
    assert not [secret for secret in ("Jane", "born 1970", "r1<", PATIENT) if secret in page]
    assert "told in full" in page
    assert "called Jane, born 1970" in page_of(study, with_identifiers=True)


def test_what_counts_as_dicom(tmp_path: Path) -> None:
    assert is_dicom(write_dicom(tmp_path / "a" / "IM0001"))
    assert is_dicom(tmp_path / "a"), "a folder with a DICOM file"
    assert is_dicom(tmp_path / "gone"), "what cannot be looked at"
    assert is_dicom(tmp_path / "gone.dcm")
    assert not is_dicom(tmp_path / "gone.nii.gz")
    assert not is_dicom(save(tmp_path / "b" / "x.nii.gz", np.zeros((2, 2, 2), np.uint8)))
    assert not is_dicom(tmp_path / "b")
