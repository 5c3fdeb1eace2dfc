"""The way of images to a network and of labels back, with a network that can be understood."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from napari_medassist.core.errors import Cancelled, InvalidImage
from napari_medassist.core.geometry import Geometry
from napari_medassist.core.labels import LabelScheme
from napari_medassist.core.volume import Acquisition, Modality, Volume
from napari_medassist.models.card import (
    Decision,
    Expected,
    ModelCard,
    ModelInput,
    Network,
    Normalisation,
    Sampling,
    Task,
)
from napari_medassist.models.predictor import NetworkModel
from tests.strategies import oblique

WINDOW = (12, 40, 40)


class Bright:
    """Calls bright voxels label 1; the input's second half of channels is told beside."""

    name = "bright 1.0"

    def __init__(self, channel: int = 0) -> None:
        self.channel = channel
        self.windows: list[np.ndarray] = []

    def run(self, window: np.ndarray, tick: Any) -> np.ndarray:
        tick()
        self.windows.append(window)
        bright = window[:, self.channel : self.channel + 1] - 1.0
        return np.concatenate([-bright, bright], axis=1).astype(np.float32)


def network(**changes: Any) -> Network:
    made = Network(
        sampling=Sampling((3.0, 1.0, 1.0), WINDOW),
        normalisation=Normalisation.NONZERO,
        decision=Decision(),
        weights=(),
        memory_mb=10,
    )
    return replace(made, **changes)


def card(*roles: str, **changes: Any) -> ModelCard:
    made = ModelCard(
        name="bright",
        version="1.0",
        title="What is bright",
        inputs=tuple(ModelInput(role, Modality.MR) for role in roles or ("t2w",)),
        scheme=LabelScheme.from_names({1: "bright"}),
        network=None,
        method="brightness",
        expected=Expected((5.0, 1.5, 1.5), 20.0, (0.5, 30.0)),
        licence="none",
        training_data="none",
        citation="none",
        quality=(),
        cost=(),
        intended_use="tests",
        limits=(),
    )
    return replace(made, **changes)


def places(geometry: Geometry) -> np.ndarray:
    index = np.stack(np.meshgrid(*map(np.arange, geometry.shape_zyx), indexing="ij"), axis=-1)
    return geometry.index_to_lps(index.reshape(-1, 3)).reshape(*geometry.shape_zyx, 3)


def lesion_image(
    geometry: Geometry, centre_lps: Any, radius_mm: float = 8.0, role: str = "t2w"
) -> Volume:
    """Return a dark image with a bright ball, stored along the given axes."""
    distance = np.linalg.norm(places(geometry) - np.asarray(centre_lps), axis=-1)
    values = np.where(distance < radius_mm, 900.0, 100.0 + 0.01 * distance).astype(np.float32)
    return Volume.from_stored(
        values, geometry, name=role, role=role, acquisition=Acquisition(modality=Modality.MR)
    )


def ball_dice(prediction: Any, centre_lps: Any, radius_mm: float = 8.0) -> float:
    labels = prediction.labels
    truth = np.linalg.norm(places(labels.geometry) - np.asarray(centre_lps), axis=-1) < radius_mm
    found = np.asarray(labels.array) > 0
    return 2 * np.count_nonzero(found & truth) / (np.count_nonzero(found) + np.count_nonzero(truth))


def off_mm(prediction: Any, centre_lps: Any) -> float:
    """Return how far the middle of what was found lies from where it is."""
    labels = prediction.labels
    found = places(labels.geometry)[np.asarray(labels.array) > 0].mean(axis=0)
    return float(np.linalg.norm(found - np.asarray(centre_lps)))


CENTRE = (2.0, -3.0, 4.0)
FLIP_X, FLIP_Z = np.diag([-1.0, 1.0, 1.0]), np.diag([1.0, 1.0, -1.0])
PERMUTED = np.eye(3)[:, [2, 0, 1]]


def around(shape: tuple[int, int, int], spacing: Any, direction: np.ndarray) -> Geometry:
    """Return a grid about (0, 0, 0)."""
    half = (np.asarray(shape)[::-1] - 1) / 2 * np.asarray(spacing)[::-1]
    origin = -direction @ half
    return Geometry(shape, spacing, tuple(origin.tolist()), direction)


