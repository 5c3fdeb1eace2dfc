"""What is shared holds nothing of the patient, and is still one case."""

from __future__ import annotations

import json
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from napari_medassist.core.errors import FileProblem, WriteFailed
from napari_medassist.io.dicom.derived.segmentation_writing import write_segmentation
from napari_medassist.io.dicom.derived.source_series import find_source
from napari_medassist.io.dicom.derived.structure_set_writing import write_structure_set
from napari_medassist.io.files import read, write
from napari_medassist.io.sharing import share as share_module
from napari_medassist.io.sharing.profile import SharingOptions
from napari_medassist.io.sharing.share import Shared, share
from napari_medassist.io.sharing.words import known_words
from tests.dicom_phantom import write_clip
from tests.dicom_programs import dump
from tests.unit.io.dicom.derived.studies import PATIENT, labels_on, study

IDENTIFIERS = (
    "Secret", "Patient^", "SECRET-ID", "19500102", "20200304", "ACC-123456", "Doctor^", "Hospital",
    "Main Street", "1.2.826.0.1.3680043.10.1.1", "1.2.826.0.1.3680043.10.1.2", "Nested^Name", "+49 30",
    "hidden in a private tag", "Meier",
)  # fmt: skip


@pytest.fixture
def case(tmp_path: Path) -> Path:
    """A study with names everywhere, a SEG, an RTSTRUCT, a NIfTI, an NRRD, in a folder named alike."""
    folder = tmp_path / "Secret_Patient"
    nested = Dataset()
    nested.PatientName = "Nested^Name"
    nested.PersonTelephoneNumbers = "+49 30 123456"
    volume = study(
        folder / "dicom",
        InstitutionName="Hospital of the City",
        InstitutionAddress="Main Street 1",
        SeriesDescription="t2_tse_tra Meier",
        RequestAttributesSequence=Sequence([nested]),
        OtherPatientIDsSequence=Sequence([nested]),
    )
    for path in (folder / "dicom").iterdir():
        dataset = dcmread(path)
        block = dataset.private_block(0x0019, "SIEMENS MR HEADER", create=True)
        block.add_new(0x0C, "IS", 800)
        block.add_new(0x0D, "LO", "hidden in a private tag")
        other = dataset.private_block(0x0099, "Meier COMPANY", create=True)
        other.add_new(0x0C, "LO", "hidden in a private tag")
        dataset.preamble = b"Secret^Patient".ljust(128, b"\0")
        dataset.save_as(path)
    labels = labels_on(volume)
    source = find_source(labels, [folder])
    write_segmentation(labels, source, folder / "dicom" / "Secret seg.dcm")
    write_structure_set(labels, source, folder / "dicom" / "Secret rt.dcm")
    write(labels, folder / "Secret_lesion.nii.gz")
    image = nib.load(folder / "Secret_lesion.nii.gz")
    image.header["descrip"], image.header["aux_file"] = b"Secret Patient", b"Meier"
    image.header.extensions.append(nib.nifti1.Nifti1Extension("comment", b"Secret Patient"))
    nib.save(image, folder / "Secret_lesion.nii.gz")
    write(labels, folder / "Secret zones.seg.nrrd")
    return folder


def shared(case: Path, **options: bool) -> Shared:
    return share(case, case.parent / "out", case.parent / "map.json", options=SharingOptions(**options))


@pytest.mark.parametrize("options", [{}, {"shift_dates": True}])
def test_no_identifier_is_left_in_any_byte_or_name(case: Path, options: dict[str, bool]) -> None:
    found = shared(case, **options)
    assert found.left_out == []
    files = [p for p in found.folder.rglob("*") if p.is_file()]
    assert len(files) == found.n_files == 5 + 2 + 2
    for path in files:
        texts = [str(path.relative_to(found.folder)).encode(), path.read_bytes()]
        if path.suffix == ".dcm":
            texts.append(dump(path).encode())
        if path.suffix == ".gz":
            texts.append(bytes(nib.load(path).header.binaryblock))
            assert not nib.load(path).header.extensions
        for text in texts:
            assert [i for i in IDENTIFIERS if i.encode() in text] == [], path


