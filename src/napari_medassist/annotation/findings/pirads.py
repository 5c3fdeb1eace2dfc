"""PI-RADS v2.1: the category of a lesion from the scores of its sequences.

Turkbey B, et al. Prostate Imaging Reporting and Data System Version 2.1: 2019 update of PI-RADS version
2. Eur Urol 2019;76:340-351, and the document PI-RADS v2.1 of the American College of Radiology (2019),
"PI-RADS assessment category". The rule without adequate DWI (T2 is the category in both zones, and
positive DCE raises a 3 to 4) is from memory: it was not compared with the document. What a reader
decides stands: nothing here changes it.
"""

from __future__ import annotations

from dataclasses import dataclass

#: A score as a reader gives it: 1 to 5, X for a sequence that is inadequate or absent.
SCORES = ("1", "2", "3", "4", "5", "X")
#: Focal early enhancement: no, yes, inadequate or absent.
DCE_VALUES = ("-", "+", "X")
#: From this longest axial diameter on, a lesion that is otherwise a 4 is a 5.
LARGE_MM = 15.0


@dataclass(frozen=True)
class Category:
    """What the rule says.

    Parameters
    ----------
    value
        1 to 5; None where the rule gives none.
    why
        How it came about, or what is missing, in one sentence.
    """

    value: int | None
    why: str


def category(criteria: str, t2: str, dwi: str, dce: str) -> Category:
    """Return the PI-RADS v2.1 category of a lesion.

    Parameters
    ----------
    criteria
        ``PZ`` or ``TZ``: by whose criteria it was scored. A lesion of the central zone or of the
        anterior fibromuscular stroma is scored by those of the zone that it seems to come from.
    t2, dwi
        One of ``SCORES``; empty if not scored yet.
    dce
        One of ``DCE_VALUES``; empty if not scored yet.
    """
    if criteria not in ("PZ", "TZ"):
        return Category(None, "Choose whether it is scored as peripheral or transition zone.")
    if dwi == "X":
        return _without_dwi(t2, dce)
    return _peripheral(dwi, dce) if criteria == "PZ" else _transition(t2, dwi)


def _peripheral(dwi: str, dce: str) -> Category:
    if not dwi:
        return Category(None, "The DWI score is missing; it decides in the peripheral zone.")
    if dwi != "3":
        return Category(int(dwi), "Peripheral zone: DWI decides.")
    if not dce:
        return Category(None, "DWI is 3: DCE decides between 3 and 4, and is not scored yet.")
    if dce == "+":
        return Category(4, "Peripheral zone: DWI 3, raised to 4 by positive DCE.")
    absent = " (DCE inadequate or absent)" if dce == "X" else ""
    return Category(3, f"Peripheral zone: DWI decides{absent}.")


def _transition(t2: str, dwi: str) -> Category:
    if t2 in ("", "X"):
        return Category(None, "The T2 score is missing; it decides in the transition zone.")
    if t2 not in ("2", "3"):
        return Category(int(t2), "Transition zone: T2 decides.")
    if not dwi:
        return Category(None, f"T2 is {t2}: DWI may raise it, and is not scored yet.")
    needed = 4 if t2 == "2" else 5
    if int(dwi) >= needed:
        return Category(int(t2) + 1, f"Transition zone: T2 {t2}, raised by DWI {dwi}.")
    return Category(int(t2), "Transition zone: T2 decides.")


def _without_dwi(t2: str, dce: str) -> Category:
    """Return the category where DWI is inadequate or absent: T2 decides, DCE raises a 3 to 4."""
    if dce == "X":
        return Category(None, "Neither DWI nor DCE is adequate: no category, only staging.")
    if t2 in ("", "X"):
        return Category(None, "DWI is inadequate: T2 decides, and is not scored.")
    if t2 != "3":
        return Category(int(t2), "DWI inadequate: T2 decides.")
    if not dce:
        return Category(None, "DWI is inadequate and T2 is 3: DCE decides, and is not scored yet.")
    if dce == "+":
        return Category(4, "DWI inadequate: T2 3, raised to 4 by positive DCE.")
    return Category(3, "DWI inadequate: T2 decides.")


def warnings(
    reader: str, computed: int | None, axial_mm: float | None, *, beyond_gland: bool
) -> tuple[str, ...]:
    """Return what a reader should look at again; nothing is changed by it.

    Parameters
    ----------
    reader
        The reader's category, 1 to 5; empty if none.
    computed
        What the rule gives.
    axial_mm
        Longest axial diameter, if measured.
    beyond_gland
        Whether the reader says that it extends beyond the prostate.
    """
    told = []
    if reader and computed is not None and reader != str(computed):
        told.append(f"The reader's category is {reader}, the rule gives {computed}.")
    shown = reader or ("" if computed is None else str(computed))
    if shown == "4" and (beyond_gland or (axial_mm is not None and axial_mm >= LARGE_MM)):
        cause = "it extends beyond the prostate" if beyond_gland else f"it measures {axial_mm:.1f} mm"
        told.append(f"Category 4, but {cause}: 5 is meant for 15 mm and more, or extension.")
    if shown == "5" and not beyond_gland and axial_mm is not None and axial_mm < LARGE_MM:
        told.append(f"Category 5, but it measures {axial_mm:.1f} mm, less than 15 mm.")
    return tuple(told)
