"""A window that listens to files which espeak-ng has spoken."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from napari_medassist.app.layer_data import case_layers
from napari_medassist.core.case import Case
from tests.phantoms import volume
from tests.unit.annotation.findings.zone_phantom import zones
from tests.unit.voice.conftest import models_folder, said, speak, with_model

__all__ = ["models_folder", "said", "speak", "with_model"]  # fixtures


def prostate() -> Case:
    """Return a prostate with its zones."""
    zone_map = zones(np.eye(3), np.eye(3))
    grid = zone_map.geometry
    place = {
        "shape_zyx": grid.shape_zyx,
        "spacing_zyx_mm": grid.spacing_zyx_mm,
        "origin_lps_mm": grid.origin_lps_mm,
    }
    return Case("simulated", (volume("t2w", **place), volume("adc", **place)), labels=(zone_map,))


@pytest.fixture(scope="session")
def recognisers() -> Any:
    """Recognisers that are made ready once for all tests."""
    from napari_medassist.app.voicing.recognisers import Recognisers

    return Recognisers()


@pytest.fixture
def own_sessions(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Let sessions, and with them voice logs, lie in a folder of the test."""
    monkeypatch.setenv("NAPARI_MEDASSIST_SESSIONS", str(tmp_path / "sessions"))
    return tmp_path / "sessions"


@pytest.fixture
def dock(
    viewer: Any, bridge: Any, own_sessions: Path, recognisers: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Any]:
    """The dock of a shown window with a prostate open, before anything is listened to."""
    from napari_medassist._qt import listening
    from napari_medassist._qt.dock import dock_of

    monkeypatch.setattr(listening, "Recognisers", lambda: recognisers)
    shown = dock_of(viewer)
    bridge.add_layer_data(case_layers(prostate()))
    viewer.window._qt_window.show()
    yield shown
    shown.voice_panel.close()


@pytest.fixture
def panel(with_model: Path, dock: Any, qtbot: Any) -> Any:
    """The tab Voice, ready for what may be said."""
    from napari_medassist.app.voicing.choices import Choices, Mode

    voice = dock.voice_panel
    voice.choose(Choices(mode=Mode.OPEN))
    dock.tabs.setCurrentWidget(voice)
    qtbot.waitUntil(lambda: voice.conversation.grammar is not None, timeout=60_000)
    return voice


@pytest.fixture
def hear(
    panel: Any, said: Callable[[str], np.ndarray], qtbot: Any, tmp_path: Path
) -> Callable[[str], Any]:
    """Return what says a text to the window, and gives the newest row of its log."""
    from napari_medassist.voice.playback import FileSource
    from tests.unit.voice.sounds import write_sound

    def say(text: str) -> Any:
        quiet = np.zeros(8000, np.float32)
        path = write_sound(tmp_path / "said.wav", np.concatenate([quiet, said(text), quiet, quiet]))
        before = panel.form.log.rowCount()
        panel.listen(on=True, source=FileSource(path))
        qtbot.waitUntil(lambda: panel.form.log.rowCount() > before, timeout=30_000)
        panel.listen(on=False)
        return panel.form.log.entry_at(0)

    return say
