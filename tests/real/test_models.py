"""Models on real images that they were not made from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

from napari_medassist.app.segmenting import segment
from napari_medassist.io.files import read, read_labels

pytestmark = pytest.mark.real
LOBES_LEFT, LOBES_RIGHT = (10, 11), (12, 13, 14)


def dice(first: np.ndarray, second: np.ndarray) -> float:
    return 2 * np.count_nonzero(first & second) / (np.count_nonzero(first) + np.count_nonzero(second))


def test_lungs_of_a_torso_agree_with_the_lobes_of_another_model(real_data: Path) -> None:
    made = segment(read(real_data / "ct" / "torso_ct_3mm.nii.gz"), "lungs-ct")
    found = np.asarray(made.labels.array)
    lobes = np.asarray(read_labels(real_data / "ct" / "torso_ct_3mm_totalseg.nii.gz").array)
    assert dice((found == 1) | (found == 2), np.isin(lobes, LOBES_LEFT + LOBES_RIGHT)) > 0.95
    assert dice(found == 1, np.isin(lobes, LOBES_LEFT)) > 0.94
    assert dice(found == 2, np.isin(lobes, LOBES_RIGHT)) > 0.94
    assert any("last slice" in warning for warning in made.warnings)


def test_zones_of_the_study_that_was_never_trained_on(real_data: Path) -> None:
    """The floors are a little below what the card says; they are no goals."""
    labels = real_data / "prostatex" / "labels"
    made = segment(read(real_data / "prostatex" / "ProstateX-0000"), "prostate-zones")
    found = np.asarray(made.labels.array)
    for name, floor in (("gland_Guerbet23", 0.78), ("gland_Bosma22b", 0.75)):
        gland = np.asarray(read_labels(labels / f"ProstateX-0000_{name}.nii.gz").array) > 0
        assert dice(found > 0, gland) > floor
    for name in ("zones_HeviAI23", "zones_Yuan23"):
        zones = np.asarray(read_labels(labels / f"ProstateX-0000_{name}.nii.gz").array)
        assert dice(found == 1, zones == 1) > 0.6
        assert dice(found == 2, zones == 2) > 0.66
    assert made.seconds["labels"] < made.seconds["inference"]


def test_suggested_lesions_of_a_real_study_lie_in_its_prostate(real_data: Path) -> None:
    """Of the pelvis that the model knows; what is suggested there is no measure of anything."""
    case = read(real_data / "prostatex" / "ProstateX-0218")
    made = segment(case, "prostate-lesions")
    gland = np.asarray(segment(case, "prostate-zones").labels.array) > 0
    found = np.asarray(made.labels.array)
    assert made.labels.geometry == case.by_role("t2w").geometry
    assert made.confidences is not None
    spacing = made.labels.geometry.spacing_zyx_mm
    outside_mm = ndimage.distance_transform_edt(~gland, sampling=spacing)
    for value in range(1, len(made.confidences) + 1):
        assert np.median(outside_mm[found == value]) <= 5.0
    assert made.lesion_probability is not None
    assert made.lesion_probability.geometry == made.labels.geometry
