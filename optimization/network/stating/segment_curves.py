"""Demand curves by segment: some of their own, the others in one that they share.

What the segments are worth, are guaranteed and may have at most is given (`segments` states it).
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from optimization.network.problem import NORMAL, TABLE, Curves, Integers, Numbers, Problem
from optimization.network.stating.nested import Table, Tiers, nested_table

SHARED = -1
"""Segment of the curve that several segments share."""

_MOST_UNITS = 1e9


@dataclass(frozen=True)
class SegmentTerms:
    """k segments, the dearest first, at n places.

    worth (k): what a unit short costs, as a multiple of the place's shortage cost; it does not rise.
    share (n, k): of the place's demand. guaranteed (n, k): units that only the segment may have. cap
    (n, k): most units that it may have; inf where none binds.
    """

    worth: Numbers
    share: Numbers
    guaranteed: Numbers
    cap: Numbers


@dataclass(frozen=True)
class SegmentCurves:
    """Curves of every place, and the segment (column of the terms) of each; `SHARED` where several are."""

    curves: Curves
    segment: Integers


def splittable(problem: Problem) -> Integers:
    """Curves that may be split: the only one of their place, whose demand has moments, without limits."""
    curves = problem.curves
    alone = np.bincount(curves.place, minlength=len(problem.places))[curves.place] == 1
    free = (curves.kind != TABLE) & (curves.floor <= 0) & ~np.isfinite(curves.cap)
    return np.flatnonzero(alone & free)


def segment_curves(problem: Problem, terms: SegmentTerms, ring_fence_price_factor: float) -> SegmentCurves:
    """Curves of the problem with its demand by segment.

    A share s of a demand with mean μ and variance σ² has sμ and sσ²: parts of a negative binomial
    with one p (of a Poisson, of a normal) that add up to the whole. At a place the dearest segment
    comes first, what several share last.
    """
    curves = problem.curves
    split = splittable(problem)
    row = curves.place[split]
    apart = (terms.guaranteed[row] > 0) | np.isfinite(terms.cap[row])
    # Nobody apart, and all worth the same or nobody with demand: the place's own curve says it all.
    differ = (terms.share[row] > 0).any(axis=1) & (np.ptp(terms.worth) > 0.0)
    keeps = np.ones(len(curves), dtype=np.bool_)
    keeps[split[apart.any(axis=1) | differ]] = False
    changed = ~keeps[split]
    split, row, apart = split[changed], row[changed], apart[changed]

    at, column = np.nonzero(apart)
    whole = curves.take(split)
    rest, of_rest = _rest(problem, whole, np.where(apart, 0.0, terms.share[row]), terms.worth)
    parts = (
        curves.take(np.flatnonzero(keeps)),
        _apart(whole.take(at), terms, column, ring_fence_price_factor),
        rest,
    )
    segment = np.concatenate([np.full(int(keeps.sum()), SHARED), column, of_rest]).astype(np.int64)
    # Only the last part has tables of its own, behind those that were there.
    columns = {
        field.name: np.concatenate([getattr(part, field.name) for part in parts])
        for field in fields(Curves)
        if field.name != "table"
    }
    joined = Curves(**columns, table=rest.table)
    order = np.lexsort((np.where(segment == SHARED, len(terms.worth), segment), joined.place))
    return SegmentCurves(joined.take(order.astype(np.int64)), segment[order])


def _apart(whole: Curves, terms: SegmentTerms, column: Integers, ring_fence_price_factor: float) -> Curves:
    """One curve per segment that stands apart, from its place's whole curve."""
    share, guaranteed = terms.share[whole.place, column], terms.guaranteed[whole.place, column]
    price = ring_fence_price_factor * whole.shortage_cost * terms.worth.max()
    return replace(
        whole,
        mean=whole.mean * share,
        variance=whole.variance * share,
        shortage_cost=whole.shortage_cost * terms.worth[column],
        floor=guaranteed,
        floor_price=np.where(guaranteed > 0, price, 0.0),
        cap=terms.cap[whole.place, column],
    )


def _rest(problem: Problem, whole: Curves, share: Numbers, worth: Numbers) -> tuple[Curves, Integers]:
    """What the segments with a `share` left share: nothing, a plain curve, or a nested one."""
    some = np.flatnonzero((share > 0).any(axis=1))
    whole, share = whole.take(some), share[some]
    first = np.argmax(share > 0, axis=1)
    last = share.shape[1] - 1 - np.argmax(share[:, ::-1] > 0, axis=1)
    total = share.sum(axis=1)
    dearest = whole.shortage_cost * worth[first]
    rest = replace(whole, mean=whole.mean * total, variance=whole.variance * total, shortage_cost=dearest)
    nested = np.flatnonzero((worth[first] > worth[last]) & (whole.shortage_cost > 0))
    table, start = _table(problem, whole.take(nested), share[nested], worth), len(rest.table)

    def put(old: npt.NDArray[Any], new: npt.NDArray[Any]) -> npt.NDArray[Any]:
        result = old.astype(new.dtype)
        result[nested] = new
        return result

    rest = replace(
        rest,
        kind=put(rest.kind, np.full(len(nested), TABLE, dtype=np.int8)),
        table_start=put(rest.table_start, table.start + start),
        table_count=put(rest.table_count, table.count),
        table_low=put(rest.table_low, table.low),
        table_base=put(rest.table_base, table.base),
        table=np.concatenate([rest.table, table.marginal]),
    )
    return rest, np.where(first == last, first, SHARED).astype(np.int64)


def _table(problem: Problem, whole: Curves, share: Numbers, worth: Numbers) -> Table:
    """The nested curve of every row, over what its place can reach."""
    # Groups of equal worth are one group.
    ends = np.flatnonzero(np.append(worth[:-1] > worth[1:], True))
    upto = np.cumsum(share, axis=1)[:, ends]
    tiers = Tiers(
        is_normal=whole.kind == NORMAL,
        mean=whole.mean[:, None] * upto,
        variance=whole.variance[:, None] * upto,
        worth=whole.shortage_cost[:, None] * worth[ends],
        holding_cost=whole.holding_cost,
    )
    lowest, highest = _reachable(problem)
    lowest, highest = lowest[whole.place], highest[whole.place]
    # Beside another curve this one may be left without a unit.
    alone = (share > 0).all(axis=1)
    return nested_table(tiers, np.where(alone, lowest, np.minimum(lowest, 0.0)), highest)


def _reachable(problem: Problem) -> tuple[Numbers, Numbers]:
    """Least and most units that a plan can leave at every place (n), and one to both sides."""
    places, moves = problem.places, problem.moves
    most = np.minimum(moves.limit, places.spare[moves.source])
    arriving = np.bincount(moves.target, weights=most, minlength=len(places))
    highest = places.position + arriving + np.minimum(places.order_limit, _MOST_UNITS)
    return np.floor(places.position - places.spare) - 1.0, np.ceil(highest) + 1.0
