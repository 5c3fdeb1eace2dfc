"""Why a result should not be believed: what is unlike all that the model was made for."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from napari_medassist.core.volume import Modality, Volume
from napari_medassist.models.card import ModelCard

_AXES = "zyx"


def doubts_before(card: ModelCard, volumes: Mapping[str, Volume]) -> tuple[str, ...]:
    """Return what is unusual about the images, in sentences.

    Parameters
    ----------
    card
        The model.
    volumes
        Its inputs by role, in the order of the card.
    """
    told = []
    for wanted in card.inputs:
        volume = volumes.get(wanted.role)
        if volume is None:
            told.append(f"There is no {wanted.role}; {card.name} is less sure without it.")
        elif volume.modality is Modality.OTHER:
            told.append(f"The file of '{volume.name}' does not say whether it is {wanted.modality}.")
        elif volume.modality is not wanted.modality:
            told.append(
                f"'{volume.name}' is {volume.modality}; {card.name} was made for {wanted.modality}."
            )
    leading = next(iter(volumes.values())).geometry
    for axis, (step, largest) in enumerate(
        zip(leading.spacing_zyx_mm, card.expected.largest_zyx_mm, strict=True)
    ):
        if step > largest:
            told.append(
                f"Voxels are {step:.1f} mm along {_AXES[axis]}; "
                f"{card.name} was made for up to {largest:g} mm."
            )
    view = np.asarray(leading.shape_zyx) * np.asarray(leading.spacing_zyx_mm)
    told += [
        f"The image shows {view[axis]:.0f} mm along {_AXES[axis]}; "
        f"{card.name} was made for {card.expected.smallest_view_mm:g} mm and more."
        for axis in (1, 2)
        if view[axis] < card.expected.smallest_view_mm
    ]
    return tuple(told)


def doubts_after(card: ModelCard, labels: NDArray[np.uint8], volume: Volume) -> tuple[str, ...]:
    """Return what is unusual about the labels (z, y, x) on the grid of a volume, in sentences."""
    n = int(np.count_nonzero(labels))
    if not n:
        return (f"{card.name} found nothing.",)
    told = []
    ml = n * volume.geometry.voxel_volume_mm3 / 1000
    low, high = card.expected.plausible_ml
    if not low <= ml <= high:
        told.append(f"{ml:.0f} ml is outside of what is plausible ({low:g} to {high:g} ml).")
    missing = [label.name for label in card.scheme.labels if not (labels == label.value).any()]
    if missing:
        told.append(f"Not found: {', '.join(missing)}.")
    ends = [name for name, end in (("first", labels[0]), ("last", labels[-1])) if end.any()]
    if ends:
        told.append(f"It reaches the {' and the '.join(ends)} slice: the image may cut it off.")
    return tuple(told)
