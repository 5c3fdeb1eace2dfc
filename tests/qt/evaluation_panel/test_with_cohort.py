"""The Compare tab beside a real cohort: one convention for both, and each piece of work once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from napari_medassist._qt.cohort_panel.panel import CohortPanel
from napari_medassist._qt.evaluation_panel.panel import EvaluationPanel
from napari_medassist.app.convention_choice import changed
from napari_medassist.app.settings import Settings
from napari_medassist.core.lesion import Side
from napari_medassist.evaluation.conventions import MEDASSIST, preset
from tests.unit.app.browser.small_cohorts import browser_of, sources_on_disk

pytestmark = pytest.mark.gui


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(tmp_path / "settings.json")


@pytest.fixture
def cohort(qtbot: Any, bridge: Any, settings: Settings, tmp_path: Path) -> Any:
    panel = CohortPanel(bridge, browser_of(tmp_path, settings=settings), settings)
    qtbot.addWidget(panel)
    panel.resize(1200, 400)
    panel.show()
    panel.open_cohort(sources_on_disk(tmp_path))
    _rest(qtbot, bridge, panel)
    yield panel
    panel.runner.close()


@pytest.fixture
def compare(qtbot: Any, bridge: Any, settings: Settings) -> EvaluationPanel:
    widget = EvaluationPanel(bridge, settings)
    qtbot.addWidget(widget)
    widget.show()
    return widget


def _rest(qtbot: Any, bridge: Any, cohort: Any) -> None:
    def rests() -> bool:
        is_open = cohort.browser.is_running or cohort.runner.is_busy
        return not is_open and not bridge.comparer.is_busy

    qtbot.waitUntil(rests, timeout=60_000)
    cohort.refresh()


def _case_with_lesions(cohort: Any) -> str:
    table = cohort.browser.table
    names = (table.names[row] for row in cohort.browser.order.tolist())
    return next(
        name
        for name in names
        if (found := cohort.browser.evaluation(name)) is not None and len(found.lesions) > 1
    )


def test_sliders_move_the_cohort_and_the_cohort_moves_the_sliders(
    cohort: Any, compare: Any, bridge: Any, qtbot: Any
) -> None:
    browser, started = cohort.browser, []
    case = _case_with_lesions(cohort)
    cohort.open_case(case)
    _rest(qtbot, bridge, cohort)
    begin = browser._judging.start
    browser._judging.start = lambda title, *rest, **more: (
        started.append(title) or begin(title, *rest, **more)
    )
    compare.settings.reference.slider.setValue(90)
    _rest(qtbot, bridge, cohort)
    assert browser.convention.matching.threshold_reference == 0.9
    assert not browser.is_stale
    assert sum("Judging" in title for title in started) == 1
    shown, judged = bridge.session.comparison.evaluation, browser.evaluation(case)
    assert shown.counts == judged.counts
    started.clear()
    work = browser.set_convention(changed(browser.convention, matching={"threshold_reference": 0.2}))
    cohort.runner.start(work)
    _rest(qtbot, bridge, cohort)
    assert sum("Judging" in title for title in started) == 1
    assert compare.settings.reference.value == 0.2
    assert bridge.session.comparison.evaluation.counts == browser.evaluation(case).counts


def test_verdict_layers_are_kept_from_case_to_case(
    cohort: Any, compare: Any, bridge: Any, qtbot: Any
) -> None:
    case = _case_with_lesions(cohort)
    cohort.open_case(case)
    _rest(qtbot, bridge, cohort)
    layers = bridge.verdicts.layers
    cohort.open_case(cohort.browser.next_case(1))
    _rest(qtbot, bridge, cohort)
    assert bridge.verdicts.layers == layers
    assert all(layer.visible for layer in layers)
    cohort.open_case(case)
    _rest(qtbot, bridge, cohort)
    drawn = np.asarray(bridge.verdicts.layer_of(Side.REFERENCE).data)
    crop = bridge.session.comparison.crops[Side.REFERENCE]
    np.testing.assert_array_equal(drawn[crop.box], crop.values)
    assert np.count_nonzero(drawn) == np.count_nonzero(crop.values)
    bridge.close_case()
    assert not bridge.verdicts.layers


def test_without_an_image_the_maps_fill_the_canvas(
    cohort: Any, compare: Any, bridge: Any, qtbot: Any
) -> None:
    cohort.open_case(_case_with_lesions(cohort))
    _rest(qtbot, bridge, cohort)
    opened, camera = cohort.browser.opened_case, bridge.viewer.scene.camera
    world = bridge.session.frame.lps_to_world(opened.corners_lps_mm)
    middle = (world.min(axis=0) + world.max(axis=0)) / 2
    np.testing.assert_allclose(np.asarray(camera.center)[-2:], middle[1:], atol=1e-3)
    error = cohort.browser.errors.next(opened.name)
    if error is not None and error.case == opened.name:
        seen = bridge.session.frame.world_to_lps(bridge.viewer.dims.point)
        assert seen[2] == pytest.approx(error.centroid_lps_mm[2], abs=1.6)


def test_the_tab_stands_as_it_stood(compare: Any, bridge: Any, settings: Settings, qtbot: Any) -> None:
    compare.settings.header.setChecked(True)
    compare.legend.outlines.click()
    first = next(iter(compare.legend.buttons))
    compare.legend.buttons[first].click()
    bridge.session.set_convention(preset("picai"))
    compare.hide()
    bridge.session.set_convention(MEDASSIST)
    bridge.verdicts.set_outlines(outlines=False)
    bridge.verdicts.show_class(first, shown=True)
    again = EvaluationPanel(bridge, Settings(settings.path))
    qtbot.addWidget(again)
    assert again.settings.header.isChecked()
    assert bridge.verdicts.has_outlines
    assert bridge.verdicts.hidden_classes == {first}
    assert bridge.session.convention.name == "picai"
