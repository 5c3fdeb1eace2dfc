"""All models by name: those of the package, and those that a user has added."""

from __future__ import annotations

import difflib
from pathlib import Path

from napari_medassist.core.errors import UnknownItem
from napari_medassist.models import user_models as users
from napari_medassist.models.card import ModelCard
from napari_medassist.models.zoo import lungs_ct, prostate_lesions, prostate_zones, taps_prostate

_OURS = (prostate_zones.CARD, prostate_lesions.CARD, lungs_ct.CARD, taps_prostate.CARD)


def our_models() -> tuple[ModelCard, ...]:
    """Return the cards of the models that the package knows."""
    return _OURS


def models() -> tuple[ModelCard, ...]:
    """Return the cards of all models, those of the package first."""
    return (*_OURS, *users.user_models()[0])


def find_model(name: str) -> ModelCard:
    """Return the card of a model.

    Raises
    ------
    UnknownItem
        If there is none of that name; the message holds the nearest ones.
    """
    known = {card.name: card for card in models()}
    if name in known:
        return known[name]
    near = difflib.get_close_matches(name, known, n=3, cutoff=0.4) or sorted(known)
    raise UnknownItem(f"There is no model '{name}'.", cure=f"Known are: {', '.join(near)}.")


def add_model(path: Path, *, fold: str = "") -> ModelCard:
    """Add a user's own model; see :func:`napari_medassist.models.user_models.add_model`."""
    return users.add_model(path, tuple(card.name for card in _OURS), fold=fold)
