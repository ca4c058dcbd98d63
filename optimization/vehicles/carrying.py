"""What a unit in stock costs per day, and what it has cost so far."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]
DAYS_PER_YEAR = 365.0


@dataclass(frozen=True)
class CarryingTerms:
    """Per unit (n): money at cost, what the market would pay, the loan's yearly rate and free days.

    `plan_days`: days since the loan began, `age_days`: days in stock. Insurance and depreciation are
    yearly shares of cost and of value, the lot costs money per day.
    """

    unit_cost: Numbers
    value: Numbers
    floorplan_rate: Numbers
    free_days: Numbers
    plan_days: Numbers
    age_days: Numbers
    insurance_rate: float
    lot_cost_per_day: float
    depreciation_rate: float


def daily_cost(terms: CarryingTerms) -> Numbers:
    """Cost of one more day: cost·(rate + insurance)/365 + lot + value·depreciation/365.

    Interest only after the free days. Source: the usual floor-plan terms of dealers.

    >>> terms = CarryingTerms(*(np.array(v) for v in ([36500.0, 36500], [36500.0, 36500], [0.08, 0.08],
    ...     [30.0, 30], [10.0, 40], [10.0, 40])), 0.01, 2.0, 0.15)
    >>> daily_cost(terms).tolist()
    [18.0, 26.0]
    """
    interest = np.where(terms.plan_days >= terms.free_days, _interest(terms), 0.0)
    return np.asarray(interest + _other(terms), dtype=np.float64)


def cumulative_cost(terms: CarryingTerms) -> Numbers:
    """Cost of all days so far: interest since the free days ended, the rest since it came.

    >>> terms = CarryingTerms(*(np.array(v) for v in ([36500.0, 36500], [36500.0, 36500], [0.08, 0.08],
    ...     [30.0, 30], [10.0, 40], [10.0, 40])), 0.01, 2.0, 0.15)
    >>> cumulative_cost(terms).tolist()
    [180.0, 800.0]
    """
    charged = np.maximum(terms.plan_days - terms.free_days, 0.0)
    return np.asarray(charged * _interest(terms) + terms.age_days * _other(terms), dtype=np.float64)


def _interest(terms: CarryingTerms) -> Numbers:
    return terms.unit_cost * terms.floorplan_rate / DAYS_PER_YEAR


def _other(terms: CarryingTerms) -> Numbers:
    insurance = terms.unit_cost * terms.insurance_rate / DAYS_PER_YEAR
    depreciation = terms.value * terms.depreciation_rate / DAYS_PER_YEAR
    return insurance + terms.lot_cost_per_day + depreciation
