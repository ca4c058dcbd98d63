"""The pooled demand model: one negative binomial per series and interval, learnt from all series.

Mean and dispersion are functions of what is known about a series at an origin (`levels`), with
parameters per class of demand; the fit is one maximum likelihood over sampled completed intervals.
Recalibration is in `calibration`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import special

from optimization.demand import calibration, distributions
from optimization.demand.levels import CLASSES, Features, features
from optimization.demand.panel import DemandPanel, Integers, Numbers, interval_demand, whole_periods

Codes = npt.NDArray[np.int8]

LEVEL_NAMES = tuple(f"level_{k}" for k in range(7))
PARAMETERS = (
    *LEVEL_NAMES,
    "log_growth",
    "log_base_units",
    "dispersion",
    "dispersion_of_mean",
    "dispersion_of_lot",
    "dispersion_of_errors",
    "log_level_error",
)
_K = len(LEVEL_NAMES)
LEAST_VMR = 1.02
# A series with 8 periods of demand counts half its own lot and errors.
SHRINK_PERIODS = 8.0

ROWS_PER_CLASS = 15_000
# Series are sampled so that the features of all their origins stay within some tens of megabytes.
INTERVALS_READ = 500_000
LEAST_ROWS_OF_A_CLASS = 400
LEAST_ROWS = 200
RIDGE = 1e-3
# A demand this many times larger than lot and level together is a defect, not a lesson.
_IMPLAUSIBLE_RATIO = 1e3

_START = np.array([0.0] * _K + [0.0, -6.0, -0.5, 0.1, 0.7, 0.3, -2.0])
_BOUNDS = [(-8.0, 8.0)] * _K + [
    (-1.0, 1.0), (-14.0, 2.0), (-6.0, 8.0), (-0.5, 1.5), (-0.5, 2.0), (-0.5, 2.0), (-12.0, 1.0)
]  # fmt: skip


@dataclass(frozen=True)
class Prediction:
    """Demand of n series over their interval, as seen from one origin.

    `rate` is mean demand per period, `mean` and `variance` are over the interval, units. `variance`
    is that of the negative binomial whose upper tail agrees with `quantiles`, so a reader of mean
    and variance alone plans the same stock. `demand_class` (n,) as in `CLASSES`.
    """

    rate: Numbers
    mean: Numbers
    variance: Numbers
    demand_class: npt.NDArray[np.object_]
    model: PooledModel
    code: Codes
    log_dispersion: Numbers

    def quantiles(self, levels: Sequence[float] | Numbers) -> Numbers:
        """Smallest whole demand of the interval reached with each probability; (n, k), units."""
        asked = calibration.mapped(np.asarray(levels, dtype=np.float64), self.model.maps, self.code)
        return distributions.quantiles(self.mean, self.fitted_variance, asked)

    def cdf(self, x: Numbers) -> Numbers:
        """Recalibrated P(D ≤ x), (n,)."""
        fitted = distributions.cdf(x, self.mean, self.fitted_variance)
        return calibration.unmapped(fitted, self.model.maps, self.code)

    @property
    def fitted_variance(self) -> Numbers:
        """Variance of the fitted distribution, before recalibration; units²."""
        return _vmr(self.mean, self.log_dispersion, self.model.parameters[self.code]) * self.mean

    def widened(self, interval_variance: float | Numbers) -> Prediction:
        """Return the same series over an interval of uncertain length: variance + rate²·Var(P).

        `interval_variance` is in periods², a number or (n,).
        """
        parameters = self.model.parameters[self.code]
        vmr = _vmr(self.mean, self.log_dispersion, parameters)
        of_length = np.divide(
            self.rate**2 * interval_variance, self.mean, out=np.zeros_like(self.mean), where=self.mean > 0
        )
        power = vmr - LEAST_VMR - np.exp(parameters[:, _K + 6]) * self.mean + of_length
        exponent = np.log(np.maximum(power, 1e-12)) - parameters[:, _K + 3] * np.log(self.mean + 0.05)
        return self.model.prediction(self.rate, self.mean, self.code, exponent)

    def within(self, interval_periods: Numbers) -> Prediction:
        """Return demand of a part of the interval: the same variance-to-mean ratio, less mean.

        Unlike `over`, which asks the fitted ratio of an interval of that length, the part's demand
        is then stochastically smaller than the whole's, as it must be where the two are compared.
        """
        parameters = self.model.parameters[self.code]
        mean = self.rate * interval_periods
        drift = np.exp(parameters[:, _K + 6])
        power = _vmr(self.mean, self.log_dispersion, parameters) - LEAST_VMR - drift * mean
        exponent = np.log(np.maximum(power, 1e-12)) - parameters[:, _K + 3] * np.log(mean + 0.05)
        return self.model.prediction(self.rate, mean, self.code, exponent)

    def over(self, interval_periods: Numbers) -> Prediction:
        """Return the same series over another interval: the same rate and the same parameters."""
        mean = self.rate * interval_periods
        return self.model.prediction(self.rate, mean, self.code, self.log_dispersion)


@dataclass(frozen=True)
class PooledModel:
    """Parameters of the pooled model; rows in the order of `CLASSES`.

    `parameters` is (5, 14) in the order of `PARAMETERS`; `maps` (5, grid) are the recalibration on
    the logit; `tail_scale` (5,) multiplies the excess of the variance-to-mean ratio over 1 in the
    published variance; `training_rows` (5,) is what each class learnt from. `is_default` marks the
    documented prior, used where there is too little to learn from.
    """

    parameters: Numbers
    maps: Numbers
    tail_scale: Numbers
    training_rows: Numbers
    is_default: bool = False

    def predict(self, panel: DemandPanel, interval_periods: Numbers, end: int | None = None) -> Prediction:
        """Predict demand over the interval that starts after column `end` − 1 (default: the last).

        `interval_periods` (n,) may be fractional: the mean scales with it. Reads columns before
        `end` only.
        """
        end = panel.width if end is None else end
        return self.predict_origins(panel, interval_periods, np.array([end]))[0]

    def predict_origins(
        self, panel: DemandPanel, interval_periods: Numbers, origins: Integers
    ) -> list[Prediction]:
        """Predict from each origin (rising numbers of known columns), in one pass over time."""
        interval = np.broadcast_to(np.asarray(interval_periods, dtype=np.float64), (panel.n,))
        known = features(panel, interval, np.asarray(origins, dtype=np.int64))
        return [self._predicted(known, k, interval) for k in range(len(origins))]

    def _predicted(self, known: Features, k: int, interval: Numbers) -> Prediction:
        code = known.code[k]
        parameters = self.parameters[code]
        rate = _rate(known.levels[k], parameters)
        log_dispersion = _log_dispersion(
            parameters, known.log_lot[k], known.log_error_ratio[k], known.periods_with_demand[k]
        )
        return self.prediction(rate, rate * interval, code, log_dispersion)

    def prediction(self, rate: Numbers, mean: Numbers, code: Codes, log_dispersion: Numbers) -> Prediction:
        """Prediction with this mean over the interval and this dispersion but for the mean's part."""
        vmr = _vmr(mean, log_dispersion, self.parameters[code])
        variance = mean * (1.0 + (vmr - 1.0) * self.tail_scale[code])
        names = np.array(CLASSES, dtype=object)[code]
        return Prediction(rate, mean, variance, names, self, code, log_dispersion)

    def refreshed(
        self, panel: DemandPanel, interval_periods: Numbers, end: int | None = None, seed: int = 0
    ) -> PooledModel:
        """Return the model with its recalibration learnt anew on the year of intervals before `end`.

        The parameters hold on: a refit moves more stock than it is worth. Returns the model as it is
        where fewer than 200 intervals were completed.
        """
        end = panel.width if end is None else end
        interval = np.broadcast_to(np.asarray(interval_periods, dtype=np.float64), (panel.n,))
        first = max(end - int(np.ceil(panel.periods_per_year)), 1)
        seen = DemandPanel(panel.values[:, :end], panel.periods_per_year)
        rows = _training_rows(seen, interval, first, ROWS_PER_CLASS, seed)
        return self if len(rows.demand) < LEAST_ROWS else _calibrated(self, rows, seed)

    def to_frame(self) -> pd.DataFrame:
        """Return the model as a long frame: `model_scope`, `parameter`, `parameter_value`."""
        grid = [f"map_{k:02d}" for k in range(self.maps.shape[1])]
        table = np.column_stack(
            [
                self.parameters,
                self.maps,
                self.tail_scale,
                self.training_rows,
                np.full(len(CLASSES), float(self.is_default)),
            ]
        )
        names = [*PARAMETERS, *grid, "tail_scale", "training_rows", "is_default"]
        return pd.DataFrame(
            {
                "model_scope": np.repeat(np.array(CLASSES, dtype=object), len(names)),
                "parameter": np.tile(np.array(names, dtype=object), len(CLASSES)),
                "parameter_value": table.ravel(),
            }
        )

    @classmethod
    def from_frame(cls, frame: pd.DataFrame) -> PooledModel:
        """Read a model from the frame that `to_frame` wrote, in any order of rows.

        Raises `ValueError` when a parameter of a class is missing or not finite.
        """
        wide = frame.pivot(index="model_scope", columns="parameter", values="parameter_value")
        wide = wide.reindex(list(CLASSES)).astype(np.float64)
        grid = [f"map_{k:02d}" for k in range(len(calibration.GRID))]
        names = [*PARAMETERS, *grid, "tail_scale", "training_rows", "is_default"]
        if missing := [name for name in names if name not in wide or not np.isfinite(wide[name]).all()]:
            raise ValueError(
                f"the demand model lacks {', '.join(missing)} for a class of demand; "
                "learn it anew without the previous parameters"
            )
        return cls(
            parameters=wide[list(PARAMETERS)].to_numpy(),
            maps=wide[grid].to_numpy(),
            tail_scale=wide["tail_scale"].to_numpy(),
            training_rows=wide["training_rows"].to_numpy(),
            is_default=bool(wide["is_default"].iloc[0]),
        )


