"""Reservations of single units: what became of everything that was ever done to them.

A fold over the ledger's family `unit`. At most one reservation is active per unit; a hold ends by
itself, a confirmed reservation does not, and no priority takes a unit from the one who has it. A block
(recall, quality …) keeps everybody from the unit: while it stands, and while the unit is not in stock,
an active reservation counts as broken; it is whole again when the unit is. A unit that was delivered can
be reserved again only by events of a later business date: whether it is there again, a release must say.
A sale that the source reports consumes the reservation of the unit at the close of its day, unless it is
known to be another customer's or order's: then the reservation is broken for good.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from optimization.contracts.order_inputs import UNIT_EVENT
from optimization.contracts.order_outputs import UNIT_RESERVATION, UNIT_RESERVATION_ENTRY
from optimization.contracts.rows import frame_of, records_of
from optimization.keys import sorted_by_key
from optimization.order_parameters import PromiseParameters

# In place of an id: the unit's active reservation, or all of its blocks.
WHICHEVER = "*"
ACTIVE_STATES = frozenset({"HELD", "CONFIRMED", "BROKEN"})
_ENDS = {"release": "RELEASED", "cancel": "CANCELLED", "consume": "DELIVERED"}

# A sale is known by its date: it counts as made when the day closes.
_CLOSE_OF_DAY = pd.Timedelta(days=1) - pd.Timedelta(microseconds=1)

Row = dict[str, Any]


@dataclass
class _Unit:
    """What one unit has: its active reservation, the blocks that stand, and when it was delivered."""

    reservation: Row | None = None
    delivered_on: pd.Timestamp | None = None
    blocks: dict[str, Row] = field(default_factory=dict)


@dataclass
class _Book:
    """All reservations and blocks by id, and what each unit has."""

    hold: pd.Timedelta
    reservations: dict[str, Row] = field(default_factory=dict)
    units: dict[str, _Unit] = field(default_factory=dict)

    def unit(self, unit_id: str) -> _Unit:
        return self.units.setdefault(unit_id, _Unit())

    def open(self, event: Row, state: str, expires_at: Any) -> Row:
        row: Row = {
            "reservation_id": event["reservation_id"],
            "unit_id": event["unit_id"],
            "unit_reservation_state": state,
            "opened_at": event["event_at"],
            "actor": event["actor"],
            "reason_code": "AS_ASKED",
            "customer_id": event["customer_id"],
            "order_id": event["order_id"],
            "order_priority": event["order_priority"],
            "hold_kind": event["hold_kind"],
            "expires_at": expires_at,
            "closed_at": pd.NaT,
            "note": event["note"],
        }
        self.reservations[row["reservation_id"]] = row
        return row


def unit_reservations(
    unit_event: pd.DataFrame,
    stock_unit: pd.DataFrame,
    until: pd.Timestamp,
    hold_hours: float = PromiseParameters.hold_hours,
    unit_sale: pd.DataFrame | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return (`opt_out__unit_reservation`, `opt_out__unit_reservation_entry`) at `until` (UTC, no zone).

    `unit_event` is `ledger__unit_event`, in any order; it is applied by `event_at`, then
    `ledger_seq`, and what lies after `until` is left out. `stock_unit` needs `unit_id`: the units
    that are there now. A hold without an end lasts `hold_hours`, and is over from the very moment of
    its end on. A `reservation_id` of `*` means the unit's active reservation or, to unblock, all of
    its blocks. `unit_sale` needs `unit_id`, `sold_date`, `order_id`, `customer_id` (the last two may be
    null): what the source says was sold. Raises `ContractError` for events that break their contract.

    >>> told = {"event_at": pd.Timestamp("2024-01-31T10:00"), "business_date": pd.Timestamp("2024-01-31"),
    ...         "unit_operation": "reserve", "unit_id": "VIN1", "actor": "a"}
    >>> events = frame_of(UNIT_EVENT, [{**told, "ledger_seq": 1, "event_id": "e1", "reservation_id": "r1"},
    ...                                {**told, "ledger_seq": 2, "event_id": "e2", "reservation_id": "r2"}])
    >>> units = pd.DataFrame({"unit_id": ["VIN1"]})
    >>> held, entries = unit_reservations(events, units, pd.Timestamp("2024-02-01"))
    >>> held[["reservation_id", "unit_reservation_state"]].values.tolist()
    [['r1', 'HELD']]
    >>> entries[["entry_status", "reason_code"]].values.tolist()
    [['accepted', 'AS_ASKED'], ['rejected', 'UNIT_TAKEN']]
    """
    events = UNIT_EVENT.validate(unit_event)
    events = events[events["event_at"] <= until].sort_values(["event_at", "ledger_seq"], kind="stable")
    book = _Book(pd.Timedelta(hours=hold_hours))
    entries: list[Row] = []
    for happened in _in_order(records_of(events), _sales(unit_sale, events, until)):
        if "unit_operation" in happened:
            entries.append(_entry(book, happened))
        else:
            _sell(book.unit(happened["unit_id"]), happened)
    there = set(stock_unit["unit_id"])
    for unit in book.units.values():
        _expire(unit, until)
        _judge(unit, there)
    return (
        sorted_by_key(frame_of(UNIT_RESERVATION, book.reservations.values()), UNIT_RESERVATION.key),
        sorted_by_key(frame_of(UNIT_RESERVATION_ENTRY, entries), UNIT_RESERVATION_ENTRY.key),
    )


