"""Patterns of demand, intermittent forecasts, forecast errors, lead times."""

from __future__ import annotations

from typing import Any

import numpy as np

from optimization.demand.classes import interval_and_variation, syntetos_boylan_class
from optimization.demand.kaplan_meier import kaplan_meier
from optimization.demand.models import Chunk, fitted_levels
from optimization.measures.intermittent import croston_components
from optimization.measures.kpi import forecast_errors
from tests.oracles.registry import answers


def _level(method: str, history: list[float]) -> float:
    return float(fitted_levels(Chunk(method, np.array([history], dtype=float)))[0])


@answers("Croston / SBA")
def croston(given: dict[str, Any]) -> Any:
    size, interval = croston_components(given["y"], given["alpha"])
    return {
        "z": size,
        "p": interval,
        "croston": _level("croston_classic", given["y"]),
        "sba": _level("croston_sba", given["y"]),
    }


@answers("TSB")
def tsb(given: dict[str, Any]) -> Any:
    return {"tsb": _level("tsb", given["y"])}


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
