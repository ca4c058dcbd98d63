"""A scenario's overrides on copies of the day's frames; rows that no override is for stay as they are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from optimization.demand import distributions
from optimization.demand.protection import LEVELS
from optimization.planning.scenario import Outage, Override, Scenario, ScenarioError, Where

Numbers = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

_COLUMN = {"category": "category", "supplier": "supplier_id", "location": "location_id"}


@dataclass(frozen=True)
class Capacity:
    """Rows (flags, n) whose suppliers deliver at most `units_per_week` of them together."""

    rows: Flags
    units_per_week: float


@dataclass(frozen=True)
class Overridden:
    """The two frames of a scenario, row for row alike, and what holds beside them.

    `lead_time_multiplier` and `demand_multiplier` (n,) are what was applied to the frames already.
    """

    item_location: pd.DataFrame
    protection_demand: pd.DataFrame
    lead_time_multiplier: Numbers
    demand_multiplier: Numbers
    capacities: tuple[Capacity, ...]
    outages: tuple[Outage, ...]


def overridden(
    scenario: Scenario,
    item_location: pd.DataFrame,
    protection_demand: pd.DataFrame,
    as_of: pd.Timestamp,
) -> Overridden:
    """Apply a scenario to copies of the frames, which are valid and row for row alike.

    Raises `ScenarioError` for a category, supplier or location that no row has, and for an outage that
    begins in the weeks that are not counted.
    """
    n = len(item_location)
    terms = {
        name: item_location[name].to_numpy(np.float64).copy()
        for name in ("service_target", "holding_rate", "moq_units")
    }
    metric = item_location["service_metric"].to_numpy(dtype=object).copy()
    lead, demand = np.ones(n), np.ones(n)
    capacities = []
    for number, override in enumerate(scenario.overrides):
        rows = rows_of(override.where, item_location, f"overrides[{number}].where")
        _change(override, rows, terms, metric, lead, demand)
        if override.capacity_units_per_week is not None:
            capacities.append(Capacity(rows, override.capacity_units_per_week))
    for number, outage in enumerate(scenario.outages):
        rows_of(Where(supplier=(outage.supplier,)), item_location, f"outages[{number}]")
        counted_from = as_of + pd.Timedelta(weeks=scenario.settling_weeks)
        if scenario.settling_weeks and pd.Timestamp(outage.first_day) < counted_from:
            raise ScenarioError(
                f"outages[{number}]: it begins before {counted_from:%Y-%m-%d}, in the weeks that are played "
                f"and not counted; set settling_weeks: 0 in this scenario and in what it is compared with"
            )
    items = item_location.assign(**terms, service_metric=metric)
    moved = with_multipliers(protection_demand, items["review_days"].to_numpy(np.float64), lead, demand)
    return Overridden(items, moved, lead, demand, tuple(capacities), scenario.outages)


def rows_of(where: Where, item_location: pd.DataFrame, place: str) -> Flags:
    """Flags of the rows that every given list names. Raises `ScenarioError` for an unknown name."""
    chosen = np.ones(len(item_location), dtype=np.bool_)
    for name, column in _COLUMN.items():
        wanted: Sequence[str] = getattr(where, name)
        if wanted:
            known = set(item_location[column])
            if unknown := sorted(set(wanted) - known):
                raise ScenarioError(
                    f"{place}: no item-location that is played has {name} "
                    f"{', '.join(map(repr, unknown))}; there are {_listed(known)}"
                )
            chosen &= item_location[column].isin(wanted).to_numpy(np.bool_)
    return chosen


def with_multipliers(
    protection_demand: pd.DataFrame, review_days: Numbers, lead: Numbers, demand: Numbers
) -> pd.DataFrame:
    """Return the frame with lead times `lead` times as long and demand `demand` times as much, (n,).

    μ' = m·d·(k·L + R). The part of the variance that is not the lead time's keeps its ratio v to the
    mean, the lead time's part is that of k times its spread: σ² = v·μ' + (m·d·k·σ_L)². Rows with both
    factors 1 are returned as they are.
    """
    changed = np.flatnonzero((lead != 1.0) | (demand != 1.0))
    if not len(changed):
        return protection_demand
    some = protection_demand.iloc[changed]
    per_day, vmr = daily_demand(some)
    per_day = per_day * demand[changed]
    days = some["lead_time_days"].to_numpy(np.float64) * lead[changed]
    spread = some["lead_time_sd_days"].to_numpy(np.float64) * lead[changed]
    interval = days + review_days[changed]
    mean = per_day * interval
    variance = vmr * mean + (per_day * spread) ** 2
    quantile = distributions.quantiles(mean, variance, LEVELS)
    found = protection_demand.copy()
    told = {
        "lead_time_days": days,
        "lead_time_sd_days": spread,
        "protection_days": interval,
        "mean_units": mean,
        "variance_units2": variance,
        **{f"q{round(level * 100)}_units": quantile[:, at] for at, level in enumerate(LEVELS)},
    }
    for name, values in told.items():
        column = found[name].to_numpy(np.float64).copy()
        column[changed] = values
        found[name] = column
    return found


def daily_demand(protection_demand: pd.DataFrame) -> tuple[Numbers, Numbers]:
    """Mean demand per day and its variance-to-mean ratio, the lead time's spread taken out; both (n,).

    Var[D] = v·E[D] + d²·Var[L], solved for v, at least 1.

    >>> frame = pd.DataFrame({"mean_units": [20.0], "variance_units2": [46.0], "protection_days": [10.0],
    ...     "lead_time_sd_days": [1.5]})
    >>> [float(each[0]) for each in daily_demand(frame)]
    [2.0, 1.85]
    """
    mean, variance, days, spread = (
        protection_demand[name].to_numpy(np.float64)
        for name in ("mean_units", "variance_units2", "protection_days", "lead_time_sd_days")
    )
    per_day = mean / days
    own = variance - (per_day * spread) ** 2
    return per_day, np.maximum(np.divide(own, mean, out=np.ones_like(mean), where=mean > 0), 1.0)


def _change(
    override: Override,
    rows: Flags,
    terms: dict[str, Numbers],
    metric: npt.NDArray[np.object_],
    lead: Numbers,
    demand: Numbers,
) -> None:
    for name in ("service_target", "holding_rate", "moq_units"):
        if (value := getattr(override, name)) is not None:
            terms[name][rows] = value
    if override.cost_of_capital_change is not None:
        terms["holding_rate"][rows] = np.maximum(
            terms["holding_rate"][rows] + override.cost_of_capital_change, 0.0
        )
    if override.moq_multiplier is not None:
        terms["moq_units"][rows] *= override.moq_multiplier
    if override.service_metric is not None:
        metric[rows] = override.service_metric
    if override.lead_time_multiplier is not None:
        lead[rows] = override.lead_time_multiplier
    if override.demand_multiplier is not None:
        demand[rows] = override.demand_multiplier


def _listed(names: Iterable[str], most: int = 20) -> str:
    ordered = sorted(names)
    more = f" and {len(ordered) - most} more" if len(ordered) > most else ""
    return ", ".join(ordered[:most]) + more
