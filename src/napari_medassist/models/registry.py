"""All models by name."""

from __future__ import annotations

import difflib

from napari_medassist.core.errors import UnknownItem
from napari_medassist.models.card import ModelCard
from napari_medassist.models.zoo import lungs_ct, prostate_zones, taps_prostate

_CARDS = (prostate_zones.CARD, lungs_ct.CARD, taps_prostate.CARD)


def models() -> tuple[ModelCard, ...]:
    """Return the cards of all models, bundled ones first."""
    return _CARDS


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
