"""What service costs: points of the policy from little to nearly full service, played on the same paths.

Three kinds of points: the policy as it is; one fill target for everybody; and targets by the price of
money. Of these each holds back money at a price λ per unit: an item-location is served up to the
service 1 − λ·c/b, with c the cost of a unit and b that of a unit short, so that the last unit of money
avoids the same shortage everywhere. That is least shortage for the stock (the epsilon-constraint method
with the budget's multiplier as its control). Source: Sherbrooke (2004), marginal analysis.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from optimization.contracts.planning_tables import SCENARIO_FRONTIER
from optimization.contracts.rows import frame_of
from optimization.parameters import PolicyParameters
from optimization.planning.outcomes import Scopes, outcome_rows
from optimization.planning.overriding import Overridden, overridden
from optimization.planning.playing import played, world_of
from optimization.planning.scenario import Scenario
from optimization.planning.scenarios import METHOD, Baseline, baseline_of, uniforms_of
from optimization.policy.calculation import is_vital
from optimization.results import Report

Numbers = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

EQUAL_TARGETS = (0.80, 0.90, 0.95, 0.98)
TYPICAL_SERVICE = (
    0.5,
    0.65,
    0.75,
    0.8,
    0.85,
    0.89,
    0.92,
    0.94,
    0.955,
    0.97,
    0.98,
    0.987,
    0.992,
    0.996,
    0.999,
)
"""Service of the item-location with the median c/b at the points of the price of money."""
_HIGHEST = 0.999
_NOISE = 1e-9


@dataclass(frozen=True)
class Point:
    """One setting of the policy: its kind, service factor, price of money, and the frames it needs."""

    kind: str
    factor: float | None
    multiplier: float | None
    scenario: Overridden
    service_control: pd.DataFrame | None


def scenario_frontier(
    item_location: pd.DataFrame,
    protection_demand: pd.DataFrame,
    service_control: pd.DataFrame | None,
    as_of: pd.Timestamp,
    parameters: PolicyParameters | None = None,
    most_series: int = 1_500,
) -> tuple[pd.DataFrame, Report]:
    """Play the standard points on the day's baseline; returns `opt_out__scenario_frontier`.

    Takes `opt_in__item_location`, `opt_out__protection_demand`, `opt_out__service_control`. At most
    `most_series` item-locations are played, each for its category's others. Raises as `baseline_of`.
    """
    parameters = parameters or PolicyParameters()
    baseline = baseline_of(item_location, protection_demand, service_control, as_of, parameters, most_series)
    settings = Scenario(name="standard points")
    unchanged = overridden(settings, baseline.item_location, baseline.protection_demand, as_of)
    world = world_of(unchanged, uniforms_of(baseline, settings), as_of, settings.settling_weeks)
    scopes = Scopes(baseline.sample, settings.seed)
    rows: list[dict[str, Any]] = []
    for point in _points(baseline, unchanged):
        # The budget of the settings holds for the policy as it is; the other points are its alternatives.
        budget = None if parameters.cash_budget is None else parameters.cash_budget * baseline.budget_share
        used = replace(parameters, cash_budget=budget if point.kind == "baseline" else None)
        done = played(point.scenario, world, used, point.service_control)
        told = {
            "scenario_id": _id_of(point, settings.seed),
            "scenario_kind": point.kind,
            "service_factor": point.factor,
            "budget_multiplier": point.multiplier,
            "path_count": settings.paths,
            "played_weeks": settings.weeks,
            "random_seed": settings.seed,
            "method": METHOD,
            "status": "OK",
        }
        rows += [{**told, **row} for row in outcome_rows(done, scopes)]
    frame = frame_of(SCENARIO_FRONTIER, with_prices(rows))
    frame = frame.sort_values(list(SCENARIO_FRONTIER.key), ignore_index=True)
    return frame, Report.of(
        len(item_location),
        frame,
        series=len(baseline.item_location),
        points=frame["scenario_id"].nunique(),
        quarantined=baseline.quarantined,
    )


def with_prices(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows with `is_efficient` and, at efficient points, the price of a service point, by scope.

    The price is the rise of holding and ordering per percentage point of fill along the lower convex hull
    of the efficient points; the cheapest has none.
    """
    by_scope: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in rows:
        by_scope.setdefault((row["scope_type"], row["scope_id"]), []).append(dict(row))
    found = []
    for members in by_scope.values():
        fill = np.array([np.nan if row["fill_rate"] is None else row["fill_rate"] for row in members])
        run = np.array([row["holding_cost_per_year"] + row["order_cost_per_year"] for row in members])
        cash = np.array([row["average_stock_value"] for row in members])
        efficient = non_dominated(fill, cash, run)
        prices = marginal_prices(fill, run, efficient)
        for row, is_efficient, price in zip(members, efficient, prices, strict=True):
            row["is_efficient"] = bool(is_efficient)
            row["marginal_price_of_service_point"] = float(price) if np.isfinite(price) else None
            found.append(row)
    return found


