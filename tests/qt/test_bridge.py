from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
from napari.layers import Labels
from napari.utils.notifications import notification_manager

from napari_medassist._qt import acts
from napari_medassist._qt.bridge import bridge_of
from napari_medassist._qt.verdicts import VERDICT_LAYERS
from napari_medassist.app.layer_data import link_of
from napari_medassist.core.case import Case
from napari_medassist.core.errors import InvalidImage
from napari_medassist.core.labels import LabelMap
from napari_medassist.core.lesion import Side
from napari_medassist.core.video import VideoClip
from napari_medassist.io.files import write
from tests.phantoms import oblique_case, volume

pytestmark = pytest.mark.gui


def test_one_bridge_a_viewer(viewer: Any, bridge: Any) -> None:
    assert bridge_of(viewer) is bridge


def test_layers_of_a_case_make_it_the_open_one(bridge: Any, case: Case) -> None:
    assert bridge.session.case is case
    assert {layer.name for layer in bridge.layers()} == {"T2w - t2w", "ADC - adc", "DCE - dce"}


def test_every_layer_draws_a_patient_point_in_the_same_place(bridge: Any, case: Case) -> None:
    """What napari itself says: layer index -> world must be the frame's place of the voxel."""
    for layer in bridge.layers():
        link = link_of(layer.metadata)
        if link.resampled:
            continue
        index = (2, 3, 4)
        world = np.asarray(layer.data_to_world(index))[-3:]
        true = bridge.session.frame.lps_to_world(link.image.geometry.index_to_lps(index))
        np.testing.assert_allclose(world, true, atol=1e-5)


def test_new_labels_lie_on_the_selected_images_grid(bridge: Any, case: Case) -> None:
    adc = case.by_role("adc")
    bridge.viewer.layers.selection.active = bridge.layer_of(adc)
    layer = acts.new_labels(bridge)
    assert layer.data.shape == adc.geometry.shape_zyx
    assert bridge.labels_of(layer).source == adc.source


def test_naparis_own_button_gives_labels_on_the_t2w(bridge: Any, case: Case) -> None:
    """Measured on another tool: labels made so were saved 126 mm off."""
    t2w = case.by_role("t2w")
    bridge.viewer.layers.selection.active = bridge.layer_of(t2w)
    bridge.viewer._new_labels()
    layer = bridge.viewer.layers[-1]
    assert layer.data.shape == t2w.geometry.shape_zyx
    world = np.asarray(layer.data_to_world((1, 2, 3)))
    true = bridge.session.frame.lps_to_world(t2w.geometry.index_to_lps((1, 2, 3)))
    np.testing.assert_allclose(world, true, atol=1e-5)


def test_labels_that_hold_something_are_left_alone(bridge: Any, case: Case) -> None:
    layer = bridge.viewer.add_labels(np.ones((3, 4, 5), dtype=np.uint8), name="theirs")
    assert layer.data.shape == (3, 4, 5)
    assert link_of(layer.metadata) is None


def test_painted_labels_are_saved_by_napari_where_they_were_painted(
    bridge: Any, case: Case, tmp_path: Path
) -> None:
    t2w = case.by_role("t2w")
    layer = acts.new_labels(bridge)
    layer.brush_size = 1
    index = (2, 5, 7)
    layer.paint(index, 1)
    path = tmp_path / "lesion.nii.gz"
    assert layer.save(str(path), plugin="napari-medassist") == [str(path)]
    image = nib.load(path)
    i, j, k = np.argwhere(np.asarray(image.dataobj))[0]
    x, y, z = (image.affine @ (i, j, k, 1))[:3]
    np.testing.assert_allclose((-x, -y, z), t2w.geometry.index_to_lps(index), atol=1e-4)


def test_loose_labels_are_not_saved_to_nowhere(bridge: Any, tmp_path: Path) -> None:
    layer = bridge.viewer.add_labels(np.ones((3, 4, 5), dtype=np.uint8))
    with pytest.raises(InvalidImage, match="belongs to no image"):
        layer.save(str(tmp_path / "x.nii.gz"), plugin="napari-medassist")
    assert list(tmp_path.iterdir()) == []


def test_centre_on_goes_to_the_slice_and_the_point(bridge: Any, case: Case) -> None:
    t2w = case.by_role("t2w")
    point = t2w.geometry.index_to_lps((4, 10, 6))
    bridge.centre_on(point)
    shown = bridge.viewer.dims.point[-3:]
    assert abs(shown[0] - bridge.session.frame.lps_to_world(point)[0]) <= 3.0 / 2
    centre = np.asarray(bridge.viewer.scene.camera.center)[-2:]
    np.testing.assert_allclose(centre, bridge.session.frame.lps_to_world(point)[1:], atol=1e-6)


