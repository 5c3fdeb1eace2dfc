"""The diffusion images of many studies aligned, each study into a folder of its own."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from napari_medassist.app.reading.readings import folder_name
from napari_medassist.app.registering.aligning import Wish
from napari_medassist.app.registering.diffusion import align_diffusion
from napari_medassist.app.registering.verdict import Light, Thresholds
from napari_medassist.app.registering.writing import QUALITY_FILE, as_plain, write_alignment
from napari_medassist.core.errors import Cancelled, InvalidSetting, MedAssistError, WriteFailed
from napari_medassist.core.progress import Progress, part_of, silent
from napari_medassist.io.atomic import replacing
from napari_medassist.io.files import read

TABLE_FILE = "alignments.csv"
_COLUMNS = (
    "study",
    "light",
    "moved_mm_median",
    "way_back_mm_p95",
    "information_before",
    "information_after",
    "reason",
)
_PARTS = 100


@dataclass(frozen=True)
class StudyOutcome:
    """What came of one study.

    Attributes
    ----------
    study
        Its folder.
    light
        Of the verdict; None where there is none.
    reason
        The verdict's worst reason, or why there is none.
    moved_mm, way_back_mm
        Median displacement, and percentile 95 there and back; None where not measured.
    information
        Normalised mutual information before and after; None where not defined.
    """

    study: Path
    light: Light | None
    reason: str
    moved_mm: float | None = None
    way_back_mm: float | None = None
    information: tuple[float | None, ...] = (None, None)

    @property
    def row(self) -> tuple[str, ...]:
        """A row of the table; what is not defined is empty."""
        numbers = (self.moved_mm, self.way_back_mm, *self.information)
        told = ("" if v is None else f"{v:.4g}" for v in numbers)
        return (str(self.study), str(self.light or "failed"), *told, self.reason)


def align_studies(
    studies: Sequence[Path],
    out: Path,
    wish: Wish | None = None,
    *,
    around_gland: bool = True,
    thresholds: Thresholds | None = None,
    progress: Progress = silent,
) -> tuple[StudyOutcome, ...]:
    """Align the diffusion images of each study with its T2w.

    A study that cannot be read or aligned is told and counted; the others go on. One whose results are
    there is left as it is: a run that was stopped goes on where it was.

    Parameters
    ----------
    studies
        Folders with different names.
    out
        Each study's results go into a folder of its name; ``alignments.csv`` has a row for each.
    wish, around_gland, thresholds
        As for :func:`~napari_medassist.app.registering.diffusion.align_diffusion`.
    progress
        Told how far it has come; may raise ``Cancelled``: what is done is kept.

    Raises
    ------
    InvalidSetting
        If two studies have one name.
    WriteFailed
        If the results cannot be written.
    """
    names = [folder_name(study.resolve().name) for study in studies]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InvalidSetting(
            f"Several studies are called {', '.join(twice)}: their results would be in one folder.",
            cure="Align them one by one, each into a folder of its own.",
        )
    wish, limits = wish or Wish(), thresholds or Thresholds()
    outcomes: list[StudyOutcome] = []
    for k, (study, name) in enumerate(zip(studies, names, strict=True)):
        begin, end = (_PARTS * n // len(studies) for n in (k, k + 1))
        told = part_of(progress, begin, end, f"{name}: ")
        folder = out / name
        try:
            if (folder / QUALITY_FILE).exists():
                outcomes.append(_kept(study, folder, wish, limits))
                continue
            made = align_diffusion(
                read(study), wish, around_gland=around_gland, thresholds=limits, progress=told
            )
            write_alignment(
                made.alignment, folder, also=made.moved[1:], notes=made.notes, thresholds=limits
            )
            outcomes.append(_outcome(study, as_plain(made.alignment, limits)))
        except (Cancelled, WriteFailed):
            _write_table(outcomes, out)
            raise
        except MedAssistError as error:
            outcomes.append(StudyOutcome(study, None, str(error)))
    _write_table(outcomes, out)
    return tuple(outcomes)


def _outcome(study: Path, plain: Mapping[str, Any]) -> StudyOutcome:
    way_back = plain["way_back_mm"]
    return StudyOutcome(
        study,
        Light(plain["verdict"]),
        plain["reasons"][0]["text"],
        plain["space"]["displacement_mm"][0],
        None if way_back is None else way_back[1],
        tuple(plain["normalised_mutual_information"]),
    )


def _kept(study: Path, folder: Path, wish: Wish, thresholds: Thresholds) -> StudyOutcome:
    """Return what an earlier run has found of a study, if it was asked for the same."""
    path = folder / QUALITY_FILE
    try:
        known = json.loads(path.read_text(encoding="utf-8"))
        asked = {name: known[name] for name in ("method", "thresholds")}
        outcome = _outcome(study, known)
    except (OSError, ValueError, KeyError, IndexError, TypeError) as error:
        raise InvalidSetting(
            f"The results of an earlier run in '{folder}' are not understood.",
            cure="Take the folder away and align the study again.",
        ) from error
    wanted = {"method": wish.method, "thresholds": thresholds.settings()}
    both_ways = outcome.way_back_mm is not None
    if asked != json.loads(json.dumps(wanted)) or both_ways != wish.both_ways:
        raise InvalidSetting(
            f"'{folder}' holds results by another method, one way only, or under other thresholds.",
            cure="Choose another folder, or take it away.",
        )
    return outcome


def _write_table(outcomes: Sequence[StudyOutcome], out: Path) -> None:
    if not outcomes:
        return
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WriteFailed(f"The folder cannot be made ({error.strerror}).", path=out) from error
    path = out / TABLE_FILE
    with replacing(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows((_COLUMNS, *(outcome.row for outcome in outcomes)))
