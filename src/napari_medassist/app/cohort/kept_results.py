"""Kept results under one convention, judged again under another: no file is compared for it.

Beside the results a cache keeps what each of their keys stands for: the convention and the other
choices. Where the results under a convention follow from kept ones, as
:func:`~napari_medassist.evaluation.rejudging.one_case.can_rejudge` says, they are made from
these; they equal to the digit what comparing the files would give.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from napari_medassist.app.cohort.cache import ResultCache
from napari_medassist.app.cohort.content import engine_key
from napari_medassist.app.cohort.division import NO_DIVISION
from napari_medassist.app.cohort.job import Job, content_keys
from napari_medassist.app.cohort.packed import CaseRecord, from_json, to_json
from napari_medassist.app.cohort.pairing import FilePair
from napari_medassist.app.cohort.plain import to_plain
from napari_medassist.core.errors import InvalidSetting, WriteFailed
from napari_medassist.core.results import Status
from napari_medassist.evaluation.conventions import Convention
from napari_medassist.evaluation.detection.scoring import scored
from napari_medassist.evaluation.rejudging.one_case import can_rejudge, matched_again, with_verdicts
from napari_medassist.io.atomic import replacing
from napari_medassist.metrics.registry import default_names

#: The folder in a cache that says what its keys stand for.
_FOLDER = "settings"


@dataclass(frozen=True)
class KeptCase:
    """Records of a case that need no comparison of its files.

    Parameters
    ----------
    texts
        One record a convention, in JSON.
    is_judged_again
        Whether one of them was made from a result under another convention.
    """

    texts: tuple[str, ...]
    is_judged_again: bool = False


class KeptResults:
    """The results of a job that are in a cache, or follow from what is in it.

    Parameters
    ----------
    job
        What is asked for.
    cache
        Where results are kept; what the job's own keys stand for is written beside it.

    Raises
    ------
    WriteFailed
        If that cannot be written.
    """

    def __init__(self, job: Job, cache: ResultCache) -> None:
        self._job = job
        self._cache = cache
        folder = cache.path.parent / _FOLDER
        for convention, key in zip(job.conventions, job.settings_keys, strict=True):
            _write(folder / f"{key}.json", _described(job, convention))
        self._sources = tuple(_sources(job, convention, folder) for convention in job.conventions)

    def of_case(self, pair: FilePair) -> KeptCase | None:
        """Return the records of a case; None unless there is one for each convention.

        Records that were judged again are kept too.
        """
        if pair.problem or not len(self._cache):
            return None
        try:
            keys = content_keys(self._job, pair)
        except OSError:
            return None  # whoever compares the case will say so
        missing = [place for place, key in enumerate(keys) if key not in self._cache]
        sources = {place: self._source(place, keys[place]) for place in missing}
        if not keys or None in sources.values():
            return None
        for place, source in sources.items():
            record = from_json(self._cache.get(str(source)))
            self._cache.put(keys[place], to_json(_judged(record, self._job.conventions[place])))
        return KeptCase(tuple(map(self._cache.get, keys)), bool(missing))

    def _source(self, place: int, key: str) -> str | None:
        """Return the key of a record of the same files, from which the one of a key follows."""
        _, _, contents = key.partition("-")
        keys = (f"{settings}-{contents}" for settings in self._sources[place])
        return next((kept for kept in keys if kept in self._cache), None)


def _judged(record: CaseRecord, convention: Convention) -> CaseRecord:
    case = record.evaluation
    if case.status is not Status.OK:
        return record
    matched = matched_again(case, convention)
    found = with_verdicts(case, matched, convention, settings={})
    if record.scored is None:
        return replace(record, evaluation=found)
    confidence = convention.extraction.case_confidence
    return replace(record, evaluation=found, scored=scored(matched, case_confidence=confidence))


def _sources(job: Job, convention: Convention, folder: Path) -> tuple[str, ...]:
    """Return the keys of the settings whose results can be judged again."""
    if job.cut_offs or job.division != NO_DIVISION:
        return ()  # what was counted at other cut-offs, and in parts, is not kept as a graph
    metrics = default_names() if job.metrics is None else job.metrics
    wanted = _described(job, convention)
    found = []
    for path in sorted(folder.glob("*.json")):
        known = _read(path)
        if known is None or any(known[part] != wanted[part] for part in ("choices", "engine")):
            continue
        try:
            old = Convention.from_settings(known["convention"])
        except InvalidSetting:
            continue  # of another version
        if can_rejudge(old, convention, metrics=metrics, of_maps=job.kind != "labels"):
            found.append(path.stem)
    return tuple(found)


def _described(job: Job, convention: Convention) -> dict[str, Any]:
    described = {
        "convention": convention.settings(),
        "choices": [job.labels, job.kind, job.metrics, job.cut_offs, to_plain(job.division)],
        "engine": engine_key(),
    }
    plain: dict[str, Any] = json.loads(json.dumps(described))
    return plain


def _write(path: Path, described: dict[str, Any]) -> None:
    if path.exists():
        return
    try:
        path.parent.mkdir(exist_ok=True)
    except OSError as error:
        raise WriteFailed(
            f"The results cannot be kept here ({error.strerror or error}).",
            path=path.parent,
            cure="Choose another folder with --cache, or --no-cache.",
        ) from error
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(described), encoding="utf-8")


def _read(path: Path) -> dict[str, Any] | None:
    """Return what a key stands for; None if the file is broken."""
    try:
        known = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    parts = ("convention", "choices", "engine")
    return known if isinstance(known, dict) and all(part in known for part in parts) else None
