"""Segments inside the network problem: whom the units of a place serve, and what that is worth.

A segment with a guarantee or with a cap that binds has a curve of its own; the others share one
curve in which the dearer is served first, so that their demand stays pooled. Who gets which unit in
the end is allocation's business.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from scipy import special

from optimization.contracts.inputs import SEGMENT, SEGMENT_DEMAND
from optimization.demand import distributions
from optimization.demand.segments import PRIOR_UNITS, segment_shares, segment_units
from optimization.keys import sorted_by_key
from optimization.network.problem import NORMAL, Curves, Numbers, Places, Problem
from optimization.network.stating.segment_curves import SegmentTerms, segment_curves, splittable
from optimization.parameters import NetworkParameters
from optimization.screening import screened

# Demand without a segment: it is served from the rest, and owns nothing.
POOL = "POOL"
_HIGHEST_TARGET = 0.9999
# A shortage less likely than this is no reason to prefer anybody.
_TAIL = 1e-9


def with_segments(
    problem: Problem,
    item_location: pd.DataFrame,
    segment: pd.DataFrame,
    segment_demand: pd.DataFrame,
    parameters: NetworkParameters | None = None,
) -> Problem:
    """State the demand of every place by segment, in a problem of one normal or whole curve per place.

    `item_location` has the rows of the places, `segment` and `segment_demand` are `opt_in__segment`
    and `opt_in__segment_demand`. Over the network's expected demand a unit short costs on average what
    the places say, so that segments change who is served and not how much stock pays. What gives way
    (levels, rows) is priced up with the dearest, so that everything still gives way in the same order.
    Where all are worth the same and none has a guarantee or a cap that binds, the problem stays as
    it is. Moves are judged useless only after this. Raises `ContractError` for a frame not of its
    table.
    """
    parameters = parameters or NetworkParameters()
    segment, bad = screened(sorted_by_key(segment, ("segment_id",)), SEGMENT)
    segment = segment[~bad & (segment["segment_id"] != POOL).to_numpy()].reset_index(drop=True)
    segment_demand, bad_demand = screened(segment_demand, SEGMENT_DEMAND)
    if not len(segment) or not len(problem.places):
        return problem
    worth = relative_worth(segment, parameters.tier_shortage_ratio)
    # Equal worth in the order of the ids, so that the order of the rows decides nothing.
    order = np.argsort(-worth, kind="stable")
    segment, worth = segment.iloc[order], worth[order]
    names = segment["segment_id"].to_numpy(dtype=object).astype(str)
    demand = segment_demand[~bad_demand]
    recent, waiting = (
        segment_units(demand, item_location, names, column) for column in ("demand_units", "open_order_units")
    )
    category = pd.factorize(item_location["category"], sort=True)[0].astype(np.int64)
    share = segment_shares(recent, problem.places.item, category, PRIOR_UNITS)
    worth = worth / _average(worth, share, problem)
    fence, cap = (segment[column].to_numpy(np.float64) for column in ("ring_fence_share", "cap_share"))
    guaranteed, most = _limits(problem, worth, share, waiting, fence, cap)
    terms = SegmentTerms(worth, share, guaranteed, most)
    places = replace(
        problem.places,
        level_price=problem.places.level_price * worth[0],
        near_shortage_cost=problem.places.near_shortage_cost * _near_worth(problem.places, terms),
    )
    return replace(
        problem,
        places=places,
        curves=segment_curves(problem, terms, parameters.ring_fence_price_factor).curves,
        rows=replace(problem.rows, slack_price=problem.rows.slack_price * worth[0]),
    )


def relative_worth(segment: pd.DataFrame, tier_shortage_ratio: float) -> Numbers:
    """What a unit short costs per row of `opt_in__segment`, as a multiple of the least segment's.

    Where every segment has a service target α, as α/(1 − α): the ratio of shortage to holding cost
    that makes α the best choice. Else a tier is worth `tier_shortage_ratio` times the tier below.
    Nobody is worth less than a segment of a later tier.

    >>> two = pd.DataFrame({"priority_tier": [2, 1], "service_target": [0.9, np.nan]})
    >>> relative_worth(two, 1.5).tolist()
    [1.0, 1.5]
    >>> relative_worth(two.assign(service_target=[0.75, 0.9]), 1.5).round(9).tolist()
    [1.0, 3.0]
    """
    tier = segment["priority_tier"].to_numpy(np.int64)
    target = np.clip(segment["service_target"].to_numpy(np.float64), 1e-4, _HIGHEST_TARGET)
    if np.isnan(target).any():
        below = len(np.unique(tier)) - 1 - np.unique(tier, return_inverse=True)[1]
        return np.asarray(tier_shortage_ratio ** below.astype(np.float64))
    odds = target / (1.0 - target)
    at_least = np.array([odds[tier > own].max(initial=0.0) for own in tier])
    odds = np.maximum(odds, at_least)
    return np.asarray(odds / odds.min())


def _average(worth: Numbers, share: Numbers, problem: Problem) -> float:
    """Mean worth of a unit of expected demand; 1 where no demand is expected."""
    expected = np.bincount(problem.curves.place, weights=problem.curves.mean, minlength=len(share))
    by_segment = expected @ share
    total = float(by_segment.sum())
    return float(worth @ by_segment) / total if total > 0 else 1.0


def _near_worth(places: Places, terms: SegmentTerms) -> Numbers:
    """What the next unit is worth that arrives before an order could, per place (n), as a multiple.

    With D_k the demand of the k dearest over the lead time, w_k their worth and x what is there:
    Σ_k (w_k − w_{k+1})·P(D_k > x) / P(D > x). The curve itself stays one of all segments.
    """
    rows = np.flatnonzero(places.near_shortage_cost > 0)
    upto = np.cumsum(terms.share[rows], axis=1)
    steps = terms.worth - np.append(terms.worth[1:], 0.0)
    short = np.empty(upto.shape)
    for column in range(len(steps)):
        moments = (places.near_mean[rows] * upto[:, column], places.near_variance[rows] * upto[:, column])
        short[:, column] = 1.0 - distributions.cdf(places.near_position[rows], *moments)
    result = np.ones(len(places))
    all_short = short[:, -1]
    worth = np.divide(short @ steps, all_short, out=np.ones(len(rows)), where=all_short > _TAIL)
    result[rows] = np.clip(worth, terms.worth[-1], terms.worth[0])
    return result


def _limits(
    problem: Problem, worth: Numbers, share: Numbers, waiting: Numbers, fence: Numbers, cap: Numbers
) -> tuple[Numbers, Numbers]:
    """Guarantees and caps in units, (n, k); only of places that are whole, now and after an order.

    A guarantee is its share of what stands there, and no more than the segment's orders that wait
    and half of its demand's distribution. A cap is a share of the larger of what stands there and
    what should: the policy's level, else the best stock. It binds where the segment's own best
    stock lies above it.
    """
    places, curves = problem.places, problem.curves
    guaranteed, most = np.zeros(share.shape), np.full(share.shape, np.inf)
    row = curves.place[splittable(problem)]
    for units in (places.position, places.lot, places.order_limit):
        row = row[units[row] == np.round(units[row])]
    of = np.searchsorted(curves.place, row)
    supply = np.maximum(places.position[row], 0.0)
    wanted = np.floor(supply[:, None] * fence + 1e-9)
    at, segment = np.nonzero(wanted >= 1.0)
    if len(at):
        median = _quantile(curves.take(of[at]), share[row[at], segment], np.full(len(at), 0.5))
        wanted[at, segment] = np.minimum(
            wanted[at, segment], np.ceil(waiting[row[at], segment] + median - 1e-9)
        )
        total = wanted.sum(axis=1, keepdims=True)
        # As allocation does: what exceeds the supply is scaled down alike, in whole units.
        wanted = np.floor(wanted * np.minimum(1.0, supply[:, None] / np.maximum(total, 1.0)) + 1e-9)
        guaranteed[row] = wanted

    capped = np.flatnonzero(cap < 1.0)
    if len(capped) and len(row):
        holding, short = curves.holding_cost[of], curves.shortage_cost[of]
        level = places.level[row]
        best = _quantile(curves.take(of), np.ones(len(of)), _critical(holding, short))
        basis = np.maximum(supply, np.ceil(np.where(np.isfinite(level), level, best)))
        for column in capped.tolist():
            units = np.maximum(np.ceil(cap[column] * basis - 1e-9), guaranteed[row, column])
            own = _quantile(curves.take(of), share[row, column], _critical(holding, short * worth[column]))
            most[row, column] = np.where(units < own, units, np.inf)
    return guaranteed, most


def _critical(holding: Numbers, shortage: Numbers) -> Numbers:
    return np.divide(shortage, holding + shortage, out=np.zeros_like(shortage), where=shortage > 0)


def _quantile(curves: Curves, share: Numbers, level: Numbers) -> Numbers:
    """Quantile of a share of each curve's demand (c), units."""
    mean, variance = curves.mean * share, curves.variance * share
    level = np.minimum(level, 1.0 - 1e-9)
    result = mean + np.sqrt(variance) * special.ndtri(np.maximum(level, 1e-9))
    count = np.flatnonzero(curves.kind != NORMAL)
    if len(count):
        found = distributions.quantiles(mean[count], variance[count], level[count, None])
        result[count] = found.ravel()
    return np.asarray(np.maximum(result, 0.0))
