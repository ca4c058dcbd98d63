"""From a solved problem to frames: transfers, orders, positions, rows and runs, each with its reason."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from optimization.contracts.network_outputs import (
    NETWORK_ROW,
    NETWORK_SOLVER_RUN,
    POSITION_PLAN,
    REPLENISHMENT_ORDER,
    TRANSFER_ORDER,
)
from optimization.network.baselines.comparison import expected_fill
from optimization.network.costs import pool_cost, position_after, row_use
from optimization.network.problem import Flags, Numbers, Outcome, Plan, Problem, Texts
from optimization.network.telling.worth import Worth, charges, row_names
from optimization.reasons import first_that_holds

MODEL_NAME = "network"
_NOISE = 1e-9
_ROW_NOISE = 1e-6


@dataclass(frozen=True)
class Decided:
    """A solved problem with the frames that its places and lanes stand for.

    topped (n): orders that were lifted for a minimum of the whole order. item_location, policy,
    protection_demand: one row per place (n), in the order of the places. lane: the rows that
    `Moves.lane` names. stated_capacity (j): capacity of every row as the source states it. is_planned
    (n): False where nothing may be decided. need (n): units up to the policy's level where the policy
    triggers, otherwise 0.
    """

    problem: Problem
    outcome: Outcome
    topped: Flags
    item_location: pd.DataFrame
    policy: pd.DataFrame
    protection_demand: pd.DataFrame
    lane: pd.DataFrame
    stated_capacity: Numbers
    is_planned: Flags
    need: Numbers
    as_of: pd.Timestamp

    @property
    def items(self) -> Texts:
        """Item of every place (n)."""
        return self.item_location["item_id"].to_numpy(dtype=object)

    @property
    def locations(self) -> Texts:
        """Location of every place (n)."""
        return self.item_location["location_id"].to_numpy(dtype=object)

    @property
    def plan(self) -> Plan:
        """What is published."""
        return self.outcome.plan

    @property
    def is_fallback(self) -> bool:
        """Whether the policy's own orders stand in for a plan."""
        return self.outcome.status == "FALLBACK"

    @property
    def method(self) -> str:
        """Name of what made the plan."""
        return "policy_fallback" if self.is_fallback else "network_model"

    def change(self) -> Numbers:
        """What the plan adds to the position of every place (n), units."""
        return position_after(self.problem, self.plan) - self.problem.places.position


def transfer_orders(decided: Decided, worth: Worth) -> pd.DataFrame:
    """Moves with units, as `opt_out__transfer_order`; `worth` is theirs (`worth.move_worth`)."""
    moves = decided.problem.moves.take(worth.number)
    names, items = decided.locations, decided.items[moves.source]
    start, end = names[moves.source], names[moves.target]
    transit = decided.lane["transit_days"].to_numpy(np.float64)[moves.lane]
    frame = pd.DataFrame(
        {
            "transfer_order_id": stable_ids("T", decided.as_of, items, start, end),
            "item_id": items,
            "from_location_id": start,
            "to_location_id": end,
            "transfer_units": worth.units,
            "release_date": _days_after(decided.as_of, np.zeros(len(transit))),
            "need_date": _days_after(decided.as_of, transit),
            "transfer_cost": worth.cost,
            "destination_value": worth.destination,
            "policy_value": worth.policy,
            "source_value": worth.source,
            "net_gain": worth.gain,
            "scarcity_charge": worth.charge,
            "reason_code": np.where(
                decided.need[moves.target] > 0, "TRANSFER_COVERS_NEED", "TRANSFER_PAYS"
            ).astype(object),
            "method": decided.method,
            "status": _status(decided),
            "binding_row": row_names(decided.problem.rows)[worth.row],
        }
    )
    return TRANSFER_ORDER.validate(frame.sort_values("transfer_order_id", ignore_index=True))


