"""Where one unit stands now: the current release's stock, and every event of the unit since it was known.

Nothing is written; the next release publishes the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import pandas as pd
import pyarrow.compute as pc
import pyarrow.parquet as pq

from optimization.contracts.order_inputs import UNIT_SALE
from optimization.contracts.order_outputs import UNIT_ATP
from optimization.errors import StockplanError
from optimization.promising.unit_reservations import ACTIVE_STATES, unit_reservations
from optimization.reasons import REASONS
from orchestration.evidence.orders.unit_events import of_units, read_unit_events
from orchestration.lake.events import moment_text, read_moment
from orchestration.lake.ledger import Ledger
from orchestration.lake.parquet import arrow_to_frame
from orchestration.lake.paths import Lake
from orchestration.publish.shelf import Release, current_release

# Everything else may be done to a unit whatever the stock says of it: what is held can be given back.
_NEEDS_A_PROMISABLE_UNIT = frozenset({"reserve"})
_NEEDS_A_KNOWN_UNIT = frozenset({"reserve", "block"})
# What only events of the unit can have ended since the release.
_TOLD_BY_THE_LEDGER = frozenset({"UNIT_BLOCKED", "UNIT_RESERVED"})
PUBLISHED = "unit_atp"


@dataclass(frozen=True)
class UnitStanding:
    """`opt_out__unit_reservation` and `…_entry` of one unit, and events without the form of one.

    `delivered_on`: business date of its delivery, where nothing that was accepted came after.
    """

    reservation: pd.DataFrame
    entry: pd.DataFrame
    set_aside: pd.DataFrame
    delivered_on: date | None

    def who_has_it(self) -> str:
        """Say who has the unit until when, and which blocks stand; it begins with a space."""
        said = []
        state = self.reservation["unit_reservation_state"]
        for row in self.reservation[state.isin([*ACTIVE_STATES, "BLOCKED"])].to_dict("records"):
            if row["unit_reservation_state"] == "BLOCKED":
                said.append(f"Blocked ({row['hold_kind']}) as {row['reservation_id']} by {row['actor']}.")
                continue
            whose = f" for {row['customer_id']}" if row["customer_id"] else ""
            ends = "" if pd.isna(row["expires_at"]) else f" until {row['expires_at'].isoformat()}"
            name = str(row["unit_reservation_state"]).lower()
            said.append(f"Reservation {row['reservation_id']} of {row['actor']}{whose} is {name}{ends}.")
        if not said and self.delivered_on is not None:
            said.append("The unit was delivered.")
        return " " + " ".join(said) if said else " The unit is free."


def unit_base(lake: Lake) -> Release:
    """Return the current release. Raises `StockplanError` when there is none that tells of units."""
    current = current_release(lake)
    if current is None:
        raise StockplanError("there is no release yet; make the first one with: make run")
    if PUBLISHED not in current.tables:
        raise StockplanError(
            f"release {current.release_id} has no table {PUBLISHED}; publish its date again with this "
            f"version: stockplan run --date {current.as_of}"
        )
    return current


def why_not(base: Release, operation: str, unit_id: str) -> str:
    """Say why an operation cannot succeed by what the release knows of the unit; empty where it may.

    A unit that only a reservation or a block of the ledger keeps is judged by its events, not here.
    """
    if operation not in _NEEDS_A_KNOWN_UNIT:
        return ""
    chosen = pc.field("unit_id") == unit_id
    found = arrow_to_frame(pq.read_table(base.tables[PUBLISHED], filters=chosen, partitioning=None), UNIT_ATP)
    if found.empty:
        return (
            f"release {base.release_id} knows no unit {unit_id} in stock or on its way; look for it with: "
            f"stockplan show {PUBLISHED}."
        )
    row = found.iloc[0]
    reason = str(row["reason_code"])
    if operation not in _NEEDS_A_PROMISABLE_UNIT or row["is_promisable"] or reason in _TOLD_BY_THE_LEDGER:
        return ""
    return f"{unit_id} cannot be promised: {reason}, {REASONS.get(reason, reason)}."


def checked_times(
    operation: str, payload: Mapping[str, Any], now: datetime, hold_hours: float
) -> dict[str, Any]:
    """Return the payload with its end as the ledger writes times; a hold without one lasts `hold_hours`.

    Raises `StockplanError` for an end that is no time.
    """
    told = payload.get("expires_at")
    if told is None and operation != "reserve":
        return dict(payload)
    if told is None:
        begins = read_moment(payload["event_at"]) if "event_at" in payload else now
        return {**payload, "expires_at": moment_text(begins + timedelta(hours=hold_hours))}
    try:
        return {**payload, "expires_at": moment_text(read_moment(told))}
    except ValueError as error:
        raise StockplanError(
            f"--expires {told!r} is no time; write it as 2024-01-31T18:00, in UTC. Nothing was written"
        ) from error


def unit_standing(
    lake: Lake, ledger: Ledger, base: Release, unit_id: str, until: datetime, hold_hours: float
) -> UnitStanding:
    """Return where one unit stands at `until` (UTC), by the stock of `base` and all events of the unit."""
    told = read_unit_events(ledger, None)
    chosen = pc.field("unit_id") == unit_id
    sales = lake.border_file(UNIT_SALE.name, base.as_of)
    sold = pq.read_table(sales, filters=chosen, partitioning=None) if sales.is_file() else None
    there = pq.read_table(base.tables[PUBLISHED], columns=["unit_id"], filters=chosen, partitioning=None)
    events = of_units(told.events, {unit_id})
    reservation, entry = unit_reservations(
        events,
        there.to_pandas(),
        pd.Timestamp(until).tz_convert(None),
        hold_hours,
        None if sold is None else arrow_to_frame(sold, UNIT_SALE),
    )
    done = entry[entry["entry_status"] == "accepted"].sort_values(["event_at", "ledger_seq"])
    delivered = None
    if len(done) and done["unit_operation"].iloc[-1] == "consume":
        last = events["event_id"] == done["event_id"].iloc[-1]
        delivered = events.loc[last, "business_date"].iloc[0].date()
    return UnitStanding(reservation, entry, told.set_aside, delivered)