def default_model() -> PooledModel:
    """Return the documented prior, for data with too few completed intervals to learn from.

    The level is a mean of the medium memories, the variance-to-mean ratio grows with lot size and
    past errors with the exponents the fit starts from, and nothing is recalibrated.
    """
    parameters = _START.copy()
    parameters[:_K] = [-4.0, -2.0, 0.0, 0.5, 1.0, 1.0, 0.5]
    n = len(CLASSES)
    return PooledModel(
        parameters=np.tile(parameters, (n, 1)),
        maps=np.tile(calibration.logit(calibration.GRID), (n, 1)),
        tail_scale=np.ones(n),
        training_rows=np.zeros(n),
        is_default=True,
    )


def fit_pooled_model(
    panel: DemandPanel,
    interval_periods: Numbers,
    seed: int = 0,
    first_origin: int | None = None,
    end: int | None = None,
) -> PooledModel:
    """Learn the model from every interval completed before column `end` (default: the last).

    `interval_periods` (n,) is each series' interval, in periods; its completed windows have the
    rounded length. Origins start at `first_origin`, by default half a year in. Rows are sampled
    evenly per class, independent of the order of the series. A class with fewer than 400 rows
    takes the parameters of all rows; fewer than 200 rows in all give `default_model()`.
    """
    end = panel.width if end is None else end
    interval = np.broadcast_to(np.asarray(interval_periods, dtype=np.float64), (panel.n,))
    first = round(panel.periods_per_year / 2.0) if first_origin is None else first_origin
    seen = DemandPanel(panel.values[:, :end], panel.periods_per_year)
    rows = _training_rows(seen, interval, max(first, 1), ROWS_PER_CLASS, seed)
    if len(rows.demand) < LEAST_ROWS:
        return default_model()
    start = default_model()
    everything = _fitted(rows.sample(ROWS_PER_CLASS), _START)
    parameters = np.tile(everything, (len(CLASSES), 1))
    counts = np.bincount(rows.code, minlength=len(CLASSES))
    for code in np.flatnonzero(counts >= LEAST_ROWS_OF_A_CLASS):
        parameters[code] = _fitted(rows.of(rows.code == code), everything)
    model = replace(start, parameters=parameters, training_rows=counts.astype(np.float64), is_default=False)
    return _calibrated(model, rows, seed)