def _sales(unit_sale: pd.DataFrame | None, events: pd.DataFrame, until: pd.Timestamp) -> list[Row]:
    """Sales of units that have events, each at the close of its day, in the order of time and unit."""
    if unit_sale is None:
        return []
    sold = unit_sale[unit_sale["unit_id"].isin(events["unit_id"]).to_numpy()]
    sold = sold.loc[:, ["unit_id", "sold_date", "order_id", "customer_id"]]
    sold = sold.assign(event_at=sold["sold_date"] + _CLOSE_OF_DAY)
    sold = sold[(sold["event_at"] <= until).to_numpy()].sort_values(["event_at", "unit_id"], kind="stable")
    return [{str(name): value for name, value in row.items()} for row in sold.to_dict("records")]


def _in_order(events: list[Row], sales: list[Row]) -> list[Row]:
    """Events and sales by time; what people did at the very close of a day comes before its sales."""
    return sorted([*events, *sales], key=lambda one: one["event_at"])


def _sell(unit: _Unit, sale: Row) -> None:
    """Take the source's word that the unit was sold: to whoever had it, where nothing says otherwise."""
    _expire(unit, sale["event_at"])
    active = unit.reservation
    unit.delivered_on = sale["sold_date"]
    if active is None:
        return
    if any(_differ(active[name], sale[name]) for name in ("order_id", "customer_id")):
        _close(active, "BROKEN", sale["event_at"])
        active["reason_code"] = "UNIT_SOLD_ELSEWHERE"
    else:
        _close(active, "DELIVERED", sale["event_at"])
        active["reason_code"] = "UNIT_SOLD"
        _remember(active, sale)
    unit.reservation = None


def _differ(one: Any, other: Any) -> bool:
    return not pd.isna(one) and not pd.isna(other) and bool(one != other)


def _entry(book: _Book, event: Row) -> Row:
    """Apply one event to the book; the line that tells of it."""
    unit = book.unit(event["unit_id"])
    _expire(unit, event["event_at"])
    reason = _OPERATIONS[event["unit_operation"]](book, unit, event)
    return {
        **event,
        "entry_status": "accepted" if reason == "AS_ASKED" else "rejected",
        "reason_code": reason,
    }


def _reserve(book: _Book, unit: _Unit, event: Row) -> str:
    if event["reservation_id"] in book.reservations:
        return "RESERVATION_EXISTS"
    if unit.blocks:
        return "UNIT_BLOCKED"
    if unit.reservation is not None:
        return "UNIT_TAKEN"
    if unit.delivered_on is not None and event["business_date"] <= unit.delivered_on:
        return "UNIT_DELIVERED"
    told = event["expires_at"]
    ends: pd.Timestamp = event["event_at"] + book.hold if pd.isna(told) else told
    if ends <= event["event_at"]:
        return "EXPIRY_NOT_AHEAD"
    unit.reservation = book.open(event, "HELD", ends)
    event["expires_at"] = ends
    return "AS_ASKED"


