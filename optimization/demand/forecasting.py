"""Expected weekly demand with quantiles, per item-location and horizon.

The level comes from the class's fitted model; where there is too little to fit, or the model
fails, from an exponential mean, blended with the category while the history is short. That
closed form ends every fallback chain: it is finite and not negative for any input.
"""

from __future__ import annotations

from functools import partial

import numpy as np
import numpy.typing as npt
import pandas as pd

from optimization.contracts.inputs import ITEM_LOCATION
from optimization.contracts.outputs import DEMAND_CLASS, FORECAST
from optimization.demand import distributions
from optimization.demand.dispersion import weekly_vmr
from optimization.demand.models import METHOD_OF_CLASS, Chunk, fitted_levels
from optimization.demand.series import DAYS_PER_WEEK, Numbers, WeeklySeries, screened_history, weekly_series
from optimization.keys import Integers, positions, sorted_by_key
from optimization.parameters import DemandParameters
from optimization.reasons import first_that_holds
from optimization.results import Mapper, Report
from optimization.screening import screened

SPARSE_HALF_LIFE_WEEKS = 26.0
DORMANT_HALF_LIFE_WEEKS = 52.0
# A category's level counts as much as this many weeks of own demand.
PRIOR_WEEKS = 13.0
LEVELS = np.array([0.5, 0.8, 0.9, 0.95])


def forecast_demand(
    item_location: pd.DataFrame,
    demand_history: pd.DataFrame,
    demand_class: pd.DataFrame,
    as_of: pd.Timestamp,
    parameters: DemandParameters | None = None,
    mapper: Mapper = map,
) -> tuple[pd.DataFrame, Report]:
    """Forecast the weeks after `as_of` for every item-location; returns `opt_out__forecast`.

    Takes `opt_in__item_location`, `opt_in__demand_history` and `opt_out__demand_class`; `mapper`
    spreads chunks of series. Horizon 1 is the first week that is not complete at `as_of`.
    Quantiles are negative binomial with the item's pooled dispersion, in whole units. Raises
    `ContractError` when a frame is not of its table.
    """
    parameters = parameters or DemandParameters()
    item_location, _ = screened(sorted_by_key(item_location), ITEM_LOCATION)
    demand_history = screened_history(demand_history)
    demand_class = DEMAND_CLASS.validate(demand_class)
    series = weekly_series(item_location, demand_history, as_of, parameters.max_plausible_units)
    classes = demand_class["demand_class"].to_numpy(dtype=object)[positions(item_location, demand_class)]
    category = pd.factorize(item_location["category"], sort=True)[0].astype(np.int64)

    level, method, reason = _closed_form(series, classes, category)
    fitted = np.isin(classes.astype(str), list(METHOD_OF_CLASS)) & (
        series.nonzero_weeks() >= parameters.min_nonzero_weeks
    )
    _fit(series, np.flatnonzero(fitted), classes, level, method, reason, parameters, mapper)
    reason[series.is_poisoned] = "DEMAND_IMPLAUSIBLE"
    status = np.where(pd.isna(reason), "OK", "FALLBACK").astype(object)
    status[np.isin(reason.astype(str), ["NO_RECENT_DEMAND"])] = "OK"
    status[series.is_poisoned] = "QUARANTINED"

    frame = _frame(item_location, series, level, weekly_vmr(series, category), parameters.horizon_weeks)
    for name, values in (("method", method), ("status", status), ("reason_code", reason)):
        frame[name] = np.repeat(values, parameters.horizon_weeks)
    report = Report.of(len(item_location), frame, series=series.n, fitted_series=int(fitted.sum()))
    return FORECAST.validate(frame), report


def _closed_form(
    series: WeeklySeries, classes: npt.NDArray[np.object_], category: Integers
) -> tuple[Numbers, npt.NDArray[np.object_], npt.NDArray[np.object_]]:
    """Level, method and reason for every series without a fitted model; always finite and ≥ 0."""
    sparse = series.exponential_mean(SPARSE_HALF_LIFE_WEEKS)
    known = series.known_weeks.astype(np.float64)
    is_new, is_dormant = classes == "new", classes == "dormant"
    level = np.where(is_dormant, series.exponential_mean(DORMANT_HALF_LIFE_WEEKS), sparse)
    blended = _blended(series, category)
    level = np.where(is_new, blended, level)
    method = first_that_holds({"category_blend": is_new, "ew_mean_52": is_dormant}, "ew_mean_26")
    reason = first_that_holds(
        {"SHORT_HISTORY": is_new & (known > 0), "NO_HISTORY": is_new, "NO_RECENT_DEMAND": is_dormant},
        "SPARSE_DEMAND",
    )
    return level, method, reason


