"""The whole loop on a real oblique study: open, label, save, compare, look at the picture."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
import SimpleITK as sitk
from qtpy.QtWidgets import QApplication

from napari_medassist._qt import acts
from napari_medassist._qt.bridge import bridge_of
from napari_medassist._qt.dock import dock_of
from napari_medassist.app.layer_data import link_of
from napari_medassist.evaluation.verdict_map import VERDICT_SCHEME

pytestmark = [pytest.mark.real, pytest.mark.gui]


@pytest.fixture
def study(real_data: Path) -> Path:
    return real_data / "prostatex" / "ProstateX-0000"


@pytest.fixture
def viewer(make_napari_viewer: Callable[..., Any], study: Path) -> Any:
    viewer = make_napari_viewer(show=True)
    viewer.window.resize(1600, 1000)
    viewer.open(str(study), plugin="napari-medassist")
    return viewer


def _sitk_series(folder: Path) -> sitk.Image:
    return sitk.ReadImage(sitk.ImageSeriesReader.GetGDCMSeriesFileNames(str(folder)))


def test_a_dropped_study_is_one_case_with_roles(viewer: Any) -> None:
    case = bridge_of(viewer).session.case
    assert case.name == "ProstateX-0000"
    assert [s.role for s in case.series] == ["t2w", "adc", "high-b", "dwi", "dwi", "dwi"]
    assert [s.acquisition.b_value_s_mm2 for s in case.all_by_role("dwi")] == [50, 400, 800]
    assert case.by_role("high-b").acquisition.calculated
    windows = {tuple(layer.contrast_limits) for layer in bridge_of(viewer).layers()}
    assert len(windows) > 3  # each series has a window of its own
    assert {tuple(layer.units) for layer in bridge_of(viewer).layers()} == {viewer.layers[0].units}


def test_all_series_lie_at_the_same_place_in_the_patient(viewer: Any) -> None:
    """napari's own index -> world of each layer, taken back to LPS, is where the file says."""
    bridge = bridge_of(viewer)
    for layer in bridge.layers():
        link = link_of(layer.metadata)
        assert not link.resampled  # all series of this study are parallel
        for index in ((0, 0, 0), (18, 100, 80), (9, 64, 42)):
            world = np.asarray(layer.data_to_world(index))
            shown = bridge.session.frame.world_to_lps(world)
            true = link.image.geometry.index_to_lps(index)
            assert np.linalg.norm(shown - true) < 0.005


def test_adc_under_a_t2w_landmark_is_what_simpleitk_resamples(viewer: Any, study: Path) -> None:
    bridge = bridge_of(viewer)
    adc_folder, t2_folder = (next(study.glob(p)) for p in ("*ADC*", "*t2tsetra*"))
    t2w, adc = _sitk_series(t2_folder), _sitk_series(adc_folder)
    resampled = sitk.Resample(
        sitk.Cast(adc, sitk.sitkFloat64), t2w, sitk.Transform(), sitk.sitkNearestNeighbor
    )
    case = bridge.session.case
    layer = bridge.layer_of(case.by_role("adc"))
    checked = 0
    for x, y, z in np.random.default_rng(0).integers((120, 120, 2), (260, 280, 17), (60, 3)).tolist():
        point = t2w.TransformIndexToPhysicalPoint((x, y, z))
        position = np.array(adc.TransformPhysicalPointToContinuousIndex(point))
        if (np.abs(position % 1 - 0.5) < 0.05).any():
            continue  # between two voxels, where rounding may go either way
        index = layer.world_to_data(bridge.session.frame.lps_to_world(point))
        assert layer.data[tuple(np.rint(index).astype(int))] == resampled[x, y, z]
        checked += 1
    assert checked >= 10


