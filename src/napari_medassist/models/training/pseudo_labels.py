"""Labels that a network gives to cases that nobody has labelled, to learn from them too.

SegPL (Xu et al., MICCAI 2022): what the network is surer of than a threshold counts as labelled. With
the Bayesian threshold that is no number but a normal distribution that is learned, held near a prior by
its Kullback-Leibler divergence. The prior is that of the authors' code. How the threshold gets its
gradient (a soft step stands for the hard one) and how much all this counts are ours.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from napari_medassist.models.training.losses import soft_dice_loss

#: The prior of the threshold: mean and standard deviation.
PRIOR = (0.7, 0.15)
SEGPL_THRESHOLD = 0.5
#: Pseudo-labels of fewer voxels than this share are not learned from.
LEAST_SHARE = 0.0005
_SOFTNESS = 0.05


class Threshold(nn.Module):
    """How sure a network must be, as a normal distribution that is learned.

    Parameters
    ----------
    bayesian
        False for SegPL's fixed 0.5.
    """

    def __init__(self, *, bayesian: bool) -> None:
        super().__init__()
        self.is_bayesian = bayesian
        self.mean = nn.Parameter(torch.tensor(PRIOR[0] if bayesian else SEGPL_THRESHOLD))
        self.log_deviation = nn.Parameter(torch.tensor(PRIOR[1]).log())

    def draw(self) -> Tensor:
        """Return a threshold, between 0.05 and 0.95."""
        if not self.is_bayesian:
            return self.mean.detach()
        drawn = self.mean + self.log_deviation.exp() * torch.randn(())
        return drawn.clamp(0.05, 0.95)

    def divergence(self) -> Tensor:
        """Return how far the distribution is from its prior (Kullback-Leibler, in nats); fixed: 0."""
        if not self.is_bayesian:
            return torch.zeros(())
        mean, deviation = PRIOR
        variance = (2 * self.log_deviation).exp()
        ratio = torch.tensor(deviation).log() - self.log_deviation
        return ratio + (variance + (self.mean - mean) ** 2) / (2 * deviation**2) - 0.5


def pseudo_loss(logits: Tensor, threshold: Threshold) -> Tensor | None:
    """Return half Dice and half cross-entropy between a network and its own sure labels.

    Parameters
    ----------
    logits
        (n, classes, z, y, x); class 0 is the background. A voxel whose foreground is surer than the
        threshold gets its likeliest foreground class as its label.
    threshold
        Where it is drawn from.

    Returns
    -------
    Tensor or None
        With the threshold's divergence. None if there is too little to learn from.
    """
    probability = F.softmax(logits, dim=1)
    foreground = 1 - probability[:, 0]
    limit = threshold.draw()
    sure = (foreground.detach() > limit).to(logits.dtype)
    if float(sure.mean()) < LEAST_SHARE:
        return None
    # The step has no slope: its gradient toward the threshold is that of a soft one.
    soft = torch.sigmoid((foreground.detach() - limit) / _SOFTNESS)
    target = sure + soft - soft.detach()
    dice = soft_dice_loss(foreground, target)
    classes = probability[:, 1:].detach().argmax(dim=1)
    log_probability = F.log_softmax(logits, dim=1)
    of_class = log_probability[:, 1:].gather(1, classes[:, None])[:, 0]
    entropy = -(target * of_class + (1 - target) * log_probability[:, 0]).mean()
    return 0.5 * dice + 0.5 * entropy + threshold.divergence()
