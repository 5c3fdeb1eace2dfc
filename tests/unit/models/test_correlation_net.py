"""The network that compares features at many displacements."""

from __future__ import annotations

import pytest
import torch

from napari_medassist.models.networks.correlation_net import (
    REACH,
    STEP_ZYX_MM,
    Codes,
    CorrelationNet,
    correlation,
)

SIDE = 2 * REACH + 1


def features(seed: int, size: tuple[int, int, int] = (8, 8, 8)) -> torch.Tensor:
    made = torch.randn(1, 4, *size, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return torch.nn.functional.normalize(made, dim=1)


def test_products_are_those_of_features_that_lie_there() -> None:
    fixed, moving = features(0), features(1)
    found = correlation(fixed, moving)
    assert found.shape == (1, SIDE**3, 4, 4, 4)
    pooled = torch.nn.functional.avg_pool3d
    step = (1, -2, 3)
    number = ((step[0] + REACH) * SIDE + step[1] + REACH) * SIDE + step[2] + REACH
    shifted = torch.zeros_like(moving)
    shifted[..., :7, 2:, :5] = moving[..., 1:, :6, 3:]  # at z, y, x lies what was one, -2, 3 further
    expected = (pooled(fixed, 2) * pooled(shifted, 2)).sum(1)
    torch.testing.assert_close(found[:, number], expected)


def test_gradients_are_those_of_the_products() -> None:
    fixed, moving = (features(k, (2, 4, 2)).requires_grad_() for k in range(2))
    assert torch.autograd.gradcheck(correlation, (fixed, moving))


def test_a_shifted_image_is_found_where_it_lies_once_features_are_the_same() -> None:
    torch.manual_seed(0)
    net = CorrelationNet(widths=(8, 8), n_features=16)
    net.of_moving.load_state_dict(net.of_fixed.state_dict())  # of one contrast
    image = torch.nn.functional.avg_pool3d(torch.randn(1, 1, 16, 40, 40), (1, 3, 3), 1, (0, 1, 1)) * 3
    moved = torch.roll(image, (1, 4, -2), dims=(2, 3, 4))
    with torch.no_grad():
        alike = net.matched(torch.cat([image, moved], dim=1))
    best = alike[0, :, 2:6, 3:7, 3:7].mean(dim=(1, 2, 3)).argmax()
    torch.testing.assert_close(net.displacements[:, best], torch.tensor([3.0, 8.0, -4.0]))


def test_displacements_are_weighed_in_mm_along_z_y_x() -> None:
    net = CorrelationNet(widths=(8, 8), n_features=8)
    logits = torch.full((1, SIDE**3, 2, 3, 4), -50.0)
    logits[:, -1] = 50.0
    found = net.displaced(logits, (4, 12, 16))
    assert found.shape == (1, 3, 4, 12, 16)
    torch.testing.assert_close(found[0, :, 1, 5, 7], torch.tensor(STEP_ZYX_MM) * REACH)


def test_codes_replace_vectors_and_let_gradients_through() -> None:
    torch.manual_seed(0)
    codes = Codes(3, 4)
    vectors = features(0).float().requires_grad_()
    chosen = codes(vectors)
    known = torch.nn.functional.normalize(codes.codes, dim=1)
    nearest = torch.einsum("kc,nczyx->nkzyx", known, vectors).max(dim=1).values
    torch.testing.assert_close((chosen * vectors).sum(1), nearest)
    chosen.sum().backward()
    torch.testing.assert_close(vectors.grad, torch.ones_like(vectors))
    off = float((chosen - vectors).pow(2).sum(1).mean().detach())
    assert float(codes.off.detach()) == pytest.approx(1.25 * off)
