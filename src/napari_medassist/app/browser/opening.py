"""What opening a cohort computes, in a thread of its own: files found, cases compared or read back."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from platformdirs import user_cache_path, user_data_path

from napari_medassist.app.browser.case_files import ImageIndex, images_of_manifest, zones_of
from napari_medassist.app.browser.case_store import DEFAULT_BUDGET_MB, CaseStore
from napari_medassist.app.browser.headline import Pin
from napari_medassist.app.browser.marks import MARKS_FILE, Marks
from napari_medassist.app.browser.model_results import ModelResults
from napari_medassist.app.browser.pins import pins_beside, read_pins
from napari_medassist.app.browser.sources import ONLY_MODEL, CohortSources
from napari_medassist.app.cohort.output import SUMMARY_FILE, writable_folder
from napari_medassist.app.cohort.packed import CaseRecord
from napari_medassist.app.cohort.pairing import FilePair
from napari_medassist.app.cohort.reopen import ReopenedCohort, load_results
from napari_medassist.app.cohort.run import Running, evaluate_cohort
from napari_medassist.core.errors import FileProblem, InvalidSetting, WriteFailed
from napari_medassist.core.progress import Progress
from napari_medassist.evaluation.conventions import Convention

_APP = "napari-medassist"
_KEY_BYTES = 8
#: Fewer cases are compared before two processes have started.
_WORTH_A_POOL = 32


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """Where a browser keeps things, and how it works.

    Parameters
    ----------
    cache_dir
        Folder of kept results; None for one in the user's cache folder.
    marks_path
        File of marks; None for one beside the results, or in the user's data folder.
    workers
        Processes that compare cases.
    budget_mb
        Megabytes of voxels that are held of opened cases.
    """

    cache_dir: Path | None = None
    marks_path: Path | None = None
    workers: int = 2
    budget_mb: float = DEFAULT_BUDGET_MB

    def cache_of(self, sources: CohortSources) -> Path:
        """Return the folder of kept results of a cohort."""
        folder = self.cache_dir or user_cache_path(_APP) / "cohorts"
        return folder / _key(sources)

    def marks_of(self, sources: CohortSources) -> Path:
        """Return the file of a cohort's marks; its folder exists."""
        if self.marks_path is not None:
            return self.marks_path
        if sources.results is not None:
            try:
                return writable_folder(Path(sources.results).expanduser()) / MARKS_FILE
            except WriteFailed:
                pass  # results of somebody else, or on a medium that is read only
        folder = user_data_path(_APP) / "marks"
        return folder / f"{_key(sources)}.json"


@dataclass(frozen=True, eq=False)
class OpenedCohort:
    """A cohort that was opened.

    Parameters
    ----------
    sources
        Where it lies, completed by what earlier results say.
    convention
        What the numbers were computed with.
    models
        The results by model.
    store
        Reads its cases.
    marks
        What readers said of its cases.
    pins
        Headline numbers that were pinned before.
    """

    sources: CohortSources
    convention: Convention
    models: Mapping[str, ModelResults]
    store: CaseStore
    marks: Marks
    pins: tuple[Pin, ...] = ()

    @property
    def n_cases(self) -> int:
        """Number of cases over all models."""
        return sum(len(results.pairs) for results in self.models.values())


@dataclass(frozen=True)
class FinishedCase:
    """A case that was compared just now."""

    model: str
    row: int
    record: CaseRecord


#: Is told of a cohort whose cases all wait, and then of each case.
Tell = Callable[[OpenedCohort | FinishedCase], None]


def open_cohort(
    sources: CohortSources,
    convention: Convention,
    surroundings: Surroundings,
    tell: Tell,
    progress: Progress,
) -> OpenedCohort:
    """Find the cases of a cohort and compare them, or read earlier results.

    Parameters
    ----------
    sources
        Where it lies.
    convention
        What to compare with; earlier results keep their own.
    surroundings
        Where things are kept.
    tell
        Called in this thread.
    progress
        Told of each case; may raise ``Cancelled``.

    Raises
    ------
    FileProblem
        If a place does not exist or holds nothing.
    WriteFailed
        If results cannot be kept.
    """
    progress(0, 0, "Looking for files")
    if sources.results is not None:
        return _reopened(sources, surroundings, progress)
    pairs = sources.pairs()
    waiting = {
        model: ModelResults.waiting(model, found, convention, kind=sources.kind)
        for model, found in pairs.items()
    }
    opened = _assembled(sources, convention, waiting, surroundings)
    tell(opened)
    return compared(opened, convention, surroundings, progress, tell)


def compared(
    opened: OpenedCohort,
    convention: Convention,
    surroundings: Surroundings,
    progress: Progress,
    tell: Tell | None = None,
) -> OpenedCohort:
    """Compare all cases of a cohort under a convention, from their files or from kept results.

    Parameters, errors: as for :func:`open_cohort`; the opened cohort stays as it is.
    """
    models, n_before = {}, 0
    for name, results in opened.models.items():
        models[name] = _compared_model(
            results, opened, convention, surroundings, _part(progress, n_before, opened.n_cases), tell
        )
        n_before += len(results.pairs)
    return replace(opened, convention=convention, models=models)


