"""The disagreement browser by mouse and keys, on 757 real pairs in a real window."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
from qtpy.QtCore import QPoint, Qt
from qtpy.QtWidgets import QFileDialog, QInputDialog
from scipy import ndimage

from napari_medassist.app import settings
from napari_medassist.app.browser import opening
from napari_medassist.core.lesion import Side
from napari_medassist.evaluation.case import evaluate
from napari_medassist.evaluation.conventions import MEDASSIST

pytestmark = [pytest.mark.real, pytest.mark.gui]

LEFT = Qt.MouseButton.LeftButton
TRUE, MISSED, FALSE = 1, 2, 3  # as the legend has them
NEIGHBOURS = np.ones((3, 3, 3))
LONG_MS = 60_000


@dataclass
class Hand:
    """A user's hand: clicks and keys on the widgets that a user sees."""

    qtbot: Any
    dock: Any
    viewer: Any

    @property
    def compare(self) -> Any:
        from napari_medassist._qt.dock import dock_of

        return dock_of(self.viewer).evaluation_panel

    @property
    def bridge(self) -> Any:
        return self.dock._bridge

    def settle(self) -> None:
        self.qtbot.waitUntil(self._is_quiet, timeout=LONG_MS)
        self.qtbot.wait(150)
        self.qtbot.waitUntil(self._is_quiet, timeout=LONG_MS)

    def _is_quiet(self) -> bool:
        dock = self.dock
        return not (dock.runner.is_busy or dock.browser.is_running or self.bridge.comparer.is_busy)

    def click(self, widget: Any, place: QPoint | None = None) -> None:
        self.qtbot.mouseClick(widget, LEFT, pos=place or widget.rect().center())

    def click_header(self, name: str) -> None:
        header = self.dock.view.horizontalHeader()
        place = [column.name for column in self.dock.model.columns].index(name)
        self.dock.view.scrollTo(self.dock.model.index(0, place))
        self.click(header.viewport(), QPoint(header.sectionViewportPosition(place) + 12, 6))
        self.settle()

    def key(self, key: Qt.Key, widget: Any = None, times: int = 1) -> None:
        target = widget or self.dock.view
        target.window().activateWindow()
        target.setFocus()
        self.qtbot.waitUntil(target.hasFocus, timeout=LONG_MS)
        for _ in range(times):
            self.qtbot.keyClick(target, key)
        self.settle()

    def open_settings(self) -> None:
        """Unfold the settings, or go to their tab where the window is low."""
        arrangement = self.compare.arrangement
        if arrangement.is_stacked:
            self.compare.settings.header.click()
            return
        bar = arrangement.tabs.tabBar()
        titles = [bar.tabText(number) for number in range(bar.count())]
        self.click(bar, bar.tabRect(titles.index("Settings")).center())
        self.qtbot.waitUntil(self.compare.settings.reference.isVisible, timeout=LONG_MS)

    def column(self, name: str) -> list[str]:
        model = self.dock.model
        place = [column.name for column in model.columns].index(name)
        return [model.index(row, place).data() for row in range(model.rowCount())]

    def cell(self, case: str, name: str) -> str:
        return self.column(name)[self.column("case").index(case)]


@pytest.fixture
def open_window(
    make_napari_viewer: Callable[..., Any], qtbot: Any, tmp_path: Path, monkeypatch: Any
) -> Callable[[], Hand]:
    """Open napari with the dock; what it remembers lies in the test's folder."""
    monkeypatch.setattr(settings, "user_config_path", lambda _app: tmp_path / "config")
    monkeypatch.setattr(opening, "user_cache_path", lambda _app: tmp_path / "cache")

    def open_it() -> Hand:
        from napari_medassist._qt.dock import cohort_dock_of

        viewer = make_napari_viewer(show=True)
        viewer.window.resize(1600, 1000)
        hand = Hand(qtbot, cohort_dock_of(viewer), viewer)
        qtbot.waitUntil(hand.dock.isVisible, timeout=LONG_MS)
        hand.settle()
        return hand

    return open_it


def masks_of(labels: Path, case: str) -> tuple[np.ndarray, np.ndarray, tuple[float, ...]]:
    """Read a case with nibabel: both masks (z, y, x), and the size of a voxel in the same order."""
    images = [nib.load(labels / side / f"{case}.nii.gz") for side in ("human", "ai")]
    spacing = tuple(float(size) for size in images[0].header.get_zooms()[2::-1])
    reference, prediction = (np.asarray(image.dataobj).T > 0 for image in images)
    return reference, prediction, spacing


def verdicts_by_hand(mask: np.ndarray, other: np.ndarray, s: float, error: int) -> np.ndarray:
    """Paint each component: true if a share s of it is covered, else the error of its side."""
    parts, n = ndimage.label(mask, NEIGHBOURS)
    shares = np.bincount(parts[mask & other], minlength=n + 1) / np.maximum(
        np.bincount(parts[mask], minlength=n + 1), 1
    )
    values = np.where(shares >= s, TRUE, error)
    values[0] = 0
    return values[parts]


