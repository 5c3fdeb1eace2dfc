"""Learning from a user's cases: on their grid, from labels and from pseudo-labels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from napari_medassist.core.errors import Cancelled, InvalidImage, InvalidSetting
from napari_medassist.core.geometry import Geometry
from napari_medassist.core.labels import LabelMap, LabelScheme
from napari_medassist.core.volume import Acquisition, Modality, Volume
from napari_medassist.models.card import ModelCard, Network
from napari_medassist.models.networks.anisotropic_unet import AnisotropicUNet
from napari_medassist.models.registry import find_model
from napari_medassist.models.training.augmentation import Augmentation
from napari_medassist.models.training.fine_tuning import FineTuning, PseudoLabels, fine_tune
from napari_medassist.models.training.own_cases import classes_of, own_case
from napari_medassist.models.training.pseudo_labels import Threshold, pseudo_loss

GRID = Geometry((8, 40, 40), (3.0, 1.0, 1.0), (-20.0, -20.0, 0.0))
WINDOW = (4, 32, 32)


def small(name: str) -> tuple[ModelCard, Network]:
    """A bundled model's card with a window that is quick to learn from."""
    card = find_model(name)
    assert card.network is not None
    network = replace(card.network, sampling=replace(card.network.sampling, window_zyx=WINDOW))
    return replace(card, network=network), network


def image_with_square(seed: int, role: str = "t2w") -> tuple[Volume, np.ndarray]:
    """A bright square (1) beside a dark one (2) in noise."""
    numbers = np.random.default_rng(seed)
    labels = np.zeros(GRID.shape_zyx, dtype=np.uint8)
    y, x = numbers.integers(10, 16, 2)
    labels[2:6, y : y + 8, x : x + 12] = 1
    labels[2:6, y + 8 : y + 16, x : x + 12] = 2
    values = np.array([100.0, 180.0, 30.0])[labels] + 8 * numbers.standard_normal(labels.shape)
    acquisition = Acquisition(modality=Modality.MR)
    image = Volume.from_stored(
        values.astype(np.float32), GRID, name=f"{role}{seed}", role=role, acquisition=acquisition
    )
    return image, labels


def drawn(image: Volume, labels: np.ndarray, names: dict[int, str] | None = None) -> LabelMap:
    scheme = LabelScheme.from_names(names) if names else LabelScheme()
    return LabelMap.on(image, labels, name="drawn", scheme=scheme)


def case_of(card: ModelCard, network: Network, seed: int, *, labelled: bool = True):  # type: ignore[no-untyped-def]
    image, labels = image_with_square(seed)
    return own_case(
        card, network, f"c{seed}", {"t2w": image}, drawn(image, labels) if labelled else None
    )


def test_labels_lie_on_the_voxels_of_the_image() -> None:
    card, network = small("prostate-zones")
    case = case_of(card, network, 1)
    assert case.labels is not None
    assert case.image.shape[1:] == case.labels.shape
    bright, dark = (case.image[0][case.labels == k] for k in (1, 2))
    assert bright.min() > dark.max()
    assert case.share_beyond == 0
    assert np.count_nonzero(case.labels == 1) == 4 * 8 * 12


def test_labels_are_known_by_name_and_strange_ones_are_refused() -> None:
    card, _ = small("prostate-zones")
    image, labels = image_with_square(2)
    exchanged = drawn(image, labels, {1: "Transition zone", 2: "Peripheral zone"})
    assert np.array_equal(classes_of(card, exchanged) == 2, labels == 1)
    by_value = drawn(image, labels, {1: "x", 2: "y"})
    assert np.array_equal(classes_of(card, by_value), labels)
    with pytest.raises(InvalidImage, match="3, which 'prostate-zones' does not know"):
        classes_of(card, drawn(image, np.where(labels == 2, 3, labels).astype(np.uint8)))
    lesions, _ = small("prostate-lesions")
    assert np.array_equal(classes_of(lesions, by_value), labels > 0)


