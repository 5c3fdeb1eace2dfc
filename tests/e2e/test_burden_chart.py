"""Opacities over time: the page in a real browser, and what it refuses."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from napari_medassist.app.burden_chart import write_chart
from napari_medassist.app.lung_burden import ScanBurden
from napari_medassist.cli.main import main
from napari_medassist.core.errors import InvalidSetting
from napari_medassist.metrics.lung_burden import PartBurden
from tests.browser import browser, require_browser

pytestmark = pytest.mark.browser


def part(name: str, share: float, hu: float = -700.0) -> PartBurden:
    fields = dict.fromkeys(PartBurden.__dataclass_fields__, 0)
    return PartBurden(**{**fields, "name": name, "share_percent": share, "mean_hu": hu})


def scan(date: str, share: float, corona: float, *more: PartBurden, name: str = "ct") -> ScanBurden:
    return ScanBurden(name, date, (part("both lungs", share), *more), corona, (), ())


SCANS = (
    scan("2020-03-01", 12.0, 300.0, part("left lung", 20.0)),
    scan("2020-03-09", 30.0, 600.0, part("left lung", float("nan")), name="<b>second</b>"),
    scan("2020-04-20", 5.0, 90.0),
)


def test_lines_over_time_are_drawn_without_an_error_and_without_the_network(tmp_path: Path) -> None:
    require_browser()
    scans = (*SCANS[:2], replace(SCANS[2], warnings=("Look again <here>.",)))
    write_chart(scans, tmp_path / "chart.html")
    with browser() as page:
        page.size(1280, 900)
        page.open(tmp_path / "chart.html")
        page.wait("return document.querySelectorAll('.scatterlayer .trace').length === 5")
        count = "return document.querySelectorAll(`#${arguments[0]} .point`).length"
        assert page.run(count, "trend-0") == 4  # three of both lungs, and the one that is defined
        assert page.run(count, "trend-1") == 3
        # Days are as far apart on the page as they were in time: 8, and 42.
        x = "return document.getElementById('trend-1').data[0].x"
        assert page.run(x) == ["2020-03-01", "2020-03-09", "2020-04-20"]
        places = page.run(
            "return [...document.querySelectorAll('#trend-1 .point')]"
            ".map((p) => p.getBoundingClientRect().x)"
        )
        assert (places[2] - places[1]) / (places[1] - places[0]) == pytest.approx(42 / 8, rel=0.02)
        told = page.run("return document.getElementById('trend-1').data[0].text[1]")
        assert "600.0 cm3, 2.00 x the first" in told
        assert "&lt;b&gt;second" in told
        assert "Look again <here>." in page.run("return document.body.innerText")
        assert page.console() == []
        assert page.requests() <= {"file", "data"}


def test_without_dates_scans_stand_in_their_order(tmp_path: Path) -> None:
    first, second, _ = (replace(s, date="", name="ct") for s in SCANS)
    text = write_chart((first, second), tmp_path / "chart.html").read_text(encoding="utf-8")
    assert '"isTime":false' in text
    assert re.search(r'"x":\["1\. ct","2\. ct"\]', text)


def test_dates_that_go_back_and_a_single_scan_are_refused(tmp_path: Path) -> None:
    out = tmp_path / "chart.html"
    with pytest.raises(InvalidSetting, match="go back in time"):
        write_chart(SCANS[::-1], out)
    with pytest.raises(InvalidSetting, match="two scans"):
        write_chart(SCANS[:1], out)
    assert not out.exists()


def test_the_chart_on_the_command_line(tmp_path: Path) -> None:
    samples = Path(__file__).resolve().parents[2] / "sample_data"
    ct, opacities = samples / "simulated-ct.nii.gz", samples / "simulated-ct-opacities.nii.gz"
    wanted = ["--date", "2020-03-01", "2020-03-02", "--out", str(tmp_path / "burden.csv")]
    chart = tmp_path / "chart.html"
    given = ["burden", str(ct), str(ct), "--opacities", str(opacities), str(opacities)]
    assert main([*given, *wanted, "--chart", str(chart)]) == 1  # the lungs were looked at by nobody
    assert "not looked at by anybody" in chart.read_text(encoding="utf-8")
