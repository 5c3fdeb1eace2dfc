"""The panel in a real viewer, with a case that has found, missed, false and split lesions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from napari_medassist._qt.evaluation_panel.panel import EvaluationPanel
from napari_medassist.core.case import Case
from napari_medassist.core.labels import LabelMap
from napari_medassist.core.volume import Volume


@pytest.fixture
def panel(qtbot: Any, bridge: Any, case: Case) -> EvaluationPanel:
    """The panel, shown, with the layers ``R``, ``P`` and the map ``maybe`` in the viewer."""
    t2w = case.by_role("t2w")
    prediction = np.zeros(t2w.geometry.shape_zyx, dtype=np.uint8)
    prediction[1:3, 2:8, 2:8] = 1
    reference = prediction.copy()
    reference[4, 12:15, 12:15] = 1
    bridge.add_labels(LabelMap.on(t2w, reference, name="R"))
    bridge.add_labels(LabelMap.on(t2w, prediction, name="P"))
    values = 0.9 * prediction.astype(np.float32)
    values[4, 12:15, 12:15] = 0.3
    values[2, 15:18, 18:22] = 0.6
    maybe = Volume(array=values, geometry=t2w.geometry, source=t2w.source, name="maybe", role="other")
    bridge.add_layer_data(bridge.session.layers_of(Case("more", (maybe,))))
    widget = EvaluationPanel(bridge)
    qtbot.addWidget(widget)
    widget.resize(360, 900)
    widget.show()
    return widget


@pytest.fixture
def settle(qtbot: Any, bridge: Any) -> Any:
    """Wait until all numbers are there."""
    return lambda: qtbot.waitUntil(lambda: not bridge.comparer.is_busy, timeout=10_000)