def test_what_lies_beyond_the_window_is_counted() -> None:
    card, network = small("prostate-zones")
    image, labels = image_with_square(3)
    far = np.zeros_like(labels)
    far[2:6, :4, :4] = 1  # outside of the middle 32 voxels
    far[2:6, 20:24, 20:24] = 1
    case = own_case(card, network, "far", {"t2w": image}, drawn(image, far))
    assert case.share_beyond == pytest.approx(0.5)
    elsewhere = Geometry((4, 4, 4), (3.0, 1.0, 1.0), (500.0, 0.0, 0.0))
    lost = LabelMap(np.ones((4, 4, 4), dtype=np.uint8), elsewhere, name="lost")
    with pytest.raises(InvalidImage, match="beyond the window"):
        own_case(card, network, "lost", {"t2w": image}, lost)


def test_looks_move_image_and_labels_together_and_leave_missing_images_empty() -> None:
    card, network = small("prostate-lesions")
    image, labels = image_with_square(4)
    adc, _ = image_with_square(4, "adc")
    case = own_case(
        card, network, "two", {"t2w": image, "adc": adc}, drawn(image, (labels == 2).astype(np.uint8))
    )
    looks = Augmentation(card, network, seed=0)
    seen, left_out = [], 0
    for _ in range(60):
        shown, found = looks.draw(case)
        assert shown.shape == (3, *WINDOW)
        assert not shown[2].any()
        left_out += not shown[0].any() or not shown[1].any()
        assert shown[:2].any()
        if shown[0].any() and found.sum() > 100:  # the lesion stays the dark part
            assert shown[0][found > 0].mean() < shown[0][found == 0].mean() - 0.5
            seen.append(tuple(np.argwhere(found).mean(axis=0).round(1)))
    assert 2 <= left_out <= 25
    assert len(set(seen)) > 30
    again = Augmentation(card, network, seed=0)
    assert np.array_equal(again.draw(case)[0], Augmentation(card, network, seed=0).draw(case)[0])


def dice(net: torch.nn.Module, card: ModelCard, network: Network, seed: int) -> float:
    from napari_medassist.models.training.loop import network_input

    case = case_of(card, network, seed)
    assert case.labels is not None
    with torch.no_grad():
        found = net(network_input(case.image, (3.0, 1.0, 1.0))).argmax(1)[0].numpy()
    both = np.count_nonzero((found > 0) & (case.labels > 0))
    return 2 * both / (np.count_nonzero(found) + np.count_nonzero(case.labels))


@pytest.mark.parametrize("pseudo", list(PseudoLabels))
def test_a_network_learns_and_the_one_it_began_with_stays(pseudo: PseudoLabels) -> None:
    card, network = small("prostate-zones")
    torch.manual_seed(0)
    net = AnisotropicUNet(widths=(8, 8, 8, 8, 8))
    before = {k: v.clone() for k, v in net.state_dict().items()}
    cases = [case_of(card, network, k, labelled=k < 4) for k in range(6)]
    settings = FineTuning(steps=60, learning_rate=1e-2, averaging=0.8, pseudo_labels=pseudo)
    learned = fine_tune(card, network, net, cases, settings)
    assert all(torch.equal(before[k], v) for k, v in net.state_dict().items())
    assert dice(learned, card, network, 50) > max(0.75, dice(net, card, network, 50) + 0.3)


def test_the_same_seed_gives_the_same_network() -> None:
    card, network = small("prostate-zones")
    net = AnisotropicUNet(widths=(8, 8, 8, 8, 8))
    cases = [case_of(card, network, k) for k in range(2)]
    first, second = (fine_tune(card, network, net, cases, FineTuning(steps=3)) for _ in range(2))
    for one, other in zip(first.parameters(), second.parameters(), strict=True):
        assert torch.allclose(one, other, atol=1e-6)


