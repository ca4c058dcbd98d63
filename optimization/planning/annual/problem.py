"""The year as arrays: groups of item-locations by category and region, their terms, needs and limits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from optimization.planning.annual.demand import PROBABILITIES, Months, demand_levels, monthly_demand
from optimization.planning.annual.parameters import AnnualParameters
from optimization.planning.overriding import daily_demand

Numbers = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

# A missing unit of safety stock costs at least this many times a month's holding, or none would be held.
_LEAST_GAP_PRICE = 1.5
# What gives way costs so many times what it could ever win.
_SLACK_FACTOR = 10.0
MONTHS_PER_YEAR = 12
OTHER_REGIONS = "other regions"


@dataclass(frozen=True)
class AnnualProblem:
    """G groups over T months at S levels of demand.

    (g,): `unit_cost`, `margin`, `shortage_cost`, `holding_cost` (a unit and month), `gap_price` (a missing
    unit of safety stock and month), `volume_m3`, `opening_units`, `safety_units`. `demand` (S, g, T),
    `probability` (S,). `region` (g,) is the number of the group's region, `space_m3` (regions,) NaN without
    a limit; `category` (g,) and `need_share` (categories,) its share of what is needed. `option_use`
    (options, g): units with the option per unit of the group, `option_limit` (options,).
    """

    groups: pd.DataFrame
    months: Months
    unit_cost: Numbers
    margin: Numbers
    shortage_cost: Numbers
    holding_cost: Numbers
    gap_price: Numbers
    volume_m3: Numbers
    opening_units: Numbers
    safety_units: Numbers
    demand: Numbers
    probability: Numbers
    region: Integers
    regions: tuple[str, ...]
    space_m3: Numbers
    category: Integers
    categories: tuple[str, ...]
    need_share: Numbers
    options: tuple[str, ...]
    option_use: Numbers
    option_limit: Numbers
    parameters: AnnualParameters

    @property
    def shape(self) -> tuple[int, int, int]:
        """Levels, groups, months."""
        levels, groups, months = self.demand.shape
        return levels, groups, months

    @property
    def space_slack_price(self) -> float:
        """Money per m3 and month beyond a region's space."""
        worth = (self.margin + self.shortage_cost) / np.maximum(self.volume_m3, 1e-3)
        return _SLACK_FACTOR * float(worth.max(initial=1.0))

    @property
    def cash_slack_price(self) -> float:
        """Money per money of stock and month beyond the cash limit."""
        worth = (self.margin + self.shortage_cost) / np.maximum(self.unit_cost, 1e-3)
        return _SLACK_FACTOR * float(worth.max(initial=1.0))


def problem_of(
    item_location: pd.DataFrame,
    protection_demand: pd.DataFrame,
    policy: pd.DataFrame,
    forecast: pd.DataFrame,
    seasonal_index: pd.DataFrame,
    location_limit: pd.DataFrame,
    as_of: pd.Timestamp,
    parameters: AnnualParameters,
) -> AnnualProblem:
    """State the year; the first three frames are valid and row for row alike.

    Terms of a group are means weighted by expected demand. The stock to start with is today's position
    less what is asked for until the first month begins; safety stock is what the policy expects to hold.
    """
    item_location = with_fewer_regions(item_location, parameters.max_groups)
    keys = item_location[["category", "region"]].astype(object)
    group, groups = _grouped(keys)
    months = Months.after(as_of, parameters.months)
    mean, before = monthly_demand(groups, group, item_location, forecast, seasonal_index, as_of, months)
    per_day, vmr = daily_demand(protection_demand)
    totals = _Totals(group, len(groups), per_day)

    number = {
        name: item_location[name].to_numpy(np.float64)
        for name in (
            "unit_cost",
            "list_price",
            "holding_rate",
            "shortage_cost",
            "service_target",
            "volume_m3",
        )
    }
    cost, short = totals.mean(number["unit_cost"]), totals.mean(number["shortage_cost"])
    # Where no price is known, what a sale wins is what a lack of the unit costs.
    price = np.where(
        np.isnan(number["list_price"]), number["unit_cost"] + number["shortage_cost"], number["list_price"]
    )
    holding = totals.mean(number["holding_rate"] * number["unit_cost"]) / MONTHS_PER_YEAR
    missed = totals.mean(number["shortage_cost"] * (1.0 - number["service_target"]))
    opening = totals.sum(item_location["inventory_position_units"].to_numpy(np.float64)) - before
    opening = np.maximum(opening, 0.0)
    safety = totals.sum(policy["expected_stock_units"].to_numpy(np.float64))
    demand = demand_levels(mean, totals.mean(vmr), parameters.year_cv)

    region, regions = pd.factorize(groups["region"], sort=True)
    category, categories = pd.factorize(groups["category"], sort=True)
    need = np.maximum(mean.sum(axis=1) + safety - opening, 0.0)
    of_category = np.bincount(category, weights=need, minlength=len(categories))
    options, use = _options(item_location, totals, parameters.option_capacity_units)
    return AnnualProblem(
        groups=groups,
        months=months,
        unit_cost=cost,
        margin=np.maximum(totals.mean(price) - cost, 0.0),
        shortage_cost=short,
        holding_cost=holding,
        gap_price=np.maximum(missed, _LEAST_GAP_PRICE * holding),
        volume_m3=totals.mean(np.nan_to_num(number["volume_m3"])),
        opening_units=opening,
        safety_units=safety,
        demand=demand,
        probability=np.array(PROBABILITIES, dtype=np.float64),
        region=region.astype(np.int64),
        regions=tuple(str(name) for name in regions),
        space_m3=_space(item_location, location_limit, regions),
        category=category.astype(np.int64),
        categories=tuple(str(name) for name in categories),
        need_share=of_category / max(float(of_category.sum()), 1e-12),
        options=options,
        option_use=use,
        option_limit=np.array([parameters.option_capacity_units[name] for name in options], dtype=np.float64),
        parameters=parameters,
    )


