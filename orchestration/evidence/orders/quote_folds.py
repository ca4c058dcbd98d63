"""What was done to an item or to units since the release, folded for one quote.

Apart from the reading of quotes, because only a quote of something that was touched needs the science.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from optimization.promising.unit_reservations import ACTIVE_STATES, unit_reservations
from orchestration.evidence.allocation.operations import operations_of
from orchestration.evidence.orders.unit_events import unit_events_of
from orchestration.lake.ledger import Event, Ledger
from orchestration.lake.paths import Lake
from orchestration.publish.overlay_content import applied_actions, make_content, unapplied
from orchestration.publish.overlay_rows import BaseRows
from orchestration.publish.shelf import Release
from orchestration.settings import Settings

_COLUMNS = ["location_id", "segment_id", "from_date", "atp_units", "expected_atp_units"]


class _OfItem(BaseRows):
    """Rows of a release, of which only one item's reservations and loans are looked at for having ended."""

    def __init__(self, lake: Lake, base: Release, item_id: str) -> None:
        super().__init__(lake, base)
        self.item_id = item_id

    def ends(self, name: str) -> pa.Table:
        """Open rows of the item that end at all."""
        return super().ends(name).filter(pc.field("item_id") == self.item_id)


def item_promises(
    lake: Lake,
    ledger: Ledger,
    settings: Settings,
    base: Release,
    own: list[Event],
    item_id: str,
    now: datetime,
) -> list[dict[str, Any]]:
    """Return the promises of the item's touched places at `now` (UTC), as the next overlay would tell them.

    `own`: the operations on the item since the release. Empty where nothing changed.
    """
    applied = applied_actions(lake, ledger, base, unapplied(base, ledger))
    content = make_content(
        _OfItem(lake, base, item_id), operations_of(own).events, _naive(now), settings, applied
    )
    if content is None or content.frames.atp is None:
        return []
    frame = content.frames.atp
    told = frame[(frame["item_id"] == item_id).to_numpy()].loc[:, _COLUMNS]
    rows = told.assign(from_date=told["from_date"].dt.date).to_dict("records")
    return [{str(name): value for name, value in row.items()} for row in rows]


def taken_units(events: list[Event], now: datetime, settings: Settings, as_of: date) -> dict[str, bool]:
    """Return of every unit of the events whether somebody has it, or a block stands, at `now`.

    A unit that was delivered since the release of `as_of` is its customer's.
    """
    told = unit_events_of(events).events
    there = told[["unit_id"]].drop_duplicates()
    hours = settings.orders.promises.parameters().hold_hours
    held, entry = unit_reservations(told, there, _naive(now), hours)
    stands = held[held["unit_reservation_state"].isin([*ACTIVE_STATES, "BLOCKED"])]
    delivered = entry[(entry["unit_operation"] == "consume") & (entry["entry_status"] == "accepted")]
    since = told.loc[told["business_date"] > pd.Timestamp(as_of), "event_id"]
    taken = {*stands["unit_id"], *delivered.loc[delivered["event_id"].isin(since), "unit_id"]}
    return {unit: unit in taken for unit in there["unit_id"]}


def _naive(moment: datetime) -> pd.Timestamp:
    return pd.Timestamp(moment).tz_convert(None)
