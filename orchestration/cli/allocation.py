"""`stockplan allocation`: what people do to the segments' stock, and what they are answered.

Every operation is an event of the ledger, an invalid one as well: it stays there as rejected. The answer
is the fold of the pool at the event's own time, so that it is the one that the next overlay publishes.
"""

from __future__ import annotations

import getpass
import math
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from optimization.errors import StockplanError
from orchestration.cli.console import console, open_pipeline, print_table

if TYPE_CHECKING:
    import pandas as pd

    from orchestration.defs.resources import Pipeline
    from orchestration.evidence.allocation.standing import Pool, Standing
    from orchestration.lake.ledger import Event
    from orchestration.publish.shelf import Release

allocation = typer.Typer(help="Operations on the segments' stock, and where it stands.", no_args_is_help=True)


class Kind(NamedTuple):
    """What an operation is for, which options it needs, and which others it takes."""

    help: str
    needs: tuple[str, ...]
    takes: tuple[str, ...] = ()


KINDS = {
    "allocate": Kind("Give a segment units of the common pool.", ("segment", "units")),
    "unallocate": Kind("Give units of a segment back to the common pool.", ("segment", "units")),
    "reallocate": Kind(
        "Move units from one segment to another; the common pool stays as it is.", ("segment", "to", "units")
    ),
    "consume": Kind(
        "Use units of a segment: its own first, then what it may borrow; of a reservation first, if named.",
        ("segment", "units"),
        ("reservation", "due", "order"),
    ),
    "reserve": Kind(
        "Hold units of a segment until they are consumed, released or expire.",
        ("segment", "units", "reservation"),
        ("expires", "due", "order"),
    ),
    "extend": Kind("Let a reservation end later.", ("reservation", "expires")),
    "release": Kind(
        "Give a reservation's units, all without --units, back to where they came from.",
        ("reservation",),
        ("units",),
    ),
    "offset": Kind(
        "Consume a reservation's units, all without --units: the order is firm.",
        ("reservation",),
        ("units", "order"),
    ),
    "adjust": Kind(
        "Tell that supply came, or left with a minus, since the last snapshot; without --segment the pool's.",
        ("units",),
        ("segment",),
    ),
    "rebalance": Kind("Ask that a pool is shared out anew.", ()),
}
# Options under the names that the ledger's payload has for them.
_PAYLOAD_NAMES = {
    "segment": "segment_id",
    "to": "to_segment_id",
    "units": "units",
    "reservation": "reservation_id",
    "expires": "expires_at",
    "due": "due_date",
    "order": "order_id",
}
# What limits an operation that asked for too much: a column of the state, of the pool or the segment.
_LIMITS = {
    "BEYOND_ALLOWANCE": ("available_units", None),
    "QUOTA_SHORT": ("allocated_units", None),
    "POOL_SHORT": ("allocated_units", "POOL"),
}


def operation_command(operation: str) -> Callable[..., None]:
    """Return the command of one operation."""

    def command(
        item: Annotated[str, typer.Option(help="Item id.")],
        location: Annotated[str, typer.Option(help="Location id; * for an item's pool of all.")],
        segment: Annotated[str | None, typer.Option(help="Segment id; POOL is the common pool.")] = None,
        to: Annotated[str | None, typer.Option(help="Segment that receives.")] = None,
        units: Annotated[float | None, typer.Option(help="Units.")] = None,
        reservation: Annotated[str | None, typer.Option(help="Reservation id.")] = None,
        expires: Annotated[str | None, typer.Option(help="End (UTC), as 2024-01-31T18:00.")] = None,
        due: Annotated[str | None, typer.Option(help="When it is wanted, as 2024-01-31.")] = None,
        order: Annotated[str | None, typer.Option(help="Customer order.")] = None,
        actor: Annotated[str | None, typer.Option(help="Who does it; else the system's user.")] = None,
        at: Annotated[
            str | None, typer.Option(help="Business time (UTC), as 2024-01-31T10:00; else now.")
        ] = None,
        note: Annotated[str | None, typer.Option(help="What is to be remembered.")] = None,
        action_id: Annotated[str | None, typer.Option(help="The action's own id; each counts once.")] = None,
        parent_action_id: Annotated[str | None, typer.Option(help="Action that caused it.")] = None,
    ) -> None:
        options = {
            "segment": segment,
            "to": to,
            "units": units,
            "reservation": reservation,
            "expires": expires,
            "due": due,
            "order": order,
        }
        others = {"action_id": action_id, "parent_action_id": parent_action_id, "note": note, "event_at": at}
        operate(operation, item, location, options, others, actor)

    return command


