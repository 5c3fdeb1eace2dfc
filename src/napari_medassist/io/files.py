"""Read whatever lies at a path as one case; write label maps. The public functions of ``io``."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

from napari_medassist.core.case import Case
from napari_medassist.core.errors import (
    Cancelled,
    FileProblem,
    InvalidImage,
    MedAssistError,
    UnsupportedFormat,
)
from napari_medassist.core.labels import LabelMap, label_map_of
from napari_medassist.core.progress import Progress, silent
from napari_medassist.core.volume import Volume
from napari_medassist.io.case_assembly import assemble
from napari_medassist.io.format import FORMATS, FormatSpec, Loaded
from napari_medassist.io.roles import RoleRule, load_rules

#: A folder with more single-file images than this is a cohort, not a case.
MAX_FILES_OF_A_CASE = 64

#: Files of a folder that are looked at to tell whether it is worth reading.
_FILES_LOOKED_AT = 200

PathLike = str | Path


def read(
    path: PathLike, *, progress: Progress = silent, rules: Sequence[RoleRule] | None = None
) -> Case:
    """Read a file, or all that a folder holds, as one case.

    Parameters
    ----------
    path
        A DICOM study folder, a folder of NIfTI, NRRD or MetaImage files, or one file of any format.
    progress
        Told how far it has come; may raise ``Cancelled``.
    rules
        Role rules; by default the user's own and those of the package (``io.roles``).

    Returns
    -------
    Case
        Every image with its role, canonical (z, y, x), LPS mm. What could not be read stands in
        ``warnings``.

    Raises
    ------
    FileProblem
        If there is nothing at the path, or nothing that can be read.
    """
    path = _existing(path)
    loaded = _load_folder(path, progress) if path.is_dir() else [_load_file(path, progress)]
    rules = load_rules() if rules is None else rules
    case = assemble(case_name(path), loaded, rules)
    if not case.series and not case.labels:
        raise FileProblem(
            "No image could be read here." + "".join(f"\n- {w}" for w in case.warnings),
            path=path,
            cure="" if case.warnings else "Choose a folder or file that holds medical images.",
        )
    return case


def read_together(
    paths: Sequence[PathLike],
    name: str,
    *,
    progress: Progress = silent,
    rules: Sequence[RoleRule] | None = None,
) -> Case:
    """Read files and folders that belong to one case, though they share no folder of their own.

    Parameters
    ----------
    paths
        Files of any format, or folders; one image may be in each.
    name
        What the case is called.
    progress, rules
        As for :func:`read`.

    Returns
    -------
    Case
        As :func:`read` returns it. A path that cannot be read, or is not there, is told in
        ``warnings``; without any image the case has no series.
    """
    loaded: list[Loaded] = []
    for number, path in enumerate(paths):
        progress(number, len(paths), Path(path).name)
        try:
            place = _existing(path)
            loaded += _load_folder(place, progress) if place.is_dir() else [_load_file(place, progress)]
        except Cancelled:
            raise
        except MedAssistError as error:
            loaded.append(Loaded(warnings=(str(error),)))
    return assemble(name, loaded, load_rules() if rules is None else rules)


def read_volume(path: PathLike, *, role: str | None = None, progress: Progress = silent) -> Volume:
    """Read one image.

    Parameters
    ----------
    path
        A file, or a folder with one series.
    role
        Which image, if there are several, e.g. ``"adc"``.
    progress
        Told how far it has come; may raise ``Cancelled``.

    Returns
    -------
    Volume
        ``array`` (z, y, x), or (t, z, y, x), canonical; ``geometry`` in LPS mm.

    Raises
    ------
    FileProblem
        If there is no image, or several and ``role`` does not choose one.
    """
    path = _existing(path)
    loaded = _load_folder(path, progress) if path.is_dir() else [_load_file(path, progress)]
    case = assemble(case_name(path), loaded, _rules_without_labels())
    found = [*case.volumes(), *(_values_of(labels) for labels in case.labels)]
    volumes = [v for v in found if role is None or v.role == role]
    if len(volumes) == 1:
        return volumes[0]
    names = ", ".join(f"{v.name} ({v.role})" for v in volumes) or "none"
    raise FileProblem(
        f"One image was asked for, {len(volumes)} are there: {names}.",
        path=path,
        cure="Name one with role=..., or use read() and choose from its series.",
    )


def read_labels(path: PathLike) -> LabelMap:
    """Read a file as a label map, whatever its name says.

    Floating point files are accepted if every value is a whole number.

    Raises
    ------
    InvalidImage
        If the values are fractional, negative, or the file holds more than one image.
    FileProblem
        If the file cannot be read.
    """
    path = _existing(path)
    if path.is_dir():
        raise FileProblem("This is a folder; a label map is one file.", path=path)
    loaded = _load_file(path, silent)
    volumes = [s for s in loaded.series if isinstance(s, Volume)]
    if len(loaded.labels) + len(volumes) != 1:
        count = len(loaded.labels) + len(volumes)
        raise InvalidImage(f"One label map was asked for, {count} images are there.", path=path)
    try:
        return loaded.labels[0] if loaded.labels else label_map_of(volumes[0])
    except InvalidImage as error:
        raise InvalidImage(error.message, path=path, cure=error.cure) from error


def write(labels: LabelMap, path: PathLike) -> Path:
    """Write a label map; the ending of the name chooses the format.

    The voxels go back to the grid and axis order that their image was stored in, without loss. The
    file is replaced whole or not at all.

    Parameters
    ----------
    labels
        The label map.
    path
        E.g. ``lesions.nii.gz``, ``lesions.seg.nrrd``, ``lesions.mha``.

    Returns
    -------
    Path
        The file that was written.

    Raises
    ------
    UnsupportedFormat
        If no format with this ending can write labels.
    WriteFailed
        If the file cannot be written; what stood there is unchanged.
    """
    path = Path(path).expanduser()
    writers = [spec for spec in _by_name(path) if spec.write is not None]
    if not writers or writers[0].write is None:
        endings = ", ".join(e for spec in FORMATS if spec.write for e in spec.extensions)
        raise UnsupportedFormat(
            "Label maps cannot be written in this format.", path=path, cure=f"Use one of: {endings}."
        )
    writers[0].write(labels, path)
    return path


def case_name(path: Path) -> str:
    """Return the name of a file without its image ending, or of a folder."""
    if path.is_dir():
        return path.resolve().name
    for ending in sorted((e for spec in FORMATS for e in spec.extensions), key=len, reverse=True):
        if path.name.lower().endswith(ending):
            return path.name[: -len(ending)]
    return path.stem


def is_readable(path: PathLike) -> bool:
    """Tell quickly whether :func:`read` is worth trying: by name, or by a look into the file.

    For a folder, its first files are looked at; a whole disk is not walked through.
    """
    path = Path(path)
    if path.is_dir():
        names = ((root, name) for root, _, names in os.walk(path) for name in sorted(names))
        candidates = (Path(root, name) for root, name in islice(names, _FILES_LOOKED_AT))
        return any(is_readable(p) for p in candidates if not _hidden(p))
    return path.is_file() and bool(_by_name(path) or _by_content(path))


def _values_of(labels: LabelMap) -> Volume:
    """Return the values of a label map as an image, for who asks for an image."""
    return Volume(
        array=labels.array,
        geometry=labels.geometry,
        source=labels.source,
        name=labels.name,
        provenance=labels.provenance,
        role="label",
        warnings=labels.warnings,
    )


def _existing(path: PathLike) -> Path:
    path = Path(path).expanduser()
    if not path.exists():
        raise FileProblem("There is no such file or folder.", path=path, cure="Check the name.")
    if not path.is_dir() and not path.is_file():  # reading a pipe or a device could take for ever
        raise FileProblem("This is neither a file nor a folder.", path=path, cure="Check the name.")
    return path


def _load_folder(folder: Path, progress: Progress) -> list[Loaded]:
    """Load folder formats once for the whole folder, and each other file that a format claims."""
    loaded = [_attempt(spec, folder, progress) for spec in FORMATS if spec.reads_folders]
    files = [p for p in sorted(folder.rglob("*")) if p.is_file() and not _hidden(p)]
    single = [(p, spec) for p in files for spec in _by_name(p)[:1] if not spec.reads_folders]
    if len(single) > MAX_FILES_OF_A_CASE:
        raise FileProblem(
            f"{len(single)} image files lie in this folder: this looks like a cohort, not a case.",
            path=folder,
            cure="Open one case of it, or compare label maps with `napari-medassist evaluate`.",
        )
    for number, (path, spec) in enumerate(single):
        progress(number, len(single), path.name)
        loaded.append(_attempt(spec, path, progress))
    return [part for part in loaded if part.series or part.labels or part.warnings]


def _attempt(spec: FormatSpec, path: Path, progress: Progress) -> Loaded:
    """Load one part of a case; if it cannot be read, that is a warning and the rest goes on."""
    try:
        return spec.read(path, progress)
    except Cancelled:
        raise
    except UnsupportedFormat as error:
        return Loaded() if spec.reads_folders else Loaded(warnings=(str(error),))
    except MedAssistError as error:
        return Loaded(warnings=(str(error),))


def _load_file(path: Path, progress: Progress) -> Loaded:
    by_name, by_content = _by_name(path), _by_content(path)
    if not by_name and not by_content:
        known = ", ".join(sorted(spec.title for spec in FORMATS))
        raise UnsupportedFormat(
            "This is no image of a known format.", path=path, cure=f"Known formats: {known}."
        )
    if not by_content or any(spec in by_content for spec in by_name):
        return by_name[0].read(path, progress)
    loaded = by_content[0].read(path, progress)
    if not by_name:
        return loaded
    told = f"{path}: named like {by_name[0].title}, read as {by_content[0].title}, which it is."
    return replace(loaded, warnings=(told, *loaded.warnings))


def _by_name(path: Path) -> list[FormatSpec]:
    """Return the formats that claim the file's ending, the longest ending first."""
    claims = [
        (len(ending), spec)
        for spec in FORMATS
        for ending in spec.extensions
        if path.name.lower().endswith(ending)
    ]
    return [spec for _, spec in sorted(claims, key=lambda claim: -claim[0])]


def _by_content(path: Path) -> list[FormatSpec]:
    return [spec for spec in FORMATS if spec.sniff(path)]


def _hidden(path: Path) -> bool:
    return path.name.startswith(".") or path.name.upper() == "DICOMDIR"


def _rules_without_labels() -> tuple[RoleRule, ...]:
    """All rules but those for label maps: who asks for a volume gets the values as an image."""
    return tuple(rule for rule in load_rules() if rule.role != "label")
