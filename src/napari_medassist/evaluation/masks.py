"""From what a caller hands over to two masks on one grid, or a clear refusal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from napari_medassist.core.errors import InvalidGeometry, InvalidImage, InvalidSetting
from napari_medassist.core.geometry import Geometry, Triple
from napari_medassist.core.labels import DetectionMap, LabelMap, ProbabilityMap, label_map_of
from napari_medassist.core.volume import GridImage, Volume
from napari_medassist.evaluation.candidates import MapKind, Values, candidate_values
from napari_medassist.evaluation.conventions import Convention
from napari_medassist.metrics.pair import MaskPair, checked_spacing
from napari_medassist.metrics.probability_pair import ProbabilityPair

#: What :func:`~napari_medassist.evaluation.case.evaluate` takes as reference.
Labelled = NDArray[Any] | LabelMap | Volume
#: What it takes as prediction.
Predicted = Labelled | ProbabilityMap | DetectionMap
#: What the numbers of a predicted array or image are.
Kind = Literal["labels", "probability", "detection"]
#: A label value, several that count as one foreground, or None for every non-zero value.
LabelChoice = int | Sequence[int] | None


@dataclass(frozen=True, eq=False)
class Prepared:
    """Two masks that are fit to be compared.

    Parameters
    ----------
    pair
        The masks.
    geometry
        Their grid in the patient; None if only arrays were given.
    confidence
        (z, y, x) values of a predicted map, 0 where it has no candidate; None for a predicted mask.
    probabilities
        The reference and the predicted probabilities; None unless a probability map was predicted.
    """

    pair: MaskPair
    geometry: Geometry | None
    confidence: Values | None = None
    probabilities: ProbabilityPair | None = None


def prepare(
    reference: Labelled,
    prediction: Predicted,
    spacing_zyx_mm: Sequence[float] | None,
    *,
    label: LabelChoice = None,
    kind: Kind | None = None,
    convention: Convention,
) -> Prepared:
    """Check a reference and a prediction against each other and reduce them to masks.

    The mask of a predicted map is all its lesion candidates together.

    Parameters
    ----------
    reference
        Label map, or array (z, y, x) of whole numbers.
    prediction
        The same, or a probability map or detection map.
    spacing_zyx_mm
        Voxel spacing in mm; needed where neither side knows its grid.
    label
        Which values are foreground. Of predicted maps all is, whatever the label.
    kind
        What a predicted array or image holds; ``labels`` unless the type says otherwise.
    convention
        How candidates come from a predicted map, what a surface is, and how far the corners of the two
        grids may lie apart.

    Raises
    ------
    GeometryMismatch
        If the grids or shapes differ.
    InvalidGeometry
        If the spacing is missing, impossible, or contradicts the grid, or the grid is sheared.
    InvalidImage
        If the values are no labels, or no probabilities.
    InvalidSetting
        If the kind contradicts the type, or a label is impossible.
    """
    given = checked_inputs(reference, prediction, spacing_zyx_mm, label=label, kind=kind)
    given.require_same_grid(convention.grid_tolerance_mm)
    actual, second = given.reference_foreground(), given.prediction
    if second.kind == "labels":
        pair = MaskPair.of(
            actual, given.prediction_foreground(), given.spacing_zyx_mm, rule=convention.surface
        )
        return Prepared(pair, given.geometry)
    confidence = candidate_values(second.values, convention.extraction, second.kind)
    pair = MaskPair.of(actual, confidence > 0, given.spacing_zyx_mm, rule=convention.surface)
    if second.kind == "detection":
        return Prepared(pair, given.geometry, confidence)
    probabilities = ProbabilityPair.of(actual, second.values)
    return Prepared(pair, given.geometry, confidence, probabilities)


@dataclass(frozen=True, eq=False)
class GivenImage:
    """The voxel values of one side, where they lie if that is known, and what they are.

    Parameters
    ----------
    values
        (z, y, x).
    geometry
        Their grid; None for a bare array.
    kind
        What the numbers are.
    """

    values: NDArray[Any]
    geometry: Geometry | None
    kind: Kind


@dataclass(frozen=True, eq=False)
class Inputs:
    """A reference and a prediction, checked as far as no convention has a say.

    Parameters
    ----------
    reference, prediction
        The two sides.
    labels
        The values that are foreground; None for every non-zero one.
    spacing_zyx_mm
        Voxel spacing in mm.
    """

    reference: GivenImage
    prediction: GivenImage
    labels: tuple[int, ...] | None
    spacing_zyx_mm: Triple

    @property
    def geometry(self) -> Geometry | None:
        """The grid of the reference, else of the prediction; None if both are bare arrays."""
        return _known_grid(self.reference, self.prediction)

    def require_same_grid(self, grid_tolerance_mm: float) -> None:
        """Raise ``GeometryMismatch`` if two known grids lie farther apart than the tolerance."""
        grids = [side.geometry for side in (self.reference, self.prediction) if side.geometry]
        if len(grids) == 2:
            grids[0].require_same_grid(
                grids[1], names=("reference", "prediction"), tolerance_mm=grid_tolerance_mm
            )

    def with_reference(self, reference: Labelled) -> Inputs:
        """Return the inputs with another reference; a bare array lies on the grid of the old one."""
        return replace(self, reference=_changed(self.reference, reference))._on_known_grid()

    def with_prediction(self, prediction: Predicted) -> Inputs:
        """Return the inputs with another prediction of the same kind; the rest as for the reference."""
        return replace(self, prediction=_changed(self.prediction, prediction))._on_known_grid()

    def _on_known_grid(self) -> Inputs:
        known = self.geometry
        return self if known is None else replace(self, spacing_zyx_mm=known.spacing_zyx_mm)

    def reference_foreground(self) -> NDArray[np.bool_]:
        """Return where the reference has a chosen label; ``InvalidImage`` if it holds no labels."""
        return _foreground(self.reference, self.labels, "reference")

    def prediction_foreground(self) -> NDArray[np.bool_]:
        """Return where a predicted label map has a chosen label; errors as for the reference."""
        return _foreground(self.prediction, self.labels, "prediction")


def checked_inputs(
    reference: Labelled,
    prediction: Predicted,
    spacing_zyx_mm: Sequence[float] | None,
    *,
    label: LabelChoice = None,
    kind: Kind | None = None,
) -> Inputs:
    """Check all that does not depend on a convention; parameters and errors as in :func:`prepare`."""
    wanted = checked_labels(label)
    first, second = _side(reference, "labels"), _side(prediction, _kind_of(prediction, kind))
    geometry = _known_grid(first, second)
    return Inputs(first, second, wanted, _common_spacing(geometry, spacing_zyx_mm))


def checked_labels(label: LabelChoice) -> tuple[int, ...] | None:
    """Return the chosen label values; None stands for every non-zero one.

    Raises
    ------
    InvalidSetting
        If a value is not a whole number from 1 on, or there is none.
    """
    if label is None:
        return None
    values = np.atleast_1d(np.asarray(label))
    if values.dtype.kind not in "iu" or values.ndim != 1 or values.min(initial=1) < 1:
        raise InvalidSetting(f"Labels are whole numbers from 1 on, got {label}.")
    return tuple(int(v) for v in values)


def _changed(old: GivenImage, image: Predicted) -> GivenImage:
    new = _side(image, old.kind)
    if new.geometry is not None or old.geometry is None:
        return new
    if new.kind == "labels":
        _require_labels(new.values, "edited label map")
    return replace(new, geometry=old.geometry)


def _kind_of(prediction: Predicted, kind: Kind | None) -> Kind:
    if kind not in (None, *get_args(Kind)):
        raise InvalidSetting(f"kind is one of {', '.join(get_args(Kind))}; not '{kind}'.")
    own = next((k for cls, k in _KINDS.items() if isinstance(prediction, cls)), None)
    if own and kind not in (None, own):
        raise InvalidSetting(f"A {type(prediction).__name__} does not hold what '{kind}' says.")
    return own or kind or "labels"


_KINDS: dict[type[GridImage], Kind] = {
    LabelMap: "labels",
    ProbabilityMap: "probability",
    DetectionMap: "detection",
}
_MAP_OF: dict[MapKind, type[ProbabilityMap | DetectionMap]] = {
    "probability": ProbabilityMap,
    "detection": DetectionMap,
}


def _side(image: Predicted, kind: Kind) -> GivenImage:
    if isinstance(image, Volume) and kind == "labels":
        image = label_map_of(image)
    if isinstance(image, GridImage):
        if _KINDS.get(type(image), kind) != kind:
            raise InvalidImage(
                f"A {type(image).__name__} holds no labels.",
                cure="Threshold it on purpose before comparing it as a label map.",
            )
        side = GivenImage(np.asarray(image.array), image.geometry, kind)
    else:
        side = GivenImage(np.asarray(image), None, kind)
    if kind != "labels" and type(image) not in _KINDS:
        _require_map(side.values, kind)
    return side


def _require_map(values: NDArray[Any], kind: MapKind) -> None:
    """Check bare values as the type of their kind checks its own."""
    if values.ndim != 3 or values.size == 0:
        raise InvalidImage(f"The prediction needs three axes (z, y, x), its shape is {values.shape}.")
    depth, height, width = values.shape
    _MAP_OF[kind](array=values, geometry=Geometry((depth, height, width), (1.0, 1.0, 1.0)))


def _known_grid(first: GivenImage, second: GivenImage) -> Geometry | None:
    geometry = first.geometry or second.geometry
    if geometry is not None and geometry.is_sheared:
        raise InvalidGeometry(
            "The axes of the grid are not at right angles, so distances between voxels do not "
            f"follow from the spacing: {geometry.describe()}.",
            cure="Resample both label maps onto a grid with right angles first.",
        )
    return geometry


def _common_spacing(geometry: Geometry | None, spacing_zyx_mm: Sequence[float] | None) -> Triple:
    given = None if spacing_zyx_mm is None else checked_spacing(spacing_zyx_mm)
    if geometry is None:
        if given is None:
            raise InvalidGeometry(
                "Arrays know no millimetres.", cure="Pass spacing_zyx_mm, the voxel spacing in mm."
            )
        return given
    if given is not None and not np.allclose(given, geometry.spacing_zyx_mm, rtol=1e-3, atol=0):
        raise InvalidGeometry(
            f"The spacing {given} mm (z, y, x) contradicts the grid's {geometry.spacing_zyx_mm} mm.",
            cure="Leave spacing_zyx_mm out: the label map knows its own.",
        )
    return geometry.spacing_zyx_mm


def _foreground(side: GivenImage, wanted: tuple[int, ...] | None, name: str) -> NDArray[np.bool_]:
    values = side.values
    if values.ndim != 3 or values.size == 0:
        raise InvalidImage(f"The {name} needs three axes (z, y, x), its shape is {values.shape}.")
    if side.geometry is None:  # a label map has been checked when it was made
        _require_labels(values, name)
    if wanted is None:
        return values if values.dtype == np.bool_ else values != 0
    return values == wanted[0] if len(wanted) == 1 else np.isin(values, wanted)


def _require_labels(values: NDArray[Any], name: str) -> None:
    kind = values.dtype.kind
    if kind not in "iubf":
        raise InvalidImage(f"The {name} needs whole numbers, its array is {values.dtype}.")
    if kind == "f" and not (np.isfinite(values).all() and (values == np.rint(values)).all()):
        raise InvalidImage(
            f"The {name} holds fractional or non-finite values, so they are no labels.",
            cure="Threshold it on purpose before comparing it as a label map.",
        )
    if kind in "if" and values.min() < 0:
        raise InvalidImage(f"The {name} holds negative values; labels are 0 and above.")
