"""How many units a pool has: a named formula over the states of an item-location's stock and supply."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

Numbers = npt.NDArray[np.float64]

# Quantities of opt_in__item_location that a formula may add or subtract.
QUANTITIES = ("on_hand_units", "in_transit_units", "on_order_units", "reserved_units", "backorder_units")


def pool_supply(item_location: pd.DataFrame, formula: Sequence[str]) -> Numbers:
    """Units per row that the formula counts, at least 0: its terms added, those after a minus taken off.

    `item_location` has the columns that the formula names. Raises `ValueError` for a formula that
    is not one.

    >>> rows = pd.DataFrame({"on_hand_units": [10.0, 1.0], "reserved_units": [4.0, 3.0]})
    >>> pool_supply(rows, ("on_hand_units", "-reserved_units")).tolist()
    [6.0, 0.0]
    """
    check_formula(formula)
    total = np.zeros(len(item_location))
    for term in formula:
        name = term.removeprefix("-")
        units = item_location[name].to_numpy(dtype=np.float64)
        total += -units if term.startswith("-") else units
    return np.maximum(total, 0.0)


def check_formula(formula: Sequence[str]) -> None:
    """Raise `ValueError`, with the known quantities, where the formula is not one.

    That is where it names an unknown quantity, or one twice, counts goods in transit twice, or adds
    nothing.

    >>> check_formula(["on_hand"])
    Traceback (most recent call last):
    ValueError: the pool formula names 'on_hand'; known are on_hand_units, in_transit_units, \
on_order_units, reserved_units, backorder_units, each with or without a minus before it
    """
    known = f"known are {', '.join(QUANTITIES)}, each with or without a minus before it"
    if isinstance(formula, str):
        raise ValueError(f"the pool formula {formula!r} is one text; make it a list of quantities: {known}")
    names = [term.removeprefix("-") for term in formula]
    for name in names:
        if name not in QUANTITIES:
            raise ValueError(f"the pool formula names {name!r}; {known}")
        if names.count(name) > 1:
            raise ValueError(f"the pool formula names {name!r} more than once; keep one of them: {known}")
    if all(term.startswith("-") for term in formula):
        raise ValueError(f"the pool formula adds nothing; name a quantity without a minus: {known}")
    if {"in_transit_units", "on_order_units"} <= set(formula):
        raise ValueError(
            "the pool formula adds in_transit_units and on_order_units, but what is in transit is part of "
            "what is on order; keep one of them"
        )
