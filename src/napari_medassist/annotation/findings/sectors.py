"""The 41 sectors of PI-RADS v2.1, with SNOMED CT's codes as DICOM lists them (PS3.16 CID 6304).

38 of the prostate, the two seminal vesicles, and the external urethral sphincter around the membranous
urethra. Version 2 had 39: version 2.1 added the posteromedial peripheral zone at the base, left and
right.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from napari_medassist.core.labels import Code

Side = Literal["right", "left", "midline"]
Level = Literal["base", "mid", "apex", ""]
LEVELS: tuple[Level, Level, Level] = ("base", "mid", "apex")


@dataclass(frozen=True)
class Sector:
    """One sector.

    Parameters
    ----------
    key
        By which tables and files name it: ``right-mid-PZpl``.
    side, level
        Where it lies; the level is empty for the seminal vesicles and the sphincter.
    part
        ``PZpm``, ``PZpl``, ``PZa``, ``TZa``, ``TZp``, ``CZ``, ``AS``, ``SV`` or ``US``.
    title
        What it is called in full.
    code
        SNOMED CT's code.
    """

    key: str
    side: Side
    level: Level
    part: str
    title: str
    code: Code

    @property
    def short(self) -> str:
        """Return it as a report writes it: "R mid PZpl"."""
        words = ("" if self.side == "midline" else self.side[0].upper(), self.level, self.part)
        return " ".join(word for word in words if word)


_PARTS = {
    "PZpm": "posteromedial peripheral zone",
    "PZpl": "posterolateral peripheral zone",
    "PZa": "anterior peripheral zone",
    "TZa": "anterior transition zone",
    "TZp": "posterior transition zone",
    "AS": "anterior fibromuscular stroma",
}
#: (level, part) -> SNOMED CT of the right and of the left sector, as PS3.16 CID 6304 lists them.
_CODES: dict[tuple[Level, str], tuple[str, str]] = {
    ("base", "PZpm"): ("836428004", "836427009"),
    ("base", "PZpl"): ("716906001", "716907005"),
    ("base", "PZa"): ("716904003", "716905002"),
    ("base", "TZa"): ("716896009", "716897000"),
    ("base", "TZp"): ("716898005", "716899002"),
    ("base", "AS"): ("716892006", "716893001"),
    ("mid", "PZpm"): ("716923005", "716924004"),
    ("mid", "PZpl"): ("716921007", "716922000"),
    ("mid", "PZa"): ("716919002", "716920008"),
    ("mid", "TZa"): ("716913001", "716914007"),
    ("mid", "TZp"): ("716915008", "716916009"),
    ("mid", "AS"): ("716909008", "716910003"),
    ("apex", "PZpm"): ("716940001", "716941002"),
    ("apex", "PZpl"): ("716938006", "716939003"),
    ("apex", "PZa"): ("716936005", "716937001"),
    ("apex", "TZa"): ("716930004", "716931000"),
    ("apex", "TZp"): ("716932007", "716933002"),
    ("apex", "AS"): ("716926002", "716927006"),
}
_CODED_LEVELS = {"base": "basal", "mid": "middle", "apex": "apical"}
_SIDES: tuple[Side, Side] = ("right", "left")


def _prostate() -> list[Sector]:
    found = []
    for (level, part), codes in _CODES.items():
        for side, value in zip(_SIDES, codes, strict=True):
            where, _, zone = _PARTS[part].partition(" ")
            if part == "AS":
                meaning = f"{side.capitalize()} {_CODED_LEVELS[level]} {_PARTS[part]} of prostate"
            else:
                meaning = f"{side.capitalize()} {where} {_CODED_LEVELS[level]} {zone} of prostate"
            title = f"{side.capitalize()} {level} {_PARTS[part]}"
            code = Code("SCT", value, meaning)
            found.append(Sector(f"{side}-{level}-{part}", side, level, part, title, code))
    return found


def _other() -> list[Sector]:
    central = [
        Sector(f"{side}-base-CZ", side, "base", "CZ", f"{side.capitalize()} central zone",
               Code("SCT", value, f"Central zone of {side} half prostate"))
        for side, value in zip(_SIDES, ("716900007", "716901006"), strict=True)
    ]  # fmt: skip
    vesicles = [
        Sector(f"{side}-SV", side, "", "SV", f"{side.capitalize()} seminal vesicle",
               Code("SCT", value, f"{side.capitalize()} seminal vesicle"))
        for side, value in zip(_SIDES, ("74308000", "42320003"), strict=True)
    ]  # fmt: skip
    sphincter = Sector(
        "US", "midline", "", "US", "External urethral sphincter (membranous urethra)",
        Code("SCT", "717027004", "Male external urethral sphincter"),
    )  # fmt: skip
    return [*central, *vesicles, sphincter]


SECTORS: tuple[Sector, ...] = (*_prostate(), *_other())
BY_KEY: dict[str, Sector] = {sector.key: sector for sector in SECTORS}


def in_words(keys: tuple[str, ...]) -> str:
    """Return sectors as a report writes them; what is no sector stays as it is."""
    return ", ".join(BY_KEY[key].short if key in BY_KEY else key for key in keys)
