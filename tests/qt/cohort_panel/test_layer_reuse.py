from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from napari_medassist.core.case import Case
from napari_medassist.core.geometry import Geometry
from napari_medassist.core.labels import LabelMap

pytestmark = pytest.mark.gui


def case_of(name: str, shape_zyx: tuple[int, int, int], spacing: float, value: int) -> Case:
    geometry = Geometry.from_affine_lps(np.diag([spacing, spacing, 3.0, 1.0]), shape_zyx)
    array = np.zeros(shape_zyx, dtype=np.uint8)
    array[1, 2:5, 2:5] = value
    maps = tuple(LabelMap(array.copy(), geometry, name=n) for n in ("Reference", "Prediction"))
    return Case(name, labels=maps)


def test_a_case_takes_over_the_layers_and_nothing_of_the_former_stays(bridge: Any) -> None:
    first, second = case_of("a", (6, 20, 22), 0.5, 1), case_of("b", (9, 30, 28), 0.7, 3)
    before = bridge.replace_case(first)
    before[0].paint((1, 10, 10), 1)
    after = bridge.replace_case(second)
    assert [a is b for a, b in zip(after, before, strict=True)] == [True, True]
    assert bridge.session.case.name == "b"
    after[0].undo()  # the stroke of the former case must not come back
    for layer, labels in zip(after, second.labels, strict=True):
        np.testing.assert_array_equal(layer.data, labels.array)
        back = bridge.labels_of(layer)
        assert back.geometry.corner_distance_mm(labels.geometry) < 1e-6
    assert bridge.viewer.dims.nsteps[0] == 9
    assert bridge.viewer.dims.range[0].step == pytest.approx(3.0)
    assert bridge.viewer.dims.range[-1].step == pytest.approx(0.7)


def test_layers_that_do_not_fit_are_made_anew(bridge: Any) -> None:
    first, second = case_of("a", (6, 20, 22), 0.5, 1), case_of("b", (6, 20, 22), 0.5, 2)
    before = bridge.replace_case(first)
    after = bridge.replace_case(Case("b", labels=second.labels[:1]))
    assert len(after) == 1
    assert after[0] is not before[0]
    assert [layer.name for layer in bridge.viewer.layers] == ["Reference"]
