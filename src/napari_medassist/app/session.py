"""The one evented object: what is open, and what was compared. Panels talk through it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from psygnal import Signal

from napari_medassist.app.acts import Acts
from napari_medassist.app.display import DisplayFrame
from napari_medassist.app.exchange import save
from napari_medassist.app.layer_data import LayerData, case_layers
from napari_medassist.app.live_comparison import ComparedLabels, LiveComparison, PredictedImage
from napari_medassist.app.reading.room import ReadingRoom
from napari_medassist.core.case import Case, Series
from napari_medassist.core.labels import LabelMap
from napari_medassist.core.results import CaseEvaluation
from napari_medassist.core.volume import Volume
from napari_medassist.evaluation.conventions import MEDASSIST, Convention

if TYPE_CHECKING:
    from napari_medassist.app.browser.browser import CohortBrowser

__all__ = ["ComparedLabels", "Session"]


class Session:
    """What one window works on.

    Attributes
    ----------
    reading
        The worklist and its reader.
    acts
        What panels do for each other.

    Signals
    -------
    case_changed
        Emits the case that is open now, or None.
    comparison_changed
        Emits the newest comparison, or None.
    comparison_begun
        Emits the first result of a new comparison, before ``comparison_changed``.
    convention_changed
        Emits the convention that comparisons are judged under from now on.
    cohort_changed
        Emits the cohort that is browsed, or None.
    pinned_changed
        Emits the evaluation that stands beside the newest one, or None.
    staleness_changed
        Emits why the newest comparison no longer tells of its images; empty if it does.
    """

    case_changed = Signal(object)
    comparison_changed = Signal(object)
    comparison_begun = Signal(object)
    convention_changed = Signal(object)
    cohort_changed = Signal(object)
    pinned_changed = Signal(object)
    staleness_changed = Signal(str)

    def __init__(self) -> None:
        self._case: Case | None = None
        self._frame: DisplayFrame | None = None
        self._comparison: ComparedLabels | None = None
        self._live: LiveComparison | None = None
        self._pinned: CaseEvaluation | None = None
        self._staleness = ""
        self._convention: Convention = MEDASSIST
        self._cohort: CohortBrowser | None = None
        self.reading = ReadingRoom()
        self.acts = Acts()

    @property
    def case(self) -> Case | None:
        """The case that is open."""
        return self._case

    def layers_of(self, case: Case) -> list[LayerData]:
        """Return the layers of a case, in the frame of the open one if one is, else in its own."""
        n_open = 0 if self._case is None else len(self._case.labels)
        return case_layers(case, self._frame_for(case), palette_shift=n_open)

    def _frame_for(self, case: Case) -> DisplayFrame:
        """Return the frame to draw a case in: the open one's, unless only the new one has images.

        Label maps opened before their image give way: their headers are rounded more often.
        """
        is_led = self._case is not None and (
            self._case.reference_volume() is not None
            or (self._case.reference_grid() is not None and case.reference_volume() is None)
        )
        return self.frame if is_led else DisplayFrame.of_case(case)

    @property
    def frame(self) -> DisplayFrame:
        """The frame of the open case; patient coordinates if none is open."""
        return self._frame if self._frame is not None else DisplayFrame()

    def add(self, case: Case) -> None:
        """Open a case; if one is open, the new images and label maps join it, in its frame."""
        self._frame = self._frame_for(case)
        self._case = case if self._case is None else _joined(self._case, case)
        self.case_changed.emit(self._case)

    def take_away(self, series: Sequence[Series]) -> None:
        """Take images out of the open case, e.g. those that an alignment has added to it."""
        if self._case is None:
            return
        kept = tuple(s for s in self._case.series if not any(s is gone for gone in series))
        self._case = replace(self._case, series=kept)
        self.case_changed.emit(self._case)

    def close(self) -> None:
        """Close the case and forget the comparison."""
        self._case = self._frame = None
        self.case_changed.emit(None)
        self.close_comparison()

    def annotation_volume(self, preferred: Volume | None = None) -> Volume | None:
        """Return the image whose grid new labels take: the preferred one, else the reference image."""
        if preferred is not None or self._case is None:
            return preferred
        return self._case.reference_volume()

    def can_paint_on(self, volume: Volume) -> bool:
        """Tell whether labels on an image's grid can be painted: not if it is resampled for display."""
        return self.frame.places_labels(volume.geometry)

    def save_labels(self, labels: LabelMap, path: str | Path) -> Path:
        """Write a label map on its source grid; see :func:`napari_medassist.app.exchange.save`."""
        return save(labels, Path(path), self.case)

    # ---------------------------------------------------------------- convention and cohort

    @property
    def convention(self) -> Convention:
        """What comparisons are judged under."""
        return self._convention

    def set_convention(self, convention: Convention) -> None:
        """Judge under another convention from now on; the cohort that is browsed follows."""
        if convention == self._convention:
            return
        self._convention = convention
        work = None if self._cohort is None else self._cohort.set_convention(convention)
        self.convention_changed.emit(convention)
        if self._cohort is not None and work is not None:
            self._cohort.work_ready.emit(work)

    @property
    def cohort(self) -> CohortBrowser | None:
        """The cohort that is browsed."""
        return self._cohort

    def set_cohort(self, cohort: CohortBrowser | None) -> None:
        """Browse a cohort: its convention becomes that of the session, and follows it from then on."""
        if self._cohort is not None:
            self._cohort.convention_changed.disconnect(self._follow_cohort)
        self._cohort = cohort
        if cohort is not None:
            cohort.convention_changed.connect(self._follow_cohort)
            self._follow_cohort(cohort.convention)
        self.cohort_changed.emit(cohort)

    def _follow_cohort(self, convention: Convention) -> None:
        """Judge as the cohort does; it starts its own work, which must not be asked for twice."""
        if convention != self._convention:
            self._convention = convention
            self.convention_changed.emit(convention)

    # ---------------------------------------------------------------- comparison

    @property
    def live(self) -> LiveComparison | None:
        """The two images that are compared."""
        return self._live

    @property
    def comparison(self) -> ComparedLabels | None:
        """The newest comparison."""
        return self._comparison

    @property
    def pinned(self) -> CaseEvaluation | None:
        """What stands beside the newest numbers: those at the start, or those that were pinned."""
        return self._pinned

    @property
    def staleness(self) -> str:
        """Why the newest comparison no longer tells of its images; empty if it does."""
        return self._staleness

    def zones_on(self, reference: LabelMap) -> LabelMap | None:
        """Return the open case's zone map on the grid of a reference: a label map called so."""
        labels = () if self._case is None else self._case.labels
        return next(
            (
                m
                for m in labels
                if is_called_zones(m.name)
                and m.name != reference.name
                and m.geometry.corner_distance_mm(reference.geometry)
                <= self._convention.grid_tolerance_mm
            ),
            None,
        )

    def compare(
        self, reference: LabelMap, prediction: PredictedImage, *, case: str = ""
    ) -> ComparedLabels:
        """Compare two images on one grid at voxel and lesion level, completely, in this thread.

        Raises
        ------
        GeometryMismatch
            If their grids differ; nothing is resampled.
        """
        live = LiveComparison(reference, prediction, case=case)
        result = live.judged(self._convention)
        self.begin(live, result)
        return result

    def begin(self, live: LiveComparison, result: ComparedLabels) -> None:
        """Show the first result of a new comparison; its numbers are the pinned ones."""
        self._live, self._comparison = live, None
        self.pin(result.evaluation)
        self.comparison_begun.emit(result)
        self.show(result, live)

    def follow(self, live: LiveComparison) -> None:
        """Go on with edited images; what is pinned stays."""
        self._live = live

    def show(self, result: ComparedLabels, live: LiveComparison) -> None:
        """Show a result, unless its images are no longer the ones that are compared."""
        if live is not self._live:
            return
        self._comparison = result
        if self._pinned is not None and result.is_complete and _lacks_distances(self._pinned, result):
            self.pin(result.evaluation)
        self.mark_stale("")
        self.comparison_changed.emit(result)

    def pin(self, evaluation: CaseEvaluation | None) -> None:
        """Keep numbers, to stand beside the newest ones."""
        self._pinned = evaluation
        self.pinned_changed.emit(evaluation)

    def mark_stale(self, why: str) -> None:
        """Say that the newest comparison no longer tells of its images; empty if it does."""
        if why != self._staleness:
            self._staleness = why
            self.staleness_changed.emit(why)

    def close_comparison(self) -> None:
        """Forget the comparison."""
        self._live = self._comparison = None
        self.mark_stale("")
        self.pin(None)
        self.comparison_changed.emit(None)


