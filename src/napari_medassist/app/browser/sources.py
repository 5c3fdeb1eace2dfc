"""Where the cases of a cohort lie: reference, predictions of one or more models, images, zones."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from napari_medassist.app.cohort.manifest import read_manifest
from napari_medassist.app.cohort.model_manifest import read_model_manifest
from napari_medassist.app.cohort.pairing import FilePair, pair_files
from napari_medassist.core.errors import InvalidSetting
from napari_medassist.evaluation.inputs.given import Kind
from napari_medassist.evaluation.inputs.masks import LabelChoice

Place = str | Path
#: What a model is called of which only one place is known.
ONLY_MODEL = "prediction"
#: Columns of a table of cases that name no model.
_NO_MODELS = frozenset({"case", "reference", "images", "zones", "group"})


@dataclass(frozen=True, kw_only=True)
class CohortSources:
    """The places that a cohort is opened from.

    Either ``reference`` and ``predictions``, or ``manifest``, or ``results``. Results of an earlier
    evaluation say themselves where their files lie; places that are given count more.

    Parameters
    ----------
    reference
        A file, a folder or a pattern, as for ``evaluate``.
    predictions
        Name of a model -> its file, folder or pattern.
    images
        A folder or pattern of images. Of a folder, a case's images are the sub-folder (DICOM or
        files) of its name and the files called like the case or beginning with ``case_``, in
        sub-folders too. None: the column ``images`` of the manifest, if there is one; else cases open
        with their label maps alone.
    zones
        A folder or pattern of label maps of zones, called like the cases.
    kind
        What the predictions hold: ``labels``, ``probability`` or ``detection``.
    label
        The values that are foreground; every non-zero one by default.
    manifest
        A table of the cases (CSV) instead of folders; columns case, reference, prediction (or one
        column for each model, named after it) and, if wished, images (several parted by ``|``),
        zones, group.
    results
        A folder that ``evaluate`` or ``compare`` wrote.
    """

    reference: Place | None = None
    predictions: Mapping[str, Place] = field(default_factory=dict)
    images: Place | None = None
    zones: Place | None = None
    kind: Kind = "labels"
    label: LabelChoice = None
    manifest: Path | None = None
    results: Path | None = None

    def __post_init__(self) -> None:
        has_files = self.reference is not None and bool(self.predictions)
        if not (has_files or self.manifest or self.results):
            raise InvalidSetting(
                "A cohort needs a reference and a prediction.",
                cure="Choose both folders, a table of cases, or the folder of earlier results.",
            )

    @property
    def models(self) -> tuple[str, ...]:
        """Names of the models; those of ``results`` are known once they were read."""
        return tuple(self.predictions) or (ONLY_MODEL,)

    @property
    def title(self) -> str:
        """What the cohort is called in a list: its places, shortened."""
        if self.results is not None and self.reference is None:
            return f"results {Path(self.results).name}"
        if self.manifest is not None:
            return f"table {Path(self.manifest).name}"
        return f"{' / '.join(self.predictions)} against {Path(str(self.reference)).name}"

    def pairs(self) -> Mapping[str, tuple[FilePair, ...]]:
        """Return the files of each case by model; reads folders, so not for the window's thread.

        Raises
        ------
        FileProblem
            If a place does not exist or holds no image.
        """
        if self.manifest is not None:
            return _pairs_of_table(Path(self.manifest).expanduser())
        if self.reference is None:
            return {}
        places = self.predictions.items()
        return {model: pair_files(self.reference, place).pairs for model, place in places}

    def to_plain(self) -> dict[str, Any]:
        """Return the places as plain values, for the list of recent cohorts."""
        places = ("reference", "images", "zones", "manifest", "results")
        plain: dict[str, Any] = {
            name: str(Path(str(place)).expanduser().absolute())
            for name in places
            if (place := getattr(self, name)) is not None
        }
        plain["predictions"] = {
            name: str(Path(str(place)).expanduser().absolute())
            for name, place in self.predictions.items()
        }
        labels = [self.label] if isinstance(self.label, int) else self.label
        return {**plain, "kind": self.kind, "label": None if labels is None else list(labels)}

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> CohortSources:
        """Make one from what :meth:`to_plain` returned.

        Raises
        ------
        InvalidSetting
            If the values are not those of a cohort.
        """
        try:
            paths = {name: Path(plain[name]) for name in ("manifest", "results") if plain.get(name)}
            texts = {name: plain[name] for name in ("reference", "images", "zones") if plain.get(name)}
            predictions = {str(name): str(place) for name, place in plain["predictions"].items()}
            kind, label = plain.get("kind", "labels"), plain.get("label")
            return cls(predictions=predictions, kind=kind, label=label, **paths, **texts)
        except (KeyError, TypeError, AttributeError) as error:
            raise InvalidSetting(f"This is no list of a cohort's places ({error}).") from error

    def with_changes(self, **changes: Any) -> CohortSources:
        """Return a copy with some places changed."""
        return replace(self, **changes)


def _pairs_of_table(path: Path) -> Mapping[str, tuple[FilePair, ...]]:
    """Return the files of each case: of the column ``prediction``, or of a column for each model."""
    models = tuple(name for name in _header(path) if name.lower() not in _NO_MODELS)
    if not models or "prediction" in map(str.lower, models):
        return {ONLY_MODEL: read_manifest(path).pairs}
    return {name: paired.pairs for name, paired in read_model_manifest(path, models).items()}


def _header(path: Path) -> list[str]:
    """Return the names of a table's columns; none if it cannot be read, which reading it then tells."""
    try:
        with path.open(encoding="utf-8-sig") as file:
            line = file.readline()
    except (OSError, UnicodeDecodeError):
        return []
    names = next(csv.reader([line], delimiter=max(",;\t", key=line.count), skipinitialspace=True), [])
    return [name.strip() for name in names if name.strip()]
