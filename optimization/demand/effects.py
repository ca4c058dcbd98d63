"""Effects on demand beside the level: events, season and drivers, learnt once and applied as tables.

`learn_effects` writes what was learnt; `effect_factors` turns those tables into factors for the
history, so that the base is learnt without them, and for the weeks ahead. What is published is thus
what the forecast used.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from optimization.contracts.inputs import DEMAND_EVENT, EXTERNAL_DRIVER, ITEM_LOCATION
from optimization.contracts.outputs import DEMAND_EFFECT, SEASONAL_INDEX
from optimization.demand.drivers import driver_factors, driver_series, learn_drivers
from optimization.demand.events import base_factors, event_factors, event_weeks, learn_events
from optimization.demand.pooling import group_weeks, signatures
from optimization.demand.seasonality import SEASON_WEEKS, learn_seasons, week_of_year
from optimization.demand.series import Numbers, WeeklySeries, screened_history, weekly_series
from optimization.demand.weeks import week_starts
from optimization.keys import Integers, sorted_by_key
from optimization.parameters import DemandParameters
from optimization.reasons import first_that_holds
from optimization.results import Report
from optimization.screening import screened

EVERYWHERE = "*"


@dataclass(frozen=True)
class EffectFactors:
    """Factors on demand per group of rows and week: T weeks of history, then H weeks ahead.

    Each of the three has its own groups (`…_group`, (n,)). `base` is what the event history is
    divided by, (groups, T), NaN where a week says nothing about the base.
    """

    weeks: int
    event_group: Integers
    event: Numbers
    base: Numbers
    season_group: Integers
    season: Numbers
    driver_group: Integers
    driver: Numbers

    def past(self, rows: Integers) -> Numbers:
        """What to divide the history of these rows by, (rows, T); NaN: the week is unknown."""
        return np.asarray(
            self.base[self.event_group[rows]]
            * self.season[self.season_group[rows], : self.weeks]
            * self.driver[self.driver_group[rows], : self.weeks]
        )

    def season_ahead(self, rows: Integers) -> Numbers:
        """Seasonal factor of the weeks ahead, (rows, H)."""
        return np.asarray(self.season[self.season_group[rows], self.weeks :])

    def uplift_ahead(self, rows: Integers) -> Numbers:
        """Factor of events and drivers in the weeks ahead, (rows, H)."""
        return np.asarray(
            self.event[self.event_group[rows], self.weeks :]
            * self.driver[self.driver_group[rows], self.weeks :]
        )

    def base_series(self, series: WeeklySeries) -> WeeklySeries:
        """The series without its effects: divided by season and drivers, event weeks unknown."""
        found = divided(series, self.event_group, self.base)
        found = divided(found, self.season_group, self.season[:, : self.weeks])
        return divided(found, self.driver_group, self.driver[:, : self.weeks])


def effect_factors(
    item_location: pd.DataFrame,
    demand_event: pd.DataFrame,
    external_driver: pd.DataFrame,
    demand_effect: pd.DataFrame,
    seasonal_index: pd.DataFrame,
    as_of: pd.Timestamp,
    weeks: int,
    horizon: int,
) -> EffectFactors:
    """Factors of the learnt effects for every row of `item_location`, in its order.

    Takes the two `opt_in__` tables of events and drivers and the two tables that `learn_effects`
    made. A fact that is published after `as_of` is not read. Raises `ContractError` when a frame is
    not of its table.
    """
    demand_event, _ = screened(demand_event, DEMAND_EVENT)
    external_driver, _ = screened(external_driver, EXTERNAL_DRIVER)
    demand_effect = DEMAND_EFFECT.validate(demand_effect)
    seasonal_index = SEASONAL_INDEX.validate(seasonal_index)
    starts = week_starts(as_of, weeks, horizon)
    events = event_weeks(item_location, demand_event, as_of, weeks, horizon)
    event = event_factors(events, demand_effect[demand_effect["effect_kind"] == "event"])
    scopes = _driver_scopes(external_driver)
    driven = signatures(item_location, scopes)
    of_driver = demand_effect[demand_effect["effect_kind"] == "driver"]
    season_group, season = _season_factors(item_location, seasonal_index, starts)
    return EffectFactors(
        weeks=weeks,
        event_group=events.groups.group,
        event=event,
        base=base_factors(events, event, weeks),
        season_group=season_group,
        season=season,
        driver_group=driven.group,
        driver=driver_factors(driver_series(external_driver, scopes), driven, of_driver, starts, as_of),
    )


def learn_effects(
    item_location: pd.DataFrame,
    demand_history: pd.DataFrame,
    demand_event: pd.DataFrame,
    external_driver: pd.DataFrame,
    as_of: pd.Timestamp,
    parameters: DemandParameters | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame, Report]:
    """Learn events, then seasons without them, then drivers without both.

    Takes `opt_in__` tables; returns `opt_out__demand_effect`, `opt_out__seasonal_index` and the
    report. Nothing published after `as_of` is read. Raises `ContractError` when a frame is not of
    its table.
    """
    parameters = parameters or DemandParameters()
    item_location, _ = screened(sorted_by_key(item_location), ITEM_LOCATION)
    demand_event, _ = screened(demand_event, DEMAND_EVENT)
    external_driver, _ = screened(external_driver, EXTERNAL_DRIVER)
    series = weekly_series(
        item_location, screened_history(demand_history), as_of, parameters.max_plausible_units
    )
    weeks = int(series.n_weeks.max(initial=0))
    starts = week_starts(as_of, weeks)

    events = event_weeks(item_location, demand_event, as_of, weeks, parameters.horizon_weeks)
    groups = events.groups
    of_events = learn_events(events, group_weeks(series, groups.group, groups.groups, weeks))
    base = base_factors(events, event_factors(events, of_events), weeks)
    series = divided(series, groups.group, base)

    seasonal_index = _learn_season_table(item_location, series, weeks, starts)
    season_group, season = _season_factors(item_location, seasonal_index, starts)
    series = divided(series, season_group, season)

    scopes = _driver_scopes(external_driver)
    driven = signatures(item_location, scopes)
    told = external_driver[external_driver["published_date"] <= as_of]
    of_drivers = learn_drivers(
        driver_series(told, scopes),
        driven,
        group_weeks(series, driven.group, driven.groups, weeks),
        starts,
    )
    effects = _effect_table(of_events, of_drivers)
    figures = {
        "events": len(events.table),
        "seasons_used": int(seasonal_index["is_used"].sum()) // SEASON_WEEKS,
        "drivers_used": int(of_drivers["is_used"].sum()) if len(of_drivers) else 0,
    }
    return effects, seasonal_index, Report.of(len(demand_history), effects, **figures)


def divided(series: WeeklySeries, group: Integers, factor: Numbers) -> WeeklySeries:
    """The series with each week divided by its group's factor (groups, T); NaN makes it unknown.

    Column -1 of `factor` is the newest week; weeks before its first column stay as they are.
    """
    start = series.end_week - factor.shape[1]

    def _factor(row: Integers, week: Integers) -> Numbers:
        inside = week >= start
        if not factor.shape[1]:
            return np.ones(len(row))
        found = factor[group[row], np.where(inside, week - start, 0)]
        return np.where(inside, found, 1.0)

    by = _factor(series.row, series.week)
    seen = np.isfinite(by)
    already = np.isfinite(_factor(series.missing_row, series.missing_week))
    skipped_group, skipped_week = np.nonzero(np.isnan(factor))
    rows: list[Integers] = [series.missing_row[already]]
    weeks: list[Integers] = [series.missing_week[already]]
    order = np.argsort(group, kind="stable").astype(np.int64)
    first = np.searchsorted(group[order], skipped_group, side="left")
    last = np.searchsorted(group[order], skipped_group, side="right")
    for begin, end, week in zip(first, last, skipped_week + start, strict=True):
        members = order[begin:end]
        members = members[series.first_week[members] <= week]
        rows.append(members)
        weeks.append(np.full(len(members), week, dtype=np.int64))
    return replace(
        series,
        row=series.row[seen],
        week=series.week[seen],
        units=series.units[seen] / by[seen],
        missing_row=np.concatenate(rows),
        missing_week=np.concatenate(weeks),
    )


def _driver_scopes(external_driver: pd.DataFrame) -> pd.DataFrame:
    """Distinct scopes of the drivers; a driver holds everywhere within its scope."""
    scopes = external_driver[["scope", "scope_level"]].drop_duplicates()
    scopes = scopes[scopes["scope_level"] != "unknown"].sort_values(["scope", "scope_level"])
    return scopes.reset_index(drop=True).assign(location_scope=EVERYWHERE, location_scope_level="all")


def _learn_season_table(
    item_location: pd.DataFrame, series: WeeklySeries, weeks: int, starts: npt.NDArray[np.datetime64]
) -> pd.DataFrame:
    """`opt_out__seasonal_index`: each category everywhere, and the regions that differ from it.

    A category leans on all demand, a region of it on the category; a region too short to be tested
    takes the category's.
    """
    category, names = pd.factorize(item_location["category"], sort=True)
    pair = item_location["category"].astype(str) + "\x1f" + item_location["region"].astype(str)
    regional, pairs = pd.factorize(pair, sort=True)
    n, c = np.zeros(len(item_location), dtype=np.int64), len(names)
    of_pair = np.zeros(len(pairs), dtype=np.int64)
    of_pair[regional] = category
    parts = [
        group_weeks(series, code.astype(np.int64), size, weeks)
        for code, size in ((n, 1), (category, c), (regional, len(pairs)))
    ]
    totals = replace(
        parts[0],
        units=np.vstack([part.units for part in parts]),
        known=np.vstack([part.known for part in parts]),
    )
    parent = np.concatenate([[0], np.zeros(c, dtype=np.int64), 1 + of_pair]).astype(np.int64)
    found = learn_seasons(totals, parent, starts)
    tested = np.isfinite(found.error_ratio)
    own = np.any(np.abs(found.index - found.index[parent]) > 1e-9, axis=1)
    # A region without the season that the category has says so by a row that is not used.
    written = np.where(found.is_used, own, tested & found.is_used[parent])
    written[0], written[1 : 1 + c] = False, True
    kept = np.flatnonzero(written)
    region = np.array([EVERYWHERE] * (1 + c) + [str(one).split("\x1f")[1] for one in pairs], dtype=object)
    label = np.concatenate([[EVERYWHERE], names, np.asarray(names, dtype=object)[of_pair]])
    reason = first_that_holds({"EFFECT_PAYS": found.is_used, "EFFECT_NO_GAIN": tested}, "EFFECT_UNTESTED")
    frame = pd.DataFrame(
        {
            "category": np.repeat(label[kept], SEASON_WEEKS).astype(object),
            "region": np.repeat(region[kept], SEASON_WEEKS),
            "week_of_year": np.tile(np.arange(1, SEASON_WEEKS + 1), len(kept)).astype(np.int64),
            "index_factor": found.index[kept].ravel(),
            "history_weeks": np.repeat(np.rint(found.seasons[kept] * SEASON_WEEKS), SEASON_WEEKS).astype(
                np.int64
            ),
            "origin_count": np.repeat(found.origins[kept], SEASON_WEEKS),
            "is_used": np.repeat(found.is_used[kept], SEASON_WEEKS),
            "method": "ratio_to_moving_average_shrunk",
            "status": np.repeat(np.where(found.is_used[kept], "OK", "FALLBACK").astype(object), SEASON_WEEKS),
            "error_ratio": np.repeat(found.error_ratio[kept], SEASON_WEEKS),
            "reason_code": np.repeat(reason[kept], SEASON_WEEKS),
        }
    )
    return SEASONAL_INDEX.validate(frame)


def _season_factors(
    item_location: pd.DataFrame, seasonal_index: pd.DataFrame, starts: npt.NDArray[np.datetime64]
) -> tuple[Integers, Numbers]:
    """Group per row and factor per group and week: the region's verdict, else the category's, else 1."""
    keys = seasonal_index[["category", "region"]].drop_duplicates().sort_values(["category", "region"])
    known = pd.MultiIndex.from_frame(keys)
    index = np.ones((len(keys) + 1, SEASON_WEEKS))
    used = seasonal_index[seasonal_index["is_used"].to_numpy(dtype=np.bool_)]
    at = known.get_indexer(pd.MultiIndex.from_frame(used[["category", "region"]]))
    index[at, used["week_of_year"].to_numpy(dtype=np.int64) - 1] = used["index_factor"].to_numpy()
    own = known.get_indexer(pd.MultiIndex.from_frame(item_location[["category", "region"]]))
    wide = known.get_indexer(pd.MultiIndex.from_frame(item_location[["category"]].assign(region=EVERYWHERE)))
    group = np.where(own >= 0, own, np.where(wide >= 0, wide, len(keys))).astype(np.int64)
    return group, index[:, week_of_year(starts)]


def _effect_table(of_events: pd.DataFrame, of_drivers: pd.DataFrame) -> pd.DataFrame:
    """`opt_out__demand_effect` from what was learnt of events and drivers."""
    some = of_events["sample_count"] > 0
    events = of_events.assign(
        region=EVERYWHERE,
        effect_kind="event",
        origin_count=0,
        error_ratio=np.nan,
        is_used=True,
        method="ratio_to_base_shrunk",
        reason_code=np.where(some, "EFFECT_LEARNT", "EFFECT_BORROWED"),
        status=np.where(some, "OK", "FALLBACK"),
    )
    tested = of_drivers["error_ratio"].notna().to_numpy(dtype=np.bool_)
    used = of_drivers["is_used"].to_numpy(dtype=np.bool_)
    drivers = of_drivers.rename(columns={"origins": "origin_count"}).assign(
        region=EVERYWHERE,
        effect_kind="driver",
        planned_uplift=np.nan,
        method="log_linear_shrunk",
        reason_code=first_that_holds({"EFFECT_PAYS": used, "EFFECT_NO_GAIN": tested}, "EFFECT_UNTESTED"),
        status=np.where(used, "OK", "FALLBACK"),
    )
    both = pd.concat([part for part in (events, drivers) if len(part)] or [events], ignore_index=True)
    both = both.astype(
        {
            "effect_value": "float64", "planned_uplift": "float64", "standard_error": "float64",
            "error_ratio": "float64", "sample_count": "int64", "origin_count": "int64", "is_used": "bool",
            "category": object, "effect": object, "region": object, "reason_code": object, "status": object,
        }
    )  # fmt: skip
    both = both.sort_values(["category", "region", "effect_kind", "effect"], ignore_index=True)
    return DEMAND_EFFECT.validate(both[list(DEMAND_EFFECT.column_names)])
