"""Opened cases, held in bounded memory and read ahead, so that stepping through a cohort is smooth."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from napari_medassist.app.browser.case_files import ImageIndex, single_file
from napari_medassist.app.browser.opened_case import OpenedCase, PredictedMap, bytes_of
from napari_medassist.app.cohort.pairing import FilePair
from napari_medassist.app.held_parts import HeldParts
from napari_medassist.core.case import Case
from napari_medassist.core.errors import MedAssistError
from napari_medassist.core.labels import DetectionMap, LabelMap, LabelScheme, ProbabilityMap
from napari_medassist.core.progress import Progress, silent
from napari_medassist.core.volume import Volume
from napari_medassist.evaluation.inputs.given import Kind
from napari_medassist.io.files import read_labels, read_together, read_volume

_ZONE_GREYS = ((235, 235, 235), (150, 150, 150), (195, 195, 195))
DEFAULT_BUDGET_MB = 1024


class CaseStore:
    """Reads cases when they are asked for and keeps the latest ones.

    Images, reference, prediction and zones are kept by themselves: another model of the same case
    reads its prediction only. Each part is read once even if two threads ask for it. Safe to use
    from any thread.

    Parameters
    ----------
    pairs
        Model -> the files of each of its cases.
    images
        Where the images are.
    zones
        Case -> its zone maps, where the pairs do not name them.
    kind
        What the predictions hold.
    budget_mb
        Megabytes (10^6 bytes) of voxels that are kept. What was asked for last is returned even if
        it is larger, and then nothing else is kept.
    """

    def __init__(
        self,
        pairs: Mapping[str, Sequence[FilePair]],
        *,
        images: ImageIndex | None = None,
        zones: Mapping[str, tuple[Path, ...]] | None = None,
        kind: Kind = "labels",
        budget_mb: float = DEFAULT_BUDGET_MB,
    ) -> None:
        self._pairs = {model: {p.case: p for p in found} for model, found in pairs.items()}
        self._images, self._zones, self._kind = images or ImageIndex(), zones or {}, kind
        self._parts = HeldParts(budget_mb, _bytes_of_part)

    @property
    def n_bytes(self) -> int:
        """Bytes that are held now."""
        return self._parts.n_bytes

    @property
    def budget_bytes(self) -> int:
        """Bytes that are held at most."""
        return self._parts.budget_bytes

    def is_loaded(self, model: str, case: str) -> bool:
        """Tell whether a case would open without reading a file."""
        return all(self._parts.holds(key) for key in _keys(model, case))

    def load(self, model: str, case: str, progress: Progress = silent) -> OpenedCase:
        """Return a case, read from its files or as it is held.

        What is missing or cannot be read is told in ``problems``; the rest is there.

        Parameters
        ----------
        model
            Whose prediction.
        case
            Name of the case.
        progress
            Told of each part; may raise ``Cancelled``.
        """
        pair = self._pairs.get(model, {}).get(case, FilePair(case))
        readers: dict[str, Callable[[], Any]] = {
            "images": lambda: self._read_images(case, progress),
            "reference": lambda: _read_map(pair.reference, "reference", case, "labels"),
            "prediction": lambda: _read_map(pair.prediction, "prediction", case, self._kind),
            "zones": lambda: self._read_zones(pair),
        }
        found: dict[str, Any] = {}
        problems = []
        for number, (key, (what, reader)) in enumerate(
            zip(_keys(model, case), readers.items(), strict=True)
        ):
            progress(number, len(readers), f"{case}: {what}")
            part = self._parts.get(key, reader)
            found[what] = part.value
            if part.error is not None:
                problems.append(f"{what.capitalize()}: {part.error}")
        images = found.pop("images") or Case(case)
        opened = OpenedCase(case, model, images=images, problems=tuple(problems), **found)
        opened.prepare()
        return opened

    def preload(self, model: str, cases: Sequence[str], progress: Progress = silent) -> int:
        """Read cases ahead, the most wanted one first, as long as all fit into the budget.

        Parameters
        ----------
        model
            Whose predictions.
        cases
            Names of cases, the one that is open first: it stays.
        progress
            Told of each case; raises ``Cancelled`` when other cases are wanted.

        Returns
        -------
        int
            Number of cases that are held now.
        """
        sizes: list[int] = []
        for number, case in enumerate(cases):
            progress(number, len(cases), case)
            if sum(sizes) + max(sizes, default=0) > self.budget_bytes:
                break  # one more, as large as the largest, would drive out what was read first
            sizes.append(self.load(model, case, progress).n_bytes)
        return len(sizes)

    def forget(self) -> None:
        """Let go of everything."""
        self._parts.forget()

    def _read_images(self, case: str, progress: Progress) -> Case:
        found = read_together(self._images.images_of(case), case, progress=progress)
        return replace(found, labels=())  # what is compared is chosen by its place, not by its looks

    def _read_zones(self, pair: FilePair) -> LabelMap | None:
        files = pair.zones or self._zones.get(pair.case, ())
        path = single_file(files, "zone", pair.case)
        return None if path is None else _in_grey(read_labels(path)).with_changes(name="Zones")


def _in_grey(zones: LabelMap) -> LabelMap:
    """Return zones in greys: on the same image, colours say what became of a lesion."""
    labels = zones.scheme.completed(zones.values()).labels
    greys = (replace(n, colour=_ZONE_GREYS[n.value % len(_ZONE_GREYS)]) for n in labels)
    return zones.with_changes(scheme=LabelScheme(tuple(greys)))


def _keys(model: str, case: str) -> tuple[tuple[str, ...], ...]:
    return ("images", case), ("reference", case), ("prediction", model, case), ("zones", case)


def _bytes_of_part(value: Any) -> int:
    if isinstance(value, Case):
        return sum(bytes_of(series) for series in value.series)
    return 0 if value is None else bytes_of(value)


def _read_map(files: tuple[Path, ...], what: str, case: str, kind: Kind) -> PredictedMap | None:
    path = single_file(files, what, case)
    if path is None:
        raise MedAssistError(f"no {what} file is called '{case}'.")
    title = what.capitalize()
    if kind == "labels":
        return read_labels(path).with_changes(name=title)
    return _confidences(read_volume(path), kind, title)


def _confidences(volume: Volume, kind: Kind, title: str) -> ProbabilityMap | DetectionMap:
    made = ProbabilityMap if kind == "probability" else DetectionMap
    return made(volume.array, volume.geometry, volume.source, title, volume.provenance)
