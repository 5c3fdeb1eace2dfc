"""The sections of the Compare tab in high and low windows."""

from __future__ import annotations

from typing import Any

import pytest
from qtpy.QtWidgets import QApplication

pytestmark = pytest.mark.gui

TALL_PX, LOW_PX, FLAT_PX = 900, 470, 330


def resized(panel: Any, qtbot: Any, height: int) -> Any:
    panel.resize(360, height)
    qtbot.wait(50)
    return panel.arrangement


def titles(arrangement: Any) -> list[str]:
    return [arrangement.tabs.tabText(number) for number in range(arrangement.tabs.count())]


def on_screen(widget: Any, panel: Any) -> bool:
    """Tell whether a widget is shown, whole and within the panel."""
    if not widget.isVisible() or widget.visibleRegion().isEmpty():
        return False
    top = widget.mapTo(panel, widget.rect().topLeft()).y()
    return top >= 0 and top + widget.height() <= panel.height()


def test_where_there_is_height_all_stand_one_above_the_other(panel: Any, qtbot: Any) -> None:
    arrangement = resized(panel, qtbot, TALL_PX)
    assert arrangement.is_stacked
    shown = (panel.maps, panel.levels, panel.settings, panel.table)
    assert all(on_screen(widget, panel) for widget in shown)
    tops = [widget.mapTo(panel, widget.rect().topLeft()).y() for widget in shown]
    assert tops == sorted(tops)


@pytest.mark.parametrize(
    ("height", "expected"),
    [
        (LOW_PX, ["Numbers", "Settings", "Maps"]),
        (FLAT_PX, ["Numbers", "Lesions", "Settings", "Maps"]),
    ],
)
def test_in_a_low_window_nothing_lies_below_the_fold(
    panel: Any, bridge: Any, qtbot: Any, settle: Any, height: int, expected: list[str]
) -> None:
    panel.choose("R", "P")
    panel.compare()
    settle()
    arrangement = resized(panel, qtbot, height)
    assert titles(arrangement) == expected
    qtbot.waitUntil(lambda: on_screen(panel.headline, panel))
    places = {"Numbers": panel.levels, "Lesions": panel.table, "Maps": panel.maps}
    for title, widget in places.items():
        arrangement.bring_forward(title)
        QApplication.processEvents()
        assert on_screen(widget, panel), title
    arrangement.bring_forward("Settings")
    QApplication.processEvents()
    assert panel.settings.reference.isVisible(), "settings with a tab of their own are not folded"
    panel.settings.reference.slider.setValue(80)
    settle()
    assert bridge.session.convention.matching.threshold_reference == 0.8


def test_back_in_a_high_window_the_settings_are_folded_as_they_were(panel: Any, qtbot: Any) -> None:
    panel.settings.header.setChecked(False)
    resized(panel, qtbot, LOW_PX)
    arrangement = resized(panel, qtbot, TALL_PX)
    assert arrangement.is_stacked
    assert panel.settings.header.isVisible()
    assert not panel.settings.body.isVisible()
    assert panel.table.isVisible()


def test_the_tab_in_front_stays_in_front(panel: Any, qtbot: Any, settle: Any) -> None:
    panel.choose("R", "P")
    panel.compare()
    settle()
    arrangement = resized(panel, qtbot, LOW_PX)
    arrangement.bring_forward("Settings")
    resized(panel, qtbot, FLAT_PX)
    assert len(titles(arrangement)) == 4
    assert arrangement.tabs.tabText(arrangement.tabs.currentIndex()) == "Settings"
