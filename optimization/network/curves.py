"""Expected cost of a position: convex, with kinks only at whole units.

G(y) = h·E(y − D)+ + b·E(D − y)+ over the protection interval, and where the policy triggers
b·E(D_L − x)+ over the lead time beside it, for what arrives by transfer only. Demand is whole, so
integer knots are exact; a long range is cut to fewer knots and the error is bounded.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from optimization.demand.distributions import cdf, expected_shortage
from optimization.network.items import Places

Numbers = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


def expected_cost(places: Places, position: Numbers) -> Numbers:
    """G(y) = h·(y − μ) + (h + b)·n(y), money over the protection interval.

    It is what is held and what is short; the sum is never negative.
    """
    short = expected_shortage(position, places.mean, places.variance)
    held = np.maximum(position - places.mean + short, 0.0)
    return places.holding_cost * held + places.shortage_cost * short


def near_cost(places: Places, position: Numbers) -> Numbers:
    """b·n_L(x): shortage before an order placed now can arrive, where the policy triggers."""
    short = expected_shortage(position, places.near_mean, places.near_variance)
    return np.where(places.need > 0, places.shortage_cost * short, 0.0)


def unit_gain(places: Places, before: Numbers | float = 0.0) -> Numbers:
    """Cost avoided by one more unit by transfer after `before` others; later units win less.

    Where the policy orders anyway the unit replaces an ordered one, so only the lead time counts.
    """
    here = np.floor(places.position + before)
    later = (places.holding_cost + places.shortage_cost) * (
        1.0 - cdf(here, places.mean, places.variance)
    ) - places.holding_cost
    sooner = places.shortage_cost * (1.0 - cdf(here, places.near_mean, places.near_variance))
    return np.where(places.need > 0, sooner, later)


def unit_loss(places: Places, before: Numbers | float = 0.0) -> Numbers:
    """Cost of giving one more unit after `before` others, below 0 for stock that is only held."""
    # Between whole units the lesser of the two slopes, so that it bounds every unit from below.
    below = np.ceil(places.position - before) - 1.0
    return places.shortage_cost - (places.holding_cost + places.shortage_cost) * cdf(
        below, places.mean, places.variance
    )


@dataclass(frozen=True)
class Segments:
    """A convex curve per place in pieces: the piece's place, width in units and slope in money/unit.

    `base_cost` is the curve at its lowest change of the position; `secant_error` bounds by how much
    the pieces lie above the curve.
    """

    place: Integers
    width: Numbers
    slope: Numbers
    base_cost: Numbers
    secant_error: Numbers


def segments(
    places: Places, lowest: Numbers, highest: Numbers, max_knots: int, near: bool = False
) -> Segments:
    """Cut the cost between two changes of the position, `lowest` ≤ `highest`, whole units.

    Every integer is a knot while they are no more than `max_knots`.
    """
    span = (highest - lowest).astype(np.int64)
    count = np.minimum(span + 1, max_knots)
    place = np.repeat(np.arange(len(places)), count)
    first = np.cumsum(count) - count
    step = np.arange(len(place)) - first[place]
    knot = lowest[place] + np.floor(step * span[place] / np.maximum(count[place] - 1, 1) + 0.5)
    curve = near_cost if near else expected_cost
    at = places.take(place)
    cost = curve(at, at.position + knot)
    inner = place[1:] == place[:-1]
    width, rise = np.diff(knot)[inner], np.diff(cost)[inner]
    owner, slope = place[1:][inner], rise / np.maximum(width, 1.0)

    # Where a piece spans more than one unit, the curve lies below it: enclosed by its own first and
    # last unit, it is at most (s − g)(g' − s)/(g' − g)·width away.
    error = np.zeros(len(places))
    wide = np.flatnonzero(width > 1.0)
    if len(wide):
        start, end = np.flatnonzero(inner)[wide], np.flatnonzero(inner)[wide] + 1
        of = places.take(owner[wide])
        first_unit = curve(of, of.position + knot[start] + 1.0) - cost[start]
        last_unit = cost[end] - curve(of, of.position + knot[end] - 1.0)
        before, after = np.maximum(slope[wide] - first_unit, 0.0), np.maximum(last_unit - slope[wide], 0.0)
        gap = before * after / np.maximum(before + after, 1e-300) * width[wide]
        np.maximum.at(error, owner[wide], gap)
    return Segments(place=owner, width=width, slope=slope, base_cost=cost[first], secant_error=error)