def test_status_tells_the_patient_position(bridge: Any, case: Case) -> None:
    frame = bridge.session.frame
    bridge.viewer.cursor.position = (0.0, *frame.lps_to_world((12.34, -5.0, 7.0)))
    bridge.viewer.status = {"layer_base": "x", "source_type": "", "plugin": "", "coordinates": "[1]"}
    assert bridge.viewer.status["coordinates"] == "L 12.3  A 5.0  S 7.0 mm | [1]"


def test_superior_is_up_in_coronal_and_the_body_is_not_mirrored_in_3d(bridge: Any, case: Case) -> None:
    camera, dims = bridge.viewer.scene.camera, bridge.viewer.dims
    assert tuple(camera.orientation2d) == ("down", "right")
    dims.order = (0, 2, 1, 3)
    assert tuple(camera.orientation2d) == ("up", "right")
    dims.ndisplay = 3
    assert str(camera.handedness).lower().endswith("left")


def test_comparison_paints_verdicts(bridge: Any, case: Case) -> None:
    t2w = case.by_role("t2w")
    mask = np.zeros(t2w.geometry.shape_zyx, dtype=np.uint8)
    mask[1:3, 2:6, 2:6] = 1
    missed = mask.copy()
    missed[4, 12:15, 12:15] = 1
    layers = [
        bridge.add_labels(LabelMap.on(t2w, array, name=name))
        for array, name in ((missed, "R"), (mask, "P"))
    ]
    bridge.session.compare(*(bridge.labels_of(layer) for layer in layers))
    verdicts = bridge.viewer.layers[VERDICT_LAYERS[Side.REFERENCE]]
    assert verdicts.data[4, 13, 13] == 2
    assert verdicts.data[1, 3, 3] == 1
    predicted = bridge.viewer.layers[VERDICT_LAYERS[Side.PREDICTION]]
    assert set(np.unique(predicted.data)) == {0, 1}
    assert not layers[0].visible
    assert verdicts not in bridge.label_layers()
    bridge.session.compare(*(bridge.labels_of(layer) for layer in layers))
    assert sum(layer.name.startswith("Verdicts") for layer in bridge.viewer.layers) == 2


def test_a_users_own_layer_may_be_called_verdicts(bridge: Any, case: Case) -> None:
    t2w = case.by_role("t2w")
    mask = np.ones(t2w.geometry.shape_zyx, dtype=np.uint8)
    mine = bridge.add_labels(LabelMap.on(t2w, mask, name=VERDICT_LAYERS[Side.REFERENCE]))
    other = bridge.add_labels(LabelMap.on(t2w, mask, name="other"))
    for _ in range(2):
        bridge.session.compare(bridge.labels_of(mine), bridge.labels_of(other))
    assert mine in bridge.viewer.layers
    assert bridge.label_layers() == [other, mine]
    assert len(bridge.layers(Labels)) == 2
    assert len(bridge.verdicts.layers) == 2


def test_labels_are_not_painted_on_an_image_that_is_shown_resampled(bridge: Any, case: Case) -> None:
    askew = volume("t2w-sag", name="askew")
    bridge.add_layer_data(bridge.session.layers_of(Case("more", (askew,))))
    bridge.viewer.layers.selection.active = bridge.layer_of(askew)
    with pytest.raises(InvalidImage, match="'askew' lies askew"):
        acts.new_labels(bridge)
    loaded = bridge.add_labels(LabelMap.on(askew))
    assert not loaded.editable
    bridge.viewer.layers.selection.active = bridge.layer_of(askew)
    bridge.viewer._new_labels()
    made = bridge.viewer.layers[-1]
    assert bridge.labels_of(made).source == case.by_role("t2w").source


def test_labels_opened_before_their_image_lie_on_it_and_over_it(bridge: Any) -> None:
    opened = oblique_case()
    t2w = opened.by_role("t2w")
    grid = replace(t2w.geometry, direction_lps=np.round(t2w.geometry.direction, 4))
    early = LabelMap.from_stored(np.zeros(grid.shape_zyx, dtype=np.uint8), grid, name="early")
    bridge.add_layer_data(bridge.session.layers_of(Case("labels", labels=(early,))))
    layer = bridge.label_layers()[0]
    layer.data[2, 3, 4] = 1
    bridge.add_layer_data(bridge.session.layers_of(opened))
    assert not link_of(bridge.layer_of(t2w).metadata).resampled
    assert bridge.viewer.layers[-1] is layer
    assert layer.editable
    assert link_of(layer.metadata).frame == bridge.session.frame
    place = bridge.session.frame.world_to_lps(layer.data_to_world((2, 3, 4)))
    np.testing.assert_allclose(place, grid.index_to_lps((2, 3, 4)), atol=0.02)
    assert bridge.labels_of(layer).array[2, 3, 4] == 1


