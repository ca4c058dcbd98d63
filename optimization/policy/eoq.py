"""Economic order quantity: the trade of ordering cost against holding cost."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]


def economic_order_quantity(fixed_cost: Numbers, holding_cost: Numbers, demand_rate: Numbers) -> Numbers:
    r"""Q* = √(2·K·D/h), units; 0 where the fixed cost, the holding cost or demand is 0.

    K [money/order], h [money/unit/year], D [units/year]. Flat optimum: 25 % off in Q costs less
    than 5 %. Source: Harris (1913).

    >>> round(float(economic_order_quantity(np.array([8.0]), np.array([0.225]), np.array([1300.0]))[0]), 4)
    304.0468
    """
    holds = holding_cost > 0
    per_holding = np.divide(
        2.0 * fixed_cost * demand_rate, holding_cost, out=np.zeros_like(holding_cost), where=holds
    )
    return np.asarray(np.sqrt(np.maximum(per_holding, 0.0)))


def yearly_cost(quantity: float, fixed_cost: float, holding_cost: float, demand_rate: float) -> float:
    """Ordering plus cycle-stock cost K·D/Q + h·Q/2, money per year.

    >>> round(yearly_cost(304.0467800264368, 8, 0.225, 1300), 6)
    68.410526
    """
    return fixed_cost * demand_rate / quantity + holding_cost * quantity / 2.0


def eoq_with_backorders(
    fixed_cost: float, holding_cost: float, backorder_cost: float, demand_rate: float
) -> tuple[float, float]:
    """Order quantity and share of it backordered, when a backlog costs p per unit and year.

    Q* = √(2KD(h+p)/(hp)), x* = h/(h+p). Source: Snyder & Shen, EOQB.

    >>> quantity, share = eoq_with_backorders(8, 0.225, 5, 1300)
    >>> round(quantity, 4), round(share, 6)
    (310.8126, 0.043062)
    """
    both = holding_cost + backorder_cost
    quantity = (2.0 * fixed_cost * demand_rate * both / (holding_cost * backorder_cost)) ** 0.5
    return float(quantity), holding_cost / both


def economic_production_quantity(
    fixed_cost: float, holding_cost: float, demand_rate: float, production_rate: float
) -> float:
    """Q* = √(2KD / (h·(1 − D/P))), units, for supply that flows in at rate P > D.

    >>> round(economic_production_quantity(4, 0.08, 80, 110), 4)
    171.2698
    """
    slowed = holding_cost * (1.0 - demand_rate / production_rate)
    return float((2.0 * fixed_cost * demand_rate / slowed) ** 0.5)


def quantity_with_discounts(
    fixed_cost: float,
    holding_rate: float,
    demand_rate: float,
    breakpoints: list[float],
    unit_costs: list[float],
    incremental: bool,
) -> tuple[float, int, float]:
    """Best quantity, its price region and the yearly cost with purchase, under a price scale.

    `breakpoints[i]` is the least quantity at `unit_costs[i]`. All-units: the price holds for the
    whole order; incremental: only for the part above the break. The best of each region's own
    optimum, moved to the region's start when it lies before it. Source: Snyder & Shen, 3.4.

    >>> quantity_with_discounts(8, 0.3, 1300, [0, 400, 800], [0.75, 0.72, 0.68], incremental=False)
    (800.0, 2, 978.6)
    """
    best = (0.0, 0, float("inf"))
    paid_before = 0.0
    for region, (start, price) in enumerate(zip(breakpoints, unit_costs, strict=True)):
        if region and incremental:
            paid_before += (breakpoints[region] - breakpoints[region - 1]) * unit_costs[region - 1]
        # What an order pays beyond price × quantity acts as a further fixed cost.
        extra = paid_before - price * start if incremental else 0.0
        end = breakpoints[region + 1] if region + 1 < len(breakpoints) else float("inf")
        quantity = max((2.0 * (fixed_cost + extra) * demand_rate / (holding_rate * price)) ** 0.5, start)
        if quantity < end:
            cost = (
                demand_rate * price
                + yearly_cost(quantity, fixed_cost + extra, holding_rate * price, demand_rate)
                + holding_rate * extra / 2.0
            )
            if cost < best[2]:
                best = (float(quantity), region, round(cost, 9))
    return best
