"""From a service target to a reorder point, and from a policy to the service it is expected to give.

The measure is named by `service_metric` (cycle, fill, ready) and read under the item-location's own
stock-out behaviour: where sales are lost, what was lost is not on order. Mixed behaviour is planned as
backorders, which never needs less stock.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from optimization.demand import distributions
from optimization.policy.expected_stock import expected_stock
from optimization.policy.fill_rate import fill_rate
from optimization.policy.lost_sales import fill_rate_when_lost
from optimization.policy.position_losses import ReviewedDemand
from optimization.policy.ready_rate import ready_rate
from optimization.policy.reorder_point import (
    HIGHEST_TARGET,
    reorder_point_for_cycle,
    reorder_point_for_fill,
    reorder_point_for_ready,
)

Numbers = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Texts = npt.NDArray[np.object_]


@dataclass(frozen=True)
class Target:
    """Service targets with their measure and the stock-out behaviour, per item-location."""

    service: Numbers
    metric: Texts
    is_lost: Flags

    def method(self) -> Texts:
        """Name of the rule that serves each target."""
        names = {"cycle": "cycle_quantile", "fill": "fill_of_positions", "ready": "ready_of_positions"}
        found = np.empty(len(self.service), dtype=object)
        for metric, name in names.items():
            rows = self.metric == metric
            found[rows] = name
            if metric != "cycle":
                found[rows & self.is_lost] = f"{name}_lost"
        return found


@dataclass(frozen=True)
class Expected:
    """What a policy is expected to do: unit fill, ready rate, cycle service, and units on hand."""

    fill: Numbers
    ready: Numbers
    cycle: Numbers
    stock: Numbers


def reorder_points(target: Target, quantity: Numbers, demand: ReviewedDemand) -> Numbers:
    """Lowest whole s that meets each target at its order quantity, units; -1: ordered when requested.

    A large order quantity could meet a fill or ready target with an order placed only after the first
    customer waits; s is then 0, because without stock the quantity would never come. Cycle service is that
    of an interval without a stock-out and does not hang on what happens after one: where so few ask that no
    stock at all meets it, s is -1, as it is where nobody asks. Fill and ready rate of lost sales are met on
    demand thinned by the target itself.

    >>> demand = ReviewedDemand.of(np.full(3, 30.0), np.full(3, 45.0), np.full(3, 0.9))
    >>> target = Target(np.full(3, 0.95), np.array(["cycle", "fill", "fill"], dtype=object),
    ...     np.array([False, False, True]))
    >>> reorder_points(target, np.ones(3), demand).tolist()
    [41.0, 40.0, 39.0]
    >>> few = ReviewedDemand.of(np.array([2.7, 0.0]), np.array([3.0, 0.0]), np.full(2, 0.9))
    >>> reorder_points(Target(np.full(2, 0.95), np.full(2, "fill", object), np.zeros(2, bool)),
    ...     np.full(2, 60.0), few).tolist()
    [0.0, -1.0]
    >>> rare = ReviewedDemand.of(np.full(2, 0.01), np.full(2, 0.01), np.full(2, 0.9))
    >>> reorder_points(Target(np.full(2, 0.95), np.array(["cycle", "ready"], object), np.zeros(2, bool)),
    ...     np.ones(2), rare).tolist()
    [-1.0, 0.0]
    """
    service = np.minimum(target.service, HIGHEST_TARGET)
    point = np.full(len(service), -1.0)
    asked = demand.mean > 0
    thinned = demand.thinned(np.where(target.is_lost, service, 1.0))
    for metric, rule in (("fill", reorder_point_for_fill), ("ready", reorder_point_for_ready)):
        rows = np.flatnonzero(asked & (target.metric == metric))
        if len(rows):
            found = rule(service[rows], whole(quantity[rows]), thinned[rows])
            point[rows] = np.maximum(found, 0.0)
    rows = np.flatnonzero(asked & (target.metric == "cycle"))
    if len(rows):
        point[rows] = reorder_point_for_cycle(service[rows], demand.mean[rows], demand.variance[rows])
    return point


def expected_service(point: Numbers, level: Numbers, demand: ReviewedDemand, is_lost: Flags) -> Expected:
    """Service and stock of any (s, S): after a review the position lies evenly on s + 1 … S.

    Without demand every service is 1. With S = 0 nothing is served from stock, and the cycle service is
    the chance that nobody asks.

    >>> demand = ReviewedDemand.of(np.full(2, 6.0), np.full(2, 6.0), np.full(2, 2 / 3))
    >>> found = expected_service(np.full(2, 8.0), np.full(2, 9.0), demand, np.array([False, True]))
    >>> found.fill.round(2).tolist(), found.stock.round(1).tolist()
    ([0.93, 0.94], [4.1, 4.3])
    """
    lowest = np.minimum(np.floor(point), level - 1.0)
    width = whole(level - lowest)
    served = np.ones(len(point))
    lost = np.flatnonzero(is_lost & (demand.mean > 0) & (level > 0))
    if len(lost):
        served[lost] = fill_rate_when_lost(lowest[lost], width[lost], demand[lost])
    seen = demand.thinned(served)
    fill = fill_rate(lowest, width, seen)
    ready = ready_rate(lowest, width, seen)
    cycle = np.clip(distributions.cdf(lowest + 1.0, demand.mean, demand.variance), 0.0, 1.0)
    stock = expected_stock(lowest, width, seen)
    nothing, unasked = level <= 0, demand.mean <= 0
    fill, ready = (np.where(unasked, 1.0, np.where(nothing, 0.0, value)) for value in (fill, ready))
    cycle = np.where(unasked, 1.0, cycle)
    return Expected(fill, ready, cycle, np.where(nothing, 0.0, np.where(unasked, level, stock)))


def whole(quantity: Numbers) -> Numbers:
    """Units of an order as the service rules count them: whole, at least 1.

    >>> whole(np.array([0.0, 2.4])).tolist()
    [1.0, 2.0]
    """
    return np.maximum(np.round(quantity), 1.0)
