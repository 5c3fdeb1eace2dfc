"""What training minimises."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

#: How much a voxel of a lesion counts among those of the background.
_LESION_WEIGHT = 5.0


def soft_dice_loss(probability: Tensor, target: Tensor) -> Tensor:
    """Return 1 - Dice of a probability and a mask of equal shape, over all voxels at once."""
    overlap = 2 * (probability * target).sum() + 1
    return 1 - overlap / (probability.sum() + target.sum() + 1)


def zones_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Return cross-entropy plus the mean Dice loss of each zone and of the gland as a whole.

    Parameters
    ----------
    logits
        (n, classes, z, y, x); class 0 is the background.
    labels
        (n, z, y, x) whole numbers.
    """
    log_probability = F.log_softmax(logits, dim=1)
    probability = log_probability.exp()
    n_classes = logits.shape[1]
    target = F.one_hot(labels, n_classes).movedim(-1, 1).to(probability.dtype)
    losses = [soft_dice_loss(probability[:, k], target[:, k]) for k in range(1, n_classes)]
    losses.append(soft_dice_loss(1 - probability[:, 0], 1 - target[:, 0]))
    return F.nll_loss(log_probability, labels) + torch.stack(losses).mean()


def lesion_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Return the loss of few voxels among many: weighted cross-entropy, and Dice where a lesion is.

    Without a lesion Dice would only tell that something was found, not how sure the network was of it.

    Parameters
    ----------
    logits
        (n, 2, z, y, x).
    labels
        (n, z, y, x): 0 or 1.
    """
    log_probability = F.log_softmax(logits, dim=1)
    weights = torch.tensor([1.0, _LESION_WEIGHT], dtype=logits.dtype, device=logits.device)
    # Over all voxels, not over their weights: an image without lesions must not count less.
    entropy = F.nll_loss(log_probability, labels, weight=weights, reduction="sum") / labels.numel()
    target = (labels == 1).to(logits.dtype)
    if not bool(target.any()):
        return entropy
    return entropy + soft_dice_loss(log_probability[:, 1].exp(), target)


def deep_loss(
    levels: Sequence[Tensor], labels: Tensor, loss: Callable[[Tensor, Tensor], Tensor] = zones_loss
) -> Tensor:
    """Return the loss of all resolutions; each coarser one counts half as much as the one before.

    A coarser level is compared with the labels at the voxels that its strided convolutions centre on.
    """
    total = loss(levels[0], labels)
    for number, logits in enumerate(levels[1:], 1):
        steps = [round(a / b) for a, b in zip(labels.shape[1:], logits.shape[2:], strict=True)]
        coarse = labels[:, :: steps[0], :: steps[1], :: steps[2]]
        total = total + 0.5**number * loss(logits, coarse)
    return total
