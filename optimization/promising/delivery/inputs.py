"""What the delivery promises read, and what they hand back."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from optimization.results import Report


@dataclass(frozen=True)
class DeliveryInputs:
    """Frames by the names of their tables.

    `opt_in__`: open_order_line, item_location, commitment, lane, stock_unit, handover_capacity.
    `opt_out__`: supply_expectation, allocation, soft_reservation, atp, unit_atp, lead_time.
    `previous_promise`: `opt_out__delivery_promise` of the release before, None without one.
    """

    open_order_line: pd.DataFrame
    item_location: pd.DataFrame
    commitment: pd.DataFrame
    supply_expectation: pd.DataFrame
    allocation: pd.DataFrame
    soft_reservation: pd.DataFrame
    atp: pd.DataFrame
    lane: pd.DataFrame
    stock_unit: pd.DataFrame
    unit_atp: pd.DataFrame
    lead_time: pd.DataFrame
    handover_capacity: pd.DataFrame
    previous_promise: pd.DataFrame | None = None


@dataclass(frozen=True)
class DeliveryPlan:
    """`opt_out__delivery_promise`, `opt_out__capable_to_promise`, and figures of the run."""

    delivery_promise: pd.DataFrame
    capable_to_promise: pd.DataFrame
    report: Report
