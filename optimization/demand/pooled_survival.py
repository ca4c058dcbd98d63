"""Durations of many groups at once, each leaning on a wider group: product-limit curves with a prior.

Only numbers and group numbers live here: what a group is (a supplier, a lane) is said by the
callers. A group's curve is the product-limit estimate of its own durations together with its
parent's distribution, which counts as a few further durations. With no own duration it is the
parent's, with many it is its own, and where its own open ones have outlasted every finished one
the parent says how it goes on. Source: Susarla & Van Ryzin (1976).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from optimization.demand.series import Flags, Numbers
from optimization.keys import Integers

# A distribution is kept as the middle of this many equally likely slices. Two modes stay two.
SLICES = 40
SLICE_LEVELS: Numbers = (np.arange(SLICES) + 0.5) / SLICES
_SLACK = 1e-9


@dataclass(frozen=True)
class Durations:
    """Durations, the censored of which are at least as long, and what each counts for."""

    days: Numbers
    is_censored: Flags
    weight: Numbers

    def counted(self, group: Integers, n_groups: int) -> Numbers:
        """Weight of the finished durations per group."""
        finished = np.where(self.is_censored, 0.0, self.weight)
        return np.asarray(np.bincount(group, weights=finished, minlength=n_groups), dtype=np.float64)


@dataclass(frozen=True)
class Curves:
    """Product-limit curves of groups: quantiles (n, levels), mean (n,) and standard deviation (n,)."""

    quantiles: Numbers
    mean: Numbers
    sd: Numbers


def group_curves(
    durations: Durations,
    group: Integers,
    n_groups: int,
    levels: Numbers,
    parent: Numbers | None = None,
    parent_weight: float | Numbers = 0.0,
) -> Curves:
    """Estimate each group's product-limit curve.

    `group` (n,) numbers the durations' groups; `parent` (n_groups, m) holds equally likely values
    of the wider distribution, which together weigh `parent_weight` durations (one number, or one per
    group). S(t) = Π over finished
    durations tᵢ ≤ t of (1 − wᵢ/Nᵢ), Nᵢ the weight not yet over; one that ends when another is
    censored comes first. Mass that the curve never gives up lies at the group's longest time. A
    group with neither durations nor a parent is NaN.

    >>> own = Durations(np.array([20.0, 25, 25, 30, 34, 40, 48, 28, 45, 60]),
    ...                 np.arange(10) >= 7, np.ones(10))
    >>> group_curves(own, np.zeros(10, dtype=np.int64), 1, np.array([0.5, 0.8, 0.9])).quantiles.tolist()
    [[34.0, 48.0, 60.0]]
    """
    owner, days, censored, weight = group, durations.days, durations.is_censored, durations.weight
    if parent is not None:
        copies = parent.shape[1]
        owner = np.concatenate([np.repeat(np.arange(n_groups), copies), owner])
        days = np.concatenate([parent.ravel(), days])
        censored = np.concatenate([np.zeros(n_groups * copies, dtype=np.bool_), censored])
        lent = np.broadcast_to(np.asarray(parent_weight, dtype=np.float64), (n_groups,))
        weight = np.concatenate([np.repeat(lent / copies, copies), weight])
    order = np.lexsort((censored, days, owner))
    owner, days, censored, weight = owner[order], days[order], censored[order], weight[order]
    start = np.searchsorted(owner, np.arange(n_groups + 1))
    row = start[:-1][owner] if len(owner) else start[:0]

    # Sums run over all groups; a group's own is the difference to its first row.
    running = np.cumsum(weight)
    before = running - weight
    total = np.bincount(owner, weights=weight, minlength=n_groups)
    at_risk = total[owner] - (before - before[row])
    ends = np.divide(weight, at_risk, out=np.zeros_like(weight), where=~censored & (at_risk > 0))
    # The last duration of a group ends it all; a rounding error must not keep a trace alive.
    ends[ends > 1.0 - _SLACK] = 1.0 - 1e-16
    log_survival = np.cumsum(np.log1p(-ends))
    after = np.exp(log_survival - (log_survival[row] - np.log1p(-ends[row])))
    last = np.maximum(start[1:] - 1, 0)
    longest = days[last] if len(days) else np.zeros(n_groups)

    # One sorted key finds every group's quantiles at once: groups lie two apart, shares within one.
    wanted = 2.0 * np.arange(n_groups)[:, None] + np.asarray(levels)[None, :] - _SLACK
    found = np.searchsorted(2.0 * owner + (1.0 - after), wanted)
    values = days[np.minimum(found, last[:, None])] if len(days) else np.zeros(wanted.shape)

    mass = np.divide(after * ends, 1.0 - ends)
    rest = 1.0 - np.bincount(owner, weights=mass, minlength=n_groups)
    mean = np.bincount(owner, weights=mass * days, minlength=n_groups) + rest * longest
    spread = mass * (days - mean[owner]) ** 2
    variance = np.bincount(owner, weights=spread, minlength=n_groups) + rest * (longest - mean) ** 2
    empty = total <= 0
    values[empty], mean[empty], variance[empty] = np.nan, np.nan, np.nan
    return Curves(values, mean, np.sqrt(np.maximum(variance, 0.0)))


def pooled_slices(
    durations: Durations, chain: Sequence[Integers], root: Numbers, parent_weight: float
) -> Numbers:
    """Slices (groups, SLICES) of the narrowest grouping of a chain of ever narrower ones.

    Rows are the durations first and then any further rows that want an estimate; `chain[k]`
    (rows,) numbers their groups at level k, which lie within those of the level before. `chain[0]`
    numbers the rows of `root` (r, SLICES), the widest distributions.
    """
    slices = root
    for outer, groups in pairwise(chain):
        own = groups[: len(durations.days)]
        parent = slices[outer[any_row(groups)]]
        slices = group_curves(durations, own, len(parent), SLICE_LEVELS, parent, parent_weight).quantiles
    return slices


def any_row(groups: Integers) -> Integers:
    """One row of each group, by group number.

    >>> any_row(np.array([1, 0, 1])).tolist()
    [1, 2]
    """
    row = np.zeros(int(groups.max(initial=-1)) + 1, dtype=np.int64)
    row[groups] = np.arange(len(groups))
    return row


def remaining_quantiles(
    slices: Numbers, age: Numbers, levels: Numbers
) -> tuple[Numbers, npt.NDArray[np.int64]]:
    """Quantiles (n, len(levels)) of the whole duration given that it has lasted `age` already.

    `slices` (n, m) are equally likely durations per row, ascending. Also returns how many of them
    are longer than the age: with none the quantiles are NaN, for nothing known lasted as long.

    >>> remaining_quantiles(np.array([[5.0, 5, 5, 5, 15]]), np.array([6.0]), np.array([0.5, 0.9]))[0]
    array([[15., 15.]])
    """
    size = slices.shape[1]
    over = (slices <= age[:, None]).sum(axis=1)
    left = size - over
    place = over[:, None] + np.ceil(np.asarray(levels)[None, :] * left[:, None] - _SLACK).astype(np.int64) - 1
    values = np.take_along_axis(slices, np.clip(place, 0, size - 1), axis=1)
    return np.where(left[:, None] > 0, values, np.nan), left.astype(np.int64)
