from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import torch

from napari_medassist.models.networks.anisotropic_unet import AnisotropicUNet
from napari_medassist.models.training.goals import LESIONS, ZONES
from napari_medassist.models.training.loop import (
    RunSettings,
    RunState,
    network_input,
    settings_of,
    train,
)
from napari_medassist.models.training.losses import deep_loss, lesion_loss, zones_loss
from napari_medassist.models.training.samples import Sample

SHAPE = (4, 16, 16)
SETTINGS = RunSettings(
    minutes=0.02,
    learning_rate=2e-2,
    warm_up_steps=1,
    crop_depths=(4,),
    crop_widths=(16,),
    save_every_s=1,
)


def bright_square(seed: int) -> Sample:
    """A sample that any network learns: bright is zone 1, dark is zone 2."""
    numbers = np.random.default_rng(seed)
    labels = np.zeros(SHAPE, dtype=np.uint8)
    y, x = numbers.integers(0, 8, 2)
    labels[:, y : y + 4, x : x + 8] = 1
    labels[:, y + 4 : y + 8, x : x + 8] = 2
    image = np.array([0.0, 3.0, -3.0], dtype=np.float32)[labels]
    return image + 0.1 * numbers.standard_normal(SHAPE).astype(np.float32), labels


class Endless:
    """Samples without other processes."""

    def __init__(self) -> None:
        self.seed = 0

    def get(self) -> Sample:
        self.seed += 1
        return bright_square(self.seed)


def state(settings: RunSettings = SETTINGS) -> RunState:
    torch.manual_seed(0)
    return RunState.begin(AnisotropicUNet(widths=(8, 8, 8, 8, 8)), settings)


def run(at: RunState, folder: Path, settings: RunSettings = SETTINGS) -> list[dict[str, Any]]:
    source: Any = Endless()
    train(at, source, [bright_square(999)], settings, folder)
    return [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]


def test_a_run_learns_and_writes_what_it_reached(tmp_path: Path) -> None:
    at = state()
    before = ZONES.measure(
        at.average, [bright_square(999)], lambda image: network_input(image, SETTINGS.spacing_zyx_mm)
    )
    lines = run(at, tmp_path)
    assert lines[-1]["step"] == at.step > 3
    assert lines[-1]["held_out_dice"]["gland"] > before.get("gland", 0)


def test_a_run_goes_on_where_its_checkpoint_was_written(tmp_path: Path) -> None:
    at = state()
    run(at, tmp_path)
    again = state()
    again.load(tmp_path / "checkpoint.pt")
    assert (again.step, again.seconds) == (at.step, at.seconds)
    for kept, loaded in zip(at.average.parameters(), again.average.parameters(), strict=True):
        torch.testing.assert_close(kept, loaded)
    longer = replace(SETTINGS, minutes=SETTINGS.minutes + 0.01)
    assert run(again, tmp_path, longer)[-1]["step"] > at.step


def test_no_half_written_checkpoint_is_left(tmp_path: Path) -> None:
    run(state(), tmp_path)
    assert {p.name for p in tmp_path.iterdir()} == {"checkpoint.pt", "log.jsonl"}


def test_the_loss_is_least_where_the_logits_are_right() -> None:
    labels = torch.from_numpy(bright_square(5)[1].astype(np.int64))[None]
    right = torch.nn.functional.one_hot(labels, 3).movedim(-1, 1).float() * 20
    assert zones_loss(right, labels) < 1e-2
    assert zones_loss(right.roll(1, dims=1), labels) > 1


def test_every_level_has_a_part_in_the_loss() -> None:
    net = AnisotropicUNet(widths=(8, 8, 8, 8, 8))
    labels = torch.from_numpy(bright_square(5)[1].astype(np.int64))[None]
    levels = net.levels(torch.zeros(1, 4, *SHAPE))
    assert [tuple(n.shape[2:]) for n in levels] == [(4, 16, 16), (4, 8, 8), (4, 4, 4)]
    assert deep_loss(levels, labels) > deep_loss(levels[:1], labels)


def test_the_network_takes_any_size() -> None:
    net = AnisotropicUNet(widths=(8, 8, 8, 8, 8)).eval()
    with torch.no_grad():
        assert net(torch.zeros(1, 4, 5, 33, 47)).shape == (1, 3, 5, 33, 47)


def test_an_unknown_setting_is_named() -> None:
    with pytest.raises(ValueError, match="learning_speed"):
        settings_of({"minutes": 1, "learning_speed": 1})


def test_lesions_are_learned_from_several_images(tmp_path: Path) -> None:
    def sample(seed: int) -> Sample:
        image, labels = bright_square(seed)
        return np.stack([np.zeros_like(image), image, -image]), (labels == 2).astype(np.uint8)

    class Endlessly:
        seed = 0

        def get(self) -> Sample:
            self.seed += 1
            return sample(self.seed)

    torch.manual_seed(0)
    net = AnisotropicUNet(n_inputs=6, n_classes=2, widths=(8, 8, 8, 8, 8))
    at, source = RunState.begin(net, SETTINGS), cast(Any, Endlessly())
    train(at, source, [sample(999)], SETTINGS, tmp_path, LESIONS)
    line = json.loads((tmp_path / "log.jsonl").read_text().splitlines()[-1])
    assert line["loss"] < 1.5
    assert np.mean(at.losses[-5:]) < np.mean(at.losses[:5])


def test_the_loss_of_a_lesion_is_least_where_the_logits_are_right() -> None:
    labels = torch.from_numpy((bright_square(5)[1] == 2).astype(np.int64))[None]
    right = torch.nn.functional.one_hot(labels, 2).movedim(-1, 1).float() * 20
    assert lesion_loss(right, labels) < 1e-2
    assert lesion_loss(right.roll(1, dims=1), labels) > 1
    none = torch.zeros_like(labels)
    sure = torch.zeros(1, 2, *SHAPE)
    sure[:, 0] = 20
    assert lesion_loss(sure, none) < 1e-3
    assert lesion_loss(-sure, none) > 1
