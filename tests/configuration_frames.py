"""Small catalogues, rules and orders of configurations, for tests of what reads them."""

from __future__ import annotations

from typing import Any

import pandas as pd

from optimization.contracts.order_inputs import (
    CONFIG_OPTION,
    CONFIGURATION_RULE,
    MTO_CHANGE_REQUEST,
    MTO_ORDER,
)
from optimization.contracts.rows import frame_of

AS_OF = pd.Timestamp("2024-06-30")


def day(text: str) -> pd.Timestamp:
    """A date."""
    return pd.Timestamp(text)


def catalogue(*options: str | dict[str, Any]) -> pd.DataFrame:
    """`opt_in__config_option`; an option is an id, or what differs from 100 money and standard."""
    stated = [{"option_id": one} if isinstance(one, str) else one for one in options]
    usual = {"option_family": "packages", "lead_time_class": "standard", "option_price": 100.0}
    return frame_of(CONFIG_OPTION, [usual | {"option_name": one["option_id"]} | one for one in stated])


def rule(rule_id: str, rule_type: str, then: str, given: str | None = None, **others: Any) -> dict[str, Any]:
    """One row of `opt_in__configuration_rule`."""
    return {
        "rule_id": rule_id,
        "rule_version": 1,
        "rule_type": rule_type,
        "then_options": then,
        "if_options": given,
    } | others


def rules(*rows: dict[str, Any]) -> pd.DataFrame:
    """`opt_in__configuration_rule`."""
    return frame_of(CONFIGURATION_RULE, rows)


def order(order_id: str, options: str, **others: Any) -> dict[str, Any]:
    """One row of `opt_in__mto_order`: open, confirmed a month ago."""
    return {
        "order_id": order_id,
        "location_id": "D1",
        "region": "north",
        "model": "camry",
        "market": "US",
        "options": options,
        "order_date": day("2024-05-28"),
        "confirmed_date": day("2024-05-30"),
        "order_status": "open",
        "order_priority": 1,
        "order_weight": 1.0,
        "credit_status": "approved",
        "lead_time_class": "standard",
        "customer_id": f"customer of {order_id}",
    } | others


def orders(*rows: dict[str, Any]) -> pd.DataFrame:
    """`opt_in__mto_order`."""
    return frame_of(MTO_ORDER, rows)


def change(change_id: str, order_id: str, options: str | None, **others: Any) -> dict[str, Any]:
    """One row of `opt_in__mto_change_request`: pending, asked for by the customer two days ago."""
    return {
        "change_id": change_id,
        "order_id": order_id,
        "options": options,
        "request_date": day("2024-06-28"),
        "requested_by": "customer",
        "change_status": "pending",
    } | others


def changes(*rows: dict[str, Any]) -> pd.DataFrame:
    """`opt_in__mto_change_request`."""
    return frame_of(MTO_CHANGE_REQUEST, rows)
