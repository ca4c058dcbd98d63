"""The day's network plan: which need is met by a transfer, which by a supplier order.

Items share no capacity here, so the plan is a plan per item. Items without a move that could pay
keep the policy's order in closed form; the others go through the model in batches.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from optimization.contracts.inputs import ITEM_LOCATION, LANE
from optimization.contracts.outputs import NETWORK_SOLVER_RUN, POLICY, PROTECTION_DEMAND
from optimization.errors import AuditError
from optimization.keys import positions, sorted_by_key
from optimization.network.audit import plan_breach, plan_cost
from optimization.network.batches import Batch, BatchPlan, solve_batch
from optimization.network.items import Integers, Moves, Numbers, Places
from optimization.network.lanes import useful_moves
from optimization.network.orders import Texts, position_plans, replenishment_orders, transfer_orders
from optimization.network.statement import places_of
from optimization.network.supplier_minimum import with_minimums_met
from optimization.parameters import NetworkParameters
from optimization.results import Mapper, Report
from optimization.screening import screened

MODEL_NAME = "network"
# Branch and bound of many independent items in one tree is slower than item by item.
_ITEMS_PER_WHOLE_BATCH = 1
_AUDIT_TOLERANCE = 1e-6


@dataclass(frozen=True)
class NetworkPlan:
    """Frames `opt_out__transfer_order`, `…replenishment_order`, `…position_plan`, `…network_solver_run`."""

    transfer_order: pd.DataFrame
    replenishment_order: pd.DataFrame
    position_plan: pd.DataFrame
    solver_run: pd.DataFrame
    report: Report


def plan_network(
    item_location: pd.DataFrame,
    policy: pd.DataFrame,
    protection_demand: pd.DataFrame,
    lane: pd.DataFrame,
    as_of: pd.Timestamp,
    parameters: NetworkParameters | None = None,
    mapper: Mapper = map,
) -> NetworkPlan:
    """Plan transfers and supplier orders for every item-location.

    The policy triggers an order (position ≤ reorder point) and sizes the need; the model decides
    between transfer and supplier and moves stock that no trigger asked for when that wins the
    dead-band factor times its cost. Every batch is solved to a proven gap on true expected costs,
    audited in separate code, and never worse than the policy alone; a batch without a proven plan
    is solved item by item, and an item without one keeps the policy's order (FALLBACK). Raises
    `ContractError` for a frame not of its table and `AuditError` when a plan fails the audit.
    """
    parameters = parameters or NetworkParameters()
    item_location, poisoned = screened(sorted_by_key(item_location), ITEM_LOCATION)
    policy, protection_demand = POLICY.validate(policy), PROTECTION_DEMAND.validate(protection_demand)
    lane, bad_lane = screened(sorted_by_key(lane, ("from_location_id", "to_location_id")), LANE)
    lane = lane[~bad_lane].reset_index(drop=True)
    places = places_of(item_location, policy, protection_demand, poisoned)
    lead_days = protection_demand["lead_time_days"].to_numpy(np.float64)[
        positions(item_location, protection_demand)
    ]
    names = pd.Index(item_location["location_id"].unique())
    moves = useful_moves(
        places,
        names.get_indexer(item_location["location_id"]).astype(np.int64),
        lane,
        names.get_indexer(lane["from_location_id"]).astype(np.int64),
        names.get_indexer(lane["to_location_id"]).astype(np.int64),
        lead_days,
        parameters.dead_band_factor,
    )

    moved, ordered = np.zeros(len(moves)), places.policy_order
    solved = np.full(len(places), "closed_form", dtype=object)
    runs = _solve(places, moves, parameters, mapper, moved, ordered, solved)
    _audit(places, moves, moved, ordered, parameters.dead_band_factor)
    runs.insert(0, _closed_form_run(places, moves, ordered, parameters.dead_band_factor))

    # What a minimum over the whole order adds is no part of the model, nor of its audit.
    ordered, topped, below = with_minimums_met(item_location, places, ordered)
    transit = lane["transit_days"].to_numpy(np.float64)
    transfers = transfer_orders(item_location, places, moves, moved, ordered, transit, as_of)
    orders = replenishment_orders(item_location, ordered, topped, solved, lead_days, as_of)
    plan = position_plans(item_location, places, moves, moved, ordered, topped, solved)
    solver_run = NETWORK_SOLVER_RUN.validate(pd.DataFrame(runs))
    report = Report.of(
        len(item_location),
        plan,
        transfers=len(transfers),
        replenishments=len(orders),
        items=int(places.item.max(initial=-1)) + 1,
        items_in_model=len(np.unique(places.item[moves.source])),
        useful_moves=len(moves),
        solves=len(runs) - 1,
        lanes_set_aside=int(bad_lane.sum()),
        topped_up_lines=int(topped.sum()),
        orders_below_minimum=below,
        worst_relative_gap=float(solver_run["relative_gap"].max()),
    )
    return NetworkPlan(transfers, orders, plan, solver_run, report)


def _solve(
    places: Places,
    moves: Moves,
    parameters: NetworkParameters,
    mapper: Mapper,
    moved: Numbers,
    ordered: Numbers,
    solved: Texts,
) -> list[dict[str, object]]:
    """Solve all items with useful moves and write their plans into the arrays; one run per solve."""
    cuts = _batches(places, moves, parameters.items_per_batch)
    runs: list[dict[str, object]] = []
    for attempt in ("batch", "item"):
        batches = [_batch(places, moves, cut, f"{attempt}-{number:05d}") for number, cut in enumerate(cuts)]
        plans = mapper(partial(solve_batch, parameters=parameters), batches)
        again: list[Integers] = []
        for cut, plan in zip(cuts, plans, strict=True):
            runs.append(_run(plan))
            if plan.status == "FAILED" and attempt == "batch":
                again += [np.array([item]) for item in cut]
                continue
            rows, lanes = _members(places, moves, cut)
            moved[lanes], ordered[rows] = plan.moved, plan.ordered
            solved[rows] = "policy_fallback" if plan.status == "FAILED" else "network_model"
        cuts = again
        if not cuts:
            break
    return runs


def _batches(places: Places, moves: Moves, items_per_batch: int) -> list[Integers]:
    """Items with useful moves, cut in key order; items that need branching apart and in small cuts."""
    in_lots = (places.lot != 1.0) | (places.moq > 1.0)
    needs_whole = (moves.fixed_cost > 0) | ((places.need > 0) & in_lots)[moves.target]
    items = np.unique(places.item[moves.source])
    branching = np.isin(items, places.item[moves.source[needs_whole]])
    cuts: list[Integers] = []
    for members, size in (
        (items[~branching], items_per_batch),
        (items[branching], min(items_per_batch, _ITEMS_PER_WHOLE_BATCH)),
    ):
        cuts += [part for part in np.split(members, range(size, len(members), size)) if len(part)]
    return cuts


def _members(places: Places, moves: Moves, items: Integers) -> tuple[Integers, Integers]:
    """Rows of the items' places, and of their moves; places are sorted by item."""
    first = np.searchsorted(places.item, items, side="left")
    last = np.searchsorted(places.item, items, side="right")
    rows = np.concatenate([np.arange(start, end) for start, end in zip(first, last, strict=True)])
    start = np.searchsorted(moves.source, first, side="left")
    end = np.searchsorted(moves.source, last, side="left")
    lanes = np.concatenate([np.arange(low, high) for low, high in zip(start, end, strict=True)])
    return rows, lanes