def _confirm(book: _Book, unit: _Unit, event: Row) -> str:
    held = _active(book, unit, event)
    if isinstance(held, str):
        return held
    if unit.blocks:
        return "UNIT_BLOCKED"
    if held["unit_reservation_state"] == "CONFIRMED":
        return "RESERVATION_CONFIRMED"
    held.update(unit_reservation_state="CONFIRMED", expires_at=pd.NaT)
    _remember(held, event)
    return "AS_ASKED"


def _extend(book: _Book, unit: _Unit, event: Row) -> str:
    held = _active(book, unit, event)
    if isinstance(held, str):
        return held
    if held["unit_reservation_state"] == "CONFIRMED":
        return "RESERVATION_CONFIRMED"
    if pd.isna(event["expires_at"]) or event["expires_at"] <= held["expires_at"]:
        return "EXPIRY_NOT_LATER"
    held["expires_at"] = event["expires_at"]
    return "AS_ASKED"


def _end(book: _Book, unit: _Unit, event: Row) -> str:
    ended = _active(book, unit, event)
    if isinstance(ended, str):
        return ended
    if event["unit_operation"] == "consume" and unit.blocks:
        return "UNIT_BLOCKED"
    _close(ended, _ENDS[event["unit_operation"]], event["event_at"])
    _remember(ended, event)
    unit.reservation = None
    if event["unit_operation"] == "consume":
        unit.delivered_on = event["business_date"]
    return "AS_ASKED"


def _block(book: _Book, unit: _Unit, event: Row) -> str:
    if event["reservation_id"] in book.reservations:
        return "RESERVATION_EXISTS"
    unit.blocks[event["reservation_id"]] = book.open(event, "BLOCKED", pd.NaT)
    return "AS_ASKED"


def _unblock(book: _Book, unit: _Unit, event: Row) -> str:
    named = event["reservation_id"]
    ended = list(unit.blocks) if named == WHICHEVER else [one for one in unit.blocks if one == named]
    if not ended:
        return "UNIT_NOT_BLOCKED"
    for one in ended:
        _close(unit.blocks.pop(one), "UNBLOCKED", event["event_at"])
    event["reservation_id"] = ended[0] if len(ended) == 1 else named
    return "AS_ASKED"


_OPERATIONS: dict[str, Callable[[_Book, _Unit, Row], str]] = {
    "reserve": _reserve,
    "confirm": _confirm,
    "extend": _extend,
    "release": _end,
    "cancel": _end,
    "consume": _end,
    "block": _block,
    "unblock": _unblock,
}


def _active(book: _Book, unit: _Unit, event: Row) -> Row | str:
    """The active reservation that the event means, or why there is none; `*` becomes its id."""
    named, active = event["reservation_id"], unit.reservation
    if named == WHICHEVER:
        if active is None:
            return "UNIT_FREE"
        event["reservation_id"] = active["reservation_id"]
        return active
    if named not in book.reservations:
        return "RESERVATION_UNKNOWN"
    if book.reservations[named]["unit_id"] != event["unit_id"]:
        return "RESERVATION_ELSEWHERE"
    return active if active is not None and active["reservation_id"] == named else "RESERVATION_OVER"


def _remember(row: Row, event: Row) -> None:
    """Take over what an operation tells of customer and order where the reservation knew nothing."""
    for name in ("customer_id", "order_id"):
        if not pd.isna(event[name]) and (name == "order_id" or pd.isna(row[name])):
            row[name] = event[name]


def _expire(unit: _Unit, moment: pd.Timestamp) -> None:
    held = unit.reservation
    if held is not None and held["unit_reservation_state"] == "HELD" and held["expires_at"] <= moment:
        _close(held, "EXPIRED", held["expires_at"])
        held["reason_code"] = "HOLD_RAN_OUT"
        unit.reservation = None


def _judge(unit: _Unit, there: set[str]) -> None:
    """Say of an active reservation whether its unit can be delivered at all."""
    active = unit.reservation
    if active is None:
        return
    reason = "UNIT_BLOCKED" if unit.blocks else "" if active["unit_id"] in there else "UNIT_GONE"
    if reason:
        active.update(unit_reservation_state="BROKEN", reason_code=reason)


def _close(row: Row, state: str, moment: pd.Timestamp) -> None:
    row.update(unit_reservation_state=state, closed_at=moment)
