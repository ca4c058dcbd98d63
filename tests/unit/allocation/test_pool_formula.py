"""The pool's formula: which stock and supply count, and what a formula may not say."""

from __future__ import annotations

import pandas as pd
import pytest

from optimization.allocation.pool_formula import check_formula, pool_supply
from optimization.parameters import AllocationParameters

POSITION = pd.DataFrame(
    {
        "on_hand_units": [10.0, 2.0],
        "reserved_units": [4.0, 3.0],
        "in_transit_units": [5.0, 0.0],
        "on_order_units": [20.0, 0.0],
    }
)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("sellable", [6.0, 0.0]),
        ("physical", [10.0, 2.0]),
        ("with_in_transit", [11.0, 0.0]),
        ("with_on_order", [26.0, 0.0]),
    ],
)
def test_every_formula_of_the_settings_counts_what_its_name_says(name: str, expected: list[float]) -> None:
    formula = AllocationParameters().pool_formulas[name]

    assert pool_supply(POSITION, formula).tolist() == expected


@pytest.mark.parametrize(
    ("formula", "words"),
    [
        (["on_hand"], "names 'on_hand'; known are on_hand_units, in_transit_units"),
        (["on_hand_units", "-on_hand_units"], "more than once"),
        (["-reserved_units"], "adds nothing"),
        ([], "adds nothing"),
        (["in_transit_units", "on_order_units"], "is part of what is on order; keep one of them"),
        ("on_hand_units", "make it a list"),
    ],
)
def test_a_formula_that_is_none_is_refused_with_what_is_known(formula: list[str], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        check_formula(formula)
    with pytest.raises(ValueError, match=words):
        pool_supply(POSITION, formula)
