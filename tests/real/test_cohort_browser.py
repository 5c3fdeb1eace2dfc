"""Browsing 757 real pairs (PI-CAI labels): table, order, filter and errors, counted by hand."""

from __future__ import annotations

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from scipy import ndimage

from napari_medassist.app.browser.browser import CohortBrowser
from napari_medassist.app.browser.case_filter import CaseFilter
from napari_medassist.app.browser.sources import CohortSources
from napari_medassist.core.lesion import Side
from napari_medassist.evaluation.conventions import MEDASSIST

pytestmark = pytest.mark.real

NOT_COMPARED = ["10057_1000057", "10694_1000710"]
N_COUNTED_BY_HAND = 25
#: Every so many-th pair is compared by the browser itself.
FEWER = 8


@pytest.fixture(scope="module")
def labels(real_data: Path) -> Path:
    return real_data / "picai_labels"


@pytest.fixture(scope="module")
def browser(
    labels: Path, picai_results: Path, tmp_path_factory: pytest.TempPathFactory
) -> CohortBrowser:
    """All pairs, opened from results; that files give the same is tested with fewer of them."""
    sources = CohortSources(results=picai_results, zones=labels / "zones")
    return opened_browser(sources, tmp_path_factory.mktemp("browser"))


def opened_browser(sources: CohortSources, folder: Path) -> CohortBrowser:
    browser = CohortBrowser(cache_dir=folder, marks_path=folder / "marks.json", workers=2)
    browser.open_work(sources).run_here()
    return browser


@pytest.fixture(autouse=True)
def as_opened(browser: CohortBrowser) -> None:
    """Let each test begin with the same look."""
    browser.set_filter(CaseFilter())
    browser.sort("disagreement")
    work = browser.set_convention(MEDASSIST)
    if work is not None:
        work.run_here()


def masks(labels: Path, case: str) -> tuple[np.ndarray, np.ndarray, float]:
    """Read a case with nibabel: both masks as stored, and the volume of a voxel in ml."""
    images = [nib.load(labels / side / f"{case}.nii.gz") for side in ("human", "ai")]
    volume_ml = float(np.prod(images[0].header.get_zooms()[:3])) / 1000
    first, second = (np.asarray(image.dataobj) > 0 for image in images)
    return first, second, volume_ml


def labelled(mask: np.ndarray) -> tuple[np.ndarray, int]:
    """Return the 26-connected components; only the box around them is looked at."""
    parts = np.zeros(mask.shape, dtype=np.int32)
    (box,) = ndimage.find_objects(mask.astype(np.uint8)) or (None,)
    if box is None:
        return parts, 0
    parts[box], n = ndimage.label(mask[box], np.ones((3, 3, 3)))
    return parts, n


def components(mask: np.ndarray, other: np.ndarray) -> list[tuple[int, float]]:
    """Return size and covered share of each component."""
    parts, n = labelled(mask)
    sizes = np.bincount(parts[mask], minlength=n + 1)[1:]
    covered = np.bincount(parts[mask & other], minlength=n + 1)[1:]
    return [(int(size), float(c / size)) for size, c in zip(sizes, covered, strict=True)]


def test_all_757_cases_are_there_and_two_say_why_they_were_not_compared(browser) -> None:
    table = browser.table
    assert table.n_rows == 757
    assert int(table.is_compared().sum()) == 755
    assert sorted(table.names[row] for row in browser.order[-2:]) == NOT_COMPARED
    for case in NOT_COMPARED:
        assert "Different voxel grids" in table.text(table.row_of(case), "message")


def test_files_are_compared_to_what_the_results_hold(browser, labels: Path, tmp_path: Path) -> None:
    chosen = sorted({*browser.table.names[::FEWER], *NOT_COMPARED})
    for side in ("human", "ai", "zones"):
        (tmp_path / side).mkdir()
        for case in chosen:
            name = f"{case}.nii.gz"
            (tmp_path / side / name).symlink_to(labels / side / name)
    sources = CohortSources(
        reference=tmp_path / "human",
        predictions={"ai": tmp_path / "ai"},
        zones=tmp_path / "zones",
    )
    table = opened_browser(sources, tmp_path / "cache").table
    assert sorted(table.names) == chosen
    rows = [browser.table.row_of(case) for case in table.names]
    for column in ("dice", "hd95_mm", "lesion_f1", "fn", "fp", "volume_reference_ml"):
        expected = browser.table.values(column)[rows]
        np.testing.assert_allclose(table.values(column), expected, rtol=1e-6, err_msg=column)
    assert table.is_compared().tolist() == [case not in NOT_COMPARED for case in table.names]


def test_dice_missed_and_false_lesions_as_counted_by_hand(browser, labels: Path) -> None:
    table = browser.table
    with_lesion = np.flatnonzero(table.values("dice") >= 0)
    chosen = np.random.default_rng(0).choice(with_lesion, N_COUNTED_BY_HAND, replace=False)
    for row in chosen.tolist():
        first, second, volume_ml = masks(labels, table.names[row])
        dice = 2 * (first & second).sum() / (first.sum() + second.sum())
        references, calls = components(first, second), components(second, first)
        assert table.value(row, "dice") == pytest.approx(dice)
        assert table.value(row, "fn") == sum(share < 0.1 for _, share in references)
        assert table.value(row, "fp") == sum(share < 0.1 for _, share in calls)
        assert table.value(row, "volume_reference_ml") == pytest.approx(
            first.sum() * volume_ml, rel=1e-5
        )


