"""The report as a reader uses it: opened in Chromium, sorted, filtered, clicked, printed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from napari_medassist.app.browser.marks import Mark, Marks
from napari_medassist.app.cohort.files import evaluate_files
from napari_medassist.app.report.pdf import BROWSER_VARIABLE
from napari_medassist.app.report.sources import ReportSource
from napari_medassist.app.report.write import ReportOptions, write_report
from napari_medassist.cli.main import main
from napari_medassist.evaluation.cohort import summarise
from napari_medassist.evaluation.report.build import Extras, build
from napari_medassist.evaluation.report.columns import ModelColumns
from napari_medassist.evaluation.report.page import render
from napari_medassist.evaluation.statistics.paired import Resampling
from tests.browser import Page, browser, require_browser
from tests.unit.app.cohort.cohorts import mask, save
from tests.unit.evaluation.report.cohorts import case

pytestmark = pytest.mark.browser

#: A name that a file may have, and that must stay a name.
EVIL = "<img src=x onerror=alert(1)>"
N_CASES = 40


def write_cohort(folder: Path) -> None:
    rng = np.random.default_rng(5)
    names = [EVIL, *(f"case_{number:03}" for number in range(1, N_CASES))]
    for name in names:
        reference, prediction = mask(rng), mask(rng)
        if rng.random() < 0.5:
            prediction = prediction | np.roll(reference, 1, axis=0)
        save(folder / "reference" / f"{name}.nii.gz", reference)
        save(folder / "prediction" / f"{name}.nii.gz", prediction)
    (folder / "prediction" / "case_007.nii.gz").write_bytes(b"broken")


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cohort")
    write_cohort(folder)
    evaluate_files(folder / "reference", folder / "prediction", folder / "results")
    marks = Marks(folder / "results" / "marks.json")
    marks.set(EVIL, Mark.now("label_error", EVIL, reader=EVIL))
    marks.set("case_003", Mark.now("model_failure", "at the apex", reader="r1"))
    return folder / "results"


@pytest.fixture(scope="module")
def report(results: Path) -> Path:
    options = ReportOptions(title=f"Title {EVIL}", n_pictures=6)
    return write_report(ReportSource.of_results(results), results.parent / "report.html", options)


@pytest.fixture(scope="module")
def shared_page() -> Iterator[Page]:
    require_browser()
    with browser() as page:
        yield page


@pytest.fixture
def page(shared_page: Page, report: Path) -> Page:
    """The report, freshly opened."""
    shared_page.size(1280, 900)
    shared_page.driver.get("about:blank")
    _ = shared_page.console(), shared_page.requests()  # those of the test before
    shared_page.open(report)
    return shared_page


def column(page: Page, key: str) -> list[str]:
    """Return what stands in a column of the table, as it is seen."""
    script = """
      const heads = [...document.querySelectorAll('#table thead th')];
      const place = heads.findIndex((head) => head.dataset.key === arguments[0]);
      const rows = [...document.querySelectorAll('#table tbody tr')];
      return rows.map((row) => row.cells[place].textContent);
    """
    return list(page.run(script, key))


def draw_all(page: Page) -> None:
    ids = page.run("return [...document.querySelectorAll('.canvas')].map((e) => e.id)")
    for name in ids:
        page.run("document.getElementById(arguments[0]).scrollIntoView({behavior: 'instant'})", name)
        page.wait(
            "return document.getElementById(arguments[0]).querySelector('.main-svg') !== null", name
        )


def test_all_is_drawn_without_an_error_and_without_the_network(page: Page) -> None:
    draw_all(page)
    expected = page.run(
        "return Object.entries(report.plots).filter(([, s]) => s.n).map(([id, s]) => [id, s.n])"
    )
    assert len(expected) == 3
    for name, n_points in expected:
        count = "return document.getElementById(arguments[0]).querySelectorAll('.point').length"
        assert page.run(count, name) == n_points > 20
    assert page.run("return document.querySelectorAll('.bars path').length") > 10
    assert page.run("return document.images.length") == 0
    assert page.console() == []
    assert page.requests() <= {"file", "data"}


def test_a_name_stays_a_name(page: Page) -> None:
    assert page.run("return document.querySelector('h1').textContent") == f"Title {EVIL}"
    page.choose("#find", "onerror")
    assert column(page, "case") == [EVIL]
    assert page.run("return document.querySelectorAll('img').length") == 0


def test_a_click_on_a_header_sorts_and_says_so(page: Page) -> None:
    assert page.run("return document.querySelector('[data-key=gap]').ariaSort") == "other"
    page.click("[data-key=dice] button")
    falling = [float(text) for text in column(page, "dice") if text[0].isdigit()]
    assert falling == sorted(falling, reverse=True)
    assert len(falling) > 20
    assert page.run("return document.querySelector('[data-key=dice]').ariaSort") == "descending"
    page.run("document.querySelector('[data-key=dice] button').focus()")
    page.type("[data-key=dice] button", "\n")  # the keyboard does as the mouse
    rising = column(page, "dice")
    assert [float(t) for t in rising if t[0].isdigit()] == sorted(falling)
    assert not rising[-1][0].isdigit(), "undefined values come last either way"
    page.click("[data-key=case] button")
    names = column(page, "case")
    assert names == sorted(names, key=str.lower)


def test_filters_leave_what_fits(page: Page) -> None:
    page.type("#find", "case_01")
    names = column(page, "case")
    assert [name for name in names if "case_01" in name] == names != []
    assert page.run("return document.getElementById('shown').textContent") == f"10 of {N_CASES} rows"
    page.choose("#find", "")
    page.choose("#which", "fn")
    assert all(int(n) > 0 for n in column(page, "fn"))
    page.choose("#which", "not compared")
    assert column(page, "case") == ["case_007"]
    assert "error" in column(page, "message")[0]


def test_marks_are_told_filtered_by_and_stay_text(page: Page) -> None:
    page.choose("#which", "marked")
    assert sorted(column(page, "case")) == sorted([EVIL, "case_003"])
    page.choose("#which", "mark:label error")
    assert column(page, "case") == [EVIL]
    assert column(page, "mark") == ["label error"]
    assert column(page, "mark_note") == [EVIL]
    page.choose("#which", "all")
    page.type("#find", "at the apex")
    assert column(page, "case") == ["case_003"]
    listed = (
        "return [...document.querySelectorAll('#marks tbody tr')].map((r) => r.cells[2].textContent)"
    )
    assert page.run(listed) == [EVIL, "at the apex"]
    assert page.run("return document.querySelectorAll('img').length") == 0
    assert page.console() == []


def test_all_rows_that_the_filter_leaves_go_on_paper(page: Page) -> None:
    names = "return [...document.querySelectorAll('#paper tbody th')].map((head) => head.textContent)"
    page.choose("#page-size", "25")
    assert page.run(names) == []
    page.run("dispatchEvent(new Event('beforeprint'))")
    assert len(page.run(names)) == N_CASES
    assert f"all {N_CASES} rows" in page.run("return document.getElementById('print-note').textContent")
    page.run("dispatchEvent(new Event('afterprint'))")
    assert page.run(names) == []
    page.choose("#which", "marked")
    page.run("dispatchEvent(new Event('beforeprint'))")
    assert sorted(page.run(names)) == sorted([EVIL, "case_003"])
    assert page.run("return document.querySelectorAll('#paper button, #paper img').length") == 0
    told = page.run("return document.getElementById('print-note').textContent")
    assert f"2 of {N_CASES} rows, as filtered" in told


def test_paper_holds_2000_rows_and_says_so(shared_page: Page, tmp_path: Path) -> None:
    cases = [case(f"case {n}", n / 2100, 1, 0, 1, 0) for n in range(2100)]
    extras = Extras(how=Resampling(n_resamples=50))
    path = tmp_path / "many.html"
    path.write_text(render(build([ModelColumns.of("", summarise(cases))], extras)), encoding="utf-8")
    shared_page.open(path)
    shared_page.run("dispatchEvent(new Event('beforeprint'))")
    rows = "return document.querySelectorAll('#paper tbody tr').length"
    assert shared_page.run(rows) == 2000
    told = shared_page.run("return document.getElementById('print-note').textContent")
    assert "all 2,100 rows" in told
    assert "Only the first 2,000 are printed" in told


def test_pages_of_the_table(page: Page) -> None:
    page.choose("#page-size", "25")
    assert len(column(page, "case")) == 25
    first = set(column(page, "case"))
    page.click("#next")
    assert len(column(page, "case")) == N_CASES - 25
    assert not first & set(column(page, "case"))
    assert page.run("return document.getElementById('next').disabled")


def test_a_caption_leads_to_the_row_and_the_row_back(page: Page) -> None:
    page.run("document.documentElement.style.scrollBehavior = 'auto'")
    row = page.run("return document.querySelector('.card').id.split('-')[1]")
    page.click(".card figcaption a")
    page.wait(f"return document.activeElement.closest('tr') === document.getElementById('case-{row}')")
    assert page.run(f"return document.getElementById('case-{row}').classList.contains('target')")
    page.click(f"#case-{row} th a")
    page.wait(f"return document.activeElement.id === 'picture-{row}'")


def test_a_link_shows_a_row_that_a_filter_hides(page: Page) -> None:
    page.type("#find", "nothing is called so")
    assert column(page, "case") == []
    page.run("report.go('#case-3')")
    page.wait("return document.activeElement.closest('tr')?.id === 'case-3'")


def test_a_click_on_a_point_goes_to_its_case(page: Page) -> None:
    page.run("document.documentElement.style.scrollBehavior = 'auto'")
    page.run("document.getElementById('plot-dice-lesion_f1').scrollIntoView({block: 'center'})")
    page.wait("return document.querySelectorAll('#plot-dice-lesion_f1 .point').length > 0")
    script = """
      const canvas = document.getElementById('plot-dice-lesion_f1');
      const trace = canvas.data[0];
      const box = canvas.getBoundingClientRect();
      const { xaxis, yaxis } = canvas._fullLayout;
      const left = box.left + xaxis._offset + xaxis.d2p(trace.x[0]);
      const top = box.top + yaxis._offset + yaxis.d2p(trace.y[0]);
      return [left, top, trace.x[0]];
    """
    x, y, dice = page.run(script)
    page.click_at(x, y)
    found = page.wait("return (location.hash.match(/^#(?:case|picture)-(\\d+)$/) || [])[1]")
    assert page.run("return report.cases.values.dice[arguments[0]]", int(found)) == pytest.approx(dice)


def test_points_that_are_selected_filter_the_table(page: Page) -> None:
    page.run("report.select([0, 2, 4])")
    assert len(column(page, "case")) == 3
    page.click("#clear")
    assert len(column(page, "case")) == N_CASES


def test_any_number_can_be_put_against_any_other(page: Page) -> None:
    draw_all(page)
    page.choose("select[data-axis=x]", "hd95_mm")
    title = "return document.getElementById('plot-any').layout.xaxis.title.text"
    assert page.wait(title) == "HD95, mm"
    assert page.console() == []


def test_dark_and_narrow(page: Page, report: Path) -> None:
    page.prefers_dark()
    page.size(390, 844)
    page.open(report)
    draw_all(page)
    assert page.run("return getComputedStyle(document.body).backgroundColor") == "rgb(20, 24, 28)"
    assert page.run("return document.documentElement.scrollWidth") <= 390
    assert page.console() == []


def test_a_pdf_is_printed(results: Path, tmp_path: Path) -> None:
    require_browser()
    out, pdf = tmp_path / "report.html", tmp_path / "report.pdf"
    assert main(["report", str(results), "--out", str(out), "--pdf", str(pdf), "--quiet"]) == 0
    content = pdf.read_bytes()
    assert content.startswith(b"%PDF")
    assert content.count(b"/Type /Page\n") >= 3
    assert len(content) > 50_000, "the plots are drawn"


def test_without_a_browser_there_is_no_pdf_but_a_reason(
    results: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(BROWSER_VARIABLE, "no-such-browser")
    out = tmp_path / "report.html"
    assert main(["report", str(results), "--out", str(out), "--pdf", str(tmp_path / "x.pdf")]) == 2
    assert "Chromium" in capsys.readouterr().err
    assert not out.exists()
