"""Pins are kept beside the marks and are there at the next start."""

from __future__ import annotations

from math import isnan
from pathlib import Path

import pytest

from napari_medassist.app.browser.marks import Mark, Marks
from napari_medassist.app.browser.pins import pins_beside, read_pins
from napari_medassist.app.browser.sources import CohortSources
from napari_medassist.core.errors import FileProblem
from tests.unit.app.browser.small_cohorts import browser_of, sources_on_disk


def opened(tmp_path: Path):
    browser = browser_of(tmp_path)
    browser.open_work(sources_on_disk(tmp_path)).run_here()
    return browser


def test_pins_are_there_after_a_restart_and_gone_when_taken_away(tmp_path: Path) -> None:
    browser = opened(tmp_path)
    pin = browser.pin("strict")
    again = opened(tmp_path)
    (found,) = again.pins
    assert (found.name, found.model, found.convention) == ("strict", pin.model, pin.convention)
    for name, value in pin.headline.values.items():
        assert found.headline[name] == value or (isnan(value) and isnan(found.headline[name]))
    again.unpin(found)
    assert opened(tmp_path).pins == ()


@pytest.mark.parametrize("text", ["", "{", '{"version": 1, "pins": [{"name": "a"}]}', '{"version": 9}'])
def test_damaged_pins_stop_nobody(tmp_path: Path, text: str) -> None:
    path = tmp_path / "pins.json"
    path.write_text(text)
    assert read_pins(path) == ()
    assert opened(tmp_path).table.n_rows == 12


def test_each_file_of_marks_has_pins_of_its_own() -> None:
    assert pins_beside(Path("results/marks.json")) == Path("results/pins.json")
    assert pins_beside(Path("marks/0af3.json")) != pins_beside(Path("marks/77b1.json"))


def test_what_another_program_marks_is_taken_over(tmp_path: Path) -> None:
    browser = opened(tmp_path)
    case, seen = browser.table.names[2], []
    browser.marks_changed.connect(lambda: seen.append(dict(browser.marks)))
    browser.marks_work().run_here()
    assert seen == []
    Marks(tmp_path / "marks.json").set(case, Mark.now("ambiguous", "by another reader"))
    browser.marks_work().run_here()
    assert seen[-1][case].note == "by another reader"
    assert "by another reader" in browser.table.text(2, "mark")


def test_a_table_with_a_column_for_each_model(tmp_path: Path) -> None:
    sources = sources_on_disk(tmp_path, ("ai", "b"))
    names = [path.name for path in sorted(Path(sources.reference).iterdir())]
    places = {"reference": sources.reference, **sources.predictions}
    rows = [
        ",".join([name, *(str(Path(p) / name) for p in places.values()), "x.nii"]) for name in names
    ]
    table = tmp_path / "cases.csv"
    table.write_text("\n".join(["case,reference,ai,b,images", *rows]))
    browser = browser_of(tmp_path / "table")
    browser.open_work(CohortSources(manifest=table)).run_here()
    assert browser.models == ("ai", "b")
    direct = opened(tmp_path / "one")
    assert browser.table.values("fn").tolist() == pytest.approx(
        direct.table.values("fn").tolist(), nan_ok=True
    )


def test_a_table_that_cannot_be_read_says_so(tmp_path: Path) -> None:
    with pytest.raises(FileProblem):
        CohortSources(manifest=tmp_path / "none.csv").pairs()
