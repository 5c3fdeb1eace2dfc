"""A deformation between two outlines of an organ, after a rigid map."""

from __future__ import annotations

from napari_medassist.core.progress import Progress, silent
from napari_medassist.core.transform import AffineTransform
from napari_medassist.registration.spec import Gives, MethodSpec, Pair, Registered


def register(pair: Pair, start: AffineTransform, progress: Progress = silent) -> Registered:
    """Align by the masks; see :mod:`~napari_medassist.registration.outlines`."""
    from napari_medassist.registration.outlines import register_deformable

    return register_deformable(pair, start, progress)


METHOD = MethodSpec(
    "outlines",
    "turns, shifts and deforms, by the outlines of an organ alone (MR to ultrasound)",
    Gives.DEFORMABLE,
    register,
    needs=("torch",),
    can_be_guided=True,
    needs_masks=True,
)
