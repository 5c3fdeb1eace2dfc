"""Measured findings, as reports and tables hold them."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from napari_medassist.core.labels import Code
from napari_medassist.io.atomic import replacing

#: What is measured -> its code and its unit (UCUM), as TID 1500 reports hold them. For the longest
#: diameter in space DICOM has no code; a private scheme says so.
QUANTITIES: dict[str, tuple[Code, Code]] = {
    "volume_ml": (Code("SCT", "118565006", "Volume"), Code("UCUM", "ml", "milliliter")),
    "longest_axial_diameter_mm": (
        Code("SCT", "103339001", "Long Axis"),
        Code("UCUM", "mm", "millimeter"),
    ),
    "longest_diameter_3d_mm": (
        Code("99MEDASSIST", "LONGEST3D", "Longest three-dimensional diameter"),
        Code("UCUM", "mm", "millimeter"),
    ),
    "mean_adc_um2_s": (
        Code("DCM", "113041", "Apparent Diffusion Coefficient"),
        Code("UCUM", "um2/s", "square micrometer per second"),
    ),
    "mean_hu": (
        Code("DCM", "112031", "Attenuation Coefficient"),
        Code("UCUM", "[hnsf'U]", "Hounsfield unit"),
    ),
}


@dataclass(frozen=True)
class Quantity:
    """One number of a finding: its code, value and unit."""

    name: Code
    value: float
    unit: Code


@dataclass(frozen=True)
class MeasuredFinding:
    """One finding of a report.

    Parameters
    ----------
    tracking_id, tracking_uid
        By which it is recognised in other files and at other times.
    quantities
        What was measured.
    evaluations
        Coded judgements, name -> value, e.g. the PI-RADS category.
    label_value
        The value that it has in the label map; None if unknown.
    segment_number, segmentation_uid
        The segment of the DICOM segmentation that it was measured on; None and empty if none.
    finding, site
        What it is, and where.
    """

    tracking_id: str
    tracking_uid: str = ""
    quantities: tuple[Quantity, ...] = ()
    evaluations: tuple[tuple[Code, Code], ...] = ()
    label_value: int | None = None
    segment_number: int | None = None
    segmentation_uid: str = ""
    finding: Code | None = None
    site: Code | None = None

    def pi_rads(self) -> int | None:
        """Return its PI-RADS category, if the report states one."""
        for _, value in self.evaluations:
            if value.meaning.startswith("PI-RADS "):
                category = value.meaning.split()[1]
                return int(category) if category.isdigit() else None
        return None


def quantities_of(**values: float | None) -> tuple[Quantity, ...]:
    """Return coded quantities of plain numbers.

    Parameters
    ----------
    **values
        By the names of ``QUANTITIES``, e.g. ``volume_ml=0.8``; None is left out.
    """
    return tuple(
        Quantity(QUANTITIES[name][0], float(value), QUANTITIES[name][1])
        for name, value in values.items()
        if value is not None
    )


def write_table(findings: Sequence[MeasuredFinding], path: Path) -> None:
    """Write findings as CSV: one row a number or judgement of a finding.

    Raises
    ------
    WriteFailed
        If the file cannot be written; what stood there is unchanged.
    """
    with replacing(path) as temporary:
        temporary.write_text(as_csv(findings), encoding="utf-8", newline="")


def as_csv(findings: Sequence[MeasuredFinding]) -> str:
    """Return findings as CSV text."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("tracking_id", "tracking_uid", "label_value", "segment", "finding", "site", "name",
                     "value", "unit", "scheme", "code"))  # fmt: skip
    for f in findings:
        start = (
            f.tracking_id,
            f.tracking_uid,
            "" if f.label_value is None else f.label_value,
            "" if f.segment_number is None else f.segment_number,
            "" if f.finding is None else f.finding.meaning,
            "" if f.site is None else f.site.meaning,
        )
        for q in f.quantities:
            row = (q.name.meaning, repr(q.value), q.unit.value, q.name.scheme, q.name.value)
            writer.writerow((*start, *row))
        for name, value in f.evaluations:
            writer.writerow((*start, name.meaning, value.meaning, "", value.scheme, value.value))
    return text.getvalue()
