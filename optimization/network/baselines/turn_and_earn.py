"""Turn-and-earn: what may be shared out goes by sales, whatever a location has already."""

from __future__ import annotations

import numpy as np

from optimization.network.baselines.admission import Wishes
from optimization.network.baselines.needs import ranked_moves, whole_shares
from optimization.network.problem import Numbers, Problem


def turn_and_earn(problem: Problem, daily_rate: Numbers) -> Wishes:
    """Each location earns the item's spare stock in proportion to its sales, by largest remainder.

    Who holds more spare stock than it earns gives the rest; who earns most is served first.
    """
    places, moves = problem.places, problem.moves
    count = problem.item_count
    pool = np.bincount(places.item, weights=places.spare, minlength=count)
    sales = np.bincount(places.item, weights=daily_rate, minlength=count)
    share = np.divide(daily_rate, sales[places.item], out=np.zeros(len(places)), where=daily_rate > 0)
    earned = whole_shares(share * np.where(sales > 0, pool, 0.0)[places.item], places.item)
    # An item that nobody sells stays where it is.
    earned = np.where(sales[places.item] > 0, earned, places.spare)
    give, take = np.maximum(places.spare - earned, 0.0), np.maximum(earned - places.spare, 0.0)
    return Wishes(give, take, ranked_moves(problem, -take[moves.target]))
