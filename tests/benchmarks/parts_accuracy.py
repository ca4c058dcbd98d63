"""How well the demand of coming intervals was foretold: error, bias, quantiles and their coverage."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from optimization.demand import calibration
from optimization.demand.distributions import cdf
from optimization.demand.levels import CLASSES
from optimization.demand.panel import DemandPanel, Integers, Numbers, interval_demand, whole_periods
from optimization.demand.pooled import PooledModel
from optimization.policy.service_control import PooledRule
from optimization.simulation.baselines import ROUNDINGS, whole, windows
from optimization.simulation.moments import rolling_moments

LEVELS = np.array([0.5, 0.8, 0.9, 0.95, 0.99])
SERVICE = (0.80, 0.90, 0.95, 0.99)
DRAWS = 500
# So many series are timed, copies where the file has fewer.
CPU_SERIES = 20_000
SIZE_EDGES = (0.2, 0.4, 0.6, 0.8, 0.95)


@dataclass(frozen=True)
class Foretold:
    """Completed intervals of the scored part, one row each: what was said and what came."""

    item: Integers
    origin: Integers
    code: Integers
    demand: Numbers
    mean: Numbers
    quantiles: Numbers
    pit: Numbers
    moment_pit: Numbers


def foretold(
    model: PooledModel,
    panel: DemandPanel,
    interval: Numbers,
    origins: Integers,
    is_refreshed: bool,
    seed: int = 1,
) -> Foretold:
    """Predict from every origin and keep the intervals that were seen to complete."""
    rule = PooledRule(model, panel.periods_per_year, is_refreshed=is_refreshed)
    demand = interval_demand(panel, whole_periods(interval), origins)
    generator = np.random.default_rng(seed)
    parts: list[tuple[Any, ...]] = []
    for k, said in enumerate(rule.predictions(panel, origins, interval)):
        rows = np.flatnonzero(np.isfinite(demand[k]))
        came, draw = demand[k, rows], generator.random(len(rows))
        below, at = (
            calibration.unmapped(
                cdf(came - less, said.mean[rows], said.fitted_variance[rows]),
                said.model.maps,
                said.code[rows],
            )
            for less in (1.0, 0.0)
        )
        moments = calibration.randomised_pit(came, said.mean[rows], said.variance[rows], draw)
        quantiles = said.quantiles(LEVELS)[rows]
        origin = np.full(len(rows), origins[k])
        parts.append(
            (
                rows,
                origin,
                said.code[rows],
                came,
                said.mean[rows],
                quantiles,
                below + draw * (at - below),
                moments,
            )
        )
    return Foretold(*(np.concatenate(each) for each in zip(*parts, strict=True)))


def pinball(demand: Numbers, quantiles: Numbers) -> Numbers:
    """Pinball loss per row and level of `LEVELS`."""
    error = demand[:, None] - quantiles
    return np.maximum(LEVELS * error, (LEVELS - 1.0) * error)


def coverage(said: Foretold) -> dict[str, Any]:
    """Randomised coverage overall, by class and by size of forecast, with the interval at 90 %.

    The interval draws items, not rows: the rows of an item overlap.
    """
    overall = {f"{level:g}": _share(said.pit, level) for level in LEVELS}
    plain = {
        f"{level:g}": round(float((said.demand <= said.quantiles[:, k]).mean()), 4)
        for k, level in enumerate(LEVELS)
    }
    moments = {f"{level:g}": _share(said.moment_pit, level) for level in LEVELS}
    items, index = np.unique(said.item, return_inverse=True)
    hits = np.bincount(index, weights=said.pit <= 0.9)
    rows = np.bincount(index).astype(np.float64)
    drawn = np.random.default_rng(0).multinomial(len(items), np.full(len(items), 1 / len(items)), size=DRAWS)
    low, high = np.quantile((drawn @ hits) / (drawn @ rows), [0.025, 0.975])
    edges = np.quantile(said.mean, SIZE_EDGES)
    size = np.searchsorted(edges, said.mean)
    return {
        "randomised": overall,
        "plain": plain,
        "from_moments": moments,
        "p90_interval": [round(float(low), 4), round(float(high), 4)],
        "p90_by_class": _by(said.code, CLASSES, said.pit),
        "p90_by_size": _by(size, _size_names(edges), said.pit),
    }


def _size_names(edges: Numbers) -> tuple[str, ...]:
    return (*(f"≤ {edge:.3g}" for edge in edges), f"> {edges[-1]:.3g}")


def _by(group: Integers, names: tuple[str, ...], pit: Numbers) -> dict[str, Any]:
    return {
        name: {"rows": int((group == k).sum()), "p90": _share(pit[group == k], 0.9)}
        for k, name in enumerate(names)
        if (group == k).any()
    }


def _share(pit: Numbers, level: float) -> float:
    return round(float((pit <= level).mean()), 4)


def errors(said: Foretold, panel: DemandPanel, interval: Numbers, tuning_end: int) -> dict[str, float]:
    """Pinball per unit of demand, bias, and RMSSE of the interval's mean.

    RMSSE: root mean squared error over the root mean squared difference of neighbouring intervals
    in the tuning part, per item, weighted by items; bias: (demand − mean)/demand, so positive is
    too little foretold.
    """
    window = whole_periods(interval)
    past = interval_demand(panel, window, np.arange(0, max(tuning_end - int(window.max()), 1)))
    step = np.diff(past[:: int(window.max())], axis=0)
    is_known = np.isfinite(step)
    scale = (np.where(is_known, step, 0.0) ** 2).sum(axis=0) / np.maximum(is_known.sum(axis=0), 1)
    squared = np.bincount(said.item, weights=(said.demand - said.mean) ** 2, minlength=panel.n)
    count = np.bincount(said.item, minlength=panel.n)
    usable = (scale > 0) & (count > 0)
    rmsse = np.sqrt(squared[usable] / count[usable] / scale[usable])
    total = max(float(said.demand.sum()), 1e-12)
    return {
        "pinball": round(float(pinball(said.demand, said.quantiles).mean(axis=1).sum() / total), 5),
        "bias": round(float((said.demand - said.mean).sum() / total), 4),
        "rmsse": round(float(rmsse.mean()), 4),
    }


def baseline_pinball(
    said: Foretold, panel: DemandPanel, interval: Numbers, tuning: Integers
) -> dict[str, dict[str, float]]:
    """Pinball of simple quantile rules at the same rows, with an item-bootstrap of the difference.

    Days of supply k_q·P·m with window, rounding and a k per level tuned on the origins `tuning`;
    normal of the last 12 months with a z per level tuned likewise.
    """
    year = round(panel.periods_per_year)
    past = interval_demand(panel, whole_periods(interval), tuning)
    rows = np.flatnonzero(np.isfinite(past).ravel())
    came = past.ravel()[rows]
    scored = np.unique(said.origin)
    place = (np.searchsorted(scored, said.origin), said.item)
    ours = pinball(said.demand, said.quantiles).mean(axis=1)
    result = {}
    for name, spans, factors in (
        ("days_of_supply", windows(panel.periods_per_year), np.geomspace(0.05, 12.0, 60)),
        ("twelve_month_normal", [year], np.linspace(-2.0, 6.0, 60)),
    ):
        best, chosen = np.inf, (spans[0], ROUNDINGS[0], np.ones(len(LEVELS)))
        for span in spans:
            base, spread = (each.ravel()[rows] for each in _parts(panel, tuning, interval, span, name))
            for rounding in ROUNDINGS:
                losses = np.stack(
                    [_loss(came, whole(base + factor * spread, rounding)) for factor in factors], axis=1
                )
                if losses.min(axis=1).sum() < best:
                    best = losses.min(axis=1).sum()
                    chosen = (span, rounding, factors[losses.argmin(axis=1)])
        span, rounding, picked = chosen
        base, spread = (each[place] for each in _parts(panel, scored, interval, span, name))
        said_by_rule = whole(base[:, None] + picked * spread[:, None], rounding)
        theirs = pinball(said.demand, said_by_rule).mean(axis=1)
        result[name] = {
            "window": float(span),
            "pinball": round(float(theirs.sum() / max(said.demand.sum(), 1e-12)), 5),
            **_relative(ours, theirs, said.item),
        }
    return result


def _parts(
    panel: DemandPanel, origins: Integers, interval: Numbers, span: int, name: str
) -> tuple[Numbers, Numbers]:
    """Base and spread of a quantile rule, (origins, n): nothing and k·P·m, or P·m and √P·s."""
    mean, sd = (each.T for each in rolling_moments(panel.values, origins, span))
    if name == "days_of_supply":
        return np.zeros(mean.shape), mean * interval
    return mean * interval, sd * np.sqrt(interval)


def _loss(demand: Numbers, level: Numbers) -> Numbers:
    error = demand - level
    return np.array([np.maximum(q * error, (q - 1.0) * error).sum() for q in LEVELS])


def _relative(ours: Numbers, theirs: Numbers, item: Integers) -> dict[str, float]:
    n = int(item.max()) + 1
    a, b = np.bincount(item, weights=ours, minlength=n), np.bincount(item, weights=theirs, minlength=n)
    drawn = np.random.default_rng(0).multinomial(n, np.full(n, 1 / n), size=DRAWS)
    low, high = np.quantile((drawn @ a) / (drawn @ b) - 1.0, [0.025, 0.975])
    return {
        "ours_relative": round(float(a.sum() / b.sum() - 1.0), 4),
        "low": round(float(low), 4),
        "high": round(float(high), 4),
    }


def service(said: Foretold) -> dict[str, dict[str, float]]:
    """Achieved cycle service, P(D ≤ S) and randomised, against nominal at `SERVICE`."""
    place = {float(level): k for k, level in enumerate(LEVELS)}
    return {
        f"{level:g}": {
            "achieved": round(float((said.demand <= said.quantiles[:, place[level]]).mean()), 4),
            "randomised": _share(said.pit, level),
        }
        for level in SERVICE
    }


def cpu_per_series(model: PooledModel, panel: DemandPanel, interval: Numbers) -> dict[str, float]:
    """Series per CPU second of features and five quantiles at the newest origin."""
    copies = max(CPU_SERIES // panel.n, 1)
    many = DemandPanel(np.tile(panel.values, (copies, 1)), panel.periods_per_year)
    long_interval = np.tile(interval, copies)
    start = time.process_time()
    said = model.predict(many, long_interval)
    middle = time.process_time()
    said.quantiles(LEVELS)
    end = time.process_time()
    return {
        "series_per_cpu_second": round(many.n / max(end - start, 1e-9)),
        "features_microseconds": round((middle - start) / many.n * 1e6, 2),
        "quantiles_microseconds": round((end - middle) / many.n * 1e6, 2),
    }
