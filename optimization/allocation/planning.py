"""The day's allocation: the state of every pool after what people did and what the supply became.

The door of the room. The steps stand in `cycle`, the tables in `telling`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from optimization.allocation.auditing import audit_state
from optimization.allocation.book import POOL
from optimization.allocation.cycle import Cycle, applied_operations, run_cycle
from optimization.allocation.optimal.fairness import fairness
from optimization.allocation.restoring import former_pools, gone_segments, restore
from optimization.allocation.rules.plan_states import plan_states
from optimization.allocation.stating import (
    AllocationInputs,
    Day,
    state_day,
    state_ledger,
    state_orders,
    state_segments,
    take,
)
from optimization.allocation.telling.entries import entry_frame
from optimization.allocation.telling.forms import in_form
from optimization.allocation.telling.runs import rebalance_run_frame
from optimization.allocation.telling.state import loan_frame, reservation_frame
from optimization.allocation.telling.state_of_cycle import allocation_of_cycle
from optimization.contracts.allocation_tables import ALLOCATION_PLAN
from optimization.parameters import AllocationParameters
from optimization.results import Mapper, Report

__all__ = ["AllocationFrames", "AllocationInputs", "AllocationPlan", "allocate", "end_of_day"]


@dataclass(frozen=True)
class AllocationFrames:
    """The tables `opt_out__…` of these names."""

    allocation: pd.DataFrame
    allocation_plan: pd.DataFrame
    allocation_entry: pd.DataFrame
    borrow_loan: pd.DataFrame
    soft_reservation: pd.DataFrame
    rebalance_run: pd.DataFrame
    fairness: pd.DataFrame
    allocation_solver_run: pd.DataFrame


@dataclass(frozen=True)
class AllocationPlan:
    """What a cycle publishes, and its figures."""

    frames: AllocationFrames
    report: Report


def end_of_day(as_of: pd.Timestamp) -> pd.Timestamp:
    """The cut-off of a business date: its last microsecond.

    >>> end_of_day(pd.Timestamp("2024-06-30"))
    Timestamp('2024-06-30 23:59:59.999999')
    """
    return as_of.normalize() + pd.Timedelta(days=1) - pd.Timedelta(microseconds=1)


def allocate(
    inputs: AllocationInputs,
    as_of: pd.Timestamp,
    parameters: AllocationParameters | None = None,
    mapper: Mapper = map,
) -> AllocationPlan:
    """Run the cycle of the business date `as_of` on the state that the release before published.

    The same inputs give the same frames, whatever the order of their rows. Raises `ContractError` for
    a frame not of its table, `ValueError` for a pool formula that is none, and `AuditError` when a
    target breaks its rules or the state is not the replay of its lines.
    """
    parameters = parameters or AllocationParameters()
    event, decision, proposed, rules = state_ledger(inputs)
    before = inputs.previous_allocation
    former = None if before is None else former_pools(before)
    day = state_day(inputs, parameters, former)
    published = (inputs.previous_allocation, inputs.previous_loan, inputs.previous_reservation)
    current = inputs.segment[inputs.segment["segment_id"].isin(day.facts.segments.segment_id)]
    previous = restore(
        day.keys,
        day.facts.is_whole,
        state_segments(current, gone_segments(current, *published)),
        *published,
        inputs.applied_actions,
    )
    at = int(end_of_day(as_of).as_unit("ns").value)
    orders = state_orders(inputs.segment_order, inputs.previous_as_of, as_of, inputs.previous_order, former)
    operations = applied_operations(previous.book, event, orders, at)
    plan = plan_states(rules, proposed, decision, as_of)
    cycle = run_cycle(previous, day, operations, plan, as_of, at, parameters, mapper)

    allocation = allocation_of_cycle(cycle, parameters.pool_formula)
    entry = entry_frame(cycle, parameters.pool_formula, as_of)
    audit_state(inputs.previous_allocation, allocation, entry, _whole_rows(day, allocation))
    frames = AllocationFrames(
        allocation=allocation,
        allocation_plan=in_form(cycle.aim.plan, ALLOCATION_PLAN),
        allocation_entry=entry,
        borrow_loan=loan_frame(cycle.book),
        soft_reservation=reservation_frame(cycle.book),
        rebalance_run=rebalance_run_frame(cycle, as_of),
        fairness=fairness(take(cycle.facts, cycle.aim.rows), cycle.aim.optimal, cycle.aim.ruled),
        allocation_solver_run=cycle.aim.solver_run,
    )
    return AllocationPlan(frames, _report(inputs, day, cycle, frames))


def _whole_rows(day: Day, allocation: pd.DataFrame) -> pd.Series:
    pools = day.keys.assign(whole=day.facts.is_whole)
    return allocation[["item_id", "location_id"]].merge(pools, how="left", on=["item_id", "location_id"])[
        "whole"
    ]


def _report(inputs: AllocationInputs, day: Day, cycle: Cycle, frames: AllocationFrames) -> Report:
    decided = cycle.verdict.decision[cycle.is_told]
    accepted = frames.allocation_entry["entry_status"] == "accepted"
    return Report.of(
        len(inputs.segment_demand),
        frames.allocation,
        pools=int((frames.allocation["segment_id"] == POOL).sum()),
        segments=len(day.facts.segments),
        pools_rebalanced=int(np.count_nonzero(decided == "rebalanced")),
        pools_suppressed=int(np.count_nonzero(decided == "suppressed")),
        lines=len(accepted),
        lines_rejected=int((~accepted).sum()),
        open_loans=int((frames.borrow_loan["open_units"] > 0).sum()),
        active_reservations=int((frames.soft_reservation["open_units"] > 0).sum()),
        demand_rows_set_aside=day.demand_rows_set_aside,
    )
