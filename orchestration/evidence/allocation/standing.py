"""Where the segments' stock stands now: the current release, and what people did since.

Folds the touched pools alone, so that one answer costs as much as what happened to one pool. Nothing
is written; the next overlay or release publishes the same.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

import pandas as pd

from optimization.contracts.allocation_tables import ALLOCATION, ALLOCATION_PLAN
from optimization.contracts.inputs import ITEM_LOCATION, SEGMENT, SEGMENT_DEMAND
from optimization.contracts.table import Table
from optimization.errors import StockplanError
from orchestration.evidence.allocation.earlier_actions import applied_before
from orchestration.evidence.allocation.operations import OPERATION_FAMILY, operations_of
from orchestration.lake.ledger import Event, Ledger
from orchestration.lake.parquet import arrow_to_frame
from orchestration.lake.paths import Lake
from orchestration.publish.overlay_content import STATE
from orchestration.publish.overlay_rows import BaseRows
from orchestration.publish.read_point import read_point
from orchestration.publish.shelf import Release, current_release
from orchestration.settings import AllocationSettings


class Pool(NamedTuple):
    """An item at a location, or at all of them (`*`)."""

    item_id: str
    location_id: str


@dataclass(frozen=True)
class Standing:
    """State and lines of some pools at a moment: as `opt_out__allocation` and `opt_out__allocation_entry`.

    `set_aside`: operations without the form of one, which change nothing (`SET_ASIDE_COLUMNS`).
    """

    allocation: pd.DataFrame
    entry: pd.DataFrame
    set_aside: pd.DataFrame


def base_release(lake: Lake) -> Release:
    """Return the current release. Raises `StockplanError` when there is none with pools of segments."""
    current = current_release(lake)
    if current is None:
        raise StockplanError("there is no release yet; make the first one with: make run")
    missing = sorted(set(STATE) - set(current.tables))
    if missing:
        raise StockplanError(
            f"release {current.release_id} has no table {', '.join(missing)}; publish its date again with "
            f"this version: stockplan run --date {current.as_of}"
        )
    return current


def events_since(ledger: Ledger, base: Release) -> list[Event]:
    """Return the operations that a release has not applied, in the ledger's order."""
    return list(ledger.events(OPERATION_FAMILY, None, read_point(base, ledger)[0], base.as_of))


def standing(
    lake: Lake,
    ledger: Ledger,
    terms: AllocationSettings,
    base: Release,
    pools: Collection[Pool],
    until: datetime,
) -> Standing:
    """Return where `pools` stand at `until` (UTC), on the release `base` and all operations since.

    An action that was told before is refused wherever that was, so pools of actions of the same id
    are folded along. Raises `OverlayError` when the release's inputs are no longer in the lake.
    """
    from optimization.allocation.overlay import Facts, apply_since

    events = events_since(ledger, base)
    chosen = _with_same_actions(events, set(pools))
    operations = operations_of(event for event in events if pool_of(event) in chosen)
    rows = BaseRows(lake, base)
    # All pools of an item, so that an operation on the wrong level is told as such.
    items = {pool.item_id for pool in chosen}

    def of_items(name: str, table: Table) -> pd.DataFrame:
        return arrow_to_frame(rows.of_items(name, items), table)

    def known(table: Table) -> pd.DataFrame | None:
        return of_items(table.name, table) if rows.has(table.name) else None

    state = {name: of_items(name, table) for name, table in STATE.items()}
    # An operation without an id bears its event's, which nothing else does.
    actions = {str(event.payload["action_id"]) for event in events if event.payload.get("action_id")}
    asked = actions.intersection(operations.events["action_id"])
    now = apply_since(
        state["allocation"],
        state["borrow_ledger"],
        state["reservation"],
        arrow_to_frame(rows.whole(SEGMENT.name), SEGMENT),
        operations.events,
        pd.Timestamp(until).tz_convert(None),
        terms.parameters(),
        Facts(item_location=known(ITEM_LOCATION), segment_demand=known(SEGMENT_DEMAND), plan=_plan(rows)),
        applied_actions=applied_before(lake, ledger, base.as_of + timedelta(days=1), asked),
    )
    own = set(pools)
    return Standing(
        _of_pools(now.allocation, own), _of_pools(now.allocation_entry, own), operations.set_aside
    )


def _plan(rows: BaseRows) -> pd.DataFrame | None:
    """The release's plans, as whoever shares a pool out anew has to read them."""
    name = "allocation_plan"
    return arrow_to_frame(rows.whole(name), ALLOCATION_PLAN) if rows.has(name) else None


def state_now(
    lake: Lake,
    ledger: Ledger,
    terms: AllocationSettings,
    base: Release,
    until: datetime,
    item_id: str | None = None,
    location_id: str | None = None,
) -> tuple[pd.DataFrame, int]:
    """Return `opt_out__allocation` of the asked pools at `until`, and how many operations since it holds.

    None asks for all. Pools that nobody touched stand as published.
    """

    def is_asked(pool: Pool) -> bool:
        return item_id in (None, pool.item_id) and location_id in (None, pool.location_id)

    rows = BaseRows(lake, base)
    published = rows.whole("allocation") if item_id is None else rows.of_items("allocation", {item_id})
    state = arrow_to_frame(published, ALLOCATION)
    if location_id is not None:
        state = state[state["location_id"] == location_id]
    touching = [event for event in events_since(ledger, base) if is_asked(pool_of(event))]
    touched = {pool_of(event) for event in touching}
    if not touched:
        return state.reset_index(drop=True), 0
    now = standing(lake, ledger, terms, base, touched, until).allocation
    keys = pd.MultiIndex.from_frame(state[["item_id", "location_id"]])
    changed = set(zip(now["item_id"], now["location_id"], strict=True))
    both = pd.concat([state[~keys.isin(list(changed))], now], ignore_index=True)
    return both.sort_values(list(ALLOCATION.key), kind="stable", ignore_index=True), len(touching)


def pool_of(event: Event) -> Pool:
    """The pool that an operation names."""
    return Pool(str(event.payload.get("item_id")), str(event.payload.get("location_id")))


def _with_same_actions(events: list[Event], pools: set[Pool]) -> set[Pool]:
    actions = {event.payload.get("action_id") for event in events if pool_of(event) in pools} - {None, ""}
    return pools | {pool_of(event) for event in events if event.payload.get("action_id") in actions}


def _of_pools(frame: pd.DataFrame, pools: set[Pool]) -> pd.DataFrame:
    keys = pd.MultiIndex.from_frame(frame[["item_id", "location_id"]])
    return frame[keys.isin(list(pools))].reset_index(drop=True)
