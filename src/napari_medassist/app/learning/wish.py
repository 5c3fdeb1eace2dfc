"""Let a model learn from a list of cases, from reading them to keeping the result.

Free of PyTorch until it begins, so that windows can be built without waiting for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from napari_medassist.app.learning.cases import gather
from napari_medassist.core.errors import InvalidSetting
from napari_medassist.core.progress import Progress, silent
from napari_medassist.models.card import ModelCard
from napari_medassist.models.registry import require_free_name


@dataclass(frozen=True)
class LearningWish:
    """What is asked for.

    Parameters
    ----------
    cases
        A table or a worklist; see :func:`~napari_medassist.app.learning.cases.gather`.
    name
        What the result is called.
    reader, map_name
        Of a worklist: whose readings, and which label map where there are several.
    steps, n_folds, unlabelled, seed, device
        How it learns and is estimated; see :func:`~napari_medassist.app.learning.learn.learn` and
        :class:`~napari_medassist.models.training.fine_tuning.FineTuning`.
    """

    cases: Path
    name: str
    reader: str = ""
    map_name: str = ""
    steps: int = 300
    n_folds: int = 5
    unlabelled: str = "off"
    seed: int = 0
    device: str = ""


@dataclass(frozen=True)
class LearnedFromCases:
    """What came of it.

    Attributes
    ----------
    card
        Card of the tuned model.
    warnings
        Cases that were left out, and why it may not be better.
    n_unused
        Cases without labels that were not used.
    """

    card: ModelCard
    warnings: tuple[str, ...]
    n_unused: int


def learn_from_list(
    card: ModelCard, wish: LearningWish, progress: Progress = silent
) -> LearnedFromCases:
    """Let a model learn from the cases of a list.

    Parameters
    ----------
    card
        The model to begin with.
    wish
        What is asked for.
    progress
        Told how far it has come; may raise ``Cancelled``, and nothing is kept then.

    Raises
    ------
    FileProblem
        If the list cannot be read.
    InvalidSetting
        If what is asked for cannot be done, or packages are not installed.
    InvalidImage
        If a case cannot be used.
    """
    _require_packages()
    require_free_name(wish.name)  # before an hour of learning
    found = gather(wish.cases, card, reader=wish.reader, map_name=wish.map_name, progress=progress)
    from napari_medassist.app.learning.learn import learn
    from napari_medassist.models.training.fine_tuning import FineTuning, PseudoLabels

    learned = learn(
        card,
        found.cases,
        wish.name,
        settings=FineTuning(
            steps=wish.steps, pseudo_labels=PseudoLabels(wish.unlabelled), seed=wish.seed
        ),
        n_folds=wish.n_folds,
        device=wish.device,
        progress=progress,
    )
    left_out = tuple(f"Left out: {problem}" for problem in found.problems)
    n_unlabelled = sum(case.labels is None for case in found.cases)
    return LearnedFromCases(
        learned.card,
        (*left_out, *learned.warnings),
        n_unlabelled if wish.unlabelled == "off" else 0,
    )


def _require_packages() -> None:
    missing = [name for name in ("torch", "monai", "onnx", "safetensors") if find_spec(name) is None]
    if missing:
        raise InvalidSetting(
            f"To learn, {', '.join(missing)} must be installed.",
            cure='Once, with a network: pip install "napari-medassist[train]".',
        )
