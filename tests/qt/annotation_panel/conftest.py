"""A case with a fine T2w and a coarse ADC, the panel, and a mouse that is Qt's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from napari_medassist._qt.annotation_panel.panel import AnnotationPanel
from napari_medassist.app.layer_data import case_layers
from napari_medassist.core.case import Case
from tests.mouse import Mouse
from tests.phantoms import volume

SHAPE = (9, 80, 80)


@pytest.fixture
def lesion_case(bridge: Any) -> Case:
    """T2w of 3 x 0.5 x 0.5 mm; ADC of 3 x 1 x 1 mm with a dark ball of 8 mm in the middle of both."""
    t2w = volume("t2w", shape_zyx=SHAPE, spacing_zyx_mm=(3.0, 0.5, 0.5), origin_lps_mm=(0, 0, 0))
    adc = volume("adc", shape_zyx=(9, 40, 40), spacing_zyx_mm=(3.0, 1.0, 1.0), origin_lps_mm=(0, 0, 0))
    z, y, x = np.indices(adc.geometry.shape_zyx)
    dark = ((z - 4) * 3.0) ** 2 + (y - 20.0) ** 2 + (x - 20.0) ** 2 <= 64
    adc = adc.with_changes(array=np.where(dark, 700, 1500).astype(np.float32))
    t2w = t2w.with_changes(
        array=np.kron(np.where(dark, 200, 500), np.ones((1, 2, 2))).astype(np.float32)
    )
    case = Case("lesion", (t2w, adc))
    bridge.add_layer_data(case_layers(case))
    return case


@pytest.fixture
def panel(bridge: Any, lesion_case: Case, qtbot: Any) -> AnnotationPanel:
    made = AnnotationPanel(bridge)
    qtbot.addWidget(made)
    return made


@pytest.fixture
def mouse(make_napari_viewer: Callable[..., Any], viewer: Any, qtbot: Any) -> Mouse:
    viewer.window._qt_window.resize(900, 700)
    viewer.window._qt_window.show()
    qtbot.waitExposed(viewer.window._qt_window)
    qtbot.wait(50)
    viewer.reset_view()
    qtbot.wait(50)
    return Mouse(viewer)
