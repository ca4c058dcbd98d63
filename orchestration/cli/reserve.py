"""`stockplan reserve`, `confirm`, `extend`, `release`, `cancel`, `consume`, `block`, `unblock`.

With `--unit` they act on one unit, with `--item --location` on a quantity of a segment's. What is done to
units is an event of the ledger; the answer is the fold of the unit's events at the event's own time, which
the ledger gave it while it was locked, so that of many at once exactly one has the unit. What can be known
beforehand to be impossible is refused and not written.
"""

from __future__ import annotations

import getpass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from optimization.contracts.order_columns import HOLD_KINDS
from optimization.errors import StockplanError
from orchestration.cli.allocation import clock_of, operate
from orchestration.cli.console import console, open_pipeline

if TYPE_CHECKING:
    from orchestration.evidence.orders.unit_standing import UnitStanding
    from orchestration.lake.ledger import Event

# A release so much older than an event is not yesterday's, nor Friday's.
_USUAL_DAYS_AHEAD = 7

UnitOption = Annotated[str | None, typer.Option(help="Unit, such as a VIN.")]
ItemOption = Annotated[str | None, typer.Option(help="Item id, to act on a quantity.")]
LocationOption = Annotated[str | None, typer.Option(help="Location id; * for an item's pool of all.")]
SegmentOption = Annotated[str | None, typer.Option(help="Segment whose quantity it is.")]
UnitsOption = Annotated[float | None, typer.Option(help="Quantity.")]
ReservationOption = Annotated[
    str | None, typer.Option(help="Reservation id; of a unit its active one when left out.")
]
ExpiresOption = Annotated[str | None, typer.Option(help="End (UTC), as 2024-01-31T18:00.")]
OrderOption = Annotated[str | None, typer.Option(help="Customer order.")]
CustomerOption = Annotated[str | None, typer.Option(help="Customer id.")]
PriorityOption = Annotated[int | None, typer.Option(min=1, help="The order's priority, for the record.")]
KindOption = Annotated[str, typer.Option(help=f"Why: {', '.join(HOLD_KINDS)}.")]
ActorOption = Annotated[str | None, typer.Option(help="Who does it; else the system's user.")]
AtOption = Annotated[str | None, typer.Option(help="Business time (UTC), as 2024-01-31T10:00; else now.")]
NoteOption = Annotated[str | None, typer.Option(help="What is to be remembered.")]
OfUnit = Annotated[str, typer.Option("--unit", help="Unit, such as a VIN.")]


def reserve(
    unit: UnitOption = None,
    item: ItemOption = None,
    location: LocationOption = None,
    segment: SegmentOption = None,
    units: UnitsOption = None,
    reservation: ReservationOption = None,
    expires: ExpiresOption = None,
    order: OrderOption = None,
    customer: CustomerOption = None,
    priority: PriorityOption = None,
    actor: ActorOption = None,
    at: AtOption = None,
    note: NoteOption = None,
) -> None:
    """Hold a unit, or units of a segment, until it is confirmed, given back or the hold runs out."""
    if unit is None:
        _refuse_foreign("a quantity", customer=customer, priority=priority)
        options = {"segment": segment, "units": units, "expires": expires, "order": order}
        _operate_quantity("reserve", item, location, {**options, "reservation": reservation}, at, note, actor)
        return
    _refuse_foreign("a unit", item=item, location=location, segment=segment, units=units)
    told = {"expires_at": expires, "order_id": order, "customer_id": customer, "order_priority": priority}
    _operate_unit("reserve", unit, {**told, "reservation_id": reservation}, at, note, actor)


def confirm(
    unit: OfUnit,
    reservation: ReservationOption = None,
    order: OrderOption = None,
    customer: CustomerOption = None,
    actor: ActorOption = None,
    at: AtOption = None,
    note: NoteOption = None,
) -> None:
    """Make the hold of a unit firm: from then on it has no end."""
    told = {"reservation_id": reservation, "order_id": order, "customer_id": customer}
    _operate_unit("confirm", unit, told, at, note, actor)


def extend(
    expires: Annotated[str, typer.Option(help="New end (UTC), later than the one it has.")],
    unit: UnitOption = None,
    item: ItemOption = None,
    location: LocationOption = None,
    reservation: ReservationOption = None,
    actor: ActorOption = None,
    at: AtOption = None,
    note: NoteOption = None,
) -> None:
    """Let a hold end later; one that has ended stays ended."""
    if unit is None:
        options = {"reservation": reservation, "expires": expires}
        _operate_quantity("extend", item, location, options, at, note, actor)
        return
    _refuse_foreign("a unit", item=item, location=location)
    told = {"reservation_id": reservation, "expires_at": expires}
    _operate_unit("extend", unit, told, at, note, actor)


def release(
    unit: UnitOption = None,
    item: ItemOption = None,
    location: LocationOption = None,
    units: UnitsOption = None,
    reservation: ReservationOption = None,
    actor: ActorOption = None,
    at: AtOption = None,
    note: NoteOption = None,
) -> None:
    """Give back what was reserved: the unit, or a reservation's units, all of them without --units."""
    _give_back("release", unit, item, location, units, reservation, actor, at, note)


def cancel(
    unit: UnitOption = None,
    item: ItemOption = None,
    location: LocationOption = None,
    units: UnitsOption = None,
    reservation: ReservationOption = None,
    actor: ActorOption = None,
    at: AtOption = None,
    note: NoteOption = None,
) -> None:
    """Give back what was reserved, because the customer has cancelled; a quantity is released."""
    _give_back("cancel", unit, item, location, units, reservation, actor, at, note)


