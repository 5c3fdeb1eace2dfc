"""Diffusion to T2w of a prostate by a network alone."""

from __future__ import annotations

from napari_medassist.core.progress import Progress, silent
from napari_medassist.core.transform import AffineTransform, CompositeTransform
from napari_medassist.registration.spec import Gives, MethodSpec, Pair, Registered


def register(pair: Pair, start: AffineTransform, progress: Progress = silent) -> Registered:
    """Align by the network; see :mod:`~napari_medassist.app.registering.learned_diffusion`."""
    from napari_medassist.app.registering.learned_diffusion import learned_field

    field = learned_field(pair, start, progress)
    return Registered(CompositeTransform((field, start)), None, None, 1)


METHOD = MethodSpec(
    "diffusion-to-t2w",
    "prostate, high b-value or ADC to T2w, by a network that learned from simulated pairs",
    Gives.DEFORMABLE,
    register,
    is_one_way=True,
    made_for=("high-b", "adc"),
)
