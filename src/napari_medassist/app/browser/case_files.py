"""Which images and zones belong to a case of a cohort, found by its name."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from napari_medassist.app.cohort.pairing import FilePair, is_image_name, pair_files
from napari_medassist.core.errors import FileProblem
from napari_medassist.io.files import case_name

#: Folders of images are looked through so deep: place / patient / visit / kind.
_DEPTH = 4


@dataclass(frozen=True, eq=False)
class ImageIndex:
    """The images of a place by the name of their case, from one walk through its folders.

    Parameters
    ----------
    place
        The folder; None if there are no images.
    folders
        Folder name -> folders, below the place.
    files
        Name without the image ending -> files.
    by_case
        Case -> files and folders, where the place is a pattern or a table.
    """

    place: Path | None = None
    folders: Mapping[str, tuple[Path, ...]] = field(default_factory=dict)
    files: Mapping[str, tuple[Path, ...]] = field(default_factory=dict)
    by_case: Mapping[str, tuple[Path, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, place: str | Path | None) -> ImageIndex:
        """Look through a place; takes a moment for thousands of files.

        Raises
        ------
        FileProblem
            If it does not exist.
        """
        if place is None:
            return cls()
        path = Path(place).expanduser()
        if not path.is_dir():
            found = pair_files(place, place).pairs  # a file or a pattern; both sides are the same
            return cls(by_case={pair.case: pair.reference for pair in found})
        folders: dict[str, tuple[Path, ...]] = {}
        files: dict[str, tuple[Path, ...]] = {}
        for folder, inner in _walked(path):
            for name in inner:
                folders[name] = (*folders.get(name, ()), folder / name)
            for file in _image_files(folder):
                stem = case_name(file)
                files[stem] = (*files.get(stem, ()), file)
        return cls(path, folders, files)

    def images_of(self, case: str) -> tuple[Path, ...]:
        """Return the files and folders with a case's images; none if there are none.

        A file belongs to a case if it is called like it, or like it followed by ``_`` or ``-`` and
        more, unless a longer name of a case fits better, which the caller cannot know: name cases so
        that none begins another.
        """
        if self.by_case:
            return self.by_case.get(case, ())
        if self.place is None:
            return ()
        direct = self.place / case
        if "/" in case and direct.is_dir():
            return (direct,)
        if case in self.folders:
            return self.folders[case][:1]
        own = [p for name, paths in self.files.items() if _belongs(name, case) for p in paths]
        return tuple(sorted(own))


def _belongs(name: str, case: str) -> bool:
    return name == case or name.startswith((f"{case}_", f"{case}-"))


def _walked(place: Path) -> Iterable[tuple[Path, list[str]]]:
    """Go through a folder and the folders in it, not deeper than images usually lie."""
    base = len(place.parts)
    for root, folders, _ in os.walk(place):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        inner = list(folders)
        if len(Path(root).parts) - base >= _DEPTH:
            folders.clear()
        yield Path(root), inner


def _image_files(folder: Path) -> list[Path]:
    files = sorted(p for p in folder.iterdir() if p.is_file() and not p.name.startswith("."))
    return [p for p in files if is_image_name(p)]


def images_of_manifest(path: Path) -> ImageIndex:
    """Return the images that a table of cases names in its column ``images``; none without the column.

    A cell holds a file or folder, or several parted by ``|``; rows of one case add up. Paths are taken
    from the folder of the table. What cannot be read is told by who reads the cases.
    """
    with path.open(newline="", encoding="utf-8-sig") as file:
        header = file.readline()
        file.seek(0)
        reader = csv.DictReader(file, delimiter=max(",;\t", key=header.count), skipinitialspace=True)
        reader.fieldnames = [name.strip().lower() for name in reader.fieldnames or ()]
        found: dict[str, tuple[Path, ...]] = {}
        for row in reader:
            case, cell = ((row.get(name) or "").strip() for name in ("case", "images"))
            named = (Path(text.strip()).expanduser() for text in cell.split("|") if text.strip())
            found[case] = (*found.get(case, ()), *(path.parent / name for name in named))
    return ImageIndex(by_case=found)


def zones_of(place: str | Path | None) -> Mapping[str, tuple[Path, ...]]:
    """Return the zone maps of a place by case.

    Raises
    ------
    FileProblem
        If the place does not exist or holds no image.
    """
    if place is None:
        return {}
    return {pair.case: pair.reference for pair in pair_files(place, place).pairs}


def single_file(files: tuple[Path, ...], what: str, case: str) -> Path | None:
    """Return the only file of a side; None if there is none.

    Raises
    ------
    FileProblem
        If there are several.
    """
    if len(files) > 1:
        raise FileProblem(
            f"{len(files)} {what} files are called '{case}'.",
            path=files[0],
            cure="Keep one of each name.",
        )
    return files[0] if files else None


def problem_of(pair: FilePair) -> str:
    """Return why a case cannot be compared, as its row says; empty if it can."""
    return f"Not compared: {pair.problem}." if pair.problem else ""
