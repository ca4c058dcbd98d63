"""What plants are to be told: build this order in this week, build it differently, do not build it.

What a plant was told last stands in the outbox, and only what differs from it is told. An order that
the plant knows without us (it has scheduled it by the milestones, or it had a place in a frozen week
before the outbox began) is not ordered again.
"""

from __future__ import annotations

import pandas as pd

from optimization.build_to_order.effective_options import applied_changes, effective_options
from optimization.contracts.order_outputs import FACTORY_MESSAGE
from optimization.contracts.rows import frame_of, records_of
from optimization.messages.identity import message_id
from optimization.messages.inputs import MessageInputs, Row, by_key
from optimization.order_parameters import MessageParameters

# From this step on (Scheduled) the plant itself has planned the order.
_SCHEDULED_STEP = 8


def factory_messages(
    inputs: MessageInputs, as_of: pd.Timestamp, parameters: MessageParameters
) -> pd.DataFrame:
    """Return `opt_out__factory_message`: today's messages and those that are still kept, with answers.

    `order`: the order has a place in a frozen week, or got its first week since the release before.
    `change`: its week, its plant or its options are others than it was ordered with. `cancel`: it was
    ordered and is cancelled. A message stays for `keep_days`, without an answer until its order is
    delivered, and as the last word on an order that is still open.
    """
    before = (
        records_of(inputs.previous_factory_message) if inputs.previous_factory_message is not None else []
    )
    last_told: dict[str, Row] = {}
    for row in sorted(before, key=lambda one: (one["created_date"], one["message_id"])):
        last_told[row["order_id"]] = row
    new = _new_messages(inputs, as_of, parameters, last_told)
    told = {row["message_id"]: row for row in new} | {row["message_id"]: row for row in before}
    newest = {row["message_id"] for row in ({**last_told, **{row["order_id"]: row for row in new}}).values()}
    answers = by_key(inputs.factory_acknowledgement, "message_id")
    status = dict(zip(inputs.mto_order["order_id"], inputs.mto_order["order_status"], strict=True))
    kept: dict[str, Row] = {}
    for name, row in told.items():
        answer = answers.get(name, {})
        row |= {column: answer[column] for column in ("acknowledged_at", "is_accepted") if column in answer}
        is_young = row["created_date"] >= as_of - pd.Timedelta(days=parameters.keep_days)
        order_status = status.get(row["order_id"])
        # Where no plant ever answers, to wait for an answer would be to keep everything.
        waits = bool(answers) and row.get("acknowledged_at") is None and order_status in ("open", "cancelled")
        if is_young or waits or (name in newest and order_status == "open"):
            kept[name] = row
    # As long as anything is kept of an order, so is the last word: else it would be told again.
    with_rows = {row["order_id"] for row in kept.values()}
    kept |= {name: told[name] for name in newest if told[name]["order_id"] in with_rows}
    rows = sorted(kept.values(), key=lambda row: (row["created_date"], row["order_id"], row["message_id"]))
    return frame_of(FACTORY_MESSAGE, rows)


def _new_messages(
    inputs: MessageInputs, as_of: pd.Timestamp, parameters: MessageParameters, last_told: dict[str, Row]
) -> list[Row]:
    options = effective_options(inputs.mto_order, inputs.mto_change_request, as_of)
    options_of = dict(zip(options["order_id"], options["options"], strict=True))
    since = as_of - pd.Timedelta(days=parameters.first_days)
    changed = applied_changes(inputs.mto_change_request, as_of)
    lately_changed = set(changed.loc[changed["effective_date"] > since, "order_id"])
    slots = by_key(inputs.mto_slot_assignment, "order_id")
    slots_before = by_key(inputs.previous_slot, "order_id")
    standing = by_key(inputs.mto_order_status, "order_id")

    rows = []
    for order in records_of(inputs.mto_order.sort_values("order_id", kind="stable")):
        order_id = order["order_id"]
        slot, slot_before = slots.get(order_id, {}), slots_before.get(order_id, {})
        week = slot.get("week_start_date")
        had_week = slot_before.get("week_start_date")
        told = last_told.get(order_id)
        is_told = told is not None and told["factory_message"] != "cancel"
        at_plant = (standing.get(order_id, {}).get("milestone_step") or 0) >= _SCHEDULED_STEP
        is_known = is_told or (told is None and (at_plant or bool(had_week and slot_before["is_frozen"])))
        kind = None
        if order["order_status"] == "cancelled":
            is_news = is_told or (order["cancelled_date"] is not None and order["cancelled_date"] > since)
            kind = "cancel" if is_known and is_news else None
        elif order["order_status"] == "open" and week is not None:
            if not is_known:
                is_first_week = inputs.previous_slot is not None and had_week is None
                kind = "order" if slot["is_frozen"] or is_first_week else None
            elif told is not None:
                now = (week, slot["plant_id"], options_of[order_id])
                was = (told["week_start_date"], told["plant_id"], told["options"])
                kind = "change" if now != was else None
            elif (had_week is not None and had_week != week) or order_id in lately_changed:
                kind = "change"
        if kind is not None:
            rows.append(_message(kind, order_id, options_of[order_id], slot, told, as_of))
    return rows


def _message(kind: str, order_id: str, options: str, slot: Row, told: Row | None, as_of: pd.Timestamp) -> Row:
    week, plant = slot.get("week_start_date"), slot.get("plant_id")
    where = f"in the week of {week:%Y-%m-%d} at plant {plant}" if week is not None else ""
    words = {
        "order": f"Build the order {where}",
        "change": f"The order has changed: build it {where} with the options stated here",
        "cancel": "The order is cancelled: do not build it",
    }
    # The message before is part of the content: what was told, changed and changed back is told again.
    chain = told["message_id"] if told is not None else None
    return {
        "message_id": message_id(f"factory {kind}", order_id, chain, week, plant, options),
        "order_id": order_id,
        "factory_message": kind,
        "created_date": as_of,
        "options": options,
        "message": words[kind],
        "plant_id": plant,
        "week_start_date": week,
    }