def replenishment_orders(decided: Decided, worth: Worth) -> pd.DataFrame:
    """Places with an order, as `opt_out__replenishment_order`; `worth` is theirs (`worth.order_worth`).

    Released on the business date, due when the lead time is over. The expected service is the share
    of the protection interval's demand that is filled, with the order and without it.
    """
    problem, used = decided.problem, worth.number
    rows, demand = decided.item_location.iloc[used], decided.protection_demand.iloc[used]
    mean, variance = (demand[name].to_numpy(np.float64) for name in ("mean_units", "variance_units2"))
    after = position_after(problem, decided.plan)[used]
    each = np.arange(len(used))
    lead = demand["lead_time_days"].to_numpy(np.float64)
    text = {name: rows[name].to_numpy(dtype=object) for name in ("item_id", "location_id", "supplier_id")}
    received = np.bincount(problem.moves.target, decided.plan.moved, len(problem.places)) > 0
    is_cut = worth.units < problem.places.order_limit[used] - _NOISE
    frame = pd.DataFrame(
        {
            "replenishment_order_id": stable_ids("R", decided.as_of, text["item_id"], text["location_id"]),
            "as_of": _days_after(decided.as_of, np.zeros(len(used))),
            **text,
            "replenish_units": worth.units,
            "lot_count": np.maximum(np.round(worth.units / problem.places.lot[used]), 1).astype(np.int64),
            "need_date": _days_after(decided.as_of, lead),
            "release_date": _days_after(decided.as_of, np.zeros(len(used))),
            "unit_cost": rows["unit_cost"].to_numpy(np.float64),
            "policy_version": policy_versions(decided.policy.iloc[used]),
            "expected_service_with": expected_fill(after, mean, variance, each, len(used)),
            "expected_service_without": expected_fill(after - worth.units, mean, variance, each, len(used)),
            "order_gain": worth.gain,
            "policy_value": worth.policy,
            "scarcity_charge": worth.charge,
            "reason_code": first_that_holds(
                {
                    "SOLVER_NO_SOLUTION": np.full(len(used), decided.is_fallback),
                    "SUPPLIER_MINIMUM": decided.topped[used],
                    "ORDER_CUT": is_cut & (worth.row >= 0),
                    "REST_AFTER_TRANSFER": is_cut & received[used],
                },
                "BELOW_REORDER_POINT",
            ),
            "method": decided.method,
            "status": _status(decided),
            "binding_row": row_names(problem.rows)[worth.row],
        }
    )
    return REPLENISHMENT_ORDER.validate(frame.sort_values(["item_id", "location_id"], ignore_index=True))


def position_plans(decided: Decided) -> pd.DataFrame:
    """Every place before and after, as `opt_out__position_plan`, with why it is not at its level."""
    problem, position = decided.problem, decided.problem.places.position
    change = decided.change()
    before = decided.item_location["inventory_position_units"].to_numpy(np.float64)
    frame = pd.DataFrame(
        {
            "item_id": decided.items,
            "location_id": decided.locations,
            "position_before_units": before,
            "position_after_units": before + change,
            "policy_level_units": decided.policy["order_up_to_units"].to_numpy(np.float64),
            "expected_cost_before": np.maximum(pool_cost(problem, position)[0], 0.0),
            "expected_cost_after": np.maximum(pool_cost(problem, position + change)[0], 0.0),
            "reason_code": position_reasons(decided),
            "method": decided.method,
            "status": first_that_holds({"QUARANTINED": ~decided.is_planned}, _status(decided)),
        }
    )
    return POSITION_PLAN.validate(frame)


def position_reasons(decided: Decided) -> Texts:
    """Why every place ends where it does (n), from the closed list."""
    problem, plan, need = decided.problem, decided.plan, decided.need
    n, change = len(need), decided.change()
    received = np.bincount(problem.moves.target, weights=plan.moved, minlength=n) > 0
    given = np.bincount(problem.moves.source, weights=plan.moved, minlength=n) > 0
    is_short = (need > 0) & (change < need - _NOISE)
    families = np.array([*problem.rows.family, None], dtype=object)
    one = np.ones(n)
    _, row = charges(problem.order_uses, np.arange(n), one, decided.outcome.proof.row_price)
    stops = families[row]
    return first_that_holds(
        {
            "INPUT_IMPLAUSIBLE": ~decided.is_planned,
            "SOLVER_NO_SOLUTION": np.full(n, decided.is_fallback),
            "SUPPLIER_MINIMUM": decided.topped,
            "BUDGET_BINDS": is_short & (stops == "budget"),
            "STORAGE_BINDS": is_short & (stops == "storage"),
            "CAPACITY_BINDS": is_short,
            "LOT_EXCESS": (need > 0) & (plan.ordered > 0) & (change > need + _NOISE),
            "ORDERED_TO_POLICY": plan.ordered > 0,
            "COVERED_BY_TRANSFER": (need > 0) & received,
            "TOOK_STOCK": received,
            "GAVE_STOCK": given,
        },
        "AT_POLICY",
    )


def network_rows(decided: Decided) -> pd.DataFrame:
    """Every coupling row with its use, price and slack, as `opt_out__network_row`."""
    rows, price = decided.problem.rows, decided.outcome.proof.row_price
    after, capacity = row_use(decided.problem, decided.plan), decided.stated_capacity
    noise = _ROW_NOISE * np.maximum(np.abs(capacity), 1.0)
    slack = np.where(after > capacity + noise, after - capacity, 0.0)
    frame = pd.DataFrame(
        {
            "row_family": rows.family,
            "row_key": rows.key,
            "row_capacity": capacity,
            "row_use_before": rows.base_use,
            "row_use_after": after,
            "row_price": price,
            "row_slack": slack,
            "row_slack_price": rows.slack_price,
            "is_binding": (price > 0) | (slack > 0),
            "reason_code": first_that_holds(
                {
                    "OVER_BEFORE_THE_PLAN": (slack > 0) & (rows.base_use > capacity + noise),
                    "CAPACITY_GAVE_WAY": slack > 0,
                    "CAPACITY_BINDS": price > 0,
                },
                "CAPACITY_FREE",
            ),
            "method": decided.method,
            "status": _status(decided),
        }
    )
    return NETWORK_ROW.validate(frame)


