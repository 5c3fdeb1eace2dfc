"""Images of SimpleITK and nibabel <-> ours. Nothing but the axis order and the frame changes.

SimpleITK: LPS mm, its arrays are (t,) z, y, x as ours are. nibabel: RAS, its arrays are i, j, k(, t),
the fastest axis first; both differences end here. In both directions the *stored* order of axes is
meant: the canonical one is made, and undone, by
:class:`~napari_medassist.core.orientation.SourceGrid`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import nibabel as nib
import numpy as np
import SimpleITK
from numpy.typing import ArrayLike, NDArray

from napari_medassist.core.errors import InvalidGeometry, UnsupportedFormat
from napari_medassist.core.geometry import Geometry
from napari_medassist.core.labels import LabelMap
from napari_medassist.core.orientation import lps_from_ras, ras_from_lps, reversed_axes
from napari_medassist.core.volume import GridImage, Volume


def geometry_from_sitk(image: SimpleITK.Image) -> Geometry:
    """Return the stored grid of a 2D, 3D or 4D image of SimpleITK.

    A 2D image is one slice of 1 mm at z = 0; the fourth axis of a 4D image is time.

    Raises
    ------
    InvalidGeometry
        If it cannot be a grid in a patient, or its time axis is mixed with a spatial one.
    """
    n_axes = image.GetDimension()
    if n_axes > 4:
        raise InvalidGeometry(f"The image has {n_axes} axes; three of space and one of time are read.")
    size, spacing, origin = (
        [*v, 1, 1] for v in (image.GetSize(), image.GetSpacing(), image.GetOrigin())
    )
    if n_axes == 2:
        origin[2] = 0.0
    direction = np.eye(max(n_axes, 3))
    direction[:n_axes, :n_axes] = np.reshape(image.GetDirection(), (n_axes, n_axes))
    if n_axes == 4 and (np.abs(direction[3, :3]).any() or np.abs(direction[:3, 3]).any()):
        raise InvalidGeometry("The time axis of the image is mixed with an axis of space.")
    rows = direction[:3, :3].tolist()
    return Geometry(
        shape_zyx=(size[2], size[1], size[0]),
        spacing_zyx_mm=(spacing[2], spacing[1], spacing[0]),
        origin_lps_mm=(origin[0], origin[1], origin[2]),
        direction_lps=(rows[0], rows[1], rows[2]),
    )


def layers_from_sitk(image: SimpleITK.Image) -> NDArray[Any]:
    """Return the components of a vector image one after another.

    Returns
    -------
    numpy.ndarray
        (component, slow, middle, fast); one component for an image of single values.
    """
    count = image.GetNumberOfComponentsPerPixel()
    if count == 1:
        return np.asarray(SimpleITK.GetArrayFromImage(image))[np.newaxis]
    parts = (SimpleITK.VectorIndexSelectionCast(image, index) for index in range(count))
    return np.stack([SimpleITK.GetArrayFromImage(part) for part in parts])


def volume_from_sitk(image: SimpleITK.Image, **fields: Any) -> Volume:
    """Make a volume of an image of SimpleITK; a fourth axis becomes time, first in the array.

    Parameters
    ----------
    image
        2D, 3D or 4D, one value a voxel.
    **fields
        The other parameters of :class:`~napari_medassist.core.volume.Volume`.

    Raises
    ------
    UnsupportedFormat
        If a voxel holds several values (colour, vectors).
    InvalidGeometry
        If its grid cannot be one in a patient.
    """
    return Volume.from_stored(_scalars(image), geometry_from_sitk(image), **fields)


def label_map_from_sitk(image: SimpleITK.Image, **fields: Any) -> LabelMap:
    """Make a label map of an image of SimpleITK with whole numbers; see :func:`volume_from_sitk`."""
    return LabelMap.from_stored(_scalars(image), geometry_from_sitk(image), **fields)


def to_sitk(image: GridImage) -> SimpleITK.Image:
    """Make an image of SimpleITK, on the source grid and in its stored order of axes.

    Parameters
    ----------
    image
        (z, y, x), or (t, z, y, x): then the fourth axis has spacing 1.
    """
    return sitk_from_stored(image.stored_array(), image.source_grid.geometry)


def sitk_from_stored(array: NDArray[Any], grid: Geometry) -> SimpleITK.Image:
    """Make an image of SimpleITK of an array (t,) slow, middle, fast and its stored grid."""
    made = SimpleITK.GetImageFromArray(np.ascontiguousarray(array), isVector=False)
    has_time = array.ndim == 4
    direction = np.eye(array.ndim)
    direction[:3, :3] = grid.direction
    made.SetDirection(direction.ravel().tolist())
    made.SetSpacing([*grid.spacing_zyx_mm[::-1], 1.0][: 3 + has_time])
    made.SetOrigin([*grid.origin_lps_mm, 0.0][: 3 + has_time])
    return made


def geometry_from_nibabel(affine_ras_mm: ArrayLike, shape_ijk: Sequence[int]) -> Geometry:
    """Return the stored grid of an image of nibabel.

    Parameters
    ----------
    affine_ras_mm
        4x4 matrix from (i, j, k, 1) to RAS mm: ``image.affine`` of a file in mm.
    shape_ijk
        Number of voxels along i, j, k; further axes are passed over.

    Raises
    ------
    InvalidGeometry
        If the matrix is zero, not finite or not invertible.
    """
    if not np.isfinite(affine_ras_mm).all():
        raise InvalidGeometry("The affine must be a 4x4 matrix of finite numbers.")
    return Geometry.from_affine_lps(lps_from_ras(affine_ras_mm), tuple(shape_ijk[2::-1]))


def volume_from_nibabel(image: nib.spatialimages.SpatialImage, **fields: Any) -> Volume:
    """Make a volume of a 3D or 4D (time last) image of nibabel whose affine is in mm.

    Parameters
    ----------
    image
        Any spatial image; its values come scaled, as nibabel gives them.
    **fields
        The other parameters of :class:`~napari_medassist.core.volume.Volume`.
    """
    grid = geometry_from_nibabel(image.affine, image.shape)
    return Volume.from_stored(reversed_axes(np.asanyarray(image.dataobj)), grid, **fields)


def label_map_from_nibabel(image: nib.spatialimages.SpatialImage, **fields: Any) -> LabelMap:
    """Make a label map of an image of nibabel with whole numbers; see :func:`volume_from_nibabel`."""
    grid = geometry_from_nibabel(image.affine, image.shape)
    return LabelMap.from_stored(reversed_axes(np.asanyarray(image.dataobj)), grid, **fields)


def to_nibabel(image: GridImage) -> nib.Nifti1Image:
    """Make a NIfTI-1 image, on the source grid and in its stored order, in mm, time last."""
    return nibabel_from_stored(image.stored_array(), image.source_grid.geometry)


def nibabel_from_stored(array: NDArray[Any], grid: Geometry) -> nib.Nifti1Image:
    """Make a NIfTI-1 image of an array (t,) slow, middle, fast and its stored grid.

    The sform has code 1 (scanner coordinates) and units are mm; the qform is left to the caller.
    """
    affine_ras_mm = ras_from_lps(grid.affine_lps)
    made = nib.Nifti1Image(reversed_axes(array), affine_ras_mm, dtype=array.dtype)
    made.header.set_xyzt_units("mm", "sec" if array.ndim == 4 else None)
    made.header.set_sform(affine_ras_mm, code=1)
    return made


def _scalars(image: SimpleITK.Image) -> NDArray[Any]:
    count = image.GetNumberOfComponentsPerPixel()
    if count > 1:
        raise UnsupportedFormat(
            f"Each voxel holds {count} values (colour or vectors); images of single values are read.",
            cure="Export it in grey values, or one component a file.",
        )
    values: NDArray[Any] = SimpleITK.GetArrayFromImage(image)
    return values[np.newaxis] if values.ndim == 2 else values
