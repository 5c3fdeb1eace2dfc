"""Keeps the comparison of the open case true: to the settings, and to what is painted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np
from napari.layers import Labels, Layer
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QWidget

from napari_medassist._qt.curtain import Curtain
from napari_medassist._qt.lane import Errand, Lane
from napari_medassist._qt.threads import Runner, run_with_dialog
from napari_medassist.app.live_comparison import ComparedLabels, LiveComparison, PredictedImage
from napari_medassist.app.session import Session
from napari_medassist.app.verdict_display import drawn_verdicts
from napari_medassist.core.errors import MedAssistError
from napari_medassist.core.labels import LabelMap
from napari_medassist.core.lesion import Side
from napari_medassist.core.progress import Progress
from napari_medassist.core.volume import GridImage

#: Distances are computed once nothing has moved for so long.
_REST_MS = 120
_EDITED = "Edited since it was compared: press Compare."


class Comparer:
    """Computes comparisons beside the window.

    A changed convention or a brush stroke asks for a quick result (counts, verdicts, Dice), of which
    only the newest is computed; once nothing moves any more, distances follow.

    Parameters
    ----------
    session
        Holds the comparison.
    layer_of
        Returns the layer that shows an image, if there is one.
    """

    def __init__(self, session: Session, layer_of: Callable[[GridImage], Layer | None]) -> None:
        self._session = session
        self._layer_of = layer_of
        self._runner = Runner(threads=2)
        self._quick = Lane(self._runner, self._prepare_quick)
        self._complete = Lane(self._runner, self._prepare_complete)
        self._rest = QTimer()
        self._rest.setSingleShot(True)
        self._rest.setInterval(_REST_MS)
        self._rest.timeout.connect(self._complete.ask)
        # napari tells of a fill or a single dab before it writes it: look once it has.
        self._written = QTimer()
        self._written.setSingleShot(True)
        self._written.setInterval(0)
        self._written.timeout.connect(self._quick.ask)
        self._layers: dict[Side, Layer] = {}
        self._edits: dict[Side, int] = {}
        self._undone: dict[Side, int] = {}
        self._slots: list[tuple[Any, Callable[..., None]]] = []
        self._watched: LiveComparison | None = None
        self.follows_edits = True
        self.curtain = Curtain()
        session.convention_changed.connect(self._on_convention)
        session.comparison_begun.connect(self._on_begun)
        session.comparison_changed.connect(self._on_comparison)

    @property
    def is_busy(self) -> bool:
        """Whether numbers are still to come."""
        clocks = (self._rest, self._written)
        lanes = (self._quick, self._complete)
        return any(n.is_busy for n in lanes) or any(n.isActive() for n in clocks)

    def compare(
        self,
        reference: LabelMap,
        prediction: PredictedImage,
        layers: Mapping[Side, Layer] | None = None,
        parent: QWidget | None = None,
    ) -> ComparedLabels:
        """Compare two images completely, behind a dialog if it takes long.

        Parameters
        ----------
        reference, prediction
            The two images, on one grid.
        layers
            The layers that they came from, so that painting there is followed; by default those that
            show the images.
        parent
            The window that the dialog belongs to.

        Raises
        ------
        GeometryMismatch
            If their grids differ; nothing is resampled.
        """
        zones = self._session.zones_on(reference)
        live = LiveComparison(reference, prediction, zones=zones)
        convention, frame = self._session.convention, self._session.frame

        def work(progress: Progress) -> ComparedLabels:
            result = live.judged(convention, progress=progress)
            drawn_verdicts(result, frame)
            return result

        self._stop()
        result = run_with_dialog("Comparing", work, parent)
        self._watch(live, layers)
        self._session.begin(live, result)
        return result

    def start(
        self,
        reference: LabelMap,
        prediction: PredictedImage,
        *,
        case: str = "",
        zones: LabelMap | None = None,
    ) -> None:
        """Compare two images and return at once: numbers and colours appear as they are ready.

        Parameters
        ----------
        reference, prediction
            The two images, on one grid.
        case
            Name of the case in results.
        zones
            Zones of the organ; by default the case's own on that grid, if it has any.
        """
        zones = zones or self._session.zones_on(reference)
        live = LiveComparison(reference, prediction, case=case, zones=zones)
        self._stop()
        self._session.close_comparison()
        self._watch(live, None)
        self._session.follow(live)
        self._quick.ask()

    # ---------------------------------------------------------------- work

    def _prepare_quick(self) -> Errand | None:
        live, convention = self._session.live, self._session.convention
        if live is None:
            return None
        self._complete.stop()
        self._rest.stop()
        edits, frame = dict(self._edits), self._session.frame
        painted = {side: self._layers[side].data for side in edits}

        def run(progress: Progress) -> tuple[LiveComparison, ComparedLabels]:
            now = _edited(live, painted) if painted else live
            result = now.judged(convention, quick=True, progress=progress)
            drawn_verdicts(result, frame)
            return now, result

        def accept(result: tuple[LiveComparison, ComparedLabels]) -> None:
            if self._session.live is live:
                self._forget(edits)
                self._accept_quick(*result)

        return Errand(run, accept, self._tell)

    def _accept_quick(self, live: LiveComparison, result: ComparedLabels) -> None:
        self._watched = live
        if self._session.comparison is None:
            self._session.begin(live, result)
        else:
            self._session.follow(live)
            self._session.show(result, live)
        self.curtain.open()
        self._rest.start()

    def _prepare_complete(self) -> Errand | None:
        live, convention = self._session.live, self._session.convention
        if live is None or self._edits:
            return None

        def accept(result: ComparedLabels) -> None:
            if convention == self._session.convention:
                self._session.show(result, live)

        return Errand(lambda p: live.judged(convention, progress=p), accept, self._tell)

    def _stop(self) -> None:
        self._quick.stop()
        self._complete.stop()
        self._rest.stop()
        self._written.stop()
        self.curtain.open()

    def _tell(self, error: MedAssistError) -> None:
        self._session.mark_stale(str(error))

    # ---------------------------------------------------------------- what happens

    def _on_convention(self, _convention: object) -> None:
        if self._session.live is not None:
            self.curtain.close()
            self._quick.ask()

    def _on_begun(self, _compared: ComparedLabels) -> None:
        """Notice comparisons that were begun elsewhere."""
        live = self._session.live
        if live is not None and live is not self._watched:
            self._watch(live, None)

    def _on_comparison(self, compared: ComparedLabels | None) -> None:
        if compared is None and self._session.live is None:
            self._stop()
            self._unwatch()

    def _on_edit(self, side: Side) -> None:
        if self._session.comparison is None:
            return
        self._edits[side] = self._edits.get(side, 0) + 1
        if self.follows_edits:
            self.curtain.close()
            self._written.start()
        else:
            self._session.mark_stale(_EDITED)

    def _forget(self, edits: Mapping[Side, int]) -> None:
        """Take edits for done, unless there was another one meanwhile."""
        self._edits = {s: n for s, n in self._edits.items() if edits.get(s) != n}

    # ---------------------------------------------------------------- layers

    def _watch(self, live: LiveComparison, layers: Mapping[Side, Layer] | None) -> None:
        """Listen to the layers of a comparison."""
        self._unwatch()
        self._watched = live
        images = {Side.REFERENCE: live.reference, Side.PREDICTION: live.prediction}
        for side, image in images.items():
            layer = self._layer_of(image) if layers is None else layers.get(side)
            if isinstance(layer, Labels) and np.shape(layer.data) == image.array.shape:
                self._listen(side, layer)

    def _listen(self, side: Side, layer: Labels) -> None:
        def edited(_event: object = None) -> None:
            self._on_edit(side)

        def perhaps_undone(_event: object = None) -> None:
            """Notice undo and redo, of which napari does not tell: strokes wait there to be redone."""
            waiting = len(getattr(layer, "_redo_history", ()))
            if waiting != self._undone.get(side, 0):
                self._undone[side] = waiting
                self._on_edit(side)

        self._layers[side] = layer
        self._undone[side] = len(getattr(layer, "_redo_history", ()))
        self._slots += [(layer.events.paint, edited), (layer.events.data, edited)]
        self._slots.append((layer.events.set_data, perhaps_undone))
        for emitter, slot in self._slots[-3:]:
            emitter.connect(slot)

    def _unwatch(self) -> None:
        for emitter, slot in self._slots:
            with suppress(ValueError, RuntimeError):  # the layer is gone
                emitter.disconnect(slot)
        self._slots.clear()
        self._layers.clear()
        self._edits.clear()
        self._undone.clear()
        self._watched = None


def _edited(live: LiveComparison, painted: Mapping[Side, Any]) -> LiveComparison:
    """Return the comparison with the arrays of painted layers; to check them may take a moment."""
    reference, prediction = (painted.get(side) for side in (Side.REFERENCE, Side.PREDICTION))
    predicted = live.prediction
    return live.edited(
        reference=None if reference is None else replace(live.reference, array=np.asarray(reference)),
        prediction=replace(predicted, array=np.asarray(prediction))
        if prediction is not None and isinstance(predicted, LabelMap)
        else None,
    )