@dataclass(frozen=True)
class _Rows:
    """Completed intervals with what was known at their origin."""

    levels: Numbers
    log_lot: Numbers
    log_error_ratio: Numbers
    periods_with_demand: Numbers
    code: Codes
    interval: Numbers
    demand: Numbers

    def of(self, chosen: npt.NDArray[np.bool_] | Integers) -> _Rows:
        return _Rows(*(getattr(self, name)[chosen] for name in self.__dataclass_fields__))

    def sample(self, most: int) -> _Rows:
        return self.of(_evenly(len(self.demand), most))


def _evenly(n: int, most: int) -> Integers:
    return np.linspace(0, n - 1, min(n, most)).round().astype(np.int64)


def _training_rows(panel: DemandPanel, interval: Numbers, first: int, per_class: int, seed: int) -> _Rows:
    """Completed intervals of series that had demand before, at most `per_class` of a class."""
    order = _canonical_order(panel, seed)
    origins = np.arange(first, panel.width)
    most = INTERVALS_READ // max(len(origins), 1)
    order = order[_evenly(len(order), most)] if len(order) else order
    panel, interval = panel.take(order), interval[order]
    window = whole_periods(interval)
    if not len(order) or not len(origins):
        return _Rows(np.zeros((0, _K)), *(np.zeros(0),) * 3, np.zeros(0, np.int8), *(np.zeros(0),) * 2)
    known = features(panel, interval, origins)
    demand = interval_demand(panel, window, origins)
    size = np.exp(known.log_lot) + known.levels.max(axis=2) * window + 1.0
    usable = np.isfinite(demand) & (known.periods_with_demand > 0) & (demand < _IMPLAUSIBLE_RATIO * size)
    draw = np.random.default_rng(seed).permutation(usable.size)
    kept = []
    for code in range(len(CLASSES)):
        at = np.flatnonzero(usable & (known.code == code))
        kept.append(at[np.argsort(draw[at], kind="stable")[:per_class]])
    at = np.concatenate(kept)
    k, i = np.unravel_index(at, demand.shape)
    return _Rows(
        known.levels[k, i],
        known.log_lot[k, i],
        known.log_error_ratio[k, i],
        known.periods_with_demand[k, i],
        known.code[k, i],
        window[i].astype(np.float64),
        demand[k, i],
    )


