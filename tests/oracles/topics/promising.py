"""Available to promise, through the kernel that makes the published table; discrete by definition."""

from __future__ import annotations

from typing import Any

import numpy as np

from optimization.promising.look_ahead import discrete, net_back, projected
from optimization.promising.running import promise_places, sorted_flows
from tests.oracles.registry import answers


def _rows(given: dict[str, Any]) -> tuple[Any, Any, Any]:
    return (
        np.array([given["on_hand"]], dtype=float),
        np.array([given["mps"]], dtype=float),
        np.array([given["committed"]], dtype=float),
    )


def _promised(on_hand: Any, supply: Any, committed: Any) -> Any:
    """Promise of every day of the one place."""
    flow = (supply - committed)[0]
    days = np.arange(len(flow))
    flows = sorted_flows(1, np.zeros(len(flow), dtype=np.int64), days, flow, flow)
    promises, _, _ = promise_places(on_hand, flows)
    return promises.safe[np.searchsorted(promises.day, days, side="right") - 1]


@answers("ATP discrete and cumulative with look-ahead")
def over_time(given: dict[str, Any]) -> Any:
    rows = _rows(given)
    balance = projected(*rows)
    return {
        "discrete": net_back(discrete(*rows))[0].tolist(),
        "cumulative": _promised(*rows).tolist(),
        "projected_uncommitted": balance[0].tolist(),
    }


@answers("ATP: future commitment protects stock")
def protected_stock(given: dict[str, Any]) -> Any:
    return {"promisable_today": float(_promised(*_rows(given))[0])}