def _batch(places: Places, moves: Moves, items: Integers, batch_id: str) -> Batch:
    rows, lanes = _members(places, moves, items)
    chosen = moves.take(lanes)
    return Batch(
        batch_id,
        places.take(rows),
        Moves(
            source=np.searchsorted(rows, chosen.source),
            target=np.searchsorted(rows, chosen.target),
            lane=chosen.lane,
            unit_cost=chosen.unit_cost,
            fixed_cost=chosen.fixed_cost,
            limit=chosen.limit,
        ),
    )


def _run(plan: BatchPlan) -> dict[str, object]:
    return {
        "optimisation_model": MODEL_NAME,
        "batch_id": plan.batch_id,
        "solver_status": plan.status,
        "objective": plan.objective,
        # A failed solve proves nothing; expected costs are at least 0.
        "objective_bound": max(plan.bound, 0.0),
        "relative_gap": plan.relative_gap,
        "row_count": plan.row_count,
        "column_count": plan.column_count,
        "slack_units": 0.0,
        "max_violation": plan.max_violation,
        "is_audit_passed": plan.max_violation <= _AUDIT_TOLERANCE,
        "solver_version": plan.solver_version,
    }


def _closed_form_run(places: Places, moves: Moves, ordered: Numbers, factor: float) -> dict[str, object]:
    """The items without a useful move: the policy's order is the plan, and the filter its proof."""
    calm = ~np.isin(places.item, places.item[moves.source])
    rows = np.flatnonzero(calm)
    none = moves.take(np.zeros(0, dtype=np.int64))
    cost = plan_cost(places.take(rows), none, np.zeros(0), ordered[rows], factor)
    return {
        "optimisation_model": MODEL_NAME,
        "batch_id": "closed_form",
        "solver_status": "OPTIMAL",
        "objective": cost,
        "objective_bound": cost,
        "relative_gap": 0.0,
        "row_count": 0,
        "column_count": 0,
        "slack_units": 0.0,
        "max_violation": plan_breach(places.take(rows), none, np.zeros(0), ordered[rows]),
        "is_audit_passed": True,
        "solver_version": "closed form",
    }


def _audit(places: Places, moves: Moves, moved: Numbers, ordered: Numbers, factor: float) -> None:
    """Re-check the whole plan: feasible in the source's units, and no dearer than the policy alone."""
    breach = plan_breach(places, moves, moved, ordered)
    if breach > _AUDIT_TOLERANCE:
        raise AuditError(
            f"the network plan breaks its own rules by {breach:.6g} units; nothing may be published. "
            "Re-run with this snapshot and report it: the model and its audit disagree"
        )
    cost = plan_cost(places, moves, moved, ordered, factor)
    alone = plan_cost(places, moves, np.zeros(len(moves)), places.policy_order, factor)
    if cost > alone + 1e-6 * max(abs(alone), 1.0):
        raise AuditError(
            f"the network plan costs {cost:.6g}, the policy alone {alone:.6g}; nothing may be published. "
            "Re-run with this snapshot and report it: the model and its audit disagree"
        )
