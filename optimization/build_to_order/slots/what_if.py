"""What a change of one order would do to its week and to the others.

`standing` restates the day's problem around its published plan; `re_solve` answers changes on it, each
for itself: first the order alone is put anew on what is left, everybody else fixed. Where that makes it
later than before, the orders of the weeks that it would need may move within their slack, and the exact
engine decides.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from optimization.build_to_order.slots.assembly import room_beside
from optimization.build_to_order.slots.costs import allowed, lateness_days, level_cost
from optimization.build_to_order.slots.exact import solve_exactly
from optimization.build_to_order.slots.grouping import grouped, to_orders
from optimization.build_to_order.slots.inserting import best_open, open_buckets
from optimization.build_to_order.slots.problem import NONE, Flags, Integers, SlotProblem
from optimization.build_to_order.slots.stating import (
    SlotInputs,
    Stated,
    bucket_of,
    day_number,
    option_flags,
    stated,
)
from optimization.build_to_order.slots.value import COUNTED, objective_vector
from optimization.option_sets import options_of
from optimization.order_parameters import SlotParameters

CONSEQUENCE_COLUMNS = (
    "change_id",
    "order_id",
    "has_slot_before",
    "previous_week_start_date",
    "has_slot_after",
    "week_start_date",
    "plant_id",
    "promises_broken",
    "affected_order_count",
    "affected_orders",
    "cost_delta",
    "reason_code",
)
_FREE_ORDERS = 120


@dataclass(frozen=True)
class Standing:
    """The day's problem and the bucket of each of its orders (n,), -1 without a slot."""

    stated: Stated
    bucket: Integers
    parameters: SlotParameters


def standing(
    inputs: SlotInputs, assignment: pd.DataFrame, as_of: pd.Timestamp, parameters: SlotParameters
) -> Standing:
    """State the problem of the day and put its published plan (`mto_slot_assignment`) into it."""
    day = stated(inputs, as_of, parameters)
    problem = day.problem
    plan = assignment.set_index("order_id")[["plant_id", "week_start_date"]]
    plan = plan.reindex(problem.orders.order_id)
    dates = pd.to_datetime(plan["week_start_date"]).to_numpy(dtype="datetime64[D]")
    plant = pd.Index(problem.plants).get_indexer(pd.Index(plan["plant_id"])).astype(np.int64)
    week = np.where(np.isnat(dates), NONE, dates.astype(np.int64))
    fixed = problem.orders.fixed
    return Standing(day, np.where(fixed >= 0, fixed, bucket_of(problem, plant, week)), parameters)


def re_solve(standing: Standing, changes: pd.DataFrame) -> pd.DataFrame:
    """What each change would do, each for itself: columns `CONSEQUENCE_COLUMNS`, one row per change.

    `changes`: `change_id`, `order_id`, `options` (null: they stay), `new_requested_date` (null: stays).
    `week_start_date` is null without a slot. `promises_broken`: how many more confirmed promises would be
    broken. `cost_delta`: money for lateness, moves and slots on top, all orders together.
    `affected_orders`: other orders that move, joined by `|`. `reason_code`: SLOT_UNCHANGED, SLOT_INSERTED
    (on what is left), SLOT_BY_MOVES (others move within their slack), NO_CAPACITY, SLOT_FROZEN (it has a
    frozen week, which no change reaches), NOT_PLANNED (it is not among the orders that may have a slot).
    A new date is a wish: it takes the promise's place for this order.
    """
    rows = [_consequence(standing, change) for change in changes.to_dict("records")]
    frame = pd.DataFrame(rows, columns=list(CONSEQUENCE_COLUMNS))
    for column in ("previous_week_start_date", "week_start_date"):
        frame[column] = pd.to_datetime(frame[column]).astype("datetime64[us]")
    return frame


def _consequence(standing: Standing, change: dict[Hashable, Any]) -> dict[str, object]:
    problem, before = standing.stated.problem, standing.bucket
    found = np.flatnonzero(problem.orders.order_id == change["order_id"])
    told: dict[str, object] = {"change_id": change["change_id"], "order_id": change["order_id"]}
    if not len(found):
        return told | _unplanned("NOT_PLANNED")
    row = int(found[0])
    if problem.orders.fixed[row] != NONE:
        told |= _slots(problem, int(before[row]), int(before[row]))
        return told | _unmoved("SLOT_FROZEN")
    changed = _with_change(standing.stated, row, change)
    after, reason = _placed(changed, before, row, standing.parameters)
    was, now = objective_vector(problem, before), objective_vector(changed, after)
    moved = problem.orders.order_id[(after != before) & (np.arange(len(before)) != row)]
    return (
        told
        | _slots(problem, int(before[row]), int(after[row]))
        | {
            "promises_broken": round(now["promises"] - was["promises"]),
            "affected_order_count": len(moved),
            "affected_orders": "|".join(sorted(moved)),
            "cost_delta": _money(changed, now) - _money(problem, was),
            "reason_code": reason,
        }
    )


