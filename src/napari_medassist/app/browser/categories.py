"""The quarter of the plane a case lies in: what Dice says of it, and what its lesions say."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_medassist.app.browser.case_table import WAITING, CaseTable

Colour = tuple[int, int, int]


@dataclass(frozen=True)
class Category:
    """What the two levels say of a case.

    Parameters
    ----------
    title
        What it is called in a legend and in the table.
    tip
        When a case belongs to it.
    symbol
        How it is drawn: ``t1`` a triangle, ``d`` a diamond, ``o`` a disc, ``s`` a square, ``+``, ``x``.
    on_dark, on_light
        Its colour on a dark and on a light ground; told apart by colour-blind readers too (after Okabe
        and Ito), and never the only sign.
    """

    title: str
    tip: str
    symbol: str
    on_dark: Colour
    on_light: Colour


CATEGORIES = (
    Category(
        "hidden error",
        "Dice looks good, but a lesion is missed or a call is false",
        "t1",
        (240, 118, 36),
        (196, 78, 0),
    ),
    Category(
        "false alarm",
        "Dice looks poor, but every lesion is right",
        "d",
        (86, 180, 233),
        (0, 105, 170),
    ),
    Category(
        "both good", "Dice looks good, and every lesion is right", "o", (0, 178, 130), (0, 130, 95)
    ),
    Category(
        "both poor",
        "Dice looks poor, and a lesion is missed or a call is false",
        "s",
        (216, 138, 184),
        (158, 76, 125),
    ),
    Category(
        "nothing there",
        "Neither side has a lesion: there is no Dice, and nothing is missed or false",
        "+",
        (160, 162, 166),
        (112, 114, 118),
    ),
    Category("not compared", "The files could not be compared", "x", (240, 228, 66), (130, 108, 0)),
    Category("waiting", "Not reached yet", "x", (110, 112, 118), (160, 162, 166)),
)
HIDDEN, FALSE_ALARM, BOTH_GOOD, BOTH_POOR, NOTHING, NOT_COMPARED, NOT_REACHED = range(len(CATEGORIES))


def categories_of(table: CaseTable) -> NDArray[np.int8]:
    """Return the category of each case, as a place in :data:`CATEGORIES`."""
    has_error = (table.values("fn") > 0) | (table.values("fp") > 0)
    found = np.full(table.n_rows, BOTH_POOR, dtype=np.int8)
    found[~has_error & (table.values("dice") >= table.good_dice)] = BOTH_GOOD
    found[~has_error & np.isnan(table.values("dice"))] = NOTHING
    found[table.values("hidden")] = HIDDEN
    found[table.values("false_alarm")] = FALSE_ALARM
    found[~table.is_compared()] = NOT_COMPARED
    found[table.values("status") == WAITING] = NOT_REACHED
    return found
