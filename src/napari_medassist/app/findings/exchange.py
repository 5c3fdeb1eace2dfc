"""The lesion table leaves the program and comes back: CSV, and a paragraph for a report."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from napari_medassist.annotation.findings.finding import FieldValue, Finding, Location, new_id
from napari_medassist.annotation.findings.sectors import in_words
from napari_medassist.annotation.findings.suggestion import Standing, Suggestion
from napari_medassist.annotation.findings.template import Template
from napari_medassist.app.findings.store import FindingStore
from napari_medassist.app.findings.table import Row, category_of, rows_of
from napari_medassist.core.errors import CorruptFile, FileProblem, InvalidSetting
from napari_medassist.core.geometry import Triple
from napari_medassist.io.atomic import replacing

_START = ("template", "number", "lesion", "map", "label", "part")
_END = (
    "location", "side", "location_by", "volume_ml", "axial_mm", "diameter_3d_mm", "mean", "up_to_date",
    "notes", "reader", "created", "changed", "suggested_by", "confidence", "standing", "suggested_map",
    "suggested_label",
)  # fmt: skip


@dataclass(frozen=True)
class Imported:
    """Findings of a table, and what the reader must know of them.

    Parameters
    ----------
    findings
        The findings, with new ids.
    notes
        What was not taken over, and why.
    """

    findings: tuple[Finding, ...]
    notes: tuple[str, ...]


def as_csv(store: FindingStore, template: Template) -> str:
    """Return the table as CSV text: one row a lesion, the template's fields between the common ones.

    Fields of findings that belong to another template stand in columns of their own at the end.
    """
    rows = rows_of(store, template)
    names = [f.name for f in template.fields]
    more = sorted({n for row in rows for n in row.finding.fields} - set(names))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow((*_START, *names, *_END, *more))
    for row in rows:
        writer.writerow(_cells(row, template, names, more))
    return text.getvalue()


def write_csv(store: FindingStore, template: Template, path: Path) -> None:
    """Write the table as CSV.

    Raises
    ------
    WriteFailed
        If the file cannot be written; what stood there is unchanged.
    """
    with replacing(path) as temporary:
        temporary.write_text(as_csv(store, template), encoding="utf-8", newline="")


def _cells(row: Row, template: Template, names: list[str], more: list[str]) -> list[object]:
    f, m = row.finding, row.measured
    part = "" if f.anchor_lps_mm is None else " ".join(repr(v) for v in f.anchor_lps_mm)
    computed = {n.name for n in template.fields if n.rule}
    category = "" if row.category is None or row.category.value is None else row.category.value
    fields = [category if n in computed else f.fields.get(n, "") for n in names]
    sizes: list[object] = [""] * 4
    if m is not None and not m.is_gone:
        sizes = [repr(m.volume_ml), repr(m.axial_mm), repr(m.diameter_3d_mm),
                 "" if m.mean is None else repr(m.mean)]  # fmt: skip
    by = "reader" if row.location.by_reader else "zones" if row.location.sectors else ""
    fresh = "" if m is None else "gone" if m.is_gone else "no" if row.is_stale else "yes"
    return [
        f.template, f.number, f.name, f.map_key, f.label, part, *fields,
        ";".join(row.location.sectors), row.location.side, by, *sizes, fresh, f.notes, f.reader,
        f.created, f.changed, *_suggestion_cells(f.suggestion), *(f.fields.get(n, "") for n in more),
    ]  # fmt: skip


def _suggestion_cells(made: Suggestion | None) -> list[object]:
    if made is None:
        return [""] * 5
    return [made.by, repr(made.confidence), str(made.standing), made.map_key, made.label]


def _suggestion(cells: dict[str, str]) -> Suggestion | None:
    if not cells.get("suggested_by"):
        return None
    return Suggestion(
        cells["suggested_by"],
        float(cells["confidence"]),
        cells["suggested_map"],
        int(cells["suggested_label"]),
        Standing(cells["standing"]),
    )


def read_csv(path: Path, templates: Sequence[Template], next_number: int) -> Imported:
    """Read findings from a table that was written here.

    Measures are not taken over: they follow the mask. A value that its template does not know is left
    out and told; findings of a template that is not installed keep all their values as text.

    Parameters
    ----------
    path
        The file.
    templates
        The templates that are installed.
    next_number
        The number of the first finding that is added.

    Raises
    ------
    FileProblem
        If it cannot be read.
    CorruptFile
        If it is no lesion table; nothing is taken over.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise FileProblem(f"The table cannot be read ({error}).", path=path) from error
    reader = csv.DictReader(io.StringIO(text), strict=True)
    missing = [n for n in _START if n not in (reader.fieldnames or ())]
    if missing:
        raise CorruptFile(
            f"This is no lesion table: the columns {', '.join(missing)} are missing.",
            path=path,
            cure="Import a file that was written with 'Export'.",
        )
    findings: list[Finding] = []
    notes: list[str] = []
    try:
        for line, cells in enumerate(reader, start=2):
            made, told = _finding(cells, templates, next_number + len(findings), f"Line {line}")
            findings.append(made)
            notes.extend(told)
    except (csv.Error, KeyError, ValueError, TypeError, AttributeError) as error:
        raise CorruptFile(
            f"Line {reader.line_num}: the lesion cannot be understood ({error}).",
            path=path,
            cure="Correct the line; nothing was imported.",
        ) from error
    return Imported(tuple(findings), tuple(dict.fromkeys(notes)))


