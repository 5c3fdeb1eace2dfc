"""PI-RADS v2.1 against the published tables, written out by hand: every combination of scores."""

from __future__ import annotations

from itertools import product

import pytest

from napari_medassist.annotation.findings.pirads import DCE_VALUES, SCORES, category, warnings

#: Peripheral zone: DWI, DCE -> category, whatever T2 is ("any").
PERIPHERAL = {
    ("1", "-"): 1, ("1", "+"): 1, ("1", "X"): 1,
    ("2", "-"): 2, ("2", "+"): 2, ("2", "X"): 2,
    ("3", "-"): 3, ("3", "+"): 4, ("3", "X"): 3,
    ("4", "-"): 4, ("4", "+"): 4, ("4", "X"): 4,
    ("5", "-"): 5, ("5", "+"): 5, ("5", "X"): 5,
}  # fmt: skip
#: Transition zone: T2, DWI -> category, whatever DCE is.
TRANSITION = {
    ("1", "1"): 1, ("1", "2"): 1, ("1", "3"): 1, ("1", "4"): 1, ("1", "5"): 1,
    ("2", "1"): 2, ("2", "2"): 2, ("2", "3"): 2, ("2", "4"): 3, ("2", "5"): 3,
    ("3", "1"): 3, ("3", "2"): 3, ("3", "3"): 3, ("3", "4"): 3, ("3", "5"): 4,
    ("4", "1"): 4, ("4", "2"): 4, ("4", "3"): 4, ("4", "4"): 4, ("4", "5"): 4,
    ("5", "1"): 5, ("5", "2"): 5, ("5", "3"): 5, ("5", "4"): 5, ("5", "5"): 5,
    ("X", "1"): None, ("X", "2"): None, ("X", "3"): None, ("X", "4"): None, ("X", "5"): None,
}  # fmt: skip
#: DWI inadequate, either zone: T2, DCE -> category; without DCE too only staging is left.
WITHOUT_DWI = {
    ("1", "-"): 1, ("1", "+"): 1, ("1", "X"): None,
    ("2", "-"): 2, ("2", "+"): 2, ("2", "X"): None,
    ("3", "-"): 3, ("3", "+"): 4, ("3", "X"): None,
    ("4", "-"): 4, ("4", "+"): 4, ("4", "X"): None,
    ("5", "-"): 5, ("5", "+"): 5, ("5", "X"): None,
    ("X", "-"): None, ("X", "+"): None, ("X", "X"): None,
}  # fmt: skip


@pytest.mark.parametrize("criteria", ["PZ", "TZ"])
def test_every_combination_of_scores(criteria: str) -> None:
    for t2, dwi, dce in product(SCORES, SCORES, DCE_VALUES):
        if dwi == "X":
            expected = WITHOUT_DWI[t2, dce]
        elif criteria == "PZ":
            expected = PERIPHERAL[dwi, dce]
        else:
            expected = TRANSITION[t2, dwi]
        found = category(criteria, t2, dwi, dce)
        assert found.value == expected, (criteria, t2, dwi, dce)
        assert found.why.endswith(".")


@pytest.mark.parametrize(
    ("criteria", "t2", "dwi", "dce", "expected"),
    [
        ("", "3", "3", "-", None),
        ("CZ", "3", "3", "-", None),
        ("PZ", "3", "", "+", None),
        ("PZ", "", "4", "", 4),
        ("PZ", "5", "3", "", None),
        ("TZ", "", "5", "+", None),
        ("TZ", "3", "", "+", None),
        ("TZ", "4", "", "", 4),
        ("PZ", "3", "X", "", None),
        ("PZ", "4", "X", "", 4),
        ("TZ", "", "X", "+", None),
    ],
)
def test_what_is_not_scored_yet(
    criteria: str, t2: str, dwi: str, dce: str, expected: int | None
) -> None:
    assert category(criteria, t2, dwi, dce).value == expected


def test_warnings_say_what_differs_and_change_nothing() -> None:
    assert warnings("4", 4, 14.9, beyond_gland=False) == ()
    assert warnings("5", 5, 15.0, beyond_gland=False) == ()
    assert "15 mm and more" in warnings("4", 4, 15.0, beyond_gland=False)[0]
    assert "extends beyond" in warnings("4", 4, None, beyond_gland=True)[0]
    assert "less than 15 mm" in warnings("5", 5, 14.9, beyond_gland=False)[0]
    assert warnings("5", 5, 9.0, beyond_gland=True) == ()
    assert "is 3, the rule gives 4" in warnings("3", 4, 9.0, beyond_gland=False)[0]
    assert warnings("", None, 30.0, beyond_gland=False) == ()
    assert warnings("", 4, 20.0, beyond_gland=False) != ()
