"""All frames of the day's network plan, made from one decided plan: the one call that publishing needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from optimization.network.baselines.comparison import compared
from optimization.network.problem import Numbers, Plan
from optimization.network.proof.audit import PlanAudit
from optimization.network.telling.explaining import explanations
from optimization.network.telling.tables import (
    Decided,
    network_rows,
    position_plans,
    replenishment_orders,
    solver_run,
    transfer_orders,
)
from optimization.network.telling.units import choose_units
from optimization.network.telling.worth import move_worth, order_worth
from optimization.solver.call import solver_version


@dataclass(frozen=True)
class PlanFrames:
    """Every table of `optimization.contracts.network_outputs`, by its name without the prefix.

    units_missing: transferred units of items counted one by one for which no unit could be named.
    """

    transfer_order: pd.DataFrame
    transfer_unit: pd.DataFrame
    replenishment_order: pd.DataFrame
    position_plan: pd.DataFrame
    explanation: pd.DataFrame
    network_row: pd.DataFrame
    network_baseline: pd.DataFrame
    network_solver_run: pd.DataFrame
    units_missing: int


def frames_of(
    decided: Decided,
    unit: pd.DataFrame,
    audit: PlanAudit,
    baselines: Mapping[str, Plan],
    seed: int,
) -> PlanFrames:
    """Make every frame of a decided plan; `unit` is `opt_in__unit`, `audit` that of its plan.

    Raises `ContractError` when a frame does not keep its contract.
    """
    price = decided.outcome.proof.row_price
    moved = move_worth(decided.problem, decided.plan, price)
    ordered = order_worth(decided.problem, decided.plan, price)
    transfers, orders = transfer_orders(decided, moved), replenishment_orders(decided, ordered)
    units, missing = choose_units(transfers, unit)
    demand = decided.protection_demand
    return PlanFrames(
        transfer_order=transfers,
        transfer_unit=units,
        replenishment_order=orders,
        position_plan=position_plans(decided),
        explanation=explanations(decided, moved, ordered, transfers, orders),
        network_row=network_rows(decided),
        network_baseline=compared(
            decided.problem,
            decided.plan,
            baselines,
            demand["mean_units"].to_numpy(np.float64),
            demand["variance_units2"].to_numpy(np.float64),
            {"item_kind": decided.item_location["item_kind"].to_numpy(dtype=object)},
        ),
        network_solver_run=solver_run(decided, audit.worst, audit.ok, solver_version(), seed),
        units_missing=missing,
    )


def daily_rate(protection_demand: pd.DataFrame) -> Numbers:
    """Expected demand per day of every row, units: what the simpler rules read."""
    days = protection_demand["protection_days"].to_numpy(np.float64)
    return np.asarray(protection_demand["mean_units"].to_numpy(np.float64) / np.maximum(days, 1e-9))
