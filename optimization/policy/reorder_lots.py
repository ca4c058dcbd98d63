"""(r, Q): order Q when the position falls to r, continuous review.

Costs: K per order, h and p per unit and year, demand λ units a year with standard deviation τ, lead
time L years; `mean` and `sd` of lead-time demand are λL and τ√L.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import special
from scipy.optimize import brentq

from optimization.demand import distributions
from optimization.policy.newsvendor import newsvendor_normal, normal_cost, whole_cost
from optimization.policy.safety_stock import standard_normal_loss

Numbers = npt.NDArray[np.float64]


def second_normal_loss(z: float) -> float:
    """E[(Z − z)⁺]²/2 = [(z² + 1)(1 − Φ(z)) − z·φ(z)]/2, for the standard normal.

    >>> round(second_normal_loss(0.0), 4)
    0.25
    """
    density = float(np.exp(-z * z / 2.0) / np.sqrt(2.0 * np.pi))
    return 0.5 * ((z * z + 1.0) * float(special.ndtr(-z)) - z * density)


def lots_cost_normal(
    point: float,
    quantity: float,
    holding_cost: float,
    stockout_cost: float,
    fixed_cost: float,
    rate: float,
    mean: float,
    sd: float,
) -> float:
    """g(r, Q) = [Kλ + ∫_r^{r+Q} G(y) dy]/Q with G the newsvendor cost; money per year.

    Source: Zheng (1992); Snyder & Shen (5.16).

    >>> round(lots_cost_normal(126.8, 328.5, 0.225, 7.5, 8, 1300, 1300 / 12, 150 / 12**0.5), 5)
    78.07116
    """

    def antiderivative(y: float) -> float:
        z = (y - mean) / sd
        return holding_cost * (y - mean) ** 2 / 2.0 - (
            holding_cost + stockout_cost
        ) * sd**2 * second_normal_loss(z)

    area = antiderivative(point + quantity) - antiderivative(point)
    return (fixed_cost * rate + area) / quantity


def best_lots_normal(
    holding_cost: float, stockout_cost: float, fixed_cost: float, rate: float, mean: float, sd: float
) -> tuple[float, float, float]:
    """Optimal r, Q and cost per year, demand normal: G(r) = G(r + Q) = g(r, Q).

    The cost c is the height at which ∫ (c − G)⁺ = Kλ: one root. Source: Zheng (1992), theorem 1.

    >>> r, q, cost = best_lots_normal(0.225, 7.5, 8, 1300, 1300 / 12, 150 / 12**0.5)
    >>> round(r, 2), round(q, 2), round(cost, 4)
    (126.87, 328.45, 78.0711)
    """
    best, least = newsvendor_normal(holding_cost, stockout_cost, mean, sd)

    def ends(height: float) -> tuple[float, float]:
        def over(y: float) -> float:
            return normal_cost(y, holding_cost, stockout_cost, mean, sd) - height

        reach = height / min(holding_cost, stockout_cost) + 10.0 * sd
        low = float(brentq(over, mean - reach, best, xtol=1e-10))
        return low, float(brentq(over, best, mean + reach, xtol=1e-10))

    def area(height: float) -> float:
        low, high = ends(height)
        width = high - low
        inside = lots_cost_normal(low, width, holding_cost, stockout_cost, 0.0, rate, mean, sd) * width
        return height * width - inside - fixed_cost * rate

    low, high = least * (1 + 1e-9) + 1e-12, least + 1.0
    while area(high) < 0:
        high = least + 2.0 * (high - least)
    cost = float(brentq(area, low, high, xtol=1e-12, rtol=1e-14))
    r, top = ends(cost)
    return r, top - r, cost


def lots_cost_whole(
    point: int,
    quantity: int,
    holding_cost: float,
    stockout_cost: float,
    fixed_cost: float,
    rate: float,
    mean: float,
    variance: float,
) -> float:
    """g(r, Q) = [Kλ + Σ_{y=r+1}^{r+Q} G(y)]/Q for unit demands; money per year.

    >>> round(lots_cost_whole(3, 5, 20, 150, 100, 1.5, 3.0, 3.0), 6)
    107.923581
    """
    y = np.arange(point + 1.0, point + quantity + 1.0)
    moments = np.full(len(y), float(mean)), np.full(len(y), float(variance))
    return float((fixed_cost * rate + whole_cost(y, holding_cost, stockout_cost, *moments).sum()) / quantity)


def best_lots_whole(
    holding_cost: float, stockout_cost: float, fixed_cost: float, rate: float, mean: float, variance: float
) -> tuple[int, int, float]:
    """Optimal whole r, Q and cost per year for Poisson (or negative binomial) lead-time demand.

    Positions are taken in order of G, always next to those already taken, until the next one costs
    more than the average so far. Source: Federgruen & Zheng (1992).

    >>> r, q, cost = best_lots_whole(20, 150, 100, 1.5, 3.0, 3.0)
    >>> r, q, round(cost, 6)
    (3, 5, 107.923581)
    """
    one = np.array([float(mean)]), np.array([float(variance)])

    def single(y: int) -> float:
        return float(whole_cost(np.array([float(y)]), holding_cost, stockout_cost, *one)[0])

    ratio = np.array([stockout_cost / (stockout_cost + holding_cost)])
    top = int(distributions.quantiles(*one, ratio)[0, 0])
    low, total = top - 1, fixed_cost * rate + single(top)
    while True:
        below, above = single(low), single(top + 1)
        if min(below, above) >= total / (top - low):
            return low, top - low, total / (top - low)
        if below < above:
            total, low = total + below, low - 1
        else:
            total, top = total + above, top + 1


def expected_inventory_approximation(
    holding_cost: float, stockout_cost: float, fixed_cost: float, rate: float, mean: float, sd: float
) -> tuple[float, float, float]:
    """r, Q and cost when expected stock is taken as r − λL + Q/2 and p is paid once per unit short.

    Q = √(2λ(K + p·n(r))/h), P(D > r) = Qh/(pλ), iterated from the EOQ;
    cost = h(r − λL + Q/2) + Kλ/Q + pλ·n(r)/Q. Raises `ValueError` when Qh > pλ, where a stock-out is
    cheaper than any stock. Source: Hadley & Whitin (1963); Snyder & Shen 5.3.

    >>> r, q, cost = expected_inventory_approximation(0.225, 7.5, 8, 1300, 1300 / 12, 150 / 12**0.5)
    >>> round(r, 3), round(q, 3), round(cost, 3)
    (213.97, 318.59, 95.451)
    """
    quantity, point = (2.0 * fixed_cost * rate / holding_cost) ** 0.5, 0.0
    for _ in range(1000):
        beyond = quantity * holding_cost / (stockout_cost * rate)
        if beyond >= 1.0:
            raise ValueError("a unit short costs less than holding one: no reorder point is best")
        z = float(-special.ndtri(beyond))
        short = sd * standard_normal_loss(z)
        before, quantity = quantity, (2.0 * rate * (fixed_cost + stockout_cost * short) / holding_cost) ** 0.5
        moved, point = abs(mean + z * sd - point), mean + z * sd
        if abs(quantity - before) < 1e-12 * quantity and moved < 1e-12 * max(abs(point), 1.0):
            break
    cost = (
        holding_cost * (point - mean + quantity / 2.0)
        + fixed_cost * rate / quantity
        + stockout_cost * rate * short / quantity
    )
    return point, quantity, cost


def eoq_with_backorders_approximation(
    holding_cost: float, stockout_cost: float, fixed_cost: float, rate: float, mean: float, sd: float
) -> tuple[float, float]:
    """Q of the deterministic model with backorders, then r with G(r) = G(r + Q), the best r for that Q.

    Source: Zheng (1992); Snyder & Shen 5.4.2.

    >>> r, q = eoq_with_backorders_approximation(0.225, 7.5, 8, 1300, 1300 / 12, 150 / 12**0.5)
    >>> round(r, 3), round(q, 3)
    (128.638, 308.574)
    """
    both = holding_cost + stockout_cost
    quantity = (2.0 * fixed_cost * rate * both / (holding_cost * stockout_cost)) ** 0.5

    def uneven(r: float) -> float:
        return normal_cost(r, holding_cost, stockout_cost, mean, sd) - normal_cost(
            r + quantity, holding_cost, stockout_cost, mean, sd
        )

    best = newsvendor_normal(holding_cost, stockout_cost, mean, sd)[0]
    return float(brentq(uneven, best - quantity, best, xtol=1e-10)), quantity


def loss_function_approximation(
    holding_cost: float, stockout_cost: float, fixed_cost: float, rate: float, mean: float, sd: float
) -> tuple[float, float]:
    """r, Q with Q² = 2[Kλ + (h + p)·n₂(r)]/h and n(r) = hQ/(h + p), iterated from the EOQ.

    Neglects n at r + Q. Source: Hadley & Whitin (1963); Snyder & Shen (5.28)-(5.29).

    >>> r, q = loss_function_approximation(0.225, 7.5, 8, 1300, 1300 / 12, 150 / 12**0.5)
    >>> round(r, 3), round(q, 3)
    (126.867, 328.449)
    """
    both = holding_cost + stockout_cost
    quantity = (2.0 * fixed_cost * rate / holding_cost) ** 0.5
    while True:
        allowed = holding_cost * quantity / both / sd
        z = float(brentq(lambda x, least=allowed: standard_normal_loss(x) - least, -allowed - 10.0, 12.0))
        before = quantity
        tail = sd**2 * second_normal_loss(z)
        quantity = (2.0 * (fixed_cost * rate + both * tail) / holding_cost) ** 0.5
        if abs(quantity - before) < 1e-10 * quantity:
            return mean + z * sd, quantity
