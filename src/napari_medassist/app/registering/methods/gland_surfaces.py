"""Two outlines of a prostate, e.g. on MR and ultrasound, brought together by a network of points."""

from __future__ import annotations

from napari_medassist.core.progress import Progress, silent
from napari_medassist.core.transform import AffineTransform
from napari_medassist.registration.spec import Gives, MethodSpec, Pair, Registered


def register(pair: Pair, start: AffineTransform, progress: Progress = silent) -> Registered:
    """Align by the outlines; see :mod:`~napari_medassist.app.registering.gland_surfaces`."""
    from napari_medassist.app.registering.gland_surfaces import surface_map

    return Registered(surface_map(pair, start, progress), None, None, 1)


METHOD = MethodSpec(
    "gland-surfaces",
    "prostate, by its outlines alone (MR to ultrasound), by a network that learned how glands deform",
    Gives.DEFORMABLE,
    register,
    needs=("torch",),
    needs_masks=True,
)
