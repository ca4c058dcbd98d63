"""Order quantity: what is economic, bounded by cover and life, made feasible; and why it is that."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from optimization.lots import feasible_quantity
from optimization.reasons import first_that_holds

Numbers = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Texts = npt.NDArray[np.object_]
DAYS_PER_YEAR = 365.0


@dataclass(frozen=True)
class Wanted:
    """What bears on an order quantity, one value per item-location.

    `economic`: EOQ or the quantity of the best price, units; `yearly`: demand per year; `review_days`;
    `moq` and `lot`, units; `is_whole`; `life_days`: days for which stock stays good or sellable, ∞
    where nothing bounds it; `is_price_break`: the economic quantity was lifted to a price break.
    """

    economic: Numbers
    yearly: Numbers
    review_days: Numbers
    moq: Numbers
    lot: Numbers
    is_whole: Flags
    life_days: Numbers
    is_price_break: Flags


def order_quantity(wanted: Wanted, max_cover_days: float | Numbers) -> tuple[Numbers, Texts]:
    """Feasible order quantity, units, and its reason.

    Q = max(EOQ, demand of one review), at most `max_cover_days` and the remaining life of demand, whole,
    then at least the minimum and in lots, which may break the caps: the reason says so. Flat optimum:
    25 % off in Q costs less than 5 %.

    >>> one = np.ones(4)
    >>> quantity, reason = order_quantity(Wanted(np.array([80.0, 80, 900, 5]), 365 * one, 7 * one,
    ...     np.array([0.0, 0, 0, 40]), np.array([1.0, 12, 1, 1]), one > 0,
    ...     np.array([np.inf, np.inf, 60, np.inf]), one < 0), 365.0)
    >>> quantity.tolist()
    [80.0, 84.0, 60.0, 40.0]
    >>> reason.tolist()
    ['ECONOMIC_QUANTITY', 'WHOLE_LOTS', 'LIFE_CAP', 'MINIMUM_QUANTITY']
    """
    per_day = wanted.yearly / DAYS_PER_YEAR
    review = per_day * wanted.review_days
    cap = per_day * np.minimum(max_cover_days, wanted.life_days)
    basic = np.maximum(wanted.economic, review)
    capped = np.minimum(basic, cap)
    # A cap is not exceeded by rounding; an uncapped quantity goes to the nearest unit.
    whole = np.where(basic > cap, np.floor(capped + 1e-9), np.round(capped))
    capped = np.where(wanted.is_whole, np.maximum(whole, 1.0), np.maximum(capped, 1e-6))
    quantity = feasible_quantity(capped, wanted.moq, wanted.lot)
    over = quantity > capped + 1e-9
    reason = first_that_holds(
        {
            "MINIMUM_QUANTITY": over & (wanted.moq > capped),
            "WHOLE_LOTS": over,
            "LIFE_CAP": (basic > cap) & (wanted.life_days < max_cover_days),
            "COVER_CAP": basic > cap,
            "PRICE_BREAK": wanted.is_price_break,
            "REVIEW_DEMAND": review > wanted.economic,
        },
        "ECONOMIC_QUANTITY",
    )
    return quantity, reason