@pytest.mark.parametrize(
    "geometry",
    [
        around((14, 60, 60), (3.0, 0.7, 0.7), np.eye(3)),
        around((14, 60, 60), (3.0, 0.7, 0.7), FLIP_X),
        around((14, 60, 60), (3.0, 0.7, 0.7), FLIP_Z @ FLIP_X),
        around((60, 60, 14), (0.7, 0.7, 3.0), PERMUTED),
        around((14, 60, 60), (3.0, 0.7, 0.7), oblique(np.eye(3), (18.0, -7.0, 4.0))),
        around((20, 50, 70), (2.0, 0.9, 0.6), np.eye(3)),
        around((42, 42, 42), (1.0, 1.0, 1.0), np.eye(3)),
    ],
    ids=["plain", "flipped", "turned", "permuted", "oblique", "anisotropic", "cubes"],
)
def test_the_same_place_is_found_however_the_image_is_stored(geometry: Geometry) -> None:
    model = NetworkModel(card(), network(), Bright())
    image = lesion_image(geometry, CENTRE)
    made = model.predict({"t2w": image})
    assert ball_dice(made, CENTRE) > 0.88  # the ball is sampled twice, 3 mm apart along z
    assert off_mm(made, CENTRE) < 0.5
    assert made.labels.geometry == image.geometry
    assert made.labels.source_grid == image.source_grid
    assert made.n_windows == 1


def test_an_image_of_another_role_is_brought_to_the_same_place() -> None:
    t2w = lesion_image(around((14, 60, 60), (3.0, 0.7, 0.7), np.eye(3)), (90.0, 0, 0))
    tilted = oblique(np.eye(3), (12.0, 8.0, -5.0))
    adc = lesion_image(around((12, 40, 40), (3.2, 1.3, 1.3), tilted), CENTRE, role="adc")
    t2w = t2w.with_changes(array=t2w.array + np.linspace(0, 1, t2w.array.size).reshape(t2w.array.shape))
    model = NetworkModel(card("t2w", "adc"), network(), Bright(channel=1))
    made = model.predict({"adc": adc, "t2w": t2w})
    assert made.labels.geometry == t2w.geometry
    assert ball_dice(made, CENTRE) > 0.85
    assert off_mm(made, CENTRE) < 0.8


@pytest.mark.parametrize("axes", ["SPL", "RAS", "LPS"])
def test_a_network_gets_the_axes_that_it_wants(axes: str) -> None:
    backend = Bright()
    model = NetworkModel(card(), network(sampling=Sampling((3.0, 1.0, 1.0), WINDOW, axes)), backend)
    made = model.predict(
        {"t2w": lesion_image(around((14, 60, 60), (3.0, 0.7, 0.7), np.eye(3)), CENTRE)}
    )
    assert ball_dice(made, CENTRE) > 0.93
    (window,) = backend.windows
    assert window.shape == ((1, 1, *WINDOW) if axes == "SPL" else (1, 1, 40, 40, 12))
    if axes == "RAS":  # the ball lies left (2), anterior (-3), superior (4)
        x, y, z = np.argwhere(window[0, 0] > 1).mean(axis=0) - (np.array(window.shape[2:]) - 1) / 2
        np.testing.assert_allclose((x, y, z * 3), (-2.0, 3.0, 4.0), atol=0.8)


def test_the_window_moves_to_what_it_cut_off() -> None:
    image = lesion_image(around((14, 120, 120), (3.0, 1.0, 1.0), np.eye(3)), (22.0, 0.0, 0.0))
    made = NetworkModel(card(), network(), Bright()).predict({"t2w": image})
    assert made.n_windows == 2
    assert ball_dice(made, (22.0, 0.0, 0.0)) > 0.93


def test_what_is_larger_than_the_window_is_found_by_sliding() -> None:
    image = lesion_image(around((14, 120, 120), (3.0, 1.0, 1.0), np.eye(3)), (0, 0, 0), 28.0)
    backend = Bright()
    made = NetworkModel(card(), network(), backend).predict({"t2w": image})
    assert made.n_windows > 9
    assert ball_dice(made, (0, 0, 0), 28.0) > 0.95


