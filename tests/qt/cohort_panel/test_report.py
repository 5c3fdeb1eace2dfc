"""The report of an open cohort: with pictures and hashes, also after it was judged anew."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.qt.cohort_panel.conftest import settle

pytestmark = pytest.mark.gui


def write(panel: Any, path: Path) -> str:
    from napari_medassist._qt.cohort_panel.report import report_work

    return report_work(panel.browser, path).run_here().read_text(encoding="utf-8")


def test_both_models_with_pictures_and_hashes(opened: Any, tmp_path: Path) -> None:
    page = write(opened, tmp_path / "report.html")
    assert "2 models: ai, b" in page
    assert '<svg class="slice"' in page
    assert "SHA-256 of every file of the cases" in page


def test_after_judging_anew_it_tells_the_new_numbers(opened: Any, qtbot: Any, tmp_path: Path) -> None:
    browser = opened.browser
    strict = browser.convention.with_changes(matching={"threshold_reference": 0.9}, name="strict")
    opened.runner.start(browser.set_convention(strict))
    settle(qtbot, opened)
    page = write(opened, tmp_path / "report.html")
    assert "convention “strict”" in page
    assert '<svg class="slice"' in page
    assert "No picture" not in page


def test_marks_of_the_open_cohort_are_told(opened: Any, tmp_path: Path) -> None:
    case = opened.browser.table.names[0]
    opened.browser.mark([case], "ambiguous", "seen in the window")
    page = write(opened, tmp_path / "report.html")
    assert "<td>ambiguous</td><td>seen in the window</td>" in page


def test_without_a_cohort_there_is_a_reason(panel: Any, tmp_path: Path) -> None:
    from napari_medassist.core.errors import InvalidSetting

    with pytest.raises(InvalidSetting, match="nothing to report"):
        write(panel, tmp_path / "report.html")
