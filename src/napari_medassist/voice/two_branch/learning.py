"""The two-branch network learns from samples; its weights are kept and read (imports torch)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import cross_entropy

from napari_medassist.core.errors import CorruptFile, InvalidSetting
from napari_medassist.core.progress import Progress, silent
from napari_medassist.io.atomic import replacing
from napari_medassist.voice.two_branch.network import TwoBranch
from napari_medassist.voice.two_branch.samples import Prepared

SCHEMA = "napari-medassist two-branch 1"
_AUXILIARY = 0.3
_SHIFT_PX, _SHIFT_STEPS = 8, 12
_BATCH = 64
#: Of few samples a batch holds fewer, so that there are some steps an epoch.
_LEAST_BATCH, _STEPS = 4, 8
#: Twice as fast on processors.
_FASTER = torch.channels_last


@dataclass(frozen=True)
class Wish:
    """How it learns.

    Attributes
    ----------
    n_epochs
        Times that each sample is seen.
    rate
        Of Adam; falls to a tenth along a cosine.
    weight_decay
        Of Adam.
    drop_share
        How often the sound, and how often the picture, is taken away from a sample.
    seed
        The same one gives the same network on one machine.
    """

    n_epochs: int = 30
    rate: float = 1e-3
    weight_decay: float = 1e-4
    drop_share: float = 0.2
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Labeller:
    """A network with the names of its labels."""

    network: TwoBranch
    names: tuple[str, ...]

    def probabilities(
        self, samples: Prepared, *, hears: bool = True, sees: bool = True
    ) -> NDArray[np.float32]:
        """Return how probable each label is, (n, labels).

        Parameters
        ----------
        samples
            The samples.
        hears, sees
            Whether the network is given the sounds, and the pictures.
        """
        self.network.eval()
        found = []
        with torch.inference_mode():
            for first in range(0, len(samples.labels), _BATCH):
                part = slice(first, first + _BATCH)
                heard = torch.from_numpy(samples.has_sound[part].astype(np.float32)) * float(hears)
                seen = torch.full((len(heard),), float(sees))
                both, _, _ = self.network(*_tensors(samples, part), heard, seen)
                found.append(torch.softmax(both, dim=1).numpy())
        return np.concatenate(found)


def learn(samples: Prepared, wish: Wish, progress: Progress = silent) -> Labeller:
    """Return a network that has learned from samples.

    Parameters
    ----------
    samples
        What it learns from.
    wish
        How.
    progress
        Told of each epoch; may raise ``Cancelled``.

    Raises
    ------
    InvalidSetting
        If there are fewer than two labels, or no epochs.
    """
    if len(set(samples.labels.tolist())) < 2 or wish.n_epochs < 1:
        raise InvalidSetting("Samples of two labels or more, and an epoch or more, are needed.")
    torch.manual_seed(wish.seed)
    rng = np.random.default_rng(wish.seed)
    network = TwoBranch(len(samples.names)).to(memory_format=_FASTER)  # type: ignore[call-overload]
    adam = torch.optim.Adam(network.parameters(), lr=wish.rate, weight_decay=wish.weight_decay)
    cosine = torch.optim.lr_scheduler.CosineAnnealingLR(adam, wish.n_epochs, wish.rate / 10)
    for epoch in range(wish.n_epochs):
        progress(epoch, wish.n_epochs, "Learning")
        network.train()
        order = rng.permutation(len(samples.labels))
        size = min(_BATCH, max(_LEAST_BATCH, len(order) // _STEPS))
        for first in range(0, len(order), size):
            chosen = order[first : first + size]
            if len(chosen) > 1:  # one alone has no batch to be normalised by
                _step(network, adam, samples, chosen, wish, rng)
        cosine.step()
    return Labeller(network, samples.names)


def save(labeller: Labeller, path: Path, about: dict[str, Any]) -> None:
    """Write a network, with what is known of it (plain values)."""
    content = {
        "schema": SCHEMA,
        "names": list(labeller.names),
        "about": about,
        "weights": labeller.network.state_dict(),
    }
    with replacing(path) as temporary:
        torch.save(content, temporary)


def load(path: Path) -> tuple[Labeller, dict[str, Any]]:
    """Read a network, and what is known of it; nothing in the file is run.

    Raises
    ------
    CorruptFile
        If it is none.
    """
    try:
        content = torch.load(path, weights_only=True)
        if content["schema"] != SCHEMA:
            raise ValueError(f"its schema is {content['schema']!r}")
        names = tuple(content["names"])
        network = TwoBranch(len(names))
        network.load_state_dict(content["weights"])
        return Labeller(network, names), dict(content["about"])
    except Exception as error:  # torch raises whatever the bytes lead it to
        raise CorruptFile(
            f"This is no network of `voice train` ({error}).", path=path, cure="Train it again."
        ) from error


def _step(
    network: TwoBranch,
    adam: torch.optim.Adam,
    samples: Prepared,
    chosen: NDArray[np.int64],
    wish: Wish,
    rng: np.random.Generator,
) -> None:
    sounds, pictures = _tensors(samples, chosen)
    sounds = _shifted(sounds, 0, int(rng.integers(-_SHIFT_STEPS, _SHIFT_STEPS + 1)))
    shift_y, shift_x = (int(n) for n in rng.integers(-_SHIFT_PX, _SHIFT_PX + 1, 2))
    pictures = _shifted(pictures, shift_y, shift_x)
    dropped = rng.random(len(chosen))
    has_sound = samples.has_sound[chosen] & (dropped >= wish.drop_share)
    has_picture = (dropped < 1 - wish.drop_share) | ~has_sound  # never both away
    heard, seen = (torch.from_numpy(has.astype(np.float32)) for has in (has_sound, has_picture))
    labels = torch.from_numpy(samples.labels[chosen])
    both, by_sound, by_picture = network(sounds, pictures, heard, seen)
    loss = cross_entropy(both, labels)
    for logits, has in ((by_sound, heard), (by_picture, seen)):
        alone = cross_entropy(logits, labels, reduction="none")
        loss = loss + _AUXILIARY * (alone * has).sum() / has.sum().clamp(min=1)
    adam.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    adam.step()


def _tensors(samples: Prepared, which: Any) -> tuple[Any, Any]:
    sounds, pictures = (
        torch.from_numpy(values[which])[:, None].to(memory_format=_FASTER)
        for values in (samples.sounds, samples.pictures)
    )
    return sounds, pictures


def _shifted(images: Any, down: int, right: int) -> Any:
    """Shift pictures within their frame; what comes in is what a picture has on average, zero."""
    moved = torch.roll(images, (down, right), dims=(2, 3))
    if down:
        moved[:, :, slice(0, down) if down > 0 else slice(down, None)] = 0
    if right:
        moved[..., slice(0, right) if right > 0 else slice(right, None)] = 0
    return moved
