"""Solving a batch of items: cut the curves, state the model, solve, read whole units, audit.

A batch is a plain object of arrays, so that a mapper may send it to another process. The answer is
never worse than the policy alone, which is always feasible.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from optimization.demand.distributions import quantiles
from optimization.network.audit import plan_breach, plan_cost
from optimization.network.curves import Segments, segments, unit_gain, unit_loss
from optimization.network.items import Integers, Moves, Numbers, Places
from optimization.network.model import ModelData, build
from optimization.network.values import without_losing_moves
from optimization.parameters import NetworkParameters
from optimization.solver.finite import require_finite
from optimization.solver.highs import Solution, Status, solve
from optimization.solver.matrix import matrix_of

_WHOLE = 1e-5


@dataclass(frozen=True)
class Batch:
    """Items to be solved together: their places and useful moves, numbered within the batch."""

    batch_id: str
    places: Places
    moves: Moves


@dataclass(frozen=True)
class BatchPlan:
    """Units moved by move and ordered by place, and what is proven about them.

    `objective` is the plan's true expected cost, `bound` a bound on that of any plan of the model;
    with FAILED the plan is the policy's own orders and nothing is proven.
    """

    batch_id: str
    moved: Numbers
    ordered: Numbers
    status: Status
    detail: str
    objective: float
    bound: float
    row_count: int
    column_count: int
    max_violation: float
    solver_version: str

    @property
    def relative_gap(self) -> float:
        """(objective − bound) / |objective|, 0 when the bound is met."""
        if not np.isfinite(self.bound):
            return 0.0
        return max(self.objective - self.bound, 0.0) / max(abs(self.objective), 1e-9)


def solve_batch(batch: Batch, parameters: NetworkParameters) -> BatchPlan:
    """Solve one batch to the agreed gap on the true cost curves.

    Knots are doubled until the error of the pieces is within the gap. Raises
    `NonFiniteInputError` when a number of the batch is none.
    """
    places, moves = batch.places, batch.moves
    require_finite(
        f"network {batch.batch_id}",
        {name: getattr(places, name) for name in _PLACE_NUMBERS}
        | {"lane cost": moves.unit_cost + moves.fixed_cost},
    )
    knots = parameters.max_knots
    while True:
        plan, error = _solve_at(batch, parameters, knots)
        good = plan.relative_gap <= parameters.max_relative_gap
        if plan.status == "FAILED" or good or error <= 0.0 or knots > 5_000:
            return plan
        knots *= 4


_PLACE_NUMBERS = (
    "position",
    "spare",
    "mean",
    "variance",
    "near_mean",
    "near_variance",
    "holding_cost",
    "shortage_cost",
    "reorder_point",
    "level",
    "moq",
    "lot",
)


def _solve_at(batch: Batch, parameters: NetworkParameters, knots: int) -> tuple[BatchPlan, float]:
    factor = parameters.dead_band_factor
    lowest, highest, arriving = _reach(batch.places, batch.moves, factor)
    far = segments(batch.places, lowest, highest, knots)
    near = segments(batch.places, np.zeros_like(arriving), arriving, knots, near=True)
    error = float(far.secant_error.sum() + near.secant_error.sum())
    for whole in (False, True):
        data = _model_data(batch, lowest, far, near, arriving, factor, whole)
        model = build(data)
        matrix = matrix_of(model, f"network {batch.batch_id}")
        answer = solve(matrix, parameters.max_relative_gap, parameters.max_nodes)
        if answer.status == "FAILED":
            break
        moved, ordered = _read(batch, answer, matrix.columns)
        if np.abs(moved - np.round(moved)).max(initial=0.0) <= _WHOLE:
            return _plan(batch, answer, np.round(moved), ordered, error, factor, matrix.row_count), error
    policy = np.zeros(len(batch.moves)), batch.places.policy_order
    cost = plan_cost(batch.places, batch.moves, *policy, factor)
    failed = BatchPlan(
        batch.batch_id,
        *policy,
        status="FAILED",
        detail=answer.detail,
        objective=cost,
        bound=-np.inf,
        row_count=matrix.row_count,
        column_count=matrix.column_count,
        max_violation=0.0,
        solver_version=answer.solver_version,
    )
    return failed, error


def _plan(
    batch: Batch, answer: Solution, moved: Numbers, ordered: Numbers, error: float, factor: float, rows: int
) -> BatchPlan:
    moved, ordered = without_losing_moves(batch.places, batch.moves, moved, ordered, factor)
    cost = plan_cost(batch.places, batch.moves, moved, ordered, factor)
    alone = np.zeros(len(batch.moves)), batch.places.policy_order
    alone_cost = plan_cost(batch.places, batch.moves, *alone, factor)
    if alone_cost < cost:
        moved, ordered, cost = *alone, alone_cost
    # The pieces lie above the curve by no more than the error, so this bounds the true cost.
    bound = min(answer.bound - error, cost)
    return BatchPlan(
        batch.batch_id,
        moved,
        ordered,
        status="OPTIMAL" if cost - bound <= 1e-6 * max(abs(cost), 1.0) else "WITHIN_GAP",
        detail=answer.detail,
        objective=cost,
        bound=bound,
        row_count=rows,
        column_count=len(answer.values),
        max_violation=plan_breach(batch.places, batch.moves, moved, ordered),
        solver_version=answer.solver_version,
    )


def _reach(places: Places, moves: Moves, factor: float) -> tuple[Numbers, Numbers, Numbers]:
    """Lowest and highest change of each position that a best plan can use, and most arrivals.

    A place takes no unit whose gain is below the cheapest way to bring it, and gives none whose
    loss is above the best it can win; both limits are quantiles of its own demand.
    """
    n = len(places)
    gain, loss = unit_gain(places), unit_loss(places)
    cost = factor * moves.unit_cost
    cheapest, richest = np.full(n, np.inf), np.full(n, -np.inf)
    np.minimum.at(cheapest, moves.target, loss[moves.source] + cost)
    np.maximum.at(richest, moves.source, gain[moves.target] - cost)
    offered = np.bincount(moves.target, weights=moves.limit, minlength=n)
    need = places.need
    wins_by_order = np.zeros(n, dtype=np.bool_)
    wins_by_order[moves.source] |= need[moves.target] > 0
    both = np.maximum(places.holding_cost + places.shortage_cost, 1e-12)
    here = np.floor(places.position)

    later = _quantile(places.mean, places.variance, (places.shortage_cost - cheapest) / both)
    sooner = _quantile(
        places.near_mean, places.near_variance, 1.0 - cheapest / np.maximum(places.shortage_cost, 1e-12)
    )
    useful = np.where(need > 0, np.maximum(sooner - here, np.ceil(need)), later - here)
    arriving = np.clip(useful, 0.0, offered)
    floor_ratio = np.where(wins_by_order, 0.0, (places.shortage_cost - richest) / both)
    floor = _quantile(places.mean, places.variance, floor_ratio) - 1.0
    given = np.bincount(moves.source, weights=moves.limit, minlength=n)
    giving = np.clip(here - floor, 0.0, np.minimum(places.spare, given))
    ordered = np.maximum(places.policy_order, arriving + np.maximum(places.moq, places.lot))
    lowest = np.where(need > 0, np.floor(need), -np.floor(giving))
    highest = np.where(need > 0, np.ceil(ordered), arriving)
    # Nothing on offer: the policy's order is the plan, and the curve one point.
    alone = (need > 0) & (offered <= 0)
    lowest, highest = (np.where(alone, places.policy_order, limit) for limit in (lowest, highest))
    return lowest, np.maximum(highest, lowest), arriving


def _quantile(mean: Numbers, variance: Numbers, ratio: Numbers) -> Numbers:
    level = np.clip(np.nan_to_num(ratio, nan=0.0, posinf=1.0, neginf=0.0), 0.0, 1.0 - 1e-9)
    return quantiles(mean, variance, level[:, None])[:, 0]


def _model_data(
    batch: Batch,
    lowest: Numbers,
    far: Segments,
    near: Segments,
    arriving: Numbers,
    factor: float,
    whole: bool,
) -> ModelData:
    places, moves, n = batch.places, batch.moves, len(batch.places)
    need, order = places.need, places.policy_order
    triggered = need > 0
    ordering = triggered & (np.bincount(moves.target, minlength=n) > 0)
    # Without enough on offer the order is placed in any case, and its minimum is a plain bound.
    placed = triggered & (arriving < need - 1e-9)
    skippable = ordering & ~placed & (places.moq > places.lot)
    moq_lots = np.ceil(places.moq / places.lot - 1e-9)
    constant = far.base_cost.sum() + near.base_cost[triggered].sum()
    kept = ordering[near.place]
    return ModelData(
        place_count=n,
        lowest=lowest.tolist(),
        spare=np.floor(places.spare).tolist(),
        need=need.tolist(),
        lot=places.lot.tolist(),
        moq=places.moq.tolist(),
        least_lots=np.where(placed, moq_lots, 0.0).tolist(),
        most_lots=np.round(order / places.lot).tolist(),
        moves_into=_grouped(moves.target, n),
        moves_from=_grouped(moves.source, n),
        pieces_of=_grouped(far.place, n),
        near_pieces_of=_grouped(near.place[kept], n),
        piece_width=far.width.tolist(),
        piece_slope=far.slope.tolist(),
        near_width=near.width[kept].tolist(),
        near_slope=near.slope[kept].tolist(),
        limit=np.minimum(moves.limit, arriving[moves.target]).tolist(),
        move_cost=(factor * moves.unit_cost).tolist(),
        toll=(factor * moves.fixed_cost).tolist(),
        ordering=np.flatnonzero(ordering).tolist(),
        skippable=np.flatnonzero(skippable).tolist(),
        tolled=np.flatnonzero(moves.fixed_cost > 0).tolist(),
        whole_moves=whole,
        base_cost=float(constant),
    )


def _grouped(owner: Integers, n: int) -> list[list[int]]:
    groups: list[list[int]] = [[] for _ in range(n)]
    for index, group in enumerate(owner.tolist()):
        groups[group].append(index)
    return groups


def _read(batch: Batch, answer: Solution, columns: tuple[tuple[str, Any], ...]) -> tuple[Numbers, Numbers]:
    """Units by move and by place; unused variables are 0, and places without offers order by policy."""
    moved, lots = np.zeros(len(batch.moves)), np.zeros(len(batch.places))
    chosen = np.bincount(batch.moves.target, minlength=len(batch.places)) > 0
    for (family, index), value in zip(columns, answer.values.tolist(), strict=True):
        if family == "moved":
            moved[index] = value
        elif family == "lots":
            lots[index] = value
    return moved, np.where(chosen, np.round(lots) * batch.places.lot, batch.places.policy_order)