def operate(
    operation: str,
    item: str,
    location: str,
    options: Mapping[str, Any],
    others: Mapping[str, Any],
    actor: str | None,
) -> None:
    """Check the options of one operation, write it, and print what became of it.

    `options` bear the names of the command line, `others` those of the payload; None is not given.
    Raises `StockplanError` when nothing was written, and when the operation was rejected.
    """
    given = {name: value for name, value in options.items() if value is not None}
    _check_options(operation, KINDS[operation], set(given))
    told = {_PAYLOAD_NAMES[name]: value for name, value in given.items()}
    told |= {name: value for name, value in others.items() if value is not None}
    _operate(operation, item, location, told, actor)


for _name, _kind in KINDS.items():
    allocation.command(_name, help=_kind.help)(operation_command(_name))


@allocation.command("import")
def import_operations(
    file: Annotated[Path, typer.Argument(help="CSV with one operation a row.")],
    actor: Annotated[
        str | None, typer.Option(help="Who does what names nobody; else the system's user.")
    ] = None,
) -> None:
    """Write many operations at once, in the file's order; a bad row is named and the rest goes on."""
    from orchestration.evidence.allocation.operation_files import read_operation_file
    from orchestration.evidence.allocation.standing import base_release, pool_of

    pipeline = open_pipeline()
    base = base_release(pipeline.lake)
    now = clock_of(pipeline)
    earliest = base.as_of + timedelta(days=1)
    found = read_operation_file(file, actor or getpass.getuser(), earliest, now())
    for fault in found.faults:
        console.print(f"  [red]skipped[/red] {fault}", markup=True)
    events = pipeline.ledger.append_many(found.drafts, now)
    console.print(f"Wrote {len(events):,} operations; {len(found.faults):,} rows skipped.")
    if events:
        until = _time_of(events[-1])
        state = _stand(
            pipeline,
            base,
            {pool_of(event) for event in events},
            until,
        )
        lines = state.entry[state.entry["source_id"].isin([event.event_id for event in events])]
        rejected = lines[lines["entry_status"] == "rejected"]
        console.print(f"Accepted {len(lines) - len(rejected):,}, rejected {len(rejected):,}.")
        if len(rejected):
            columns = ["action_id", "operation", "item_id", "location_id", "units", "reason_code"]
            print_table("Rejected", columns, rejected[columns].values.tolist())
    if found.faults:
        raise typer.Exit(1)


