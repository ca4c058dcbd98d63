"""One choice for every item, so that all of them fit into the coupling rows at the least cost.

    min Σ cost_k·x_k + Σ slack_price_j·s_j
    Σ_{k of item i} x_k = 1 for every item i;  Σ_k use_jk·x_k ≤ room_j + s_j for every row j;  x whole, s ≥ 0

Where the choices come from is no business of this module.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from optimization.errors import SolverError
from optimization.network.problem import Integers, Numbers
from optimization.solver.highs import solve
from optimization.solver.matrix import MatrixModel

_WHOLE = 1e-6


@dataclass(frozen=True)
class Choices:
    """K choices, sorted by item (numbered from 0 without gaps): money, and use of every row (j × K)."""

    item: Integers
    cost: Numbers
    use: sparse.csc_matrix


@dataclass(frozen=True)
class Selection:
    """The chosen row of `Choices` by item, and what one unit of every row (j) is worth to all choices."""

    chosen: Integers
    row_price: Numbers


def select(
    choices: Choices, room: Numbers, slack_price: Numbers, most_free: int = 300, max_nodes: int = 100
) -> Selection:
    """Choose by a linear program, then settle the items that it splits by branch and bound.

    As many items are split as rows bind. They and the items that lose least by another choice, at most
    `most_free` more, are chosen again in whole choices, the others stay. Raises `SolverError` when
    the solver finds no solution, which slack on every row does not allow.
    """
    share, price = _solved(choices, room, slack_price, whole=False, max_nodes=0)
    count = int(choices.item[-1]) + 1
    start = np.searchsorted(choices.item, np.arange(count + 1))
    # Regret of every choice at the row prices against the best of its item.
    priced = choices.cost + choices.use.T @ price
    best = np.minimum.reduceat(priced, start[:-1])
    regret = priced - best[choices.item]
    order = np.lexsort((regret, -share, choices.item))
    chosen = order[start[:-1]]
    split = share[chosen] < 1.0 - _WHOLE
    runner_up = np.full(count, np.inf)
    others = np.ones(len(priced), dtype=np.bool_)
    others[chosen] = False
    np.minimum.at(runner_up, choices.item[others], regret[others])
    by_regret = np.lexsort((np.arange(count), runner_up))
    near = by_regret[np.isfinite(runner_up[by_regret]) & ~split[by_regret]][:most_free]
    free = np.union1d(np.flatnonzero(split), near)
    if not split.any():
        return Selection(chosen, price)
    fixed = np.ones(count, dtype=np.bool_)
    fixed[free] = False
    left = room - np.asarray(choices.use[:, chosen[fixed]].sum(axis=1)).ravel()
    rows = np.flatnonzero(~fixed[choices.item])
    own = Choices(
        np.searchsorted(free, choices.item[rows]).astype(np.int64), choices.cost[rows], choices.use[:, rows]
    )
    share, _ = _solved(own, left, slack_price, whole=True, max_nodes=max_nodes)
    chosen[free] = rows[share > 0.5]
    return Selection(chosen, price)


def _solved(
    choices: Choices, room: Numbers, slack_price: Numbers, whole: bool, max_nodes: int
) -> tuple[Numbers, Numbers]:
    """Share of every choice, and the price of every row."""
    count, rows = len(choices.cost), len(room)
    items = int(choices.item[-1]) + 1
    one_each = sparse.csc_matrix(
        (np.ones(count), (choices.item, np.arange(count))), shape=(items, count), dtype=np.float64
    )
    slack = sparse.vstack([sparse.csc_matrix((items, rows)), -sparse.identity(rows)])
    matrix = sparse.csc_matrix(sparse.hstack([sparse.vstack([one_each, choices.use]), slack]))
    matrix.sort_indices()
    model = MatrixModel(
        name="network selection",
        cost=np.concatenate([choices.cost, slack_price]),
        offset=0.0,
        column_lower=np.zeros(count + rows),
        column_upper=np.concatenate([np.ones(count), np.full(rows, np.inf)]),
        row_lower=np.concatenate([np.ones(items), np.full(rows, -np.inf)]),
        row_upper=np.concatenate([np.ones(items), room]),
        start=matrix.indptr.astype(np.int32),
        index=matrix.indices.astype(np.int32),
        value=matrix.data.astype(np.float64),
        is_integer=np.arange(count + rows) < (count if whole else 0),
        columns=tuple(("choice", k) for k in range(count)) + tuple(("slack", j) for j in range(rows)),
        row_names=tuple(f"one[{i}]" for i in range(items)) + tuple(f"row[{j}]" for j in range(rows)),
    )
    solution = solve(model, max_relative_gap=2e-3, max_nodes=max(max_nodes, 1), with_heuristics=whole)
    if not len(solution.values):
        raise SolverError(
            f"the selection of {items} items from {count} choices ended as {solution.detail}; "
            "slack on every row should make it feasible: look for choices of extreme cost"
        )
    price = np.zeros(rows) if whole else np.maximum(-solution.row_dual[items:], 0.0)
    return solution.values[:count], price
