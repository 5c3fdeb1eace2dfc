"""A cohort of probability maps with images: what lies in the viewer when a case opens."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
from napari.layers import Image, Labels

from napari_medassist.app.browser.sources import CohortSources
from tests.qt.cohort_panel.conftest import settle

pytestmark = pytest.mark.gui

SHAPE_XYZ, SPACING_XYZ_MM = (30, 26, 6), (0.5, 0.5, 3.0)
LIKELY, UNLIKELY = 0.9, 0.3


@pytest.fixture
def maps(tmp_path: Path) -> CohortSources:
    """Two cases: a found lesion of probability 0.9, and one of 0.3 that the cut-off misses."""
    affine = np.diag([*SPACING_XYZ_MM, 1.0])
    for number in range(2):
        reference = np.zeros(SHAPE_XYZ, dtype=np.uint8)
        reference[4:9, 5:10, 1:3] = reference[18:23, 12:17, 3:5] = 1
        probabilities = np.zeros(SHAPE_XYZ, dtype=np.float32)
        probabilities[4:9, 5:10, 1:3] = LIKELY
        probabilities[18:23, 12:17, 3:5] = UNLIKELY
        image = np.arange(reference.size, dtype=np.int16).reshape(SHAPE_XYZ) + number
        found = {"ref": reference, "ai": probabilities, "images": image}
        for folder, values in found.items():
            (tmp_path / folder).mkdir(exist_ok=True)
            nib.save(nib.Nifti1Image(values, affine), tmp_path / folder / f"case_{number}.nii.gz")
    return CohortSources(
        reference=tmp_path / "ref",
        predictions={"ai": tmp_path / "ai"},
        images=tmp_path / "images",
        kind="probability",
    )


def opened_layers(panel: Any, bridge: Any, qtbot: Any, case: str) -> dict[str, Any]:
    panel.open_case(case)
    qtbot.waitUntil(lambda: panel.browser.opened_case is not None, timeout=10_000)
    qtbot.waitUntil(lambda: bridge.session.comparison is not None, timeout=10_000)
    qtbot.waitUntil(lambda: not bridge.comparer.is_busy, timeout=10_000)
    return {layer.name: layer for layer in bridge.viewer.layers}


def test_a_predicted_map_lies_over_the_image_as_light(
    panel: Any, bridge: Any, qtbot: Any, maps: CohortSources
) -> None:
    panel.open_cohort(maps)
    settle(qtbot, panel)
    layers = opened_layers(panel, bridge, qtbot, "case_0")
    light = next(n for n in layers.values() if isinstance(n, Image) and n.blending == "additive")
    assert light.visible
    assert tuple(light.contrast_limits) == (0.0, 1.0)
    values = np.asarray(light.data)
    assert values.shape == SHAPE_XYZ[::-1]
    # NIfTI counts x to the right and y to the front, the canonical array to the left and to the back.
    assert values[1, -1 - 6, -1 - 5] == pytest.approx(LIKELY)
    assert values[4, -1 - 13, -1 - 20] == pytest.approx(UNLIKELY)
    np.testing.assert_allclose(light.scale, SPACING_XYZ_MM[::-1])
    below = [n for n in layers.values() if isinstance(n, Image) and n is not light]
    assert below
    assert all(bridge.viewer.layers.index(n) < bridge.viewer.layers.index(light) for n in below)
    assert bridge.viewer.layers.selection.active in below, "the window keys belong to the image"
    assert isinstance(layers["Reference"], Labels)


def test_moving_the_cut_off_finds_the_second_lesion(
    panel: Any, bridge: Any, qtbot: Any, maps: CohortSources
) -> None:
    panel.open_cohort(maps)
    settle(qtbot, panel)
    opened_layers(panel, bridge, qtbot, "case_1")
    assert bridge.session.comparison.evaluation.fn == 1
    convention = bridge.session.convention.with_changes(
        extraction={"threshold": UNLIKELY - 0.1, "from_probability": "threshold"}
    )
    bridge.session.set_convention(convention)
    qtbot.waitUntil(lambda: bridge.session.comparison.evaluation.fn == 0, timeout=10_000)
    qtbot.waitUntil(lambda: not bridge.comparer.is_busy, timeout=10_000)