def _compared_model(
    results: ModelResults,
    opened: OpenedCohort,
    convention: Convention,
    surroundings: Surroundings,
    progress: Progress,
    tell: Tell | None,
) -> ModelResults:
    def on_case(row: int, records: tuple[CaseRecord, ...]) -> None:
        if tell is not None:
            tell(FinishedCase(results.name, row, records[0]))

    _require_files(results.pairs, opened.sources)
    cohort = evaluate_cohort(
        results.pairs,
        label=opened.sources.label,
        kind=opened.sources.kind,
        convention=convention,
        running=running_of(opened.sources, surroundings, results.pairs, progress, on_case),
    )
    found = ModelResults.of_cohort(
        results.name, results.pairs, convention, cohort, kind=opened.sources.kind
    )
    return found.prepared()


def running_of(
    sources: CohortSources,
    surroundings: Surroundings,
    pairs: Sequence[FilePair],
    progress: Progress,
    on_case: Callable[[int, tuple[CaseRecord, ...]], None] | None = None,
) -> Running:
    """Return how the cases of a model are compared."""
    return Running(
        workers=surroundings.workers if len(pairs) >= _WORTH_A_POOL else 1,
        cache_dir=surroundings.cache_of(sources),
        progress=progress,
        on_case=on_case,
    )


def _require_files(pairs: Sequence[FilePair], sources: CohortSources) -> None:
    """Raise unless there is a file to compare: results may outlive the images they came from."""
    files = (path for pair in pairs for path in (*pair.reference, *pair.prediction))
    if sources.results is not None and not any(path.exists() for path in files):
        raise FileProblem(
            "The images of these results are not where they were, so they cannot be compared anew.",
            path=sources.results,
            cure="Open the folders of the images instead of the results.",
        )


def _reopened(sources: CohortSources, surroundings: Surroundings, progress: Progress) -> OpenedCohort:
    """Return a cohort as earlier results have it: of one model, or of several side by side."""
    models, conventions, first = {}, [], None
    folders = _result_folders(Path(str(sources.results)).expanduser(), sources)
    for number, (name, folder) in enumerate(folders.items()):
        progress(number, len(folders), f"Reading {folder.name}")
        found = load_results(folder)
        first = first or found
        conventions.append(found.convention.settings())
        models[name] = ModelResults.of_cohort(
            name, found.pairs, found.convention, found.cohort, kind=found.kind
        ).prepared()
    if first is None or any(settings != conventions[0] for settings in conventions):
        raise InvalidSetting(
            "These results were computed with different conventions; they are not comparable.",
            path=sources.results,
            cure="Open one of the folders in it, or compare the models anew.",
        )
    return _assembled(_completed(sources, models, first), first.convention, models, surroundings)


def _completed(
    sources: CohortSources, models: Mapping[str, ModelResults], found: ReopenedCohort
) -> CohortSources:
    """Return the sources with what the results say: models, what is compared, which labels."""
    places = {name: sources.predictions.get(name, found.folder) for name in models}
    return sources.with_changes(predictions=places, kind=found.kind, label=found.labels)


def _result_folders(folder: Path, sources: CohortSources) -> Mapping[str, Path]:
    """Return the folder of each model: the folder itself, or those in it that ``compare`` wrote."""
    if (folder / SUMMARY_FILE).is_file() or not folder.is_dir():
        return {_only_name(folder, sources): folder}
    inner = sorted(path.parent for path in folder.glob(f"*/{SUMMARY_FILE}"))
    if not inner:
        raise FileProblem(
            "This folder holds no results.",
            path=folder,
            cure="Choose the folder that 'evaluate' or 'compare' wrote to.",
        )
    return {path.name: path for path in inner}


def _only_name(folder: Path, sources: CohortSources) -> str:
    """Return what the only model is called: as it was said, else like the place of its predictions."""
    if sources.predictions:
        return next(iter(sources.predictions))
    try:
        about = json.loads((folder / SUMMARY_FILE).read_text(encoding="utf-8"))
        return Path(str(about["prediction"])).name or ONLY_MODEL
    except (OSError, ValueError, KeyError, TypeError):
        return ONLY_MODEL  # a manifest names no model; what is damaged is told when it is read


def _assembled(
    sources: CohortSources,
    convention: Convention,
    models: Mapping[str, ModelResults],
    surroundings: Surroundings,
) -> OpenedCohort:
    store = CaseStore(
        {name: results.pairs for name, results in models.items()},
        images=_images_of(sources),
        zones=zones_of(sources.zones),
        kind=sources.kind,
        budget_mb=surroundings.budget_mb,
    )
    marks_path = surroundings.marks_of(sources)
    pins = read_pins(pins_beside(marks_path))
    return OpenedCohort(sources, convention, models, store, Marks(marks_path), pins)


def _images_of(sources: CohortSources) -> ImageIndex:
    if sources.images is None and sources.manifest is not None:
        return images_of_manifest(Path(sources.manifest).expanduser())
    return ImageIndex.of(sources.images)


def _part(progress: Progress, before: int, total: int) -> Progress:
    """Return the progress of one model as part of that of all."""

    def report(done: int, _total: int, message: str, /) -> None:
        progress(before + done, total, message)

    return report


def _key(sources: CohortSources) -> str:
    """Return a name for what is kept of a cohort: by the place of its reference."""
    plain = sources.to_plain()
    place = plain.get("reference") or plain.get("manifest") or plain.get("results") or ""
    return hashlib.blake2b(place.encode(), digest_size=_KEY_BYTES).hexdigest()
