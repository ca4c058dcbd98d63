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
