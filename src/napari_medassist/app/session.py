"""The one evented object: what is open, and what was compared. Panels talk through it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from psygnal import Signal

from napari_medassist.app.display import DisplayFrame
from napari_medassist.app.layer_data import LayerData, case_layers
from napari_medassist.core.case import Case
from napari_medassist.core.labels import LabelMap
from napari_medassist.core.results import CaseEvaluation
from napari_medassist.core.volume import Volume
from napari_medassist.evaluation.case import compare
from napari_medassist.evaluation.verdict_map import VERDICT_SCHEME, verdict_maps
from napari_medassist.io.files import write


@dataclass(frozen=True, eq=False)
class ComparedLabels:
    """Two label maps, what the evaluation says of them, and its verdicts as a label map.

    Parameters
    ----------
    reference, prediction
        What was compared.
    evaluation
        The numbers of both levels, and the lesions with their verdicts.
    verdicts
        True positive, missed and false lesions, on the reference's grid.
    """

    reference: LabelMap
    prediction: LabelMap
    evaluation: CaseEvaluation
    verdicts: LabelMap


class Session:
    """What one window works on.

    Signals
    -------
    case_changed
        Emits the case that is open now, or None.
    comparison_changed
        Emits the newest comparison, or None.
    """

    case_changed = Signal(object)
    comparison_changed = Signal(object)

    def __init__(self) -> None:
        self._case: Case | None = None
        self._frame: DisplayFrame | None = None
        self._comparison: ComparedLabels | None = None

    @property
    def case(self) -> Case | None:
        """The case that is open."""
        return self._case

    @property
    def comparison(self) -> ComparedLabels | None:
        """The newest comparison."""
        return self._comparison

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

    def close(self) -> None:
        """Close the case and forget the comparison."""
        self._case = self._frame = None
        self.case_changed.emit(None)
        self._show(None)

    def annotation_volume(self, preferred: Volume | None = None) -> Volume | None:
        """Return the image whose grid new labels take: the preferred one, else the reference image."""
        if preferred is not None or self._case is None:
            return preferred
        return self._case.reference_volume()

    def can_paint_on(self, volume: Volume) -> bool:
        """Tell whether labels on an image's grid can be painted: not if it is resampled for display."""
        return self.frame.places_labels(volume.geometry)

    def save_labels(self, labels: LabelMap, path: str | Path) -> Path:
        """Write a label map on its source grid; see :func:`napari_medassist.io.files.write`."""
        return write(labels, path)

    def compare(self, reference: LabelMap, prediction: LabelMap) -> ComparedLabels:
        """Compare two label maps on one grid at voxel and lesion level.

        Raises
        ------
        GeometryMismatch
            If their grids differ; nothing is resampled.
        """
        comparison = compare(reference, prediction)
        verdicts = LabelMap.on(
            reference,
            verdict_maps(comparison).combined,
            name="Verdicts",
            scheme=VERDICT_SCHEME,
        )
        result = ComparedLabels(reference, prediction, comparison.evaluation, verdicts)
        self._show(result)
        return result

    def _show(self, comparison: ComparedLabels | None) -> None:
        self._comparison = comparison
        self.comparison_changed.emit(comparison)


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
