"""Compare files, folders, patterns or a list of cases, and write the tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from napari_medassist.app.cohort.division import NO_DIVISION, Division
from napari_medassist.app.cohort.labels_held import absent_summary
from napari_medassist.app.cohort.manifest import read_manifest
from napari_medassist.app.cohort.output import (
    CohortResult,
    require_parquet,
    writable_folder,
    write_results,
)
from napari_medassist.app.cohort.pairing import PairedFiles, PathLike, pair_files
from napari_medassist.app.cohort.run import Running, chosen_metrics, evaluate_cohort
from napari_medassist.core.progress import Progress, silent
from napari_medassist.evaluation.conventions import MEDASSIST, Convention
from napari_medassist.evaluation.inputs.masks import Kind, LabelChoice, checked_labels


@dataclass(frozen=True)
class Source:
    """Where the cases of a cohort come from, and what they are.

    Parameters
    ----------
    found
        The cases.
    about
        What the summary says of where they come from.
    """

    found: PairedFiles
    about: Mapping[str, Any]

    @classmethod
    def of_places(
        cls, reference: PathLike, prediction: PathLike, zones: PathLike | None = None
    ) -> Source:
        """Take the cases from files, folders or patterns; errors are those of ``pair_files``."""
        about = {"reference": str(reference), "prediction": str(prediction)}
        source = cls(pair_files(reference, prediction), about)
        return source if zones is None else source.with_zones(zones)

    @classmethod
    def of_manifest(cls, path: PathLike) -> Source:
        """Take the cases from a table; errors are those of ``read_manifest``."""
        return cls(read_manifest(Path(path).expanduser()), {"manifest": str(path)})

    def with_zones(self, place: PathLike) -> Source:
        """Return the cases with their zone maps; see ``PairedFiles.with_zones``."""
        found = self.found.with_zones(place)
        unknown = [str(path) for path in found.zones_without_case]
        return Source(found, {**self.about, "zone_maps": str(place), "zone_maps_without_case": unknown})

    @property
    def has_zones(self) -> bool:
        """Whether any case has a zone map."""
        return any(pair.zones for pair in self.found.pairs)


def evaluate_files(
    reference: PathLike,
    prediction: PathLike,
    out_dir: PathLike,
    *,
    label: LabelChoice = None,
    convention: Convention = MEDASSIST,
    progress: Progress = silent,
    running: Running | None = None,
) -> CohortResult:
    """Compare label maps on disk and write the tables.

    Parameters
    ----------
    reference, prediction
        A file, a folder, or a pattern with wildcards each. Files of two folders belong together if
        their names without the image ending are the same; two files always do.
    out_dir
        Where ``cases.csv``, ``lesions.csv``, ``matches.csv``, ``summary.json`` and
        ``convention.yaml`` go; made if it does not exist. Files of the same name are replaced.
    label
        The value, or values, that count as foreground; every non-zero one by default.
    convention
        How lesions are told apart, matched and judged.
    progress
        Told how many cases are done; may raise ``Cancelled``, then no table is written.
    running
        How the work is done; by default in this process, and nothing is kept.

    Returns
    -------
    CohortResult
        One entry a case. A case that cannot be compared has the status ``grid_mismatch`` or
        ``error`` and a message; the others go on.

    Raises
    ------
    InvalidSetting
        If a label is not a whole number from 1 on.
    FileProblem
        If a path does not exist, or holds no image at all.
    WriteFailed
        If the tables cannot be written.
    """
    checked_labels(label)
    source = Source.of_places(reference, prediction)
    running = replace(running or Running(), progress=progress)
    return evaluate_source(source, out_dir, label=label, convention=convention, running=running)


def evaluate_source(
    source: Source,
    out_dir: PathLike,
    *,
    label: LabelChoice = None,
    convention: Convention = MEDASSIST,
    running: Running | None = None,
    kind: Kind = "labels",
    metrics: Sequence[str] = (),
    parquet: bool = False,
    cut_offs: Sequence[float] = (),
    division: Division = NO_DIVISION,
) -> CohortResult:
    """Compare the cases of a source and write the tables.

    Parameters
    ----------
    source
        The cases.
    out_dir, label, convention, running
        As in :func:`evaluate_files`.
    kind, metrics
        As in :func:`~napari_medassist.app.cohort.run.evaluate_cohort`. Of probability and detection
        maps there is ``curves.csv`` too.
    parquet
        Whether to write the tables as Parquet too.
    cut_offs
        Of probability maps: where to count lesions besides; they make ``sweep.csv``.
    division
        Into which parts cases are divided besides: zones make ``regions.csv``, labels ``labels.csv``.

    Raises
    ------
    UnknownItem
        If there is no metric of a name.
    InvalidSetting
        If Parquet is asked for and ``pyarrow`` not installed, or a label is none.
    WriteFailed
        If the tables cannot be written.
    """
    wanted = checked_labels(label)
    chosen_metrics(metrics)
    division.require_kind(kind)
    if parquet:
        require_parquet()
    folder = writable_folder(Path(out_dir).expanduser())
    cohort = evaluate_cohort(
        source.found.pairs,
        label=wanted,
        kind=kind,
        metrics=metrics,
        convention=convention,
        running=running,
        cut_offs=cut_offs,
        division=division,
    )
    about = {
        **source.about,
        "labels": wanted,
        **absent_summary(cohort, wanted),
        "kind": kind,
        "passed_over": [str(path) for path in source.found.passed_over],
        **division.about(),
    }
    write_results(cohort, convention, folder, about=about, parquet=parquet)
    return cohort
