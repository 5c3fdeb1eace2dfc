"""A changed threshold is followed from kept results, and says what comparing the files would say."""

from __future__ import annotations

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from napari_medassist.app.cohort import job
from napari_medassist.app.cohort.choice import changed
from napari_medassist.app.cohort.files import evaluate_files
from napari_medassist.app.cohort.pairing import FilePair, pair_files
from napari_medassist.app.cohort.run import Running, evaluate_cohort, evaluate_under
from napari_medassist.core.results import Status
from napari_medassist.evaluation.conventions import MEDASSIST, Convention, preset
from napari_medassist.evaluation.inputs.masks import Kind
from tests.unit.app.cohort.cohorts import cohort, contents, save

#: What follows from kept results, and what needs the images.
FOLLOWS = (
    ("matching.threshold_reference=0.3",),
    ("matching.threshold_prediction=0.9", "good_dice=0.5"),
    ("matching.criterion=iou", "matching.assignment=hungarian"),
    ("matching.criterion=centre_distance", "matching.assignment=surest_of_each"),
    ("matching.ignored_up_to_mm3=40", "matching.touching_is_not_false=true"),
    ("extraction.min_volume_mm3=40",),
)
NEEDS_IMAGES = (
    ("extraction.connectivity=6",),
    ("extraction.merge_steps=1",),
    ("matching.criterion=centroid_in_mask",),
    ("surface.array_edge_is_background=false",),
    ("empty_overlap.both=best_if_both",),
)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return cohort(tmp_path_factory.mktemp("cohort"), 12, seed=3)


def readable(folders: tuple[Path, Path]) -> list[FilePair]:
    return [pair for pair in pair_files(*folders).pairs if pair.case != "case_0002"]


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    paths: list[Path] = []
    honest = job.read_labels
    monkeypatch.setattr(job, "read_labels", lambda path: (paths.append(path), honest(path))[1])
    return paths


def probabilities(folders: tuple[Path, Path], folder: Path) -> list[FilePair]:
    """Give each prediction a confidence a box, and each case one of its own."""
    rng = np.random.default_rng(0)
    pairs = []
    for pair in readable(folders):
        image = nib.load(pair.prediction[0])
        values = np.asarray(image.dataobj) * rng.uniform(0.2, 1, image.shape).astype(np.float32)
        path = save(folder / pair.prediction[0].name, values, image.affine)
        pairs.append(FilePair(pair.case, pair.reference, (path,)))
    return pairs


@pytest.mark.parametrize("changes", FOLLOWS, ids=str)
@pytest.mark.parametrize("kind", ["labels", "probability"])
def test_kept_results_are_judged_again(
    folders: tuple[Path, Path],
    tmp_path: Path,
    read: list[Path],
    changes: tuple[str, ...],
    kind: Kind,
) -> None:
    pairs = readable(folders) if kind == "labels" else probabilities(folders, tmp_path / "maps")
    new = changed(MEDASSIST, changes)
    expected = evaluate_cohort(pairs, convention=new, kind=kind)
    running = Running(cache_dir=tmp_path / "kept")
    evaluate_cohort(pairs, kind=kind, running=running)
    read.clear()
    found = evaluate_cohort(pairs, convention=new, kind=kind, running=running)
    assert not read
    assert found.cases == expected.cases
    assert repr(found.means) == repr(expected.means)
    assert (found.totals, found.hidden_errors) == (expected.totals, expected.hidden_errors)
    assert repr(found.cases.scored()) == repr(expected.cases.scored())  # type: ignore[attr-defined]
    assert found.n_by_status[Status.GRID_MISMATCH] == 1


def test_every_file_of_a_result_is_the_same(
    folders: tuple[Path, Path], tmp_path: Path, read: list[Path]
) -> None:
    new = changed(MEDASSIST, ["matching.threshold_reference=0.3", "extraction.min_volume_mm3=40"])
    evaluate_files(*folders, tmp_path / "anew", convention=new)
    running = Running(cache_dir=tmp_path / "kept")
    evaluate_files(*folders, tmp_path / "before", running=running)
    read.clear()
    told: list[str] = []
    evaluate_files(
        *folders,
        tmp_path / "again",
        convention=new,
        running=running,
        progress=lambda _done, _total, message: told.append(message),
    )
    assert {path.name for path in read} == {"case_0002.nii.gz"}  # the broken one
    assert contents(tmp_path / "again") == contents(tmp_path / "anew")
    assert sum("judged again" in message for message in told) == 11


@pytest.mark.parametrize("changes", NEEDS_IMAGES, ids=str)
def test_what_needs_the_images_is_compared(
    folders: tuple[Path, Path], tmp_path: Path, read: list[Path], changes: tuple[str, ...]
) -> None:
    pairs, new = readable(folders)[:3], changed(MEDASSIST, changes)
    running = Running(cache_dir=tmp_path)
    evaluate_cohort(pairs, running=running)
    read.clear()
    found = evaluate_cohort(pairs, convention=new, running=running)
    assert len(read) == 6
    assert found.cases == evaluate_cohort(pairs, convention=new).cases


@pytest.mark.parametrize(
    "other", [{"label": 1}, {"metrics": ("lesion_hd95_mm",)}, {"metrics": ("nsd",)}], ids=str
)
def test_results_of_other_choices_do_not_count(
    folders: tuple[Path, Path], tmp_path: Path, read: list[Path], other: dict[str, object]
) -> None:
    (pair, *_) = readable(folders)
    strict = changed(MEDASSIST, FOLLOWS[0])
    running = Running(cache_dir=tmp_path)
    evaluate_cohort([pair], running=running)
    read.clear()
    evaluate_cohort([pair], convention=strict, running=running, **other)  # type: ignore[arg-type]
    assert len(read) == 2


def test_a_smaller_volume_does_not_bring_dropped_lesions_back(
    folders: tuple[Path, Path], tmp_path: Path, read: list[Path]
) -> None:
    (pair, *_) = readable(folders)
    running = Running(cache_dir=tmp_path)
    large = MEDASSIST.with_changes(extraction={"min_volume_mm3": 40})
    evaluate_cohort([pair], convention=large, running=running)
    read.clear()
    evaluate_cohort([pair], running=running)
    assert len(read) == 2


def test_several_conventions_follow_from_one(
    folders: tuple[Path, Path], tmp_path: Path, read: list[Path]
) -> None:
    pairs = readable(folders)
    running = Running(cache_dir=tmp_path)
    evaluate_cohort(pairs, running=running)
    read.clear()
    wanted: list[Convention] = [MEDASSIST, *(changed(MEDASSIST, changes) for changes in FOLLOWS)]
    found = evaluate_under(wanted, pairs, running=running)
    assert not read
    assert [c.cases for c in found] == [c.cases for c in evaluate_under(wanted, pairs)]
    read.clear()
    evaluate_under([*wanted, preset("metrics_reloaded")], pairs[:1], running=running)
    assert len(read) == 2


def test_a_broken_note_costs_a_comparison_and_nothing_else(
    folders: tuple[Path, Path], tmp_path: Path, read: list[Path]
) -> None:
    (pair, *_) = readable(folders)
    running = Running(cache_dir=tmp_path)
    evaluate_cohort([pair], running=running)
    for note in (tmp_path / "settings").iterdir():
        note.write_text("{", encoding="utf-8")
    read.clear()
    evaluate_cohort([pair], convention=changed(MEDASSIST, FOLLOWS[0]), running=running)
    assert len(read) == 2
