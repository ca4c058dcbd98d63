"""What messages are made from: the day's frames, and what the release before published."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from optimization.contracts.rows import records_of

Row = dict[str, Any]


@dataclass(frozen=True)
class MessageInputs:
    """Frames as their tables; `previous_*` are None on the first release, or where a table was not there.

    `opt_in__`: mto_order, mto_change_request, milestone_template, customer_request,
    factory_acknowledgement. `opt_out__`: all others.
    """

    mto_order: pd.DataFrame
    mto_change_request: pd.DataFrame
    milestone_template: pd.DataFrame
    mto_order_status: pd.DataFrame
    mto_step: pd.DataFrame
    mto_promise: pd.DataFrame
    mto_slot_assignment: pd.DataFrame
    substitution_offer: pd.DataFrame
    unit_reservation: pd.DataFrame
    delivery_promise: pd.DataFrame
    customer_request: pd.DataFrame
    match_outcome: pd.DataFrame
    factory_acknowledgement: pd.DataFrame
    previous_factory_message: pd.DataFrame | None = None
    previous_notification: pd.DataFrame | None = None
    previous_order_status: pd.DataFrame | None = None
    previous_slot: pd.DataFrame | None = None
    previous_delivery_promise: pd.DataFrame | None = None
    previous_match_outcome: pd.DataFrame | None = None
    previous_substitution_offer: pd.DataFrame | None = None


def by_key(frame: pd.DataFrame | None, *key: str) -> dict[Any, Row]:
    """Return rows by their key; none where there is no frame."""
    if frame is None:
        return {}
    rows = records_of(frame)
    return {row[key[0]] if len(key) == 1 else tuple(row[name] for name in key): row for row in rows}
