"""The slots of the day: stated, solved level by level, audited, told."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from optimization.build_to_order.slots.audit import Audit, audited
from optimization.build_to_order.slots.engine import Solved, solve_slots
from optimization.build_to_order.slots.expediting import expedites_of
from optimization.build_to_order.slots.stating import SlotInputs, stated
from optimization.build_to_order.slots.telling import (
    assignment,
    expedite_options,
    line_of_orders,
    slot_load,
)
from optimization.contracts.order_outputs import MTO_SOLVER_RUN
from optimization.contracts.rows import frame_of
from optimization.errors import AuditError
from optimization.order_parameters import SlotParameters
from optimization.results import Report
from optimization.solver.call import solver_version

__all__ = ["SlotInputs", "SlotPlan", "plan_slots"]

_GAP = 1e-9


@dataclass(frozen=True)
class SlotPlan:
    """`mto_slot_assignment`, `slot_load`, `expedite_option`, `mto_solver_run`, and figures."""

    assignment: pd.DataFrame
    load: pd.DataFrame
    expedite: pd.DataFrame
    solver_run: pd.DataFrame
    report: Report


def plan_slots(inputs: SlotInputs, as_of: pd.Timestamp, parameters: SlotParameters) -> SlotPlan:
    """Give every order that waits to be built a plant, line and week, or the reason why it has none.

    Lexicographic: confirmed promises (count, then days), weighted lateness, moves and slots on top,
    earliness and minima, order of keys; `costs` states the levels. Raises `AuditError` when the plan
    breaks a rule of its own problem, `SolverError` when a level has no answer, `NonFiniteInputError` for a
    number that is none.
    """
    day = stated(inputs, as_of, parameters)
    problem = day.problem
    solved = solve_slots(problem, parameters.max_relative_gap, parameters.max_nodes)
    audit = audited(problem, solved.bucket)
    if not audit.is_passed:
        raise AuditError(
            f"the plan of {len(problem.orders)} orders breaks its rules: {'; '.join(audit.breaches)}; "
            "nothing is published: report the snapshot"
        )
    line = line_of_orders(day, solved.bucket)
    told = assignment(day, solved, line)
    loads = slot_load(day, solved, line, _gone(inputs, told))
    ways = expedites_of(problem, solved.bucket, parameters)
    expedite = expedite_options(day, ways, line)
    runs = _solver_run(solved, audit)
    report = Report.of(
        len(day.waiting),
        told,
        is_exact=int(solved.is_exact),
        slots=float(problem.buckets.capacity.sum()),
        promises_broken=int(told["is_promise_broken"].sum()),
        moved=int(told["is_moved"].sum()),
        expedite_options=len(expedite),
    )
    return SlotPlan(told, loads, expedite, runs, report)


def _gone(inputs: SlotInputs, told: pd.DataFrame) -> pd.DataFrame:
    """Orders of the plan before that have left their week: cancelled, blocked or moved, not built."""
    columns = ["plant_id", "production_line_id", "week_start_date", "options"]
    if inputs.previous_slot is None:
        return pd.DataFrame({name: pd.Series(dtype=object) for name in columns})
    before = inputs.previous_slot.dropna(subset=["week_start_date"])
    now = told.set_index("order_id").reindex(before["order_id"])
    source = inputs.mto_order.set_index("order_id").reindex(before["order_id"])
    stays = (
        pd.to_datetime(now["week_start_date"]).to_numpy()
        == pd.to_datetime(before["week_start_date"]).to_numpy()
    ) & (now["production_line_id"].to_numpy(object) == before["production_line_id"].to_numpy(object))
    waits = before["order_id"].isin(told["order_id"]).to_numpy(dtype=np.bool_)
    cancelled = (source["order_status"] == "cancelled").to_numpy(dtype=np.bool_)
    left = (waits & ~stays) | cancelled
    frame = before.assign(options=source["options"].fillna("").to_numpy(object))[columns]
    return pd.DataFrame(frame[left].reset_index(drop=True))


def _solver_run(solved: Solved, audit: Audit) -> pd.DataFrame:
    """One row per level: value of the plan, bound on every plan as good in the levels before."""
    rows: list[dict[str, object]] = []
    for number, end in enumerate(solved.ends, start=1):
        gap = max(0.0, end.value - end.bound) / max(abs(end.value), 1.0)
        rows.append(
            {
                "optimisation_model": "slots",
                "batch_id": f"{number} {end.level}",
                "solver_status": "OPTIMAL" if gap <= _GAP else "WITHIN_GAP" if gap <= 1e-3 else "GAP_OPEN",
                "objective": end.value,
                "objective_bound": min(end.bound, end.value),
                "relative_gap": gap,
                "row_count": end.row_count,
                "column_count": end.column_count,
                "slack_units": 0.0,
                "max_violation": max(end.max_violation, audit.worst),
                "is_audit_passed": audit.is_passed,
                "solver_version": solver_version(),
            }
        )
    return frame_of(MTO_SOLVER_RUN, rows)