def test_paint_save_reload_compare_and_see(viewer: Any, real_data: Path, tmp_path: Path) -> None:
    bridge, dock = bridge_of(viewer), dock_of(viewer)
    t2w = bridge.session.case.by_role("t2w")
    labels = real_data / "prostatex" / "labels"
    dock.evaluation_panel.load(labels / "ProstateX-0000_human.nii.gz")
    human = bridge.label_layers()[0]
    assert human.editable  # its header is rounded by 0.04 mm; its voxels are the T2w's all the same
    assert human.data.shape == t2w.geometry.shape_zyx
    bridge.viewer.layers.selection.active = bridge.layer_of(t2w)

    painted = acts.new_labels(bridge)
    painted.brush_size = 9
    centre = np.rint(np.argwhere(human.data).mean(axis=0)).astype(int)
    painted.paint(tuple(centre), 1)
    painted.paint((3, 300, 60), 1)  # far outside of the lesion: a false call
    _check_saved(painted, t2w, tmp_path / "lesion.nii.gz")

    dock.show_comparison()
    dock.evaluation_panel.choose(human.name, painted.name)
    dock.evaluation_panel.compare_button.click()
    evaluation = bridge.session.comparison.evaluation
    _check_verdicts(evaluation, human.data, painted.data)
    _check_picture(viewer, dock, tmp_path / "screen.png")


def _check_verdicts(evaluation: Any, human: np.ndarray, painted: np.ndarray) -> None:
    """The brush lies within the one human lesion; whether it covers a tenth of it is counted here."""
    lesion, brush = human > 0, painted > 0
    found = (lesion & brush).sum() >= 0.1 * lesion.sum()
    assert (evaluation.tp_reference, evaluation.fn) == (int(found), int(not found))
    assert (evaluation.tp_prediction, evaluation.fp) == (1, 1)
    assert evaluation.dice == pytest.approx(2 * (lesion & brush).sum() / (lesion.sum() + brush.sum()))


def _check_saved(painted: Any, t2w: Any, path: Path) -> None:
    """Saved by napari's own command, read back by two other libraries: same voxels, same places."""
    painted.save(str(path), plugin="napari-medassist")
    image = sitk.ReadImage(str(path))
    stored = t2w.source_grid.to_stored(painted.data)
    np.testing.assert_array_equal(sitk.GetArrayFromImage(image), stored)
    index = np.argwhere(painted.data)
    true = t2w.geometry.index_to_lps(index)
    affine = nib.load(path).affine
    ijk = np.argwhere(np.asarray(nib.load(path).dataobj))
    ras = ijk @ affine[:3, :3].T + affine[:3, 3]
    lps = ras * (-1, -1, 1)
    order_saved, order_true = (np.lexsort(np.round(p, 2).T) for p in (lps, true))
    np.testing.assert_allclose(lps[order_saved], true[order_true], atol=1e-4)
    for x, y, z in ((0, 0, 0), (383, 383, 18)):
        at_corner = image.TransformIndexToPhysicalPoint((x, y, z))
        own = t2w.source_grid.geometry.index_to_lps((z, y, x))
        np.testing.assert_allclose(at_corner, own, atol=1e-4)


def _check_picture(viewer: Any, dock: Any, path: Path) -> None:
    """A click on the row of the false call brings it, in its colour, to the middle of the canvas."""
    table = dock.evaluation_panel.lesions
    rows = {table.lesion_at(row).verdict.value: row for row in range(table.rowCount())}
    dock.evaluation_panel.table.clicked.emit(table.index(rows["false"], 0))
    for layer in bridge_of(viewer).verdicts.layers:
        layer.opacity = 1.0
    QApplication.processEvents()
    picture = viewer.screenshot(str(path), canvas_only=True, flash=False)[..., :3].astype(int)
    height, width = picture.shape[:2]
    # 4.5 mm are six pixels on a canvas that is one of three views of the hung study.
    middle = picture[height // 2 - 2 : height // 2 + 2, width // 2 - 2 : width // 2 + 2]
    false_call = np.array(VERDICT_SCHEME.get(3).colour)
    assert np.abs(middle - false_call).max() < 12
    assert (np.abs(picture - false_call).max(axis=-1) < 12).mean() < 0.05  # and nothing else
    assert path.stat().st_size > 10_000
