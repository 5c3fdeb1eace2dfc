"""A model learns from labelled cases: first to be estimated on others, then from all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial

from torch import nn

from napari_medassist.app.learning.cases import LearningCase
from napari_medassist.app.learning.estimate import Estimate, compare, folds_of
from napari_medassist.core.errors import InvalidSetting
from napari_medassist.core.progress import Progress, silent
from napari_medassist.models.backends.pytorch import PyTorchBackend, best_device, network_of
from napari_medassist.models.card import ModelCard, Network
from napari_medassist.models.networks.known import can_learn
from napari_medassist.models.places import weights_path
from napari_medassist.models.predictor import NetworkModel
from napari_medassist.models.registry import find_model, models, require_free_name, root_of
from napari_medassist.models.training.fine_tuning import FineTuning, fine_tune
from napari_medassist.models.training.own_cases import OwnCase, own_case
from napari_medassist.models.tuned import Lineage, keep

#: More of what was drawn than this beyond the window is worth a word.
_MUCH_BEYOND = 0.02


@dataclass(frozen=True)
class Learned:
    """A model that has learned.

    Attributes
    ----------
    card
        Its card; it is among the models from now on.
    estimate
        What cross-validation says; None if nothing was held out.
    warnings
        Why it may not be better, in sentences.
    """

    card: ModelCard
    estimate: Estimate | None
    warnings: tuple[str, ...]


def learn(
    base: ModelCard | str,
    cases: Sequence[LearningCase],
    name: str,
    *,
    settings: FineTuning | None = None,
    n_folds: int = 5,
    device: str = "",
    progress: Progress = silent,
) -> Learned:
    """Let a model learn from cases; the base model stays as it is.

    Parameters
    ----------
    base
        The model that goes on learning, or its name.
    cases
        What it learns from.
    name
        What the tuned model is called: a new name, or that of a tuned model, which gets a new version.
    settings
        How.
    n_folds
        In how many parts cases are held out to estimate the result, before the model learns from all;
        0 for no estimate. It takes this many times longer.
    device
        PyTorch's name of where it is computed; the fastest that is here by default.
    progress
        Told after each step; may raise ``Cancelled``, and nothing is kept then.

    Raises
    ------
    InvalidSetting
        If the model cannot learn, the name may not be used, or nothing is labelled.
    InvalidImage
        If a case cannot be used.
    """
    card = find_model(base) if isinstance(base, str) else base
    if not can_learn(card) or card.network is None:
        able = ", ".join(known.name for known in models() if can_learn(known))
        raise InvalidSetting(f"'{card.name}' cannot learn here.", cure=f"These can: {able}.")
    require_free_name(name)
    run = _Learning(card, card.network, cases, settings or FineTuning(), device or best_device())
    folds = folds_of(cases, n_folds, run.settings.seed)
    estimate = run.estimated(folds, progress) if folds else None
    net = run.tuned(range(len(cases)), _part(progress, len(folds), len(folds) + 1, "all cases"))
    warnings = (*run.warnings(), *_warnings(estimate, n_folds))
    root = root_of(card)
    lineage = Lineage(
        base=card.name,
        base_version=card.version,
        base_sha256=run.weights.sha256,
        root=root.name,
        cases=tuple((case.name, case.labels_sha256) for case in cases),
        settings={**asdict(run.settings), "folds": len(folds), "device": run.device},
        quality=() if estimate is None else estimate.measured(),
        limits=warnings,
    )
    return Learned(keep(name, net, lineage, root), estimate, warnings)


class _Learning:
    """One run of learning: the base model, and the cases on its grid."""

    def __init__(
        self,
        card: ModelCard,
        network: Network,
        cases: Sequence[LearningCase],
        settings: FineTuning,
        device: str,
    ) -> None:
        weights = network.weight_file(".safetensors")
        if weights is None:
            raise InvalidSetting(f"'{card.name}' has no weights that go on learning.")
        self.card, self.network, self.cases = card, network, cases
        self.settings, self.device, self.weights = settings, device, weights
        self._net = network_of(weights_path(card, weights), network.architecture)
        self._own = tuple(own_case(card, network, c.name, c.images, c.labels) for c in cases)

    def tuned(self, kept: Sequence[int], progress: Progress) -> nn.Module:
        """Return the network after it has learned from some of the cases."""
        return fine_tune(
            self.card,
            self.network,
            self._net,
            [self._own[k] for k in kept],
            self.settings,
            device=self.device,
            progress=progress,
        )

    def estimated(self, folds: Sequence[Sequence[int]], progress: Progress) -> Estimate:
        """Hold out each part in turn."""

        def tuned(number: int) -> NetworkModel:
            kept = [k for k in range(len(self.cases)) if k not in folds[number]]
            told = f"part {number + 1} of {len(folds)} held out"
            return self._model(self.tuned(kept, _part(progress, number, len(folds) + 1, told)))

        return compare(self.card, self.cases, folds, self._model(self._net), tuned)

    def _model(self, net: nn.Module) -> NetworkModel:
        return NetworkModel(self.card, self.network, PyTorchBackend.of(net))

    def warnings(self) -> tuple[str, ...]:
        """Return what was not learned from."""
        return tuple(_beyond(case) for case in self._own if case.share_beyond > _MUCH_BEYOND)


def _beyond(case: OwnCase) -> str:
    return f"{case.share_beyond:.0%} of what is drawn in '{case.name}' lies beyond the model's window."


def _warnings(estimate: Estimate | None, n_folds: int) -> tuple[str, ...]:
    if estimate is None:
        why = "nobody asked for it" if not n_folds else "fewer than two cases can be held out"
        return (f"How good it is was not estimated: {why}.",)
    if estimate.is_worse:
        return ("On cases that were held out it is worse than the model it began with.",)
    return ()


def _part(progress: Progress, number: int, n_parts: int, told: str) -> Progress:
    """Report one of several runs as a share of all."""
    return partial(_tell, progress, number, n_parts, told)


def _tell(
    progress: Progress, number: int, n_parts: int, told: str, done: int, total: int, message: str, /
) -> None:
    progress(number * total + done, n_parts * total, f"{told}: {message}")