def is_called_zones(name: str) -> bool:
    """Tell whether a label map's name says that it shows the zones of the organ."""
    return "zone" in name.casefold()


def _lacks_distances(pinned: CaseEvaluation, result: ComparedLabels) -> bool:
    """Tell whether the pinned numbers are the quick ones of this very result."""
    same_settings = pinned.convention == result.evaluation.convention
    return (
        same_settings
        and pinned.lesions == result.evaluation.lesions
        and (len(pinned.scores) < len(result.evaluation.scores))
    )


def _joined(case: Case, added: Case) -> Case:
    warnings = (*case.warnings, *added.warnings, *_other_frames(case, added))
    gives_place = case.reference_volume() is None and added.reference_volume() is not None
    return replace(
        case,
        name=added.name if gives_place else case.name,
        series=(*case.series, *added.series),
        labels=(*case.labels, *added.labels),
        warnings=warnings,
    )


def _other_frames(case: Case, added: Case) -> tuple[str, ...]:
    """Warn of images that DICOM says lie in another frame of reference than the open case."""
    known = {v.acquisition.frame_of_reference_uid for v in case.volumes()} - {""}
    foreign = [
        v.name
        for v in added.volumes()
        if known and v.acquisition.frame_of_reference_uid not in known | {""}
    ]
    if not foreign:
        return ()
    told = (
        f"{len(foreign)} image(s) of '{added.name}' have another frame of reference than '{case.name}' "
        "(another patient, or another visit?): they need not lie on each other. "
        "Close the case first to look at one alone."
    )
    return (told,)
