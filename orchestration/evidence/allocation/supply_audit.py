"""Questions to the published audits: what changed the segments' stock, and what was found in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Literal

import numpy as np
import pyarrow as pa

from optimization.errors import StockplanError
from orchestration.closed_duckdb import closed_duckdb
from orchestration.evidence.allocation.operations import read_operations
from orchestration.lake.ledger import Ledger
from orchestration.lake.parquet import read_arrow
from orchestration.lake.paths import Lake
from orchestration.publish.overlay_shelf import current_overlay
from orchestration.publish.read_point import read_point
from orchestration.publish.shelf import Release, current_release, releases

if TYPE_CHECKING:
    import pandas as pd

# Shown first; the other columns of the table follow.
_FIRST_COLUMNS = (
    "event_at",
    "operation",
    "item_id",
    "location_id",
    "segment_id",
    "to_segment_id",
    "units",
    "entry_status",
    "reason_code",
    "actor",
    "action_id",
    "purpose",
    "effective_units",
    "source_id",
    "snapshot_id",
    "audit_details",
)
# What names an action: the record's own id, what caused it, and what it belongs to.
_ACTIONS = ("action_id", "parent_action_id", "related_by_action_id")
# What the ledger holds since the last release, before a cycle or an overlay has told what became of it.
AWAITING = "awaiting"


@dataclass(frozen=True)
class SupplyQuestion:
    """What is asked for; None asks for everything. `action_id` also finds what it caused."""

    item_id: str | None = None
    location_id: str | None = None
    segment_id: str | None = None
    action_id: str | None = None
    purpose: str | None = None
    since: date | None = None
    until: date | None = None

    @property
    def conditions(self) -> dict[str, object]:
        """SQL conditions with the value of each one's parameter."""
        asked = {
            "item_id = $item_id": self.item_id,
            "location_id = $location_id": self.location_id,
            "(segment_id = $segment_id or to_segment_id = $segment_id)": self.segment_id,
            f"$action_id in ({', '.join(_ACTIONS)})": self.action_id,
            "purpose = $purpose": self.purpose,
            "cast(event_at as date) >= $since": self.since,
            "cast(event_at as date) <= $until": self.until,
        }
        return {condition: value for condition, value in asked.items() if value is not None}


def supply_audit(
    lake: Lake, ledger: Ledger, question: SupplyQuestion, release_id: str | None = None
) -> pa.Table:
    """Return the lines of `supply_audit` that are asked for, newest first.

    Without a release: those of the newest release of every business date up to the current one, those
    of the overlay on it, and with status `awaiting` the operations that neither has applied. Raises
    `StockplanError` when there is no release, or the named one is not there.
    """
    shelf = releases(lake)
    current = current_release(lake)
    if current is None:
        raise StockplanError("there is no release yet; make the first one with: make run")
    if release_id is None:
        newest = {one.as_of: one for one in shelf if one.as_of <= current.as_of}
        newest[current.as_of] = current
        chosen = list(newest.values())
    else:
        chosen = [one for one in shelf if one.release_id == release_id]
        if not chosen:
            raise StockplanError(f"there is no release {release_id!r}; list them with: stockplan releases")
    parts = [read_arrow(one.table("supply_audit")) for one in chosen if "supply_audit" in one.tables]
    if not parts:
        raise StockplanError("no release has the table supply_audit; it comes with the next: stockplan run")
    if release_id is None:
        laid = _laid(lake)
        parts += [*laid, _since(ledger, current, parts[-1].schema, laid)]
    lines = pa.concat_tables(parts, promote_options="default")
    order = ["event_at desc", "entry_number desc", "action_id"]
    return _asked(lines, question.conditions, vars(question), order, _FIRST_COLUMNS)


def inventory_audit(
    release: Release,
    kind: Literal["level", "valuation", "condition"],
    item_id: str | None = None,
    location_id: str | None = None,
) -> pa.Table:
    """Return a release's `inventory_audit` of one kind, what differs first, the largest value on top."""
    values = {"audit_kind": kind, "item_id": item_id, "location_id": location_id}
    conditions = {f"{name} = ${name}": value for name, value in values.items() if value is not None}
    order = [
        "audit_status = 'match'",
        "abs(coalesce(difference_value, 0)) desc",
        "abs(coalesce(difference_units, 0)) desc",
        "item_id",
        "location_id",
        "unit_id",
    ]
    first = ("item_id", "location_id", "unit_id", "audit_status", "difference_units", "difference_value")
    return _asked(read_arrow(release.table("inventory_audit")), conditions, values, order, first)


def _laid(lake: Lake) -> list[pa.Table]:
    """What the overlay on the current release tells, if there is one."""
    overlay = current_overlay(lake)
    return [] if overlay is None else [read_arrow(overlay.tables["supply_audit"])]


def _since(ledger: Ledger, base: Release, schema: pa.Schema, laid: Sequence[pa.Table]) -> pa.Table:
    """The ledger's operations that nothing published has applied, in the columns of the audit."""
    events = read_operations(ledger, date.max, read_point(base, ledger)[0], base.as_of).events
    applied = {source for part in laid for source in part.column("source_id").to_pylist()}
    events = events[~events["event_id"].isin(applied)].reset_index(drop=True)
    stated = _stated(events, base)
    columns = [
        pa.array(stated[field.name], from_pandas=True).cast(field.type)
        if field.name in stated
        else pa.nulls(len(events), field.type)
        for field in schema
    ]
    # What the operation will have changed is not known yet, so every column may be null here.
    return pa.table(columns, schema=pa.schema([field.with_nullable(True) for field in schema]))


def _stated(events: pd.DataFrame, base: Release) -> dict[str, object]:
    from optimization.allocation.operations.vocabulary import OPERATION_NAMES, purposes_of

    count = len(events)
    codes = np.array([OPERATION_NAMES.index(name) for name in events["operation"]], dtype=np.int64)
    return {
        **{str(name): events[name] for name in events},
        "purpose": purposes_of(codes),
        "related_by_action_id": events["action_id"],
        "entry_status": [AWAITING] * count,
        "audit_details": [
            f"In the ledger since release {base.release_id}; the next overlay or release applies it"
        ]
        * count,
        "source_id": events["event_id"],
    }


def _asked(
    rows: pa.Table,
    conditions: Mapping[str, object],
    values: Mapping[str, object],
    order: Sequence[str],
    first: Sequence[str],
) -> pa.Table:
    """The rows that meet all conditions, in an order, some columns first."""
    # The release's id is the same in most rows: it comes last.
    last = ["release_id"] if "release_id" in rows.column_names else []
    leading = [name for name in first if name in rows.column_names]
    others = [name for name in rows.column_names if name not in {*leading, *last}]
    columns = ", ".join([*leading, *others, *last])
    used = {name: value for name, value in values.items() if any(f"${name}" in one for one in conditions)}
    connection = closed_duckdb()
    connection.register("rows", rows)
    return connection.execute(
        f"select {columns} from rows where {' and '.join(conditions) or 'true'} order by {', '.join(order)}",  # noqa: S608
        used,
    ).to_arrow_table()
