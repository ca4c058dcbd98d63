"""The day's messages: to plants, to customers, and what customers may look up themselves.

An outbox, not a sender: whoever sends reads the rows and remembers by `message_id` what is sent. A
message that was written before keeps the day on which it was first written, whatever is run again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import NamedTuple

import pandas as pd

from optimization.build_to_order.milestones.template import milestone_map
from optimization.contracts.order_outputs import NOTIFICATION
from optimization.contracts.rows import frame_of, records_of
from optimization.messages.factory import factory_messages
from optimization.messages.inputs import MessageInputs, Row
from optimization.messages.notifications import order_notifications, stock_notifications
from optimization.messages.tracking import order_tracking
from optimization.order_parameters import MessageParameters
from optimization.results import Report


class Messages(NamedTuple):
    """`opt_out__factory_message`, `opt_out__notification`, `opt_out__order_tracking` and a report."""

    factory_message: pd.DataFrame
    notification: pd.DataFrame
    order_tracking: pd.DataFrame
    report: Report


def messages(inputs: MessageInputs, as_of: pd.Timestamp, parameters: MessageParameters) -> Messages:
    """Return what plants and customers are to be told as of a business date, each message once.

    Frames as `MessageInputs`; `previous_*` are those of the last release before `as_of`, so that the
    same day run again tells the same. A notification stays for `keep_days`, and as long as what it
    tells of would be told again.
    """
    inputs = replace(inputs, milestone_template=milestone_map(inputs.milestone_template))
    factory = factory_messages(inputs, as_of, parameters)
    told = [
        *order_notifications(inputs, factory, as_of, parameters),
        *stock_notifications(inputs, as_of, parameters),
    ]
    notification = _outbox(told, inputs.previous_notification, as_of, parameters.keep_days)
    tracking = order_tracking(
        inputs.mto_order, inputs.mto_order_status, inputs.milestone_template, parameters.tracking_key
    )
    new = notification["created_date"] == as_of
    counts = notification.loc[new, "notification_kind"].value_counts().sort_index()
    report = Report.of(
        len(inputs.mto_order),
        notification,
        factory_messages=len(factory),
        new_factory_messages=int((factory["created_date"] == as_of).sum()),
        tracked_orders=len(tracking),
        **{f"new_{kind}": int(count) for kind, count in counts.items()},
    )
    return Messages(factory, notification, tracking, report)


def _outbox(
    told: Iterable[Row], previous: pd.DataFrame | None, as_of: pd.Timestamp, keep_days: int
) -> pd.DataFrame:
    """Today's messages and those of before that are kept; of the same id the first one stands."""
    before = {row["message_id"]: row for row in ([] if previous is None else records_of(previous))}
    oldest = as_of - pd.Timedelta(days=keep_days)
    rows = {name: row for name, row in before.items() if row["created_date"] >= oldest}
    for row in told:
        name = row["message_id"]
        rows.setdefault(name, before.get(name, row | {"created_date": as_of}))
    ordered = sorted(
        rows.values(), key=lambda row: (row["created_date"], row["notification_kind"], row["message_id"])
    )
    return frame_of(NOTIFICATION, ordered)
