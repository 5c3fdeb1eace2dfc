"""Runs a network on a case: images to its grid, through it, labels back to the grid of the image."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from napari_medassist.core.geometry import Geometry
from napari_medassist.core.labels import ProbabilityMap
from napari_medassist.core.orientation import AxisOrder
from napari_medassist.core.progress import Progress, silent
from napari_medassist.core.volume import Volume
from napari_medassist.models.backends.base import Backend
from napari_medassist.models.body import body_grid
from napari_medassist.models.card import Activation, ModelCard, Network
from napari_medassist.models.decisions import (
    Float32,
    Labels,
    decide,
    painted,
    probabilities,
    uncertainty,
)
from napari_medassist.models.grids import (
    around_labels,
    centre_of,
    centred_grid,
    covering_grid,
    labels_on_grid,
    on_grid,
    touches_inner_face,
)
from napari_medassist.models.network_inputs import MIRRORED, NetworkInputs
from napari_medassist.models.prediction import (
    Clock,
    Prediction,
    checked_inputs,
    doubts,
    label_map_of,
    leading_of,
)
from napari_medassist.models.windows import Box, blended, boxes

_STEPS = 100
#: Looks of a centred window that moves to what it found.
_MOST_LOOKS = 3


@dataclass(frozen=True, eq=False)
class _Seen:
    """What the network said on a grid, in how many windows."""

    grid: Geometry
    logits: Float32
    labels: Labels
    shares: Float32
    n_windows: int


class NetworkModel:
    """A model with a network, ready to run; see :class:`~napari_medassist.models.prediction.Model`.

    The window is centred on the image. Where what was found touches a face of the window that lies
    inside the image, the window is centred on that, twice at most; if it touches still, windows that
    overlap by half slide around it, half a window further where it was cut off; and if that was not
    enough, over the body. So they do from the first for a network that is made so.

    Parameters
    ----------
    card, network
        What the model takes and gives.
    backend
        Runs its network.
    """

    def __init__(self, card: ModelCard, network: Network, backend: Backend) -> None:
        self.card = card
        self.network = network
        self.backend = backend

    def predict(
        self, images: Mapping[str, Volume], progress: Progress = silent, *, doubting: bool = False
    ) -> Prediction:
        """Segment a case; see :class:`~napari_medassist.models.prediction.Model`."""
        volumes = checked_inputs(self.card, images)
        clock = Clock()
        roles = tuple(wanted.role for wanted in self.card.inputs)
        twice = self._looks_twice(doubting=doubting)
        case = NetworkInputs(self.network, roles, volumes, mirrored=twice)
        clock.lap("preparation")
        seen = self._seen(case, progress, clock)
        activation = self.network.decision.activation
        if activation is Activation.REGIONS:
            shares = [on_grid(s, seen.grid, case.image, edge="constant") for s in seen.shares]
            array = painted(np.stack(shares), self.network.decision.threshold)
        else:
            array = labels_on_grid(seen.labels, seen.grid, case.image, seen.shares)
        clock.lap("labels")
        probability = probabilities(seen.logits, activation)
        doubt = None
        if doubting:
            values = on_grid(
                uncertainty(probability, activation), seen.grid, case.image, edge="constant"
            )
            made_of = leading_of(volumes)
            doubt = ProbabilityMap(
                np.clip(values, 0, 1),
                made_of.geometry,
                made_of.source,
                name=self.card.name,
            )
        clock.lap("labels")
        progress(_STEPS, _STEPS, self.card.title)
        return Prediction(
            labels=label_map_of(self.card, volumes, array, self.backend.name),
            warnings=doubts(self.card, volumes, array),
            seconds=clock.seconds,
            n_windows=seen.n_windows,
            probability=probability,
            grid=seen.grid,
            uncertainty=doubt,
        )

    def _looks_twice(self, *, doubting: bool) -> bool:
        return self.network.looks_twice or (doubting and self.network.mirrors)

    def _seen(self, case: NetworkInputs, progress: Progress, clock: Clock) -> _Seen:
        """Look once, or as often as it takes for nothing that is found to be cut off."""
        seen = None
        if not self.network.slides:
            seen = self._centred(case, progress, clock)
            if touches_inner_face(seen.labels, seen.grid, case.image):
                z, y, x = self.network.sampling.on(case.image.spacing_zyx_mm).window_zyx
                margin = (z // 2, y // 2, x // 2)
                part = around_labels(seen.labels, seen.grid, case.image, margin)
                seen = self._slid(case, part, progress, clock)
        if seen is None or touches_inner_face(seen.labels, seen.grid, case.image):
            seen = self._slid(case, body_grid(case.leading), progress, clock)
        return seen

    def _centred(self, case: NetworkInputs, progress: Progress, clock: Clock) -> _Seen:
        """Look once at the middle; where what is found is cut off, again around what was found."""
        sampling = self.network.sampling.on(case.image.spacing_zyx_mm)
        centre, steps = None, _Steps(progress, 1)
        for n_looks in range(1, _MOST_LOOKS + 1):
            grid = centred_grid(case.image, sampling.spacing_zyx_mm, sampling.window_zyx, centre)
            channels = case.channels(grid)
            clock.lap("preparation")
            logits = self._look(case, channels, steps)
            clock.lap("inference")
            labels, shares = decide(logits, self.network.decision)
            clock.lap("labels")
            seen = _Seen(grid, logits, labels, shares, n_looks)
            if not touches_inner_face(labels, grid, case.image):
                break
            centre = centre_of(labels, grid)
        return seen

    def _slid(self, case: NetworkInputs, part: Geometry, progress: Progress, clock: Clock) -> _Seen:
        """Look at a part of the image, in windows that overlap by half."""
        sampling = self.network.sampling.on(case.image.spacing_zyx_mm)
        window = sampling.window_zyx
        grid = covering_grid(case.image, part, sampling.spacing_zyx_mm, window)
        channels = case.channels(grid)
        clock.lap("preparation")
        shape, n_windows = grid.shape_zyx, len(boxes(grid.shape_zyx, window))
        steps = _Steps(progress, n_windows)

        def run(box: Box) -> Float32:
            return self._look(case, channels[(slice(None), *box)], steps)

        logits = blended(shape, window, run)
        clock.lap("inference")
        labels, shares = decide(logits, self.network.decision)
        clock.lap("labels")
        return _Seen(grid, logits, labels, shares, n_windows)

    def _look(self, case: NetworkInputs, channels: Float32, steps: _Steps) -> Float32:
        """Return logits of a window; with mirroring, the mean of both looks."""
        logits = self._run(channels, steps)
        if case.is_mirrored:
            logits = (logits + MIRRORED.undo(self._run(case.mirrored(channels), steps))) / 2
        steps.next()
        return logits

    def _run(self, channels: Float32, steps: _Steps) -> Float32:
        order = AxisOrder.toward(self.network.sampling.axes)
        logits = self.backend.run(np.ascontiguousarray(order.apply(channels))[None], steps.tick)[0]
        return np.ascontiguousarray(order.undo(logits))


class _Steps:
    """Tells progress while windows are run, also between two of them."""

    def __init__(self, progress: Progress, n_windows: int) -> None:
        self._progress, self._n, self._done = progress, n_windows, 0

    def tick(self) -> None:
        told = f"window {self._done + 1} of {self._n}" if self._n > 1 else "the network runs"
        self._progress(_STEPS * min(self._done, self._n) // (self._n + 1), _STEPS, told)

    def next(self) -> None:
        self._done += 1
