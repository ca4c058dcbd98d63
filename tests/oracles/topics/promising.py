"""Available to promise, through `optimization.promising.look_ahead`."""

from __future__ import annotations

from typing import Any

import numpy as np

from optimization.promising.look_ahead import discrete, look_ahead, net_back, projected
from tests.oracles.registry import answers


def _rows(given: dict[str, Any]) -> tuple[Any, Any, Any]:
    return (
        np.array([given["on_hand"]], dtype=float),
        np.array([given["mps"]], dtype=float),
        np.array([given["committed"]], dtype=float),
    )


@answers("ATP discrete and cumulative with look-ahead")
def over_time(given: dict[str, Any]) -> Any:
    rows = _rows(given)
    balance = projected(*rows)
    return {
        "discrete": net_back(discrete(*rows))[0].tolist(),
        "cumulative": look_ahead(balance)[0].tolist(),
        "projected_uncommitted": balance[0].tolist(),
    }


@answers("ATP: future commitment protects stock")
def protected_stock(given: dict[str, Any]) -> Any:
    return {"promisable_today": float(np.maximum(look_ahead(projected(*_rows(given))), 0)[0, 0])}
