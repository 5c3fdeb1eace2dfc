"""Rows and columns of the lesion table, and what may be typed where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

from napari_medassist.annotation.findings import pirads
from napari_medassist.annotation.findings.finding import Finding, Location
from napari_medassist.annotation.findings.sectors import in_words
from napari_medassist.annotation.findings.suggestion import Standing
from napari_medassist.annotation.findings.template import Field, Template
from napari_medassist.app.findings.measures import Measured
from napari_medassist.app.findings.store import FindingStore
from napari_medassist.app.findings.suggestions import origin_of

#: Names of the columns that every table has, in their order; the template's stand after the name.
_FIRST = ("number", "name")
_STANDING = {Standing.OPEN: "?", Standing.ACCEPTED: "\u2713", Standing.REJECTED: "\u2717"}
_MEASURED = ("volume_ml", "axial_mm", "diameter_3d_mm", "mean")
_TITLES = {
    "model": (
        "Model",
        "How sure the model was, 0 to 1; ? undecided, \u2713 accepted, \u2717 rejected by you",
    ),
    "number": ("#", "Number of the lesion; a removed one leaves a gap"),
    "name": ("Lesion", "What you call it"),
    "location": ("Location", "Where it lies: from the zones, or as you clicked it below"),
    "side": ("Side", "Side of the organ itself, not of the scanner"),
    "volume_ml": ("ml", "Volume, from the mask"),
    "axial_mm": ("Axial mm", "Longest diameter within one axial slice, from the mask"),
    "diameter_3d_mm": ("3D mm", "Longest diameter in space, from the mask"),
    "mean": ("Mean", "Mean within the mask, of the image's own voxels"),
}


@dataclass(frozen=True)
class Column:
    """One column.

    Parameters
    ----------
    name, title, tip
        Its name, its heading, and what it means.
    field
        The template's field that it shows, if it shows one.
    is_number
        Whether it is aligned to the right and sorted by value.
    is_editable
        Whether a reader types into it.
    """

    name: str
    title: str
    tip: str
    field: Field | None = None
    is_number: bool = False
    is_editable: bool = False


@dataclass(frozen=True)
class Row:
    """One finding with all that the table says of it.

    Parameters
    ----------
    finding
        The finding.
    measured
        What is measured of it; None until then.
    is_stale
        Whether the mask has changed since.
    location
        Where it lies: as the reader says, else by the zones.
    category
        What the template's rule gives, if it has one.
    notes
        What the reader should look at, in sentences.
    """

    finding: Finding
    measured: Measured | None
    is_stale: bool
    location: Location
    category: pirads.Category | None
    notes: tuple[str, ...]

    @property
    def is_gone(self) -> bool:
        """Whether its mask has no voxels any more."""
        return self.measured is not None and self.measured.is_gone

    @property
    def is_open(self) -> bool:
        """Whether a model suggested it and nobody has decided."""
        made = self.finding.suggestion
        return made is not None and made.standing is Standing.OPEN


def columns_of(
    template: Template, mean_title: str = "Mean", *, has_suggestions: bool = False
) -> tuple[Column, ...]:
    """Return the columns of a table; that of a model's suggestions only where there are some."""

    def common(name: str, title: str = "") -> Column:
        heading, tip = _TITLES[name]
        is_number = name in ("number", *_MEASURED)
        return Column(name, title or heading, tip, None, is_number, name == "name")

    fields = [
        Column(f.name, f.heading, f.tip, f, f.kind == "number", f.kind != "computed")
        for f in template.fields
        if f.in_table
    ]
    location = common("location", template.places_title)
    measured = [common(n, mean_title if n == "mean" else "") for n in _MEASURED]
    suggested = (common("model"),) if has_suggestions else ()
    return (*map(common, _FIRST), *suggested, *fields, location, common("side"), *measured)


def rows_of(store: FindingStore, template: Template) -> tuple[Row, ...]:
    """Return the rows of a table, by number."""
    return tuple(_row(store, finding, template) for finding in store.findings())


def _row(store: FindingStore, finding: Finding, template: Template) -> Row:
    measured = store.measures.get(finding.id)
    category = category_of(finding, template)
    notes = [*_mask_notes(finding, measured)]
    if finding.template != template.name:
        notes.append(f"Its fields belong to the template '{finding.template}'; they are kept.")
    elif category is not None:
        axial = None if measured is None or measured.is_gone else measured.axial_mm
        reader = str(finding.fields.get("category", ""))
        beyond = "definite" in (finding.fields.get("epe"), finding.fields.get("svi"))
        notes.extend(pirads.warnings(reader, category.value, axial, beyond_gland=beyond))
    return Row(
        finding, measured, finding.id in store.stale, store.location_of(finding), category, tuple(notes)
    )


