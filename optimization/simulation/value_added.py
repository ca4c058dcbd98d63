"""What a step of forecasting is worth: error, pinball loss and simulated cost beside a simpler one's.

Cost decides. It is that of base stock at the quantile of each item-location's own service target,
played with its own stockout behaviour, lead times and lots; a forecast is worth what it saves there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from optimization.demand import distributions
from optimization.demand.panel import Numbers
from optimization.demand.pooled import PooledModel, Prediction
from optimization.demand.series import WEEKS_PER_YEAR
from optimization.parameters import BacktestParameters
from optimization.simulation.accuracy import MEASURES, interval_scores, pinball_mean, ratio
from optimization.simulation.breakdowns import Group
from optimization.simulation.candidates import predictions_of
from optimization.simulation.intervals import row_weights
from optimization.simulation.replay import Replay

# At a target of 1 no shortage could ever be right; it is costed as this.
_MOST_TARGET = 0.99


@dataclass(frozen=True)
class Worth:
    """One method over the scored weeks: `measures` (n, measures) and `cost` (n,) in money per year."""

    method: str
    measures: Numbers
    cost: Numbers


def worth_of(method: str, replay: Replay, model: PooledModel) -> Worth:
    """Score one method on a replay. Raises `KeyError` for a method that is not known."""
    said = predictions_of(method, replay, model, replay.weeks.origins)
    return Worth(method, interval_scores(replay, said), simulated_cost(replay, said))


def simulated_cost(replay: Replay, said: Sequence[Prediction]) -> Numbers:
    """Cost of holding and shortage per item-location, money per year, (n,).

    `said` are the predictions at `replay.weeks.origins`; each holds until the next. The level is
    the quantile of demand over the interval, the lead time's spread included, at the service
    target t, and a unit short costs t/(1 − t) times what holding it for a week costs.
    """
    target = np.minimum(replay.number("service_target"), _MOST_TARGET)
    levels = [
        distributions.quantiles(one.mean, one.variance + one.rate**2 * replay.lead_sd**2, target[:, None])
        for one in said
    ]
    trial = replay.scoring()
    held = np.searchsorted(replay.weeks.origins, trial.origins, side="right") - 1
    outcome = trial.play({"order_up_to": np.concatenate(levels, axis=1)[:, held]})
    holding = replay.holding_cost
    shortage = holding * target / (1.0 - target)
    weeks = replay.weeks.width - replay.weeks.split
    return outcome.cost(holding, shortage, shortage) * WEEKS_PER_YEAR / weeks


def value_added_rows(
    ours: Worth, reference: Worth, groups: Sequence[Group], parameters: BacktestParameters
) -> list[dict[str, Any]]:
    """Rows of `opt_out__forecast_value_added`: one method against one reference, every group."""
    rows = []
    for group in groups:
        sums, others = (
            dict(zip(MEASURES, each.measures[group.rows].sum(axis=0), strict=True))
            for each in (ours, reference)
        )
        costs = ours.cost[group.rows], reference.cost[group.rows]
        row: dict[str, Any] = {
            "forecast_method": ours.method,
            "reference_method": reference.method,
            "breakdown": group.breakdown,
            "breakdown_value": group.value,
            "series_count": len(group.rows),
            "observation_count": int(sums["observation_count"]),
            "actual_units": sums["actual_units"],
            "absolute_error_units": sums["absolute_error_units"],
            "reference_absolute_error_units": others["absolute_error_units"],
            "pinball_units": pinball_mean(sums),
            "reference_pinball_units": pinball_mean(others),
            "simulated_cost": float(costs[0].sum()),
            "reference_simulated_cost": float(costs[1].sum()),
        }
        draw = np.random.default_rng(parameters.seed)
        row |= cost_ratio(*costs, row_weights(len(group.rows), parameters.resamples, draw))
        row |= verdict_of(row, len(group.rows), parameters)
        rows.append(row)
    return rows


def cost_ratio(ours: Numbers, theirs: Numbers, weights: Numbers) -> dict[str, float]:
    """Ratio of two paired costs (n,) with its 95 % interval over draws of rows, weights (draws, n).

    NaN without a cost. Rows are drawn together, so that pairs stay pairs.
    """
    low, high = interval_of(ratio(weights @ ours, weights @ theirs))
    estimate = float(ratio(ours.sum(), theirs.sum()))
    return {"cost_ratio": estimate, "cost_ratio_low": low, "cost_ratio_high": high}


def interval_of(drawn: Numbers) -> tuple[float, float]:
    """Ends of the middle 95 % of the draws that are known; NaN when none is.

    >>> interval_of(np.array([1.0, 1.0, np.nan]))
    (1.0, 1.0)
    """
    known = np.sort(drawn[np.isfinite(drawn)])
    if not len(known):
        return float("nan"), float("nan")
    outside = int(0.025 * len(known))
    return float(known[outside]), float(known[-1 - outside])


def verdict_of(row: dict[str, Any], series: int, parameters: BacktestParameters) -> dict[str, str]:
    """Reason and status of a row: whether the interval lies below 1, or too little was seen."""
    if series < parameters.min_series or not np.isfinite(row["cost_ratio_high"]):
        return {"reason_code": "TOO_FEW_SERIES", "status": "FALLBACK"}
    adds = row["cost_ratio_high"] < 1.0
    return {"reason_code": "ADDS_VALUE" if adds else "ADDS_NO_VALUE", "status": "OK"}
