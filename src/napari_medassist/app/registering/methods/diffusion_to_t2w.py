"""Diffusion of a prostate brought to T2w, begun by a network that learned what is alike in both."""

from __future__ import annotations

from napari_medassist.core.progress import Progress, silent
from napari_medassist.core.transform import AffineTransform
from napari_medassist.registration.spec import Gives, MethodSpec, Pair, Registered


def register(pair: Pair, start: AffineTransform, progress: Progress = silent) -> Registered:
    """Align; see :mod:`~napari_medassist.app.registering.diffusion_to_t2w`."""
    from napari_medassist.app.registering import diffusion_to_t2w

    return diffusion_to_t2w.register(pair, start, progress)


METHOD = MethodSpec(
    "diffusion-to-t2w",
    "prostate, diffusion to T2w: a network begins, then optimised for the pair",
    Gives.DEFORMABLE,
    register,
    needs=("torch",),
    can_be_guided=True,
)