def test_learning_stops_when_it_is_cancelled_and_needs_labels() -> None:
    card, network = small("prostate-zones")
    net = AnisotropicUNet(widths=(8, 8, 8, 8, 8))
    cases = [case_of(card, network, 0, labelled=False)]
    with pytest.raises(InvalidSetting, match="No case is labelled"):
        fine_tune(card, network, net, cases, FineTuning(steps=2))
    told = []

    def stop(done: int, total: int, message: str, /) -> None:
        told.append((done, total, message))
        raise Cancelled("enough")

    with pytest.raises(Cancelled):
        fine_tune(card, network, net, [case_of(card, network, 0)], FineTuning(steps=5), progress=stop)
    assert told == [(1, 5, "step 1 of 5")]
    with pytest.raises(InvalidSetting, match="at least one step"):
        FineTuning(steps=0)


def test_the_divergence_of_the_threshold_is_that_of_two_normal_distributions() -> None:
    threshold = Threshold(bayesian=True)
    assert float(threshold.divergence().detach()) == pytest.approx(0, abs=1e-6)
    with torch.no_grad():
        threshold.mean.fill_(0.5)
        threshold.log_deviation.fill_(float(np.log(0.1)))
    ours = torch.distributions.Normal(0.5, 0.1)
    prior = torch.distributions.Normal(0.7, 0.15)
    expected = float(torch.distributions.kl_divergence(ours, prior))
    assert float(threshold.divergence().detach()) == pytest.approx(expected, abs=1e-5)
    fixed = Threshold(bayesian=False)
    assert (float(fixed.draw()), float(fixed.divergence())) == (0.5, 0.0)


def test_pseudo_labels_pull_toward_what_the_network_is_sure_of() -> None:
    logits = torch.zeros(1, 3, 2, 8, 8)
    logits[:, 0] = 3.0
    logits[:, 1, :, :4] = 4.5  # surely foreground, of class 1
    logits.requires_grad_()
    loss = pseudo_loss(logits, Threshold(bayesian=False))
    assert loss is not None
    loss.backward()
    assert logits.grad is not None
    assert (logits.grad[:, 1, :, :4] < 0).all()
    assert (logits.grad[:, 1, :, 4:] > 0).all()
    nothing = torch.zeros(1, 3, 2, 8, 8)
    nothing[:, 0] = 8.0
    assert pseudo_loss(nothing, Threshold(bayesian=False)) is None


def test_the_bayesian_threshold_learns_from_the_data_too() -> None:
    torch.manual_seed(0)
    threshold = Threshold(bayesian=True)
    logits = torch.randn(1, 2, 2, 16, 16) * 2
    loss = pseudo_loss(logits, threshold)
    assert loss is not None
    loss.backward()
    assert threshold.mean.grad is not None
    assert float(threshold.mean.grad.abs()) > 0


def test_of_a_network_whose_windows_slide_the_whole_image_is_learned_from() -> None:
    card, network = small("prostate-zones")
    network = replace(network, slides=True)
    grid = Geometry((20, 120, 110), (3.0, 1.0, 1.0), (0.0, 0.0, 0.0))
    numbers = np.random.default_rng(0)
    labels = np.zeros(grid.shape_zyx, dtype=np.uint8)
    labels[15:18, 100:108, 5:15] = 2  # far from the middle
    values = np.where(labels, 30, 100) + 5 * numbers.standard_normal(labels.shape)
    image = Volume.from_stored(
        values.astype(np.float32), grid, role="t2w", acquisition=Acquisition(modality=Modality.MR)
    )
    case = own_case(card, network, "large", {"t2w": image}, drawn(image, labels))
    assert case.share_beyond == 0
    assert case.labels is not None
    assert np.count_nonzero(case.labels) == np.count_nonzero(labels)
    looks = Augmentation(card, network, seed=0)
    seen = [looks.draw(case) for _ in range(40)]
    assert all(shown.shape == (1, *WINDOW) for shown, _ in seen)
    with_label = [found for _, found in seen if found.any()]
    assert 10 <= len(with_label) <= 35
    for shown, found in seen:
        if found.sum() > 100:
            assert shown[0][found > 0].mean() < shown[0][found == 0].mean() - 0.5