def test_the_view_stays_in_the_middle_of_the_t2w_along_all_axes(bridge: Any, case: Case) -> None:
    """napari's sliders throw the point to the end of an axis when a coarser layer comes first."""
    t2w = case.by_role("t2w").geometry
    middle = (np.asarray(t2w.shape_zyx) - 1) // 2
    expected = bridge.session.frame.lps_to_world(t2w.index_to_lps(middle))
    np.testing.assert_allclose(bridge.viewer.dims.point[-3:], expected, atol=0.01)


def test_removing_all_layers_closes_the_case(bridge: Any, case: Case) -> None:
    bridge.viewer.layers.clear()
    assert bridge.session.case is None


def test_another_case_joins_in_the_same_frame(bridge: Any, case: Case) -> None:
    frame = bridge.session.frame
    other = Case("more", (volume("ct", name="later"),))
    bridge.add_layer_data(bridge.session.layers_of(other))
    assert bridge.session.frame == frame
    assert len(bridge.session.case.series) == 4


def test_threshold_and_fusion(bridge: Any, case: Case) -> None:
    adc_layer = bridge.layer_of(case.by_role("adc"))
    bridge.viewer.layers.selection.active = adc_layer
    acts.fuse(bridge)
    assert adc_layer.visible
    assert bridge.layer_of(case.by_role("t2w")).visible
    layer = acts.threshold_labels(bridge)
    cut = np.mean(adc_layer.contrast_limits)
    np.testing.assert_array_equal(layer.data, np.asarray(case.by_role("adc").array) >= cut)
    bridge.viewer.layers.selection.active = bridge.layer_of(case.by_role("t2w"))
    with pytest.raises(InvalidImage, match="reference image"):
        acts.fuse(bridge)


def test_one_step_of_the_slider_is_one_slice_of_the_t2w(bridge: Any, case: Case) -> None:
    t2w = case.by_role("t2w")
    dims = bridge.viewer.dims
    assert [r.step for r in dims.range[1:]] == pytest.approx(t2w.geometry.spacing_zyx_mm)
    layer = bridge.layer_of(t2w)
    shown = set()
    for step in range(dims.nsteps[1]):
        dims.set_current_step(1, step)
        index = layer.world_to_data(np.asarray(dims.point)[1:])[0]
        assert abs(index - round(index)) < 1e-3
        shown.add(round(index))
    assert set(range(t2w.geometry.shape_zyx[0])) <= shown
    assert len(shown) == dims.nsteps[1]


def test_a_study_of_another_place_is_announced(bridge: Any, case: Case) -> None:
    notification_manager.records.clear()
    other = Case("later", (volume("t2w", name="x", frame_of_reference_uid="9"),))
    bridge.add_layer_data(bridge.session.layers_of(other))
    assert any("another frame of reference" in note.message for note in notification_manager.records)


def test_files_dropped_together_lie_in_one_frame(bridge: Any, tmp_path: Path) -> None:
    """The second must be drawn in the frame of the first, which is not yet in the viewer."""
    first = oblique_case().by_role("t2w")
    for name, image in (("a", first), ("b", volume())):
        write(LabelMap.on(image), tmp_path / f"{name}.nii.gz")
    paths = [str(tmp_path / f"{name}.nii.gz") for name in "ab"]
    bridge.viewer.open(paths, plugin="napari-medassist", stack=True)
    frames = {link_of(layer.metadata).frame for layer in bridge.layers()}
    assert len(bridge.layers()) == 2
    assert frames == {bridge.session.frame}


def test_a_clip_beside_a_study_has_no_patient_position(bridge: Any, case: Case) -> None:
    clip = VideoClip(np.zeros((3, 40, 50), dtype=np.uint8), (0.0, 0.1, 0.2))
    bridge.add_layer_data(bridge.session.layers_of(Case("clip", (clip,))))
    bridge.viewer.layers.selection.active = bridge.layer_of(clip)
    assert bridge.cursor_lps_mm() is None
    bridge.viewer.layers.selection.active = bridge.layer_of(case.by_role("t2w"))
    assert bridge.cursor_lps_mm() is not None


def test_a_case_is_closed_and_replaced_with_one_collection(
    bridge: Any, case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    """napari collects garbage after each layer that goes, unless they go together."""
    collected: list[int] = []
    monkeypatch.setattr("napari._vispy.canvas.gc.collect", lambda *_: collected.append(1) or 0)
    bridge.replace_case(Case("one series", (volume(),)))  # does not fit into three layers
    assert len(bridge.layers()) == len(bridge.viewer.layers) == 1
    assert len(collected) == 1
    bridge.close_case()
    assert len(collected) == 2
    assert not bridge.viewer.layers
