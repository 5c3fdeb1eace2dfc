"""One side of a comparison as a caller hands it over: label map or map of confidences, checked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from napari_medassist.core.errors import InvalidImage, InvalidSetting
from napari_medassist.core.geometry import Geometry
from napari_medassist.core.labels import DetectionMap, LabelMap, ProbabilityMap, label_map_of
from napari_medassist.core.volume import GridImage, Volume
from napari_medassist.evaluation.extraction.candidates import MapKind
from napari_medassist.evaluation.inputs.foreground import Foreground
from napari_medassist.metrics.grid import Mask
from napari_medassist.metrics.occupied import Occupied, row_blocks

#: What :func:`~napari_medassist.evaluation.case.evaluate` takes as reference.
Labelled = NDArray[Any] | LabelMap | Volume
#: What it takes as prediction.
Predicted = Labelled | ProbabilityMap | DetectionMap
#: What the numbers of a predicted array or image are.
Kind = Literal["labels", "probability", "detection"]

_KINDS: dict[type[GridImage], Kind] = {
    LabelMap: "labels",
    ProbabilityMap: "probability",
    DetectionMap: "detection",
}
_MAP_OF: dict[MapKind, type[ProbabilityMap | DetectionMap]] = {
    "probability": ProbabilityMap,
    "detection": DetectionMap,
}


def kind_of(prediction: Predicted, kind: Kind | None) -> Kind:
    """Return what a prediction holds: its type says so, or the caller; labels otherwise.

    Raises
    ------
    InvalidSetting
        If the two contradict each other, or there is no such kind.
    """
    if kind not in (None, *get_args(Kind)):
        raise InvalidSetting(f"kind is one of {', '.join(get_args(Kind))}; not '{kind}'.")
    own = next((k for cls, k in _KINDS.items() if isinstance(prediction, cls)), None)
    if own and kind not in (None, own):
        raise InvalidSetting(f"A {type(prediction).__name__} does not hold what '{kind}' says.")
    return own or kind or "labels"


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

    @classmethod
    def of(cls, image: Predicted, kind: Kind) -> GivenImage:
        """Take what a caller hands over; maps are checked, labels with :meth:`require_label_map`.

        Raises
        ------
        InvalidImage
            If the type holds something else, or the numbers are no confidences from 0 to 1.
        """
        if isinstance(image, Volume) and kind == "labels":
            image = label_map_of(image)
        if isinstance(image, GridImage):
            if _KINDS.get(type(image), kind) != kind:
                raise InvalidImage(
                    f"A {type(image).__name__} holds no labels.",
                    cure="Threshold it on purpose before comparing it as a label map.",
                )
            side = cls(np.asarray(image.array), image.geometry, kind)
        else:
            side = cls(np.asarray(image), None, kind)
        if kind != "labels" and type(image) not in _KINDS:
            side._require_map(kind)
        return side

    @cached_property
    def occupied(self) -> Occupied:
        """Where the values are not 0, found once."""
        return Occupied.of(self.values)

    def cropped_foreground(self, labels: Sequence[int] | None, name: str) -> Foreground:
        """Return where it has a chosen label (None: any), cropped; parameters as below."""
        self.require_label_map(name)
        return Foreground.of_labels(self.values, self.occupied, labels)

    def foreground(self, labels: Sequence[int] | None, name: str) -> Mask:
        """Return where it has a chosen label (None: any), on the full grid.

        Raises
        ------
        InvalidImage
            If it holds no labels; ``name`` tells the reader which side it is.
        """
        self.require_label_map(name)
        if labels is None:
            return self.values if self.values.dtype == np.bool_ else self.values != 0
        return self.values == labels[0] if len(labels) == 1 else np.isin(self.values, labels)

    def require_label_map(self, name: str) -> None:
        """Raise ``InvalidImage`` unless it has three axes and holds labels."""
        _require_three_axes(self.values, name)
        if self.geometry is None:  # a label map has been checked when it was made
            self.require_labels(name)

    def require_labels(self, name: str) -> None:
        """Raise ``InvalidImage`` unless the values are whole numbers from 0 on."""
        kind = self.values.dtype.kind
        if kind not in "iubf":
            raise InvalidImage(f"The {name} needs whole numbers, its array is {self.values.dtype}.")
        if kind == "f" and not all(_are_whole(block) for block in self._blocks()):
            raise InvalidImage(
                f"The {name} holds fractional or non-finite values, so they are no labels.",
                cure="Threshold it on purpose before comparing it as a label map.",
            )
        if kind in "if" and any(block.min() < 0 for block in self._blocks()):
            raise InvalidImage(f"The {name} holds negative values; labels are 0 and above.")

    def _require_map(self, kind: MapKind) -> None:
        """Check bare values as the type of their kind checks its own.

        Where all rows with anything in them are fine, so is the whole.
        """
        _require_three_axes(self.values, "prediction")
        is_float = self.values.dtype.kind == "f"
        # Not a number compares as false, so that it does not pass either.
        if is_float and all(b.min() >= 0 and b.max() <= 1 for b in self._blocks()):
            return
        depth, height, width = self.values.shape
        _MAP_OF[kind](array=self.values, geometry=Geometry((depth, height, width), (1.0, 1.0, 1.0)))

    def _blocks(self) -> Iterator[NDArray[Any]]:
        """Go through the rows that are not 0 all along, some at a time."""
        for block in row_blocks(self.occupied.rows, self.values.shape[2] * self.values.itemsize):
            yield self.values[block]


def _require_three_axes(values: NDArray[Any], name: str) -> None:
    if values.ndim != 3 or values.size == 0:
        raise InvalidImage(f"The {name} needs three axes (z, y, x), its shape is {values.shape}.")


def _are_whole(values: NDArray[Any]) -> bool:
    return bool(np.isfinite(values).all() and (values == np.rint(values)).all())
