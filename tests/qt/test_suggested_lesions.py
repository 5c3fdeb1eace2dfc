"""From the button "Find lesions" to a lesion of the reader's, with the model that is shipped."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

import napari_medassist as ma
from napari_medassist._qt.bridge import bridge_of
from napari_medassist._qt.dock import dock_of
from napari_medassist.app.samples import sample_label_maps, sample_study

pytestmark = pytest.mark.gui


def test_a_lesion_is_found_accepted_and_corrected(viewer: Any, qtbot: Any) -> None:
    dock, bridge = dock_of(viewer), bridge_of(viewer)
    case = ma.read(sample_study())
    bridge.add_layer_data(bridge.session.layers_of(case))
    models, findings = dock.models_panel, dock.findings_panel
    dock.tabs.setCurrentWidget(models)
    names = [offered.card.name for offered in models._offered]
    models.list.setCurrentRow(names.index("prostate-lesions"))
    assert models.run.text() == "Find lesions"
    centred: list[Any] = []
    bridge.centre_on = centred.append
    QTest.mouseClick(models.run, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not models.runner.is_busy, timeout=60_000)
    assert "suggestion" in models.message.text()
    assert dock.tabs.currentWidget() is findings
    (suggested,) = bridge.label_layers()
    assert suggested.name == "prostate-lesions 0.1 suggestions"
    before = suggested.data.copy()

    truth = np.asarray(ma.read_labels(sample_label_maps("mpmr")["reference"]).array) > 0
    qtbot.waitUntil(lambda: bool(centred), timeout=10_000)  # the view goes there by itself
    t2w = case.by_role("t2w").geometry
    index = tuple(np.rint(t2w.lps_to_index(centred[-1])).astype(int))
    assert truth[index]

    QTest.keyClicks(findings.table, "e")
    assert dock.tabs.currentWidget() is dock.annotation_panel
    own = viewer.layers.selection.active
    assert own.name == "Lesions"
    np.testing.assert_array_equal(own.data == 1, before == 1)
    np.testing.assert_array_equal(suggested.data, before)
    assert bridge.labels_of(own).geometry == t2w
    assert findings.store.findings()[0].is_lesion
    assert findings.measuring.close()
