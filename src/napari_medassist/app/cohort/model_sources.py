"""Where the predictions of several models lie, and what they hold."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import cast, get_args

from napari_medassist.app.cohort.files import Source
from napari_medassist.app.cohort.model_manifest import read_model_manifest
from napari_medassist.core.errors import InvalidSetting
from napari_medassist.evaluation.inputs.masks import Kind

_FOLDER_NAME = re.compile(r"[\w-][\w .+-]*")


def names_of(places: Sequence[str]) -> dict[str, str]:
    """Return models by name: ``NAME=PLACE``, or a place that names its model by its last part.

    Raises
    ------
    InvalidSetting
        If two models have one name, or a name is no name for a folder.
    """
    models: dict[str, str] = {}
    for text in places:
        name, equals, place = text.partition("=")
        if not equals:
            name, place = Path(text).resolve().name, text
        if not _FOLDER_NAME.fullmatch(name) or name in models:
            raise InvalidSetting(
                f"'{name}' cannot name a model here, or names two.",
                cure="Write NAME=FOLDER with a name of its own for each.",
            )
        models[name] = place
    return models


def sources_of_manifest(path: Path, models: Sequence[str] = ()) -> dict[str, Source]:
    """Take the cases of several models from one table.

    Parameters
    ----------
    path
        With a column of predictions for each model; see
        :func:`~napari_medassist.app.cohort.model_manifest.read_model_manifest`, errors too.
    models
        The columns that are models; by default all that can be.
    """
    path = path.expanduser()
    found = read_model_manifest(path, models)
    names_of([f"{name}=" for name in found])  # each names a folder of tables
    return {
        name: Source(pairs, {"manifest": str(path), "column": name}) for name, pairs in found.items()
    }


def kinds_of(told: Sequence[str], models: Collection[str]) -> dict[str, Kind]:
    """Return what the predictions of each model hold.

    Parameters
    ----------
    told
        ``KIND`` for all models, or ``NAME=KIND`` for single ones; the others hold labels.
    models
        The names of the models.

    Raises
    ------
    InvalidSetting
        If there is no such kind or model.

    Examples
    --------
    >>> kinds_of(["B=probability"], ["A", "B"])
    {'A': 'labels', 'B': 'probability'}
    """
    kinds: dict[str, Kind] = dict.fromkeys(models, "labels")
    for text in told:
        name, equals, kind = text.rpartition("=")
        if kind not in get_args(Kind) or (equals and name not in kinds):
            raise InvalidSetting(
                f"'{text}' does not say what the predictions of a model hold.",
                cure=f"Write NAME=KIND, or a KIND for all; it is one of {', '.join(get_args(Kind))}.",
            )
        kinds.update(dict.fromkeys([name] if equals else models, cast(Kind, kind)))
    return kinds
