"""One level of the slots' model as a matrix, filled from arrays: columns for the pairs that are given.

    min Σ c_gb x_gb + Σ f_e y_e + H Σ s
    (each_once)  Σ_b x_gb = n_g                         groups, no slot among the buckets
    (capacity)   Σ_g x_gb − Σ_e y_e ≤ C_b               slots, slots on top
    (option)     Σ_g a_gk x_gb ≤ L_rk                   over the buckets of a plant and week
    (least)      Σ_g x_gb + s_b ≥ m_b                   where units below a minimum cost anything
    (kept)       what earlier levels reached             exact engine only

`pyomo_model` states the same for people.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy import sparse

from optimization.build_to_order.slots.problem import (
    Flags,
    Integers,
    Numbers,
    SlotProblem,
    by_week_row,
    load,
)
from optimization.solver.matrix import MatrixModel


@dataclass(frozen=True)
class Room:
    """What is left for those who are still to be placed.

    capacity, minimum (b), limits, least (r, k): units; extra (e): slots on top.
    """

    capacity: Numbers
    limits: Numbers
    minimum: Numbers
    least: Numbers
    extra: Numbers


def room_beside(problem: SlotProblem, bucket: Integers) -> Room:
    """Room beside the orders that have a `bucket` (n,); never below 0, also where they are too many."""
    buckets, extra = problem.buckets, problem.expedites
    used, by_option = load(problem, bucket)
    over = np.maximum(used - buckets.capacity, 0.0)
    left = np.empty(len(extra.bucket))
    for e, (at, units) in enumerate(zip(extra.bucket.tolist(), extra.units.tolist(), strict=True)):
        taken = min(units, over[at])
        left[e] = units - taken
        over[at] -= taken
    return Room(
        capacity=np.maximum(buckets.capacity - used, 0.0),
        limits=np.maximum(by_week_row(buckets, buckets.limits) - by_option, 0.0),
        minimum=np.maximum(buckets.minimum - used, 0.0),
        least=np.maximum(by_week_row(buckets, buckets.least) - by_option, 0.0),
        extra=left,
    )


@dataclass(frozen=True)
class Tight:
    """Rows that have to be used up: capacities (b), limits (r, k); slots on top: bounds (e)."""

    capacity: Flags
    limits: Flags
    extra_lower: Numbers
    extra_upper: Numbers


def nothing_tight(room: Room) -> Tight:
    """No row has to be used up."""
    return Tight(
        np.zeros(len(room.capacity), dtype=np.bool_),
        np.zeros(room.limits.shape, dtype=np.bool_),
        np.zeros(len(room.extra)),
        room.extra,
    )


@dataclass(frozen=True)
class Kept:
    """A level that is settled: its cost by pair (p), slot on top (e) and missing unit, and its most."""

    pair: Numbers
    extra: Numbers
    short: float
    most: float


@dataclass(frozen=True)
class Pairs:
    """Pairs of a group and a bucket (p) that have a column: `bucket` len(buckets) is no slot."""

    group: Integers
    bucket: Integers

    @classmethod
    def of(cls, mask: Flags) -> Pairs:
        """Pairs of a table (g, b + 1), by group and then bucket."""
        group, bucket = np.nonzero(mask)
        return cls(group.astype(np.int64), bucket.astype(np.int64))


@dataclass(frozen=True)
class Assembled:
    """The matrix, and where its parts lie.

    Columns: pairs, slots on top, missing units of `least_bucket` (buckets) and `least_limit` (row, option).
    Rows: groups, capacities, `limit` (row, option), those minima, kept levels.
    """

    model: MatrixModel
    pair_count: int
    group_count: int
    bucket_count: int
    limit: tuple[Integers, Integers]
    least_bucket: Integers
    least_limit: tuple[Integers, Integers]

    def duals(self, row_dual: Numbers, shape: tuple[int, ...]) -> tuple[Numbers, Numbers]:
        """Price of a unit in a bucket (b) and of an option in a row (r, k), minima among them."""
        if not len(row_dual):
            # Without an order to place there are no columns, and the solver tells no duals.
            row_dual = np.zeros(self.model.row_count)
        at = self.group_count
        bucket = row_dual[at : at + self.bucket_count].copy()
        at += self.bucket_count
        option = np.zeros(shape)
        option[self.limit] = row_dual[at : at + len(self.limit[0])]
        at += len(self.limit[0])
        bucket[self.least_bucket] += row_dual[at : at + len(self.least_bucket)]
        at += len(self.least_bucket)
        option[self.least_limit] += row_dual[at : at + len(self.least_limit[0])]
        return bucket, option


@dataclass
class _Entries:
    """Coefficients as they are collected."""

    row: list[Integers] = field(default_factory=list)
    column: list[Integers] = field(default_factory=list)
    value: list[Numbers] = field(default_factory=list)

    def add(self, row: Integers, column: Integers, value: float | Numbers) -> None:
        self.row.append(row)
        self.column.append(column)
        self.value.append(np.broadcast_to(np.asarray(value, dtype=np.float64), row.shape))


def assembled(
    name: str,
    problem: SlotProblem,
    options: Flags,
    units: Numbers,
    room: Room,
    tight: Tight,
    pairs: Pairs,
    cost: Numbers,
    extra_cost: Numbers,
    short_cost: float | None,
    kept: tuple[Kept, ...] = (),
    is_whole: bool = False,
) -> Assembled:
    """Fill the matrix of one level.

    options (g, k), units (g): the groups; cost (p): of each pair; short_cost: of a unit that a minimum
    lacks, None where nobody asks for minima.
    """
    b, g, p, e = len(problem.buckets), len(units), len(pairs.group), len(room.extra)
    row_of = problem.buckets.week_row
    entries = _Entries()
    entries.add(pairs.group, np.arange(p), 1.0)
    placed = np.flatnonzero(pairs.bucket < b)
    bucket, group = pairs.bucket[placed], pairs.group[placed]
    entries.add(g + bucket, placed, 1.0)
    entries.add(g + problem.expedites.bucket, p + np.arange(e), -1.0)
    by_option = [placed[options[group, k]] for k in range(options.shape[1])]
    limit = _touched(room.limits, [row_of[pairs.bucket[own]] for own in by_option])
    number = np.full(room.limits.shape, -1, dtype=np.int64)
    number[limit] = g + b + np.arange(len(limit[0]))
    rows = g + b + len(limit[0])
    asks = short_cost is not None
    least_bucket = np.flatnonzero(room.minimum > 0) if asks else np.empty(0, dtype=np.int64)
    least = _asked(room.least) if asks else _asked(np.zeros_like(room.least))
    least_number = np.full(room.least.shape, -1, dtype=np.int64)
    least_number[least] = rows + len(least_bucket) + np.arange(len(least[0]))
    short = len(least_bucket) + len(least[0])
    bucket_number = np.full(b, -1, dtype=np.int64)
    bucket_number[least_bucket] = rows + np.arange(len(least_bucket))
    at = bucket_number[bucket]
    entries.add(at[at >= 0], placed[at >= 0], 1.0)
    for k, own in enumerate(by_option):
        for table in (number, least_number):
            at = table[row_of[pairs.bucket[own]], k]
            entries.add(at[at >= 0], own[at >= 0], 1.0)
    entries.add(rows + np.arange(short), p + e + np.arange(short), 1.0)
    rows += short
    columns = p + e + short
    for level in kept:
        whole = np.concatenate([level.pair, level.extra, np.full(short, level.short)])
        some = np.flatnonzero(whole)
        entries.add(np.full(len(some), rows), some, whole[some])
        rows += 1
    matrix = sparse.csc_array(
        (np.concatenate(entries.value), (np.concatenate(entries.row), np.concatenate(entries.column))),
        shape=(rows, columns),
    )
    matrix.sort_indices()
    minima = np.concatenate([room.minimum[least_bucket], room.least[least]])
    most = np.array([level.most for level in kept])
    free = np.full(short + len(kept), np.inf)
    limits = room.limits[limit]
    model = MatrixModel(
        name=name,
        cost=np.concatenate([cost, extra_cost, np.full(short, short_cost or 0.0)]),
        offset=0.0,
        column_lower=np.concatenate([np.zeros(p), tight.extra_lower, np.zeros(short)]),
        column_upper=np.concatenate([np.full(p, np.inf), tight.extra_upper, np.full(short, np.inf)]),
        row_lower=np.concatenate(
            [
                units,
                np.where(tight.capacity, room.capacity, -np.inf),
                np.where(tight.limits[limit], limits, -np.inf),
                minima,
                -free[: len(kept)],
            ]
        ),
        row_upper=np.concatenate([units, room.capacity, limits, free[:short], most]),
        start=matrix.indptr.astype(np.int32),
        index=matrix.indices.astype(np.int32),
        value=matrix.data.astype(np.float64),
        is_integer=np.arange(columns) < (p + e if is_whole else 0),
        columns=[
            *(("placed", pair) for pair in zip(pairs.group.tolist(), pairs.bucket.tolist(), strict=True)),
            *(("extra", at) for at in range(e)),
            *(("short", at) for at in range(short)),
        ],
        row_names=[
            *(f"each_once[{at}]" for at in range(g)),
            *(f"capacity[{at}]" for at in range(b)),
            *(f"option[{r},{k}]" for r, k in zip(*(part.tolist() for part in limit), strict=True)),
            *(f"least[{at}]" for at in least_bucket.tolist()),
            *(f"least_option[{r},{k}]" for r, k in zip(*(part.tolist() for part in least), strict=True)),
            *(f"kept[{at}]" for at in range(len(kept))),
        ],
    )
    return Assembled(model, p, g, b, limit, least_bucket, least)


def _asked(least: Numbers) -> tuple[Integers, Integers]:
    """Minima (r, k) above 0."""
    row, option = np.nonzero(least > 0)
    return row.astype(np.int64), option.astype(np.int64)


def _touched(limits: Numbers, rows_by_option: list[Integers]) -> tuple[Integers, Integers]:
    """Limits (r, k) that are stated and that some pair could reach."""
    touched = np.zeros(limits.shape, dtype=np.bool_)
    for k, rows in enumerate(rows_by_option):
        touched[rows, k] = True
    row, option = np.nonzero(touched & np.isfinite(limits))
    return row.astype(np.int64), option.astype(np.int64)
