"""What the tools do with their settings, and what the buttons do."""

from __future__ import annotations

import numpy as np
import pytest

from napari_medassist.annotation.operations.change import Change
from napari_medassist.app.annotating.labels import (
    annotated,
    new_lesion,
    range_of_label,
    scheme_of,
    told_of_lesion,
)
from napari_medassist.app.annotating.operations import OPERATIONS, Asked
from napari_medassist.app.annotating.tools import (
    Annotated,
    Keep,
    OutlineGuide,
    Tool,
    ToolSettings,
    clicked,
    dragged,
    outlined,
)
from napari_medassist.app.display import DisplayFrame
from napari_medassist.app.layer_data import LayerLink
from napari_medassist.core.case import Case
from napari_medassist.core.errors import InvalidSetting
from napari_medassist.core.labels import LabelMap, LabelScheme
from tests.phantoms import volume

SPACING = (3.0, 0.5, 0.5)
OF_ONE_MAP = [title for title in OPERATIONS if title not in ("Union", "Intersection", "Difference")]


def lesion() -> np.ndarray:
    voxels = np.zeros((9, 60, 60), np.uint8)
    y, x = np.indices((60, 60))
    for z, radius in ((1, 6), (5, 12), (7, 8)):
        voxels[z][np.hypot(y - 25, x - 25) <= radius] = 1
    voxels[5, 22:30, 36:40][voxels[5, 22:30, 36:40] == 0] = 2
    voxels[5, 50, 50] = 1
    voxels[5, 24:27, 24:27] = 0
    return voxels


@pytest.mark.parametrize("title", OF_ONE_MAP)
def test_every_operation_leaves_other_labels_and_can_be_taken_back(title):
    voxels = lesion()
    asked = Asked(label=1, axis=0, index=5, radius_mm=1.0, smallest_mm3=20, other=2)
    change = OPERATIONS[title].run(Annotated(voxels, SPACING), asked)
    result = voxels.copy()
    change.apply_to(result)
    if title != "Merge":
        np.testing.assert_array_equal(result[voxels == 2], 2)
    if title != "Split waist":
        assert change.n_voxels
    undone = result.copy()
    undone[change.indices()] = voxels[change.indices()]
    np.testing.assert_array_equal(undone, voxels)


@pytest.mark.parametrize("title", OF_ONE_MAP)
def test_every_operation_on_an_empty_map_is_told(title):
    voxels = np.zeros((5, 9, 9), np.uint8)
    with pytest.raises(InvalidSetting, match=r"no voxels|not on this slice"):
        OPERATIONS[title].run(Annotated(voxels, SPACING), Asked(label=1, other=2))


@pytest.mark.parametrize(
    ("keep", "changes"),
    [(Keep.LABELS, {0}), (Keep.NOTHING, {0, 2, 3}), (Keep.OTHERS, {2})],
)
def test_what_is_kept_is_kept(keep, changes):
    voxels = np.zeros((3, 30, 30), np.uint8)
    voxels[1, :10], voxels[1, 10:20] = 2, 3
    settings = ToolSettings(label=1, radius_mm=50, keep=keep, keep_label=2)
    on = Annotated(voxels, SPACING)
    change = dragged(on, Tool.BRUSH, settings, (1, 15, 15), (1, 15, 15), 0)
    assert set(np.unique(voxels[change.indices()])) == changes


def test_tools_that_need_an_image_say_so():
    on = Annotated(np.zeros((3, 9, 9), np.uint8), SPACING)
    for run in (
        lambda: dragged(on, Tool.RANGE_BRUSH, ToolSettings(), (1, 4, 4), (1, 4, 4), 0),
        lambda: clicked(on, Tool.GROW, ToolSettings(), (1, 4, 4), 0),
        lambda: OutlineGuide(on, 0, 1),
    ):
        with pytest.raises(InvalidSetting, match="needs an image"):
            run()


def filled(change: Change) -> int:
    return change.n_voxels


def test_fill_and_outline_stay_in_their_slice():
    on = Annotated(np.zeros((3, 9, 9), np.uint8), SPACING)
    assert filled(clicked(on, Tool.FILL, ToolSettings(), (1, 4, 4), 0)) == 81
    assert filled(clicked(on, Tool.FILL, ToolSettings(), (1, 4, 4), 2)) == 27
    assert filled(clicked(on, Tool.FILL, ToolSettings(is_flat=False), (1, 4, 4), 0)) == 243
    corners = [(1, 1.5, 1.5), (1, 1.5, 6.5), (1, 6.5, 6.5), (1, 6.5, 1.5)]
    assert filled(outlined(on, ToolSettings(), corners, 0)) == 25


def test_labels_ranges_and_sizes_of_a_lesion_in_an_image():
    image = volume("adc", spacing_zyx_mm=SPACING, unit="um2/s")
    labels = LabelMap.on(image, scheme=LabelScheme.from_names({1: "lesion", 7: "zone"}))
    link = LayerLink(labels, Case("c", (image,)), DisplayFrame())
    voxels = np.zeros(image.geometry.shape_zyx, np.uint8)
    voxels[2, 4:8, 5:15] = 1
    assert [label.value for label in scheme_of(link, voxels, 3).labels] == [1, 3, 7]
    assert new_lesion(voxels, labels.scheme) == 2
    assert new_lesion(voxels, LabelScheme.from_names({2: "x", 3: "y"})) == 4
    on = annotated(voxels, SPACING, link, image)
    inside = np.asarray(image.array)[voxels == 1]
    assert range_of_label(on, 1) == pytest.approx(tuple(np.percentile(inside, (5, 95))))
    told = told_of_lesion(on, link, image, 1)
    assert "0.03 ml" in told  # 40 voxels of 0.75 mm3
    assert f"mean {inside.mean():.4g}" in told
    with pytest.raises(InvalidSetting, match="no voxels"):
        range_of_label(on, 5)


def test_resampled_copies_and_other_shapes_are_refused():
    image = volume("adc")
    link = LayerLink(image, Case("c", (image,)), DisplayFrame(), resampled=True)
    with pytest.raises(InvalidSetting, match="resampled"):
        annotated(np.zeros((3, 4, 5), np.uint8), SPACING, link, None)
    with pytest.raises(InvalidSetting, match="three axes"):
        annotated(np.zeros((4, 5), np.uint8), SPACING, None, None)


@pytest.mark.parametrize(
    ("title", "wanted"),
    [("Union", [1, 1, 1, 2, 0]), ("Intersection", [0, 1, 0, 2, 0]), ("Difference", [1, 0, 0, 2, 0])],
)
def test_labels_of_two_maps_are_combined(title, wanted):
    voxels = np.array([1, 1, 0, 2, 0], dtype=np.uint8).reshape(1, 1, 5)
    theirs = np.array([0, 3, 3, 3, 0], dtype=np.uint8).reshape(1, 1, 5)
    on = Annotated(voxels, (1.0, 1.0, 1.0))
    change = OPERATIONS[title].run(on, Asked(label=1, other=3, theirs=theirs))
    voxels[change.indices()] = change.values
    assert voxels.ravel().tolist() == wanted
    if title != "Union":
        with pytest.raises(InvalidSetting, match="do not overlap"):
            OPERATIONS[title].run(on, Asked(label=1, other=2))
