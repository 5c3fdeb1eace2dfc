"""A bundled network goes on to learn from a user's own cases."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
import torch
from torch import Tensor, nn

from napari_medassist.core.errors import InvalidSetting
from napari_medassist.core.progress import Progress, silent
from napari_medassist.models.card import ModelCard, Network, Task
from napari_medassist.models.training.augmentation import Augmentation
from napari_medassist.models.training.goals import LESIONS, Goal, goal_of_labels
from napari_medassist.models.training.loop import RunSettings, RunState, cosine, cropped
from napari_medassist.models.training.own_cases import OwnCase
from napari_medassist.models.training.pseudo_labels import Threshold, pseudo_loss


class PseudoLabels(StrEnum):
    """What is learned from cases that nobody has labelled."""

    OFF = "off"
    SEGPL = "segpl"
    BAYESIAN = "bayesian"


@dataclass(frozen=True)
class FineTuning:
    """How a network learns from a user's cases.

    Parameters
    ----------
    steps
        Steps of the optimiser; each sees one look at one labelled case, and one at an unlabelled one.
    learning_rate
        Its peak; it rises over the first twentieth and falls as a cosine. A tenth of what the bundled
        networks were trained with, so that what they know is not forgotten at once.
    pseudo_labels, pseudo_weight
        What is learned from unlabelled cases, and how much that counts from the middle of the run on;
        it grows from nothing until then.
    averaging
        Share of the running mean of weights that stays at a step; the mean is what is kept.
    seed
        Of looks and crops.
    """

    steps: int = 300
    learning_rate: float = 3e-4
    pseudo_labels: PseudoLabels = PseudoLabels.OFF
    pseudo_weight: float = 0.5
    averaging: float = 0.98
    seed: int = 0

    def __post_init__(self) -> None:
        if self.steps < 1:
            raise InvalidSetting(f"Learning takes at least one step, not {self.steps}.")
        if not 0 < self.learning_rate <= 1:
            raise InvalidSetting(f"A learning rate lies between 0 and 1, not at {self.learning_rate}.")


@dataclass
class _Run:
    """What a run works with."""

    state: RunState
    goal: Goal
    crops: RunSettings
    looks: Augmentation
    threshold: Threshold
    settings: FineTuning
    device: str
    numbers: np.random.Generator = field(default_factory=lambda: np.random.default_rng(0))


def fine_tune(
    card: ModelCard,
    network: Network,
    net: nn.Module,
    cases: Sequence[OwnCase],
    settings: FineTuning,
    *,
    device: str = "cpu",
    progress: Progress = silent,
) -> nn.Module:
    """Return a network that has learned from cases; the one that is given stays as it is.

    Parameters
    ----------
    card, network
        The model that learns.
    net
        Its network with its weights.
    cases
        What is learned from; at least one must be labelled.
    settings
        How.
    device
        PyTorch's name of where it is computed.
    progress
        Told after each step; may raise ``Cancelled``.

    Raises
    ------
    InvalidSetting
        If no case is labelled.
    """
    labelled = [case for case in cases if case.labels is not None]
    unlabelled = [case for case in cases if case.labels is None]
    if not labelled:
        raise InvalidSetting("No case is labelled.", cure="Label at least one, and save its labels.")
    if settings.pseudo_labels is PseudoLabels.OFF:
        unlabelled = []
    torch.manual_seed(settings.seed)
    run = _begun(card, network, net, settings, device)
    for step in range(settings.steps):
        share = step / settings.steps
        rise = min(1.0, (step + 1) / max(1, settings.steps // 20))
        run.state.set_rate(settings.learning_rate * rise * cosine(share))
        loss = _labelled_loss(run, labelled[_drawn(run, step, len(labelled))])
        if unlabelled:
            weight = settings.pseudo_weight * min(1.0, 2 * share)
            extra = _unlabelled_loss(run, unlabelled[int(run.numbers.integers(len(unlabelled)))])
            loss = loss if extra is None else loss + weight * extra
        run.state.descend(loss, min(settings.averaging, (step + 1) / (step + 11)))
        progress(step + 1, settings.steps, f"step {step + 1} of {settings.steps}")
    return run.state.average.to("cpu").eval()


def _begun(
    card: ModelCard, network: Network, net: nn.Module, settings: FineTuning, device: str
) -> _Run:
    learning = copy.deepcopy(net).to(device)
    threshold = Threshold(bayesian=settings.pseudo_labels is PseudoLabels.BAYESIAN)
    optimiser = torch.optim.AdamW(
        [*learning.parameters(), *(threshold.parameters() if threshold.is_bayesian else ())],
        settings.learning_rate,
        weight_decay=1e-4,
    )
    z, y, x = network.sampling.window_zyx
    crops = RunSettings(
        minutes=0,
        crop_depths=(max(1, 4 * z // 5), z),
        crop_widths=tuple(max(16, share * min(y, x) // 100) for share in (70, 85, 100)),
        spacing_zyx_mm=network.sampling.spacing_zyx_mm,
        has_positions=network.has_positions,
    )
    return _Run(
        RunState(learning, copy.deepcopy(learning).eval(), optimiser),
        LESIONS if card.task is Task.DETECTION else goal_of_labels(card.scheme),
        crops,
        Augmentation(card, network, settings.seed),
        threshold,
        settings,
        device,
        np.random.default_rng(settings.seed),
    )


def _drawn(run: _Run, step: int, n: int) -> int:
    """Return which case comes next: all in turn, each turn in another order."""
    order = np.random.default_rng((run.settings.seed, step // n)).permutation(n)
    return int(order[step % n])


def _levels(run: _Run, image: Tensor) -> list[Tensor]:
    net = run.state.net.train()
    levels: list[Tensor] = net.levels(image.to(run.device))  # type: ignore[operator]
    return levels


def _labelled_loss(run: _Run, case: OwnCase) -> Tensor:
    image, labels = cropped(run.looks.draw(case), run.numbers, run.crops)
    return run.goal.deep_loss(_levels(run, image), labels.to(run.device))


def _unlabelled_loss(run: _Run, case: OwnCase) -> Tensor | None:
    image, _ = cropped(run.looks.draw(case), run.numbers, run.crops)
    return pseudo_loss(_levels(run, image)[0], run.threshold)