def _placed(
    problem: SlotProblem, before: Integers, row: int, parameters: SlotParameters
) -> tuple[Integers, str]:
    """The plan after the change of order `row`, and how it was found."""
    alone = before.copy()
    alone[row] = NONE
    own = problem.orders.take(np.array([row]))
    is_open = open_buckets(problem, own, room_beside(problem, alone))
    at = int(before[row])
    late = lateness_days(problem, own)[0]
    if at >= 0 and is_open[0, at] and late[at] == 0.0:
        return before, "SLOT_UNCHANGED"
    # Lateness first, then what it is moved by.
    order = (
        late[:-1] * 1e6
        + level_cost(problem, "moves", own)[0, :-1]
        + level_cost(problem, "earliness", own)[0, :-1] * 1e-3
    )
    alone[row] = best_open(order[None, :], is_open)[0]
    reason = "SLOT_INSERTED" if alone[row] >= 0 else "NO_CAPACITY"
    if alone[row] == at:
        reason = "SLOT_UNCHANGED" if at >= 0 else "NO_CAPACITY"
    had = late[at] if at >= 0 else late[-1]
    got = late[alone[row]] if alone[row] >= 0 else late[-1]
    if got <= had and alone[row] >= 0:
        return alone, reason
    tried = _with_others(problem, before, row, parameters)
    return (tried, "SLOT_BY_MOVES") if _is_better(problem, tried, alone) else (alone, reason)


def _with_others(problem: SlotProblem, before: Integers, row: int, parameters: SlotParameters) -> Integers:
    """The order and those of the weeks that it needs, placed anew; the others no later than they are due."""
    orders = problem.orders
    wanted = _wanted(problem, row)
    movable = (orders.fixed == NONE) & (np.arange(len(orders)) != row) & (before >= 0)
    rows = np.flatnonzero(movable & wanted[np.where(before >= 0, before, 0)])[:_FREE_ORDERS]
    rows = np.sort(np.append(rows, row))
    groups = grouped(problem, rows, apart=row)
    others = before.copy()
    others[rows] = NONE
    room = room_beside(problem, others)
    mask = allowed(problem, groups.first)
    late = lateness_days(problem, groups.first)
    # Within their slack: nobody becomes late, and who is late already no later than now.
    now = np.zeros(len(groups))
    at = np.where(before[rows] >= 0, before[rows], len(problem.buckets))
    np.maximum.at(
        now, groups.group[rows], lateness_days(problem, orders.take(rows))[np.arange(len(rows)), at]
    )
    own = groups.group[row]
    within = late <= now[:, None]
    within[:, -1] = False
    within[own] = True
    mask &= within
    units, _ = solve_exactly(problem, groups, room, parameters.max_relative_gap, parameters.max_nodes, mask)
    by_week = np.lexsort((problem.buckets.plant, problem.buckets.week_day)).astype(np.int64)
    return np.where(groups.group >= 0, to_orders(groups, units, by_week), others)


def _wanted(problem: SlotProblem, row: int) -> Flags:
    """Buckets in which the order would be on time, or the first that it may have."""
    own = problem.orders.take(np.array([row]))
    may = allowed(problem, own)[0, :-1]
    late = lateness_days(problem, own)[0, :-1]
    if not may.any():
        return may
    return np.asarray(may & (late <= late[may].min()))


def _is_better(problem: SlotProblem, plan: Integers, than: Integers) -> bool:
    one, other = objective_vector(problem, plan), objective_vector(problem, than)
    return [round(one[name], 6) for name in COUNTED] < [round(other[name], 6) for name in COUNTED]


def _with_change(day: Stated, row: int, change: dict[Hashable, Any]) -> SlotProblem:
    """The problem with other options or another due day for one order."""
    problem = day.problem
    orders = problem.orders
    source = day.waiting.iloc[[int(day.planned[row])]]
    options, ready, due = orders.options.copy(), orders.ready_day.copy(), orders.due_day.copy()
    confirmed = orders.is_confirmed.copy()
    text, wish = change.get("options"), change.get("new_requested_date")
    if isinstance(text, str):
        options[row] = option_flags(pd.Series([text]), problem.options)[0]
        # Material of options that it did not have is ordered now.
        added = options_of(text) - options_of(source["options"].iloc[0])
        wait = max((day.lead_days.get(option, 0.0) for option in added), default=0.0)
        ready[row] = max(int(ready[row]), day.as_of + int(np.ceil(wait)) if added else 0)
    if wish is not None and not pd.isna(wish):
        due[row] = day_number(pd.Timestamp(str(wish))) - int(np.ceil(float(source["p90_days"].iloc[0])))
        confirmed[row] = False
    return replace(
        problem,
        orders=replace(orders, options=options, ready_day=ready, due_day=due, is_confirmed=confirmed),
    )


def _money(problem: SlotProblem, value: dict[str, float]) -> float:
    return problem.lateness_cost * value["lateness"] + value["moves"]


def _slots(problem: SlotProblem, before: int, after: int) -> dict[str, object]:
    days = problem.buckets.week_day
    return {
        "has_slot_before": before >= 0,
        "previous_week_start_date": _week(days, before),
        "has_slot_after": after >= 0,
        "week_start_date": _week(days, after),
        "plant_id": problem.plants[int(problem.buckets.plant[after])] if after >= 0 else None,
    }


def _week(days: Integers, at: int) -> pd.Timestamp | None:
    return pd.Timestamp(int(days[at]), unit="D") if at >= 0 else None


def _unmoved(reason: str) -> dict[str, object]:
    return {
        "promises_broken": 0,
        "affected_order_count": 0,
        "affected_orders": "",
        "cost_delta": 0.0,
        "reason_code": reason,
    }


def _unplanned(reason: str) -> dict[str, object]:
    nothing = {"previous_week_start_date": None, "week_start_date": None, "plant_id": None}
    return {"has_slot_before": False, "has_slot_after": False, **nothing, **_unmoved(reason)}
