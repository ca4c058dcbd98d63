"""Requests and units, and stock instead of waiting, through the functions that make the published tables."""

from __future__ import annotations

from typing import Any

import numpy as np

from optimization.order_parameters import SubstitutionParameters
from optimization.promising.matching.assignment import Assignment, Pairs, assign, bound, is_proof, value
from optimization.promising.substitution import is_offered
from tests.oracles.registry import answers


def best_of(score: list[list[float | None]]) -> tuple[float, list[int]]:
    """Total and unit per request of the greatest total; null pairs are not allowed, scores are above 0."""
    rows = [[(j, gain) for j, gain in enumerate(row) if gain is not None] for row in score]
    start = np.concatenate([[0], np.cumsum([len(row) for row in rows])]).astype(np.int64)
    unit = np.array([j for row in rows for j, _ in row], dtype=np.int64)
    gain = np.array([round(gain * 100) for row in rows for _, gain in row], dtype=np.int64)
    pairs = Pairs(start, unit, gain, np.zeros(len(rows), dtype=np.int64), len(score[0]))
    found: Assignment = assign(pairs)
    if not is_proof(pairs, found) or (value(pairs, found) != bound(found)).any():
        raise ValueError("the assignment is not proven")
    return float(value(pairs, found)[0]) / 100.0, found.unit.tolist()


@answers("customer-vehicle assignment")
def matching(given: dict[str, Any]) -> Any:
    total, unit = best_of(given["score"])
    return {"total": total, "assignment": unit}


@answers("stock substitution test")
def substitution(given: dict[str, Any]) -> Any:
    terms = SubstitutionParameters(
        least_fit=given["min_match"], max_price_delta=float(given["price_delta_limit"])
    )
    offered = is_offered(
        np.array([given["stock_vehicle_match"]]),
        np.array([float(given["customer_wait_days"] - given["stock_available_days"])]),
        np.array([float(given["price_delta"])]),
        np.array([given["hard_options_match"]]),
        terms,
    )
    return {"offer": bool(offered[0])}
