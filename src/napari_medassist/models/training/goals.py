"""What a training run learns: a loss, and figures that tell how far it has come."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from napari_medassist.core.labels import LabelScheme
from napari_medassist.models.training.losses import deep_loss, lesion_loss, zones_loss
from napari_medassist.models.training.samples import Sample

Predict = Callable[[NDArray[np.float32]], Tensor]


@dataclass(frozen=True)
class Goal:
    """What is learned.

    Parameters
    ----------
    loss
        Of logits (n, classes, z, y, x) and labels (n, z, y, x).
    parts
        By name, the labels whose union is compared (Dice) on samples that are held out.
    """

    loss: Callable[[Tensor, Tensor], Tensor]
    parts: dict[str, tuple[int, ...]]

    def deep_loss(self, levels: Sequence[Tensor], labels: Tensor) -> Tensor:
        """Return the loss over all resolutions."""
        return deep_loss(levels, labels, self.loss)

    def measure(self, net: nn.Module, samples: Sequence[Sample], to_input: Any) -> dict[str, float]:
        """Return the mean Dice of each part; where a part is neither true nor found, it is left out."""
        scores: dict[str, list[float]] = {name: [] for name in self.parts}
        net.eval()
        for image, labels in samples:
            with torch.no_grad():
                predicted = net(to_input(image)).argmax(1)[0].numpy()
            for name, values in self.parts.items():
                found, true = np.isin(predicted, values), np.isin(labels, values)
                n = np.count_nonzero(found) + np.count_nonzero(true)
                if n:
                    scores[name].append(2 * np.count_nonzero(found & true) / n)
        return {name: round(float(np.mean(values)), 4) for name, values in scores.items() if values}


def goal_of_labels(scheme: LabelScheme) -> Goal:
    """Return what a model that outlines structures learns: each of its labels, and all together."""
    parts = {label.name: (label.value,) for label in scheme.labels}
    return Goal(zones_loss, {"all": tuple(label.value for label in scheme.labels), **parts})


ZONES = Goal(zones_loss, {"gland": (1, 2), "peripheral": (1,), "transition": (2,)})
LESIONS = Goal(lesion_loss, {"lesion": (1,)})
