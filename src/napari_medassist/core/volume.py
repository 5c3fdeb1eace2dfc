"""Images of a patient: a voxel array, its grid, and how it was acquired."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from napari_medassist.core.errors import InvalidImage
from napari_medassist.core.geometry import Geometry
from napari_medassist.core.orientation import Plane, SourceGrid
from napari_medassist.core.provenance import Provenance


class Array(Protocol):
    """What a volume needs of its array: numpy's own, a memory map, or a lazy array that acts alike."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Length of each axis."""
        ...

    @property
    def dtype(self) -> Any:
        """Type of the elements."""
        ...

    @property
    def ndim(self) -> int:
        """Number of axes."""
        ...

    def __getitem__(self, key: Any, /) -> Any: ...
    def __array__(self, *args: Any, **kwargs: Any) -> NDArray[Any]: ...


class Modality(StrEnum):
    """Kind of imaging; the values are DICOM's own codes."""

    MR = "MR"
    CT = "CT"
    US = "US"
    PT = "PT"
    SEG = "SEG"
    OTHER = "OT"


@dataclass(frozen=True)
class Acquisition:
    """How an image was acquired, as far as its file tells.

    Parameters
    ----------
    modality
        Kind of imaging.
    description
        The series description, or the file name where there is none.
    series_uid, frame_of_reference_uid
        DICOM's identifiers; empty elsewhere.
    series_number
        DICOM's series number.
    unit
        Unit of the voxel values: ``"HU"``, ``"um2/s"``, ``"Bq/ml"``, ``""`` if unknown.
    b_value_s_mm2
        Diffusion weighting in s/mm2; None where it does not apply.
    calculated
        True if the image was computed from others (a calculated b-value), not acquired.
    times_s
        For a time series: seconds from its first time point, rising, one a time point.
    time_source
        The tag that the time points were sorted by, with its name.
    window_centre_width
        The display window that the file proposes.
    image_type
        DICOM's ImageType values, e.g. ``("DERIVED", "PRIMARY", "DIFFUSION", "ADC")``.
    """

    modality: Modality = Modality.OTHER
    description: str = ""
    series_uid: str = ""
    frame_of_reference_uid: str = ""
    series_number: int | None = None
    unit: str = ""
    b_value_s_mm2: float | None = None
    calculated: bool = False
    times_s: tuple[float, ...] = ()
    time_source: str = ""
    window_centre_width: tuple[float, float] | None = None
    image_type: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class GridImage:
    """An array on a voxel grid; the base of volumes, label maps, probability and detection maps.

    Parameters
    ----------
    array
        (z, y, x), or (t, z, y, x) for a time series, in canonical order: the axes z, y, x grow toward
        superior, posterior, left. Read-only by agreement.
    geometry
        The canonical grid of the spatial axes, in LPS mm.
    source
        The grid and axis order of the file it came from; the canonical grid itself by default.
    name
        What a user calls it.
    provenance
        Where it comes from.
    """

    array: Array
    geometry: Geometry
    source: SourceGrid | None = None
    name: str = ""
    provenance: Provenance = field(default_factory=Provenance)

    def __post_init__(self) -> None:
        if self.array.ndim not in (3, 4):
            raise InvalidImage(
                f"An image needs the axes (z, y, x) or (t, z, y, x), got {self.array.ndim} axes."
            )
        if tuple(self.array.shape[-3:]) != self.geometry.shape_zyx:
            raise InvalidImage(
                f"The array is {tuple(self.array.shape[-3:])} voxels (z, y, x), "
                f"its grid {self.geometry.shape_zyx}."
            )
        if self.source is None:
            object.__setattr__(self, "source", SourceGrid(self.geometry))

    @classmethod
    def from_stored(cls, stored_array: NDArray[Any], stored_geometry: Geometry, **fields: Any) -> Self:
        """Make one from an array in file order and the grid that the file states.

        Parameters
        ----------
        stored_array
            (slow, middle, fast) or (t, slow, middle, fast), as stored.
        stored_geometry
            Its grid, the axes called z, y, x in stored order.
        **fields
            The other parameters of the class.
        """
        source = SourceGrid.of(stored_geometry)
        return cls(
            array=source.to_canonical(stored_array),
            geometry=source.canonical_geometry,
            source=source,
            **fields,
        )

    @property
    def source_grid(self) -> SourceGrid:
        """The grid and axis order that it is written back to."""
        return self.source if self.source is not None else SourceGrid(self.geometry)

    @property
    def plane(self) -> Plane:
        """The plane of the acquired slices: axial, coronal or sagittal."""
        return self.source_grid.plane

    @property
    def n_timepoints(self) -> int:
        """Number of time points; 1 for a three-dimensional image."""
        return int(self.array.shape[0]) if self.array.ndim == 4 else 1

    def stored_array(self) -> NDArray[Any]:
        """Return the values in the axis order of the file, (t,) slow, middle, fast; a view."""
        return self.source_grid.to_stored(np.asarray(self.array))

    def with_changes(self, **fields: Any) -> Self:
        """Return a copy in which the named fields are replaced."""
        return replace(self, **fields)


@dataclass(frozen=True, eq=False)
class Volume(GridImage):
    """An image of one role in a case, e.g. the T2w series or the b = 800 images.

    Parameters
    ----------
    acquisition
        How it was acquired.
    role
        What it is in its case, see ``io.roles``: ``t2w``, ``adc``, ``dwi``, ``high-b``, ``dce``, ...
    warnings
        What a reader should know before believing it (a missing slice, a doubtful header).

    See :class:`GridImage` for the others.
    """

    acquisition: Acquisition = field(default_factory=Acquisition)
    role: str = "other"
    warnings: tuple[str, ...] = ()

    @property
    def modality(self) -> Modality:
        """Kind of imaging."""
        return self.acquisition.modality

    @property
    def b_value_s_mm2(self) -> float | None:
        """Diffusion weighting in s/mm2, or None."""
        return self.acquisition.b_value_s_mm2
