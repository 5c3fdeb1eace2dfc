"""A rigid registration, then a deformation optimised for the pair."""

from __future__ import annotations

from dataclasses import replace

from napari_medassist.core.progress import Progress, part_of, silent
from napari_medassist.core.transform import AffineTransform
from napari_medassist.registration.methods.rigid import METHOD as RIGID
from napari_medassist.registration.spec import Gives, MethodSpec, Pair, Registered


def register(pair: Pair, start: AffineTransform, progress: Progress = silent) -> Registered:
    """Align rigidly, then deform; see :mod:`~napari_medassist.registration.instance`."""
    return deformed(pair, RIGID.run(pair, start, part_of(progress, 0, 33)), progress)


def refine(pair: Pair, start: AffineTransform, progress: Progress = silent) -> Registered:
    """Align rigidly from a start that is nearly right, then deform."""
    finely = RIGID.refine or RIGID.run
    return deformed(pair, finely(pair, start, part_of(progress, 0, 33)), progress)


def deformed(
    pair: Pair, rigid: Registered, progress: Progress, *, diffeomorphic: bool = False
) -> Registered:
    """Deform after a rigid registration."""
    from napari_medassist.registration.instance import Deforming, deform

    turned = rigid.transform
    if not isinstance(turned, AffineTransform):
        raise TypeError("A rigid registration gives an affine map.")
    how = Deforming(diffeomorphic=diffeomorphic)
    found = deform(pair, turned, part_of(progress, 33, 100), how)
    return replace(found, n_iterations=rigid.n_iterations + found.n_iterations)


METHOD = MethodSpec(
    "deformable",
    "turns, shifts and deforms, by local correlation; optimised for the pair",
    Gives.DEFORMABLE,
    register,
    needs=("torch",),
    can_be_guided=True,
    refine=refine,
)
