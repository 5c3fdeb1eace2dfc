"""The report of the 757 real pairs, opened in a browser; and a picture on a real T2w image."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from napari_medassist.app.cohort.files import evaluate_files
from napari_medassist.app.report.sources import ReportSource
from napari_medassist.app.report.write import ReportOptions, gather, write_report
from tests.browser import Page, browser, require_browser

pytestmark = pytest.mark.real

MAX_BYTES = 8_000_000


@pytest.fixture(scope="module")
def report(real_data: Path, picai_results: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    options = ReportOptions(zones=real_data / "picai_labels" / "zones")
    out = tmp_path_factory.mktemp("report") / "report.html"
    return write_report(ReportSource.of_results(picai_results), out, options)


@pytest.fixture(scope="module")
def page(report: Path) -> Iterator[Page]:
    require_browser()
    with browser() as opened:
        opened.size(1280, 900)
        opened.open(report)
        yield opened


def test_it_tells_what_is_known_of_this_cohort(report: Path) -> None:
    text = report.read_text(encoding="utf-8")
    assert "Mean Dice 0.48" in text
    assert "192 of 256 lesions found" in text
    assert "42 of 243 predicted lesions false" in text
    assert "2 of 757 cases could not be compared" in text
    for case in ("10057_1000057", "10694_1000710"):
        assert re.search(f"{case}</th><td>Different voxel grids", text), case
    assert len(text.encode()) < MAX_BYTES


def test_everything_is_drawn_in_chromium(page: Page) -> None:
    names = page.run("return Object.keys(report.plots)")
    for name in names:
        page.run("document.getElementById(arguments[0]).scrollIntoView({behavior: 'instant'})", name)
        page.wait(
            "return document.getElementById(arguments[0]).querySelector('.main-svg') !== null", name
        )
    points = "return document.getElementById(arguments[0]).querySelectorAll('.point').length"
    assert page.run(points, "plot-dice-lesion_f1") == 232
    assert page.run(points, "plot-hd_mm-lesion_precision") == 227
    assert page.run("return document.querySelectorAll('.card svg.slice image').length") == 24
    assert page.run("return document.querySelectorAll('#table tbody tr').length") == 50
    assert page.console() == []
    assert page.requests() <= {"file", "data"}


def test_sorting_and_links_work_on_it(page: Page) -> None:
    page.click("[data-key=fn] button")
    first = "return report.cases.values.fn[document.querySelector('#table tbody tr').id.split('-')[1]]"
    assert page.run(first) == page.run("return Math.max(...report.cases.values.fn)")
    page.click("#hidden tbody a")
    page.wait("return document.activeElement.closest('#table tr.target') !== null")


def test_a_lesion_is_drawn_on_the_real_t2w(real_data: Path, tmp_path: Path) -> None:
    labels = real_data / "prostatex" / "labels"
    for side, name in (("reference", "human"), ("prediction", "ai_Bosma22a")):
        (tmp_path / side).mkdir()
        shutil.copy(labels / f"ProstateX-0000_{name}.nii.gz", tmp_path / side / "ProstateX-0000.nii.gz")
    evaluate_files(tmp_path / "reference", tmp_path / "prediction", tmp_path / "results")
    source = ReportSource.of_results(tmp_path / "results")
    found = gather(source, ReportOptions(images=real_data / "prostatex"))
    (picture,) = (picture for group in found.gallery for picture in group.pictures)
    assert picture.place == "Slice 9 of 19, on t2w."
    assert picture.title == "case 1", "its images are DICOM, so its name is not told"
