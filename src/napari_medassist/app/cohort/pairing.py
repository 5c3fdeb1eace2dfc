"""Which files belong together: two files, two folders, patterns with wildcards, BIDS-like trees."""

from __future__ import annotations

import glob
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from napari_medassist.core.errors import FileProblem
from napari_medassist.io.files import case_name
from napari_medassist.io.format import FORMATS

PathLike = str | Path

#: The entities of a BIDS name that tell cases apart; the others (desc, label, space...) tell how a map
#: was made, which differs between the two sides.
_BIDS_ENTITIES = ("sub", "ses", "task", "acq", "run")
_BIDS_SUFFIXES = ("dseg", "mask", "probseg", "seg")
_WILDCARDS = {"**/": "(?:(.*)/)?", "**": "(.*)", "*": "([^/]*)", "?": "([^/])"}
_WILDCARD = re.compile(r"\*\*/|\*\*|\*|\?|\[!?\]?[^]]*\]")


@dataclass(frozen=True, slots=True)
class FilePair:
    """The files of a case.

    Parameters
    ----------
    case
        Name of the case.
    reference, prediction
        The candidates of each side; a case can be compared if there is exactly one of each.
    group
        What the case is counted with (a centre, a scanner); empty if nothing was said.
    zones
        Maps of the zones in which the case is judged too; none if nobody asked for zones.
    """

    case: str
    reference: tuple[Path, ...] = ()
    prediction: tuple[Path, ...] = ()
    group: str = ""
    zones: tuple[Path, ...] = ()

    @property
    def problem(self) -> str:
        """Why the case cannot be compared; empty if it can."""
        sides = {"reference": self.reference, "prediction": self.prediction}
        told = [
            f"{len(files)} {side} files are called '{self.case}': " + ", ".join(str(f) for f in files)
            if files
            else f"no {side} file is called '{self.case}'"
            for side, files in sides.items()
            if len(files) != 1
        ]
        return "; ".join(told)


@dataclass(frozen=True)
class PairedFiles:
    """The cases of two places, and the files that belong to none.

    Parameters
    ----------
    pairs
        One entry a case, incomplete ones included.
    passed_over
        Files of the places that no image format claims.
    zones_without_case
        Zone maps whose name is that of no case.
    """

    pairs: tuple[FilePair, ...]
    passed_over: tuple[Path, ...] = ()
    zones_without_case: tuple[Path, ...] = ()

    def with_zones(self, place: PathLike) -> PairedFiles:
        """Return the cases with their zone maps, found by the names of the cases.

        Parameters
        ----------
        place
            A folder or pattern, as in :func:`pair_files`; or one file, which then holds for every case
            (of a common atlas, say).

        Raises
        ------
        FileProblem
            As :func:`pair_files` does.
        """
        side = _side(place)
        if side.single is not None:
            single = (side.single,)
            return replace(self, pairs=tuple(replace(pair, zones=single) for pair in self.pairs))
        pairs = tuple(replace(p, zones=side.files.get(p.case, ())) for p in self.pairs)
        unknown = side.files.keys() - {pair.case for pair in self.pairs}
        return replace(
            self,
            pairs=pairs,
            passed_over=self.passed_over + side.passed_over,
            zones_without_case=tuple(p for name in sorted(unknown) for p in side.files[name]),
        )


@dataclass(frozen=True)
class _Side:
    """The label maps of one side by case, and the files that are none."""

    files: Mapping[str, tuple[Path, ...]]
    passed_over: tuple[Path, ...] = ()
    single: Path | None = None


def pair_files(reference: PathLike, prediction: PathLike) -> PairedFiles:
    """Find the cases of two places.

    Each place is a file, a folder, a pattern with wildcards (``*``, ``?``, ``[...]``, ``**``), or a
    folder that holds a BIDS-like tree (``sub-*``). A case of a folder is called like its file without
    the image ending; a case of a pattern like what stands for the wildcards; a case of a BIDS-like
    tree by subject, session, task, acquisition and run.

    Two files are one case, named after the reference. Of a file and several, the file's case is
    taken from the others. Otherwise every name that occurs in either place is a case.

    Raises
    ------
    FileProblem
        If a path does not exist, or a place holds no image.
    """
    sides = _side(reference), _side(prediction)
    passed_over = tuple(path for side in sides for path in side.passed_over)
    first, second = sides
    if first.single is not None and second.single is not None:
        pair = FilePair(case_name(first.single), (first.single,), (second.single,))
        return PairedFiles((pair,), passed_over)
    names = set(first.files) | set(second.files)
    for side in sides:
        if side.single is not None:
            names = set(side.files)
    pairs = (
        FilePair(name, first.files.get(name, ()), second.files.get(name, ())) for name in sorted(names)
    )
    return PairedFiles(tuple(pairs), passed_over)


