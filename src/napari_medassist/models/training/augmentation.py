"""One case seen in many ways: moved, turned, scaled, mirrored, blurred, noisier, brighter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_medassist.models.card import ModelCard, Network
from napari_medassist.models.training.own_cases import OwnCase, margin_of

if TYPE_CHECKING:
    from napari_medassist.models.training.samples import Sample

#: How often an image that may be missing is left out, where another one stays.
_LEFT_OUT = 0.15
#: How often a look at a large image is at something that is labelled.
_LOOKS_AT_LABELS = 0.5
_SHIFT_MM, _TURN_DEG, _SCALE = 10.0, (8.0, 5.0, 5.0), 0.12


class Augmentation:
    """Draws samples from a user's cases, by MONAI's transforms.

    Parameters
    ----------
    card, network
        The model that will learn.
    seed
        The same seed draws the same samples.
    """

    def __init__(self, card: ModelCard, network: Network, seed: int) -> None:
        self._optional = tuple(wanted.is_optional for wanted in card.inputs)
        self._numbers = np.random.default_rng(seed)
        self._size = np.asarray(network.sampling.window_zyx) + 2 * margin_of(network)
        self._place, self._look = _transforms(network)
        for number, transform in enumerate((*self._place, *self._look)):
            transform.set_random_state(seed + 1000 * number)

    def draw(self, case: OwnCase) -> Sample:
        """Return image (roles, z, y, x) and labels (z, y, x) of one look at a case, in the window.

        Of a case without labels the labels are 0 everywhere.
        """
        import torch
        from monai.utils import convert_to_numpy

        labels = np.zeros(case.image.shape[1:], np.uint8) if case.labels is None else case.labels
        image, labels = self._part(case.image, labels)
        parts: dict[str, Any] = {
            "image": torch.from_numpy(image),
            "labels": torch.from_numpy(labels[None].astype(np.float32)),
        }
        for transform in self._place:
            parts = transform(parts)
        seen = parts["image"]
        for transform in self._look:
            seen = transform(seen)
        shown = np.array(convert_to_numpy(seen), dtype=np.float32)
        shown[[not there for there in self._kept(case)]] = 0
        return shown, convert_to_numpy(parts["labels"])[0].round().astype(np.uint8)

    def _part(
        self, image: NDArray[np.float32], labels: NDArray[np.uint8]
    ) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
        """Return what is looked at: everything, or of a large image a part about one of its voxels."""
        shape = np.asarray(labels.shape)
        if (shape <= self._size).all():
            return image, labels
        labelled = np.argwhere(labels)
        if len(labelled) and self._numbers.random() < _LOOKS_AT_LABELS:
            at = labelled[self._numbers.integers(len(labelled))]
        else:
            at = self._numbers.integers(0, shape)
        wanted = [np.arange(n) + (middle - n // 2) for middle, n in zip(at, self._size, strict=True)]
        # Beyond the image its edge goes on, without labels.
        z, y, x = np.ix_(*(np.clip(w, 0, n - 1) for w, n in zip(wanted, shape, strict=True)))
        inside = [(w >= 0) & (w < n) for w, n in zip(wanted, shape, strict=True)]
        is_there = inside[0][:, None, None] & inside[1][:, None] & inside[2]
        return image[:, z, y, x], np.where(is_there, labels[z, y, x], 0).astype(np.uint8)

    def _kept(self, case: OwnCase) -> tuple[bool, ...]:
        """Return which images stay: all that are there, or all but one that may be missing."""
        kept = list(case.is_there)
        may_go = [k for k, there in enumerate(kept) if there and self._optional[k]]
        if sum(kept) > 1 and may_go and self._numbers.random() < _LEFT_OUT:
            kept[int(self._numbers.choice(may_go))] = False
        return tuple(kept)


def _transforms(network: Network) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """Return what moves image and labels together, and what changes the look of the image."""
    from monai.transforms import (
        RandAdjustContrast,
        RandAffined,
        RandFlipd,
        RandGaussianNoise,
        RandGaussianSmooth,
        RandScaleIntensity,
        RandShiftIntensity,
    )

    sampling = network.sampling
    keys = ("image", "labels")
    affine = RandAffined(
        keys,
        prob=1.0,
        spatial_size=sampling.window_zyx,
        rotate_range=tuple(float(np.deg2rad(angle)) for angle in _TURN_DEG),
        scale_range=_SCALE,
        translate_range=tuple(_SHIFT_MM / step for step in sampling.spacing_zyx_mm),
        mode=("bilinear", "nearest"),
        padding_mode=("border", "zeros"),
    )
    mirrored = (RandFlipd(keys, prob=0.5, spatial_axis=2),) if network.mirrors else ()
    look = (
        RandAdjustContrast(prob=0.4, gamma=(0.7, 1.5)),
        RandGaussianSmooth((0.0, 0.3), (0.3, 0.9), (0.3, 0.9), prob=0.3),
        RandGaussianNoise(prob=0.4, std=0.15),
        RandScaleIntensity(factors=0.15, prob=0.5, channel_wise=True),
        RandShiftIntensity(offsets=0.15, prob=0.5, channel_wise=True),
    )
    return (affine, *mirrored), look
