"""Which files a report rests on: their hashes, the places they lie in, the versions of the software."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from napari_medassist.app.cohort.output import SUMMARY_FILE, versions
from napari_medassist.app.report.sources import EvaluatedModel, ReportSource
from napari_medassist.core.progress import Progress
from napari_medassist.evaluation.report.case_data import Names
from napari_medassist.evaluation.report.content import InputFile, Inputs
from napari_medassist.evaluation.report.numbers import count

#: Files that are listed one by one; of more, only the hash of the list is told.
_MAX_LISTED = 4000
_RESULTS = (".csv", ".json", ".yaml")
_PARTS_SHOWN = 2


def inputs_of(
    source: ReportSource, names: Names, *, with_identifiers: bool, progress: Progress
) -> Inputs:
    """Hash the files that the numbers come from.

    Parameters
    ----------
    source
        The results.
    names
        What cases are called; the files of renamed ones are called alike.
    with_identifiers
        Whether places are told in full.
    progress
        Told how many files are done; may raise ``Cancelled``.
    """
    listed = list(_case_files(source.models, names))
    files = []
    for done, (name, path) in enumerate(listed):
        progress(done, len(listed), "hashes of the files")
        files.append(hashed(name, path))
    first = source.models[0]
    summary = _summary(first)
    return Inputs(
        places=_places(source, names, with_identifiers=with_identifiers),
        results=tuple(_results(source)),
        files=tuple(files) if len(files) <= _MAX_LISTED else (),
        files_note=_note(files),
        versions=_versions(summary),
    )


def hashed(name: str, path: Path) -> InputFile:
    """Return a file with the SHA-256 of its content; without one if it cannot be read."""
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            return InputFile(name, digest, file.tell())
    except OSError:
        return InputFile(name, "")


def digest_of_list(files: Sequence[InputFile]) -> str:
    """Return the SHA-256 of the sorted hashes: equal for equal contents, whatever the names."""
    lines = "".join(f"{digest}\n" for digest in sorted(file.sha256 for file in files))
    return hashlib.sha256(lines.encode("ascii")).hexdigest()


def _note(files: Sequence[InputFile]) -> str:
    if not files:
        return "The files of the cases are not known to these results, so they have no hashes here."
    n_unread = sum(not file.sha256 for file in files)
    size = sum(file.n_bytes for file in files) / 1e6
    unread = f" {count(n_unread, 'file')} could not be read." if n_unread else ""
    return (
        f"{count(len(files), 'file')} of cases, {size:,.1f} MB.{unread} SHA-256 of their sorted "
        f"hashes, one a line: {digest_of_list(files)}"
    )


def _case_files(models: Sequence[EvaluatedModel], names: Names) -> Iterator[tuple[str, Path]]:
    """Go through the files of the cases, each once, with what they are called in the report."""
    seen: set[Path] = set()
    for model in models:
        for pair in model.pairs:
            sides = {"reference": pair.reference, "prediction": pair.prediction, "zones": pair.zones}
            for side, files in sides.items():
                role = f"{side} {model.name}".strip() if side == "prediction" else side
                for path in files:
                    if path in seen or path.is_dir():
                        continue
                    seen.add(path)
                    shown = names.shown.get(pair.case)
                    yield f"{role}: {shown or path.name}", path


def _results(source: ReportSource) -> Iterator[InputFile]:
    folders = [source.folder, *(model.folder for model in source.models)]
    for folder in dict.fromkeys(f for f in folders if f is not None):
        for path in sorted(folder.iterdir()):
            if path.is_file() and path.suffix in _RESULTS and not path.name.startswith("."):
                inside = path.name if folder == source.folder else f"{folder.name}/{path.name}"
                yield hashed(inside, path)


def _places(
    source: ReportSource, names: Names, *, with_identifiers: bool
) -> tuple[tuple[str, str], ...]:
    """Return where files came from: the last parts of each place, none if it may name a person."""
    places: list[tuple[str, str]] = []
    for model in source.models:
        summary, suffix = _summary(model), f" ({model.name})" if model.name else ""
        for role in ("reference", "prediction", "zone_maps", "manifest"):
            if summary.get(role):
                place = str(summary[role])
                told = place if with_identifiers else _shortened(place, withheld=bool(names.shown))
                places.append((f"{role.replace('_', ' ')}{suffix}", told))
        chosen = "all non-zero values" if model.labels is None else ", ".join(map(str, model.labels))
        places.append((f"labels{suffix}", chosen))
        places.append((f"predictions hold{suffix}", model.kind))
    return tuple(places)


def _shortened(place: str, *, withheld: bool) -> str:
    if withheld:
        return "not told: some cases come from DICOM, whose folders may name a person"
    return "/".join(Path(place).parts[-_PARTS_SHOWN:])


def _summary(model: EvaluatedModel) -> dict[str, Any]:
    """Return the summary of written results; nothing if there is none."""
    if model.folder is None:
        return {}
    found: dict[str, Any] = json.loads((model.folder / SUMMARY_FILE).read_text(encoding="utf-8"))
    return found


def _versions(summary: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    of_results = summary.get("versions", {})
    here = versions()
    if not of_results or of_results == here:
        return tuple(here.items())
    told = [(f"{name} (results)", str(version)) for name, version in of_results.items()]
    return (*told, *((f"{name} (report)", version) for name, version in here.items()))
