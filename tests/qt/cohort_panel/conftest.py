"""A cohort dock in a real viewer, with twelve small cases on disk; two of them cannot be compared."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from napari_medassist.app.settings import Settings
from tests.unit.app.browser.small_cohorts import browser_of, sources_on_disk


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(tmp_path / "settings.json")


@pytest.fixture
def panel(qtbot: Any, bridge: Any, settings: Settings, tmp_path: Path) -> Any:
    """The dock without a cohort."""
    from napari_medassist._qt.cohort_panel.panel import CohortPanel

    panel = CohortPanel(bridge, browser_of(tmp_path, settings=settings), settings)
    qtbot.addWidget(panel)
    panel.resize(1200, 400)
    panel.show()
    yield panel
    panel.runner.close()
    bridge.comparer.close() if hasattr(bridge.comparer, "close") else None


@pytest.fixture
def opened(qtbot: Any, panel: Any, tmp_path: Path) -> Any:
    """The dock with the cohort of two models, compared."""
    panel.open_cohort(sources_on_disk(tmp_path, ("ai", "b")))
    settle(qtbot, panel)
    return panel


def settle(qtbot: Any, panel: Any) -> None:
    """Wait until nothing runs, and the window shows it."""
    qtbot.waitUntil(lambda: not panel.runner.is_busy and not panel.browser.is_running, timeout=60_000)
    panel.refresh()