def _mask_notes(finding: Finding, measured: Measured | None) -> list[str]:
    if measured is None:
        return []
    if measured.is_gone:
        return ["Its mask has no voxels any more: redraw it, undo, or remove the lesion."]
    told = [measured.mean_note] if measured.mean_note else []
    if measured.n_parts > 1 and finding.anchor_lps_mm is None:
        told.append(f"Its label consists of {measured.n_parts} separate parts; all are measured.")
    return told


def of_model(store: FindingStore, finding: Finding) -> str:
    """Return what a model suggested of a finding, and what became of that; empty if none did.

    It looks at all voxels of both maps: to be asked when it is read, not for every row.
    """
    made = finding.suggestion
    if made is None:
        return ""
    told = f"Suggested by {made.by} with a confidence of {made.confidence:.2f}"
    origin = origin_of(store, finding)
    if origin is None:
        return f"{told}; {made.standing}."
    return (
        f"{told}; of its voxels {origin.n_kept} are suggested ones, {origin.n_added} drawn by hand; "
        f"{origin.n_removed} suggested ones are not in it."
    )


def category_of(finding: Finding, template: Template) -> pirads.Category | None:
    """Return what the template's rule gives for a finding; None if there is no rule."""
    if finding.template != template.name or not any(f.rule for f in template.fields):
        return None
    criteria, t2, dwi, dce = (str(finding.fields.get(n, "")) for n in ("criteria", "t2", "dwi", "dce"))
    return pirads.category(criteria, t2, dwi, dce)


def text_of(row: Row, column: Column) -> str:
    """Return what a cell shows."""
    finding, measured = row.finding, row.measured
    if column.field is not None:
        return _field_text(row, column.field, column.name)
    if column.name in _MEASURED:
        if measured is None or measured.is_gone:
            return ""
        value = getattr(measured, column.name)
        decimals = {"volume_ml": 2, "mean": 0}.get(column.name, 1)
        return "" if value is None else f"{value:.{decimals}f}"
    if column.name == "model":
        made = finding.suggestion
        return "" if made is None else f"{made.confidence:.2f} {_STANDING[made.standing]}"
    if column.name == "location":
        return in_words(row.location.sectors)
    if column.name == "side":
        return row.location.side
    return str(finding.number) if column.name == "number" else finding.name


def _field_text(row: Row, field: Field, name: str) -> str:
    if field.rule:
        value = None if row.category is None else row.category.value
        return "" if value is None else str(value)
    return field.text(row.finding.fields.get(name)) if _is_own(row, field) else ""


def _is_own(row: Row, field: Field) -> bool:
    """Tell whether a stored value may stand under a field: another template may mean other things."""
    value = row.finding.fields.get(field.name)
    return field.kind != "choice" or any(c.value == value for c in field.choices)


def measures_in_words(row: Row, mean_title: str) -> str:
    """Return the measures of a row in one line; empty if there are none."""
    measured = row.measured
    if measured is None or measured.is_gone:
        return ""
    mean = "" if measured.mean is None else f", {mean_title.split(' (')[0]} {measured.mean:.0f}"
    stale = ", being measured" if row.is_stale else ""
    return (
        f"{measured.volume_ml:.2f} ml, axial {measured.axial_mm:.1f} mm, "
        f"3D {measured.diameter_3d_mm:.1f} mm{mean}{stale}"
    )


def sorted_rows(rows: Sequence[Row], column: Column | None, *, descending: bool) -> tuple[Row, ...]:
    """Return rows sorted by a column, empty cells last; by number if there is no column."""
    if column is None:
        return tuple(sorted(rows, key=lambda row: row.finding.number))
    filled = [row for row in rows if text_of(row, column)]
    empty = [row for row in rows if not text_of(row, column)]

    def key(row: Row) -> tuple[float, str]:
        text = text_of(row, column)
        try:
            return float(text), ""
        except ValueError:
            return inf, text.casefold()

    return (*sorted(filled, key=key, reverse=descending), *empty)


def set_cell(store: FindingStore, row: Row, column: Column, text: str) -> bool:
    """Take over what a reader typed into a cell; tell whether that changed anything.

    Raises
    ------
    InvalidSetting
        If it may not stand there.
    """
    if column.name == "name":
        return store.set_text(row.finding.id, "name", text.strip())
    if column.field is None:
        return False
    value = column.field.parse(text)
    return store.set_field(row.finding.id, column.name, column.field.title, value)
