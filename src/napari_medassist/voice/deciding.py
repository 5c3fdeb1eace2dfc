"""Execute, ask or ignore: what is made of the likeliest phrase."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib import resources
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from napari_medassist.voice.evidence import FEATURES, Guess

#: A phrase whose side, level, number... swapped is nearly as likely is asked about.
NEAR_TIE_NATS = 2.0


class Action(StrEnum):
    """What is done with an utterance."""

    EXECUTE = "execute"
    ASK = "ask"
    IGNORE = "ignore"


@dataclass(frozen=True, eq=False)
class Judge:
    """Tells how sure a guess is, and what follows from that.

    A logistic regression on the features and their squares; weights and cuts were chosen on voices and
    phrases other than those that are reported.

    Parameters
    ----------
    mean, spread
        (n,) of the features.
    weights
        (2 n + 1,): of the features, of their squares, and the constant.
    execute_from, ask_from
        Confidences.
    """

    mean: NDArray[np.float64]
    spread: NDArray[np.float64]
    weights: NDArray[np.float64]
    execute_from: float
    ask_from: float

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Self:
        """Read what :meth:`to_plain` wrote."""
        if tuple(plain["features"]) != FEATURES:
            raise ValueError("The weights belong to other features.")
        arrays = (np.array(plain[name], dtype=np.float64) for name in ("mean", "spread", "weights"))
        mean, spread, weights = arrays
        return cls(mean, spread, weights, float(plain["execute_from"]), float(plain["ask_from"]))

    def to_plain(self) -> dict[str, Any]:
        """Return what a JSON file holds."""
        arrays = {"mean": self.mean, "spread": self.spread, "weights": self.weights}
        numbers = {name: [float(f"{v:.6g}") for v in values] for name, values in arrays.items()}
        cuts = {"execute_from": self.execute_from, "ask_from": self.ask_from}
        return {"features": list(FEATURES), **numbers, **cuts}

    def confidence(self, features: NDArray[np.float64]) -> float:
        """Return the probability that the likeliest phrase was said."""
        logit = float(self.inputs(features[None])[0] @ self.weights)
        return float(1 / (1 + np.exp(-np.clip(logit, -30, 30))))

    def inputs(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return what is weighed: features (m, n), their squares, and one: (m, 2 n + 1)."""
        unit = np.clip((features - self.mean) / self.spread, -4, 4)
        return np.concatenate([unit, unit**2, np.ones((len(unit), 1))], axis=1)

    def decide(self, guess: Guess, confidence: float) -> Action:
        """Return what is done with a guess."""
        if confidence < self.ask_from:
            return Action.IGNORE
        is_doubtful = guess.is_contradicted or guess.twin_ahead_nats < NEAR_TIE_NATS
        return Action.ASK if is_doubtful or confidence < self.execute_from else Action.EXECUTE


def judge_for(recogniser: str) -> Judge:
    """Return the judge that was made for a recogniser."""
    path = resources.files(__package__) / "judges" / f"{recogniser}.json"
    return Judge.from_plain(json.loads(path.read_text("utf-8")))
