"""Templates of the lesion table: which fields a finding has, and what may stand in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isfinite

from napari_medassist.annotation.findings.finding import FieldValue
from napari_medassist.core.errors import InvalidSetting, UnknownItem
from napari_medassist.core.labels import Code

#: What a computed field may follow from.
RULES = ("pirads-2.1",)
KINDS = ("number", "choice", "text", "computed")


@dataclass(frozen=True)
class Choice:
    """One value of a choice: what is stored, what is shown, and its code if it has one."""

    value: str
    title: str
    code: Code | None = None

    @property
    def in_list(self) -> str:
        """Return it as a list shows it: what is stored first, since a narrow list shows no more."""
        return self.title if self.title.startswith(self.value) else f"{self.value}  {self.title}"


@dataclass(frozen=True)
class Field:
    """One field of a template.

    Parameters
    ----------
    name, title
        What it is stored as, and what is shown.
    kind
        ``number``, ``choice``, ``text`` or ``computed``.
    unit, low, high, decimals
        Of a number.
    choices
        Of a choice.
    rule
        Of a computed field: one of ``RULES``.
    tip
        What it means, in a sentence.
    in_table
        Whether it has a column; all fields stand in the form below the table.
    code
        What the field is called in a coded report.
    """

    name: str
    title: str
    kind: str = "text"
    unit: str = ""
    low: float | None = None
    high: float | None = None
    decimals: int = 1
    choices: tuple[Choice, ...] = ()
    rule: str = ""
    tip: str = ""
    in_table: bool = True
    code: Code | None = None

    @property
    def heading(self) -> str:
        """Return title and unit."""
        return f"{self.title} ({self.unit})" if self.unit else self.title

    def parse(self, text: str) -> FieldValue | None:
        """Return the value that a reader typed or a file holds; None if it is empty.

        Raises
        ------
        InvalidSetting
            If it may not stand here; the message says what may.
        """
        text = text.strip()
        if not text:
            return None
        if self.kind == "computed":
            raise InvalidSetting(f"'{self.title}' is computed and cannot be typed.")
        if self.kind == "number":
            return self._number(text)
        if self.kind == "choice":
            return self._chosen(text)
        return text

    def text(self, value: FieldValue | None) -> str:
        """Return a value as a table shows it."""
        if value is None:
            return ""
        if self.kind == "number" and isinstance(value, (int, float)):
            return f"{value:.{self.decimals}f}"
        return str(value)

    def title_of(self, value: FieldValue | None) -> str:
        """Return a value as a report says it."""
        found = next((c.title for c in self.choices if c.value == value), None)
        return self.text(value) if found is None else found

    def code_of(self, value: FieldValue | None) -> Code | None:
        """Return the code of a chosen value."""
        return next((c.code for c in self.choices if c.value == value), None)

    def _number(self, text: str) -> float:
        try:
            number = float(text.replace(",", "."))
        except ValueError:
            raise InvalidSetting(f"'{self.title}' is a number, not '{text}'.") from None
        below = self.low is not None and number < self.low
        above = self.high is not None and number > self.high
        if not isfinite(number) or below or above:
            low = "" if self.low is None else f" from {self.low:g}"
            high = "" if self.high is None else f" to {self.high:g}"
            raise InvalidSetting(f"'{self.title}' runs{low}{high}, not {text}.")
        return number

    def _chosen(self, text: str) -> str:
        for choice in self.choices:
            if text.casefold() in (choice.value.casefold(), choice.title.casefold()):
                return choice.value
        known = ", ".join(choice.value for choice in self.choices)
        raise InvalidSetting(f"'{self.title}' is one of {known}, not '{text}'.")


@dataclass(frozen=True)
class Template:
    """What a lesion table holds.

    Parameters
    ----------
    name, title
        What a finding stores, and what the user chooses it by.
    fields
        Its fields, in the order of the columns.
    places
        ``prostate-sectors`` for the map of sectors, a list of places to choose from, or nothing.
    places_title
        What the places are called, e.g. "Lobe".
    source
        What its rules and words follow.
    """

    name: str
    title: str
    fields: tuple[Field, ...] = ()
    places: tuple[str, ...] = ()
    has_sector_map: bool = False
    places_title: str = "Location"
    source: str = ""
    _by_name: Mapping[str, Field] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_name", {f.name: f for f in self.fields})

    def field(self, name: str) -> Field:
        """Return a field by its name.

        Raises
        ------
        UnknownItem
            If there is none.
        """
        if name not in self._by_name:
            known = ", ".join(self._by_name)
            raise UnknownItem(f"The template '{self.name}' has no field '{name}'; it has {known}.")
        return self._by_name[name]

    def has(self, name: str) -> bool:
        """Tell whether it has a field."""
        return name in self._by_name
