from __future__ import annotations

import pytest

from napari_medassist.app.label_looks import scheme_as_shown
from napari_medassist.core.labels import Code, Label, LabelScheme

CODE = Code("SCT", "1", "lesion")
SCHEME = LabelScheme((Label(1, "label 1", (1, 2, 3), CODE), Label(2, "cyst", (4, 5, 6))))


def test_names_and_colours_of_the_layer_count() -> None:
    state = {
        "features": {"index": [0, 1, 9], "label": ["background", "tumour", "gone"]},
        "colormap": {None: (0, 0, 0, 1), 0: (0, 0, 0, 0), 1: (1.0, 0.5, 0.0, 1.0)},
    }
    shown = scheme_as_shown(SCHEME, state)
    assert shown.get(1) == Label(1, "tumour", (255, 128, 0), CODE)
    assert shown.get(2) == SCHEME.get(2)


@pytest.mark.parametrize(
    "state",
    [{}, {"features": {"area": [1.0]}}, {"features": {"index": [1], "label": [float("nan")]}}],
)
def test_a_layer_that_says_nothing_changes_nothing(state: dict) -> None:
    assert scheme_as_shown(SCHEME, state) == SCHEME