def test_windows_slide_only_around_what_is_cut_off() -> None:
    """As tall as two windows in a wide image: two windows one above the other, and no others."""
    grid = around((30, 160, 160), (3.0, 1.0, 1.0), np.eye(3))
    image = lesion_image(grid, (0, 0, 0), 8.0)
    column = np.asarray(image.array).copy()
    middle = column[15]
    column[6:24] = middle
    backend = Bright()
    made = NetworkModel(card(), network(), backend).predict({"t2w": image.with_changes(array=column)})
    found = np.asarray(made.labels.array).any(axis=(1, 2))
    assert np.flatnonzero(found).tolist() == list(range(6, 24))
    assert made.n_windows <= 3


def test_positions_count_from_the_middle_of_the_window() -> None:
    backend = Bright()
    model = NetworkModel(card(), network(has_positions=True), backend)
    model.predict({"t2w": lesion_image(around((14, 60, 60), (3.0, 0.7, 0.7), np.eye(3)), CENTRE)})
    _, z, y, x = backend.windows[0][0]
    np.testing.assert_allclose(z[:, 0, 0] * 50, (np.arange(12) - 5.5) * 3, atol=1e-4)
    np.testing.assert_allclose(y[0, :, 0], x[0, 0, :])


def test_cancelling_stops_between_windows_and_nothing_comes_out() -> None:
    image = lesion_image(around((14, 120, 120), (3.0, 1.0, 1.0), np.eye(3)), (0, 0, 0), 28.0)
    told = []

    def progress(done: int, _total: int, _message: str) -> None:
        told.append(done)
        if len(told) > 5:
            raise Cancelled("enough")

    with pytest.raises(Cancelled):
        NetworkModel(card(), network(), Bright()).predict({"t2w": image}, progress)
    assert len(told) == 6


def test_the_model_stands_in_the_provenance() -> None:
    image = lesion_image(around((14, 60, 60), (3.0, 0.7, 0.7), np.eye(3)), CENTRE)
    made = NetworkModel(card(), network(), Bright()).predict({"t2w": image})
    assert made.labels.provenance.made_by == "model bright 1.0"
    assert "bright 1.0" in made.labels.provenance.software


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"acquisition": Acquisition(modality=Modality.CT)}, "is CT"),
        ({"acquisition": Acquisition()}, "does not say"),
    ],
)
def test_another_kind_of_image_is_warned_of(change: dict[str, Any], words: str) -> None:
    image = lesion_image(around((14, 60, 60), (3.0, 0.7, 0.7), np.eye(3)), CENTRE)
    made = NetworkModel(card(), network(), Bright()).predict({"t2w": image.with_changes(**change)})
    assert any(words in warning for warning in made.warnings)


def test_voxels_views_and_volumes_out_of_range_are_warned_of() -> None:
    coarse = lesion_image(around((6, 16, 9), (6.0, 2.0, 2.0), np.eye(3)), (0, 0, 0), 5.0)
    told = " ".join(NetworkModel(card(), network(), Bright()).predict({"t2w": coarse}).warnings)
    for words in ("6.0 mm along z", "2.0 mm along y", "18 mm along x"):
        assert words in told
    large = lesion_image(around((14, 60, 60), (3.0, 0.7, 0.7), np.eye(3)), (0, 0, 0), 20.0)
    told = " ".join(NetworkModel(card(), network(), Bright()).predict({"t2w": large}).warnings)
    assert "plausible" in told


@pytest.mark.parametrize(
    ("values", "words"),
    [(np.nan, "not finite"), (7.0, "one value everywhere")],
)
def test_images_that_show_nothing_are_refused(values: float, words: str) -> None:
    image = lesion_image(around((14, 60, 60), (3.0, 0.7, 0.7), np.eye(3)), CENTRE)
    array = np.full(image.array.shape, 7.0, np.float32)
    array[3, 3, 3] = values
    with pytest.raises(InvalidImage, match=words):
        NetworkModel(card(), network(), Bright()).predict({"t2w": image.with_changes(array=array)})


def test_a_missing_input_and_a_time_axis_are_refused() -> None:
    model = NetworkModel(card(), network(), Bright())
    image = lesion_image(around((14, 60, 60), (3.0, 0.7, 0.7), np.eye(3)), CENTRE)
    with pytest.raises(InvalidImage, match="needs t2w"):
        model.predict({"adc": image})
    with pytest.raises(InvalidImage, match="time axis"):
        model.predict({"t2w": image.with_changes(array=np.asarray(image.array)[None])})


