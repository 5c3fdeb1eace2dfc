"""The thin-plate spline through landmarks."""

from __future__ import annotations

from napari_medassist.registration.spec import Gives, MethodSpec
from napari_medassist.registration.thin_plates import ThinPlateSpline, register_spline

METHOD = MethodSpec(
    "landmarks",
    "turns, shifts and deforms, by landmarks alone (thin-plate spline)",
    Gives.DEFORMABLE,
    register_spline,
    can_be_guided=True,
    fitted=ThinPlateSpline.through,
)
