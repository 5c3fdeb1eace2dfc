"""The rigid map that brings landmarks nearest to their partners."""

from __future__ import annotations

from napari_medassist.registration.spec import Gives, MethodSpec
from napari_medassist.registration.start import from_landmarks
from napari_medassist.registration.thin_plates import register_rigid

METHOD = MethodSpec(
    "landmarks-rigid",
    "turns and shifts, by landmarks alone",
    Gives.RIGID,
    register_rigid,
    can_be_guided=True,
    fitted=from_landmarks,
)
