"""Stock that several tiers of customers share: what it costs when the dearer tier is served first.

One curve per place keeps the pooling that separate curves would lose. Only the mathematics is here;
which segments share is settled in `segments`.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Self

import numpy as np
from scipy import special

from optimization.demand.distributions import expected_shortage, quantiles, vmr_of
from optimization.network.problem import Flags, Integers, Numbers

# A tail less likely than this is left to the last entry of a table.
_TAIL = 1e-7
# So many standard deviations below the mean lies no more of a normal or of whole demand: exp(−z²/2).
_TAIL_Z = 5.7
# A recursion from 0 is the fastest cdf at every unit, while its first term does not underflow.
_RECURSION_MEAN = 150.0
_LOG_FIRST = 650.0
_CELLS_AT_ONCE = 2_000_000


@dataclass(frozen=True)
class Tiers:
    """n places with k groups of customers each, the dearest first.

    is_normal (n): normal demand, else whole units as `optimization.demand.distributions`. mean,
    variance (n, k): demand of the group and of all dearer ones together, so they rise along a row;
    a place's have one variance-to-mean ratio, as parts of one demand do. worth (n, k): money per unit
    short, not rising along a row. holding_cost (n).
    """

    is_normal: Flags
    mean: Numbers
    variance: Numbers
    worth: Numbers
    holding_cost: Numbers

    def __len__(self) -> int:
        return len(self.mean)

    def take(self, rows: Integers) -> Self:
        """The same columns for these rows."""
        return type(self)(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})

    @property
    def steps(self) -> Numbers:
        """What a group's unit is worth beyond the next group's, (n, k), money; it is never negative."""
        following = np.concatenate([self.worth[:, 1:], np.zeros((len(self), 1))], axis=1)
        return np.asarray(self.worth - following)


def nested_cost(tiers: Tiers, x: Numbers) -> Numbers:
    """Cost of x units (n), money, while every dearer group is served first.

    With D_k the demand of the k dearest groups, b_k the worth of group k and b_{K+1} = 0:
    G(x) = h·E(x − D_K)+ + Σ_k (b_k − b_{k+1})·E(D_k − x)+, for group k is short of what the k dearest
    are short of, less what the k − 1 dearest are. It is convex, because worths do not rise.

    >>> two = Tiers(np.array([False]), np.array([[1.0, 3.0]]), np.array([[1.0, 3.0]]),
    ...             np.array([[8.0, 2.0]]), np.array([1.0]))
    >>> round(float(nested_cost(two, np.array([0.0]))[0]), 6)  # 1 unit at 8, 2 units at 2
    12.0
    """
    short = np.empty(tiers.mean.shape)
    for column in range(tiers.mean.shape[1]):
        short[:, column] = _shortage(tiers.is_normal, x, tiers.mean[:, column], tiers.variance[:, column])
    held = np.maximum(x - tiers.mean[:, -1] + short[:, -1], 0.0)
    return np.asarray(tiers.holding_cost * held + (tiers.steps * short).sum(axis=1))


def _shortage(is_normal: Flags, x: Numbers, mean: Numbers, variance: Numbers) -> Numbers:
    # Where nothing is, all of a whole demand is short: many tables start there, and it takes no cdf.
    short = mean - x
    count = np.flatnonzero(~is_normal & (x > 0))
    short[count] = expected_shortage(x[count], mean[count], variance[count])
    rows = np.flatnonzero(is_normal)
    sd, ahead = np.sqrt(variance[rows]), x[rows] - mean[rows]
    z = ahead / np.where(sd > 0, sd, 1.0)
    density = np.exp(-0.5 * z * z) / np.sqrt(2.0 * np.pi)
    short[rows] = np.where(sd > 0, sd * (density - z * special.ndtr(-z)), np.maximum(-ahead, 0.0))
    return np.maximum(short, 0.0)


@dataclass(frozen=True)
class Table:
    """Marginals of n curves, side by side.

    Curve i has `count[i]` of them from `start[i]` on, for x = low[i], low[i]+1, … Outside, its first
    or last one holds. base (n): its cost at low.
    """

    start: Integers
    count: Integers
    low: Numbers
    base: Numbers
    marginal: Numbers


def nested_table(tiers: Tiers, lowest: Numbers, highest: Numbers) -> Table:
    """Marginals G(x+1) − G(x) of `nested_cost` at every whole x, lowest ≤ x < highest, per place (n).

    Cut where less than one in ten million demands lies; at least one marginal remains.
    """
    low, high = _reach(tiers, lowest, highest)
    count = np.maximum(np.round(high - low), 1.0).astype(np.int64)
    start = np.concatenate([[0], np.cumsum(count)[:-1]]).astype(np.int64) if len(count) else count
    marginal = np.empty(int(count.sum()))
    by_recursion = _is_small(tiers) & (low >= -1.0)
    for rows, evaluate in ((by_recursion, _counted), (~by_recursion, _differences)):
        for part in _parts(np.flatnonzero(rows), count * tiers.mean.shape[1]):
            cell = _cells(start[part], count[part])
            marginal[cell] = evaluate(tiers.take(part), low[part], count[part])
    return Table(start, count, low, nested_cost(tiers, low), marginal)


def _reach(tiers: Tiers, lowest: Numbers, highest: Numbers) -> tuple[Numbers, Numbers]:
    """The part of the range that matters."""
    # The first and the last marginal stand for what lies outside, so they lie in the tails themselves;
    # whole demand has one slope below 0.
    spread = _TAIL_Z * np.sqrt(tiers.variance)
    needed = (tiers.mean - spread).min(axis=1) - 1.0
    needed = np.where(tiers.is_normal, needed, np.maximum(needed, -1.0))
    enough = (tiers.mean + spread).max(axis=1)
    count = np.flatnonzero(~tiers.is_normal)
    if len(count):
        enough[count] = quantiles(
            tiers.mean[count, -1], tiers.variance[count, -1], np.array([1.0 - _TAIL])
        ).ravel()
    low = np.maximum(lowest, np.floor(np.minimum(needed, highest - 1.0)))
    return low, np.maximum(np.minimum(highest, np.ceil(enough) + 1.0), low + 1.0)


def _is_small(tiers: Tiers) -> Flags:
    mean = tiers.mean[:, -1]
    vmr = vmr_of(mean, tiers.variance[:, -1])
    log_first = np.where(vmr > 1.0, mean / np.maximum(vmr - 1.0, 1e-9) * np.log(vmr), mean)
    return ~tiers.is_normal & (mean <= _RECURSION_MEAN) & (log_first < _LOG_FIRST)


def _parts(rows: Integers, cells: Integers) -> list[Integers]:
    """Rows in runs of bounded work, so that memory does not grow with the number of places."""
    if not len(rows):
        return []
    run = np.cumsum(cells[rows]) // _CELLS_AT_ONCE
    return np.split(rows, np.flatnonzero(np.diff(run)) + 1)


def _cells(start: Integers, count: Integers) -> Integers:
    within = np.arange(int(count.sum())) - np.repeat(np.cumsum(count) - count, count)
    return np.asarray(np.repeat(start, count) + within, dtype=np.int64)


def _differences(tiers: Tiers, low: Numbers, count: Integers) -> Numbers:
    row = np.repeat(np.arange(len(count)), count)
    x = low[row] + _cells(np.zeros(len(count), dtype=np.int64), count)
    at = tiers.take(row)
    return _not_falling(nested_cost(at, x + 1.0) - nested_cost(at, x), row)


def _counted(tiers: Tiers, low: Numbers, count: Integers) -> Numbers:
    """h·F_K(x) − Σ_k (b_k − b_{k+1})·(1 − F_k(x)) at every whole x, all cdfs by one recursion."""
    # Sums of rising terms rise in floating point too, so these marginals need no repair.
    # Longest first: whoever is still counting stands at the front.
    order = np.argsort(-(low + count), kind="stable")
    tiers, low, count = tiers.take(order), low[order], count[order]
    end = (low + count).astype(np.int64)
    start = np.cumsum(count) - count
    steps = tiers.steps
    # The total's F counts for what is held as well.
    weight = steps.copy()
    weight[:, -1] += tiers.holding_cost
    bottom = -steps.sum(axis=1)
    result = np.empty(int(count.sum()))
    below = np.flatnonzero(low < 0)
    result[start[below]] = bottom[below]

    vmr = np.broadcast_to(vmr_of(tiers.mean[:, -1], tiers.variance[:, -1])[:, None], tiers.mean.shape)
    is_nb = vmr > 1.0
    r = np.where(is_nb, tiers.mean / np.where(is_nb, vmr - 1.0, 1.0), 0.0)
    # pmf(x+1) = pmf(x)·(ratio·x + rate)/(x+1) covers negative binomial and Poisson.
    ratio = np.where(is_nb, 1.0 - 1.0 / vmr, 0.0)
    rate = np.where(is_nb, r * ratio, tiers.mean)
    pmf = np.exp(np.where(is_nb, -r * np.log(vmr), -tiers.mean))
    total = np.zeros(tiers.mean.shape)
    for x in range(int(end.max(initial=0))):
        live = int(np.searchsorted(-end, -x, side="left"))
        pmf, total, ratio, rate = pmf[:live], total[:live], ratio[:live], rate[:live]
        total += pmf
        pmf *= (ratio * x + rate) / (x + 1.0)
        at = np.flatnonzero(low[:live] <= x)
        cost = bottom[at] + (weight[at] * np.minimum(total[at], 1.0)).sum(axis=1)
        result[start[at] + x - low[at].astype(np.int64)] = cost
    back = np.empty(len(order), dtype=np.int64)
    back[order] = np.arange(len(order))
    return result[_cells(start[back], count[back])]


def _not_falling(marginal: Numbers, row: Integers) -> Numbers:
    """Running maximum within each row: the difference of two losses is not quite monotone in its last bits.

    >>> _not_falling(np.array([-2.0, -3.0, 1.0, -9.0]), np.array([0, 0, 0, 1])).tolist()
    [-2.0, -2.0, 1.0, -9.0]
    """
    order = np.argsort(marginal, kind="stable")
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    lifted = np.maximum.accumulate(row * len(order) + rank)
    return np.asarray(marginal[order[lifted - row * len(order)]])
