"""What customers are to be told: every kind of message, and what must have happened for it.

A message follows from something that happened: a date within the last days, or a difference to what
the release before published. The first release has nothing before it, so that it tells only what has
a date of its own within `first_days`. Texts hold nothing personal; whom they are for is a column.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd

from optimization.contracts.rows import records_of
from optimization.messages.identity import message_id
from optimization.messages.inputs import MessageInputs, Row, by_key
from optimization.order_parameters import MessageParameters
from optimization.reasons import REASONS

_DAY = pd.Timedelta(days=1)
# Earlier steps happen with the customer at the table, or are the confirmation itself.
_FIRST_TOLD_STEP = 6
_IN_STOCK = "on_hand"


def _notification(
    kind: str,
    subject: str,
    content: tuple[object, ...],
    message: str,
    about: Row,
    subject_date: pd.Timestamp | None = None,
) -> Row:
    return {
        "message_id": message_id(kind, subject, *content),
        "notification_kind": kind,
        "subject_id": subject,
        "message": message,
        "customer_id": about.get("customer_id"),
        "location_id": about.get("location_id"),
        "subject_date": subject_date,
    }


def order_notifications(
    inputs: MessageInputs,
    factory_message: pd.DataFrame,
    as_of: pd.Timestamp,
    parameters: MessageParameters,
) -> Iterator[Row]:
    """Yield what customers with a made-to-order order are to be told today."""
    orders = by_key(inputs.mto_order, "order_id")
    since = as_of - parameters.first_days * _DAY
    yield from _confirmed(inputs, as_of, since)
    yield from _scheduled(inputs, orders, factory_message, as_of)
    yield from _milestones(inputs, orders, as_of, since)
    yield from _delays(inputs, orders)
    made = inputs.mto_promise["made_date"]
    lately = (inputs.mto_promise["promise_number"] > 1) & (made > since) & (made <= as_of)
    for row in records_of(inputs.mto_promise[lately]):
        if row["order_id"] in orders:
            day = row["promise_p90_date"]
            message = f"Your delivery date is now {day:%Y-%m-%d}. {_reason(row['reason_code'])}"
            content = ("made to order", row["promise_number"])
            yield _notification(
                "promise_moved", row["order_id"], content, message, orders[row["order_id"]], day
            )
    for row in records_of(inputs.mto_change_request):
        decided, order = row["decided_date"], orders.get(row["order_id"])
        if row["change_status"] not in ("approved", "rejected") or decided is None or order is None:
            continue
        if since < decided <= as_of:
            message = f"The change of your order that was asked for has been {row['change_status']}"
            content = (row["change_id"], row["change_status"])
            yield _notification("change_decided", row["order_id"], content, message, order, decided)
    yield from _substitutions(inputs, orders)


def stock_notifications(
    inputs: MessageInputs, as_of: pd.Timestamp, parameters: MessageParameters
) -> Iterator[Row]:
    """Yield what customers are to be told who wait for stock or hold a unit."""
    end_of_day = as_of + _DAY
    warned = end_of_day + pd.Timedelta(hours=parameters.hold_warning_hours)
    for row in records_of(inputs.unit_reservation):
        ends = row["expires_at"]
        if row["unit_reservation_state"] == "HELD" and ends is not None and end_of_day <= ends < warned:
            message = f"The vehicle is held for you until {ends:%Y-%m-%d %H:%M} UTC"
            day = ends.normalize()
            yield _notification("hold_expiring", row["reservation_id"], (ends,), message, row, day)
    yield from _available_requests(inputs)
    if inputs.previous_delivery_promise is not None:
        yield from _order_lines(inputs, inputs.previous_delivery_promise, as_of)


def _confirmed(inputs: MessageInputs, as_of: pd.Timestamp, since: pd.Timestamp) -> Iterator[Row]:
    """Orders confirmed lately; one that is first seen later is told all the same."""
    known = None if inputs.previous_order_status is None else set(inputs.previous_order_status["order_id"])
    for order in records_of(inputs.mto_order):
        day = order["confirmed_date"]
        if day is None or day > as_of or order["order_status"] != "open":
            continue
        if day > since or (known is not None and order["order_id"] not in known):
            yield _notification(
                "order_confirmed", order["order_id"], (), "Your order is confirmed", order, day
            )


def _scheduled(
    inputs: MessageInputs, orders: dict[Any, Row], factory_message: pd.DataFrame, as_of: pd.Timestamp
) -> Iterator[Row]:
    """Orders that the plant is told of today; on the first release nobody knows which ones are new."""
    if inputs.previous_slot is None:
        return
    is_new = (factory_message["factory_message"] == "order") & (factory_message["created_date"] == as_of)
    for row in records_of(factory_message[is_new]):
        order, week = orders.get(row["order_id"]), row["week_start_date"]
        if order is not None:
            message = f"Your order will be built in the week of {week:%Y-%m-%d}"
            yield _notification("schedule_confirmed", row["order_id"], (), message, order, week)


def _milestones(
    inputs: MessageInputs, orders: dict[Any, Row], as_of: pd.Timestamp, since: pd.Timestamp
) -> Iterator[Row]:
    progress = inputs.milestone_template[inputs.milestone_template["is_progress"].to_numpy(dtype=bool)]
    names = dict(zip(progress["milestone_code"], progress["milestone_name"], strict=True))
    step = inputs.mto_step
    lately = (
        (step["milestone_step"] >= _FIRST_TOLD_STEP)
        & (step["reached_at"] >= since + _DAY)
        & (step["reached_at"] < as_of + _DAY)
        & step["milestone_code"].isin(list(names))
    )
    for row in records_of(step[lately]):
        order = orders.get(row["order_id"])
        if order is None or order["order_status"] != "open":
            continue
        day = row["reached_at"].normalize()
        message = f"Your order has reached: {names[row['milestone_code']]}"
        yield _notification(
            "milestone_reached", row["order_id"], (row["milestone_code"],), message, order, day
        )


def _delays(inputs: MessageInputs, orders: dict[Any, Row]) -> Iterator[Row]:
    """Orders that have become late since the release before.

    Of those at risk nearly all are in time: that is for planners, and would only worry customers.
    """
    if inputs.previous_order_status is None:
        return
    before = by_key(inputs.previous_order_status, "order_id")
    for row in records_of(inputs.mto_order_status):
        status, order = row["delay_status"], orders.get(row["order_id"])
        was = before.get(row["order_id"], {}).get("delay_status", "on_track")
        if order is None or status != "late" or was == "late":
            continue
        day = row["current_promise_date"]
        by = f" than {day:%Y-%m-%d}" if day is not None else ""
        message = f"Your delivery will be later{by}. {_reason(row['reason_code'])}"
        yield _notification(
            "delay", row["order_id"], (status, day), message, order, row["predicted_p50_date"]
        )


def _substitutions(inputs: MessageInputs, orders: dict[Any, Row]) -> Iterator[Row]:
    if inputs.previous_substitution_offer is None:
        return
    before = set(by_key(inputs.previous_substitution_offer, "order_id", "unit_id"))
    for row in records_of(inputs.substitution_offer):
        order = orders.get(row["order_id"])
        if row["offer_rank"] != 1 or (row["order_id"], row["unit_id"]) in before or order is None:
            continue
        message = f"A vehicle that is there fits your order and is {row['days_earlier']:.0f} days earlier"
        content = (row["unit_id"],)
        yield _notification(
            "substitution_offered", row["order_id"], content, message, order, row["ready_p90_date"]
        )


def _available_requests(inputs: MessageInputs) -> Iterator[Row]:
    """Open requests for which there was nothing in the release before and now is something."""
    if inputs.previous_match_outcome is None:
        return
    known_requests = by_key(inputs.customer_request, "request_id")
    before = by_key(inputs.previous_match_outcome, "request_id")
    for row in records_of(inputs.match_outcome):
        request, was = known_requests.get(row["request_id"]), before.get(row["request_id"])
        if request is None or was is None or request["request_outcome"] != "open":
            continue
        if was["unit_id"] is None and row["unit_id"] is not None:
            message = "A vehicle as you are looking for has become available"
            yield _notification("stock_available", row["request_id"], (row["unit_id"],), message, request)


def _order_lines(inputs: MessageInputs, previous: pd.DataFrame, as_of: pd.Timestamp) -> Iterator[Row]:
    """Order lines that are now promised from stock, or for another day than before."""
    before = by_key(previous, "order_id", "line_id")
    for row in records_of(inputs.delivery_promise):
        was = before.get((row["order_id"], row["line_id"]))
        if was is None:
            continue
        day, old_day = row["promise_p90_date"], was["promise_p90_date"]
        subject = f"{row['order_id']}/{row['line_id']}"
        if row["promise_basis"] == _IN_STOCK and was["promise_basis"] != _IN_STOCK:
            message = "What you have ordered is in stock now"
            yield _notification("stock_available", subject, (as_of,), message, row, day)
        if day is not None and old_day is not None and day != old_day:
            message = f"Your delivery date is now {day:%Y-%m-%d}; it was {old_day:%Y-%m-%d}"
            yield _notification("promise_moved", subject, (old_day, day, as_of), message, row, day)


def _reason(code: str) -> str:
    text = REASONS.get(code, "")
    return f"Reason: {text[0].lower()}{text[1:]}" if text else ""
