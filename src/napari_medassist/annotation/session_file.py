"""A session's folder: what an annotator has made of a case, and the steps since then.

``session.json`` says what there is, for programs and people; the label maps as they were at the last
snapshot lie beside it as ``.nii.gz``, and a journal holds the steps since. Snapshot and journal have a
generation, which is part of their names; ``session.json`` names one, and only when all of a new
generation is safe on the disk does it take the place of the old ``session.json``.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from napari_medassist.annotation.document import Document, Plain, Voxels
from napari_medassist.annotation.map_about import label_map, source_of
from napari_medassist.core.errors import CorruptFile, FileProblem, MedAssistError, UnsupportedFormat
from napari_medassist.core.geometry import Geometry
from napari_medassist.core.labels import LabelMap
from napari_medassist.core.progress import silent
from napari_medassist.io.atomic import replacing
from napari_medassist.io.formats import nifti

SESSION_FILE = "session.json"
FORMAT = "medassist-session"
#: Version 2 knows masks of clips (``clip`` of a map). Sessions without them are written as version 1,
#: so that older programs go on to read them.
VERSION = 2
_CURE = "Restore the folder from a copy, or start anew; the folder is kept as it is."
_OURS = re.compile(r"^(\d{4,})-.*\.nii\.gz$|^journal-(\d{4,})\.bin$")


@dataclass(frozen=True)
class SessionFacts:
    """What is known of a session beside what was annotated.

    Parameters
    ----------
    session
        Its own identifier.
    case
        What the case is called.
    images
        Identities of its images.
    created
        When it began (ISO 8601, UTC).
    saved
        Which map was saved to which file, and when, oldest first.
    """

    session: str
    case: str = ""
    images: tuple[str, ...] = ()
    created: str = field(default_factory=lambda: utc_now())
    saved: tuple[Mapping[str, Plain], ...] = ()


@dataclass(frozen=True, eq=False)
class Snapshot:
    """A session as its ``session.json`` states it.

    Parameters
    ----------
    facts
        What is known of it.
    generation
        Which snapshot this is, rising from 1.
    number
        Number of the last step that is in the snapshot.
    written
        When it was written.
    document
        What had been annotated.
    """

    facts: SessionFacts
    generation: int
    number: int
    written: str
    document: Document


def utc_now() -> str:
    """Return the present time as it is written into files."""
    return datetime.now(tz=UTC).isoformat(timespec="milliseconds")


def journal_path(folder: Path, generation: int) -> Path:
    """Return where the journal of a generation lies."""
    return folder / f"journal-{generation:04d}.bin"


def write_maps(folder: Path, generation: int, document: Document) -> dict[str, dict[str, Plain]]:
    """Write the label maps of a snapshot; return what ``session.json`` says of them.

    Raises
    ------
    WriteFailed
        If one cannot be written.
    """
    told: dict[str, dict[str, Plain]] = {}
    for number, (key, voxels) in enumerate(document.maps.items(), start=1):
        about = document.about[key]
        name = f"{generation:04d}-{number:02d}-{_plain_name(str(about['name']))}.nii.gz"
        nifti.write(_as_label_map(about, voxels), folder / name)
        digest = hashlib.sha256((folder / name).read_bytes()).hexdigest()
        told[key] = {**about, "file": name, "sha256": digest, "dtype": voxels.dtype.str}
    return told


def write_session(folder: Path, snapshot: Snapshot, maps: Mapping[str, Plain]) -> None:
    """Write ``session.json``: from this moment on its generation counts.

    Raises
    ------
    WriteFailed
        If it cannot be written; the generation before it counts on.
    """
    facts = snapshot.facts
    content: dict[str, Plain] = {
        "format": FORMAT,
        "version": VERSION if any("clip" in told for told in maps.values()) else 1,
        "session": facts.session,
        "case": facts.case,
        "images": list(facts.images),
        "created": facts.created,
        "written": snapshot.written,
        "generation": snapshot.generation,
        "number_of_last_step": snapshot.number,
        "journal": journal_path(folder, snapshot.generation).name,
        "maps": dict(maps),
        "findings": {key: dict(value) for key, value in snapshot.document.findings.items()},
        "saved": [dict(entry) for entry in facts.saved],
    }
    content["sha256"] = _digest(content)
    sync_folder(folder)  # the files that it names must be there before it is
    with replacing(folder / SESSION_FILE) as temporary:
        temporary.write_text(
            json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False), encoding="utf-8"
        )
    with suppress(OSError):  # the new one is in place: nothing may be undone now
        sync_folder(folder)


def read_snapshot(folder: Path) -> Snapshot:
    """Read ``session.json`` and the label maps that it names, without the steps since.

    Raises
    ------
    FileProblem
        If there is no session.
    CorruptFile
        If a file is damaged.
    UnsupportedFormat
        If a newer version of the program has written it; nothing is changed.
    """
    content = read_content(folder)
    path = folder / SESSION_FILE
    try:
        document = Document(findings=dict(content["findings"]))
        for key, told in content["maps"].items():
            document.maps[key] = _read_map(folder, told)
            document.about[key] = _about(told)
        facts = SessionFacts(
            content["session"],
            content["case"],
            tuple(content["images"]),
            content["created"],
            tuple(content["saved"]),
        )
        return Snapshot(
            facts, content["generation"], content["number_of_last_step"], content["written"], document
        )
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise CorruptFile(f"The session lacks {error}.", path=path, cure=_CURE) from error


def read_content(folder: Path) -> dict[str, Any]:
    """Return what ``session.json`` holds, once version and checksum are right; errors as above."""
    path = folder / SESSION_FILE
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise FileProblem(f"The session cannot be read ({error.strerror}).", path=path) from error
    except ValueError as error:
        raise CorruptFile(f"The session is damaged ({error}).", path=path, cure=_CURE) from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise CorruptFile("This is no session of MedAssist.", path=path, cure=_CURE)
    stated = content.pop("sha256", "")
    version = content.get("version")
    if isinstance(version, int) and version > VERSION:
        raise UnsupportedFormat(
            f"The session has version {version}; this program reads up to {VERSION}.",
            path=path,
            cure="Open it with the newer version that wrote it. Nothing was changed.",
        )
    if stated != _digest(content):
        raise CorruptFile(
            "The session was changed by something else, or damaged.", path=path, cure=_CURE
        )
    return content


def remove_other_generations(folder: Path, generation: int) -> None:
    """Remove maps and journals of other generations, and what a killed process left half written."""
    for path in folder.iterdir():
        match = _OURS.match(path.name)
        is_old = match is not None and int(match[1] or match[2]) != generation
        is_part = path.name.startswith(".") and ".part." in path.name
        if is_old or is_part:
            path.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Make new names in a folder safe on the disk; Windows does so by itself."""
    if os.name != "nt":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def copy_of(document: Document) -> Document:
    """Return a copy that later edits do not reach."""
    return Document(
        {key: _copied(voxels) for key, voxels in document.maps.items()},
        dict(document.findings),
        dict(document.about),
    )