def assert_coloured(hand: Hand, labels: Path, case: str, s: float) -> None:
    """The verdict layers hold, voxel by voxel, what is counted with scipy and what the engine says."""
    reference, prediction, spacing = masks_of(labels, case)
    fresh = evaluate(reference, prediction, spacing, convention=with_overlap(s), case=case)
    expected = {
        Side.REFERENCE: verdicts_by_hand(reference, prediction, s, MISSED),
        Side.PREDICTION: verdicts_by_hand(prediction, reference, s, FALSE),
    }
    for side, values in expected.items():
        shown = np.asarray(hand.bridge.verdicts.layer_of(side).data)
        # A split or merged lesion has a colour of its own, and is a true one.
        np.testing.assert_array_equal(np.where(shown > FALSE, TRUE, shown), values)
        error = MISSED if side is Side.REFERENCE else FALSE
        n_errors = ndimage.label(values == error, NEIGHBOURS)[1]
        assert n_errors == (fresh.fn if side is Side.REFERENCE else fresh.fp)
    figures = hand.compare.values
    assert figures["dice"].text() == f"{fresh.dice:.2f}"
    assert (figures["fn"].text(), figures["fp"].text()) == (str(fresh.fn), str(fresh.fp))
    assert hand.cell(case, "dice") == f"{fresh.dice:.3f}"
    assert (hand.cell(case, "fn"), hand.cell(case, "fp")) == (str(fresh.fn), str(fresh.fp))


def with_overlap(s: float) -> Any:
    return MEDASSIST.with_changes(matching={"threshold_reference": s, "threshold_prediction": s})


def test_a_cohort_is_looked_through_by_hand(
    open_window: Callable[[], Hand],
    real_data: Path,
    picai_results: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    labels, results = real_data / "picai_labels", tmp_path / "results"
    shutil.copytree(picai_results, results)
    hand = open_window()
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(results))
    hand.click(hand.dock.bar.results)
    hand.settle()
    assert hand.dock.model.rowCount() == 757

    # By disagreement at first; a click turns the order, the next one turns it back.
    by_disagreement = hand.column("case")
    hand.click_header("disagreement")
    assert hand.column("case") != by_disagreement
    hand.click_header("disagreement")
    assert hand.column("case") == by_disagreement
    hidden = by_disagreement[0]
    assert "hidden" in hand.cell(hidden, "status")

    # A click on its point opens the case that a good Dice hid.
    plot = hand.dock.plots.scatter
    box = plot.plot.box
    table = hand.dock.browser.table
    row = table.row_of(hidden)
    in_view = box.mapViewToScene(plot_point(table.value(row, "dice"), table.value(row, "lesion_f1")))
    place = plot.plot.mapFromScene(in_view)
    hand.click(plot.plot.viewport(), place)
    hand.settle()
    assert hand.dock.browser.opened_case.name == hidden
    assert_coloured(hand, labels, hidden, 0.1)

    # s by the keys of its slider: table, tab and colours follow.
    hand.open_settings()
    slider = hand.compare.settings.reference.slider
    hand.key(Qt.Key.Key_PageUp, slider, times=6)
    s = slider.value() / 100
    assert s == pytest.approx(0.7)
    hand.dock.refresh()
    assert_coloured(hand, labels, hidden, s)
    f1 = hand.column("lesion_f1")
    others = [case for case, text in zip(hand.column("case"), f1, strict=True) if text[0].isdigit()]
    for case in others[::40]:
        reference, prediction, spacing = masks_of(labels, case)
        fresh = evaluate(reference, prediction, spacing, convention=with_overlap(s), case=case)
        assert hand.cell(case, "fn") == str(fresh.fn)
        assert hand.cell(case, "fp") == str(fresh.fp)
        assert hand.cell(case, "lesion_f1") == f"{fresh.scores['lesion_f1']:.3f}"

    # The next hidden error by key, marked with a note.
    hand.dock.bar.kind.setCurrentIndex(hand.dock.bar.kind.findData("hidden"))
    hand.key(Qt.Key.Key_N)
    hand.key(Qt.Key.Key_N)
    error = hand.dock.browser.error
    assert error.hidden
    marked = hand.dock.browser.opened_case.name
    assert marked == error.case == hand.dock.view.current_case()
    assert_coloured(hand, labels, marked, s)
    monkeypatch.setattr(QInputDialog, "getText", lambda *_: ("small one overlooked", True))
    action = next(a for a in hand.dock.bar.mark.menu().actions() if "failure" in a.text())
    action.trigger()
    hand.settle()
    assert "small one overlooked" in hand.cell(marked, "mark")

    # The numbers of now stay beside others, also after a restart.
    hand.dock.plots.setCurrentWidget(hand.dock.plots.sensitivity)
    hand.click(hand.dock.plots.sensitivity.pin)
    hand.settle()
    pinned = hand.dock.browser.pins[0].headline["micro_f1"]

    report = tmp_path / "report.html"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(report), ""))
    hand.click(hand.dock.bar.report)
    hand.settle()
    text = report.read_text()
    assert hidden in text
    assert "small one overlooked" in text

    hand.click_header("dice")
    hand.viewer.close()

    again = open_window()
    again.dock.bar.recent_menu.actions()[0].trigger()
    again.settle()
    assert again.dock.browser.sort_column == "dice"
    assert again.dock.plots.currentWidget() is again.dock.plots.sensitivity
    assert "small one overlooked" in again.cell(marked, "mark")
    assert [pin.headline["micro_f1"] for pin in again.dock.browser.pins] == [pinned]


def plot_point(x: float, y: float) -> Any:
    from qtpy.QtCore import QPointF

    return QPointF(x, y)
