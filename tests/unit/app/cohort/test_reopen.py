"""Results that are opened again are those that were computed, to the last digit."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from napari_medassist.app.cohort.detection import scored_cases
from napari_medassist.app.cohort.files import Source, evaluate_source
from napari_medassist.app.cohort.manifest import read_manifest
from napari_medassist.app.cohort.output import CohortResult, write_results
from napari_medassist.app.cohort.packed import PackedCases
from napari_medassist.app.cohort.plain import to_plain
from napari_medassist.app.cohort.reopen import load_results
from napari_medassist.core.errors import CorruptFile, FileProblem, InvalidSetting
from napari_medassist.core.results import CohortEvaluation, Status
from napari_medassist.evaluation.conventions import MEDASSIST, preset
from napari_medassist.evaluation.inputs.masks import Kind
from tests.unit.app.cohort.cohorts import cohort, contents, save

N_CASES = 12


def probability_maps(folder: Path, references: Path) -> Path:
    """Write a noisy map for each readable reference; one map is empty."""
    rng = np.random.default_rng(3)
    for number, path in enumerate(sorted(references.iterdir())):
        values = rng.random((20, 18, 6)) ** 3 * (number > 0)
        save(folder / path.name, values.astype(np.float32))
    return folder


def as_text(cohort: CohortEvaluation) -> str:
    """Return all that a cohort holds as text, in which undefined values are equal."""
    parts = {f.name: to_plain(getattr(cohort, f.name)) for f in fields(cohort) if f.name != "cases"}
    return json.dumps(parts, sort_keys=True)


def assert_same(found: CohortEvaluation, expected: CohortEvaluation) -> None:
    assert found.cases == expected.cases
    assert as_text(found) == as_text(expected)
    assert to_plain(scored_cases(found)) == to_plain(scored_cases(expected))


Results = tuple[Path, CohortResult]


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with references, predictions and maps."""
    folder = tmp_path_factory.mktemp("study")
    reference, _ = cohort(folder, N_CASES)
    probability_maps(folder / "maps", reference)
    return folder


@pytest.fixture(scope="module")
def results(study: Path) -> Results:
    source = Source.of_places(study / "reference", study / "prediction")
    out = study / "results" / "first"
    return out, evaluate_source(source, out, metrics=["all"])


@pytest.fixture
def copied(results: Results, tmp_path: Path) -> Path:
    return Path(shutil.copytree(results[0], tmp_path / "copy"))


def test_label_maps_with_failed_cases(results: Results) -> None:
    folder, expected = results
    again = load_results(folder)
    assert isinstance(again.cohort, CohortResult)
    assert_same(again.cohort, expected)
    assert [case.message for case in again.cohort.cases] == [case.message for case in expected.cases]
    assert (again.convention, again.kind, again.labels) == (MEDASSIST, "labels", None)
    assert again.folder == folder
    assert again.cohort.n_by_status[Status.OK] == N_CASES - 2


@pytest.mark.parametrize("name", ["picai", "brats2023_gli", "metrics_reloaded", "medassist"])
def test_maps_of_probabilities_under_any_convention(study: Path, tmp_path: Path, name: str) -> None:
    source = Source.of_places(study / "reference", study / "maps")
    expected = evaluate_source(
        source, tmp_path, convention=preset(name), kind="probability", label=[1, 2]
    )
    assert scored_cases(expected)
    again = load_results(tmp_path)
    assert_same(again.cohort, expected)
    assert (again.convention, again.kind, again.labels) == (preset(name), "probability", (1, 2))


def test_of_a_sweep_the_sums_alone_are_kept(study: Path, tmp_path: Path) -> None:
    source = Source.of_places(study / "reference", study / "maps")
    swept = evaluate_source(source, tmp_path / "a", kind="probability", cut_offs=(0.3, 0.6))
    plain = evaluate_source(source, tmp_path / "b", kind="probability")
    again = load_results(tmp_path / "a").cohort
    assert (tmp_path / "a" / "sweep.csv").is_file()
    assert_same(again, plain)
    assert again.cases != swept.cases


def test_what_was_opened_again_is_written_alike(results: Results, tmp_path: Path) -> None:
    again = load_results(results[0])
    about = json.loads((results[0] / "summary.json").read_text())
    kept = {name: about[name] for name in ("reference", "prediction", "labels", "kind", "passed_over")}
    write_results(again.cohort, again.convention, tmp_path, about=kept)
    written, first = contents(tmp_path), contents(results[0])
    # seen from here the same files lie elsewhere
    assert written.pop("files.csv") != first.pop("files.csv")
    assert written == first