def _copied(voxels: Voxels) -> Voxels:
    """Copy the planes with labels only: the others then take no memory."""
    found = np.zeros(voxels.shape, voxels.dtype)
    for place, plane in enumerate(voxels):
        if plane.any():
            found[place] = plane
    return found


def _about(told: Mapping[str, Plain]) -> dict[str, Plain]:
    about = {name: told[name] for name in ("name", "labels", "grid")}
    return {**about, "clip": told["clip"]} if "clip" in told else about


def _as_label_map(about: Mapping[str, Plain], voxels: Voxels) -> LabelMap:
    if source_of(about) is not None:
        return label_map(about, voxels)
    z, y, x = voxels.shape  # on a clip: its frames, one millimetre apart for want of better
    return LabelMap(array=voxels, geometry=Geometry((z, y, x), (1.0, 1.0, 1.0)))


def _read_map(folder: Path, told: Mapping[str, Plain]) -> Voxels:
    path = folder / told["file"]
    if path.name != told["file"] or not path.is_file():
        raise CorruptFile("A label map of the session is missing.", path=path, cure=_CURE)
    if hashlib.sha256(path.read_bytes()).hexdigest() != told["sha256"]:
        raise CorruptFile("A label map of the session is damaged.", path=path, cure=_CURE)
    try:
        stored = nifti.read(path, silent).series[0]
    except MedAssistError as error:
        raise CorruptFile(
            f"A label map cannot be read: {error.message}", path=path, cure=_CURE
        ) from error
    # The header of the file is rounded; session.json holds the grid exactly.
    source = source_of(told)
    raw = stored.stored_array() if source is not None else np.asarray(stored.array)  # type: ignore[union-attr]
    canonical = raw if source is None else source.to_canonical(raw)
    return np.array(canonical, dtype=np.dtype(told["dtype"]), order="C")


def _digest(content: Mapping[str, Plain]) -> str:
    plain = json.dumps(content, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(plain.encode()).hexdigest()


def _plain_name(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-").lower()[:40] or "labels"


def with_saved(facts: SessionFacts, entry: Mapping[str, Plain]) -> SessionFacts:
    """Return the facts with one more file that a map was saved to."""
    return replace(facts, saved=(*facts.saved, dict(entry)))
