"""A method without a network, behind the same interface as networks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_medassist.core.errors import InvalidSetting
from napari_medassist.core.geometry import Geometry
from napari_medassist.core.progress import Progress, silent
from napari_medassist.core.volume import Volume
from napari_medassist.models.card import ModelCard
from napari_medassist.models.classical.lungs import segment_lungs
from napari_medassist.models.classical.opacities import segment_opacities
from napari_medassist.models.prediction import (
    Clock,
    Prediction,
    checked_inputs,
    doubts,
    label_map_of,
    leading_of,
)

Method = Callable[[NDArray[Any], Geometry, Progress], NDArray[np.uint8]]

#: By the name of the model; each takes an image (z, y, x), its grid, and whom to tell the progress.
METHODS: Mapping[str, Method] = MappingProxyType(
    {"lungs-ct": segment_lungs, "opacity-ct": segment_opacities}
)


class ClassicalModel:
    """A method, ready to run; see :class:`~napari_medassist.models.prediction.Model`.

    Parameters
    ----------
    card
        What it takes and gives; its name is one of ``METHODS``.
    """

    def __init__(self, card: ModelCard) -> None:
        self.card = card
        self._method = METHODS[card.name]

    def predict(
        self, images: Mapping[str, Volume], progress: Progress = silent, *, doubting: bool = False
    ) -> Prediction:
        """Segment a case; see :class:`~napari_medassist.models.prediction.Model`.

        Raises
        ------
        InvalidSetting
            If the uncertainty is asked for: such a method has none.
        """
        if doubting:
            raise InvalidSetting(f"'{self.card.name}' is no network: it cannot tell how sure it is.")
        volumes = checked_inputs(self.card, images)
        clock = Clock()
        image = leading_of(volumes)
        array = self._method(np.asarray(image.array), image.geometry, progress)
        clock.lap("computation")
        labels = label_map_of(self.card, volumes, array, "")
        return Prediction(labels, doubts(self.card, volumes, array), clock.seconds)
