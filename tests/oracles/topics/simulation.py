"""The simulator's ledger, period by period."""

from __future__ import annotations

from typing import Any

import numpy as np

from optimization.simulation.rules import simulate
from tests.oracles.registry import answers

# What the cases call a stockout behaviour.
MODES = {"lost_sales": "lost", "lost": "lost", "backorder": "backorder", "backorders": "backorder"}


@answers("simulator ledger")
def simulator_ledger(given: dict[str, Any]) -> Any:
    mode = MODES[given["mode"]]
    outcome = simulate(
        np.array([given["demand"]], dtype=float),
        np.array([float(given["S"])]),
        lead_time=int(given["L"]),
        mode=mode,
        on_hand=float(given["initial_on_hand"]),
        opening_review=bool(given.get("initial_order_before_period_1", False)),
        keep_ledger=True,
    )
    ledger = outcome.ledger
    assert ledger is not None
    demand = np.array(given["demand"], dtype=float)
    columns = {
        "receipt": ledger.receipt[0],
        "sold_immediately": ledger.served[0],
        "unmet": demand - ledger.served[0],
        "on_hand_end": ledger.on_hand[0],
        "backorders_end": ledger.backlog[0],
        "order": ledger.order[0],
    }
    penalty = {"lost": given["penalty"]} if mode == "lost" else {"backlog": given["penalty"]}
    return {
        "initial_order": float(outcome.opening_order[0]),
        "rows": [
            {name: float(values[period]) for name, values in columns.items()} for period in range(len(demand))
        ],
        "cost": float(outcome.cost(given["holding_cost_end"], **penalty)[0]),
        "fill_rate": outcome.fill_rate(),
    }
