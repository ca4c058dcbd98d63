"""What a played scenario comes to by scope, and how two differ, each with its interval.

Intervals are of item-locations drawn anew; both scenarios of a comparison get the same draws, so that
pairs stay pairs and a difference of nothing has an interval of nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from optimization.planning.playing import Played
from optimization.planning.sampling import Sample, Scope
from optimization.simulation.intervals import row_weights

Numbers = npt.NDArray[np.float64]

Rows = Played | pd.DataFrame

DRAWS = 200
_ADDITIVE = {
    "average_stock_value": "stock_value",
    "orders_per_year": "orders_per_year",
    "holding_cost_per_year": "holding_cost",
    "order_cost_per_year": "order_cost",
    "shortage_cost_per_year": "shortage_cost",
}
PER_SERIES = ("demand", "filled", "lost", "lost_margin", *_ADDITIVE.values())
"""What is known of each item-location; see `playing.Played`."""
COMPARED = (
    "fill_rate",
    *_ADDITIVE,
    "cost_per_year",
    "lost_margin_per_year",
)


class Scopes:
    """The scopes of a sample with their draws, made once for all scenarios that are played on it."""

    def __init__(self, sample: Sample, seed: int, draws: int = DRAWS) -> None:
        self.sample = sample
        self._drawn = [
            row_weights(len(scope.rows), draws, np.random.default_rng([seed, number]))
            * sample.weights[scope.rows]
            for number, scope in enumerate(sample.scopes)
        ]

    def __iter__(self) -> Iterator[tuple[Scope, Numbers, Numbers]]:
        """Scope, weights of its rows (m,), and the same by draw (draws, m)."""
        for scope, drawn in zip(self.sample.scopes, self._drawn, strict=True):
            yield scope, self.sample.weights[scope.rows], drawn


def outcome_rows(done: Played, scopes: Scopes) -> list[dict[str, Any]]:
    """One row per scope: fill with interval, stock, peak, orders, costs, lost margin, aged share.

    A figure that has nothing to stand on is None, and `null_reason` says which and why.
    """
    return [_row(done, scope, weights, drawn) for scope, weights, drawn in scopes]


def difference_rows(one: Rows, other: Rows, scopes: Scopes) -> list[dict[str, Any]]:
    """One row per scope and figure: `value_a`, `value_b`, `difference` b − a with its 95 % interval.

    Both have the same item-locations in the same order, with the figures of `PER_SERIES`.
    """
    rows = []
    for scope, weights, drawn in scopes:
        base, bases = _totals(one, scope, weights), _totals(one, scope, drawn)
        changed, changes = _totals(other, scope, weights), _totals(other, scope, drawn)
        for name in COMPARED:
            difference = changes[name] - bases[name]
            low, high = _interval(difference)
            rows.append(
                {
                    "scope_type": scope.scope_type,
                    "scope_id": scope.scope_id,
                    "figure": name,
                    "value_a": _known(base[name]),
                    "value_b": _known(changed[name]),
                    "difference": _known(changed[name] - base[name]),
                    "difference_low": low,
                    "difference_high": high,
                    "series_count": len(scope.rows),
                }
            )
    return rows


def _row(done: Played, scope: Scope, weights: Numbers, drawn: Numbers) -> dict[str, Any]:
    told = _totals(done, scope, weights)
    low, high = _interval(_totals(done, scope, drawn)["fill_rate"])
    everywhere = np.zeros(len(done.demand))
    everywhere[scope.rows] = weights
    by_week = done.value_of(everywhere)
    closing, aged = (float(weights @ each[scope.rows]) for each in (done.closing_value, done.aged_value))
    row: dict[str, Any] = {
        "scope_type": scope.scope_type,
        "scope_id": scope.scope_id,
        "series_count": len(scope.rows),
        "population_count": scope.population,
        **{name: _known(value) for name, value in told.items()},
        "fill_rate_low": low,
        "fill_rate_high": high,
        "peak_cash": float(by_week.max(axis=1).mean()),
        "aged_value_share": _known(np.float64(min(aged / closing, 1.0) if closing > 0 else np.nan)),
    }
    missing = {
        "fill_rate": "nobody asks for anything",
        "lost_margin_per_year": "units without a list price are lost",
        "aged_value_share": "no stock is left, or too few weeks are played",
    }
    reasons = [f"{name}: {why}" for name, why in missing.items() if row[name] is None]
    row["null_reason"] = "; ".join(reasons) or None
    return row


def _totals(done: Rows, scope: Scope, weights: Numbers) -> dict[str, Any]:
    """Figures of a scope for weights (m,) or (draws, m)."""
    own = {name: np.asarray(_column(done, name), dtype=np.float64)[scope.rows] for name in PER_SERIES}
    asked, filled = weights @ own["demand"], weights @ own["filled"]
    found: dict[str, Any] = {
        "fill_rate": np.divide(filled, asked, out=np.full(np.shape(asked), np.nan), where=asked > 0)
    }
    found |= {name: weights @ own[field] for name, field in _ADDITIVE.items()}
    found["cost_per_year"] = sum(
        found[name] for name in ("holding_cost_per_year", "order_cost_per_year", "shortage_cost_per_year")
    )
    # A row that loses nothing loses no margin, whether its price is known or not.
    margin = np.where(own["lost"] > 0, own["lost_margin"], 0.0)
    found["lost_margin_per_year"] = weights @ margin
    return found


def _column(done: Rows, name: str) -> Any:
    return done[name] if isinstance(done, pd.DataFrame) else getattr(done, name)


def _interval(drawn: Numbers) -> tuple[float | None, float | None]:
    known = drawn[np.isfinite(drawn)]
    if not len(known):
        return None, None
    low, high = np.quantile(known, [0.025, 0.975])
    return float(low), float(high)


def _known(value: Any) -> float | None:
    return float(value) if np.isfinite(value) else None
