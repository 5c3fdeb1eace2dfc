"""50 real pairs of masks against MONAI, MedPy, surface-distance and scikit-learn, as recorded."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import napari_medassist as ma
from napari_medassist.metrics.pair import MaskPair
from napari_medassist.metrics.registry import voxel_scores
from tests.contract.test_parity_voxel import RECORDED, RULES, SAME
from tests.parity.voxel_cases import around

pytestmark = pytest.mark.real

RECORD: dict[str, Any] = json.loads((RECORDED / "voxel_real.json").read_text())


def masks_of(folder: Path, name: str) -> tuple[np.ndarray, np.ndarray, tuple[float, float, float]]:
    """Read through our own reader, which turns the axes; the recorded values come from SimpleITK."""
    volumes = [ma.read_volume(folder / reader / name) for reader in ("human", "ai")]
    first, second = (np.asarray(volume.array) > 0 for volume in volumes)
    box = around(first | second)
    return first[box], second[box], volumes[0].geometry.spacing_zyx_mm


def test_values_are_equal(real_data: Path) -> None:
    assert len(RECORD["cases"]) == 50
    for file, recorded in RECORD["cases"].items():
        masks = masks_of(real_data / "picai_labels", file)
        pairs = {name: MaskPair.of(*masks, rule=rule) for name, rule in RULES.items()}
        for (tool, key), (metric, rule) in SAME.items():
            if key in recorded[tool]:  # there are no probabilities here
                mine = voxel_scores(pairs[rule], [metric])[metric]
                theirs = recorded[tool][key]
                close = 2e-6 if tool == "monai" else 1e-6  # it computes in single precision
                assert mine == pytest.approx(theirs, rel=close, abs=1e-6), (file, tool, key)
