"""From what a caller hands over to two masks on one grid, or a clear refusal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from napari_medassist.core.errors import InvalidGeometry, InvalidSetting
from napari_medassist.core.geometry import Geometry, Triple
from napari_medassist.core.lesion import Index
from napari_medassist.evaluation.candidates import (
    Candidates,
    MapKind,
    candidate_values,
    computable,
    detections,
)
from napari_medassist.evaluation.conventions import Convention
from napari_medassist.evaluation.cropping import above_zero, pair_on_smallest_box
from napari_medassist.evaluation.given import GivenImage, Kind, Labelled, Predicted, kind_of
from napari_medassist.metrics.occupied import Box, union_box
from napari_medassist.metrics.pair import MaskPair, checked_spacing, require_same_shape
from napari_medassist.metrics.probability_pair import ProbabilityPair

__all__ = [
    "GivenImage",
    "Inputs",
    "Kind",
    "LabelChoice",
    "Labelled",
    "Predicted",
    "Prepared",
    "checked_inputs",
    "checked_labels",
    "prepare",
]

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
        The candidates of a predicted map, on the crop of the pair; None for a predicted mask.
    probabilities
        The reference and the predicted probabilities; None unless a probability map was predicted.
    """

    pair: MaskPair
    geometry: Geometry | None
    confidence: Candidates | None = None
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
    given.require_same_shape()
    if given.prediction.kind != "labels":
        return _prepared_map(given, given.prediction.kind, convention)
    box = given.box
    pair, _ = pair_on_smallest_box(
        given.reference.labelled(given.labels, box),
        given.prediction.labelled(given.labels, box),
        box,
        shape_zyx=given.shape_zyx,
        spacing_zyx_mm=given.spacing_zyx_mm,
        rule=convention.surface,
    )
    return Prepared(pair, given.geometry)


def _prepared_map(given: Inputs, kind: MapKind, convention: Convention) -> Prepared:
    rule, box, second = convention.extraction, given.box, given.prediction
    is_detection = kind == "detection" or rule.from_probability == "detection_map"
    values = computable(second.values[box])
    if is_detection:
        called = above_zero(values, second.occupied.rows[box[:2]])
    else:
        values = candidate_values(values, rule, kind)
        called = above_zero(values)
    pair, inner = pair_on_smallest_box(
        given.reference.labelled(given.labels, box),
        called,
        box,
        shape_zyx=given.shape_zyx,
        spacing_zyx_mm=given.spacing_zyx_mm,
        rule=convention.surface,
    )
    candidates = Candidates(values[inner])
    if is_detection:
        candidates = detections(
            values[inner], pair.prediction, rule.connectivity, box=pair.box, rows=pair.prediction_rows
        )
    if kind == "detection":
        return Prepared(pair, given.geometry, candidates)
    probabilities = ProbabilityPair.of(given.reference_foreground(), second.values)
    return Prepared(pair, given.geometry, candidates, probabilities)


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

    def require_same_shape(self) -> None:
        """Raise ``GeometryMismatch`` if the shapes differ, ``InvalidImage`` if a side is not fit."""
        self.reference.require_label_map("reference")
        if self.prediction.kind == "labels":
            self.prediction.require_label_map("prediction")
        elif self.prediction.values.ndim != 3:
            computable(self.prediction.values)
        require_same_shape(self.reference.values.shape, self.prediction.values.shape)

    @property
    def shape_zyx(self) -> Index:
        """Shape of the grid."""
        depth, height, width = self.reference.values.shape
        return depth, height, width

    @property
    def box(self) -> Box:
        """The smallest box around all that is not 0 on either side; the first voxel if all is."""
        return union_box(self.reference.occupied.box, self.prediction.occupied.box)

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
        return self.reference.foreground(self.labels, "reference")

    def prediction_foreground(self) -> NDArray[np.bool_]:
        """Return where a predicted label map has a chosen label; errors as for the reference."""
        return self.prediction.foreground(self.labels, "prediction")


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
    first = GivenImage.of(reference, "labels")
    second = GivenImage.of(prediction, kind_of(prediction, kind))
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
    new = GivenImage.of(image, old.kind)
    if new.geometry is not None or old.geometry is None:
        return new
    if new.kind == "labels":
        new.require_labels("edited label map")
    return replace(new, geometry=old.geometry)


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
