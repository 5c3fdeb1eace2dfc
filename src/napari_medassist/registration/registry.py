"""All methods of registration: the modules of ``registration.methods``, and entry points."""

from __future__ import annotations

from napari_medassist.core.registry import Registry
from napari_medassist.registration.spec import MethodSpec

METHODS: Registry[MethodSpec] = Registry(
    "registration method",
    packages=("napari_medassist.registration.methods",),
    attribute="METHOD",
    entry_point_group="napari_medassist.registration",
    name_of=lambda spec: spec.name,
)
