"""Where a cohort lies, and which images belong to its cases."""

from __future__ import annotations

from pathlib import Path

import pytest

from napari_medassist.app.browser import opening
from napari_medassist.app.browser.case_files import ImageIndex, images_of_manifest, zones_of
from napari_medassist.app.browser.opening import Surroundings
from napari_medassist.app.browser.sources import ONLY_MODEL, CohortSources
from napari_medassist.core.errors import FileProblem, InvalidSetting


def touched(folder: Path, *names: str) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return folder


def test_places_go_to_the_recent_cohorts_and_back(tmp_path: Path) -> None:
    sources = CohortSources(
        reference=tmp_path / "human",
        predictions={"a": tmp_path / "a", "b": str(tmp_path / "b/*.nii.gz")},
        images=tmp_path / "images",
        kind="probability",
        label=2,
    )
    again = CohortSources.from_plain(sources.to_plain())
    assert again.to_plain() == sources.to_plain()
    assert again.models == ("a", "b")
    assert again.kind == "probability"
    assert again.label == [2]
    assert again.title == "a / b against human"
    results = CohortSources(results=tmp_path / "out")
    assert CohortSources.from_plain(results.to_plain()).results == tmp_path / "out"
    assert results.models == (ONLY_MODEL,)


@pytest.mark.parametrize("plain", [{}, {"predictions": 3}, {"predictions": {}}])
def test_what_is_no_cohort_is_refused(plain: dict[str, object]) -> None:
    with pytest.raises(InvalidSetting):
        CohortSources.from_plain(plain)


def test_a_missing_folder_is_told(tmp_path: Path) -> None:
    sources = CohortSources(reference=tmp_path / "no", predictions={"a": tmp_path})
    with pytest.raises(FileProblem, match="no such file"):
        sources.pairs()


def test_images_are_found_by_the_name_of_their_case(tmp_path: Path) -> None:
    touched(
        tmp_path,
        "p1_t2w.nii.gz",
        "p1_adc.nii.gz",
        "p10_t2w.nii.gz",
        "10005/10005_1000005_t2w.mha",
        "10005/10005_1000005_adc.mha",
        "study_7/1.dcm",
        "alone.nrrd",
        "p1_notes.txt",
        "sub-01/ses-1/anat/sub-01_ses-1_T2w.nii.gz",
    )
    index = ImageIndex.of(tmp_path)

    def names(case: str) -> list[str]:
        return [path.relative_to(tmp_path).as_posix() for path in index.images_of(case)]

    assert names("p1") == ["p1_adc.nii.gz", "p1_t2w.nii.gz"]
    assert names("10005_1000005") == [
        "10005/10005_1000005_adc.mha",
        "10005/10005_1000005_t2w.mha",
    ]
    assert names("study_7") == ["study_7"]
    assert names("alone") == ["alone.nrrd"]
    assert names("sub-01_ses-1") == ["sub-01/ses-1/anat/sub-01_ses-1_T2w.nii.gz"]
    assert names("sub-01/ses-1") == ["sub-01/ses-1"]
    assert names("nobody") == []


def test_images_of_a_pattern_and_of_no_place(tmp_path: Path) -> None:
    touched(tmp_path, "a/t2w.nii.gz", "b/t2w.nii.gz")
    index = ImageIndex.of(tmp_path / "*" / "t2w.nii.gz")
    assert index.images_of("a") == (tmp_path / "a" / "t2w.nii.gz",)
    assert index.images_of("c") == ()
    assert ImageIndex.of(None).images_of("a") == ()
    assert zones_of(None) == {}
    with pytest.raises(FileProblem):
        ImageIndex.of(tmp_path / "no")


def test_a_table_of_cases_may_name_their_images(tmp_path: Path) -> None:
    table = tmp_path / "cases.csv"
    table.write_text(
        "Case; reference; prediction; images\n"
        "a; r/a.nii; p/a.nii; i/a_t2w.nii | i/a_adc.nii\n"
        "b; r/b.nii; p/b.nii; dicom/b\n"
        "b; ; ; more/b.nii\n"
        "c; r/c.nii; p/c.nii;\n"
    )
    index = images_of_manifest(table)
    assert index.images_of("a") == (tmp_path / "i/a_t2w.nii", tmp_path / "i/a_adc.nii")
    assert index.images_of("b") == (tmp_path / "dicom/b", tmp_path / "more/b.nii")
    assert index.images_of("c") == index.images_of("d") == ()
    table.write_text("case,reference,prediction\na,b,c\n")
    assert images_of_manifest(table).images_of("a") == ()


def test_marks_lie_beside_results_or_in_the_users_folder(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(opening, "user_data_path", lambda _app: tmp_path / "user")
    monkeypatch.setattr(opening, "user_cache_path", lambda _app: tmp_path / "cache")
    kept = Surroundings()
    results = CohortSources(results=tmp_path / "out")
    folders = CohortSources(reference=tmp_path / "human", predictions={"a": tmp_path / "a"})
    assert kept.marks_of(results) == tmp_path / "out" / "marks.json"
    assert kept.marks_of(folders).parent == tmp_path / "user" / "marks"
    other_model = CohortSources(reference=tmp_path / "human", predictions={"b": tmp_path / "b"})
    assert kept.marks_of(folders) == kept.marks_of(other_model)  # marks are about cases
    assert kept.cache_of(folders).parent == tmp_path / "cache" / "cohorts"
    (tmp_path / "file").touch()
    read_only = CohortSources(results=tmp_path / "file")
    assert kept.marks_of(read_only).parent == tmp_path / "user" / "marks"
    assert Surroundings(marks_path=tmp_path / "m.json").marks_of(results) == tmp_path / "m.json"
