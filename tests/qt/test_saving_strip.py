"""The question about earlier work: nothing of it stays in memory once it is answered or passed over."""

from __future__ import annotations

import gc
import weakref
from pathlib import Path
from typing import Any

import pytest
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QMessageBox

from napari_medassist._qt.acts import new_labels
from napari_medassist._qt.bridge import Bridge
from napari_medassist._qt.saving_strip import SavingStrip
from napari_medassist.app.layer_data import case_layers
from tests.phantoms import oblique_case

pytestmark = pytest.mark.gui


@pytest.mark.parametrize("is_answered", [True, False])
def test_question_and_work_go(
    is_answered: bool,
    viewer: Any,
    bridge: Bridge,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("NAPARI_MEDASSIST_SESSIONS", str(tmp_path))
    strip = SavingStrip(bridge)
    bridge.add_layer_data(case_layers(oblique_case()))
    new_labels(bridge).paint((2, 4, 4), 1)
    bridge.close_case()
    bridge.add_layer_data(case_layers(oblique_case()))
    QTest.qWait(20)
    waiting = bridge.recorder.recording.waiting
    assert waiting is not None
    assert strip.question is not None
    earlier = weakref.ref(waiting)
    del waiting
    if is_answered:
        strip.question.buttons()[1].click()
    bridge.close_case()
    QTest.qWait(50)
    gc.collect()
    assert not strip.findChildren(QMessageBox)
    assert earlier() is None
    strip.deleteLater()