def consume(
    unit: OfUnit,
    reservation: ReservationOption = None,
    order: OrderOption = None,
    customer: CustomerOption = None,
    actor: ActorOption = None,
    at: AtOption = None,
    note: NoteOption = None,
) -> None:
    """Tell that the reserved unit went to its customer, by the order that names the reservation."""
    told = {"reservation_id": reservation, "order_id": order, "customer_id": customer}
    _operate_unit("consume", unit, told, at, note, actor)


def block(
    unit: OfUnit,
    kind: KindOption = "quality",
    reservation: Annotated[str | None, typer.Option("--block", help="Id of the block.")] = None,
    actor: ActorOption = None,
    at: AtOption = None,
    note: NoteOption = None,
) -> None:
    """Keep everybody from a unit, for a recall, its quality or another reason, until it is unblocked."""
    if kind not in HOLD_KINDS:
        raise StockplanError(f"--kind {kind!r} is none of {', '.join(HOLD_KINDS)}; nothing was written")
    _operate_unit("block", unit, {"reservation_id": reservation, "hold_kind": kind}, at, note, actor)


def unblock(
    unit: OfUnit,
    reservation: Annotated[
        str | None, typer.Option("--block", help="Id of the block; all of the unit's when left out.")
    ] = None,
    actor: ActorOption = None,
    at: AtOption = None,
    note: NoteOption = None,
) -> None:
    """Lift a block; a reservation that it broke is whole again."""
    _operate_unit("unblock", unit, {"reservation_id": reservation}, at, note, actor)


def register(app: typer.Typer) -> None:
    """Add the commands of this module to an application."""
    for command in (reserve, confirm, extend, release, cancel, consume, block, unblock):
        app.command(command.__name__)(command)


def _give_back(
    operation: str,
    unit: str | None,
    item: str | None,
    location: str | None,
    units: float | None,
    reservation: str | None,
    actor: str | None,
    at: str | None,
    note: str | None,
) -> None:
    if unit is None:
        options = {"reservation": reservation, "units": units}
        _operate_quantity("release", item, location, options, at, note, actor)
        return
    _refuse_foreign("a unit", item=item, location=location, units=units)
    _operate_unit(operation, unit, {"reservation_id": reservation}, at, note, actor)


def _operate_quantity(
    operation: str,
    item: str | None,
    location: str | None,
    options: dict[str, Any],
    at: str | None,
    note: str | None,
    actor: str | None,
) -> None:
    if item is None or location is None:
        raise StockplanError(
            "name a unit with --unit, or a quantity with --item, --location and the rest; nothing was written"
        )
    operate(operation, item, location, options, {"note": note, "event_at": at}, actor)


def _refuse_foreign(what: str, **options: object) -> None:
    given = [f"--{name}" for name, value in options.items() if value is not None]
    if given:
        raise StockplanError(
            f"{', '.join(given)} says nothing about {what}; leave it out. Nothing was written"
        )


def _operate_unit(
    operation: str, unit: str, told: dict[str, Any], at: str | None, note: str | None, actor: str | None
) -> None:
    """Write one operation on a unit and print what became of it; an error when it was rejected."""
    from orchestration.evidence.allocation.operation_files import business_moment
    from orchestration.evidence.orders.unit_events import UNIT_FAMILY
    from orchestration.evidence.orders.unit_standing import checked_times, unit_base, unit_standing, why_not

    pipeline = open_pipeline()
    base = unit_base(pipeline.lake)
    now = clock_of(pipeline)
    payload = {"unit_id": unit, "note": note, **told}
    if at is not None:
        payload["event_at"] = business_moment(at, now())
    payload = {name: value for name, value in payload.items() if value is not None}
    hold_hours = pipeline.settings.orders.promises.hold_hours
    payload = checked_times(operation, payload, now(), hold_hours)
    refusal = why_not(base, operation, unit)
    if not refusal and operation == "reserve":
        before = unit_standing(pipeline.lake, pipeline.ledger, base, unit, now(), hold_hours).delivered_on
        if before is not None and before > base.as_of:
            refusal = f"{unit} was delivered on {before}; no release since has it in stock again."
    if refusal:
        raise StockplanError(f"Refused: {refusal} Nothing was written")
    event = pipeline.ledger.append_timed(
        UNIT_FAMILY,
        operation,
        subject=unit,
        business_date=base.as_of + timedelta(days=1),
        actor=actor or getpass.getuser(),
        payload=payload,
        clock=now,
    )
    until = datetime.fromisoformat(str(event.payload["event_at"]))
    state = unit_standing(pipeline.lake, pipeline.ledger, base, unit, until, hold_hours)
    _tell_answer(event, state)
    # Its own day may lie far ahead of what is published, as when one tries the demo.
    if event.business_date > base.as_of + timedelta(days=_USUAL_DAYS_AHEAD):
        console.print(
            f"The current release is of {base.as_of}; this counts from business date {event.business_date} "
            f"on. Name a time of your own with --at, as {base.as_of + timedelta(days=1)}T09:00."
        )


def _tell_answer(event: Event, state: UnitStanding) -> None:
    from optimization.reasons import REASONS

    where = f"event {event.seq} at {event.payload['event_at']}"
    for fault in state.set_aside[state.set_aside["event_id"] == event.event_id].to_dict("records"):
        raise StockplanError(
            f"Rejected ({where}): {fault['column_name']} {fault['reason']}. It stays in the ledger and "
            "changes nothing."
        )
    line = state.entry[state.entry["event_id"] == event.event_id].iloc[0]
    reason = str(line["reason_code"])
    if line["entry_status"] == "rejected":
        why = REASONS[reason].removeprefix("Rejected: ")
        raise StockplanError(
            f"Rejected ({where}): {reason}, {why}.{state.who_has_it()} It stays in the ledger and changes "
            "nothing."
        )
    console.print(f"[bold green]Accepted[/bold green] ({where}).{state.who_has_it()}")
