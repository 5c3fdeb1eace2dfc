"""Simulated pairs whose map is known: of diffusion and T2w, and of two surfaces of one gland."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from napari_medassist.core.transform import AffineTransform
from napari_medassist.models.networks.correlation_net import CorrelationNet
from napari_medassist.models.networks.free_point_transformer import FreePointTransformer
from napari_medassist.models.training.diffusion_pairs import batch_of, packed, warped
from napari_medassist.models.training.displacement_run import (
    Terms,
    displacement_loss,
    errors_mm,
    learn_displacements,
    network_loss,
)
from napari_medassist.models.training.loop import RunSettings, RunState
from napari_medassist.models.training.simulation.gland import Anatomy
from napari_medassist.models.training.simulation.gland_surfaces import (
    COMPLETE,
    SAMPLINGS,
    GlandShape,
    shape_of,
    surface_pair,
)
from napari_medassist.models.training.simulation.prostate_pairs import KEPT, simulate_pair
from napari_medassist.models.training.simulation.surroundings import Background
from napari_medassist.models.training.surface_run import learn_surfaces, tensor_of
from tests.unit.models.training.test_simulation import anatomy, background, with_diffusion

__all__ = ["anatomy", "background", "with_diffusion"]  # fixtures

SETTINGS = RunSettings(minutes=0.02, learning_rate=1e-3, warm_up_steps=1, save_every_s=1)


@pytest.fixture(scope="module")
def pairs(anatomy: Anatomy, with_diffusion: Background) -> np.ndarray:
    made = [simulate_pair(seed, [anatomy], [with_diffusion]) for seed in range(3)]
    return np.stack([packed(pair) for pair in made])


def alike(first: torch.Tensor, second: torch.Tensor, where: torch.Tensor) -> float:
    return abs(float(np.corrcoef(first[where].numpy(), second[where].numpy())[0, 1]))


def test_the_map_brings_the_diffusion_image_onto_the_gland(pairs: np.ndarray) -> None:
    batch = batch_of(pairs)
    assert pairs.shape == (3, 8, *KEPT.shape_zyx)
    still = torch.zeros_like(batch.to_moving_mm)
    before = warped(batch.helper, still)
    after = warped(batch.helper, batch.to_moving_mm)
    soft = torch.nn.functional.avg_pool3d(batch.gland, 5, 1, 2)
    near = torch.nn.functional.max_pool3d(batch.gland, 9, 1, 4) > 0
    gains = [alike(after[k], soft[k], near[k]) - alike(before[k], soft[k], near[k]) for k in range(3)]
    assert np.mean(gains) > 0.02
    assert float(batch.to_moving_mm.abs().mean()) > 0.5


def test_what_is_turned_further_has_its_map_turned_too(pairs: np.ndarray) -> None:
    plain = batch_of(pairs)
    shown = warped(plain.helper, plain.to_moving_mm)
    for seed in range(4):
        turned = batch_of(pairs, np.random.default_rng(seed), adc_share=0.0)
        again = warped(turned.helper, turned.to_moving_mm)
        for k in range(3):
            where = turned.gland[k] > 0
            is_mirrored = not torch.equal(turned.gland[k], plain.gland[k])
            expected = shown[k].flip(-1) if is_mirrored else shown[k]
            assert alike(again[k], expected, where) > 0.8


def test_the_truth_has_no_error_and_its_loss_is_less_than_that_of_nothing(pairs: np.ndarray) -> None:
    batch = batch_of(pairs)
    still = torch.zeros_like(batch.to_moving_mm)
    assert errors_mm(batch.to_moving_mm, batch) == pytest.approx(0, abs=1e-6)
    np.testing.assert_allclose(
        errors_mm(still, batch),
        [float(batch.to_moving_mm[k].norm(dim=0)[batch.gland[k, 0] > 0].mean()) for k in range(3)],
        rtol=1e-4,
    )
    for terms in (Terms(moving=1.0, helper=1.0), Terms(truth=1.0)):
        losses = [
            float(displacement_loss(found, batch, terms, np.random.default_rng(0)))
            for found in (batch.to_moving_mm, still)
        ]
        assert losses[0] < losses[1]


def test_the_helper_is_in_the_loss_and_never_in_what_the_network_sees(pairs: np.ndarray) -> None:
    batch = batch_of(pairs)
    found = torch.zeros_like(batch.to_moving_mm, requires_grad=True)
    other = batch_of(pairs)
    other.helper[:] = torch.rand_like(other.helper)
    for share, differs in ((0.0, False), (1.0, True)):
        terms = Terms(moving=1.0, helper=share, smooth=2.5)
        losses = [
            float(displacement_loss(found, b, terms, np.random.default_rng(0)).detach())
            for b in (batch, other)
        ]
        assert (losses[0] != losses[1]) == differs


def small_net(n_codes: int = 0) -> CorrelationNet:
    return CorrelationNet(widths=(8, 8), n_features=8, n_codes=n_codes)


@pytest.mark.parametrize("n_codes", [0, 6])
def test_a_network_learns_which_displacement_is_true(pairs: np.ndarray, n_codes: int) -> None:
    torch.manual_seed(1)
    batch, net, chance = batch_of(pairs[:1]), small_net(n_codes), np.random.default_rng(0)
    optimiser = torch.optim.Adam(net.parameters(), 1e-2)
    losses = []
    for _ in range(12):
        loss = network_loss(net, batch, Terms(matched=1.0), chance)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < losses[0] - 0.1


def test_a_run_learns_from_pairs_and_goes_on(pairs: np.ndarray, tmp_path: Path) -> None:
    torch.manual_seed(0)
    state = RunState.begin(small_net(), SETTINGS)
    learn_displacements(state, pairs, pairs, SETTINGS, Terms(matched=1.0, truth=1.0), tmp_path)
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert state.step > 0
    assert np.isfinite(lines[-1]["held_out_error_mm"])
    again = RunState.begin(small_net(), SETTINGS)
    again.load(tmp_path / "checkpoint.pt")
    assert again.step == state.step


@pytest.fixture(scope="module")
def shape(anatomy: Anatomy) -> GlandShape:
    return shape_of(anatomy)


def test_a_shape_is_that_of_its_anatomy(shape: GlandShape) -> None:
    radii = np.array([15.0, 15.0, 20.0])  # half axes in mm of the ellipsoid, 3 x 1 x 1 mm
    assert np.median(np.linalg.norm(shape.surface / radii, axis=1)) == pytest.approx(1, abs=0.04)
    assert np.linalg.norm(shape.inside / radii, axis=1).max() < 1.15
    outside = np.linalg.norm(shape.around / radii, axis=1)
    assert outside.min() > 0.85
    assert np.linalg.norm(shape.around, axis=1).max() < 20 + 10 + 3


@pytest.mark.parametrize("how", SAMPLINGS)
def test_both_surfaces_are_of_one_gland(shape: GlandShape, how: str) -> None:
    pair = surface_pair(shape, 4, target_is=how)
    assert pair.source.shape == pair.target.shape == (512, 3)
    np.testing.assert_allclose(pair.target.mean(axis=0), 0, atol=1e-4)
    # Tissue at the surface moves with what lies beside it: moved points enclose the target's ones.
    from scipy.spatial import cKDTree

    moved = np.concatenate([pair.inside_there, pair.around_there])
    near, _ = cKDTree(moved).query(pair.target)
    assert np.median(near) < 3.0
    far, _ = cKDTree(pair.target).query(surface_pair(shape, 4, target_is=COMPLETE).target)
    if how != COMPLETE:
        assert np.percentile(far, 90) > 2.0  # it shows a part of the surface only


def test_a_pair_begun_with_a_map_keeps_its_truth(shape: GlandShape) -> None:
    pair = surface_pair(shape, 2)
    turn = AffineTransform.from_matrix(
        [[0.8, -0.6, 0, 3.0], [0.6, 0.8, 0, -2.0], [0, 0, 1, 1.0], [0, 0, 0, 1]]
    )
    met = pair.begun_with(turn)
    shift = met.target.mean(axis=0) - pair.target.mean(axis=0)
    np.testing.assert_allclose(met.inside - shift, turn.transform_points(pair.inside), atol=1e-3)
    np.testing.assert_allclose(met.inside_there - shift, pair.inside_there, atol=1e-3)
    np.testing.assert_allclose(met.source.mean(axis=0) + met.target.mean(axis=0), 0, atol=1e-3)


def test_a_run_learns_from_surfaces(shape: GlandShape, tmp_path: Path) -> None:
    torch.manual_seed(0)
    net = FreePointTransformer(encoder=(16, 32), head=(32, 16))
    settings = RunSettings(minutes=0.2, learning_rate=3e-3, warm_up_steps=1, save_every_s=60)
    state = RunState.begin(net, settings)
    learn_surfaces(state, [shape], [shape], settings, tmp_path, lambda pair: pair, n_at_once=4)
    assert np.mean(state.losses[-5:]) < np.mean(state.losses[:3])
    pair = surface_pair(shape, 1)
    parts = [tensor_of([p]) for p in (pair.source, pair.target, pair.inside)]
    assert net(*parts).shape == (1, 3, len(pair.inside))
    order = torch.randperm(512)
    torch.testing.assert_close(net(parts[0][:, :, order], *parts[1:]), net(*parts))
