"""One case compared again and again: what a change of setting does not touch is not computed anew.

The stages of a comparison, and what each depends on besides the images and the stages before it:

1. *foreground* of each side: of a predicted map the extraction (method, cut-off); of masks nothing;
2. *pair* of masks on the box that holds both, with its surface distances: the surface rule;
3. *lesions* of each side: that box, connectivity, smallest volume, merging (of the reference);
4. *match graph*: nothing else;
5. *verdicts*: the matching rule;
6. *metrics*, each by itself when it is asked for: their own rules only.

Of every stage the results for the last few settings are kept, so that going back and forth costs
nothing, and a changed setting begins at the first stage that depends on it::

    staged = StagedCase(reference, probabilities, spacing, kind="probability")
    first = staged.under(MEDASSIST, metrics=QUICK_METRICS)        # counts, verdicts, Dice
    lower = MEDASSIST.with_changes(extraction={"threshold": 0.4})
    moved = staged.under(lower, metrics=QUICK_METRICS)            # from stage 1 on
    later = staged.under(lower)                                     # the distances, nothing else
    staged = staged.with_reference(painted_array)                   # after a brush stroke
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy

from napari_medassist.core.geometry import Geometry, Triple
from napari_medassist.core.lesion import Side
from napari_medassist.core.progress import Progress, silent
from napari_medassist.core.results import Settings
from napari_medassist.evaluation.comparison import Comparison, case_evaluation
from napari_medassist.evaluation.conventions import MEDASSIST, Convention
from napari_medassist.evaluation.inputs.masks import (
    Inputs,
    Kind,
    LabelChoice,
    Labelled,
    Predicted,
    checked_inputs,
)
from napari_medassist.evaluation.stages import Stages
from napari_medassist.metrics.lesion.matched import MatchedLesions
from napari_medassist.metrics.pair import MaskPair
from napari_medassist.metrics.registry import METRICS, default_names
from napari_medassist.metrics.spec import Family

#: The default metrics without surface distances: those that a slider or a brush is followed with.
QUICK_METRICS = tuple(
    name for name in default_names() if METRICS.get(name).family is not Family.DISTANCE
)


class StagedCase:
    """A reference and a prediction that are compared under one convention after another.

    Every result equals that of :func:`~napari_medassist.evaluation.case.compare` on the same input, to
    the digit: that function is the first comparison of a ``StagedCase``.

    One instance is for one worker at a time; it has no lock. The images are held and not copied: they
    must not change meanwhile. After a brush stroke :meth:`with_reference` or :meth:`with_prediction`
    takes the array again.

    Beside the images it holds at most, for each of the last ``n_kept`` settings, two masks (one byte a
    voxel of the box around all lesions), two maps of lesions (four bytes) and the surface distances
    (eight bytes a border voxel).

    Parameters
    ----------
    reference, prediction, spacing_zyx_mm, label, kind, case
        As in :func:`~napari_medassist.evaluation.case.evaluate`.
    n_kept
        For how many settings the results of each stage are kept.

    Raises
    ------
    InvalidGeometry, InvalidImage, InvalidSetting
        As ``evaluate`` does; what depends on the convention is checked in :meth:`under`.
    """

    def __init__(
        self,
        reference: Labelled,
        prediction: Predicted,
        spacing_zyx_mm: Sequence[float] | None = None,
        *,
        label: LabelChoice = None,
        kind: Kind | None = None,
        case: str = "",
        n_kept: int = 2,
    ) -> None:
        given = checked_inputs(reference, prediction, spacing_zyx_mm, label=label, kind=kind)
        self._case = case
        self._stages = Stages(given, n_kept)

    @property
    def spacing_zyx_mm(self) -> Triple:
        """Distance between neighbouring voxel centres along z, y, x, in mm."""
        return self._stages.given.spacing_zyx_mm

    @property
    def geometry(self) -> Geometry | None:
        """The grid of the images in the patient; None if only arrays were given."""
        return self._stages.given.geometry

    @property
    def kind(self) -> Kind:
        """What the prediction holds; a cut-off can be moved where it is ``"probability"``."""
        return self._stages.given.prediction.kind

    def under(
        self,
        convention: Convention = MEDASSIST,
        *,
        metrics: Sequence[str] | None = None,
        progress: Progress = silent,
        settings: Settings | None = None,
    ) -> Comparison:
        """Compare under a convention.

        Parameters
        ----------
        convention
            How lesions are told apart, matched and judged, and surfaces measured.
        metrics
            Names of the metrics to compute, e.g. :data:`QUICK_METRICS`; by default as in ``evaluate``.
        progress
            Told between stages; may raise ``Cancelled``. What was computed until then is kept.
        settings
            What the result says of the convention; by default all its settings. Who compares many cases
            need not make these anew for each.

        Raises
        ------
        GeometryMismatch, InvalidImage, UnknownItem
            As ``evaluate`` does.
        """
        stages = self._stages
        progress(0, 3, "Finding and matching the lesions")
        matched = self.matched(convention)
        progress(1, 3, "Comparing the lesions")
        of_lesions = stages.of_lesions(convention, metrics)
        progress(2, 3, "Comparing the voxels")
        of_voxels = stages.of_voxels(convention, metrics) | stages.of_probabilities(metrics)
        progress(3, 3, "")
        evaluation = case_evaluation(
            matched,
            of_voxels | of_lesions,
            convention.settings() if settings is None else settings,
            case=self._case,
            spacing_zyx_mm=self.spacing_zyx_mm,
        )
        return Comparison(evaluation, matched.reference, matched.prediction)

    def matched(self, convention: Convention = MEDASSIST) -> MatchedLesions:
        """Return the lesions and their verdicts under a convention, without any metric."""
        return self._stages.matched(convention)[1]

    def masks(self, convention: Convention = MEDASSIST) -> MaskPair:
        """Return the two masks under a convention, on the box that holds both."""
        return self._stages.pair(convention)[1]

    def with_reference(self, reference: Labelled) -> StagedCase:
        """Return the case with an edited reference; what the prediction alone decides is kept.

        A bare array lies on the grid of the reference before. Where it is the same array, changed in
        place, use the returned case from then on and no longer this one.

        Raises
        ------
        InvalidImage
            If it holds no labels.
        """
        return self._edited(self._stages.given.with_reference(reference), Side.REFERENCE)

    def with_prediction(self, prediction: Predicted) -> StagedCase:
        """Return the case with an edited prediction of the same kind; see :meth:`with_reference`."""
        return self._edited(self._stages.given.with_prediction(prediction), Side.PREDICTION)

    def _edited(self, given: Inputs, side: Side) -> StagedCase:
        other = copy(self)
        other._stages = self._stages.edited(given, side)
        return other
