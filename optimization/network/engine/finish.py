"""From a plan that almost fits the rows to one that does, in whole units: shave, fill, loosen and again."""

from __future__ import annotations

import numpy as np

from optimization.network.engine.arrays import Net, RowPrices, State, Work, row_prices
from optimization.network.engine.bound import MOST_WALKS
from optimization.network.engine.item_solver import GROWING, LIMITED
from optimization.network.engine.marginals import PlaceCurves
from optimization.network.engine.sweeps import NO_VALUES, count_use, items_on_rows, sweep
from optimization.network.problem import Flags, Numbers, Problem

# The first rise of the price of a row that is over, of its scale; every further sweep raises it so often.
# Slowly at first, so that who gives way is whoever loses least by it.
_FIRST_RISE, _RISE_GROWTH, _LATE_GROWTH = 0.05, 1.4, 2.0
# It is reached at a unit over; what is aimed at lies so many units below the capacity, so that what others
# push over in the same sweep is still within it. A row that is over doubles its margin.
_FIRST_MARGIN, _MOST_MARGIN = 0.5, 4.0
# So many sweeps without hard rows; afterwards every third one is without.
_SOFT_SWEEPS, _SOFT_EVERY = 15, 3
# Capacity left over that is worth less than this share of the plan's cost is not filled any more.
_WORTH_FILLING = 2e-5


def overfull(problem: Problem, state: State) -> Flags:
    """Rows (j) above their capacity by more than the rounding of sums."""
    capacity = problem.rows.capacity
    return np.asarray(state.use > capacity + 1e-9 * np.maximum(np.abs(capacity), 1.0))


def shave(
    problem: Problem,
    net: Net,
    curves: PlaceCurves,
    state: State,
    work: Work,
    price: Numbers,
    scale: Numbers,
    amount: Numbers,
    rng: np.random.Generator,
    sweeps: int,
) -> None:
    """Sweep the items on overfull rows until none is, or until all that is over pays for its slack.

    Beyond its capacity every row is dearer than its price, from sweep to sweep by more, up to the price
    of slack; within it the price holds, so nobody gives way for nothing. At first no row is hard: where
    one must pass its room on to the next, hard rows lock each other, and where few items share a row
    the wrong ones give way. Later rows that are not over stay so, or rows would push each other over
    without end.
    """
    rise, margin = np.full(len(price), _FIRST_RISE), _FIRST_MARGIN * amount
    for number in range(sweeps):
        count_use(net, state, problem.rows.base_use)
        over = overfull(problem, state)
        if not over.any():
            return
        is_hard = ~over & (number >= _SOFT_SWEEPS and number % _SOFT_EVERY != 0)
        top = np.minimum(price + rise * scale, problem.rows.slack_price)
        prices = RowPrices(
            price=price,
            growth=rise * scale / np.maximum(amount, 1e-12) + 1e-12,
            capacity=problem.rows.capacity - np.where(is_hard, 0.0, margin),
            slack_price=top,
            is_hard=is_hard,
            now=np.zeros(len(price)),
        )
        items = rng.permutation(np.flatnonzero(items_on_rows(net, state, over)))
        mode = LIMITED if is_hard.any() else GROWING
        changed, _, _ = sweep(net, curves, state, prices, work, items, mode, MOST_WALKS, NO_VALUES, NO_VALUES)
        if changed == 0 and not is_hard.any() and (top >= problem.rows.slack_price)[over].all():
            return
        growth = _RISE_GROWTH if number < _SOFT_SWEEPS else _LATE_GROWTH
        rise = np.where(over, growth * rise, rise)
        margin = np.where(over, np.minimum(2.0 * margin, _MOST_MARGIN * amount), margin)


def loosen(
    problem: Problem,
    net: Net,
    curves: PlaceCurves,
    state: State,
    work: Work,
    price: Numbers,
    growth: Numbers,
    rng: np.random.Generator,
) -> None:
    """One sweep at prices that grow slowly with use: rows are over again, and better items win room."""
    count_use(net, state, problem.rows.base_use)
    prices = row_prices(problem, price, growth)
    items = rng.permutation(problem.item_count)
    sweep(net, curves, state, prices, work, items, GROWING, MOST_WALKS, NO_VALUES, NO_VALUES)


def fill(
    problem: Problem,
    net: Net,
    curves: PlaceCurves,
    state: State,
    work: Work,
    price: Numbers,
    cost: float,
    rng: np.random.Generator,
) -> None:
    """Let items use what the rows have left, first at the prices, then for nothing."""
    for share in (1.0, 0.5, 0.0):
        count_use(net, state, problem.rows.base_use)
        left = np.maximum(problem.rows.capacity - state.use, 0.0)
        over = overfull(problem, state)
        if not over.any() and float(price @ left) <= _WORTH_FILLING * abs(cost):
            return
        paid = np.where(over, problem.rows.slack_price, share * price)
        prices = row_prices(problem, paid, is_hard=~over)
        items = rng.permutation(problem.item_count)
        sweep(net, curves, state, prices, work, items, LIMITED, MOST_WALKS, NO_VALUES, NO_VALUES)
