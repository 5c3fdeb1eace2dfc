"""Settings and brush strokes are followed: numbers, colours and table, without a click."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest
from qtpy.QtCore import QEvent, Qt
from qtpy.QtWidgets import QApplication, QWidget

from napari_medassist._qt.curtain import Curtain
from napari_medassist.app.live_comparison import ComparedLabels, LiveComparison
from napari_medassist.app.two_levels import PENDING
from napari_medassist.core.errors import InvalidImage
from napari_medassist.core.lesion import Side
from napari_medassist.evaluation.case import evaluate
from napari_medassist.evaluation.verdict_map import FALSE_POSITIVE, MISSED, SPLIT, TRUE_POSITIVE

pytestmark = pytest.mark.gui


def _compare(panel: Any, prediction: str) -> None:
    panel.choose("R", prediction)
    panel.compare()


def _press(viewer: Any, key: str) -> None:
    acts = {str(bound): act for bound, act in viewer.keymap.items()}
    acts[key](viewer)


def _shown(bridge: Any, side: Side) -> np.ndarray:
    return np.asarray(bridge.verdicts.layer_of(side).data)


def test_a_moved_cut_off_reaches_numbers_colours_and_table(
    panel: Any, bridge: Any, qtbot: Any, settle: Any
) -> None:
    _compare(panel, "OTHER - maybe (probability map)")
    assert panel.settings.cut_off.isVisibleTo(panel.settings.body)
    assert (panel.values["fn"].text(), panel.values["fp"].text()) == ("1", "1")
    layer = bridge.verdicts.layer_of(Side.REFERENCE)
    assert _shown(bridge, Side.REFERENCE)[4, 13, 13] == MISSED
    assert _shown(bridge, Side.PREDICTION)[2, 16, 20] == FALSE_POSITIVE
    panel.settings.header.click()
    panel.settings.cut_off.slider.setFocus()
    qtbot.keyClick(panel.settings.cut_off.slider, Qt.Key.Key_Home)
    qtbot.keyClick(panel.settings.cut_off.slider, Qt.Key.Key_Right)
    settle()
    assert bridge.session.convention.extraction.threshold == 0.01
    assert panel.values["fn"].text() == "0"
    assert panel.levels.befores["fn"].text() == "1→"
    assert bridge.verdicts.layer_of(Side.REFERENCE) is layer, "layers are changed, not made anew"
    assert _shown(bridge, Side.REFERENCE)[4, 13, 13] == TRUE_POSITIVE
    comparison = bridge.session.comparison
    expected = evaluate(
        comparison.reference, comparison.prediction, convention=bridge.session.convention
    )
    assert comparison.evaluation.counts == expected.counts
    assert comparison.evaluation.hd_mm == expected.hd_mm


def test_quick_numbers_come_before_the_distances(panel: Any, bridge: Any, settle: Any) -> None:
    _compare(panel, "OTHER - maybe (probability map)")
    seen: list[tuple[str, str]] = []
    fp, hd = panel.values["fp"], panel.values["hd_mm"]
    bridge.session.comparison_changed.connect(lambda _: seen.append((fp.text(), hd.text())))
    panel.settings.cut_off.slider.setValue(70)
    settle()
    assert [number for number, _ in seen] == ["0", "0"]
    assert seen[0][1] == PENDING
    assert float(seen[-1][1]) > 0


def test_a_dragged_slider_computes_the_newest_value_only(panel: Any, bridge: Any, settle: Any) -> None:
    _compare(panel, "OTHER - maybe (probability map)")
    shown: list[ComparedLabels] = []
    bridge.session.comparison_changed.connect(shown.append)
    for value in range(10, 90):
        panel.settings.cut_off.slider.setValue(value)
    settle()
    assert shown[-1].convention.extraction.threshold == 0.89
    assert len(shown) <= 4


def test_a_stroke_updates_both_levels_beside_the_values_before(
    panel: Any, bridge: Any, settle: Any
) -> None:
    _compare(panel, "P")
    layer = bridge.viewer.layers["P"]
    layer.visible = True
    layer.brush_size = 3
    layer.n_edit_dimensions = 2
    layer.paint((4, 13, 13), 1)
    settle()
    assert panel.values["fn"].text() == "0"
    assert panel.levels.befores["fn"].text() == "1→"
    assert panel.levels.befores["dice"].text() == "0.94→"
    assert float(panel.values["dice"].text()) > 0.94
    layer.undo()
    settle()
    assert panel.values["fn"].text() == "1"
    layer.redo()
    settle()
    assert panel.values["fn"].text() == "0"


def test_a_fill_is_judged_once_it_is_written(panel: Any, bridge: Any, settle: Any) -> None:
    _compare(panel, "P")
    layer = bridge.viewer.layers["P"]
    layer.events.paint(value=[])  # napari tells first,
    time.sleep(0.1)
    layer.data[4, 12:15, 12:15] = 1  # and writes then
    settle()
    assert panel.values["fn"].text() == "0"


def test_a_change_out_of_view_redraws_nothing(
    panel: Any, bridge: Any, viewer: Any, settle: Any
) -> None:
    _compare(panel, "OTHER - maybe (probability map)")
    layer, drawn = bridge.verdicts.layer_of(Side.PREDICTION), []
    layer.events.set_data.connect(lambda _event: drawn.append(1))

    def go_to_slice(z: int) -> None:
        viewer.dims.set_point(viewer.dims.ndim - 3, layer.data_to_world((z, 0, 0))[0])

    go_to_slice(5)
    settle()
    drawn.clear()
    panel.settings.cut_off.slider.setValue(80)  # the false lesion, in another slice, goes
    settle()
    assert not drawn
    go_to_slice(2)
    assert np.asarray(layer._slice.image.raw)[16, 20] == 0
    drawn.clear()
    panel.settings.cut_off.slider.setValue(50)
    settle()
    assert drawn
    assert np.asarray(layer._slice.image.raw)[16, 20] == FALSE_POSITIVE


def test_a_held_redraw_comes(qtbot: Any) -> None:
    class Window(QWidget):
        redrawn = 0

        def event(self, event: QEvent) -> bool:
            self.redrawn += event.type() == QEvent.Type.UpdateRequest
            return super().event(event)

    window, curtain = Window(), Curtain()
    qtbot.addWidget(window)
    window.show()
    qtbot.waitExposed(window)
    qtbot.wait(50)
    curtain.hang_before(window)
    before = window.redrawn
    curtain.close()
    window.update()
    QApplication.processEvents()
    assert window.redrawn == before
    qtbot.waitUntil(lambda: window.redrawn > before, timeout=2000)


def test_edits_that_are_not_followed_mark_the_comparison_stale(
    panel: Any, bridge: Any, settle: Any
) -> None:
    _compare(panel, "P")
    panel.settings.follow.setChecked(False)
    bridge.viewer.layers["R"].paint((4, 3, 3), 1)
    assert panel.stale.isVisibleTo(panel)
    assert "Edited" in panel.stale.text()
    panel.compare()
    assert not panel.stale.isVisibleTo(panel)


def test_pinned_numbers_stay_until_pinned_again(panel: Any, bridge: Any, settle: Any) -> None:
    _compare(panel, "P")
    layer = bridge.viewer.layers["P"]
    layer.visible = True
    layer.brush_size = 3
    layer.paint((4, 13, 13), 1)
    settle()
    panel.pin_button.click()
    assert panel.levels.befores["fn"].text() == ""
    layer.undo()
    settle()
    assert panel.levels.befores["fn"].text() == "0→"


def test_the_selected_lesion_stays_selected(panel: Any, bridge: Any, settle: Any) -> None:
    _compare(panel, "OTHER - maybe (probability map)")
    rows = {panel.lesions.row_at(i).verdict: i for i in range(panel.lesions.rowCount())}
    panel.table.setCurrentIndex(panel.lesions.index(rows["false"], 0))
    panel.settings.cut_off.slider.setValue(20)
    settle()
    row = panel.lesions.row_at(panel.table.currentIndex().row())
    assert row.verdict == "false"
    assert panel.lesions.rowCount() == 5


def test_up_down_and_keys_go_from_lesion_to_lesion(panel: Any, bridge: Any, qtbot: Any) -> None:
    _compare(panel, "P")
    went: list[Any] = []
    panel.table.lesion_chosen.connect(lambda lesion: went.append((lesion.side, lesion.id)))
    panel.table.setFocus()
    panel.table.setCurrentIndex(panel.lesions.index(0, 0))
    qtbot.keyClick(panel.table, Qt.Key.Key_Down)
    assert went == [(Side.REFERENCE, 2), (Side.REFERENCE, 1)]
    _press(bridge.viewer, "J")
    assert went[-1] == (Side.PREDICTION, 1)
    _press(bridge.viewer, "K")
    assert went[-1] == (Side.REFERENCE, 1)
    centre = np.asarray(bridge.viewer.scene.camera.center)[-2:]
    lesion = panel.lesions.lesion_at(panel.table.currentIndex().row())
    world = bridge.session.frame.lps_to_world(lesion.centroid_lps_mm)
    np.testing.assert_allclose(centre, world[1:], atol=1e-3)


def test_the_table_sorts_by_any_column(panel: Any, bridge: Any) -> None:
    _compare(panel, "OTHER - maybe (probability map)")
    panel.table.sortByColumn(2, Qt.SortOrder.DescendingOrder)
    volumes = [panel.lesions.lesion_at(i).volume_ml for i in range(panel.lesions.rowCount())]
    assert volumes == sorted(volumes, reverse=True)
    panel.table.sortByColumn(6, Qt.SortOrder.AscendingOrder)
    sure = [panel.lesions.lesion_at(i).confidence for i in range(panel.lesions.rowCount())]
    assert sure[:2] == pytest.approx([0.6, 0.9])
    assert sure[2:] == [None, None]


def test_classes_can_be_hidden_and_outlined(panel: Any, bridge: Any, viewer: Any) -> None:
    _compare(panel, "P")
    layer = bridge.verdicts.layer_of(Side.REFERENCE)
    assert layer.get_color(MISSED)[3] > 0
    panel.legend.buttons[MISSED].click()
    assert layer.get_color(MISSED)[3] == 0
    assert layer.get_color(TRUE_POSITIVE)[3] > 0
    _press(viewer, "O")
    assert panel.legend.outlines.isChecked()
    assert (layer.contour, bridge.verdicts.layer_of(Side.PREDICTION).contour) == (2, 1)
    panel.legend.outlines.click()
    assert layer.contour == 0


def test_verdicts_cannot_be_painted_on_compared_or_saved(
    panel: Any, bridge: Any, viewer: Any, tmp_path: Any
) -> None:
    _compare(panel, "P")
    layer = bridge.verdicts.layer_of(Side.REFERENCE)
    assert not layer.editable
    viewer.layers.selection.active = layer
    viewer.dims.set_current_step(1, 2)
    assert not layer.editable
    assert layer not in bridge.label_layers()
    with pytest.raises(Exception, match="verdicts"):
        layer.save(str(tmp_path / "v.nii.gz"), plugin="napari-medassist")
    assert not list(tmp_path.iterdir())


def test_presets_and_changes_are_told(panel: Any, bridge: Any, settle: Any) -> None:
    _compare(panel, "P")
    box = panel.settings
    box.preset.setCurrentText("picai")
    box.preset.activated.emit(box.preset.currentIndex())
    assert bridge.session.convention.name == "picai"
    assert not box.prediction.isVisibleTo(box.body), "the IoU of a pair has one threshold"
    box.reference.slider.setValue(50)
    assert box.changes.text() == "changed from picai"
    assert bridge.session.convention.name == "picai (changed)"
    assert "threshold_reference: 0.1 -> 0.5" in box.changes.toolTip()
    box.reset.click()
    assert bridge.session.convention.name == "picai"
    settle()
    assert bridge.session.comparison.evaluation.convention["name"] == "picai"


def test_splitting_is_seen(panel: Any, bridge: Any, settle: Any) -> None:
    _compare(panel, "P")
    layer = bridge.viewer.layers["P"]
    layer.data[:, :, 4:6] = 0
    layer.data = layer.data
    settle()
    assert SPLIT in _shown(bridge, Side.REFERENCE)
    assert panel.legend.buttons[SPLIT].text() == "Split 1"


def test_a_failure_is_told_in_the_panel_and_passes(
    panel: Any, bridge: Any, settle: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    _compare(panel, "P")

    def refuse(*_: object, **__: object) -> None:
        raise InvalidImage("This map is not to be judged so.")

    with monkeypatch.context() as broken:
        broken.setattr(LiveComparison, "judged", refuse)
        panel.settings.reference.slider.setValue(40)
        settle()
    assert "not to be judged" in panel.stale.text()
    assert panel.values["fn"].text() == "1", "the last good numbers stay, marked"
    panel.settings.reference.slider.setValue(41)
    settle()
    assert not panel.stale.text()


def test_closing_the_case_ends_the_comparison(panel: Any, bridge: Any, settle: Any) -> None:
    _compare(panel, "P")
    bridge.close_case()
    assert bridge.session.comparison is None
    assert bridge.session.pinned is None
    assert panel.values["dice"].text() == "-"
    assert not bridge.verdicts.layers


def test_a_case_may_be_compared_without_waiting(panel: Any, bridge: Any, settle: Any) -> None:
    layers = {layer.name: layer for layer in bridge.label_layers()}
    reference, prediction = (bridge.labels_of(layers[name]) for name in "RP")
    bridge.comparer.start(reference, prediction, case="c1")
    assert bridge.session.comparison is None
    settle()
    assert bridge.session.comparison.evaluation.case == "c1"
    assert panel.values["fn"].text() == "1"
    assert panel.values["hd_mm"].text() not in ("-", PENDING)


def test_nothing_is_clipped_at_360_pixels(panel: Any, bridge: Any, settle: Any, qtbot: Any) -> None:
    _compare(panel, "OTHER - maybe (probability map)")
    panel.settings.header.setChecked(True)
    panel.settings.link.setChecked(False)
    panel.settings.cut_off.slider.setValue(20)
    settle()
    content = panel.table.parentWidget()
    assert content.minimumSizeHint().width() <= 360 - 18


def test_names_and_colours_chosen_in_napari_are_kept_with_the_labels(panel: Any, bridge: Any) -> None:
    layer = bridge.viewer.layers["R"]
    features = layer.features.copy()
    features.loc[features["index"] == 1, "label"] = "tumour"
    layer.features = features
    layer.colormap = {**dict(layer.colormap.color_dict), 1: (0.0, 0.0, 1.0, 1.0)}
    label = bridge.labels_of(layer).scheme.get(1)
    assert (label.name, label.colour) == ("tumour", (0, 0, 255))
