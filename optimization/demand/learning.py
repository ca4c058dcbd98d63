"""When the pooled demand model is learnt anew, and when the last release's parameters hold on.

The parameters move slowly and a fit reads the whole history, so it is repeated every few weeks;
between two fits they are an input that comes from the last release, like its policies.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from optimization.contracts.inputs import ITEM_LOCATION
from optimization.contracts.outputs import DEMAND_MODEL
from optimization.demand.base import DatedEffects, base_demand
from optimization.demand.intervals import protection_intervals
from optimization.demand.panel import DemandPanel
from optimization.demand.pooled import PooledModel, fit_pooled_model
from optimization.demand.series import DAYS_PER_WEEK, WEEKS_PER_YEAR
from optimization.keys import sorted_by_key
from optimization.parameters import DemandParameters
from optimization.results import Report
from optimization.screening import screened

_COLUMNS = ["model_scope", "parameter", "parameter_value"]


def learn_demand_model(
    item_location: pd.DataFrame,
    demand_history: pd.DataFrame,
    lead_time: pd.DataFrame,
    as_of: pd.Timestamp,
    effects: DatedEffects | None = None,
    previous: pd.DataFrame | None = None,
    parameters: DemandParameters | None = None,
) -> tuple[pd.DataFrame, Report]:
    """Learn the pooled model on the history, or carry `previous` on; returns `opt_out__demand_model`.

    Takes `opt_in__item_location`, `opt_in__demand_history`, `opt_out__lead_time`, the effects that
    are kept apart from the base, and the parameters of the last release (`model_scope`,
    `parameter`, `parameter_value`, `fitted_date`, `method`), None on the first run. They are
    carried while younger than `refit_days`. Raises `ContractError` when a frame
    is not of its table.
    """
    parameters = parameters or DemandParameters()
    item_location, poisoned = screened(sorted_by_key(item_location), ITEM_LOCATION)
    if previous is not None and len(previous):
        age_days = (as_of - previous["fitted_date"].max()).days
        if 0 <= age_days < parameters.refit_days:
            frame = previous[[*_COLUMNS, "fitted_date", "method"]].assign(
                status="FROZEN", reason_code="MODEL_CARRIED"
            )
            return _validated(frame), Report.of(len(item_location), frame, age_days=age_days)
    series = base_demand(item_location, demand_history, effects, as_of, parameters).series
    days = protection_intervals(item_location, lead_time).protection_days
    # A series that was set aside teaches nothing.
    sound = np.flatnonzero(~poisoned & ~series.is_poisoned)
    panel = DemandPanel(series.dense(sound), WEEKS_PER_YEAR)
    model = fit_pooled_model(panel, days[sound] / DAYS_PER_WEEK)
    frame = model.to_frame().assign(
        fitted_date=as_of,
        method="pooled_negative_binomial",
        status="FALLBACK" if model.is_default else "OK",
        reason_code="LITTLE_TO_LEARN_FROM" if model.is_default else None,
    )
    return _validated(frame), Report.of(len(item_location), frame, series=len(sound))


def model_of(demand_model: pd.DataFrame) -> PooledModel:
    """Return the model that `opt_out__demand_model` states. Raises `ContractError` when it is not."""
    return PooledModel.from_frame(DEMAND_MODEL.validate(demand_model)[_COLUMNS])


def _validated(frame: pd.DataFrame) -> pd.DataFrame:
    frame = frame.sort_values(["model_scope", "parameter"]).reset_index(drop=True)
    frame["fitted_date"] = frame["fitted_date"].astype("datetime64[ns]")
    frame["reason_code"] = frame["reason_code"].astype(object)
    return DEMAND_MODEL.validate(frame)
