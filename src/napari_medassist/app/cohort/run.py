"""Compare the cases of a cohort, in bounded memory and without doing anything twice."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing, nullcontext
from dataclasses import dataclass, fields, replace
from pathlib import Path

from napari_medassist.app.cohort.cache import ResultCache
from napari_medassist.app.cohort.cluster import on_cluster
from napari_medassist.app.cohort.division import NO_DIVISION, Division
from napari_medassist.app.cohort.executors import Executor, in_processes, in_this_process
from napari_medassist.app.cohort.job import Job
from napari_medassist.app.cohort.kept_results import KeptResults
from napari_medassist.app.cohort.output import CohortResult
from napari_medassist.app.cohort.packed import CaseRecord, PackedCases, from_json, pack
from napari_medassist.app.cohort.pairing import FilePair
from napari_medassist.core.errors import InvalidSetting
from napari_medassist.core.progress import Progress, silent
from napari_medassist.core.results import Settings
from napari_medassist.evaluation.cohort import summarise
from napari_medassist.evaluation.conventions import MEDASSIST, Convention
from napari_medassist.evaluation.inputs.masks import Kind, LabelChoice, checked_labels
from napari_medassist.metrics.registry import METRICS, default_names

#: What the progress says of a case whose kept result was judged under another convention.
_AGAIN = "a kept result is judged again"
#: Is told the place of a case among the pairs, and its records: one a convention.
OnCase = Callable[[int, tuple[CaseRecord, ...]], None]


@dataclass(frozen=True, kw_only=True)
class Running:
    """How the work is done; none of it changes a result.

    Parameters
    ----------
    workers
        Number of processes; 1 compares in this one. Scripts that use more need the usual
        ``if __name__ == "__main__"``, since each process is started anew.
    scheduler
        Address of a Dask cluster that does the work instead, e.g. ``tcp://10.0.0.1:8786``.
    cache_dir
        Folder of kept results: a case whose files, settings and engine are the same is not compared
        again, also after a run that was stopped; and where a changed setting only judges the lesions
        anew, kept ones are judged again. None keeps nothing.
    progress
        Told how many cases are done; may raise ``Cancelled``.
    on_case
        Is handed each case as it finishes, also one whose result was kept: its place among the pairs,
        and its record under each convention. Called in the thread of the work.
    """

    workers: int = 1
    scheduler: str | None = None
    cache_dir: Path | None = None
    progress: Progress = silent
    on_case: OnCase | None = None

    def executor(self) -> Executor:
        """Return what does the work.

        Raises
        ------
        InvalidSetting
            If there are no workers, or ``distributed`` is needed and not installed.
        """
        if self.scheduler is not None:
            return on_cluster(self.scheduler)
        return in_this_process if self.workers == 1 else in_processes(self.workers)


def evaluate_cohort(
    pairs: Sequence[FilePair],
    *,
    label: LabelChoice = None,
    kind: Kind = "labels",
    metrics: Sequence[str] = (),
    convention: Convention = MEDASSIST,
    running: Running | None = None,
    cut_offs: Sequence[float] = (),
    division: Division = NO_DIVISION,
) -> CohortResult:
    """Compare the cases of a cohort.

    Parameters
    ----------
    pairs
        The files of each case, from :func:`~napari_medassist.app.cohort.pairing.pair_files`,
        :func:`~napari_medassist.app.cohort.manifest.read_manifest`, or made by hand.
    label
        The value, or values, that count as foreground; every non-zero one by default.
    kind
        What the predictions hold: ``labels``, ``probability`` maps, or ``detection`` maps (one
        confidence a lesion).
    metrics
        Names of further metrics to compute; ``"all"`` stands for all.
    convention
        How lesions are told apart, matched and judged.
    running
        How the work is done; by default in this process, and nothing is kept.
    cut_offs
        Of probability maps: where to count lesions besides, 0 < t <= 1.
    division
        Into which parts, zones or labels, cases are divided besides being judged as a whole.

    Returns
    -------
    CohortResult
        One entry a case, in the order of ``pairs``. A case that cannot be compared has the status
        ``grid_mismatch`` or ``error`` and a message; the others go on. Of many, ``cases`` are made
        anew each time they are looked at, so that they take little memory.

    Raises
    ------
    InvalidSetting
        If a label is not a whole number from 1 on, or there are no pairs or no workers, or cut-offs
        are given and the predictions are no probability maps.
    UnknownItem
        If there is no metric of a name.
    WriteFailed
        If results cannot be kept.
    """
    (cohort,) = evaluate_under(
        (convention,),
        pairs,
        label=label,
        kind=kind,
        metrics=metrics,
        running=running,
        cut_offs=cut_offs,
        division=division,
    )
    return cohort


def evaluate_under(
    conventions: Sequence[Convention],
    pairs: Sequence[FilePair],
    *,
    label: LabelChoice = None,
    kind: Kind = "labels",
    metrics: Sequence[str] = (),
    running: Running | None = None,
    cut_offs: Sequence[float] = (),
    division: Division = NO_DIVISION,
) -> tuple[CohortResult, ...]:
    """Compare the cases of a cohort under several conventions, reading each file once.

    Parameters, errors and results are those of :func:`evaluate_cohort`: one result a convention.
    """
    if not pairs:
        raise InvalidSetting("There is no case to compare.", cure="Name the files of at least one.")
    if len(cut_offs) and kind != "probability":
        raise InvalidSetting(
            f"Only probability maps can be swept over cut-offs; the predictions hold {kind}.",
            cure="Say kind 'probability', or leave the sweep out.",
        )
    division.require_kind(kind)
    running = running or Running()
    job = Job(
        tuple(conventions),
        checked_labels(label),
        kind=kind,
        metrics=chosen_metrics(metrics),
        needs_keys=running.cache_dir is not None,
        cut_offs=tuple(cut_offs),
        division=division,
    )
    executor = running.executor()
    folder = running.cache_dir
    with nullcontext() if folder is None else ResultCache(folder) as cache:
        packed = _packed(executor, job, pairs, cache, running)
    return tuple(_cohort(c, pairs, results) for c, results in zip(conventions, packed, strict=True))


def chosen_metrics(further: Sequence[str]) -> tuple[str, ...] | None:
    """Return the metrics to compute, by name: the usual ones and further ones; None for just those.

    Raises
    ------
    UnknownItem
        If there is no metric of a name.
    """
    if not further:
        return None
    if "all" in further:
        return METRICS.names()
    return tuple(sorted({*default_names(), *(METRICS.get(name).name for name in further)}))


def _packed(
    executor: Executor,
    job: Job,
    pairs: Sequence[FilePair],
    cache: ResultCache | None,
    running: Running,
) -> list[list[bytes]]:
    """Return the compressed records: one list a convention, in the order of the pairs."""
    packed = [[b""] * len(pairs) for _ in job.conventions]
    settings = [convention.settings() for convention in job.conventions]
    done, progress = 0, running.progress

    def add(number: int, texts: Sequence[str], how: str = "") -> None:
        nonlocal done
        for records, text in zip(packed, texts, strict=True):
            records[number] = pack(text)
        if running.on_case is not None:
            running.on_case(number, _named(pairs[number], settings, texts))
        done += 1
        progress(done, len(pairs), how or (pairs[done].case if done < len(pairs) else ""))

    progress(0, len(pairs), pairs[0].case)
    missing = []
    kept = None if cache is None else KeptResults(job, cache)
    for number, pair in enumerate(pairs):
        found = None if kept is None else kept.of_case(pair)
        if found is None:
            missing.append(number)
        else:
            add(number, found.texts, f"{pair.case}: {_AGAIN}" if found.is_judged_again else "")
    if missing:
        with closing(executor(job, [pairs[number] for number in missing])) as outcomes:
            for place, outcome in outcomes:
                if cache is not None:
                    for key, text in zip(outcome.keys, outcome.results, strict=False):
                        cache.put(key, text)
                add(missing[place], outcome.results)
    return packed


def _named(
    pair: FilePair, settings: Sequence[Settings], texts: Sequence[str]
) -> tuple[CaseRecord, ...]:
    """Return the records of a case with its own name and settings; a kept one may have another name."""
    return tuple(
        replace(
            record,
            evaluation=replace(
                record.evaluation, case=pair.case, group=pair.group, convention=convention
            ),
        )
        for convention, record in zip(settings, map(from_json, texts), strict=True)
    )


def _cohort(convention: Convention, pairs: Sequence[FilePair], packed: Sequence[bytes]) -> CohortResult:
    cases = PackedCases(pairs, packed, convention.settings())
    found = summarise(cases, convention=convention)
    return CohortResult(**{part.name: getattr(found, part.name) for part in fields(found)})
