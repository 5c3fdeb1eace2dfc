"""One finding of a case, as a value; the document holds it as a plain mapping."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self
from uuid import uuid4

from napari_medassist.annotation.document import Plain
from napari_medassist.annotation.findings.suggestion import Standing, Suggestion
from napari_medassist.core.errors import InvalidSetting
from napari_medassist.core.geometry import Triple

#: Version of the plain form.
VERSION = 1
FieldValue = str | float | int


@dataclass(frozen=True)
class Location:
    """Where a finding lies.

    Parameters
    ----------
    sectors
        Keys of sectors, or entries of a template's list of places; the one that holds most comes first.
    side
        ``left``, ``right``, ``midline`` of the organ itself, or empty if unknown.
    by_reader
        True if a reader chose it; it then stays as it is when the mask changes.
    """

    sectors: tuple[str, ...] = ()
    side: str = ""
    by_reader: bool = False

    @classmethod
    def from_plain(cls, plain: Mapping[str, Plain]) -> Self:
        """Return the location in a plain mapping."""
        sectors = tuple(str(key) for key in plain.get("sectors", ()))
        return cls(sectors, str(plain.get("side", "")), bool(plain.get("by_reader", False)))

    def to_plain(self) -> dict[str, Plain]:
        """Return it as JSON can hold it."""
        return {"sectors": list(self.sectors), "side": self.side, "by_reader": self.by_reader}


@dataclass(frozen=True)
class Finding:
    """A finding: which labels it stands for, and what the reader says of it.

    What is measured (volume, diameters, intensities) is no part of it: it follows the mask.

    Parameters
    ----------
    id
        By which the document knows it; never shown.
    number
        Its number in the table, from 1.
    name
        What the reader calls it.
    map_key, label
        The label map and the value that it stands for; empty and 0 if it has no mask.
    anchor_lps_mm
        A point (LPS, mm) within it, if it is one connected part of its label, or has no mask; None if
        it is the whole label.
    template
        Name of the template that its fields belong to.
    fields
        Field of the template -> value; a field without a value is absent.
    location
        Where it lies.
    notes
        Free text.
    reader
        Who changed it last.
    created, changed
        ISO 8601 times with zone.
    suggestion
        What a model has suggested, if it was one.
    """

    id: str
    number: int
    name: str = ""
    map_key: str = ""
    label: int = 0
    anchor_lps_mm: Triple | None = None
    template: str = ""
    fields: Mapping[str, FieldValue] = field(default_factory=dict)
    location: Location = field(default_factory=Location)
    notes: str = ""
    reader: str = ""
    created: str = ""
    changed: str = ""
    suggestion: Suggestion | None = None

    @property
    def is_lesion(self) -> bool:
        """Whether it counts: the reader made it, or accepted it."""
        return self.suggestion is None or self.suggestion.standing is Standing.ACCEPTED

    @property
    def point_lps_mm(self) -> Triple | None:
        """Where it was marked, LPS mm, if it has no mask."""
        return None if self.map_key else self.anchor_lps_mm

    def __post_init__(self) -> None:
        if not self.id or self.number < 1:
            raise InvalidSetting("A finding needs an id, and a number from 1 on.")

    @classmethod
    def from_plain(cls, id_: str, plain: Mapping[str, Plain]) -> Self:
        """Return the finding in a plain mapping.

        Raises
        ------
        InvalidSetting
            If the mapping comes from a newer version, or lacks what a finding needs.
        """
        if plain.get("version", VERSION) > VERSION:
            raise InvalidSetting(
                "This finding was written by a newer version of MedAssist.",
                cure="Update MedAssist; the finding is left as it is.",
            )
        try:
            anchor = plain.get("anchor_lps_mm")
            return cls(
                id=id_,
                number=int(plain["number"]),
                map_key=str(plain.get("map", "")),
                label=int(plain.get("label", 0)),
                anchor_lps_mm=None if anchor is None else _triple(anchor),
                fields={str(k): _value(v) for k, v in dict(plain.get("fields", {})).items()},
                location=Location.from_plain(plain.get("location", {})),
                suggestion=Suggestion.from_plain(plain["suggestion"])
                if "suggestion" in plain
                else None,
                **{name: str(plain.get(name, "")) for name in _TEXTS},
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise InvalidSetting(f"A finding is not understood ({error!r}).") from error

    def to_plain(self) -> dict[str, Plain]:
        """Return it as JSON can hold it: no tuple, no number that is not finite."""
        anchor = self.anchor_lps_mm
        suggested = {} if self.suggestion is None else {"suggestion": self.suggestion.to_plain()}
        return {
            **suggested,
            "version": VERSION,
            "number": self.number,
            "map": self.map_key,
            "label": self.label,
            "anchor_lps_mm": None if anchor is None else list(anchor),
            "fields": dict(self.fields),
            "location": self.location.to_plain(),
            **{name: getattr(self, name) for name in _TEXTS},
        }

    def with_field(self, name: str, value: FieldValue | None) -> Finding:
        """Return it with another value of a field; None removes the value."""
        fields = {k: v for k, v in self.fields.items() if k != name}
        return replace(self, fields=fields if value is None else {**fields, name: value})


_TEXTS = ("name", "template", "notes", "reader", "created", "changed")


def new_id() -> str:
    """Return an id that no other finding has."""
    return uuid4().hex


def _triple(values: Any) -> Triple:
    x, y, z = (float(v) for v in values)
    return x, y, z


def _value(value: Any) -> FieldValue:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise TypeError(f"{value!r} is no value of a field")
    return value


def is_finding(plain: Mapping[str, Plain]) -> bool:
    """Tell whether an entry of a document is a finding; those of another kind say what they are."""
    return "kind" not in plain
