"""DICOM labels in the window: opened as layers, edited, saved beside their images."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from napari_medassist._qt.case_panel.panel import CasePanel
from napari_medassist.app.layer_data import case_layers
from napari_medassist.core.labels import LabelMap
from napari_medassist.io.dicom.derived.segmentation_writing import write_segmentation
from napari_medassist.io.dicom.derived.source_series import find_source
from napari_medassist.io.files import read
from tests.phantoms import TILT_DEG
from tests.strategies import oblique
from tests.unit.io.dicom.derived.studies import labels_on, study

pytestmark = pytest.mark.gui


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    volume = study(tmp_path / "study", oblique(np.eye(3), TILT_DEG))
    labels = labels_on(volume)
    write_segmentation(
        labels, find_source(labels, [tmp_path / "study"]), tmp_path / "study" / "seg.dcm"
    )
    return tmp_path / "study"


def test_a_segmentation_is_opened_edited_and_saved(viewer: Any, bridge: Any, folder: Path) -> None:
    panel = CasePanel(bridge)
    bridge.add_layer_data(case_layers(read(folder)))
    (layer,) = bridge.label_layers()
    layer.data_setitem((np.array([2]), np.array([4]), np.array([5])), 3)
    for name in ("new.dcm", "new.labelmap.dcm", "new.rtstruct.dcm"):
        panel.save(layer, folder / name)
    edited = np.asarray(layer.data)
    found = read(folder).labels
    assert len(found) == 4
    assert sum(np.array_equal(np.asarray(labels.array), edited) for labels in found) == 3
    assert "rtstruct" in panel._save_filter(layer)


def test_dicom_is_not_offered_for_images_that_are_none(bridge: Any, case: Any) -> None:
    panel = CasePanel(bridge)

    layer = bridge.add_labels(LabelMap.on(next(case.volumes())))
    assert "dcm" not in panel._save_filter(layer)


def test_naparis_own_saving_writes_dicom_too(viewer: Any, bridge: Any, folder: Path) -> None:
    bridge.add_layer_data(case_layers(read(folder)))
    (layer,) = bridge.label_layers()
    layer.save(str(folder / "own.dcm"), plugin="napari-medassist")
    assert (folder / "own.dcm").exists()
