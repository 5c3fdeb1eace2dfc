"""Every model: the same place in the patient is found however the image is stored."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
from scipy import ndimage

from napari_medassist.app.samples import sample_path, sample_study
from napari_medassist.app.segmenting import segment
from napari_medassist.core.case import Case
from napari_medassist.core.geometry import Geometry
from napari_medassist.core.volume import Volume
from napari_medassist.io.files import read
from napari_medassist.models.card import ModelCard, Task
from napari_medassist.models.places import is_installed
from napari_medassist.models.registry import our_models
from tests.strategies import oblique

READY = [card for card in our_models() if is_installed(card)]
ORDERS = {
    "flipped x": ((0, 1, 2), (False, False, True)),
    "flipped all": ((0, 1, 2), (True, True, True)),
    "sagittal": ((2, 0, 1), (False, False, False)),
    "coronal, flipped": ((1, 0, 2), (True, False, True)),
}


@cache
def sample_image(role: str) -> Volume:
    case = read(sample_path("ct") if role == "ct" else sample_study())
    found = case.by_role(role)
    assert isinstance(found, Volume)
    return found


def sample_images(card: ModelCard) -> list[Volume]:
    """Return all inputs of a model, in the order of its card; each on a grid of its own."""
    return [sample_image(wanted.role) for wanted in card.inputs]


@cache
def plain_labels(name: str) -> np.ndarray:
    (card,) = (c for c in READY if c.name == name)
    return np.asarray(predicted(card, sample_images(card)).array)


def predicted(card: ModelCard, images: list[Volume]) -> Any:
    return segment(Case("one", tuple(images)), card).labels


def stored(image: Volume, axes: tuple[int, ...], flips: tuple[bool, ...]) -> Volume:
    """Return the same voxels as a file in another axis order holds them."""
    grid, array = image.geometry, np.asarray(image.array).transpose(axes)
    array = array[tuple(slice(None, None, -1 if flip else 1) for flip in flips)]
    corner = [0, 0, 0]
    for axis, flip in zip(axes, flips, strict=True):
        corner[axis] = grid.shape_zyx[axis] - 1 if flip else 0
    columns_zyx = grid.direction[:, ::-1][:, list(axes)] * np.where(flips, -1.0, 1.0)
    turned = Geometry(
        array.shape,
        tuple(grid.spacing_zyx_mm[axis] for axis in axes),
        tuple(grid.index_to_lps(corner).tolist()),
        columns_zyx[:, ::-1],
    )
    return Volume.from_stored(
        array, turned, name=image.name, role=image.role, acquisition=image.acquisition
    )


def dice(first: np.ndarray, second: np.ndarray) -> float:
    """Return Dice over all labels; 1 where nothing was found twice."""
    both = np.count_nonzero(first) + np.count_nonzero(second)
    return 2 * np.count_nonzero((first == second) & (first > 0)) / both if both else 1.0


def tilted(image: Volume) -> Volume:
    """Return an image of the patient after they were turned and moved."""
    grid, turn = image.geometry, oblique(np.eye(3), (17.0, -6.0, 4.0))
    origin = turn @ np.asarray(grid.origin_lps_mm) + (31.0, -4.0, 250.0)
    moved = Geometry(grid.shape_zyx, grid.spacing_zyx_mm, tuple(origin.tolist()), turn @ grid.direction)
    return image.with_changes(geometry=moved, source=None)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("card", READY, ids=lambda card: card.name)
def test_the_order_in_a_file_does_not_matter(card: ModelCard, order: str) -> None:
    images = [stored(image, *ORDERS[order]) for image in sample_images(card)]
    labels = predicted(card, images)
    assert labels.source_grid.geometry.shape_zyx == images[0].source_grid.geometry.shape_zyx
    np.testing.assert_array_equal(np.asarray(labels.array), plain_labels(card.name))


@pytest.mark.parametrize("card", READY, ids=lambda card: card.name)
def test_a_tilted_patient_is_segmented_along_the_images_own_axes(card: ModelCard) -> None:
    images = [tilted(image) for image in sample_images(card)]
    labels = predicted(card, images)
    assert labels.geometry == images[0].geometry
    assert dice(np.asarray(labels.array), plain_labels(card.name)) > 0.99


@pytest.mark.parametrize("card", READY, ids=lambda card: card.name)
def test_finer_pixels_give_the_same_within_what_interpolation_allows(card: ModelCard) -> None:
    image, *others = sample_images(card)
    grid, array = image.geometry, np.asarray(image.array, dtype=np.float32)
    fine = Geometry(
        (grid.shape_zyx[0], 2 * grid.shape_zyx[1] - 1, 2 * grid.shape_zyx[2] - 1),
        (grid.spacing_zyx_mm[0], grid.spacing_zyx_mm[1] / 2, grid.spacing_zyx_mm[2] / 2),
        grid.origin_lps_mm,
        grid.direction_lps,
    )
    steps = (1.0, 0.5, 0.5)
    values = ndimage.affine_transform(array, steps, output_shape=fine.shape_zyx, order=1)
    finer = image.with_changes(array=values, geometry=fine, source=None)
    labels = predicted(card, [finer, *others])
    # Of a lesion of a few voxels, one more is a larger share than of an organ.
    least = 0.93 if card.task is Task.DETECTION else 0.97
    assert dice(np.asarray(labels.array)[:, ::2, ::2], plain_labels(card.name)) > least
