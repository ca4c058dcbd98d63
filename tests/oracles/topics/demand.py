"""Patterns of demand, intermittent forecasts, forecast errors, lead times."""

from __future__ import annotations

from typing import Any

import numpy as np

from optimization.demand.censored import negative_binomial_moments, poisson_rate
from optimization.demand.classes import interval_and_variation, syntetos_boylan_class
from optimization.demand.empirical import MixedLeadTime, bootstrap_of_interval, mean_of, quantile_of
from optimization.demand.kaplan_meier import kaplan_meier
from optimization.demand.models import Chunk, fitted_levels
from optimization.measures.intermittent import croston_components, tsb_level
from optimization.measures.kpi import forecast_errors
from tests.oracles.registry import answers


def _level(method: str, history: list[float]) -> float:
    return float(fitted_levels(Chunk(method, np.array([history], dtype=float)))[0])


@answers("Croston / SBA")
def croston(given: dict[str, Any]) -> Any:
    alpha = given["alpha"]
    size, interval = croston_components(given["y"], alpha)
    return {
        "z": size,
        "p": interval,
        "croston": size / interval if interval else 0.0,
        "sba": (1.0 - alpha / 2.0) * size / interval if interval else 0.0,
    }


@answers("TSB")
def tsb(given: dict[str, Any]) -> Any:
    return {"tsb": tsb_level(given["y"], given["alpha_d"], given["alpha_p"])}


@answers("censored demand, Poisson MLE")
def censored(given: dict[str, Any]) -> Any:
    exact, cut = (np.array(given[name], dtype=float) for name in ("exact", "right_censored_at"))
    mean, ratio = negative_binomial_moments(exact, cut)
    return {
        "mle": poisson_rate(exact, cut),
        "naive_mean": float(np.concatenate([exact, cut]).mean()),
        "drop_censored_mean": float(exact.mean()),
        "negative_binomial": {"mean": mean, "variance_to_mean": ratio},
    }


def _percent(level: float) -> str:
    return f"{round(100.0 * level, 6):g}"


@answers("bimodal lead time: normal formula fails")
def mixed_lead_time(given: dict[str, Any]) -> Any:
    rate = given.get("daily_poisson", given.get("daily_mean"))
    days = np.array([float(value) for value in given["lead_time_pmf"]])
    weights = np.array(list(given["lead_time_pmf"].values()), dtype=float)
    demand = MixedLeadTime(rate, given.get("variance_to_mean", 1.0), days, weights)
    found: dict[str, Any] = {
        "mean": demand.mean,
        "variance": demand.variance,
        "exact_quantiles": [demand.quantile(level) for level in given["targets"]],
    }
    for level in {*given["targets"], 0.9}:
        normal = demand.normal_quantile(level)
        found[f"normal_q{_percent(level)}"] = normal
        found[f"true_CSL_of_ceil_normal_q{_percent(level)}"] = demand.cdf(float(np.ceil(normal)))
    return found


@answers("exact iid bootstrap of 3-period demand", "exact iid bootstrap")
def bootstrap(given: dict[str, Any]) -> Any:
    pmf = bootstrap_of_interval(np.array(given["history"], dtype=float), given["periods"])
    return {"quantiles": [quantile_of(pmf, level) for level in given["q"]], "mean": mean_of(pmf)}


@answers("all-zero history")
def all_zero(given: dict[str, Any]) -> Any:
    return {
        "croston": _level("croston_classic", given["y"]),
        "sba": _level("croston_sba", given["y"]),
        "tsb": _level("tsb", given["y"]),
    }


@answers("Syntetos-Boylan-Croston classes")
def classes(given: dict[str, Any]) -> Any:
    found = {}
    for name, history in given["series"].items():
        y = np.array(history, dtype=float)
        sums = (float(len(y)), float((y > 0).sum()), y.sum(), (y**2).sum())
        adi, cv2 = interval_and_variation(*(np.array([value]) for value in sums))
        found[name] = {
            "ADI": float(adi[0]),
            "CV2": float(cv2[0]),
            "cls": str(syntetos_boylan_class(adi, cv2)[0]),
        }
    return found


@answers("lead-time quantiles with open orders (Kaplan-Meier)")
def lead_time_quantiles(given: dict[str, Any]) -> Any:
    done, waiting = given["completed_days"], given["open_age_days"]
    days = np.array([*done, *waiting], dtype=float)
    curve = kaplan_meier(days, np.array([False] * len(done) + [True] * len(waiting)))
    naive = kaplan_meier(np.array(done, dtype=float), np.zeros(len(done), dtype=bool))
    return {
        "survival": {
            str(int(time)): float(value) for time, value in zip(curve.times, curve.survival, strict=True)
        },
        "P50": curve.quantile(0.5),
        "P80": curve.quantile(0.8),
        "P90": curve.quantile(0.9),
        "naive_completed_only_P50": naive.quantile(0.5),
    }


@answers("forecast-error sigma, bias, tracking signal")
def errors(given: dict[str, Any]) -> Any:
    return forecast_errors(given["errors"])
