r"""How long a unit will stand: the probability of a sale in each week of its age, from sales and stock.

A unit's time in stock is cut into weeks; in each it is sold or not. What still stands is censored, and
what came before the history begins enters at the age it had then. The weekly hazard is logistic,

.. math:: h = 1 / (1 + e^{-x\beta})

in age, the price against peers, the cover of the configuration, and the season where a year is known.
A model's own pace multiplies it, :math:`(O + k) / (E + k)` of its observed and expected sales: with few
sales it is 1. Sources: Allison (1982) for discrete time, Robbins' empirical Bayes for the pace.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from optimization.demand.kaplan_meier import kaplan_meier

Numbers = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

WEEK_DAYS = 7
HORIZON_WEEKS = 52
# With fewer sales the weeks are not told apart; the product-limit curve of all units stands in.
LEAST_SALES = 150
_PACE_SALES, _RIDGE, _STEPS = 20.0, 1.0, 40
# Log hazard per log price where the history tells none or the wrong sign: dearer cars are often the
# ones that are wanted, which the price gap cannot tell.
STATED_PRICE_RESPONSE = -3.0
_PRICE = 3


@dataclass(frozen=True)
class Spells:
    """Times in stock (n): first day (day number), ages at which it is first and last seen, whether sold.

    `model` is a code, `price_gap` the log of its price over its peers'. `cover` (n) at the last day is
    the log of stock over the sales of eight weeks, of its configuration.
    """

    start_day: Integers
    entry_age: Integers
    exit_age: Integers
    is_sold: Flags
    model: Integers
    price_gap: Numbers
    cover: Numbers


@dataclass(frozen=True)
class SaleModel:
    """Coefficients of the weekly hazard, pace by model, log hazard per log price; or the plain curve."""

    coefficient: Numbers
    pace: Numbers
    price_response: float
    has_season: bool
    is_fitted: bool
    is_price_learnt: bool
    curve: Numbers


def fit(spells: Spells, models: int, history_days: int) -> SaleModel:
    """Learn from spells; `models` is the number of codes, `history_days` how long sales are known."""
    curve = _plain_curve(spells)
    if int(spells.is_sold.sum()) < LEAST_SALES:
        none = np.zeros(7)
        return SaleModel(none, np.ones(models), STATED_PRICE_RESPONSE, False, False, False, curve)
    has_season = history_days >= 365
    row, week = _weeks(spells)
    last = np.minimum(spells.exit_age // WEEK_DAYS, HORIZON_WEEKS - 1)
    in_time = spells.exit_age // WEEK_DAYS < HORIZON_WEEKS
    sold = (spells.is_sold & in_time)[row] & (week == last[row])
    x = _features(
        week.astype(np.float64),
        spells.price_gap[row],
        spells.cover[row],
        spells.start_day[row] + WEEK_DAYS * week,
        has_season,
    )
    beta = _logistic(x, sold.astype(np.float64))
    expected = np.bincount(spells.model[row], weights=_hazard(x @ beta), minlength=models)
    observed = np.bincount(spells.model[row], weights=sold, minlength=models)
    pace = (observed + _PACE_SALES) / (expected + _PACE_SALES)
    learnt = bool(beta[_PRICE] < 0.0)
    response = float(beta[_PRICE]) if learnt else STATED_PRICE_RESPONSE
    return SaleModel(beta, pace, response, has_season, True, learnt, curve)


def survival(
    model: SaleModel, age_days: Numbers, of_model: Integers, price_gap: Numbers, cover: Numbers, today: int
) -> Numbers:
    """P(not yet sold after w more weeks), (n, 53), for units of these ages."""
    weeks = np.arange(HORIZON_WEEKS)
    if not model.is_fitted:
        at = np.minimum(age_days[:, None] // WEEK_DAYS + np.arange(HORIZON_WEEKS + 1), len(model.curve) - 1)
        left = model.curve[at.astype(np.int64)]
        return np.asarray(left / left[:, :1], dtype=np.float64)
    week = np.minimum(age_days[:, None] / WEEK_DAYS + weeks, 2.0 * HORIZON_WEEKS)
    shape = week.shape
    gap = price_gap if model.is_price_learnt else np.zeros_like(price_gap)
    x = _features(
        week.ravel(),
        np.repeat(gap, HORIZON_WEEKS),
        np.repeat(cover, HORIZON_WEEKS),
        np.tile(today + WEEK_DAYS * weeks, len(age_days)),
        model.has_season,
    )
    beta = model.coefficient.copy()
    if not model.is_price_learnt:
        beta[_PRICE] = 0.0
    stays = (1.0 - _hazard(x @ beta).reshape(shape)) ** model.pace[of_model][:, None]
    return np.concatenate([np.ones((shape[0], 1)), np.cumprod(stays, axis=1)], axis=1)


def expected_days(survived: Numbers, most: float = np.inf) -> Numbers:
    """E[min(T, most)] from weekly survival (n, weeks + 1): the area under the curve.

    Beyond the last week the rate of the last four goes on, for at most another year.

    >>> round(float(expected_days(np.array([[1.0, 0.5, 0.0]]))[0]), 2)
    7.0
    >>> round(float(expected_days(np.array([[1.0, 0.5, 0.0]]), 7.0)[0]), 2)
    5.25
    """
    weeks = survived.shape[1] - 1
    area = np.cumsum((survived[:, :-1] + survived[:, 1:]) / 2.0 * WEEK_DAYS, axis=1)
    if np.isfinite(most) and most <= weeks * WEEK_DAYS:
        at = int(most // WEEK_DAYS)
        before = area[:, at - 1] if at > 0 else np.zeros(len(survived))
        rest = most - at * WEEK_DAYS
        end = sold_by(survived, most)
        return np.asarray(before + rest * (survived[:, at] + 1.0 - end) / 2.0, dtype=np.float64)
    step = min(4, weeks)
    left = survived[:, -1]
    kept = np.divide(left, survived[:, -1 - step], out=np.zeros(len(left)), where=survived[:, -1 - step] > 0)
    rate = -np.log(np.clip(kept, 1e-9, 1.0 - 1e-9)) / (step * WEEK_DAYS)
    return np.asarray(area[:, -1] + left * np.minimum(1.0 / rate, 365.0), dtype=np.float64)


def sold_by(survived: Numbers, days: float) -> Numbers:
    """P(T ≤ days), linear within a week.

    >>> sold_by(np.array([[1.0, 0.5, 0.0]]), 10.5).tolist()
    [0.75]
    """
    at = min(int(days // WEEK_DAYS), survived.shape[1] - 2)
    share = min(days / WEEK_DAYS - at, 1.0)
    return np.asarray(1.0 - (survived[:, at] * (1.0 - share) + survived[:, at + 1] * share), dtype=np.float64)


def _weeks(spells: Spells) -> tuple[Integers, Integers]:
    """Spell and week of age of every week at risk."""
    first = np.minimum(spells.entry_age // WEEK_DAYS, HORIZON_WEEKS)
    end = np.minimum(spells.exit_age // WEEK_DAYS, HORIZON_WEEKS - 1)
    length = np.maximum(end - first + 1, 0)
    row = np.repeat(np.arange(len(length)), length)
    offset = np.arange(len(row)) - np.repeat(np.cumsum(length) - length, length)
    return row, first[row] + offset


def _features(week: Numbers, gap: Numbers, cover: Numbers, day: Integers, has_season: bool) -> Numbers:
    log_age = np.log1p(week)
    turn = 2.0 * np.pi * day / 365.25
    season = np.stack([np.sin(turn), np.cos(turn)]) if has_season else np.zeros((2, len(week)))
    is_first = (week < 1.0).astype(np.float64)
    return np.stack([np.ones(len(week)), log_age, is_first, gap, cover, *season], axis=1)


def _hazard(score: Numbers) -> Numbers:
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(score, -30.0, 30.0))), dtype=np.float64)


def _logistic(x: Numbers, y: Numbers) -> Numbers:
    """Logistic regression with a ridge on all but the constant, by Newton's method."""
    ridge = np.full(x.shape[1], _RIDGE)
    ridge[0] = 1e-6
    beta = np.zeros(x.shape[1])
    mean = min(max(float(y.mean()), 1e-6), 1.0 - 1e-6)
    beta[0] = np.log(mean / (1.0 - mean))
    for _ in range(_STEPS):
        p = _hazard(x @ beta)
        gradient = x.T @ (y - p) - ridge * beta
        step = np.linalg.solve((x * (p * (1.0 - p))[:, None]).T @ x + np.diag(ridge), gradient)
        beta = beta + np.clip(step, -2.0, 2.0)
        if float(np.abs(step).max()) < 1e-9:
            break
    return beta


def _plain_curve(spells: Spells) -> Numbers:
    """P(T > w weeks) of all units together, for two years of ages; falls on at the mean rate."""
    weeks = np.arange(4 * HORIZON_WEEKS)
    if not spells.is_sold.any():
        # Nothing was ever sold: half a year each, so that no unit looks free of risk.
        return np.asarray(np.exp(-weeks * WEEK_DAYS / 182.5), dtype=np.float64)
    curve = kaplan_meier(spells.exit_age.astype(np.float64), ~spells.is_sold)
    at = np.searchsorted(curve.times, weeks * WEEK_DAYS, side="right") - 1
    known = np.where(at >= 0, curve.survival[np.maximum(at, 0)], 1.0)
    rate = float(spells.is_sold.sum()) / max(float(spells.exit_age.sum()), 1.0)
    last = float(curve.times[-1])
    beyond = known[-1] if known[-1] > 0 else known[known > 0].min(initial=1.0)
    tail = beyond * np.exp(-rate * np.maximum(weeks * WEEK_DAYS - last, 0.0))
    return np.asarray(np.where(weeks * WEEK_DAYS < last, known, np.minimum(tail, known.max())), np.float64)