def is_image_name(path: Path) -> bool:
    """Tell whether the name of a file ends like that of an image."""
    return any(spec.claims_name(path) for spec in FORMATS)


def _side(place: PathLike) -> _Side:
    path = Path(place).expanduser()
    if path.is_file():
        return _Side({case_name(path): (path,)}, single=path)
    if path.is_dir():
        return _folder(path)
    if _WILDCARD.search(str(place)):
        return _pattern(path)
    raise FileProblem("There is no such file or folder.", path=path, cure="Check the name.")


def _folder(folder: Path) -> _Side:
    """Return the label maps directly in a folder or, failing these, of its BIDS-like tree."""
    images, others = _sorted_out(folder.iterdir())
    if images:
        return _Side(_grouped((case_name(path), path) for path in images), others)
    images, others = _sorted_out(p for sub in sorted(folder.glob("sub-*")) for p in sub.rglob("*"))
    named = [(name, path) for path in images if (name := _bids_case(path))]
    if named:
        return _Side(_grouped(named), others)
    raise FileProblem(
        "No image file lies directly in this folder.",
        path=folder,
        cure="Give the folder that holds the label maps (.nii.gz, .nrrd, .mha, ...), "
        "or a pattern such as 'folder/*/lesions.nii.gz'.",
    )


def _pattern(pattern: Path) -> _Side:
    found = (Path(name) for name in glob.glob(str(pattern), recursive=True))  # noqa: PTH207  absolute patterns
    images, others = _sorted_out(found)
    if not images:
        raise FileProblem(
            "No image file fits this pattern.",
            path=pattern,
            cure="Check it, and quote it in the shell.",
        )
    expression = _expression(str(pattern))
    return _Side(_grouped((_matched(expression, path), path) for path in images), others)


def _expression(pattern: str) -> re.Pattern[str]:
    """Return a pattern as a regular expression with a group for each wildcard."""
    parts, end = [], 0
    for wildcard in _WILDCARD.finditer(pattern):
        parts += [re.escape(pattern[end : wildcard.start()]), _WILDCARDS.get(wildcard[0], "")]
        if wildcard[0].startswith("["):
            parts.append(f"({wildcard[0].replace('[!', '[^', 1)})")
        end = wildcard.end()
    return re.compile("".join([*parts, re.escape(pattern[end:])]))


def _matched(expression: re.Pattern[str], path: Path) -> str:
    """Return what stands for the wildcards: it names the case."""
    match = expression.fullmatch(path.as_posix())
    if match is None:
        return case_name(path)
    name = "/".join(part for part in match.groups() if part)
    return (Path(name).parent / case_name(Path(name))).as_posix() if is_image_name(Path(name)) else name


def _bids_case(path: Path) -> str:
    """Return the case that a BIDS name speaks of; empty if it is no label map."""
    *entities, suffix = case_name(path).split("_")
    if suffix not in _BIDS_SUFFIXES:
        return ""
    kept = [entity for entity in entities if entity.partition("-")[0] in _BIDS_ENTITIES]
    return "_".join(kept)


def _sorted_out(paths: Iterable[Path]) -> tuple[list[Path], tuple[Path, ...]]:
    """Return the image files, and the other files; hidden files count as neither."""
    files = [p for p in sorted(paths, key=str) if p.is_file() and not p.name.startswith(".")]
    images = [p for p in files if is_image_name(p)]
    known = set(images)
    return images, tuple(p for p in files if p not in known)


def _grouped(named: Iterable[tuple[str, Path]]) -> Mapping[str, tuple[Path, ...]]:
    grouped: defaultdict[str, tuple[Path, ...]] = defaultdict(tuple)
    for name, path in named:
        grouped[name] += (path,)
    return dict(grouped)
