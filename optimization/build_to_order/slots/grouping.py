"""Orders that no level tells apart are one group with a number of units, and back to single orders."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optimization.build_to_order.slots.problem import Integers, Numbers, Orders, SlotProblem


@dataclass(frozen=True)
class Groups:
    """Groups (g) by their first member: that member, units, and the group of each order or -1 (n)."""

    first: Orders
    units: Numbers
    group: Integers

    def __len__(self) -> int:
        return len(self.units)


def grouped(problem: SlotProblem, rows: Integers, apart: int = -1) -> Groups:
    """Group the orders of these rows by all that a cost or a limit reads; row `apart` stands alone."""
    orders = problem.orders
    own = orders.take(rows)
    keys = [
        own.plant,
        own.ready_day,
        own.due_day,
        own.is_confirmed,
        own.weight,
        own.is_scheduled,
        own.previous_plant,
        own.previous_day,
        rows == apart,
        *own.options.T,
    ]
    table = np.column_stack([np.asarray(key, dtype=np.float64) for key in keys]).reshape(len(own), len(keys))
    of_row, first = same_rows(table)
    group = np.full(len(orders), -1, dtype=np.int64)
    group[rows] = of_row
    return Groups(own.take(first), np.bincount(of_row, minlength=len(first)).astype(np.float64), group)


def same_rows(table: Numbers) -> tuple[Integers, Integers]:
    """Number of the distinct row that each row is (n,), counted by first appearance, and those first rows.

    >>> same_rows(np.array([[1.0, 2.0], [0.0, 0.0], [1.0, 2.0]]))
    (array([0, 1, 0]), array([0, 1]))
    """
    if not len(table):
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    # Adding 0 turns -0.0 into 0.0, which is equal but has other bytes.
    plain = np.ascontiguousarray(table + 0.0)
    if not plain.shape[1]:
        return np.zeros(len(table), dtype=np.int64), np.zeros(1, dtype=np.int64)
    whole = plain.view(np.dtype((np.void, plain.dtype.itemsize * plain.shape[1]))).ravel()
    _, first, inverse = np.unique(whole, return_index=True, return_inverse=True)
    order = np.argsort(first)
    number = np.empty(len(first), dtype=np.int64)
    number[order] = np.arange(len(first))
    return number[inverse.ravel()], first[order].astype(np.int64)


def shared_out(amounts: Numbers, of_member: Integers, units: Numbers) -> Numbers:
    """Units of a group by bucket (c, b) as units of its members by bucket (m, b).

    Members take from the buckets in turn, the first members the first buckets: whole amounts stay whole.
    `of_member` (m,) is the group of each, `units` (m,) its size; amounts of a group sum to its members'.

    >>> shared_out(np.array([[1.0, 2.0]]), np.array([0, 0]), np.array([2.0, 1.0])).tolist()
    [[1.0, 1.0], [0.0, 1.0]]
    """
    order = np.argsort(of_member, kind="stable")
    end = np.cumsum(units[order])
    size = np.bincount(of_member, weights=units, minlength=len(amounts))
    before = np.concatenate([[0.0], np.cumsum(size)])[of_member[order]]
    end, start = end - before, end - units[order] - before
    right = np.cumsum(amounts, axis=1)[of_member[order]]
    left = right - amounts[of_member[order]]
    out = np.empty((len(units), amounts.shape[1]))
    out[order] = np.maximum(0.0, np.minimum(end[:, None], right) - np.maximum(start[:, None], left))
    return out


def to_orders(groups: Groups, units: Numbers, week_order: Integers) -> Integers:
    """Bucket of each order (n,) from whole units by group and bucket (g, b + 1); -1 for no slot.

    Within a group the first orders (by priority, order date and id) get the earliest weeks; `week_order`
    lists the buckets by week.
    """
    bucket = np.full(len(groups.group), -1, dtype=np.int64)
    members = np.flatnonzero(groups.group >= 0)
    members = members[np.argsort(groups.group[members], kind="stable")]
    none = units.shape[1] - 1
    counts = np.round(units[:, [*week_order.tolist(), none]]).astype(np.int64)
    places = np.tile(np.array([*week_order.tolist(), -1], dtype=np.int64), len(units))
    bucket[members] = np.repeat(places, counts.ravel())
    return bucket