def solver_run(
    decided: Decided, max_violation: float, is_audit_passed: bool, solver_version: str, seed: int
) -> pd.DataFrame:
    """The one row of `opt_out__network_solver_run`: what was solved, how, and how well it is proven.

    `max_violation`, `is_audit_passed`: what the independent audit found. A plan without a bound has
    the bound 0: expected costs are not below it.
    """
    problem, outcome = decided.problem, decided.outcome
    has_bound = bool(np.isfinite(outcome.proof.bound))
    bound = outcome.proof.bound if has_bound else 0.0
    gap = outcome.relative_gap if has_bound else 1.0
    over: dict[str, float] = {}
    for family, units in zip(problem.rows.family, outcome.slack, strict=True):
        if units > _ROW_NOISE:
            over[family] = over.get(family, 0.0) + float(units)
    row = {
        "optimisation_model": MODEL_NAME,
        "batch_id": "all",
        "solver_status": outcome.status,
        "objective": outcome.objective,
        "objective_bound": bound,
        "relative_gap": gap,
        "row_count": len(problem.rows),
        "column_count": len(problem.moves) + len(problem.places),
        "slack_units": float(outcome.slack.sum()),
        "max_violation": max_violation,
        "is_audit_passed": is_audit_passed,
        "solver_version": solver_version,
        "engine": outcome.engine,
        "input_hash": problem_hash(problem),
        "solution_hash": _hash(outcome.plan.moved, outcome.plan.ordered),
        "random_seed": seed,
        "slack_reason": "; ".join(f"{name} {units:.6g}" for name, units in sorted(over.items())) or None,
        "detail": outcome.detail or None,
    }
    frame = pd.DataFrame([row], columns=list(NETWORK_SOLVER_RUN.column_names))
    return NETWORK_SOLVER_RUN.validate(frame.astype({"slack_reason": object, "detail": object}))


def problem_hash(problem: Problem) -> str:
    """Fingerprint of a problem's arrays: equal problems have equal ones, whatever made them."""
    parts = (problem.places, problem.curves, problem.moves, problem.rows, problem.move_uses)
    columns = [getattr(part, name) for part in (*parts, problem.order_uses) for name in vars(part)]
    return _hash(np.array([problem.dead_band_factor]), *columns)


def stable_ids(prefix: str, as_of: pd.Timestamp, *columns: Texts) -> list[str]:
    """An id per row from its business key and date, so that a re-run of the day makes no second one.

    >>> stable_ids("T", pd.Timestamp("2024-06-30"), np.array(["I1"], dtype=object))
    ['T6d9144b042db02f7']
    """
    day = as_of.date().isoformat()
    return [
        prefix + hashlib.sha256("\x1f".join([day, *map(str, row)]).encode()).hexdigest()[:16]
        for row in zip(*(column.tolist() for column in columns), strict=True)
    ]


def policy_versions(policy: pd.DataFrame) -> list[str]:
    """Fingerprint of each policy row's levels and terms: it changes when what triggers an order does."""
    columns = [policy[name].tolist() for name in _POLICY_TERMS]
    return [
        "P" + hashlib.sha256("\x1f".join(map(repr, row)).encode()).hexdigest()[:12]
        for row in zip(*columns, strict=True)
    ]


_POLICY_TERMS = (
    "item_id",
    "location_id",
    "reorder_point_units",
    "order_up_to_units",
    "moq_units",
    "lot_units",
    "service_target",
    "service_metric",
)


def _status(decided: Decided) -> str:
    return "FALLBACK" if decided.is_fallback else "OK"


def _days_after(as_of: pd.Timestamp, days: Numbers) -> npt.NDArray[np.datetime64]:
    return (as_of.to_datetime64() + np.ceil(days).astype("timedelta64[D]")).astype("datetime64[ns]")


def _hash(*columns: npt.NDArray[np.generic]) -> str:
    digest = hashlib.sha256()
    for column in columns:
        text = "\x1f".join(map(str, column)).encode() if column.dtype == object else column.tobytes()
        digest.update(str((column.dtype.str, column.shape)).encode() + text)
    return digest.hexdigest()[:16]