def test_the_files_are_found_again_where_the_study_was_moved_to(
    results: Results, tmp_path: Path
) -> None:
    study = results[0].parents[1]
    pairs = load_results(results[0]).pairs
    assert pairs[0].reference == (study.resolve() / "reference" / "case_0000.nii.gz",)
    assert all(path.is_file() for pair in pairs for path in (*pair.reference, *pair.prediction))
    moved = shutil.copytree(study, tmp_path / "moved")
    again = load_results(moved / "results" / "first")
    assert again.pairs[0].reference == (moved.resolve() / "reference" / "case_0000.nii.gz",)


def test_the_table_of_files_is_a_manifest(results: Results, tmp_path: Path) -> None:
    source = Source(read_manifest(results[0] / "files.csv"), {})
    again = evaluate_source(source, tmp_path, metrics=["all"])
    assert [case.lesions for case in again.cases] == [case.lesions for case in results[1].cases]
    assert as_text(again) == as_text(results[1])


def test_cases_with_several_or_no_files_keep_them(tmp_path: Path) -> None:
    reference, prediction = cohort(tmp_path / "study", 3)
    shutil.copy(prediction / "case_0000.nii.gz", prediction / "case_0000.nii")
    (reference / "case_0001.nii.gz").unlink()
    source = Source.of_places(reference, prediction)
    expected = evaluate_source(source, tmp_path / "out")
    again = load_results(tmp_path / "out")
    assert_same(again.cohort, expected)
    assert [(len(p.reference), len(p.prediction)) for p in again.pairs] == [(1, 2), (0, 1), (1, 1)]


def test_a_folder_without_results(tmp_path: Path) -> None:
    with pytest.raises(FileProblem, match=r"no summary\.json.*Choose the folder") as told:
        load_results(tmp_path)
    assert told.value.path == tmp_path


def test_results_of_an_older_version(copied: Path) -> None:
    (copied / "files.csv").unlink()
    with pytest.raises(FileProblem, match=r"there is no files\.csv.*evaluate again"):
        load_results(copied)


def edited(name: str, old: str, new: str) -> Callable[[Path], str]:
    def edit(folder: Path) -> str:
        text = (folder / name).read_text(encoding="utf-8")
        assert old in text
        (folder / name).write_text(text.replace(old, new, 1), encoding="utf-8")
        return name

    return edit


def shortened(name: str) -> Callable[[Path], str]:
    def shorten(folder: Path) -> str:
        lines = (folder / name).read_text(encoding="utf-8").splitlines(keepends=True)
        (folder / name).write_text("".join(lines[:-1]), encoding="utf-8")
        return name

    return shorten


def binary(name: str) -> Callable[[Path], str]:
    def overwrite(folder: Path) -> str:
        (folder / name).write_bytes(b"\xff\x00\xfe")
        return name

    return overwrite


@pytest.mark.parametrize(
    "damage",
    [
        edited("cases.csv", "ok", "fine"),
        edited("cases.csv", "case_0000", "case_x"),
        edited("cases.csv", ",dice,", ",other,"),
        edited("lesions.csv", "found", "lost"),
        edited("lesions.csv", "n_voxels", "n"),
        edited("matches.csv", "True", "yes"),
        edited("matches.csv", "case_0000", "case_0009"),
        edited("summary.json", "{", ""),
        edited("summary.json", f'"total": {N_CASES}', '"total": 5'),
        edited("summary.json", '"metrics"', '"foreign"'),
        shortened("cases.csv"),
        shortened("lesions.csv"),
        binary("cases.csv"),
        binary("lesions.csv"),
        binary("summary.json"),
    ],
)
def test_damage_is_told_with_the_file_and_the_cure(copied: Path, damage: Callable[[Path], str]) -> None:
    name = damage(copied)
    with pytest.raises(CorruptFile, match="Evaluate the cases again") as told:
        load_results(copied)
    assert told.value.path == copied / name


def test_a_shortened_list_of_files(copied: Path) -> None:
    shortened("files.csv")(copied)
    with pytest.raises(CorruptFile, match="is not the next one"):
        load_results(copied)


def test_an_unknown_setting_of_the_convention(copied: Path) -> None:
    edited("convention.yaml", "good_dice", "fine_dice")(copied)
    with pytest.raises(InvalidSetting, match="no setting 'fine_dice'"):
        load_results(copied)


def test_kinds_are_told(study: Path, tmp_path: Path) -> None:
    kind: Kind = "probability"
    evaluate_source(Source.of_places(study / "reference", study / "maps"), tmp_path, kind=kind)
    names = {path.name for path in tmp_path.iterdir()}
    assert {"candidates.csv", "case_confidences.csv", "curves.csv", "files.csv"} <= names
    (tmp_path / "candidates.csv").unlink()
    with pytest.raises(FileProblem, match="cannot be read"):
        load_results(tmp_path)


def test_cases_without_confidences_are_told_apart_unread(results: Results) -> None:
    cases = results[1].cases
    assert isinstance(cases, PackedCases)
    assert all(record is None for record in cases._records_with_more())  # else each is parsed thrice
    assert (cases.scored(), cases.swept()) == ((), ())
