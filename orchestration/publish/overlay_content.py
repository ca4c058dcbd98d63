"""What an overlay holds: the state of the touched pools after all that happened since their release.

Always made from the release itself and all operations since, never from the overlay before, so that
the same operations give the same content however often somebody looked in between. No clock: the
content is that of the time of the last operation, or of the time that is asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import pandas as pd
import pyarrow as pa

from optimization.allocation.book import EVERYWHERE
from optimization.contracts.allocation_tables import (
    ALLOCATION,
    ALLOCATION_PLAN,
    BORROW_LOAN,
    COMMITMENT,
    SOFT_RESERVATION,
)
from optimization.contracts.inputs import ITEM_LOCATION, SEGMENT, SEGMENT_DEMAND
from optimization.contracts.outputs import SUPPLY_EXPECTATION
from optimization.contracts.table import Table
from orchestration.evidence.allocation.earlier_actions import applied_before
from orchestration.evidence.allocation.operations import OPERATION_FAMILY, operations_of
from orchestration.lake.hashing import logical_hash
from orchestration.lake.ledger import Ledger
from orchestration.lake.parquet import arrow_to_frame
from orchestration.lake.paths import Lake
from orchestration.publish.candidate import content_hash
from orchestration.publish.overlay_form import in_published_form, supply_audit_of
from orchestration.publish.overlay_rows import BaseRows
from orchestration.publish.overlay_shelf import OverlayError
from orchestration.publish.read_point import read_point
from orchestration.publish.shelf import Release
from orchestration.settings import Settings

# Published name -> contract of the state that operations change.
STATE: Mapping[str, Table] = {
    "allocation": ALLOCATION,
    "borrow_ledger": BORROW_LOAN,
    "reservation": SOFT_RESERVATION,
}
_POOL = ["item_id", "location_id"]
_ATP_INPUTS = (ITEM_LOCATION, SUPPLY_EXPECTATION, COMMITMENT)


@dataclass(frozen=True)
class OverlayFrames:
    """The state of the touched pools before and after, the lines between, and the promises anew.

    `before`, `after`: frames by the names of `STATE`. `entry`: `opt_out__allocation_entry`.
    `atp`: `opt_out__atp`, None where the release has no such table.
    """

    before: Mapping[str, pd.DataFrame]
    after: Mapping[str, pd.DataFrame]
    entry: pd.DataFrame
    atp: pd.DataFrame | None


@dataclass(frozen=True)
class OverlayContent:
    """The tables of an overlay in published form, without `release_id`, and what they hash to."""

    base: Release
    until: pd.Timestamp
    frames: OverlayFrames
    tables: Mapping[str, pa.Table]
    hashes: Mapping[str, str]
    content_hash: str


@dataclass(frozen=True)
class Unapplied:
    """Operations that a release has not applied, and how far the ledger was read for them.

    `earlier`: ids of the actions that stood in the ledger before them.
    """

    events: pd.DataFrame
    seq: int
    head: str
    earlier: frozenset[str]


def unapplied(base: Release, ledger: Ledger, since: Unapplied | None = None) -> Unapplied:
    """Return the operations that `base` has not applied; after `since` only new lines are read.

    These are the ones it had not read, and those of a later business date than its own.
    """
    head = ledger.head()
    seq = ledger.seq_of(head)
    if since is not None and since.seq <= seq:
        found = ledger.events(OPERATION_FAMILY, None, since.seq)
        new = operations_of(event for event in found if event.seq <= seq).events
        joined = pd.concat([since.events, new], ignore_index=True) if len(new) else since.events
        return Unapplied(joined, seq, head, since.earlier)
    start = read_point(base, ledger)[0]
    events = [event for event in ledger.events(OPERATION_FAMILY) if event.seq <= seq]
    is_new = [event.seq > start or event.business_date > base.as_of for event in events]
    operations = operations_of(event for event, new in zip(events, is_new, strict=True) if new)
    earlier = (event.payload.get("action_id") for event, new in zip(events, is_new, strict=True) if not new)
    return Unapplied(operations.events, seq, head, frozenset(str(one) for one in earlier if one))


def applied_actions(lake: Lake, ledger: Ledger, base: Release, read: Unapplied) -> frozenset[str]:
    """Return the ids of actions that `base` or a release before it applied and that are told again."""
    again = read.earlier.intersection(read.events["action_id"])
    return applied_before(lake, ledger, base.as_of + timedelta(days=1), again) if again else frozenset()


def make_content(
    rows: BaseRows,
    operations: pd.DataFrame,
    until: pd.Timestamp | None,
    settings: Settings,
    applied: frozenset[str] = frozenset(),
) -> OverlayContent | None:
    """Apply `operations` (`ledger__allocation_event`) up to `until` to the release behind `rows`.

    `applied`: ids of actions that were applied before and are refused. `until` (UTC): by default the
    time of the last operation. None when nothing happened by then and nothing ended. Raises
    `OverlayError` when the release carries no allocation state.
    """
    base = rows.base
    missing = [name for name in STATE if name not in base.tables]
    if missing:
        raise OverlayError(
            f"release {base.release_id} has no table {', '.join(missing)}: it carries no allocation that "
            "operations could change; run the daily job first"
        )
    if until is not None:
        operations = operations[(operations["event_at"] <= until).to_numpy()]
    elif len(operations):
        until = operations["event_at"].max()
    if until is None:
        return None
    touched = _touched(rows, operations, until)
    if touched.empty:
        return None
    frames = _frames(rows, operations, touched, until, settings, applied)
    if frames.entry.empty:
        return None
    tables = _published(rows, frames)
    hashes = {name: logical_hash(table) for name, table in tables.items()}
    return OverlayContent(base, until, frames, tables, hashes, content_hash(hashes))


def _touched(rows: BaseRows, operations: pd.DataFrame, until: pd.Timestamp) -> pd.DataFrame:
    """Pools that an operation names, or where a loan or reservation has ended: item and location."""
    parts = [operations[_POOL]]
    for name in ("borrow_ledger", "reservation"):
        ends = rows.ends(name)
        if ends.num_rows:
            frame = ends.select([*_POOL, "expires_at"]).to_pandas()
            parts.append(frame.loc[(frame["expires_at"] <= until).to_numpy(), _POOL])
    return pd.concat(parts, ignore_index=True).drop_duplicates(ignore_index=True)


def _frames(
    rows: BaseRows,
    operations: pd.DataFrame,
    touched: pd.DataFrame,
    until: pd.Timestamp,
    settings: Settings,
    applied: frozenset[str],
) -> OverlayFrames:
    from optimization.allocation.overlay import Facts, apply_since

    items = set(touched["item_id"])
    before = {name: _of_pools(_rows(rows, name, table, items), touched) for name, table in STATE.items()}
    segment = arrow_to_frame(rows.whole(SEGMENT.name), SEGMENT)
    made = apply_since(
        before["allocation"],
        before["borrow_ledger"],
        before["reservation"],
        segment,
        operations.reset_index(drop=True),
        until,
        settings.allocation.parameters(),
        Facts(
            item_location=_known(rows, ITEM_LOCATION.name, ITEM_LOCATION, items),
            segment_demand=_known(rows, SEGMENT_DEMAND.name, SEGMENT_DEMAND, items),
            plan=_known(rows, "allocation_plan", ALLOCATION_PLAN),
        ),
        applied_actions=applied,
    )
    after = {
        "allocation": made.allocation,
        "borrow_ledger": _with_ended(made.borrow_loan, before["borrow_ledger"], "loan_id"),
        "reservation": _with_ended(made.soft_reservation, before["reservation"], "reservation_id"),
    }
    atp = _promises(rows, items, before, after, settings) if "atp" in rows.base.tables else None
    return OverlayFrames(before, after, made.allocation_entry, atp)


def _rows(rows: BaseRows, name: str, table: Table, items: set[str]) -> pd.DataFrame:
    return arrow_to_frame(rows.of_items(name, items), table)


def _known(rows: BaseRows, name: str, table: Table, items: set[str] | None = None) -> pd.DataFrame | None:
    """Rows of what a release may know beside its state, all of them where no items are named."""
    if not rows.has(name) or not set(table.column_names) <= set(rows.schema(name).names):
        return None
    return arrow_to_frame(rows.whole(name) if items is None else rows.of_items(name, items), table)


def _with_ended(now: pd.DataFrame, before: pd.DataFrame, key: str) -> pd.DataFrame:
    """With those that had ended when the release was made: they are told until the next one."""
    ended = before[~before[key].isin(now[key])]
    return pd.concat([now, ended], ignore_index=True) if len(ended) else now


def _of_pools(frame: pd.DataFrame, touched: pd.DataFrame) -> pd.DataFrame:
    """Rows of the touched pools; of an item named on the other level all pools, so that it can be told."""
    at_all = set(touched.loc[touched["location_id"] == EVERYWHERE, "item_id"])
    named = pd.MultiIndex.from_frame(touched.astype(object))
    is_named = pd.MultiIndex.from_frame(frame[_POOL].astype(object)).isin(named)
    chosen = is_named | (frame["location_id"] == EVERYWHERE).to_numpy() | frame["item_id"].isin(at_all)
    return frame[chosen].reset_index(drop=True)


def _promises(
    rows: BaseRows,
    items: set[str],
    before: Mapping[str, pd.DataFrame],
    after: Mapping[str, pd.DataFrame],
    settings: Settings,
) -> pd.DataFrame:
    """ATP of the touched places and of their items' network, with what moved since the snapshot."""
    from optimization.promising.atp import available_to_promise

    places, supply, owed = (_rows(rows, table.name, table, items) for table in _ATP_INPUTS)
    shares = after["allocation"]
    pools = shares[_POOL].drop_duplicates()
    of_all = set(pools.loc[pools["location_id"] == EVERYWHERE, "item_id"])
    # The network is reckoned on all places of the item, with the reservations of the untouched ones.
    held = _rows(rows, "reservation", STATE["reservation"], items)
    held = held[~_is_in(held, pools).to_numpy()]
    frame, _ = available_to_promise(
        places,
        supply,
        owed,
        shares,
        pd.concat([after["reservation"], held], ignore_index=True) if len(held) else after["reservation"],
        pd.Timestamp(rows.base.as_of),
        settings.promising.parameters(),
        stock_change(before["allocation"], shares),
    )
    is_told = _is_in(frame, pools) | frame["item_id"].isin(of_all) | (frame["location_id"] == EVERYWHERE)
    return frame[is_told.to_numpy()].reset_index(drop=True)


