from __future__ import annotations

import numpy as np
import pytest

from napari_medassist.core.errors import InvalidImage
from napari_medassist.core.geometry import Geometry
from napari_medassist.core.labels import (
    DetectionMap,
    Label,
    LabelMap,
    LabelScheme,
    ProbabilityMap,
    label_map_of,
)
from napari_medassist.core.volume import Volume
from tests.phantoms import volume
from tests.strategies import ORIENTATIONS, oblique

GRID = Geometry((2, 3, 4), (1.0, 1.0, 1.0))


def _image(values: object, dtype: str) -> Volume:
    return Volume(np.full((2, 3, 4), values, dtype=dtype), GRID)


@pytest.mark.parametrize("direction", ORIENTATIONS[::5])
def test_stored_array_is_what_was_stored(direction: np.ndarray) -> None:
    stored = np.arange(24).reshape(2, 3, 4)
    geometry = Geometry((2, 3, 4), (3.0, 1.0, 2.0), (1, 2, 3), oblique(direction, (10, 4, -9)))
    image = Volume.from_stored(stored, geometry)
    np.testing.assert_array_equal(image.stored_array(), stored)
    assert image.source_grid.geometry == geometry


def test_labels_on_an_image_share_its_grids() -> None:
    image = volume(direction=oblique(ORIENTATIONS[7], (12, -8, 5)))
    labels = LabelMap.on(image)
    assert labels.geometry == image.geometry
    assert labels.source == image.source
    assert labels.values() == ()


def test_shape_must_be_the_grids() -> None:
    with pytest.raises(InvalidImage, match="its grid"):
        Volume(np.zeros((2, 3, 5)), GRID)
    with pytest.raises(InvalidImage, match="axes"):
        Volume(np.zeros((3, 4)), GRID)


@pytest.mark.parametrize(("value", "dtype"), [(0.5, "f4"), (-1, "i2")])
def test_label_map_refuses_what_is_no_label(value: float, dtype: str) -> None:
    with pytest.raises(InvalidImage):
        LabelMap(np.full((2, 3, 4), value, dtype=dtype), GRID)


def test_whole_floats_become_labels_and_fractions_do_not() -> None:
    labels = label_map_of(_image(3.0, "f4"))
    assert labels.values() == (3,)
    assert np.dtype(labels.array.dtype).kind == "u"
    for bad in (0.5, np.nan, -2.0):
        with pytest.raises(InvalidImage):
            label_map_of(_image(bad, "f4"))


@pytest.mark.parametrize("kind", [ProbabilityMap, DetectionMap])
@pytest.mark.parametrize("bad", [1.5, -0.1, np.nan])
def test_probabilities_run_from_0_to_1(kind: type, bad: float) -> None:
    assert kind(np.full((2, 3, 4), 0.5, dtype="f4"), GRID).n_timepoints == 1
    with pytest.raises(InvalidImage):
        kind(np.full((2, 3, 4), bad, dtype="f4"), GRID)
    with pytest.raises(InvalidImage):
        kind(np.ones((2, 3, 4), dtype="u1"), GRID)


def test_scheme_names_what_it_lists_and_completes_the_rest() -> None:
    scheme = LabelScheme.from_names({2: "TZ", 1: "PZ"})
    assert [label.name for label in scheme.completed([0, 1, 5]).labels] == ["PZ", "TZ", "label 5"]
    with pytest.raises(InvalidImage, match="twice"):
        LabelScheme((Label(1, "a", (0, 0, 0)), Label(1, "b", (0, 0, 0))))
    with pytest.raises(InvalidImage, match="255"):
        Label(1, "a", (0, 0, 256))
