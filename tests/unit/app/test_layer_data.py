from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from napari_medassist.app.display import DisplayFrame
from napari_medassist.app.layer_data import case_layers, labels_from_layer, labels_layer, link_of
from napari_medassist.app.windows import window_presets
from napari_medassist.core.case import Case
from napari_medassist.core.errors import InvalidImage
from napari_medassist.core.labels import LabelMap, LabelScheme
from napari_medassist.core.video import VideoClip
from napari_medassist.core.volume import Modality
from tests.phantoms import oblique_case, volume


def test_layers_get_scale_and_translate_only_and_one_opens() -> None:
    layers = case_layers(oblique_case())
    assert [options["name"] for _, options, _ in layers] == ["DCE - dce", "ADC - adc", "T2w - t2w"]
    assert [options["visible"] for _, options, _ in layers] == [False, False, True]
    for data, options, kind in layers:
        assert kind == "image"
        assert "affine" not in options
        assert len(options["scale"]) == len(options["axis_labels"]) == data.ndim
    assert layers[0][1]["axis_labels"] == ("t", "z", "y", "x")


def test_the_same_patient_point_is_drawn_in_one_place() -> None:
    """Measured on another tool: an oblique T2w and its ADC 14 mm apart."""
    case = oblique_case()
    point = np.array([-2.0, 20.0, -30.0])
    frame = DisplayFrame.of_case(case)
    for data, options, _ in case_layers(case):
        link = link_of(options["metadata"])
        scale, translate = np.array(options["scale"])[-3:], np.array(options["translate"])[-3:]
        index = (frame.lps_to_world(point) - translate) / scale
        if link is not None and not link.resampled:
            np.testing.assert_allclose(link.image.geometry.index_to_lps(index), point, atol=1e-9)
        assert data.shape[-3:] > tuple(index)


def test_painted_labels_return_to_the_source_grid() -> None:
    t2w = volume(direction=-np.eye(3)[:, [1, 0, 2]])
    case = Case("c", (t2w,))
    data, options, _ = labels_layer(LabelMap.on(t2w, name="L"), case, DisplayFrame.of_case(case))
    data[2, 3, 4] = 5
    labels = labels_from_layer(data, options)
    assert labels.source == t2w.source
    assert labels.values() == (5,)
    assert labels.scheme.get(5).name == "label 5"


def test_labels_without_an_image_are_refused() -> None:
    with pytest.raises(InvalidImage, match="belongs to no image"):
        labels_from_layer(np.zeros((2, 2, 2), dtype=np.uint8), {"name": "loose"})


def test_labels_drawn_resampled_are_returned_as_they_were() -> None:
    turned = oblique_case().by_role("t2w")
    labels = LabelMap.on(turned, np.ones(turned.geometry.shape_zyx, dtype=np.uint8))
    case = Case("c", (volume(),))
    data, options, _ = labels_layer(labels, case, DisplayFrame.of_case(case))
    link = link_of(options["metadata"])
    assert link is not None
    assert link.resampled
    assert labels_from_layer(data, options) is labels


def test_what_is_painted_on_a_resampled_copy_is_never_dropped_in_silence() -> None:
    turned = oblique_case().by_role("t2w")
    case = Case("c", (volume(),))
    data, options, _ = labels_layer(LabelMap.on(turned), case, DisplayFrame.of_case(case))
    data[1, 2, 3] = 1
    with pytest.raises(InvalidImage, match="resampled for display"):
        labels_from_layer(data, options)


@pytest.mark.parametrize(
    "change",
    [{"translate": (0.0, 0.0, 0.0)}, {"scale": (3.0, 0.5, 0.7)}, {"affine": np.eye(4)[[1, 0, 2, 3]]}],
)
def test_a_layer_that_was_moved_is_not_saved_elsewhere(change: dict[str, Any]) -> None:
    case = oblique_case()
    labels = LabelMap.on(case.by_role("t2w"))
    data, options, _ = labels_layer(labels, case, DisplayFrame.of_case(case))
    assert labels_from_layer(data, {**options, "affine": np.eye(4)}).source == labels.source
    with pytest.raises(InvalidImage, match="was moved"):
        labels_from_layer(data, {**options, **change})


def test_labels_whose_header_is_rounded_keep_their_voxels() -> None:
    """Measured on real label maps: turned by 0.04 mm against their T2w."""
    case = oblique_case()
    t2w = case.by_role("t2w")
    rounded = np.round(t2w.geometry.direction, 3)
    grid = replace(t2w.geometry, direction_lps=rounded)
    frame = DisplayFrame.of_case(case)
    assert not frame.places(grid)
    labels = LabelMap.from_stored(np.zeros(grid.shape_zyx, dtype=np.uint8), grid)
    data, options, _ = labels_layer(labels, case, frame)
    data[2, 3, 4] = 1
    assert labels_from_layer(data, options).values() == (1,)


def test_names_and_colours_of_a_scheme_are_shown() -> None:
    t2w = volume()
    labels = LabelMap.on(t2w, scheme=LabelScheme.from_names({1: "PZ", 2: "TZ"}))
    case = Case("c", (t2w,))
    _, options, _ = labels_layer(labels, case, DisplayFrame.of_case(case))
    assert options["features"]["label"] == ["background", "PZ", "TZ"]
    assert options["colormap"][0][3] == 0
    assert options["colormap"][7][3] == 1


def test_metadata_is_copied_without_copying_the_images() -> None:
    options = case_layers(oblique_case())[0][1]
    link = link_of(options["metadata"])
    assert copy.deepcopy(options["metadata"])["medassist"] is link


def test_clips_have_no_place_in_the_patient() -> None:
    clip = VideoClip(np.zeros((3, 4, 5, 3), dtype=np.uint8), (0.0, 0.1, 0.2), (0.1, 0.2))
    (data, options, kind), *_ = case_layers(Case("c", (clip,)))
    assert kind == "image"
    assert data.shape == (3, 4, 5, 3)
    assert options["rgb"]
    assert options["scale"] == (1.0, 0.1, 0.2)
    assert "translate" not in options


def test_windows_fit_the_modality() -> None:
    ct = volume("ct", modality=Modality.CT)
    assert window_presets(ct)[0].name == "CT soft tissue"
    assert window_presets(ct)[0].limits == (-160, 240)
    stated = volume("t2w", window_centre_width=(579.0, 1145.0))
    assert window_presets(stated)[0].limits == (6.5, 1151.5)
    assert "ADC 0-1600" in [p.name for p in window_presets(volume("adc"))]
    flat = volume().with_changes(array=np.full((6, 20, 24), np.nan, dtype="f4"))
    assert window_presets(flat)[0].limits == (0.0, 1.0)


def test_two_label_maps_do_not_look_alike() -> None:
    t2w = volume()
    maps = tuple(LabelMap.on(t2w, name=name) for name in ("reference", "prediction"))
    case = Case("c", (t2w,), maps)
    *_, (_, reference, _), (data, prediction, _) = case_layers(case)
    assert reference["colormap"][1] != prediction["colormap"][1]
    data[0, 0, 0] = 1
    saved = labels_from_layer(data, prediction).scheme.get(1).colour
    assert tuple(c / 255 for c in saved) == prediction["colormap"][1][:3]
