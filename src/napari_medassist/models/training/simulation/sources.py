"""The file that simulated prostates are drawn from; ``training/prostate_sources.py`` writes it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from napari_medassist.models.training.samples import Sample
from napari_medassist.models.training.simulation.frame import Array, Frame
from napari_medassist.models.training.simulation.gland import Anatomy
from napari_medassist.models.training.simulation.surroundings import Background

#: Anatomies that are not learned from.
N_HELD_OUT = 57
_SHUFFLED_BY = 7


@cache
def read_sources(path: Path) -> tuple[tuple[Anatomy, ...], tuple[Background, ...]]:
    """Read anatomies and backgrounds; the order of the anatomies is shuffled once and for all."""
    with np.load(path) as stored:
        found = {name: stored[name] for name in stored.files}
    order = np.random.default_rng(_SHUFFLED_BY).permutation(len(found["names"]))
    anatomies = tuple(
        Anatomy(found["zones"][k], found["lesions"][k], str(found["names"][k])) for k in order
    )
    background = Background(
        found["image"],
        found["tissues"].astype(np.float32),
        found["centre"],
        found["half_mm"],
        found.get("diffusion"),
    )
    return anatomies, (background,)


class Simulate(Protocol):
    """Makes the sample of a seed from anatomies and backgrounds."""

    def __call__(
        self,
        seed: int,
        anatomies: tuple[Anatomy, ...],
        backgrounds: tuple[Background, ...],
        frame: Frame,
    ) -> tuple[Array, NDArray[np.uint8]]:
        """Return image and labels."""
        ...


@dataclass(frozen=True)
class MakeSample:
    """Makes the sample of a seed, in whatever process.

    Parameters
    ----------
    path
        File of the sources.
    simulate
        A function of a module, so that it can be pickled.
    held_out
        Whether it draws from the anatomies that are not learned from, or from all others.
    frame
        The window.
    """

    path: Path
    simulate: Simulate
    held_out: bool = False
    frame: Frame = field(default_factory=Frame)

    def __call__(self, seed: int) -> Sample:
        """Return image and labels."""
        anatomies, backgrounds = read_sources(self.path)
        pool = anatomies[:N_HELD_OUT] if self.held_out else anatomies[N_HELD_OUT:]
        return self.simulate(seed, pool, backgrounds, self.frame)
