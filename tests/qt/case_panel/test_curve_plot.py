"""The time-intensity curve below the series, in a real viewer with the simulated study."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import napari_medassist as ma
from napari_medassist._qt.acts import new_labels
from napari_medassist.app.samples import sample_study
from napari_medassist.core.case import Case

pytestmark = pytest.mark.gui


@pytest.fixture
def study(bridge: Any) -> Any:
    case = ma.read(sample_study())
    bridge.add_layer_data(bridge.session.layers_of(case))
    return case


@pytest.fixture
def plot(qtbot: Any, bridge: Any, study: Any) -> Any:
    from napari_medassist._qt.case_panel.panel import CasePanel

    panel = CasePanel(bridge)
    qtbot.addWidget(panel)
    panel.resize(360, 800)
    panel.show()
    qtbot.waitUntil(lambda: not panel.curves.is_busy, timeout=10_000)
    yield panel.curves
    panel.curves.runner.close()


def go_to(bridge: Any, qtbot: Any, plot: Any, point_lps_mm: Any) -> None:
    bridge.show_slice(point_lps_mm)
    qtbot.waitUntil(lambda: not plot.is_busy, timeout=10_000)


def test_the_curve_follows_the_crosshair(plot: Any, bridge: Any, study: Any, qtbot: Any) -> None:
    dce = study.by_role("dce")
    assert plot.isVisible()
    for index in ((5, 20, 30), (8, 40, 25)):
        point = dce.geometry.index_to_lps(index)
        go_to(bridge, qtbot, plot, point)
        world = np.asarray(bridge.viewer.dims.point)[-3:]  # sliders stand at whole steps
        nearest = np.rint(dce.geometry.lps_to_index(bridge.session.frame.world_to_lps(world)))
        z, y, x = nearest.astype(int)
        expected = [float(np.asarray(dce.array[t])[z, y, x]) for t in range(dce.array.shape[0])]
        (curve,) = plot.curves
        assert list(curve.values) == expected
        assert curve.times_s == dce.acquisition.times_s
        (drawn,) = plot.plot.getPlotItem().listDataItems()
        np.testing.assert_array_equal(drawn.getData()[1], expected)


def test_a_painted_lesion_has_a_curve_of_its_own(
    plot: Any, bridge: Any, study: Any, qtbot: Any
) -> None:
    layer = new_labels(bridge)
    qtbot.waitUntil(lambda: not plot.is_busy, timeout=10_000)
    assert len(plot.curves) == 1, "an empty label has no curve"
    middle = tuple(n // 2 for n in layer.data.shape)
    layer.brush_size = 20
    layer.paint(middle, 1)
    qtbot.waitUntil(lambda: len(plot.curves) == 2 and not plot.is_busy, timeout=10_000)
    lesion = plot.curves[1]
    assert lesion.n_voxels > 1
    assert "voxels" in plot.words.text()
    layer.selected_label = 2
    qtbot.waitUntil(lambda: len(plot.curves) == 1 and not plot.is_busy, timeout=10_000)


def test_without_a_dynamic_series_there_is_no_plot(plot: Any, bridge: Any, case: Any) -> None:
    bridge.close_case()
    assert not plot.isVisible()
    still = Case("still", (case.by_role("t2w"),))
    bridge.add_layer_data(bridge.session.layers_of(still))
    assert not plot.isVisible()