def with_fewer_regions(item_location: pd.DataFrame, max_groups: int) -> pd.DataFrame:
    """Return the frame with the smallest regions under one name, so that groups are at most so many.

    The largest by number of item-locations keep their name; a tie goes by name.

    >>> frame = pd.DataFrame({"category": ["p"] * 4, "region": ["a", "b", "b", "c"]})
    >>> with_fewer_regions(frame, 2)["region"].tolist()
    ['other regions', 'b', 'b', 'other regions']
    """
    size = item_location.groupby("region").size()
    kept = max(max_groups // max(item_location["category"].nunique(), 1) - 1, 0)
    if len(size) <= kept + 1:
        return item_location
    largest = size.sort_index().sort_values(ascending=False, kind="stable").index[:kept]
    region = item_location["region"].astype(object)
    return item_location.assign(region=region.where(region.isin(largest), OTHER_REGIONS))


@dataclass(frozen=True)
class _Totals:
    """Sums and demand-weighted means by group; a group nobody asks for has plain means."""

    group: Integers
    count: int
    weight: Numbers

    def sum(self, values: Numbers) -> Numbers:
        found = np.bincount(self.group, weights=values, minlength=self.count)
        return np.asarray(found, dtype=np.float64)

    def mean(self, values: Numbers) -> Numbers:
        asked = self.sum(self.weight)
        weight = np.where(asked[self.group] > 0, self.weight, 1.0)
        return self.sum(weight * values) / np.maximum(self.sum(weight), 1e-12)


def _grouped(keys: pd.DataFrame) -> tuple[Integers, pd.DataFrame]:
    groups = keys.drop_duplicates().sort_values(["category", "region"], ignore_index=True)
    at = pd.MultiIndex.from_frame(groups).get_indexer(pd.MultiIndex.from_frame(keys))
    return at.astype(np.int64), groups


def _space(item_location: pd.DataFrame, location_limit: pd.DataFrame, regions: pd.Index) -> Numbers:
    """Space by region, m3; NaN where a location of the region states none."""
    places = item_location[["location_id", "region"]].drop_duplicates("location_id")
    known = location_limit.set_index("location_id")["storage_m3"]
    space = places["location_id"].map(known).to_numpy(np.float64)
    by_region = pd.Series(space).groupby(places["region"].to_numpy(dtype=object))
    total = by_region.sum().where(by_region.count() == by_region.size())
    return np.asarray(total.reindex(regions).to_numpy(np.float64), dtype=np.float64)


def _options(
    item_location: pd.DataFrame, totals: _Totals, limits: Mapping[str, float]
) -> tuple[tuple[str, ...], Numbers]:
    """Options with a limit that some item has, and their use per unit of each group."""
    powertrain = item_location["powertrain"].to_numpy(dtype=object)
    names = tuple(sorted(name for name in limits if (powertrain == name).any()))
    use = [totals.mean((powertrain == name).astype(np.float64)) for name in names]
    return names, np.array(use, dtype=np.float64).reshape(len(names), totals.count)