def _canonical_order(panel: DemandPanel, seed: int) -> Integers:
    """Series with demand, ordered by what they hold: the sample ignores the order they came in."""
    values, known = panel.known_values(slice(None))
    weights = np.random.default_rng(seed).random(panel.width)
    key = (np.where(known, np.log1p(values), -1.0) * weights).sum(axis=1)
    order = np.argsort(key, kind="stable")
    has_demand = values.max(axis=1, initial=0.0) > 0.0
    ordered: Integers = order[has_demand[order]]
    return ordered


def _rate(levels: Numbers, parameters: Numbers) -> Numbers:
    """Mean demand per period: e^g·Σ softmax(w)·level + c0; `parameters` is (14,) or (n, 14)."""
    weights = special.softmax(parameters[..., :_K], axis=-1)
    mean = np.exp(parameters[..., _K]) * (levels * weights).sum(axis=-1)
    return np.asarray(mean + np.exp(parameters[..., _K + 1]))


def _log_dispersion(parameters: Numbers, log_lot: Numbers, log_error: Numbers, nonzero: Numbers) -> Numbers:
    """Log of the dispersion but for its dependence on the mean: a0 + s·(a4·ln lot + a6·ln cev)."""
    shrink = nonzero / (nonzero + SHRINK_PERIODS)
    own = parameters[..., _K + 4] * log_lot + parameters[..., _K + 5] * log_error
    return np.asarray(parameters[..., _K + 2] + shrink * own)


def _vmr(mean: Numbers, log_dispersion: Numbers, parameters: Numbers) -> Numbers:
    """Variance-to-mean ratio: 1.02 + e^(…)·(μ + .05)^a1 + κ·μ; κ·μ is the error of the level."""
    power = log_dispersion + parameters[..., _K + 3] * np.log(mean + 0.05)
    return np.asarray(LEAST_VMR + np.exp(np.minimum(power, 30.0)) + np.exp(parameters[..., _K + 6]) * mean)


def _fitted(rows: _Rows, start: Numbers) -> Numbers:
    shrink = rows.periods_with_demand / (rows.periods_with_demand + SHRINK_PERIODS)
    # Here: whoever only predicts need not wait for its import.
    from scipy import optimize

    own = np.column_stack([shrink * rows.log_lot, shrink * rows.log_error_ratio])
    constant = special.gammaln(rows.demand + 1.0)
    ridge = RIDGE / len(rows.demand)

    def loss(x: Numbers) -> tuple[float, Numbers]:
        value, gradient = _negative_likelihood(x, rows, own, constant)
        away = x - _START
        return value + ridge * float(away @ away), gradient + 2.0 * ridge * away

    found = optimize.minimize(
        loss,
        start,
        jac=True,
        method="L-BFGS-B",
        bounds=_BOUNDS,
        options={"maxiter": 300, "maxcor": 20, "gtol": 1e-7, "ftol": 1e-11},
    )
    return np.asarray(found.x if np.isfinite(found.x).all() else start)


