"""Diffusion to T2w of a prostate by a network, whose displacements are then optimised for the pair."""

from __future__ import annotations

from napari_medassist.core.progress import Progress, part_of, silent
from napari_medassist.core.transform import AffineTransform
from napari_medassist.registration.spec import Gives, MethodSpec, Pair, Registered


def register(pair: Pair, start: AffineTransform, progress: Progress = silent) -> Registered:
    """Align by the network, then deform; see :mod:`~napari_medassist.registration.instance`."""
    from napari_medassist.app.registering.learned_diffusion import learned_field
    from napari_medassist.registration.instance import deform

    begun = learned_field(pair, start, part_of(progress, 0, 10))
    return deform(pair, start, part_of(progress, 10, 100), begun=begun)


METHOD = MethodSpec(
    "diffusion-to-t2w-refined",
    "the same network, then a deformation optimised for the pair",
    Gives.DEFORMABLE,
    register,
    needs=("torch",),
    is_one_way=True,
    made_for=("high-b", "adc"),
)