def non_dominated(fill: Numbers, cash: Numbers, cost: Numbers) -> Flags:
    """Points (k,) that no other beats: as much fill with as little cash and cost, one of them better.

    Without a fill (NaN) a point says nothing and is not efficient.

    >>> non_dominated(np.array([0.9, 0.9, 0.95]), np.array([1.0, 2.0, 3.0]), np.ones(3)).tolist()
    [True, False, True]
    """
    known = np.isfinite(fill)
    level = np.where(known, fill, -np.inf)
    as_good = (
        (level[:, None] >= level[None, :])
        & (cash[:, None] <= cash[None, :])
        & (cost[:, None] <= cost[None, :])
    )
    better = (
        (level[:, None] > level[None, :]) | (cash[:, None] < cash[None, :]) | (cost[:, None] < cost[None, :])
    )
    return np.asarray(known & ~(as_good & better).any(axis=0), dtype=np.bool_)


def marginal_prices(fill: Numbers, cost: Numbers, efficient: Flags) -> Numbers:
    """Slope of the lower convex hull of the efficient points, money per point of fill (1/100).

    The price at a point is that of the hull's edge which ends at its fill or spans it, so that it never
    falls with fill and no dear point between two cheap ones makes the next look cheap. NaN at the cheapest
    point, below it, and where a point is not efficient.

    >>> marginal_prices(np.array([0.90, 0.92, 0.5]), np.array([10.0, 16.0, 99.0]),
    ...     np.array([True, True, False])).round(9).tolist()
    [nan, 3.0, nan]
    >>> marginal_prices(np.array([0.90, 0.91, 0.92]), np.array([0.0, 9.0, 10.0]), np.ones(3, bool)).tolist()
    [nan, 5.0, 5.0]
    """
    price = np.full(len(fill), np.nan)
    chain = np.flatnonzero(efficient)
    chain = chain[np.lexsort((cost[chain], fill[chain]))]
    if not len(chain):
        return price
    # What fills less than the cheapest point and costs more may save stock; it is no price of service.
    chain = chain[np.flatnonzero(cost[chain] == cost[chain].min())[-1] :]
    x, y = fill[chain] * 100.0, cost[chain]
    hull: list[int] = []
    for at in range(len(chain)):
        if hull and x[at] - x[hull[-1]] <= _NOISE:
            continue
        while len(hull) > 1:
            before, last = hull[-2:]
            rise, run = y[last] - y[before], x[last] - x[before]
            if rise * (x[at] - x[before]) < (y[at] - y[before]) * run:
                break
            hull.pop()
        hull.append(at)
    corners = x[hull]
    slope = np.diff(y[hull]) / np.diff(corners)
    edge = np.searchsorted(corners, x - _NOISE) - 1
    beyond = (edge >= 0) & (edge < len(slope))
    price[chain[beyond]] = slope[edge[beyond]]
    return price


def priced_service(unit_cost: Numbers, shortage_cost: Numbers, floor: Numbers, multiplier: float) -> Numbers:
    """Cycle service at one price λ of money, 1 − λ·c/b between floor and 0.999.

    >>> priced_service(np.array([1.0, 10.0]), np.array([2.0, 2.0]), np.array([0.5, 0.5]), 0.1).tolist()
    [0.95, 0.5]
    """
    wanted = 1.0 - multiplier * unit_cost / np.maximum(shortage_cost, 1e-9)
    return np.asarray(np.clip(wanted, floor, np.maximum(floor, _HIGHEST)))


def _points(baseline: Baseline, unchanged: Overridden) -> Iterator[Point]:
    """The policy as it is, one fill for all, and the prices of money, the dearest first."""
    yield Point("baseline", None, None, unchanged, baseline.service_control)
    items = unchanged.item_location
    for target in EQUAL_TARGETS:
        changed = items.assign(service_target=target, service_metric="fill")
        yield Point(
            "equal_target", target, None, replace(unchanged, item_location=changed), baseline.service_control
        )
    cost, short = (items[name].to_numpy(np.float64) for name in ("unit_cost", "shortage_cost"))
    parameters = baseline.parameters
    floor = np.where(is_vital(items), parameters.budget_vital_floor, parameters.budget_floor)
    typical = float(np.median(np.maximum(cost, 1e-9) / np.maximum(short, 1e-9))) if len(items) else 1.0
    for service in TYPICAL_SERVICE:
        multiplier = (1.0 - service) / typical
        changed = items.assign(
            service_target=priced_service(cost, short, floor, multiplier), service_metric="cycle"
        )
        # What the replay has shown of the stated targets says nothing of these.
        yield Point("budget", service, multiplier, replace(unchanged, item_location=changed), None)


def _id_of(point: Point, seed: int) -> str:
    told = f"{point.kind}\x1f{point.factor}\x1f{seed}"
    return hashlib.sha256(told.encode()).hexdigest()[:16]
