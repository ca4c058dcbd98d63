"""The day's network plan: which need is met by a transfer, which by a supplier order, which not.

Frames are stated as one problem, solved with a proof, audited from the arrays alone, held against
what simpler rules would do, and turned into frames again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from optimization.contracts.inputs import ITEM_LOCATION, UNIT
from optimization.contracts.outputs import POLICY, PROTECTION_DEMAND
from optimization.errors import AuditError
from optimization.keys import positions, sorted_by_key
from optimization.network.baselines.comparison import check_none_is_better
from optimization.network.baselines.plans import baseline_plans
from optimization.network.engine_choice import solve_network
from optimization.network.outcomes import outcome
from optimization.network.own_rows import OwnRows
from optimization.network.problem import Outcome, Plan, Problem
from optimization.network.proof.audit import TOLERANCE, PlanAudit, audit_plan
from optimization.network.stating.segments import with_segments
from optimization.network.stating.statement import state_problem
from optimization.network.stating.usefulness import without_useless_moves
from optimization.network.supplier_minimum import with_minimums_met
from optimization.network.telling.frames import PlanFrames, daily_rate, frames_of
from optimization.network.telling.tables import Decided
from optimization.network.trimming import without_losing_moves
from optimization.parameters import NetworkParameters
from optimization.results import Mapper, Report
from optimization.screening import screened

_NOISE = 1e-9

UserRows = Callable[[Any, pd.DataFrame], None]
"""Adds a user's own rows: gets the Pyomo model and the item-locations, in the order of its places."""


@dataclass(frozen=True)
class NetworkInputs:
    """Frames of the tables that the plan reads, named as they are.

    open_supply is `opt_out__supply_expectation`, or `opt_in__open_supply` by its stated dates.
    """

    item_location: pd.DataFrame
    policy: pd.DataFrame
    protection_demand: pd.DataFrame
    open_supply: pd.DataFrame
    lane: pd.DataFrame
    location_limit: pd.DataFrame
    recent_transfer: pd.DataFrame
    segment: pd.DataFrame
    segment_demand: pd.DataFrame
    unit: pd.DataFrame


@dataclass(frozen=True)
class NetworkPlan:
    """The frames of the plan, and its report."""

    frames: PlanFrames
    report: Report


