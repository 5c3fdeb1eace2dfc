"""A user's own cases, as what a network learns from: in its window and a little around it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_medassist.core.errors import InvalidImage
from napari_medassist.core.labels import LabelMap
from napari_medassist.core.volume import Volume
from napari_medassist.models.body import body_grid
from napari_medassist.models.card import ModelCard, Network, Task
from napari_medassist.models.grids import centred_grid, covering_grid, labels_on_grid
from napari_medassist.models.network_inputs import NetworkInputs
from napari_medassist.models.prediction import checked_inputs

#: How far beyond the window a case is kept, so that it can be shifted and turned, in mm.
MARGIN_MM = 15.0


@dataclass(frozen=True, eq=False)
class OwnCase:
    """One case on a network's grid.

    Attributes
    ----------
    name
        What it is called.
    image
        float32 (roles, z, y, x), normalised as in use; a role that the case lacks is 0. It shows the
        window and a margin; of a network whose windows slide, all of the body.
    is_there
        For each role, whether the case has it.
    labels
        uint8 (z, y, x), the network's classes; None if nobody has labelled the case.
    share_beyond
        Share of the labelled volume that lies beyond the window, and is not learned from.
    """

    name: str
    image: NDArray[np.float32]
    is_there: tuple[bool, ...]
    labels: NDArray[np.uint8] | None
    share_beyond: float = 0.0


def own_case(
    card: ModelCard,
    network: Network,
    name: str,
    images: Mapping[str, Volume],
    labels: LabelMap | None,
) -> OwnCase:
    """Bring a case to a network's grid.

    Parameters
    ----------
    card, network
        The model that will learn.
    name
        What the case is called.
    images
        Its inputs by role.
    labels
        What a reader has drawn, on whatever grid; None if nothing.

    Raises
    ------
    InvalidImage
        If an image is missing or cannot be used, or the labels are not those of the model.
    """
    volumes = checked_inputs(card, images)
    roles = tuple(wanted.role for wanted in card.inputs)
    inputs = NetworkInputs(network, roles, volumes)
    sampling = network.sampling
    margin = margin_of(network)
    needed = np.asarray(sampling.window_zyx) + 2 * margin
    z, y, x = (int(n) for n in needed)
    if network.slides:  # it sees the whole body, window by window
        body = body_grid(inputs.leading)
        grid = covering_grid(inputs.image, body, sampling.spacing_zyx_mm, (z, y, x))
    else:
        grid = centred_grid(inputs.image, sampling.spacing_zyx_mm, (z, y, x))
    image = inputs.channels(grid)[: len(roles)]
    is_there = tuple(role in volumes for role in roles)
    if labels is None:
        return OwnCase(name, image, is_there, None)
    classes = classes_of(card, labels)
    found = labels_on_grid(classes, labels.geometry, grid)
    inner = tuple(slice(m, n - m) for m, n in zip(margin, found.shape, strict=True))
    if network.slides:
        inner = (slice(None),) * 3
    drawn_mm3 = np.count_nonzero(classes) * labels.geometry.voxel_volume_mm3
    seen_mm3 = np.count_nonzero(found[inner]) * grid.voxel_volume_mm3
    beyond = max(0.0, 1 - seen_mm3 / drawn_mm3) if drawn_mm3 else 0.0
    if drawn_mm3 and not found.any():
        raise InvalidImage(
            f"All that is labelled in '{name}' lies beyond the window of '{card.name}'.",
            cure="Check that the labels belong to this image.",
        )
    return OwnCase(name, image, is_there, found, beyond)


def margin_of(network: Network) -> NDArray[np.int_]:
    """Return how many voxels of a network's grid a case is kept beyond its window, along z, y, x."""
    return np.ceil(MARGIN_MM / np.asarray(network.sampling.spacing_zyx_mm)).astype(int)


def classes_of(card: ModelCard, labels: LabelMap) -> NDArray[np.uint8]:
    """Return a label map's voxels as a model's classes.

    Of a detection model everything that is labelled is a lesion. Of others a label is known by its name
    if all names of the map are those of the model, else by its value.

    Raises
    ------
    InvalidImage
        If a value is none of the model's.
    """
    array = np.asarray(labels.array)
    if card.task is Task.DETECTION:
        return (array > 0).astype(np.uint8)
    by_name = {label.name.casefold(): label.value for label in card.scheme.labels}
    used = [int(v) for v in np.unique(array[array > 0])]
    names = {label.value: label.name.casefold() for label in labels.scheme.labels}
    if used and all(names.get(v) in by_name for v in used):
        meant = {v: by_name[names[v]] for v in used}
    else:
        meant = {v: v for v in used}
    known = {label.value for label in card.scheme.labels}
    strange = sorted(v for v, value in meant.items() if value not in known)
    if strange:
        wanted = ", ".join(f"{label.value} {label.name}" for label in card.scheme.labels)
        raise InvalidImage(
            f"'{labels.name}' holds {', '.join(map(str, strange))}, which '{card.name}' does not know.",
            cure=f"Its labels are {wanted}.",
        )
    table = np.zeros(max(used, default=0) + 1, dtype=np.uint8)
    for value, label in meant.items():
        table[value] = label
    return np.asarray(table[array], dtype=np.uint8)
