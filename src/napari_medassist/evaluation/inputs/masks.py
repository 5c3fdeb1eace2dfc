"""From what a caller hands over to two masks on one grid, or a clear refusal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from napari_medassist.core.errors import InvalidGeometry, InvalidSetting
from napari_medassist.core.geometry import Geometry, Triple
from napari_medassist.evaluation.inputs.foreground import Foreground
from napari_medassist.evaluation.inputs.given import GivenImage, Kind, Labelled, Predicted, kind_of
from napari_medassist.metrics.pair import checked_spacing

__all__ = [
    "GivenImage",
    "Inputs",
    "Kind",
    "LabelChoice",
    "Labelled",
    "Predicted",
    "checked_inputs",
    "checked_labels",
]

#: A label value, several that count as one foreground, or None for every non-zero value.
LabelChoice = int | Sequence[int] | None


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
        return self.reference.foreground(self.labels, "reference")

    def prediction_foreground(self) -> NDArray[np.bool_]:
        """Return where a predicted label map has a chosen label; errors as for the reference."""
        return self.prediction.foreground(self.labels, "prediction")

    def reference_cropped(self) -> Foreground:
        """Return the foreground of the reference, cropped to what is in it; errors as above."""
        return self.reference.cropped_foreground(self.labels, "reference")

    def prediction_cropped(self) -> Foreground:
        """Return the foreground of a predicted label map, cropped to what is in it."""
        return self.prediction.cropped_foreground(self.labels, "prediction")


def checked_inputs(
    reference: Labelled,
    prediction: Predicted,
    spacing_zyx_mm: Sequence[float] | None,
    *,
    label: LabelChoice = None,
    kind: Kind | None = None,
) -> Inputs:
    """Check a reference and a prediction as far as no convention has a say.

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

    Raises
    ------
    InvalidGeometry
        If the spacing is missing, impossible, or contradicts the grid, or the grid is sheared.
    InvalidImage
        If the prediction is said to hold confidences, and does not.
    InvalidSetting
        If the kind contradicts the type, or a label is impossible.
    """
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
