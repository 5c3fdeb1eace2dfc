"""All methods of registration: those without a network, those with one, and entry points."""

from __future__ import annotations

from napari_medassist.core.registry import Registry
from napari_medassist.registration.spec import MethodSpec

METHODS: Registry[MethodSpec] = Registry(
    "registration method",
    packages=("napari_medassist.registration.methods", "napari_medassist.app.registering.methods"),
    attribute="METHOD",
    entry_point_group="napari_medassist.registration",
    name_of=lambda spec: spec.name,
)
