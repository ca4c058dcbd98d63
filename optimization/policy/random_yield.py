"""Orders of which only a random part arrives or is accepted."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]


def eoq_with_proportional_yield(
    fixed_cost: float, holding_cost: float, demand_rate: float, yield_mean: float, yield_sd: float
) -> tuple[float, float]:
    """Order quantity and yearly cost when a random share Z of every order is usable.

    Q* = √[2Kd/(h·(Var Z + E[Z]²))], cost = Kd/(Q·E Z) + h·Q·(Var Z + E[Z]²)/(2·E Z). d units/year.
    Source: Yano & Lee (1995); Snyder & Shen (9.24)-(9.25).

    >>> quantity, cost = eoq_with_proportional_yield(18500, 0.06, 75000, 5 / 6, 0.14085904245475275)
    >>> round(quantity, 2), round(cost, 2)
    (254460.21, 13086.53)
    """
    square = yield_sd**2 + yield_mean**2
    quantity = (2.0 * fixed_cost * demand_rate / (holding_cost * square)) ** 0.5
    return quantity, proportional_yield_cost(
        quantity, fixed_cost, holding_cost, demand_rate, yield_mean, yield_sd
    )


def proportional_yield_cost(
    quantity: float,
    fixed_cost: float,
    holding_cost: float,
    demand_rate: float,
    yield_mean: float,
    yield_sd: float,
) -> float:
    """Yearly cost Kd/(Q·E Z) + h·Q·(Var Z + E[Z]²)/(2·E Z) of any quantity.

    >>> round(proportional_yield_cost(300_000, 18500, 0.06, 75000, 5 / 6, 0.14085904245475275), 2)
    13264.29
    """
    square = yield_sd**2 + yield_mean**2
    carried = holding_cost * quantity * square / (2.0 * yield_mean)
    return fixed_cost * demand_rate / (quantity * yield_mean) + carried


def eoq_with_additive_yield(
    fixed_cost: float, holding_cost: float, demand_rate: float, yield_mean: float, yield_sd: float
) -> tuple[float, float]:
    """Order quantity and yearly cost when Q + Y arrives, Y random and of any sign.

    Q* = √(2Kd/h + Var Y) − E Y; cost = (2Kd + h·Var Y)/(2(Q + E Y)) + h(Q + E Y)/2.
    Source: Snyder & Shen (9.22)-(9.23).

    >>> quantity, cost = eoq_with_additive_yield(18500, 0.06, 75000, -15000, 9000)
    >>> round(quantity, 2), round(cost, 2)
    (230246.37, 12914.78)
    """
    arrived = (2.0 * fixed_cost * demand_rate / holding_cost + yield_sd**2) ** 0.5
    # At the optimum both halves of the cost are equal.
    return arrived - yield_mean, holding_cost * arrived


def release_quantity(need: Numbers, accepted_share: Numbers) -> Numbers:
    """need/E[U] where shortfalls are not delivered later, units; the share is taken as at least 0.5.

    A supplier that delivers less than half is a case for a person, not for doubled orders.

    >>> release_quantity(np.array([90.0, 90.0]), np.array([0.9, 0.1])).tolist()
    [100.0, 180.0]
    """
    return np.asarray(need / np.clip(accepted_share, 0.5, 1.0))
