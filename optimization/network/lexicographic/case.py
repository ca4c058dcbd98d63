"""A joint problem of transfers and segments in arrays, a plan of it, and what no plan may break."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Case:
    """n item-locations, k segments, m item-lanes; all in key order, units in pieces.

    item, location (n): numbers from 0. on_hand, inbound (n): inbound counts for segments but cannot
    leave again. demand, reserved, previous (n, k): units wanted within the cover window; promised, part
    of the demand; yesterday's share. tier, weight, borrow_ratio (k): 1 is served first; fair fill is
    proportional to the weight; most of the pool's share that the segment may borrow. fence, cap
    (items, k): least and most units that the segment owns over all locations. safety_stock (n): units
    that the common pool keeps. holding_cost, shortfall_cost (n): money per unit that stands there,
    ageing with it, and per unit of safety stock missing. value, size, lot (items): what a unit
    short weighs, m³ per unit, units per lot. source, target, lane (m), unit_cost (m): a lane that
    arrives after the window is none. lane_fixed_cost, lane_capacity, lane_minimum (lanes): money, m³ and
    units of a lane that is used. space (locations): m³. is_whole: units cannot be split.
    """

    item: Integers
    location: Integers
    on_hand: Numbers
    inbound: Numbers
    demand: Numbers
    reserved: Numbers
    previous: Numbers
    tier: Integers
    weight: Numbers
    borrow_ratio: Numbers
    fence: Numbers
    cap: Numbers
    safety_stock: Numbers
    holding_cost: Numbers
    shortfall_cost: Numbers
    value: Numbers
    size: Numbers
    lot: Numbers
    source: Integers
    target: Integers
    lane: Integers
    unit_cost: Numbers
    lane_fixed_cost: Numbers
    lane_capacity: Numbers
    lane_minimum: Numbers
    space: Numbers
    is_whole: bool

    @property
    def spare(self) -> Numbers:
        """Units that may leave (n): on hand and not promised."""
        return np.asarray(np.maximum(self.on_hand - self.reserved.sum(axis=1), 0.0))


@dataclass(frozen=True)
class Shares:
    """A plan: lots moved (m), units that segments own and borrow (n, k); the rest is the pool's."""

    lots: Numbers
    own: Numbers
    borrowed: Numbers


def moved(case: Case, shares: Shares) -> Numbers:
    """Units on every item-lane (m)."""
    return np.asarray(shares.lots * case.lot[case.item[case.source]])


def stock_after(case: Case, shares: Shares) -> Numbers:
    """Units of every item-location after the transfers (n)."""
    units, n = moved(case, shares), len(case.item)
    arrived = np.bincount(case.target, weights=units, minlength=n)
    left = np.bincount(case.source, weights=units, minlength=n)
    return np.asarray(case.on_hand + case.inbound + arrived - left)


def pool(case: Case, shares: Shares) -> Numbers:
    """What no segment owns (n), units."""
    return np.asarray(stock_after(case, shares) - shares.own.sum(axis=1))


def breach(case: Case, shares: Shares) -> float:
    """Worst breach, in units or m³, of what no goal may buy.

    Stock, spare units, caps, what the pool lends, what a lane carries, wholeness.
    """
    units, common = moved(case, shares), pool(case, shares)
    left = np.bincount(case.source, weights=units, minlength=len(case.item))
    owned = np.zeros(case.cap.shape)
    np.add.at(owned, case.item, shares.own)
    load = np.bincount(
        case.lane, weights=units * case.size[case.item[case.source]], minlength=len(case.lane_capacity)
    )
    sent = np.bincount(case.lane, weights=units, minlength=len(case.lane_capacity))
    parts = [-shares.lots, -shares.own, -shares.borrowed, -common]
    parts += [
        left - case.spare,
        np.where(np.isfinite(case.cap), owned - case.cap, 0.0),
        shares.borrowed.sum(axis=1) - np.maximum(common, 0.0),
        shares.borrowed - case.borrow_ratio * np.maximum(common, 0.0)[:, None],
        np.where(np.isfinite(case.lane_capacity), load - case.lane_capacity, 0.0),
        np.where(sent > 0, case.lane_minimum - sent, 0.0),
        np.abs(shares.lots - np.round(shares.lots)),
    ]
    if case.is_whole:
        parts += [np.abs(units - np.round(units)) for units in (shares.own, shares.borrowed)]
    return max(float(np.max(part, initial=0.0)) for part in parts)
