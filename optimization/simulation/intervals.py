"""How sure a comparison is: paired block bootstrap over item-locations and, on wish, over periods."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optimization.simulation.frontier import Frontier, at_fill
from optimization.simulation.simulator import Numbers

DRAWS = 1000


@dataclass(frozen=True)
class Comparison:
    """Relative difference ours/theirs − 1 with its 95 % interval; `win_rate` is the share of rows better.

    Rows that tie count as half a win.
    """

    estimate: float
    low: float
    high: float
    win_rate: float


def compare_totals(
    ours: Numbers, theirs: Numbers, seed: int = 0, draws: int = DRAWS, block: int = 0
) -> Comparison:
    """Compare sums of paired costs (n,) or (n, T): rows are drawn together, so pairs stay pairs.

    With T columns and `block` > 0, blocks of that many neighbouring periods are drawn as well,
    independently of the rows, which widens the interval by what a period has in common.

    >>> compare_totals(np.array([9.0, 9.0]), np.array([10.0, 10.0]))
    Comparison(estimate=-0.1, low=-0.1, high=-0.1, win_rate=1.0)
    """
    a, b = (each if each.ndim == 2 else each[:, None] for each in (ours, theirs))
    generator = np.random.default_rng(seed)
    rows = row_weights(len(a), draws, generator)
    columns = np.ones((draws, a.shape[1]))
    if block > 0:
        blocks = -(-a.shape[1] // block)
        columns = np.repeat(row_weights(blocks, draws, generator), block, axis=1)[:, : a.shape[1]]
    drawn = (np.einsum("dt,dt->d", rows @ each, columns) for each in (a, b))
    by_row = a.sum(axis=1) - b.sum(axis=1)
    return _summary(_relative(float(a.sum()), float(b.sum())), _relative(*drawn), by_row)


def compare_at_fill(
    ours: Frontier, theirs: Frontier, target: float, seed: int = 0, draws: int = DRAWS
) -> Comparison:
    """Compare stock at equal fill: each draw of rows has its own two frontiers, both at `target`.

    Draws in which a frontier does not reach the target are left out. Rows win by their stock at
    the two overall settings, so a win says nothing about the row's own fill.
    """
    rows = row_weights(ours.demand.shape[1], draws, np.random.default_rng(seed))
    stocks = []
    for each in (ours, theirs):
        fill = (rows @ each.filled.T) / np.maximum(rows @ each.demand[0], 1e-12)[:, None]
        stock = (rows @ each.mean_on_hand.T) / np.maximum(rows @ each.mean_demand, 1e-12)[:, None]
        stocks.append(np.array([at_fill(f, s, target) for f, s in zip(fill, stock, strict=True)]))
    estimates = [at_fill(each.fill, each.stock, target) for each in (ours, theirs)]
    at = [_row_stock(each, target) for each in (ours, theirs)]
    return _summary(_relative(*estimates), _relative(*stocks), at[0] - at[1])


def row_weights(n: int, draws: int, generator: np.random.Generator) -> Numbers:
    """How often each of n rows is drawn, (draws, n)."""
    return generator.multinomial(n, np.full(n, 1.0 / max(n, 1)), size=draws).astype(np.float64)


def _row_stock(played: Frontier, target: float) -> Numbers:
    at = at_fill(played.fill, np.arange(len(played.controls), dtype=np.float64), target)
    if np.isnan(at):
        return np.full(played.demand.shape[1], np.nan)
    low, share = int(at), at - int(at)
    high = min(low + 1, len(played.controls) - 1)
    stock: Numbers = (1.0 - share) * played.mean_on_hand[low] + share * played.mean_on_hand[high]
    return stock


def _relative(ours: Numbers | float, theirs: Numbers | float) -> Numbers:
    a, b = np.asarray(ours, dtype=np.float64), np.asarray(theirs, dtype=np.float64)
    return np.asarray(np.divide(a, b, out=np.full(a.shape, np.nan), where=b > 0) - 1.0)


def _summary(estimate: Numbers, drawn: Numbers, difference: Numbers) -> Comparison:
    known = drawn[np.isfinite(drawn)]
    low, high = np.quantile(known, [0.025, 0.975]) if len(known) else (np.nan, np.nan)
    compared = difference[np.isfinite(difference)]
    wins = np.where(np.abs(compared) < 1e-9, 0.5, compared < 0)
    return Comparison(
        estimate=round(float(estimate), 12),
        low=round(float(low), 12),
        high=round(float(high), 12),
        win_rate=float(wins.mean()) if len(wins) else float("nan"),
    )
