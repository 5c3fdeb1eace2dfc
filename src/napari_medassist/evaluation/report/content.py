"""What a report says, as plain values: the page is a template filled with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class Cell:
    """A cell of a table.

    Parameters
    ----------
    text
        What stands in it.
    detail
        What stands smaller behind it: an interval, a number of cases.
    href
        Where it links to, within the page.
    tip
        A definition, shown on hover.
    share
        A length for a bar behind the text, 0..1; None draws none.
    """

    text: str
    detail: str = ""
    href: str = ""
    tip: str = ""
    share: float | None = None


@dataclass(frozen=True)
class TextTable:
    """A table that is small enough to be read as it is.

    Parameters
    ----------
    caption
        What it shows.
    columns
        Titles of the columns.
    rows
        One cell a column; the first one names the row.
    note
        A sentence below it.
    """

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""


@dataclass(frozen=True)
class Plot:
    """A plot; the script of the page draws it from the case table or from the points given here.

    Parameters
    ----------
    id
        Its name within the page.
    title, note
        What stands above it, and below: what was left out, and how to read it.
    spec
        What is drawn, in plain values: see ``static/report.js``.
    """

    id: str
    title: str
    note: str
    spec: Mapping[str, Any]


@dataclass(frozen=True)
class Picture:
    """A case of the gallery.

    Parameters
    ----------
    row
        Its row in the case table.
    title
        Name of the case, and of the model if there are several.
    caption
        What is wrong, in numbers.
    place
        Which slice is shown, and on which image.
    svg
        The picture; empty if there is none, and then ``place`` says why.
    """

    row: int
    title: str
    caption: str
    place: str
    svg: str = ""


@dataclass(frozen=True)
class PictureGroup:
    """Pictures of cases that err in one way.

    Parameters
    ----------
    title
        The way.
    pictures
        The worst case first.
    """

    title: str
    pictures: tuple[Picture, ...]


@dataclass(frozen=True)
class CaseData:
    """The case table, column by column, as the script of the page takes it.

    Parameters
    ----------
    columns
        What each column is: its key, title, definition, kind and decimals.
    values
        A list a column, by its key; None where a value is undefined, ``"inf"`` where it is infinite.
    pictured
        Rows that have a picture.
    """

    columns: tuple[Mapping[str, Any], ...]
    values: Mapping[str, list[Any]]
    pictured: tuple[int, ...] = ()

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return len(self.values["case"])

    def mark_of(self, row: int) -> str:
        """Return what a reader says of a row: kind and note; empty if it is not marked."""
        parts = [self.values[key][row] for key in ("mark", "mark_note") if key in self.values]
        return ": ".join(part for part in parts if part)


@dataclass(frozen=True)
class Section:
    """A part of the page made of tables.

    Parameters
    ----------
    id, title
        Its name within the page, and what stands above it.
    intro
        Sentences below the title.
    tables
        Side by side where there is room.
    """

    id: str
    title: str
    intro: tuple[str, ...]
    tables: tuple[TextTable, ...]


@dataclass(frozen=True)
class InputFile:
    """A file that the numbers come from.

    Parameters
    ----------
    name
        What it is called in the report.
    sha256
        Of its content, in hex; empty if it could not be read.
    n_bytes
        Its size.
    """

    name: str
    sha256: str
    n_bytes: int = 0


@dataclass(frozen=True)
class Inputs:
    """Where the numbers come from.

    Parameters
    ----------
    places
        What was compared, by role: reference, predictions, labels, images.
    results
        The files of the results.
    files
        The files of the cases; empty if they were not looked at.
    files_note
        What is to be said of them: how many, or why none.
    versions
        Software and its versions.
    """

    places: tuple[tuple[str, str], ...] = ()
    results: tuple[InputFile, ...] = ()
    files: tuple[InputFile, ...] = ()
    files_note: str = ""
    versions: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Report:
    """All that the page says.

    Parameters
    ----------
    title, subtitle
        What stands at the top.
    created
        When it was made (with time zone).
    version
        Of this software.
    findings, limits
        Sentences: what was found, and what it does not mean.
    levels, further, closing
        Sections of tables: before the plots, after them, and after the case table.
    plots
        Plots, in order.
    gallery
        Pictures of the worst disagreements.
    gallery_note
        How to read them, or why there are none.
    cases
        The case table.
    inputs
        Where the numbers come from.
    """

    title: str
    subtitle: str
    created: datetime
    version: str
    findings: tuple[str, ...]
    limits: tuple[str, ...]
    levels: tuple[Section, ...]
    plots: tuple[Plot, ...]
    further: tuple[Section, ...]
    gallery: tuple[PictureGroup, ...]
    gallery_note: str
    cases: CaseData
    closing: tuple[Section, ...]
    inputs: Inputs