def _negative_likelihood(x: Numbers, rows: _Rows, own: Numbers, constant: Numbers) -> tuple[float, Numbers]:
    """Mean −ln likelihood of negative binomial demand and its gradient in the 14 parameters."""
    y, interval = rows.demand, rows.interval
    weights = special.softmax(x[:_K])
    level = rows.levels @ weights
    scaled = interval * np.exp(x[_K]) * level
    base = interval * np.exp(x[_K + 1])
    mean = scaled + base
    power = np.exp(x[_K + 2] + x[_K + 3] * np.log(mean + 0.05) + own @ x[_K + 4 : _K + 6])
    drift = np.exp(x[_K + 6]) * mean
    vmr = LEAST_VMR + power + drift

    r = mean / (vmr - 1.0)
    log_p, log_1p = -np.log(vmr), np.log1p(-1.0 / vmr)
    value = special.gammaln(y + r) - special.gammaln(r) - constant + r * log_p + y * log_1p
    by_r = special.digamma(y + r) - special.digamma(r) + log_p
    # d/dv of r·ln p + y·ln(1−p) with p = 1/v, and of r itself.
    by_vmr = -r / vmr + y / (vmr * (vmr - 1.0)) - by_r * r / (vmr - 1.0)
    by_mean = by_r / (vmr - 1.0) + by_vmr * (x[_K + 3] * power / (mean + 0.05) + np.exp(x[_K + 6]))

    gradient = np.empty(len(x))
    by_level = by_mean * interval * np.exp(x[_K])
    gradient[:_K] = weights * (by_level @ rows.levels - by_level @ level)
    gradient[_K] = by_mean @ scaled
    gradient[_K + 1] = by_mean @ base
    by_power = by_vmr * power
    gradient[_K + 2] = by_power.sum()
    gradient[_K + 3] = by_power @ np.log(mean + 0.05)
    gradient[_K + 4 : _K + 6] = by_power @ own
    gradient[_K + 6] = by_vmr @ drift
    n = len(y)
    return float(-value.sum() / n), -gradient / n


def _calibrated(model: PooledModel, rows: _Rows, seed: int) -> PooledModel:
    parameters = model.parameters[rows.code]
    mean = _rate(rows.levels, parameters) * rows.interval
    power = _log_dispersion(parameters, rows.log_lot, rows.log_error_ratio, rows.periods_with_demand)
    vmr = _vmr(mean, power, parameters)
    draw = np.random.default_rng(seed).random(len(mean))
    pit = calibration.randomised_pit(rows.demand, mean, mean * vmr, draw)
    maps = calibration.quantile_maps(pit, rows.code, len(CLASSES), float(rows.interval.mean()))
    return replace(model, maps=maps, tail_scale=_tail_scale(rows, mean, vmr, draw))


# The published variance agrees with the recalibrated quantiles where stock is planned.
_TAIL_LEVELS = np.array([0.9, 0.95, 0.98])
_TAIL_SCALES = np.exp(np.linspace(-0.8, 1.2, 21))
_TAIL_ROWS = 3_000
_TAIL_PRIOR_ROWS = 300.0


def _tail_scale(rows: _Rows, mean: Numbers, vmr: Numbers, draw: Numbers) -> Numbers:
    """Factor on VMR − 1 per class at which the plain distribution covers its upper levels; (5,).

    Coverage need not rise with the variance where demand is mostly zero, so the scales are tried.
    """
    scale = np.ones(len(CLASSES))
    for code in range(len(CLASSES)):
        at = np.flatnonzero(rows.code == code)
        if not len(at):
            continue
        at = at[_evenly(len(at), _TAIL_ROWS)]
        demand, of_mean, excess, v = rows.demand[at], mean[at], vmr[at] - 1.0, draw[at]
        missed = np.empty(len(_TAIL_SCALES))
        for k, factor in enumerate(_TAIL_SCALES):
            pit = calibration.randomised_pit(demand, of_mean, of_mean * (1.0 + excess * factor), v)
            missed[k] = np.abs((pit[:, None] <= _TAIL_LEVELS).mean(axis=0) - _TAIL_LEVELS).sum()
        weight = len(at) / (len(at) + _TAIL_PRIOR_ROWS)
        scale[code] = _TAIL_SCALES[int(missed.argmin())] ** weight
    return scale
