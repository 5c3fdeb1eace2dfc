"""Our own networks by name: what weights of theirs are loaded into."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from napari_medassist.models.card import ModelCard

if TYPE_CHECKING:
    from torch import nn


def _zones() -> nn.Module:
    from napari_medassist.models.networks.anisotropic_unet import AnisotropicUNet

    return AnisotropicUNet(n_inputs=4, n_classes=3, widths=(12, 24, 56, 96, 144))


def _lesions() -> nn.Module:
    from napari_medassist.models.networks.anisotropic_unet import AnisotropicUNet

    return AnisotropicUNet(n_inputs=6, n_classes=2, widths=(12, 24, 56, 96, 144))


def _gland_surfaces() -> nn.Module:
    from napari_medassist.models.networks.free_point_transformer import FreePointTransformer

    return FreePointTransformer()


def _diffusion_to_t2w() -> nn.Module:
    from napari_medassist.models.networks.correlation_net import CorrelationNet

    return CorrelationNet()


BUILDERS: Mapping[str, Callable[[], nn.Module]] = MappingProxyType(
    {
        "prostate-zones": _zones,
        "prostate-lesions": _lesions,
        "gland-surfaces": _gland_surfaces,
        "diffusion-to-t2w": _diffusion_to_t2w,
    }
)


def can_learn(card: ModelCard) -> bool:
    """Tell whether a model can learn: it has a network of ours, with weights that go on learning."""
    network = card.network
    return (
        network is not None
        and network.architecture in BUILDERS
        and network.weight_file(".safetensors") is not None
    )
