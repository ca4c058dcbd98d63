"""Expected weekly demand with quantiles, per item-location and horizon.

The level is the pooled model's, or that of the method its class was promoted to; where nothing
can be learnt from the series itself, it is borrowed from the category. That closed form ends every
fallback chain: it is finite and not negative for any input.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from optimization.contracts.inputs import ITEM_LOCATION
from optimization.contracts.outputs import DEMAND_CLASS, DEMAND_LEVEL, FORECAST
from optimization.demand import distributions
from optimization.demand.analogues import end_of_life_factors, new_item_rates
from optimization.demand.base import Base, DatedEffects, base_demand
from optimization.demand.consensus import apply_plan
from optimization.demand.hierarchy import vehicle_rates
from optimization.demand.intervals import protection_intervals
from optimization.demand.learning import model_of
from optimization.demand.levels import CLASSES
from optimization.demand.models import FITTING, Chunk
from optimization.demand.panel import DemandPanel
from optimization.demand.pooled import PooledModel
from optimization.demand.sensing import sensing_factors
from optimization.demand.series import DAYS_PER_WEEK, WEEKS_PER_YEAR, Flags, Numbers, WeeklySeries
from optimization.keys import Integers, positions, sorted_by_key
from optimization.parameters import DemandParameters
from optimization.reasons import first_that_holds
from optimization.results import Mapper, Report
from optimization.screening import screened
from optimization.separable import Loss

Texts = npt.NDArray[np.object_]

POOLED = "pooled_levels"
# A new item-location is taken to be of this class until its own weeks tell.
_NEW = CLASSES.index("intermittent")
# A category's level counts as much as this many weeks of own demand.
PRIOR_WEEKS = 13.0
LEVELS = np.array([0.5, 0.8, 0.9, 0.95])
# Why a promoted method gave a series no level, so that the pooled one stands.
_WITHOUT_LEVEL = {
    None: "MODEL_FAILED",
    Loss.RAISED: "MODEL_FAILED",
    Loss.HUNG: "MODEL_HUNG",
    Loss.CRASHED: "MODEL_CRASHED",
    Loss.MEMORY: "MODEL_OUT_OF_MEMORY",
}


@dataclass(frozen=True)
class Levels:
    """Flat weekly level of n series before season and events, and how far it can be trusted.

    `error_cv2` is the squared relative error of a level that is not the series' own.
    """

    rate: Numbers
    log_dispersion: Numbers
    code: npt.NDArray[np.int8]
    error_cv2: Numbers
    method: Texts
    reason: Texts


@dataclass(frozen=True)
class Guidance:
    """What moves a forecast beside the history; every part may be absent.

    `effects` beside the base, `demand_sensing` (`opt_out__`) and `consensus_plan` (`opt_in__`), and
    the method that a class of demand was promoted to, by default the pooled levels.
    """

    effects: DatedEffects | None = None
    demand_sensing: pd.DataFrame | None = None
    consensus_plan: pd.DataFrame | None = None
    method_of_class: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Weekly:
    """Expected demand per week ahead, units, each (n, horizon) but for the plan's error and reason.

    `statistical` = (base + uplift) · sensed; `mean` is the plan's value where `plan` is not NaN.
    """

    base: Numbers
    uplift: Numbers
    sensed: Numbers
    statistical: Numbers
    plan: Numbers
    mean: Numbers
    plan_error_cv2: Numbers
    plan_reason: Texts

    @property
    def is_planned(self) -> Flags:
        """Which item-locations have a plan for some week ahead, (n,)."""
        return np.asarray(np.isfinite(self.plan).any(axis=1))


def forecast_demand(
    item_location: pd.DataFrame,
    demand_history: pd.DataFrame,
    demand_class: pd.DataFrame,
    lead_time: pd.DataFrame,
    demand_model: pd.DataFrame,
    as_of: pd.Timestamp,
    guidance: Guidance | None = None,
    parameters: DemandParameters | None = None,
    mapper: Mapper = map,
) -> tuple[pd.DataFrame, pd.DataFrame, Report]:
    """Forecast the weeks after `as_of`; returns `opt_out__forecast` and `opt_out__demand_level`.

    Takes `opt_in__item_location`, `opt_in__demand_history`, `opt_out__demand_class`,
    `opt_out__lead_time`, `opt_out__demand_model` and the guidance that there is; `mapper` spreads
    chunks of series. Horizon 1 is the seven days after `as_of`. Quantiles are negative binomial
    with the model's dispersion, in whole units. Raises `ContractError` when a frame is not of its table.
    """
    parameters, guidance = parameters or DemandParameters(), guidance or Guidance()
    item_location, _ = screened(sorted_by_key(item_location), ITEM_LOCATION)
    demand_class = DEMAND_CLASS.validate(demand_class)
    model = model_of(demand_model)
    base = base_demand(item_location, demand_history, guidance.effects, as_of, parameters)
    series = base.series
    classes = demand_class["demand_class"].to_numpy(dtype=object)[positions(item_location, demand_class)]
    days = protection_intervals(item_location, lead_time).protection_days

    values = series.dense(np.arange(series.n))
    levels = _levels(item_location, series, values, days / DAYS_PER_WEEK, classes, model)
    _promote(levels, values, guidance.method_of_class, parameters, mapper)
    levels.reason[series.is_poisoned] = "DEMAND_IMPLAUSIBLE"
    status = np.where(pd.isna(levels.reason), "OK", "FALLBACK").astype(object)
    status[np.isin(levels.reason.astype(str), ["NO_RECENT_DEMAND", "MIX_SHARE"])] = "OK"
    status[series.is_poisoned] = "QUARANTINED"

    weekly = _weekly(item_location, as_of, levels, base, guidance, parameters)
    levels.error_cv2[weekly.is_planned] = weekly.plan_error_cv2[weekly.is_planned]
    frame = _forecast_frame(item_location, as_of, levels, weekly, model)
    planned = np.isfinite(weekly.plan)
    # A plan that does not hold says why, where the statistical forecast has nothing to excuse.
    reason = np.where(pd.isna(levels.reason), weekly.plan_reason, levels.reason)
    for name, column, of_plan in (
        ("method", levels.method, "consensus_plan"),
        ("status", status, "OVERRIDE"),
        ("reason_code", reason, "PLAN_APPLIED"),
    ):
        frame[name] = np.where(planned, of_plan, column[:, None]).ravel()
    report = Report.of(len(item_location), frame, series=series.n)
    return FORECAST.validate(frame), _level_frame(item_location, levels, status), report


def _levels(
    item_location: pd.DataFrame,
    series: WeeklySeries,
    values: Numbers,
    interval_weeks: Numbers,
    classes: Texts,
    model: PooledModel,
) -> Levels:
    """Levels of the pooled model, and borrowed ones where a series is too short to speak."""
    # All series in one call: what broke for all of them at once shows in no part of them.
    found = model.predict(DemandPanel(values, WEEKS_PER_YEAR), interval_weeks)
    code, dispersion = found.code.copy(), found.log_dispersion.copy()

    is_new, known = classes == "new", series.known_weeks > 0
    code[is_new], dispersion[is_new] = _NEW, _dispersion_of_others(code, dispersion, is_new)
    category = pd.factorize(item_location["category"], sort=True)[0].astype(np.int64)
    own, own_weeks = _after_the_first(series)
    rate = np.where(is_new, _blended(series, category, own, own_weeks), found.rate)
    new = new_item_rates(item_location, rate, is_new, own, own_weeks)
    vehicles = vehicle_rates(item_location, series, new.rate)
    method = first_that_holds(
        {
            "mix_share": vehicles.is_used,
            "analogues": is_new & (new.neighbours > 0),
            "category_blend": is_new,
        },
        POOLED,
    )
    reason = first_that_holds(
        {
            "MIX_SHARE": vehicles.is_used,
            "SHORT_HISTORY": is_new & known,
            "NO_HISTORY": is_new,
            "NO_RECENT_DEMAND": classes == "dormant",
        }
    )
    # What a model sells in a region is known well; only an analogue's level is in doubt.
    error = np.where(vehicles.is_used, 0.0, new.error_cv2)
    return Levels(vehicles.rate, dispersion, code, error, method, reason)


def _dispersion_of_others(code: npt.NDArray[np.int8], dispersion: Numbers, is_new: Flags) -> float:
    """Median dispersion of the intermittent series: a series without weeks has none of its own."""
    others = dispersion[~is_new & (code == _NEW)]
    return float(np.median(others)) if len(others) else 0.0


def _after_the_first(series: WeeklySeries) -> tuple[Numbers, Numbers]:
    """Units and known weeks after the first week of each series.

    A series begins with its first demand, so that its first week says nothing about the rate.
    """
    later = series.week > series.first_week[series.row]
    units = np.bincount(series.row[later], weights=series.units[later], minlength=series.n)
    return units.astype(np.float64), np.maximum(series.known_weeks.astype(np.float64) - 1.0, 0.0)


def _blended(series: WeeklySeries, category: Integers, own: Numbers, own_weeks: Numbers) -> Numbers:
    """Level of short histories without a neighbour: own weeks, and the category's for the rest.

    The category's level is the mean of *all* its item-locations over the last weeks, those without
    demand included, because the ones that have sold long and well are not what a new one becomes.
    """
    groups = int(category.max()) + 1 if len(category) else 0
    span = min(PRIOR_WEEKS, float(series.n_weeks.max(initial=1)))
    sound = ~series.is_poisoned
    recent = (series.week >= series.end_week - span) & sound[series.row]
    units = np.bincount(category[series.row[recent]], weights=series.units[recent], minlength=groups)
    members = np.bincount(category[sound], minlength=groups)
    of_category = np.divide(units, span * members, out=np.zeros(groups), where=members > 0)
    return np.asarray((own + PRIOR_WEEKS * of_category[category]) / (own_weeks + PRIOR_WEEKS))


def _promote(
    levels: Levels,
    values: Numbers,
    method_of_class: Mapping[str, str],
    parameters: DemandParameters,
    mapper: Mapper,
) -> None:
    """Put the levels of promoted methods in place of the pooled ones, class by class."""
    names = np.array(CLASSES, dtype=object)[levels.code]
    own = levels.method == POOLED
    parts = [
        (method, part)
        for demand_class, method in sorted(method_of_class.items())
        if method != POOLED
        for members in [np.flatnonzero(own & (names == demand_class))]
        for part in np.split(
            members, range(parameters.series_per_chunk, len(members), parameters.series_per_chunk)
        )
        if len(part)
    ]
    chunks = [Chunk(method, values[part]) for method, part in parts]
    for (method, part), answer in zip(parts, mapper(FITTING, chunks), strict=True):
        good = np.isfinite(answer.levels)
        levels.rate[part[good]] = answer.levels[good]
        levels.method[part[good]] = method
        levels.reason[part[~good]] = [_WITHOUT_LEVEL[loss] for loss in answer.loss[~good]]


def _weekly(
    item_location: pd.DataFrame,
    as_of: pd.Timestamp,
    levels: Levels,
    base: Base,
    guidance: Guidance,
    parameters: DemandParameters,
) -> Weekly:
    """Put the end of life, season, events, the newest sales and the plan on the flat level."""
    rows, horizon = np.arange(base.series.n), parameters.horizon_weeks
    seasonal = levels.rate[:, None] * end_of_life_factors(item_location, base.series, horizon)
    uplift, sensed = np.zeros_like(seasonal), np.ones_like(seasonal)
    if base.factors is not None:
        seasonal = seasonal * base.factors.season_ahead(rows)
        uplift = seasonal * (base.factors.uplift_ahead(rows) - 1.0)
    if guidance.demand_sensing is not None:
        sensed = sensing_factors(item_location, guidance.demand_sensing, horizon)
    statistical = (seasonal + uplift) * sensed
    if guidance.consensus_plan is None:
        nothing = np.full_like(seasonal, np.nan)
        none = np.full(len(rows), None, dtype=object)
        return Weekly(seasonal, uplift, sensed, statistical, nothing, statistical, np.zeros(len(rows)), none)
    plan = apply_plan(item_location, guidance.consensus_plan, base.requested, statistical, as_of)
    return Weekly(
        seasonal, uplift, sensed, statistical, plan.plan_units, plan.units, plan.error_cv2, plan.reason
    )


def _forecast_frame(
    item_location: pd.DataFrame, as_of: pd.Timestamp, levels: Levels, weekly: Weekly, model: PooledModel
) -> pd.DataFrame:
    """Rows per item-location and week ahead with the quantiles of each week."""
    n, horizon = weekly.mean.shape
    mean = weekly.mean.ravel()
    variance = _variance(model, levels, mean, np.repeat(np.arange(n), horizon))
    quantile = distributions.quantiles(mean, variance, LEVELS)
    ahead = np.arange(1, horizon + 1)
    starts = (as_of + pd.Timedelta(days=1)).to_datetime64() + (ahead - 1) * np.timedelta64(DAYS_PER_WEEK, "D")
    columns = {
        "item_id": np.repeat(item_location["item_id"].to_numpy(dtype=object), horizon),
        "location_id": np.repeat(item_location["location_id"].to_numpy(dtype=object), horizon),
        "horizon_weeks": np.tile(ahead, n).astype(np.int64),
        "bucket_start_date": np.tile(starts.astype("datetime64[ns]"), n),
        "base_units": weekly.base.ravel(),
        "uplift_units": weekly.uplift.ravel(),
        "sensed_factor": weekly.sensed.ravel(),
        "statistical_units": weekly.statistical.ravel(),
        "plan_units": weekly.plan.ravel(),
        "mean_units": mean,
    }
    for column, name in enumerate(("q50_units", "q80_units", "q90_units", "q95_units")):
        columns[name] = quantile[:, column]
    return pd.DataFrame(columns)


def _variance(model: PooledModel, levels: Levels, mean: Numbers, row: Integers) -> Numbers:
    """Variance of demand with this mean, units²: the model's for the row, and the level's own error."""
    predicted = model.prediction(mean, mean, levels.code[row], levels.log_dispersion[row])
    return np.asarray(predicted.variance + levels.error_cv2[row] * mean**2)


def _level_frame(item_location: pd.DataFrame, levels: Levels, status: Texts) -> pd.DataFrame:
    return DEMAND_LEVEL.validate(
        pd.DataFrame(
            {
                "item_id": item_location["item_id"],
                "location_id": item_location["location_id"],
                "model_scope": np.array(CLASSES, dtype=object)[levels.code],
                "weekly_rate_units": levels.rate,
                "log_dispersion": levels.log_dispersion,
                "level_error_cv2": levels.error_cv2,
                "method": levels.method,
                "status": status,
                "reason_code": levels.reason,
            }
        )
    )
