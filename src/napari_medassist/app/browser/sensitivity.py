"""How headline numbers, and the ranking of models, move over conventions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from napari_medassist.app.browser.headline import Headline
from napari_medassist.evaluation.conventions import Convention
from napari_medassist.evaluation.ranking import Rankings


@dataclass(frozen=True, eq=False)
class Sensitivity:
    """The same cases under several conventions.

    Parameters
    ----------
    conventions
        The conventions, in the order of the rows.
    headlines
        Model -> convention's name -> headline numbers.
    rankings
        How the models rank; None if there is only one.
    """

    conventions: tuple[Convention, ...]
    headlines: Mapping[str, Mapping[str, Headline]]
    rankings: Rankings | None = None
