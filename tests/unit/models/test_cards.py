"""Cards: complete, true of their files, and found by name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from napari_medassist.core.errors import UnknownItem
from napari_medassist.models.card import Task, as_text, rows_of
from napari_medassist.models.networks.known import BUILDERS
from napari_medassist.models.places import is_installed, user_models_folder, weights_place
from napari_medassist.models.registry import (
    aligning_models,
    find_card,
    find_model,
    models,
    speech_models,
)
from napari_medassist.models.weights import sha256_of

CARDS = (*models(), *aligning_models(), *speech_models())
ALL = pytest.mark.parametrize("card", CARDS, ids=lambda card: card.name)


@ALL
def test_a_card_says_what_a_user_must_know(card: Any) -> None:
    text = as_text(card)
    for heading in ("Takes", "Gives", "Use", "Limit", "Method", "Trained on", "Licence", "Cite"):
        assert heading in {name for name, _ in rows_of(card)}, heading
    assert card.full_name in text
    assert all(sentence.strip() for _, sentence in rows_of(card))
    assert card.quality, "no figure says how good it is"
    assert card.cost, "no figure says what it costs"


@ALL
def test_bundled_weights_are_those_of_the_card_and_small(card: Any) -> None:
    for file in card.weights:
        if file.source is None:
            path = weights_place(card, file)
            assert sha256_of(path) == file.sha256
            assert path.stat().st_size < 10_000_000
            assert card.name in BUILDERS
        else:
            assert file.sha256 == file.source.member_sha256
            assert weights_place(card, file).is_relative_to(user_models_folder())


def test_models_without_foreign_weights_are_ready() -> None:
    ready = {card.name for card in models() if is_installed(card)}
    assert {"prostate-zones", "prostate-lesions", "lungs-ct"} <= ready


def test_names_are_found_and_near_ones_offered() -> None:
    assert find_model("lungs-ct").name == "lungs-ct"
    with pytest.raises(UnknownItem, match="prostate-zones"):
        find_model("prostate-zone")


def test_what_hears_does_not_segment() -> None:
    assert find_card("whisper-tiny-en").task is Task.SPEECH
    with pytest.raises(UnknownItem, match="it hears"):
        find_model("whisper-tiny-en")


def test_what_aligns_does_not_segment() -> None:
    assert find_card("gland-surfaces").name == "gland-surfaces"
    assert "gland-surfaces" not in {card.name for card in models()}
    with pytest.raises(UnknownItem, match="it aligns") as error:
        find_model("gland-surfaces")
    assert "register" in str(error.value)


def test_the_weights_say_under_which_licence_they_are() -> None:
    folder = Path(__file__).resolve().parents[3] / "model_weights"
    told = (folder / "README.md").read_text(encoding="utf-8")
    for card in CARDS:
        if card.weights and all(file.source is None for file in card.weights):
            (row,) = (line for line in told.splitlines() if line.startswith(f"| `{card.name}`"))
            licence = card.licence.removesuffix(" (weights)").partition(" (weights)")[0]
            assert f"| {licence} |" in row
            of_labels = "PI-CAI" in card.training_data
            assert ("CC BY-NC 4.0" in card.licence) == of_labels