class Lopsided(Bright):
    """Is sure of what lies in the right half of its window, and less so of the left half."""

    def run(self, window: np.ndarray, tick: Any) -> np.ndarray:
        logits = 10 * super().run(window, tick)
        logits[..., window.shape[-1] // 2 :] *= 0.1
        return logits


def test_doubting_looks_at_the_mirrored_image_too_and_tells_where_it_is_not_sure() -> None:
    image = lesion_image(around((14, 60, 60), (3.0, 0.7, 0.7), np.eye(3)), CENTRE)
    backend = Lopsided()
    model = NetworkModel(card(), network(mirrors=True, has_positions=True), backend)
    plain = model.predict({"t2w": image})
    assert plain.uncertainty is None
    made = model.predict({"t2w": image}, doubting=True)
    assert len(backend.windows) == 3
    first, mirrored = (window[0] for window in backend.windows[1:])
    np.testing.assert_allclose(mirrored[0], first[0, :, :, ::-1])
    np.testing.assert_allclose(mirrored[3], first[3])  # x is positive on the left in both
    assert made.n_windows == 1
    assert ball_dice(made, CENTRE) > 0.88
    assert made.probability is not None
    mean = (first[0] - 1.0) * 10 * 0.55  # of a sure look and one that is not
    np.testing.assert_allclose(made.probability[1], 1 / (1 + np.exp(-2 * mean)), atol=1e-4)
    doubt = made.uncertainty
    assert doubt is not None
    assert doubt.geometry == image.geometry
    border = np.abs(np.linalg.norm(places(doubt.geometry) - np.asarray(CENTRE), axis=-1) - 8) < 0.7
    values = np.asarray(doubt.array)
    assert values[border].mean() > 20 * values[~border].mean()


def test_a_model_may_always_look_twice() -> None:
    image = lesion_image(around((14, 60, 60), (3.0, 0.7, 0.7), np.eye(3)), CENTRE)
    backend = Bright()
    made = NetworkModel(card(), network(looks_twice=True), backend).predict({"t2w": image})
    assert len(backend.windows) == 2
    assert made.uncertainty is None
    assert ball_dice(made, CENTRE) > 0.88


def test_a_model_that_may_not_mirror_doubts_by_one_look() -> None:
    image = lesion_image(around((14, 60, 60), (3.0, 0.7, 0.7), np.eye(3)), CENTRE)
    backend = Bright()
    made = NetworkModel(card(), network(), backend).predict({"t2w": image}, doubting=True)
    assert len(backend.windows) == 1
    assert made.uncertainty is not None


def test_an_optional_image_that_is_missing_is_the_mean_and_is_told() -> None:
    backend = Bright()
    roles = (
        ModelInput("t2w", Modality.MR, is_optional=True),
        ModelInput("adc", Modality.MR, is_optional=True),
    )
    geometry = around((14, 60, 60), (3.0, 0.7, 0.7), np.eye(3))
    model = NetworkModel(card(inputs=roles), network(), backend)
    made = model.predict({"t2w": lesion_image(geometry, CENTRE)})
    assert ball_dice(made, CENTRE) > 0.88
    assert not backend.windows[0][0, 1].any()
    assert "There is no adc; bright is less sure without it." in made.warnings
    # Without the first, the second gives the grid.
    other = around((10, 40, 40), (3.0, 1.1, 1.1), FLIP_X)
    second = NetworkModel(card(inputs=roles), network(), Bright(channel=1))
    adc = lesion_image(other, CENTRE, role="adc")
    assert second.predict({"adc": adc}).labels.geometry == adc.geometry
    with pytest.raises(InvalidImage, match="needs t2w or adc"):
        model.predict({})


def test_a_detection_model_is_not_doubted_for_what_it_finds() -> None:
    geometry = around((14, 60, 60), (3.0, 0.7, 0.7), np.eye(3))
    dark = lesion_image(geometry, (500.0, 0.0, 0.0))
    for task, n_told in ((Task.SEGMENTATION, 1), (Task.DETECTION, 0)):
        made = NetworkModel(card(task=task), network(), Bright()).predict({"t2w": dark})
        assert len(made.warnings) == n_told
