"""What every model takes and gives, whatever it is inside."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from napari_medassist import __version__
from napari_medassist.core.errors import InvalidImage
from napari_medassist.core.geometry import Geometry
from napari_medassist.core.labels import LabelMap, ProbabilityMap
from napari_medassist.core.progress import Progress, silent
from napari_medassist.core.provenance import Provenance
from napari_medassist.core.volume import Volume
from napari_medassist.models.card import ModelCard, Task
from napari_medassist.models.decisions import Float32, Labels
from napari_medassist.models.doubts import doubts_after, doubts_before


@dataclass(frozen=True, eq=False)
class Prediction:
    """What a model says about a case.

    Attributes
    ----------
    labels
        On the grid of the model's first image, with the model in its provenance.
    warnings
        Why it may not be believed, in sentences.
    seconds
        What each stage took, by its name.
    n_windows
        In how many windows a network looked; 0 without one.
    probability, grid
        float32 (classes, z, y, x) on the network's own grid, and that grid; None without a network.
    uncertainty
        On the grid of the labels, 0 where the network is sure, 1 where it might as well draw lots: the
        entropy of its probabilities. None unless it was asked for.
    confidences
        Of a detection model: how sure it is of candidate 1, 2, ... of the labels; else None.
    lesion_probability
        Of a detection model: the probability of a lesion, on the grid of the labels.
    """

    labels: LabelMap
    warnings: tuple[str, ...]
    seconds: Mapping[str, float]
    n_windows: int = 0
    probability: Float32 | None = None
    grid: Geometry | None = None
    uncertainty: ProbabilityMap | None = None
    confidences: tuple[float, ...] | None = None
    lesion_probability: ProbabilityMap | None = None


class Model(Protocol):
    """A model that is ready to run.

    Attributes
    ----------
    card
        What it takes and gives.
    """

    @property
    def card(self) -> ModelCard:
        """What it takes and gives."""
        ...

    def predict(
        self, images: Mapping[str, Volume], progress: Progress = silent, *, doubting: bool = False
    ) -> Prediction:
        """Segment a case.

        Parameters
        ----------
        images
            The model's inputs by role; they may lie on different grids.
        progress
            Told how far it has come, several times a second; may raise ``Cancelled``.
        doubting
            Whether to look at the mirrored image too, where that makes sense, and to tell the
            uncertainty.

        Raises
        ------
        InvalidImage
            As :func:`checked_inputs` raises it.
        """
        ...


def checked_inputs(card: ModelCard, images: Mapping[str, Volume]) -> dict[str, Volume]:
    """Return a model's inputs by role, in the order of its card; an optional one may be missing.

    Raises
    ------
    InvalidImage
        If one is missing, or all are; if one has a time axis, holds values that are not finite, or is
        constant.
    """
    volumes = {}
    for wanted in card.inputs:
        volume = images.get(wanted.role)
        if volume is None and wanted.is_optional:
            continue
        if volume is None:
            raise InvalidImage(
                f"'{card.name}' needs {wanted.role}.",
                cure="Give that series its role, or choose another model.",
            )
        if volume.array.ndim != 3:
            raise InvalidImage(f"'{volume.name}' has a time axis; '{card.name}' takes none.")
        values = np.asarray(volume.array)
        low, high = values.min(), values.max()
        if not (np.isfinite(low) and np.isfinite(high)):
            raise InvalidImage(
                f"'{volume.name}' holds values that are not finite.",
                cure="Replace them on purpose, e.g. by 0, and open the image again.",
            )
        if low == high:
            raise InvalidImage(f"'{volume.name}' has one value everywhere: there is nothing to see.")
        volumes[wanted.role] = volume
    if not volumes:
        roles = " or ".join(wanted.role for wanted in card.inputs)
        raise InvalidImage(
            f"'{card.name}' needs {roles}.",
            cure="Give a series its role, or choose another model.",
        )
    return volumes


def leading_of(volumes: Mapping[str, Volume]) -> Volume:
    """Return the image that gives the grid: the first."""
    return next(iter(volumes.values()))


def label_map_of(
    card: ModelCard, volumes: Mapping[str, Volume], array: Labels, runs_on: str
) -> LabelMap:
    """Return labels (z, y, x) on the grid of the leading image, with the model in their provenance."""
    by = (f"napari-medassist {__version__}", runs_on)
    return LabelMap.on(
        leading_of(volumes),
        array,
        name=card.name,
        scheme=card.scheme,
        provenance=Provenance(
            made_by=f"model {card.full_name}",
            sources=tuple(v.acquisition.series_uid or v.name for v in volumes.values()),
            software=", ".join(part for part in by if part),
            details=tuple((file.name, f"sha256 {file.sha256}") for file in card.weights),
        ),
    )


def doubts(card: ModelCard, volumes: Mapping[str, Volume], array: Labels) -> tuple[str, ...]:
    """Return why a result may not be believed, in sentences."""
    before = doubts_before(card, volumes)
    if card.task is Task.DETECTION:  # no lesion, or many, is no reason to doubt
        return before
    return (*before, *doubts_after(card, array, leading_of(volumes)))


class Clock:
    """Adds up what stages take.

    Attributes
    ----------
    seconds
        By the name of the stage.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._since = time.perf_counter()

    def lap(self, stage: str) -> None:
        """Count the time since the last call for a stage."""
        now = time.perf_counter()
        self.seconds[stage] = self.seconds.get(stage, 0.0) + now - self._since
        self._since = now
