"""All models by name: those of the package, and those that a user has added."""

from __future__ import annotations

import difflib
from pathlib import Path

from napari_medassist.core.errors import UnknownItem
from napari_medassist.models import tuned
from napari_medassist.models import user_models as users
from napari_medassist.models.card import ModelCard
from napari_medassist.models.zoo import (
    diffusion_to_t2w,
    gland_surfaces,
    lungs_ct,
    opacity_ct,
    prostate_lesions,
    prostate_zones,
    taps_prostate,
    whisper_tiny_en,
)

_OURS: tuple[ModelCard, ...] = (
    prostate_zones.CARD,
    prostate_lesions.CARD,
    lungs_ct.CARD,
    opacity_ct.CARD,
    taps_prostate.CARD,
)

#: What methods of registration run; not what segments.
_ALIGNING: tuple[ModelCard, ...] = (gland_surfaces.CARD, diffusion_to_t2w.CARD)
_SPEECH: tuple[ModelCard, ...] = (whisper_tiny_en.CARD,)


def our_models() -> tuple[ModelCard, ...]:
    """Return the cards of the models that the package knows."""
    return _OURS


def models() -> tuple[ModelCard, ...]:
    """Return the cards of all models, those of the package first."""
    return (*_OURS, *tuned.tuned_models(_by_name())[0], *users.user_models()[0])


def aligning_models() -> tuple[ModelCard, ...]:
    """Return the cards of the models that methods of registration run."""
    return _ALIGNING


def speech_models() -> tuple[ModelCard, ...]:
    """Return the cards of the models that understand speech."""
    return _SPEECH


def problems() -> tuple[str, ...]:
    """Return what is wrong with models that a user has added or tuned, in sentences."""
    return (*tuned.tuned_models(_by_name())[1], *users.user_models()[1])


def root_of(card: ModelCard) -> ModelCard:
    """Return the bundled model that a tuned one began with; another one itself."""
    if not tuned.is_tuned(card.name):
        return card
    return _by_name()[tuned.lineage_of(card.name).root]


def find_model(name: str) -> ModelCard:
    """Return the card of a model that segments.

    Raises
    ------
    UnknownItem
        If there is none of that name; the message holds the nearest ones.
    """
    if any(card.name == name for card in _SPEECH):
        raise UnknownItem(
            f"'{name}' segments nothing: it hears.", cure="See: napari-medassist voice recognise --help"
        )
    if any(card.name == name for card in _ALIGNING):
        raise UnknownItem(
            f"'{name}' segments nothing: it aligns.", cure="See: napari-medassist register --list"
        )
    return _found(name, models())


def find_card(name: str) -> ModelCard:
    """Return the card of any model, of one that aligns or hears too; see :func:`find_model`."""
    return _found(name, (*models(), *_ALIGNING, *_SPEECH))


def _found(name: str, cards: tuple[ModelCard, ...]) -> ModelCard:
    known = {card.name: card for card in cards}
    if name in known:
        return known[name]
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.4) or sorted(known)
    raise UnknownItem(f"There is no model '{name}'.", cure=f"Known are: {', '.join(near)}.")


def require_free_name(name: str) -> None:
    """Check a name; see :func:`napari_medassist.models.tuned.require_free_name`."""
    tuned.require_free_name(name, tuple(_by_name()))


def remove_model(name: str) -> None:
    """Delete a model that a user has added or tuned, with all its versions.

    Raises
    ------
    InvalidSetting
        If there is none of that name.
    """
    if tuned.is_tuned(name):
        tuned.remove_tuned(name)
    else:
        users.remove_model(name)


def add_model(path: Path, *, fold: str = "", trusted_sha256: str = "") -> ModelCard:
    """Add a user's own model; see :func:`napari_medassist.models.user_models.add_model`."""
    return users.add_model(path, tuple(_by_name()), fold=fold, trusted_sha256=trusted_sha256)


def _by_name() -> dict[str, ModelCard]:
    return {card.name: card for card in (*_OURS, *_ALIGNING)}