@allocation.command("query")
def query(
    item: Annotated[str | None, typer.Option(help="Item id.")] = None,
    location: Annotated[str | None, typer.Option("--location", help="Location id.")] = None,
    segment: Annotated[str | None, typer.Option("--segment", help="Segment id.")] = None,
    path_prefix: Annotated[
        str | None, typer.Option("--path-prefix", help="Groups from the highest down, such as retail/eu.")
    ] = None,
    roll_up: Annotated[bool, typer.Option("--roll-up", help="Sums per group instead of segments.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="Rows to show.")] = 50,
) -> None:
    """Show where the segments' stock stands: the current release, and what was done since."""
    from orchestration.evidence.allocation.standing import base_release, state_now

    pipeline = open_pipeline()
    base = base_release(pipeline.lake)
    state, n_since = state_now(
        pipeline.lake,
        pipeline.ledger,
        pipeline.settings.allocation,
        base,
        clock_of(pipeline)(),
        item,
        location,
    )
    if segment is not None:
        state = state[state["segment_id"] == segment]
    if path_prefix is not None:
        parts = (state["segment_path"] + "/").str.startswith(path_prefix.rstrip("/") + "/")
        state = state[parts]
    if not len(state):
        raise StockplanError("no pool or segment is as asked; look for keys with: stockplan show allocation")
    title = f"Allocation on {base.release_id} and {n_since:,} operations since"
    if roll_up:
        from optimization.allocation.rollup import rollup

        sums = rollup(state)
        print_table(title, [str(name) for name in sums], _plain(sums.head(limit)))
    else:
        _print_state(f"{title} · {min(limit, len(state)):,} of {len(state):,} rows", state.head(limit))


def clock_of(pipeline: Pipeline) -> Callable[[], datetime]:
    """The time of day on the installation's own date."""
    return pipeline.now


def _check_options(operation: str, kind: Kind, given: set[str]) -> None:
    missing = [name for name in kind.needs if name not in given]
    foreign = sorted(given - set(kind.needs) - set(kind.takes))
    if missing:
        raise StockplanError(
            f"{operation} needs {', '.join(f'--{name}' for name in missing)}; nothing was written"
        )
    if foreign:
        raise StockplanError(
            f"{', '.join(f'--{name}' for name in foreign)} says nothing about {operation}; leave it out. "
            "Nothing was written"
        )


def _operate(operation: str, item: str, location: str, told: dict[str, Any], actor: str | None) -> None:
    """Write one operation, fold its pool, and print what became of it; an error when it was rejected."""
    from orchestration.evidence.allocation.operation_files import business_moment
    from orchestration.evidence.allocation.standing import Pool, base_release

    pipeline = open_pipeline()
    base = base_release(pipeline.lake)
    now = clock_of(pipeline)
    if not math.isfinite(told.get("units", 0.0)):
        raise StockplanError(f"--units {told['units']} is no quantity; nothing was written")
    if "event_at" in told:
        told["event_at"] = business_moment(told["event_at"], now())
    event = pipeline.ledger.append_timed(
        "allocation",
        operation,
        subject=f"{item}/{location}",
        business_date=base.as_of + timedelta(days=1),
        actor=actor or getpass.getuser(),
        payload={"item_id": item, "location_id": location, **told},
        clock=now,
    )
    try:
        state = _stand(pipeline, base, {Pool(item, location)}, _time_of(event))
    except StockplanError as error:
        raise StockplanError(
            f"The operation is in the ledger as event {event.seq}; do not tell it again. What became of it "
            f"cannot be said now: {error}"
        ) from error
    if told.get("event_at", event.payload["event_at"]) != event.payload["event_at"]:
        console.print(
            f"Told for {told['event_at']}; operations told before it stand, so it takes effect after them."
        )
    _tell_answer(event, state)


def _stand(pipeline: Pipeline, base: Release, pools: set[Pool], until: datetime) -> Standing:
    from orchestration.evidence.allocation.standing import standing

    return standing(pipeline.lake, pipeline.ledger, pipeline.settings.allocation, base, pools, until)


def _tell_answer(event: Event, state: Standing) -> None:
    from optimization.reasons import REASONS

    where = f"event {event.seq} at {event.payload['event_at']}"
    left = state.set_aside[state.set_aside["event_id"] == event.event_id]
    if len(left):
        fault = left.iloc[0]
        raise StockplanError(
            f"Rejected ({where}): {fault['column_name']} {fault['reason']}. It stays in the ledger and "
            "changes nothing."
        )
    line = state.entry[state.entry["source_id"] == event.event_id].iloc[0]
    reason = str(line["reason_code"])
    if len(state.allocation):
        _print_state(f"{event.payload['item_id']} at {event.payload['location_id']} now", state.allocation)
    if line["entry_status"] == "rejected":
        why = REASONS.get(reason, "").removeprefix("Rejected: ")
        raise StockplanError(
            f"Rejected ({where}): {reason}, {why}.{_way_out(event, state, reason)} It stays in the ledger "
            "and changes nothing."
        )
    changed = (
        "a rebalancing"
        if event.event_type == "rebalance"
        else f"{event.event_type} {line['effective_units']:g} units; {line['own_units']:+g} own, "
        f"{line['pool_units']:+g} common pool"
    )
    console.print(f"[bold green]Accepted[/bold green] ({where}): {changed}. {REASONS.get(reason, '')}")


def _way_out(event: Event, state: Standing, reason: str) -> str:
    """What the one who was refused can do, where the table above does not say it."""
    payload = event.payload
    if reason in ("UNKNOWN_POOL", "WRONG_LEVEL"):
        return f" Its pools: stockplan allocation query --item {payload['item_id']}."
    limit = _LIMITS.get(reason)
    if limit is None:
        return ""
    column, segment = limit[0], limit[1] or payload.get("segment_id")
    rows = state.allocation[state.allocation["segment_id"] == segment]
    return f" At most {rows[column].iloc[0]:g} units." if len(rows) else ""


def _print_state(title: str, state: pd.DataFrame) -> None:
    shown = {
        "item_id": "item",
        "location_id": "location",
        "segment_id": "segment",
        "allocated_units": "own",
        "consumed_units": "consumed",
        "soft_reserved_units": "reserved",
        "borrowed_units": "borrowed",
        "borrowable_units": "may borrow",
        "available_units": "available",
    }
    print_table(title, list(shown.values()), _plain(state[list(shown)]))


def _plain(frame: pd.DataFrame) -> list[list[object]]:
    """Rows as plain values; what is missing is None."""
    rows: list[list[object]] = frame.astype(object).where(frame.notna(), None).values.tolist()
    return rows


def _time_of(event: Event) -> datetime:
    return datetime.fromisoformat(str(event.payload["event_at"]))
