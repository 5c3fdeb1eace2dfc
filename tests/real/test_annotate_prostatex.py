"""A lesion of a real oblique study, drawn on the T2w in a range of the ADC: from mouse to file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk

from napari_medassist._qt.bridge import bridge_of
from napari_medassist._qt.dock import dock_of
from napari_medassist.app.annotating.tools import Tool
from napari_medassist.io.files import read_labels
from tests.mouse import Mouse

pytestmark = [pytest.mark.real, pytest.mark.gui]
LOW, HIGH = 300, 1100


def test_a_lesion_is_drawn_interpolated_smoothed_measured_and_saved(
    make_napari_viewer: Callable[..., Any], real_data: Path, tmp_path: Path, qtbot: Any
) -> None:
    viewer = make_napari_viewer(show=True)
    viewer.window.resize(1600, 1000)
    viewer.open(str(real_data / "prostatex" / "ProstateX-0000"), plugin="napari-medassist")
    bridge, dock = bridge_of(viewer), dock_of(viewer)
    panel = dock.annotation_panel
    dock.tabs.setCurrentWidget(panel)
    qtbot.wait(200)
    t2w = bridge.session.annotation_volume()
    adc = bridge.session.case.by_role("adc")
    human = read_labels(_human_lesion(real_data))
    human.geometry.require_same_grid(t2w.geometry)
    lesion = np.asarray(human.array) > 0
    slices = np.flatnonzero(lesion.any(axis=(1, 2)))
    mouse = Mouse(viewer)

    panel.form.radius.setValue(9.0)
    panel.form.show_range(LOW, HIGH)
    panel.choose(Tool.RANGE_BRUSH)
    layer = panel.strokes.layer
    drawn = sorted({int(slices[0]), int(slices[-1])})
    for z in drawn:
        viewer.dims.set_current_step(0, z)
        centre = np.argwhere(lesion[z]).mean(axis=0)
        mouse.click(layer, (z, *centre))
    by_range = layer.data.copy()
    assert by_range.any()
    assert _adc_seen_by_simpleitk(t2w, adc)[by_range > 0].min() >= LOW
    assert _adc_seen_by_simpleitk(t2w, adc)[by_range > 0].max() <= HIGH
    if drawn[-1] - drawn[0] > 1:
        panel.operate("Interpolate")
        assert "filled between" in panel.message.text()
        np.testing.assert_array_equal(layer.data[drawn], by_range[drawn])
    panel.operate("Smooth")
    panel.operate("Keep largest")
    overlap = np.count_nonzero(lesion & (layer.data > 0)) / lesion.sum()
    assert overlap > 0.3, panel.message.text()
    panel.measure_lesion()
    assert "ADC: mean" in panel.message.text()

    path = bridge.session.save_labels(bridge.labels_of(layer), tmp_path / "lesion.nii.gz")
    saved = sitk.ReadImage(str(path))
    painted = np.argwhere(layer.data)
    for index in painted[:: max(1, len(painted) // 50)]:
        point = t2w.geometry.index_to_lps(index)
        assert saved[saved.TransformPhysicalPointToIndex(point.tolist())] == 1
    assert np.count_nonzero(sitk.GetArrayFromImage(saved)) == len(painted)


def _human_lesion(real_data: Path) -> Path:
    folder = real_data / "prostatex" / "labels"
    return next(p for p in sorted(folder.iterdir()) if "human" in p.name.lower())


def _adc_seen_by_simpleitk(t2w: Any, adc: Any) -> np.ndarray:
    """The ADC on the grid of the T2w, by SimpleITK's nearest neighbour."""
    images = []
    for volume in (adc, t2w):
        image = sitk.GetImageFromArray(np.asarray(volume.array).astype(np.float32))
        image.SetSpacing(volume.geometry.spacing_zyx_mm[::-1])
        image.SetOrigin(volume.geometry.origin_lps_mm)
        image.SetDirection(volume.geometry.direction.ravel())
        images.append(image)
    seen = sitk.Resample(images[0], images[1], sitk.Transform(), sitk.sitkNearestNeighbor, -1)
    return np.asarray(sitk.GetArrayFromImage(seen))
