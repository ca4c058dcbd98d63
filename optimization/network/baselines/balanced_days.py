"""Balanced days' supply: every unit goes to the location whose stock lasts for the fewest days.

In closed form: per item the number of days to which all are levelled, as far as donors may give.
"""

from __future__ import annotations

import numpy as np

from optimization.network.baselines.admission import Wishes
from optimization.network.baselines.needs import days_of_supply, ranked_moves
from optimization.network.problem import Integers, Numbers, Problem

_BISECTIONS = 50


def balanced_days(problem: Problem, daily_rate: Numbers) -> Wishes:
    """Donors above the common days of supply give, those below take; the emptiest is served first."""
    places, moves = problem.places, problem.moves
    days = _common_days(places.item, places.position, places.spare, daily_rate)[places.item]
    cover = days_of_supply(problem, daily_rate)
    give = np.clip(places.position - daily_rate * days, 0.0, places.spare)
    take = np.where(daily_rate > 0, np.maximum(daily_rate * days - places.position, 0.0), 0.0)
    ranked = ranked_moves(problem, cover[moves.target], -cover[moves.source])
    return Wishes(np.floor(give + 1e-9), np.floor(take + 0.5), ranked)


def _common_days(item: Integers, position: Numbers, spare: Numbers, rate: Numbers) -> Numbers:
    """Days T per item at which Σ min(spare, (y − rate·T)+) = Σ (rate·T − y)+, by bisection.

    >>> stock = np.array([30.0, 0.0])
    >>> _common_days(np.array([0, 0]), stock, spare=stock, rate=np.ones(2)).round(6).tolist()
    [15.0]
    """
    count = int(item[-1]) + 1 if len(item) else 0
    cover = np.divide(position, rate, out=np.zeros(len(rate)), where=rate > 0)
    low, high = np.full(count, np.inf), np.full(count, -np.inf)
    np.minimum.at(low, item[rate > 0], cover[rate > 0])
    np.maximum.at(high, item[rate > 0], cover[rate > 0])
    # Who sells nothing can still give: there may be more to share than any cover shows.
    selling = np.bincount(item, weights=rate, minlength=count)
    idle = np.bincount(item, weights=np.where(rate > 0, 0.0, spare), minlength=count)
    known = np.isfinite(low)
    low, high = np.where(known, low, 0.0), np.where(known, high, 0.0)
    high += np.divide(idle, selling, out=np.zeros(count), where=selling > 0)
    for _ in range(_BISECTIONS):
        days = (low + high) / 2.0
        asked = rate * days[item] - position
        excess = np.where(rate > 0, np.maximum(asked, 0.0), 0.0) - np.clip(-asked, 0.0, spare)
        too_many = np.bincount(item, weights=excess, minlength=count) > 0
        low, high = np.where(too_many, low, days), np.where(too_many, days, high)
    return np.asarray((low + high) / 2.0)
