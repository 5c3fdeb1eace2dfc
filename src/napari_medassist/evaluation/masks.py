"""From what a caller hands over to two masks on one grid, or a clear refusal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_medassist.core.errors import InvalidGeometry, InvalidImage, InvalidSetting
from napari_medassist.core.geometry import Geometry, Triple
from napari_medassist.core.labels import LabelMap, label_map_of
from napari_medassist.core.volume import GridImage, Volume
from napari_medassist.metrics.pair import MaskPair, checked_spacing

#: What :func:`~napari_medassist.evaluation.case.evaluate` takes as reference and as prediction.
Labelled = NDArray[Any] | LabelMap | Volume
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
    """

    pair: MaskPair
    geometry: Geometry | None


def prepare(
    reference: Labelled,
    prediction: Labelled,
    spacing_zyx_mm: Sequence[float] | None,
    *,
    label: LabelChoice = None,
    grid_tolerance_mm: float,
) -> Prepared:
    """Check two label maps against each other and reduce them to masks.

    Parameters
    ----------
    reference, prediction
        Label maps, or arrays (z, y, x) of whole numbers.
    spacing_zyx_mm
        Voxel spacing in mm; needed where neither side knows its grid.
    label
        Which values are foreground.
    grid_tolerance_mm
        How far the corners of the two grids may lie apart.

    Raises
    ------
    GeometryMismatch
        If the grids or shapes differ.
    InvalidGeometry
        If the spacing is missing, impossible, or contradicts the grid, or the grid is sheared.
    InvalidImage
        If the values are no labels.
    """
    wanted = checked_labels(label)
    sides = {"reference": _as_image(reference), "prediction": _as_image(prediction)}
    geometry = _common_grid(sides, grid_tolerance_mm)
    spacing = _common_spacing(geometry, spacing_zyx_mm)
    first, second = (_foreground(image, wanted, name) for name, image in sides.items())
    return Prepared(MaskPair.of(first, second, spacing), geometry)


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


def _as_image(image: Labelled) -> LabelMap | NDArray[Any]:
    if isinstance(image, LabelMap):
        return image
    if isinstance(image, Volume):
        return label_map_of(image)
    if isinstance(image, GridImage):
        raise InvalidImage(
            f"A {type(image).__name__} holds no labels.",
            cure="Threshold it on purpose before comparing it as a label map.",
        )
    return np.asarray(image)


def _common_grid(
    sides: dict[str, LabelMap | NDArray[Any]], grid_tolerance_mm: float
) -> Geometry | None:
    grids = {name: s.geometry for name, s in sides.items() if isinstance(s, LabelMap)}
    if len(grids) == 2:
        grids["reference"].require_same_grid(
            grids["prediction"], names=("reference", "prediction"), tolerance_mm=grid_tolerance_mm
        )
    geometry = next(iter(grids.values()), None)
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


def _foreground(
    image: LabelMap | NDArray[Any], wanted: tuple[int, ...] | None, name: str
) -> NDArray[np.bool_]:
    values = np.asarray(image.array) if isinstance(image, LabelMap) else image
    if values.ndim != 3 or values.size == 0:
        raise InvalidImage(f"The {name} needs three axes (z, y, x), its shape is {values.shape}.")
    if not isinstance(image, LabelMap):
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