def _blended(series: WeeklySeries, category: Integers) -> Numbers:
    """Level of short histories: own weeks after the first, and the category's for the rest.

    A series begins with its first demand, so that its first week says nothing about the rate; the
    category's level is the mean of *all* its item-locations over the last weeks, those without
    demand included, because the ones that have sold long and well are not what a new one becomes.
    """
    groups = int(category.max()) + 1 if len(category) else 0
    span = min(PRIOR_WEEKS, float(series.n_weeks.max(initial=1)))
    sound = ~series.is_poisoned
    recent = (series.week >= series.end_week - span) & sound[series.row]
    units = np.bincount(category[series.row[recent]], weights=series.units[recent], minlength=groups)
    members = np.bincount(category[sound], minlength=groups)
    of_category = np.divide(units, span * members, out=np.zeros(groups), where=members > 0)
    later = series.week > series.first_week[series.row]
    own = np.bincount(series.row[later], weights=series.units[later], minlength=series.n)
    own_weeks = np.maximum(series.known_weeks.astype(np.float64) - 1.0, 0.0)
    return np.asarray((own + PRIOR_WEEKS * of_category[category]) / (own_weeks + PRIOR_WEEKS))


def _fit(
    series: WeeklySeries,
    rows: Integers,
    classes: npt.NDArray[np.object_],
    level: Numbers,
    method: npt.NDArray[np.object_],
    reason: npt.NDArray[np.object_],
    parameters: DemandParameters,
    mapper: Mapper,
) -> None:
    """Put the fitted level of `rows` into `level`, `method` and `reason`, chunk by chunk."""
    of_row = np.array([METHOD_OF_CLASS[name] for name in classes[rows]], dtype=object)
    parts = [
        (name, part)
        for name in sorted(set(of_row))
        for members in [rows[of_row == name]]
        for part in np.split(
            members, range(parameters.series_per_chunk, len(members), parameters.series_per_chunk)
        )
    ]
    chunks = [Chunk(name, series.dense(part)) for name, part in parts]
    for (name, part), answer in zip(parts, mapper(partial(fitted_levels), chunks), strict=True):
        good = np.isfinite(answer)
        level[part[good]] = answer[good]
        method[part[good]], reason[part[good]] = name, None
        reason[part[~good]] = "MODEL_FAILED"


def _frame(
    item_location: pd.DataFrame, series: WeeklySeries, level: Numbers, vmr: Numbers, horizon: int
) -> pd.DataFrame:
    """Rows per item-location and week ahead; the level is flat, so quantiles are found once."""
    # The level itself is uncertain: s²/n of the mean, with memory worth at most half a year.
    memory = np.clip(series.known_weeks.astype(np.float64), 1.0, SPARSE_HALF_LIFE_WEEKS)
    variance = level * vmr * (1.0 + 1.0 / memory)
    quantile = distributions.quantiles(level, variance, LEVELS)
    ahead = np.arange(1, horizon + 1)
    starts = series.end_date.to_datetime64() + (ahead - 1) * np.timedelta64(DAYS_PER_WEEK, "D")
    columns = {
        "item_id": np.repeat(item_location["item_id"].to_numpy(dtype=object), horizon),
        "location_id": np.repeat(item_location["location_id"].to_numpy(dtype=object), horizon),
        "horizon_weeks": np.tile(ahead, series.n).astype(np.int64),
        "bucket_start_date": np.tile(starts.astype("datetime64[ns]"), series.n),
        "base_units": np.repeat(level, horizon),
        "uplift_units": 0.0,
        "sensed_factor": 1.0,
        "statistical_units": np.repeat(level, horizon),
        "plan_units": np.nan,
        "mean_units": np.repeat(level, horizon),
    }
    for column, name in enumerate(("q50_units", "q80_units", "q90_units", "q95_units")):
        columns[name] = np.repeat(quantile[:, column], horizon)
    return pd.DataFrame(columns)
