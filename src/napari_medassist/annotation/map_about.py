"""What is known of a label map beside its voxels, as plain values that a person can read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from napari_medassist.annotation.document import Plain, Voxels
from napari_medassist.core.errors import CorruptFile
from napari_medassist.core.geometry import Geometry
from napari_medassist.core.labels import Code, Label, LabelMap, LabelScheme
from napari_medassist.core.orientation import SourceGrid


def about_map(
    name: str, scheme: LabelScheme, source: SourceGrid | None, clip: str = ""
) -> dict[str, Plain]:
    """Describe a label map.

    Parameters
    ----------
    name
        What a user calls it.
    scheme
        What its values mean.
    source
        The grid that its file has or will have; None for one that lies in no patient (on a clip).
    clip
        Fingerprint of the clip whose frames it masks; empty for a map that lies in a patient.
    """
    about: dict[str, Plain] = {
        "name": name,
        "labels": [_plain_label(label) for label in scheme.labels],
        "grid": None if source is None else _plain_grid(source.geometry),
    }
    return {**about, "clip": clip} if clip else about


def with_label(about: Mapping[str, Plain], label: Label) -> dict[str, Plain]:
    """Return what is known of a map with one more label."""
    return {**about, "labels": [*about["labels"], _plain_label(label)]}


def scheme_of(about: Mapping[str, Plain]) -> LabelScheme:
    """Return what the values of a map mean."""
    return LabelScheme(tuple(_label(plain) for plain in about["labels"]))


def source_of(about: Mapping[str, Plain]) -> SourceGrid | None:
    """Return the grid of a map's file; None if it lies in no patient."""
    plain = about["grid"]
    if plain is None:
        return None
    rows: Any = tuple(tuple(row) for row in plain["direction_lps"])
    return SourceGrid.of(
        Geometry(
            tuple(plain["shape_zyx"]),
            tuple(plain["spacing_zyx_mm"]),
            tuple(plain["origin_lps_mm"]),
            rows,
        )
    )


def label_map(about: Mapping[str, Plain], voxels: Voxels) -> LabelMap:
    """Return a map of a document as a label map on its own grid.

    Raises
    ------
    CorruptFile
        If it lies in no patient, so that it is no label map of a grid.
    """
    source = source_of(about)
    if source is None:
        raise CorruptFile(f"The label map '{about['name']}' lies on no grid.")
    return LabelMap(
        array=voxels,
        geometry=source.canonical_geometry,
        source=source,
        name=str(about["name"]),
        scheme=scheme_of(about),
    )


def _plain_label(label: Label) -> dict[str, Plain]:
    plain: dict[str, Plain] = {
        "value": label.value,
        "name": label.name,
        "colour": list(label.colour),
    }
    if label.code is not None:
        plain["code"] = [label.code.scheme, label.code.value, label.code.meaning]
    return plain


def _label(plain: Mapping[str, Plain]) -> Label:
    red, green, blue = plain["colour"]
    code = Code(*plain["code"]) if plain.get("code") else None
    return Label(int(plain["value"]), str(plain["name"]), (red, green, blue), code)


def _plain_grid(geometry: Geometry) -> dict[str, Plain]:
    return {
        "shape_zyx": list(geometry.shape_zyx),
        "spacing_zyx_mm": list(geometry.spacing_zyx_mm),
        "origin_lps_mm": list(geometry.origin_lps_mm),
        "direction_lps": [list(row) for row in geometry.direction_lps],
    }
