"""Into which parts cases are divided besides being judged as a whole: zones, labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_medassist.app.cohort.pairing import FilePair
from napari_medassist.core.errors import GeometryMismatch, InvalidSetting, MedAssistError
from napari_medassist.core.labels import LabelMap, LabelScheme
from napari_medassist.core.results import CaseEvaluation, ZoneStatus
from napari_medassist.evaluation.comparison import Comparison
from napari_medassist.evaluation.conventions import Convention
from napari_medassist.evaluation.inputs.masks import Kind
from napari_medassist.evaluation.parts.by_label import evaluate_labels, unlisted_values
from napari_medassist.evaluation.parts.regions import ZoneMap, evaluate_regions
from napari_medassist.io.files import read_labels
from napari_medassist.metrics.pair import MaskPair


@dataclass(frozen=True, kw_only=True)
class Division:
    """Into which parts cases are divided.

    Parameters
    ----------
    zones
        Whether each case is judged by zone too; the files stand in ``FilePair.zones``.
    zone_scheme
        Names of the zones; those that the zone maps hold themselves if None.
    scheme
        What the values of the label maps mean; None if nobody said. Values that it does not list are
        told.
    per_label
        Whether each label of the scheme is compared by itself too.

    Raises
    ------
    InvalidSetting
        If labels are to be compared one by one and there is no scheme.
    """

    zones: bool = False
    zone_scheme: LabelScheme | None = None
    scheme: LabelScheme | None = None
    per_label: bool = False

    def __post_init__(self) -> None:
        if self.per_label and self.scheme is None:
            raise InvalidSetting(
                "Labels can be compared one by one only if their names are known.",
                cure="Give a label scheme (--scheme).",
            )

    def about(self) -> dict[str, Any]:
        """Return what the summary says of the schemes."""
        schemes = {"label_scheme": self.scheme, "zone_scheme": self.zone_scheme}
        return {
            name: {str(label.value): label.name for label in scheme.labels}
            for name, scheme in schemes.items()
            if scheme is not None
        }

    def require_kind(self, kind: Kind) -> None:
        """Raise :class:`InvalidSetting` if predictions of a kind cannot be divided so."""
        if self.per_label and kind != "labels":
            raise InvalidSetting(
                f"A {kind} map knows no labels, so that they cannot be compared one by one.",
                cure="Leave --per-label out, or compare label maps.",
            )


NO_DIVISION = Division()


@dataclass(frozen=True, eq=False)
class ZoneFile:
    """The zone map of a case, or why there is none.

    Parameters
    ----------
    labels
        The map; None if it cannot be used.
    status, problem
        Why not; ``ok`` and empty if it can.
    """

    labels: LabelMap | None = None
    status: ZoneStatus = ZoneStatus.OK
    problem: str = ""


def read_zones(pair: FilePair) -> ZoneFile:
    """Read the zone map of a case; that there is none, or a broken one, is no reason to give up."""
    if not pair.zones:
        return ZoneFile(None, ZoneStatus.MISSING, f"no zone map is called '{pair.case}'")
    if len(pair.zones) > 1:
        names = ", ".join(map(str, pair.zones))
        told = f"{len(pair.zones)} zone maps are called '{pair.case}': {names}"
        return ZoneFile(None, ZoneStatus.ERROR, told)
    (path,) = pair.zones
    try:
        return ZoneFile(read_labels(path))
    except MedAssistError as error:
        status = ZoneStatus.ERROR if path.exists() else ZoneStatus.MISSING
        return ZoneFile(None, status, str(error))
    except Exception as error:  # noqa: BLE001  a broken zone map must not cost the case
        return ZoneFile(None, ZoneStatus.ERROR, f"{path}: unexpected {type(error).__name__}: {error}")


@dataclass(frozen=True, eq=False)
class Compared:
    """A case as a whole, with what its parts are made from.

    Parameters
    ----------
    comparison
        The result, and the lesions with their voxels.
    pair
        The two masks.
    reference, prediction
        The label map; and the (z, y, x) values of the predicted one, None if it is no label map.
    """

    comparison: Comparison
    pair: MaskPair
    reference: LabelMap
    prediction: NDArray[Any] | None = None


def divided(
    compared: Compared,
    division: Division,
    zones: ZoneFile,
    *,
    convention: Convention,
    metrics: Sequence[str] | None,
) -> CaseEvaluation:
    """Return the evaluation of a case with its parts; what was wrong with these stands in the message.

    Parameters
    ----------
    compared
        The case as a whole.
    division
        Into which parts.
    zones
        Its zone map; not looked at unless zones were asked for.
    convention, metrics
        What it was compared under.
    """
    found = compared.comparison.evaluation
    if division.zones:
        found = _by_zone(compared, division, zones, convention, metrics)
    if division.scheme is not None:
        found = _by_label(found, compared, division, division.scheme, convention, metrics)
    return found


def _by_zone(
    compared: Compared,
    division: Division,
    zones: ZoneFile,
    convention: Convention,
    metrics: Sequence[str] | None,
) -> CaseEvaluation:
    found, status, problem = compared.comparison.evaluation, zones.status, zones.problem
    try:
        if zones.labels is not None:
            zone_map = ZoneMap.of(
                zones.labels,
                compared.pair.shape_zyx,
                compared.reference.geometry,
                scheme=division.zone_scheme,
                tolerance_mm=convention.grid_tolerance_mm,
            )
            found = evaluate_regions(
                compared.comparison,
                compared.pair,
                zone_map,
                convention=convention,
                metrics=metrics,
            )
            found = _with_unlisted(found, "zone map", zone_map.values, division.zone_scheme)
    except GeometryMismatch as error:
        status, problem = ZoneStatus.GRID_MISMATCH, str(error)
    except MedAssistError as error:
        status, problem = ZoneStatus.ERROR, str(error)
    if problem:
        found = _remarked(found, f"Zones not used: {problem.removesuffix('.')}.")
    return replace(found, zone_status=status)


def _by_label(
    found: CaseEvaluation,
    compared: Compared,
    division: Division,
    scheme: LabelScheme,
    convention: Convention,
    metrics: Sequence[str] | None,
) -> CaseEvaluation:
    reference = np.asarray(compared.reference.array)
    found = _with_unlisted(found, "reference", reference, scheme)
    if compared.prediction is None:
        return found
    found = _with_unlisted(found, "prediction", compared.prediction, scheme)
    if not division.per_label:
        return found
    parts = evaluate_labels(
        reference,
        compared.prediction,
        compared.pair.spacing_zyx_mm,
        scheme,
        convention=convention,
        metrics=metrics,
        geometry=compared.reference.geometry,
    )
    return replace(found, labels=parts)


def _with_unlisted(
    found: CaseEvaluation, name: str, values: NDArray[Any], scheme: LabelScheme | None
) -> CaseEvaluation:
    """Return a case that names the values of a map that a scheme does not list."""
    unlisted = () if scheme is None else unlisted_values(values, scheme)
    if not unlisted:
        return found
    told = ", ".join(map(str, unlisted))
    found = _remarked(found, f"The {name} holds values that the scheme does not list: {told}.")
    return replace(found, unlisted_labels=tuple(sorted({*found.unlisted_labels, *unlisted})))


def _remarked(found: CaseEvaluation, remark: str) -> CaseEvaluation:
    """Return a case whose message, in one line, says one more thing."""
    return replace(found, message=" ".join(f"{found.message} {remark}".split()))
