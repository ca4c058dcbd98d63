"""How likely a waiting order is to be cancelled soon, learnt from what became of orders like it.

The probability informs: nobody's slot is given away because of it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.optimize import minimize

from optimization.build_to_order.lead_times.past_orders import Passages, day_numbers
from optimization.demand.kaplan_meier import kaplan_meier
from optimization.demand.series import Flags, Numbers
from optimization.keys import Integers
from optimization.order_parameters import LeadTimeParameters

# Fewer cancellations than this do not carry a model of several features.
LEAST_EVENTS = 200
# Fewer cancellations in a segment: the curve of all orders is used for it.
SEGMENT_EVENTS = 20
RIDGE = 1.0
_TRAINED_SHARE = 0.75
_BINS = 5


@dataclass(frozen=True)
class Landmarks:
    """Moments (n,) at which orders were looked at: row of the order, day, and what followed.

    `is_cancelled`: cancelled within the window after that day. `features` (n, k).
    """

    order: Integers
    day: Numbers
    is_cancelled: Flags
    features: Numbers


def cancel_probabilities(
    orders: pd.DataFrame,
    past: Passages,
    running: Flags,
    mto_promise: pd.DataFrame,
    today: float,
    parameters: LeadTimeParameters,
    credit_column: int | None = None,
) -> tuple[Numbers, dict[str, int | float | str]]:
    """Probability that each `running` order is cancelled in the next `cancel_horizon_days`; and figures.

    `orders` has a row per passage. With at least 200 cancellations known: a discrete-time hazard, logistic
    on age, progress, days past the promise, promises moved, deposit and credit that is still missing, each
    as it stood at the day looked at; ridge-penalised. Its figures come from the newest quarter of days,
    fitted on the older ones: Brier score, that of the plain rate, and the largest gap between predicted
    and observed in fifths. With fewer: Kaplan–Meier of the segment, delivered orders censored. A window
    that is not over by `today` teaches nothing, and nothing after `today` is read. NaN without any history.

    Source: Singer & Willett (1993) for the hazard in discrete time.
    """
    first = today - parameters.history_days
    learnt = past.reached[:, 0] >= first
    ended = ~past.is_open_on(today)
    is_cancelled = (
        ended & np.isnan(past.delivered) & (orders["order_status"] != "delivered").to_numpy(dtype=np.bool_)
    )
    events = int((is_cancelled & learnt).sum())
    figures: dict[str, int | float | str] = {"cancellations_known": events}
    now = np.flatnonzero(running)
    if not learnt.any() or not len(now):
        return np.full(len(now), np.nan), figures
    if events < LEAST_EVENTS:
        figures["cancel_method"] = "kaplan_meier"
        return _by_segment(orders, past, is_cancelled, learnt, now, today, parameters), figures
    known = _landmarks(orders, past, is_cancelled, learnt, mto_promise, today, parameters, credit_column)
    figures |= {"cancel_method": "discrete_hazard", **_judged(known)}
    fitted = fit_logistic(known.features, known.is_cancelled)
    asked = _features(orders, past, mto_promise, now, np.full(len(now), today), credit_column)
    return fitted.predict(asked), figures


def _landmarks(
    orders: pd.DataFrame,
    past: Passages,
    is_cancelled: Flags,
    learnt: Flags,
    mto_promise: pd.DataFrame,
    today: float,
    parameters: LeadTimeParameters,
    credit_column: int | None,
) -> Landmarks:
    """Every order at its age 0, H, 2H, … while it was waiting and its window is over by today."""
    horizon = parameters.cancel_horizon_days
    start = past.reached[:, 0]
    row_parts, day_parts = [], []
    for number in range(parameters.history_days // horizon):
        day = start + number * horizon
        here = np.flatnonzero(learnt & (day <= past.end) & (day + horizon <= today))
        row_parts.append(here)
        day_parts.append(day[here])
    row, day = np.concatenate(row_parts), np.concatenate(day_parts)
    followed = is_cancelled[row] & (past.end[row] < day + horizon)
    features = _features(orders, past, mto_promise, row, day, credit_column)
    return Landmarks(row, day, followed, features)


def _features(
    orders: pd.DataFrame,
    past: Passages,
    mto_promise: pd.DataFrame,
    row: Integers,
    day: Numbers,
    credit_column: int | None,
) -> Numbers:
    """What was known of the orders on those days (n, k)."""
    reached = past.reached[row]
    age = day - reached[:, 0]
    progress = (reached <= day[:, None]).sum(axis=1) / reached.shape[1]
    by_number = mto_promise.sort_values(["order_id", "promise_number"], kind="stable")
    made = by_number.groupby("order_id")["promise_p90_date"].first().reindex(past.order_id)
    promised = np.where(np.isnan(day_numbers(made)), day_numbers(orders["promised_date"]), day_numbers(made))
    overdue = np.nan_to_num(np.maximum(day - promised[row], 0.0))
    moved = by_number[by_number["promise_number"] > 1]
    holder = past.order_id.get_indexer(pd.Index(moved["order_id"]))
    slips = np.zeros(len(row))
    for order, when in zip(holder, day_numbers(moved["made_date"]), strict=True):
        slips += (row == order) & (day >= when)
    deposit = np.log1p(np.nan_to_num(orders["deposit"].to_numpy(np.float64)))[row]
    columns = [np.log1p(age), age / 365.0, progress, np.log1p(overdue), slips, deposit]
    if credit_column is not None:
        needed = (orders["credit_status"] != "not_needed").to_numpy(dtype=np.bool_)[row]
        columns.append((needed & ~(reached[:, credit_column] <= day)).astype(np.float64))
    return np.stack(columns, axis=1)


@dataclass(frozen=True)
class Logistic:
    """A fitted logistic model on standardised features."""

    mean: Numbers
    scale: Numbers
    coefficient: Numbers

    def predict(self, features: Numbers) -> Numbers:
        """Probability (n,) per row of features (n, k)."""
        score = ((features - self.mean) / self.scale) @ self.coefficient[1:] + self.coefficient[0]
        return np.asarray(1.0 / (1.0 + np.exp(-np.clip(score, -30.0, 30.0))))


def fit_logistic(features: Numbers, is_event: Flags, ridge: float = RIDGE) -> Logistic:
    """Fit P(event) by penalised likelihood: Σ log(1 + e^s) − y·s + ridge/2·|β|², the constant left free.

    >>> x = np.array([[0.0], [0.0], [1.0], [1.0]])
    >>> fitted = fit_logistic(x, np.array([False, False, True, True]))
    >>> bool(fitted.predict(x)[0] < 0.5 < fitted.predict(x)[2])
    True
    """
    mean, spread = features.mean(axis=0), features.std(axis=0)
    scale = np.where(spread > 1e-9, spread, 1.0)
    x = np.column_stack([np.ones(len(features)), (features - mean) / scale])
    y = is_event.astype(np.float64)
    penalty = np.full(x.shape[1], ridge)
    penalty[0] = 0.0

    def loss(beta: Numbers) -> tuple[float, Numbers]:
        score = x @ beta
        probability = 1.0 / (1.0 + np.exp(-np.clip(score, -30.0, 30.0)))
        value = float((np.logaddexp(0.0, score) - y * score).sum() + 0.5 * (penalty * beta**2).sum())
        return value, x.T @ (probability - y) + penalty * beta

    found = minimize(loss, np.zeros(x.shape[1]), jac=True, method="L-BFGS-B")
    return Logistic(mean, scale, np.asarray(found.x, dtype=np.float64))


def _judged(known: Landmarks) -> dict[str, int | float | str]:
    """Scores on the newest days of a model that was fitted on the older ones."""
    cut = np.quantile(known.day, _TRAINED_SHARE)
    older, newer = known.day <= cut, known.day > cut
    if not known.is_cancelled[older].any() or not newer.any():
        return {}
    predicted = fit_logistic(known.features[older], known.is_cancelled[older]).predict(known.features[newer])
    truth = known.is_cancelled[newer].astype(np.float64)
    gaps = [
        abs(float(predicted[part].mean() - truth[part].mean()))
        for part in np.array_split(np.argsort(predicted, kind="stable"), _BINS)
        if len(part)
    ]
    rate = float(known.is_cancelled[older].mean())
    return {
        "cancel_brier": round(float(((predicted - truth) ** 2).mean()), 5),
        "cancel_brier_of_rate": round(float(((rate - truth) ** 2).mean()), 5),
        "cancel_largest_gap": round(max(gaps), 4),
    }


def _by_segment(
    orders: pd.DataFrame,
    past: Passages,
    is_cancelled: Flags,
    learnt: Flags,
    now: Integers,
    today: float,
    parameters: LeadTimeParameters,
) -> Numbers:
    """1 − S(age + H)/S(age) of each order's segment, or of all where it has few cancellations."""
    days = np.maximum(past.end - past.reached[:, 0], 0.0)
    segment = orders["segment_id"].astype(object).where(orders["segment_id"].notna(), "").to_numpy()
    age = today - past.reached[now, 0]
    result = np.empty(len(now))
    for name in sorted(set(segment[now])):
        own = learnt & (segment == name)
        group = own if int((is_cancelled & own).sum()) >= SEGMENT_EVENTS else learnt
        curve = kaplan_meier(days[group], ~is_cancelled[group])
        rows = segment[now] == name
        at = np.concatenate([[1.0], curve.survival])
        before = at[np.searchsorted(curve.times, age[rows], side="right")]
        after = at[np.searchsorted(curve.times, age[rows] + parameters.cancel_horizon_days, side="right")]
        result[rows] = 1.0 - np.divide(after, before, out=np.ones_like(after), where=before > 0)
    return result
