"""The annual plan as tables: what to buy and hold by month, what each scarce thing is worth, the solve."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from optimization.contracts.inputs import ITEM_LOCATION, LOCATION_LIMIT
from optimization.contracts.outputs import FORECAST, POLICY, PROTECTION_DEMAND, SEASONAL_INDEX
from optimization.contracts.planning_tables import ANNUAL_PLAN, ANNUAL_PLAN_PRICE, ANNUAL_SOLVER_RUN
from optimization.contracts.rows import frame_of
from optimization.errors import AuditError, NonFiniteInputError, StockplanError
from optimization.keys import known_positions, sorted_by_key
from optimization.planning.annual import fallback
from optimization.planning.annual.audit import Audit, audited, option_units, region_volume
from optimization.planning.annual.demand import LEVELS
from optimization.planning.annual.model import MODEL, YearPlan, solve_year
from optimization.planning.annual.parameters import AnnualParameters
from optimization.planning.annual.problem import AnnualProblem, problem_of
from optimization.results import Report
from optimization.screening import screened

Numbers = npt.NDArray[np.float64]
Places = list[tuple[str, str, str, npt.NDArray[np.int64]]]

TWO_STAGE = "two_stage"
METHOD = "two_stage_linear_program"
NETWORK = "*"
_NO_LIMIT = {
    "capacity": "no capacity is set (planning.capacity_units)",
    "overtime": "no overtime is set (planning.overtime_units)",
    "space": "a location of the region states no storage_m3",
    "cash": "no cash limit is set (planning.cash_limit)",
    "option": "no option is limited (planning.option_capacity_units)",
}
# A use this close to its limit is taken for all of it.
_FULL = 1e-6


@dataclass(frozen=True)
class AnnualTables:
    """The tables `opt_out__…` of these names, and the figures."""

    annual_plan: pd.DataFrame
    annual_plan_price: pd.DataFrame
    annual_solver_run: pd.DataFrame
    report: Report


def plan_year(
    item_location: pd.DataFrame,
    protection_demand: pd.DataFrame,
    policy: pd.DataFrame,
    forecast: pd.DataFrame,
    seasonal_index: pd.DataFrame,
    location_limit: pd.DataFrame,
    as_of: pd.Timestamp,
    parameters: AnnualParameters | None = None,
) -> AnnualTables:
    """Plan the next whole months by category and region; quarantined item-locations take no part.

    Without an optimum, or where the plan fails the recomputation, the year is what demand needs whatever is
    scarce, with status FALLBACK, no prices and the reason in `detail` of the solve. Takes the tables of
    these names. Raises `ContractError` when a frame is not of its table, `KeyError` when an item-location is
    missing in one, `NonFiniteInputError` for a number that is none, `AuditError` when the fallback itself
    does not add up.
    """
    parameters = parameters or AnnualParameters()
    items, poisoned = screened(sorted_by_key(item_location), ITEM_LOCATION)
    items = items[~poisoned].reset_index(drop=True)
    protection, levels = (
        table.validate(frame).iloc[known_positions(items, frame, table.name)].reset_index(drop=True)
        for table, frame in ((PROTECTION_DEMAND, protection_demand), (POLICY, policy))
    )
    problem = problem_of(
        items,
        protection,
        levels,
        FORECAST.validate(forecast),
        SEASONAL_INDEX.validate(seasonal_index),
        LOCATION_LIMIT.validate(location_limit),
        as_of,
        parameters,
    )
    told = _Told()
    try:
        plan = solve_year(problem)
        audit = _kept(audited(problem, plan))
    except NonFiniteInputError:
        raise
    except (StockplanError, ArithmeticError, MemoryError) as error:
        told = _Told("FALLBACK", fallback.METHOD, f"{type(error).__name__}: {error}")
        plan = fallback.needed_plan(problem, told.reason)
        audit = _kept(fallback.audited_needs(problem, plan))
    frame = frame_of(ANNUAL_PLAN, _plan_rows(problem, plan, told))
    frame = frame.sort_values(list(ANNUAL_PLAN.key), ignore_index=True)
    return AnnualTables(
        frame,
        price_table(problem, plan, told),
        _solver_run(plan, audit, told),
        Report.of(
            len(item_location),
            frame,
            groups=len(problem.groups),
            quarantined=int(poisoned.sum()),
            expected_result=round(-audit.objective, 2),
        ),
    )


@dataclass(frozen=True)
class _Told:
    """What every row says of how the year was planned; `reason` why the program was not, or empty."""

    status: str = "OK"
    method: str = METHOD
    reason: str = ""


def _kept(audit: Audit) -> Audit:
    if not audit.is_passed:
        worst = max(audit.breaches, key=lambda name: audit.breaches[name])
        raise AuditError(
            f"the annual plan breaks {worst} by {audit.breaches[worst]:.2g} of its size; "
            "solve it alone with python -m tests.benchmarks.scenarios and compare"
        )
    return audit


def price_table(problem: AnnualProblem, plan: YearPlan, told: _Told) -> pd.DataFrame:
    """`opt_out__annual_plan_price`: limit, largest use over the levels, and shadow price by month."""
    limits, months = problem.parameters, len(problem.months.starts)
    bought = plan.bought.sum(axis=1).max(axis=0)
    value = np.einsum("g,sgt->st", problem.unit_cost, plan.stock).max(axis=0)
    volume = region_volume(problem, plan.stock).max(axis=0)
    nothing = np.full(months, np.nan)
    has_overtime = limits.capacity_units is not None and limits.overtime_units > 0
    listed: list[tuple[str, str, float | None, Numbers, Numbers]] = [
        ("capacity", NETWORK, limits.capacity_units, bought - plan.overtime, plan.capacity_price),
        (
            "overtime",
            NETWORK,
            limits.overtime_units if has_overtime else None,
            plan.overtime,
            plan.overtime_price,
        ),
        ("cash", NETWORK, limits.cash_limit, value, plan.cash_price),
    ]
    for at, region in enumerate(problem.regions):
        space = float(problem.space_m3[at])
        listed.append(
            ("space", region, space if np.isfinite(space) else None, volume[at], plan.space_price[at])
        )
    units = option_units(problem, plan.bought).max(axis=0) if len(problem.options) else np.zeros((0, months))
    for at, name in enumerate(problem.options):
        listed.append(("option", name, float(problem.option_limit[at]), units[at], plan.option_price[at]))
    if not problem.options:
        listed.append(("option", NETWORK, None, nothing, nothing))
    rows = []
    for resource, scope, limit, use, price in listed:
        for at, start in enumerate(problem.months.starts):
            is_known = limit is not None and not told.reason
            no_price = _NO_LIMIT[resource] if limit is None else "there is no optimum: read solver_run"
            rows.append(
                {
                    "month_start_date": start,
                    "resource": resource,
                    "resource_scope": scope,
                    "resource_limit": limit,
                    "resource_use": float(use[at]) if np.isfinite(use[at]) else None,
                    "shadow_price": float(price[at]) if is_known else None,
                    "is_binding": limit is not None and bool(use[at] >= limit - _FULL * max(1.0, limit)),
                    "null_reason": None if is_known else no_price,
                    "method": told.method,
                    "status": told.status,
                }
            )
    frame = frame_of(ANNUAL_PLAN_PRICE, rows)
    return frame.sort_values(list(ANNUAL_PLAN_PRICE.key), ignore_index=True)


def _plan_rows(problem: AnnualProblem, plan: YearPlan, told: _Told) -> Iterator[dict[str, Any]]:
    """Rows of every level of demand and of the expectation, of groups, regions and the network."""
    p = problem.probability
    levels = [(name, at) for at, name in enumerate(LEVELS)]
    for name, at in levels:
        level = {field: getattr(plan, field)[at] for field in ("bought", "stock", "lost", "gap")}
        yield from _level_rows(name, problem, plan, problem.demand[at], level, told)
    expected = {field: np.einsum("s,sgt->gt", p, getattr(plan, field)) for field in ("stock", "lost", "gap")}
    demand = np.einsum("s,sgt->gt", p, problem.demand)
    yield from _level_rows(TWO_STAGE, problem, plan, demand, {"bought": plan.planned, **expected}, told)


def _level_rows(
    name: str,
    problem: AnnualProblem,
    plan: YearPlan,
    demand: Numbers,
    level: dict[str, Numbers],
    told: _Told,
) -> Iterator[dict[str, Any]]:
    limits = problem.parameters
    by_group = {
        "demand_units": demand,
        "buy_units": level["bought"],
        "closing_stock_units": level["stock"],
        "closing_stock_value": problem.unit_cost[:, None] * level["stock"],
        "lost_units": level["lost"],
        "safety_gap_units": level["gap"],
        "margin_value": problem.margin[:, None] * (demand - level["lost"]),
        "holding_cost": problem.holding_cost[:, None] * level["stock"],
        "lost_sales_cost": problem.shortage_cost[:, None] * level["lost"]
        + problem.gap_price[:, None] * level["gap"],
    }
    volume = problem.volume_m3[:, None] * level["stock"]
    bought = level["bought"].sum(axis=0)
    groups = len(problem.groups)
    places: Places = [("network", NETWORK, NETWORK, np.arange(groups))]
    places += [
        ("region", region, NETWORK, np.flatnonzero(problem.region == at))
        for at, region in enumerate(problem.regions)
    ]
    names = zip(problem.groups["region"], problem.groups["category"], strict=True)
    places += [("group", region, category, np.array([at])) for at, (region, category) in enumerate(names)]
    for kind, region, category, rows in places:
        totals = {column: values[rows].sum(axis=0) for column, values in by_group.items()}
        is_network = kind == "network"
        space = float(problem.space_m3[problem.region[rows[0]]]) if kind == "region" and len(rows) else np.nan
        for at, start in enumerate(problem.months.starts):
            overtime = float(plan.overtime[at]) if is_network else 0.0
            room = None if limits.capacity_units is None else limits.capacity_units + float(plan.overtime[at])
            yield {
                "demand_scenario": name,
                "month_start_date": start,
                "plan_level": kind,
                "region": region,
                "category": category,
                # The solver's bounds are kept to 1e-9; a stock of −1e-12 is none.
                **{
                    column: float(values[at]) if column == "margin_value" else max(float(values[at]), 0.0)
                    for column, values in totals.items()
                },
                "buy_share": min(float(totals["buy_units"][at] / bought[at]), 1.0)
                if bought[at] > 0
                else None,
                "overtime_units": max(overtime, 0.0),
                "overtime_cost": limits.overtime_unit_cost * max(overtime, 0.0),
                "capacity_use": bought[at] / room if is_network and room else None,
                "space_use": float(volume[rows, at].sum()) / space
                if np.isfinite(space) and space > 0
                else None,
                "cash_use": (
                    float(totals["closing_stock_value"][at]) / limits.cash_limit
                    if is_network and limits.cash_limit
                    else None
                ),
                "method": told.method,
                "status": told.status,
            }


def _solver_run(plan: YearPlan, audit: Audit, told: _Told) -> pd.DataFrame:
    """One row: `slack_units` is the space in m3 and the money that gave way, added up."""
    slack = float(plan.space_over.sum() + plan.cash_over.sum())
    status: str = plan.solution.status
    if told.reason:
        status = told.status
    elif slack > _FULL and status == "OPTIMAL":
        status = "FEASIBLE_WITH_SLACK"
    row = {
        "optimisation_model": MODEL,
        "batch_id": "year",
        "solver_status": status,
        "objective": plan.solution.objective,
        "objective_bound": plan.solution.bound,
        "relative_gap": plan.solution.relative_gap,
        "row_count": plan.row_count,
        "column_count": plan.column_count,
        "slack_units": max(slack, 0.0),
        "max_violation": audit.worst,
        "is_audit_passed": audit.is_passed,
        "solver_version": plan.solution.solver_version,
        "detail": told.reason or None,
    }
    return frame_of(ANNUAL_SOLVER_RUN, [row])