def plan_network(
    inputs: NetworkInputs,
    as_of: pd.Timestamp,
    parameters: NetworkParameters | None = None,
    mapper: Mapper = map,
    user_rows: UserRows | None = None,
) -> NetworkPlan:
    """Plan transfers and supplier orders for every item-location.

    The policy triggers an order (position ≤ reorder point) and sizes the need; the model decides
    between transfer, supplier and cut, and moves stock that no trigger asked for when that wins the
    dead-band factor times its cost. An engine without a proven plan leaves the policy's own orders
    (FALLBACK). Raises `ContractError` for a frame not of its table, `KeyError` when policy or
    protection demand lack an item-location, and `AuditError` when the plan breaks a rule or a simpler
    rule would have been better: then nothing may be published.

    `user_rows(model, places)` may add rows of its own over `model.moved[move]`, whose ends are
    `model.data.problem.moves.source` and `.target`, over `model.ordered[place]` (only places that may
    order are keys) and over variables that it adds; a place is a row of `places`, which is
    `opt_in__item_location`. Every plan keeps them; `ContractError` or `SolverError` says when none can.
    """
    parameters = parameters or NetworkParameters()
    item_location, poisoned = screened(sorted_by_key(inputs.item_location), ITEM_LOCATION)
    policy, demand = POLICY.validate(inputs.policy), PROTECTION_DEMAND.validate(inputs.protection_demand)
    unit = UNIT.validate(inputs.unit)
    stated = state_problem(
        item_location,
        policy,
        demand,
        inputs.open_supply,
        inputs.lane,
        inputs.location_limit,
        inputs.recent_transfer,
        parameters,
        as_of,
        poisoned,
        unit,
    )
    policy = policy.iloc[positions(item_location, policy)].reset_index(drop=True)
    demand = demand.iloc[positions(item_location, demand)].reset_index(drop=True)
    # The filter comes last: a move may pay for the sake of one segment alone.
    problem = with_segments(stated.problem, item_location, inputs.segment, inputs.segment_demand, parameters)
    own = None
    if user_rows is None:
        problem = without_useless_moves(problem)
    else:
        # A row may ask for moves that would not pay, so none is left out.
        own = OwnRows.of(problem, lambda model: user_rows(model, item_location))
    keeps = (lambda _: True) if own is None else own.keeps
    solved = solve_network(problem, parameters, mapper, own)
    trimmed = without_losing_moves(problem, solved.plan)
    if solved.status != "FALLBACK" and keeps(trimmed):
        solved = _with_plan(problem, solved, trimmed, parameters)
    others = baseline_plans(problem, daily_rate(demand), item_location["unit_cost"].to_numpy(np.float64))
    others = {name: plan for name, plan in others.items() if keeps(plan)}
    audit = audited(problem, solved)
    if solved.status != "FALLBACK":
        check_none_is_better(problem, solved.objective, others)

    # What a minimum over the whole order adds is no decision of the model, but part of what it costs.
    ordered, below = with_minimums_met(stated, problem, policy, solved.plan, keeps)
    topped = ordered > solved.plan.ordered + _NOISE
    if topped.any():
        limit = np.maximum(problem.places.order_limit, ordered)
        problem = replace(problem, places=replace(problem.places, order_limit=limit))
        lifted = Plan(solved.plan.moved, ordered)
        solved = _with_plan(problem, solved, lifted, parameters)
        audit = audited(problem, solved)
    if not keeps(solved.plan):
        raise AuditError("the network plan breaks a row of network.user_rows; nothing may be published")
    decided = Decided(
        problem,
        solved,
        topped,
        item_location,
        policy,
        demand,
        stated.lane,
        stated.stated_capacity,
        stated.is_planned,
        stated.need,
        as_of,
    )
    frames = frames_of(decided, unit, audit, others, parameters.seed)
    report = Report.of(
        len(item_location),
        frames.position_plan,
        transfers=len(frames.transfer_order),
        replenishments=len(frames.replenishment_order),
        items=problem.item_count,
        possible_moves=len(stated.problem.moves),
        useful_moves=len(problem.moves),
        coupling_rows=len(problem.rows),
        priced_rows=int((solved.proof.row_price > 0).sum()),
        moved_units_without_vehicle=frames.units_missing,
        lanes_set_aside=stated.lanes_set_aside,
        topped_up_lines=int(topped.sum()),
        orders_below_minimum=below,
        relative_gap=float(frames.network_solver_run["relative_gap"].max()),
        engine=solved.engine,
    )
    return NetworkPlan(frames, report)


def _with_plan(problem: Problem, solved: Outcome, plan: Plan, parameters: NetworkParameters) -> Outcome:
    """The outcome of another plan of the same problem; its bound holds, and a fallback stays one."""
    gap = parameters.max_relative_gap
    other = outcome(problem, plan, solved.proof, solved.engine, solved.detail, gap)
    return replace(other, status="FALLBACK") if solved.status == "FALLBACK" else other


def audited(problem: Problem, solved: Outcome) -> PlanAudit:
    """Re-check a plan from the arrays alone. Raises `AuditError` where a rule or its cost disagrees."""
    audit = audit_plan(problem, solved.plan, solved.slack)
    broken = {rule: breach for rule, breach in audit.breach.items() if breach > TOLERANCE}
    off = abs(audit.objective - solved.objective)
    if broken or not off <= TOLERANCE * max(abs(solved.objective), 1.0):
        what = ", ".join(f"{rule} by {breach:.3g}" for rule, breach in broken.items())
        raise AuditError(
            f"the network plan breaks {what or 'no rule'}; its cost is {solved.objective:.6g}, recomputed "
            f"{audit.objective:.6g}. Nothing may be published: re-run with this snapshot and report it"
        )
    return audit
