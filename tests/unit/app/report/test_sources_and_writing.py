"""From folders of results to a written report, and what is told where something is wrong."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import SimpleITK as sitk

from napari_medassist.app.browser.marks import Mark, Marks
from napari_medassist.app.cohort.files import Source, evaluate_files, evaluate_source
from napari_medassist.app.cohort.models import compare_models
from napari_medassist.app.report.gallery import _resampled
from napari_medassist.app.report.sources import ReportSource
from napari_medassist.app.report.write import ReportOptions, gather, write_report
from napari_medassist.cli.main import main
from napari_medassist.core.errors import (
    Cancelled,
    CorruptFile,
    FileProblem,
    InvalidSetting,
    WriteFailed,
)
from napari_medassist.evaluation.conventions import MEDASSIST
from napari_medassist.evaluation.statistics.paired import Resampling
from napari_medassist.io.files import read_labels, read_volume
from tests.unit.app.cohort.cohorts import cohort, contents, mask, save

FEW = ReportOptions(n_pictures=4)


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("study")
    cohort(folder, 8)
    evaluate_files(folder / "reference", folder / "prediction", folder / "results")
    return folder


@pytest.fixture
def results(study: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(study / "results", tmp_path / "results"))


def pictures(source: ReportSource, options: ReportOptions = FEW) -> list[str]:
    report = gather(source, options)
    return [picture.svg or picture.place for group in report.gallery for picture in group.pictures]


def test_written_results_and_those_in_memory_give_the_same_report(study: Path) -> None:
    again = evaluate_source(
        Source.of_places(study / "reference", study / "prediction"), study / "second"
    )
    written = gather(ReportSource.of_results(study / "results"), FEW)
    in_memory = gather(ReportSource.of_cohort(again, MEDASSIST), FEW)
    for part in ("findings", "levels", "plots", "further", "gallery", "cases", "closing"):
        assert getattr(written, part) == getattr(in_memory, part), part
    assert written.inputs.files == in_memory.inputs.files


def test_the_report_is_written_whole_or_not_at_all(
    results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "report.html"
    out.write_text("before")
    source = ReportSource.of_results(results)

    def stopped(done: int, total: int, message: str) -> None:
        raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        write_report(source, out, FEW, progress=stopped)
    assert out.read_text() == "before"
    assert write_report(source, out, FEW) == out
    assert out.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert not list(tmp_path.glob(".*.part.*"))
    with pytest.raises(WriteFailed, match="folder does not exist"):
        write_report(source, tmp_path / "no" / "report.html", FEW)


def test_progress_is_told(results: Path, tmp_path: Path) -> None:
    told: list[str] = []
    source = ReportSource.of_results(results)
    write_report(source, tmp_path / "r.html", FEW, progress=lambda done, n, what: told.append(what))
    assert set(told) == {"pictures", "hashes of the files"}


def test_files_are_hashed(study: Path) -> None:
    inputs = gather(ReportSource.of_results(study / "results"), FEW).inputs
    digests = {file.name: file.sha256 for file in inputs.files}
    import hashlib

    path = study / "reference" / "case_0000.nii.gz"
    assert digests["reference: case_0000.nii.gz"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert len(digests) == 16
    assert {file.name for file in inputs.results} == set(contents(study / "results"))
    assert re.search("16 files of cases, .* one a line: [0-9a-f]{64}", inputs.files_note)
    assert ("reference", f"{study.name}/reference") in inputs.places, "no full path of this machine"


@pytest.mark.parametrize(
    "damage",
    [
        lambda folder: shutil.rmtree(folder),
        lambda folder: (folder / "cases.csv").unlink(),
        lambda folder: (folder / "summary.json").write_text("{"),
        lambda folder: (folder / "lesions.csv").write_text("case,side\nx,y\n"),
        lambda folder: [path.unlink() for path in folder.iterdir()],
    ],
    ids=["gone", "no cases", "broken summary", "broken lesions", "empty"],
)
def test_a_folder_that_holds_no_whole_results_is_refused(
    results: Path, damage: Callable[[Path], object], capsys: pytest.CaptureFixture[str]
) -> None:
    damage(results)
    with pytest.raises((FileProblem, CorruptFile)):
        ReportSource.of_results(results)
    assert main(["report", str(results)]) == 2
    told = capsys.readouterr().err
    assert str(results) in told
    assert "Traceback" not in told


def test_messages_tell_files_without_the_folders_of_this_machine(study: Path) -> None:
    source = ReportSource.of_results(study / "results")
    messages = [text for text in gather(source, FEW).cases.values["message"] if text]
    assert len(messages) == 2
    assert any("case_0002.nii.gz" in text for text in messages)
    assert not any(str(study) in text for text in messages)
    told = gather(source, ReportOptions(with_identifiers=True, n_pictures=0)).cases.values["message"]
    assert any(str(study) in text for text in told)


def test_files_that_are_gone_or_changed_leave_a_reason_instead_of_a_picture(study: Path) -> None:
    moved = Path(shutil.copytree(study, study.with_name("moved")))
    source = ReportSource.of_results(moved / "results")
    assert all(svg.startswith("<svg") for svg in pictures(source))
    save(moved / "prediction" / "case_0000.nii.gz", np.zeros((20, 18, 6), dtype=np.uint8))
    everything = ReportOptions(n_pictures=99)
    changed = [told for told in pictures(source, everything) if not told.startswith("<svg")]
    assert changed == [
        "No picture: The files are not those that were compared; they have changed since."
    ]
    shutil.rmtree(moved / "reference")
    gone = pictures(source, everything)
    assert all(told.startswith("No picture: ") for told in gone)
    assert not any(str(moved) in told for told in gone)


def test_images_lie_below_and_on_another_grid_are_resampled(study: Path, tmp_path: Path) -> None:
    values = np.random.default_rng(0).random((20, 18, 6)).astype(np.float32)
    for number in range(8):
        affine = np.diag([-0.5, -0.5, 3.0 + (number % 2), 1.0])
        if number == 3:
            affine[2, 3] = 500  # far from the masks
        save(tmp_path / "images" / f"case_{number:04}_t2w.nii.gz", values, affine)
    source = ReportSource.of_results(study / "results")
    report = gather(source, ReportOptions(n_pictures=99, images=tmp_path / "images"))
    places = {p.title: p.place for group in report.gallery for p in group.pictures}
    assert places
    for title, place in places.items():
        number = int(title[-1])
        resampled = "which was resampled to the grid of the masks for this picture."
        told = "on t2w." if number % 2 == 0 else "masks only." if number == 3 else resampled
        assert place.endswith(told), (title, place)
    assert any(int(title[-1]) == 3 for title in places)
    assert any(int(title[-1]) % 2 and "resampled" in place for title, place in places.items())
    with pytest.raises(FileProblem):
        gather(source, ReportOptions(images=tmp_path / "nothing"))


def test_a_resampled_slice_shows_what_lies_there_in_the_patient(tmp_path: Path) -> None:
    """Against SimpleITK: an image with other voxels, turned and moved, on the grid of the masks."""
    rng = np.random.default_rng(3)
    masks, image = np.zeros((30, 28, 5), np.uint8), rng.random((24, 26, 9)).astype(np.float32)
    turn = np.deg2rad(8)
    affine = np.eye(4)
    affine[:2, :2] = [[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]
    affine = affine @ np.diag([-0.8, -0.8, 1.5, 1])
    affine[:3, 3] = (3, 4, -2)
    save(tmp_path / "mask.nii.gz", masks, np.diag([-0.5, -0.5, 3.0, 1]))
    save(tmp_path / "image.nii.gz", image, affine)
    geometry = read_labels(tmp_path / "mask.nii.gz").geometry
    found = _resampled(read_volume(tmp_path / "image.nii.gz"), geometry, 2)
    mask, moving = (sitk.ReadImage(str(tmp_path / f"{name}.nii.gz")) for name in ("mask", "image"))
    placed = sitk.Resample(moving, mask, sitk.Transform(), sitk.sitkLinear, -1.0, sitk.sitkFloat32)
    expected = sitk.GetArrayFromImage(placed)[2]
    inside = np.isfinite(found)
    assert inside.mean() > 0.3
    assert not inside.all()
    assert np.allclose(found[inside], expected[inside], atol=1e-4)


def test_marks_beside_the_results_are_told(results: Path, tmp_path: Path) -> None:
    marks = Marks(results / "marks.json")
    marks.set("case_0001", Mark.now("label_error", "drawn too <small>", reader="me"))
    out = tmp_path / "r.html"
    assert main(["report", str(results), "--out", str(out), "--quiet"]) == 0
    page = out.read_text(encoding="utf-8")
    assert "<td>label error</td><td>drawn too &lt;small&gt;</td><td>me</td>" in page
    marks.remove("case_0001")
    assert main(["report", str(results), "--out", str(out), "--quiet"]) == 0
    assert "drawn too" not in out.read_text(encoding="utf-8")


def test_the_place_of_zone_maps_is_told(study: Path, tmp_path: Path) -> None:
    places = (study / "reference", study / "prediction", study / "reference")
    evaluate_source(Source.of_places(*places), tmp_path / "zoned")
    told = gather(
        ReportSource.of_results(tmp_path / "zoned"), ReportOptions(n_pictures=0)
    ).inputs.places
    assert ("zone maps", f"{study.name}/reference") in told


def test_broken_marks_are_told_and_left_alone(
    results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (results / "marks.json").write_text("{")
    assert main(["report", str(results), "--quiet"]) == 2
    assert "marks.json" in capsys.readouterr().err
    assert (results / "marks.json").read_text() == "{"


def test_two_models_from_compare(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    for number in range(6):
        for side in ("reference", "one", "other"):
            save(tmp_path / side / f"case_{number}.nii.gz", mask(rng))
    places = {
        name: Source.of_places(tmp_path / "reference", tmp_path / name) for name in ("one", "other")
    }
    how = Resampling(n_resamples=50, n_permutations=50)
    found = compare_models(places, tmp_path / "results", how=how)
    source = ReportSource.of_results(tmp_path / "results")
    assert [model.name for model in source.models] == ["one", "other"]
    report = gather(source, FEW)
    assert report.cases.n_rows == 12
    assert {p.title.rpartition(" ")[2] for g in report.gallery for p in g.pictures} == {
        "(one)",
        "(other)",
    }
    in_memory = gather(ReportSource.of_models(found.cohorts, MEDASSIST), FEW)
    assert in_memory.cases == report.cases
    assert any(section.id == "rankings" for section in report.further)
    with pytest.raises(InvalidSetting):
        ReportSource.of_models({}, MEDASSIST)


def test_a_comparison_that_names_other_folders_is_refused(tmp_path: Path) -> None:
    (tmp_path / "comparison.json").write_text(json.dumps({"models": {"../elsewhere": {}}}))
    with pytest.raises(CorruptFile, match="no folders"):
        ReportSource.of_results(tmp_path)
    (tmp_path / "comparison.json").write_text("[]")
    with pytest.raises(CorruptFile):
        ReportSource.of_results(tmp_path)


def test_probability_maps_have_curves_and_pictures(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    for number in range(6):
        values = mask(rng)
        save(tmp_path / "reference" / f"case_{number}.nii.gz", values)
        noisy = np.clip(values * 0.6 + 0.3 * rng.random(values.shape), 0, 1)
        save(tmp_path / "maps" / f"case_{number}.nii.gz", noisy.astype(np.float32))
    source = Source.of_places(tmp_path / "reference", tmp_path / "maps")
    evaluate_source(source, tmp_path / "results", kind="probability")
    report = gather(ReportSource.of_results(tmp_path / "results"), FEW)
    assert {"curve-froc", "curve-precision-recall", "plot-dice-controlled_precision"} <= {
        plot.id for plot in report.plots
    }
    assert all(p.svg for group in report.gallery for p in group.pictures)


def test_the_command_writes_beside_the_results(
    results: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report", str(results), "--title", "A <b>title</b>", "--pictures", "2"]) == 0
    out = results / "report.html"
    assert str(out) in capsys.readouterr().out
    assert "<h1>A &lt;b&gt;title&lt;/b&gt;</h1>" in out.read_text(encoding="utf-8")