def _finding(
    cells: dict[str, str], templates: Sequence[Template], number: int, where: str
) -> tuple[Finding, list[str]]:
    template = next((t for t in templates if t.name == cells["template"]), None)
    fields, notes = _fields(cells, template, where)
    if template is None:
        notes.append(
            f"The template '{cells['template']}' is not installed: its fields are kept as text."
        )
    chosen = cells.get("location_by") == "reader"
    sectors = tuple(s for s in (cells.get("location") or "").split(";") if s)
    finding = Finding(
        new_id(), number, cells["lesion"] or "", cells["map"] or "", int(cells["label"] or 0),
        _point(cells["part"]), cells["template"] or "", fields,
        Location(sectors, cells.get("side") or "", chosen),
        cells.get("notes") or "", cells.get("reader") or "", cells.get("created") or "",
        cells.get("changed") or "", _suggestion(cells),
    )  # fmt: skip
    return finding, notes


def _fields(
    cells: dict[str, str], template: Template | None, where: str
) -> tuple[dict[str, FieldValue], list[str]]:
    fields: dict[str, FieldValue] = {}
    notes: list[str] = []
    for name, text in cells.items():
        if name is None:
            raise ValueError("it has more cells than the heading")
        if name in (*_START, *_END) or not text:
            continue
        if template is None or not template.has(name):
            fields[name] = text
            continue
        field = template.field(name)
        if field.rule:
            continue
        try:
            value = field.parse(text)
        except InvalidSetting as error:
            notes.append(f"{where}: {error}")
            continue
        if value is not None:
            fields[name] = value
    return fields, notes


def _point(text: str | None) -> Triple | None:
    if not text:
        return None
    x, y, z = (float(part) for part in text.split())
    return x, y, z


def as_paragraph(store: FindingStore, template: Template) -> str:
    """Return the table in words, one line a lesion, for a report.

    What is unknown is left out, and so are suggestions of a model that nobody has accepted.
    """
    rows = (row for row in rows_of(store, template) if row.finding.is_lesion)
    return "\n".join(_sentence(row, template) for row in rows) + "\n"


def _sentence(row: Row, template: Template) -> str:
    f, m = row.finding, row.measured
    parts = [f"Lesion {f.number}" + (f" ({f.name})" if f.name else "")]
    where = in_words(row.location.sectors) or row.location.side
    if where:
        parts[0] += f", {where}"
    if m is not None and m.is_gone:
        parts.append("no mask")
    elif m is not None:
        stale = " (not up to date)" if row.is_stale else ""
        parts.append(
            f"{m.axial_mm:.0f} mm axial, {m.diameter_3d_mm:.0f} mm in 3D, {m.volume_ml:.2f} ml{stale}"
        )
    if f.template == template.name:
        for field in template.fields:
            value = f.fields.get(field.name)
            if value is not None:
                unit = f" {field.unit}" if field.unit else ""
                parts.append(f"{field.title}: {field.title_of(value)}{unit}")
        category = category_of(f, template)
        if category is not None and category.value is not None:
            reader = f.fields.get("category")
            if reader is None:
                parts.append(f"by the rule PI-RADS {category.value}, not confirmed by the reader")
            elif reader != str(category.value):
                parts.append(f"the rule gives PI-RADS {category.value}")
    text = "; ".join(parts) + "."
    return f"{text} {f.notes}" if f.notes else text