def _is_in(frame: pd.DataFrame, pools: pd.DataFrame) -> pd.Series:
    """Which rows are of one of the pools."""
    named = pd.MultiIndex.from_frame(pools.astype(object))
    return pd.Series(pd.MultiIndex.from_frame(frame[_POOL].astype(object)).isin(named), index=frame.index)


def stock_change(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """What came to each pool and left it: change of quotas, common pool and reserved units together.

    Returns item_id, location_id, quantity_units. A consumption lowers it, an adjustment moves it, a
    reservation or a reallocation leaves it as it is.

    >>> one = pd.DataFrame({"item_id": ["I"], "location_id": ["L"], "allocated_units": [5.0]})
    >>> two = one.assign(allocated_units=2.0, soft_reserved_units=1.0)
    >>> stock_change(one.assign(soft_reserved_units=0.0), two)["quantity_units"].tolist()
    [-2.0]
    """
    sums = [
        (frame["allocated_units"] + frame["soft_reserved_units"]).groupby([frame[one] for one in _POOL]).sum()
        for frame in (before, after)
    ]
    change = sums[1].subtract(sums[0], fill_value=0.0).rename("quantity_units")
    told: pd.DataFrame = change.reset_index()
    return told


def _published(rows: BaseRows, frames: OverlayFrames) -> dict[str, pa.Table]:
    """The frames in the columns of the release's tables; a table that the release lacks is left out."""
    base = rows.base
    made = {
        **frames.after,
        "allocation_ledger": frames.entry,
        "supply_audit": supply_audit_of(frames.entry),
        **({} if frames.atp is None else {"atp": frames.atp}),
    }
    constants = {"as_of": base.as_of, "snapshot_id": _snapshot_id(base)}
    return {
        name: in_published_form(name, frame, rows.schema(name), rows.segment_terms, constants)
        for name, frame in made.items()
        if name in base.tables
    }


def _snapshot_id(base: Release) -> str:
    snapshots = base.manifest.get("snapshots") or [{}]
    return str(snapshots[-1].get("snapshot_id", ""))
