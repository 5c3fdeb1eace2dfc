"""Label maps, probability maps and detection maps on a voxel grid."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np

from napari_medassist.core.errors import InvalidImage
from napari_medassist.core.volume import Array, GridImage, Volume

Rgb = tuple[int, int, int]

#: Distinguishable with the common colour-vision deficiencies (Okabe and Ito's palette, without black).
_PALETTE: tuple[Rgb, ...] = (
    (230, 159, 0),
    (86, 180, 233),
    (0, 158, 115),
    (240, 228, 66),
    (0, 114, 178),
    (213, 94, 0),
    (204, 121, 167),
)


def default_colour(value: int, shift: int = 0) -> Rgb:
    """Return the colour that a label value has when nobody chose one, as 0..255 RGB.

    Parameters
    ----------
    value
        The label value.
    shift
        How far along the palette to start, so that several label maps do not look alike.
    """
    return _PALETTE[(value - 1 + shift) % len(_PALETTE)]


@dataclass(frozen=True)
class Code:
    """A coded concept, e.g. SNOMED CT's for the peripheral zone of the prostate."""

    scheme: str
    value: str
    meaning: str


@dataclass(frozen=True)
class Label:
    """One value of a label map: its name, its colour (0..255 RGB) and, if known, its code."""

    value: int
    name: str
    colour: Rgb
    code: Code | None = None

    def __post_init__(self) -> None:
        if self.value < 1:
            raise InvalidImage(f"A label value must be 1 or more, got {self.value}.")
        if any(not 0 <= c <= 255 for c in self.colour):
            raise InvalidImage(f"Colours run from 0 to 255, got {self.colour}.")


@dataclass(frozen=True)
class LabelScheme:
    """What the values of a label map mean. 0 is always background and never listed."""

    labels: tuple[Label, ...] = ()

    def __post_init__(self) -> None:
        values = [label.value for label in self.labels]
        if len(set(values)) != len(values):
            raise InvalidImage(f"A label value stands twice in the scheme: {sorted(values)}.")

    @classmethod
    def from_names(cls, names: dict[int, str]) -> Self:
        """Make a scheme with default colours from value -> name."""
        return cls(tuple(Label(v, n, default_colour(v)) for v, n in sorted(names.items())))

    def get(self, value: int, shift: int = 0) -> Label:
        """Return the label of a value; an unnamed one if the scheme does not list it.

        See :func:`default_colour` for ``shift``.
        """
        for label in self.labels:
            if label.value == value:
                return label
        return Label(value, f"label {value}", default_colour(value, shift))

    def completed(self, values: Iterable[int], shift: int = 0) -> LabelScheme:
        """Return a scheme that lists the given values too (0 is passed over)."""
        all_values = {label.value for label in self.labels} | {int(v) for v in values if v}
        return LabelScheme(tuple(self.get(v, shift) for v in sorted(all_values)))


@dataclass(frozen=True, eq=False)
class LabelMap(GridImage):
    """Whole numbers on a grid: 0 background, each other value a label of the scheme.

    Parameters
    ----------
    scheme
        What the values mean.

    See :class:`~napari_medassist.core.volume.GridImage` for the others.

    Raises
    ------
    InvalidImage
        If the array does not hold whole numbers (bool counts), or holds negative ones.
    """

    scheme: LabelScheme = field(default_factory=LabelScheme)
    warnings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        kind = np.dtype(self.array.dtype).kind
        if kind not in "iub":
            raise InvalidImage(
                f"A label map needs whole numbers, its array is {self.array.dtype}.",
                cure="Round it on purpose, or read it as a probability map.",
            )
        if kind == "i" and self.array.shape and np.min(np.asarray(self.array)) < 0:
            raise InvalidImage("A label map holds negative values; labels are 0 and above.")

    @classmethod
    def on(cls, volume: GridImage, array: Array | None = None, **fields: Any) -> Self:
        """Make a label map on the grid of an image; empty (uint8 zeros) if no array is given.

        Parameters
        ----------
        volume
            The image whose grid, axis order and file grid it takes.
        array
            Whole numbers, (z, y, x) in canonical order.
        **fields
            The other parameters of the class.
        """
        if array is None:
            array = np.zeros(volume.geometry.shape_zyx, dtype=np.uint8)
        return cls(array=array, geometry=volume.geometry, source=volume.source, **fields)

    def values(self) -> tuple[int, ...]:
        """Return the label values that occur, rising, without 0."""
        return tuple(int(v) for v in np.unique(np.asarray(self.array)) if v != 0)


@dataclass(frozen=True, eq=False)
class ProbabilityMap(GridImage):
    """Probabilities of the foreground, 0..1, on a grid (z, y, x).

    Raises
    ------
    InvalidImage
        If the values are not floating point numbers within 0..1, or not finite.
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        _require_unit_range(self.array, "probability map")


@dataclass(frozen=True, eq=False)
class DetectionMap(GridImage):
    """Confidence of lesion candidates, 0..1, one constant value a candidate, on a grid (z, y, x).

    That each component has one value is PI-CAI's rule; the evaluation checks it, since what a
    component is depends on the connectivity in use.

    Raises
    ------
    InvalidImage
        If the values are not floating point numbers within 0..1, or not finite.
    """

    def __post_init__(self) -> None:
        super().__post_init__()
        _require_unit_range(self.array, "detection map")


def _require_unit_range(array: Array, name: str) -> None:
    if np.dtype(array.dtype).kind != "f":
        raise InvalidImage(f"A {name} needs floating point values, its array is {array.dtype}.")
    low, high = np.min(np.asarray(array)), np.max(np.asarray(array))
    # Not a number is in the minimum too, so that both tell of every value that is not finite.
    if not (np.isfinite(low) and np.isfinite(high)):
        raise InvalidImage(f"A {name} holds values that are not finite.")
    if low < 0 or high > 1:
        raise InvalidImage(f"A {name} runs from 0 to 1, this one from {low:g} to {high:g}.")


def label_map_of(volume: Volume, scheme: LabelScheme | None = None) -> LabelMap:
    """Read an image's values as labels.

    Floating point values are accepted if every one is a whole number (some tools write label maps as
    float32); the values are kept exactly.

    Raises
    ------
    InvalidImage
        If a value is fractional, negative, not finite, or the image has a time axis.
    """
    values = np.asarray(volume.array)
    if values.ndim != 3:
        raise InvalidImage(f"A label map has three axes, this image has {values.ndim}.")
    if values.dtype.kind == "f":
        if not np.isfinite(values).all() or (values != np.rint(values)).any():
            raise InvalidImage(
                "The values are fractional, so they are no labels.",
                cure="Threshold the image on purpose before comparing it as a label map.",
            )
        if values.min() < 0:
            raise InvalidImage("A label map holds negative values; labels are 0 and above.")
        values = values.astype(_smallest_unsigned(float(values.max())))
    return LabelMap(
        array=values,
        geometry=volume.geometry,
        source=volume.source,
        name=volume.name,
        provenance=volume.provenance,
        scheme=scheme or LabelScheme(),
        warnings=volume.warnings,
    )


def _smallest_unsigned(largest: float) -> np.dtype[Any]:
    for dtype in (np.uint8, np.uint16, np.uint32):
        if largest <= np.iinfo(dtype).max:
            return np.dtype(dtype)
    raise InvalidImage(f"A label value of {largest:g} is too large to be a label.")