def test_the_share_is_still_the_same_case(case: Path) -> None:
    before, after = read(case / "dicom"), read(next(shared(case).folder.glob("series-01")).parent)
    (old,), (new,) = before.volumes(), after.volumes()
    assert new.acquisition.description == "t2 tse tra"
    assert new.role == old.role
    assert new.b_value_s_mm2 == old.b_value_s_mm2
    np.testing.assert_array_equal(np.asarray(new.array), np.asarray(old.array))
    assert new.geometry == old.geometry
    # SEG, RTSTRUCT, NIfTI and NRRD; the first two found their images by the new UIDs.
    assert len(after.labels) == 4
    assert after.warnings == before.warnings
    for labels in after.labels:
        np.testing.assert_array_equal(np.asarray(labels.array), np.asarray(before.labels[0].array))


def test_dates_move_by_the_same_days_and_ages_stay(case: Path) -> None:
    folder = shared(case, shift_dates=True, keep_patient_characteristics=True).folder
    headers = [dcmread(p) for p in sorted(folder.rglob("*.dcm"))]
    dates = {h.StudyDate for h in headers}
    assert len(dates) == 1
    assert dates.pop() < "20190305"
    assert {h.PatientSex for h in headers} == {"M"}
    assert {h.PatientBirthDate for h in headers} == {""}
    assert {h.PatientIdentityRemoved for h in headers} == {"YES"}


def test_only_the_mapping_knows_who_it_was(case: Path) -> None:
    found = shared(case)
    mapping = json.loads((case.parent / "map.json").read_text())
    header = dcmread(next(found.folder.rglob("*.dcm")))
    assert mapping["patients"] == {"SECRET-ID": header.PatientID}
    assert mapping["uids"]["1.2.826.0.1.3680043.10.1.1"] == header.StudyInstanceUID
    assert len(mapping["files"]) == found.n_files


def test_the_mapping_must_lie_outside_and_the_folder_be_new(case: Path) -> None:
    out = case.parent / "out"
    with pytest.raises(WriteFailed, match="mapping would lie in the shared folder"):
        share(case, out, out / "map.json")
    with pytest.raises(WriteFailed, match="lie in the case"):
        share(case, case / "out", case.parent / "map.json")
    out.mkdir()
    (out / "file").touch()
    with pytest.raises(WriteFailed, match="there already"):
        share(case, out, case.parent / "map.json")


def test_images_that_may_show_names_are_left_out(tmp_path: Path) -> None:
    folder = tmp_path / "case"
    study(folder)
    write_clip(folder / "clip", np.zeros((3, 8, 8), np.uint8))
    study(folder / "burned", SeriesInstanceUID="1.2.9", BurnedInAnnotation="YES")
    found = share(folder, tmp_path / "out", tmp_path / "map.json")
    assert len(found.left_out) == 1 + 5
    assert found.n_files == 5
    kept = share(folder, tmp_path / "all", tmp_path / "map.json", keep_doubtful=True)
    assert kept.n_files == 11
    assert len(kept.warnings) == 6
    some = share(
        folder, tmp_path / "some", tmp_path / "map.json", keep_doubtful=lambda path: path.name == "clip"
    )
    assert (some.n_files, len(some.left_out)) == (6, 5)


def test_an_identifier_that_stays_anywhere_stops_the_share(
    case: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forgetful(source: Path, target: Path) -> None:
        target.write_bytes(b"of Secret^Patient")

    monkeypatch.setitem(share_module._CLEANERS, ".seg.nrrd", forgetful)
    with pytest.raises(WriteFailed, match="still stands"):
        shared(case)
    assert not (case.parent / "out").exists()
    assert not (case.parent / "map.json").exists()
    assert not list(case.parent.glob(".sharing-*"))


def test_nothing_to_share_is_told(tmp_path: Path) -> None:
    (tmp_path / "case").mkdir()
    (tmp_path / "case" / "notes.txt").write_text("Meier")
    with pytest.raises(FileProblem, match="not shared"):
        share(tmp_path / "case", tmp_path / "out", tmp_path / "map.json")


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("t2_tse_tra Meier", "t2 tse tra"),
        ("ProstateX-0000_human", "human"),
        ("12345", ""),
        ("ep2d_diff b800", "ep2d diff b800"),
        ("adc 1234567", "adc"),
        ("Twist_dynamic_TT=24.9s", "Twist dynamic TT 24.9s"),
    ],
)
def test_only_known_words_stay(text: str, kept: str) -> None:
    assert known_words(text) == kept


def test_patient_tags_of_the_phantom_are_all_looked_for() -> None:
    assert PATIENT["AccessionNumber"] in IDENTIFIERS
