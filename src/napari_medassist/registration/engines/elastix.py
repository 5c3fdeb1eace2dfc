"""elastix (itk-elastix) with its default parameter maps: rigid, then B-splines, Mattes information."""

from __future__ import annotations

from pathlib import Path

from napari_medassist.registration.engines.files import FIXED, MOVING


def align(folder: Path) -> tuple[Path, ...]:
    """Align the images of a folder; return the maps, the first to be applied first."""
    import itk

    fixed, moving = (itk.imread(str(folder / name), itk.F) for name in (FIXED, MOVING))
    parameters = itk.ParameterObject.New()
    for kind in ("rigid", "bspline"):
        parameters.AddParameterMap(parameters.GetDefaultParameterMap(kind))
    _, found = itk.elastix_registration_method(fixed, moving, parameter_object=parameters)
    field = folder / "field.nii.gz"
    itk.imwrite(itk.transformix_deformation_field(moving, found), str(field))
    return (field,)