def test_the_order_is_that_of_ranks_taken_by_hand(browser) -> None:
    table = browser.table
    dice, f1 = (table.values(name) for name in ("dice", "lesion_f1"))
    known = np.flatnonzero(~np.isnan(dice) & ~np.isnan(f1))

    def ranks(values: np.ndarray, row: int) -> tuple[int, int]:
        below = int((values[known] < values[row]).sum())
        return below + 1, below + int((values[known] == values[row]).sum())

    gaps = {}
    for row in known.tolist():
        (dice_low, dice_high), (f1_low, f1_high) = ranks(dice, row), ranks(f1, row)
        gaps[row] = (max(dice_low - f1_high, 0) - max(f1_low - dice_high, 0)) / known.size
        assert table.value(row, "disagreement") == pytest.approx(gaps[row])
    sizes = [abs(gaps[row]) for row in browser.order[: known.size].tolist()]
    assert sizes == sorted(sizes, reverse=True)
    assert not set(browser.order[known.size :].tolist()) & set(known.tolist())


def test_filters_leave_what_the_engine_counts(browser) -> None:
    def expected(condition) -> set[str]:
        return {case.case for case in browser.cohort.cases if condition(case)}

    def found(**conditions) -> set[str]:
        browser.set_filter(CaseFilter(**conditions))
        return {browser.table.names[row] for row in browser.order}

    assert found(only=frozenset({"missed"})) == expected(lambda c: c.fn)
    assert found(only=frozenset({"false"})) == expected(lambda c: c.fp)
    assert found(only=frozenset({"hidden"})) == set(browser.cohort.hidden_errors.cases)
    assert found(only=frozenset({"not_compared"})) == set(NOT_COMPARED)
    assert found(ranges={"dice": (0.3, 0.6)}) == expected(lambda c: 0.3 <= c.dice <= 0.6)
    assert found(text="10383") == {"10383_1000389"}


def test_stepping_meets_all_106_errors_once_and_begins_anew(browser) -> None:
    expected = [
        (browser.table.names[row], side, lesion.id)
        for row in browser.order.tolist()
        for side in Side
        for lesion in browser.cohort.cases[row].lesions_of(side)
        if lesion.verdict.is_error
    ]
    assert len(expected) == 64 + 42
    walked = []
    for _ in expected:
        step = browser.next_error()
        walked.append((step.error.case, step.error.side, step.error.lesion_id))
        assert step.total == 106
        assert not step.wrapped
    assert walked == expected
    assert browser.next_error().wrapped
    for kind, count in (("missed", 64), ("false", 42), ("hidden", 2)):
        assert browser.errors.count(kind) == count


def test_an_error_lies_in_a_component_of_its_size(browser, labels: Path) -> None:
    for error in browser.errors.all()[:: 106 // 8]:
        first, second, volume_ml = masks(labels, error.case)
        own, other = (first, second) if error.kind == "missed" else (second, first)
        image = nib.load(labels / "human" / f"{error.case}.nii.gz")
        ras = np.array([-1, -1, 1]) * error.centroid_lps_mm
        index = np.linalg.inv(image.affine) @ [*ras, 1]
        parts, n = labelled(own)
        centres = np.array([np.argwhere(parts == i).mean(axis=0) for i in range(1, n + 1)])
        nearest = int(np.linalg.norm(centres - index[:3], axis=1).argmin())
        np.testing.assert_allclose(centres[nearest], index[:3], atol=0.02)
        size = int((parts == nearest + 1).sum())
        assert error.volume_ml == pytest.approx(size * volume_ml, rel=1e-4)
        assert (other[parts == nearest + 1]).mean() < 0.1


def test_a_stricter_overlap_follows_at_once(browser) -> None:
    references = browser.results().lesions
    covered = references.overlap_fraction[~references.is_prediction]
    work = browser.set_convention(MEDASSIST.with_changes(matching={"threshold_reference": 0.5}))
    assert work.is_quick
    work.run_here()
    assert browser.headline["fn"] == (covered < 0.5).sum() == 101
    assert browser.errors.count("missed") == 101


def test_cases_open_without_images_and_with_zones(browser, labels: Path) -> None:
    case = browser.table.names[browser.order[0]]
    opened = browser.open_case(case).run_here()
    assert opened.problems == ()
    first, second, _ = masks(labels, case)
    assert np.count_nonzero(np.asarray(opened.reference.array)) == first.sum()
    assert np.count_nonzero(np.asarray(opened.prediction.array)) == second.sum()
    assert opened.zones is not None
    assert [m.name for m in opened.case.labels] == ["Reference", "Prediction", "Zones"]
    broken = browser.open_case(NOT_COMPARED[0]).run_here()
    assert broken.can_be_compared  # both files are there; on which grids shows when they are compared
