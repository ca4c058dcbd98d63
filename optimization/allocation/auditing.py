"""The independent audit of a cycle: the published lines replayed, the books added up again.

It reads frames and sums only; what the cycle holds in arrays it does not see.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from optimization.allocation.book import POOL
from optimization.errors import AuditError

_TOLERANCE = 1e-6
_KEY = ["item_id", "location_id", "segment_id"]
_PLACE = ["item_id", "location_id"]
_NOT_NEGATIVE = ("allocated_units", "consumed_units", "soft_reserved_units", "borrowed_units")


def replayed(previous: pd.DataFrame | None, entry: pd.DataFrame) -> pd.Series:
    """Quotas, and the common pool as POOL, after the lines: units by item, location and segment.

    `previous` and `entry` are `opt_out__allocation` of the release before (None before the first) and
    `opt_out__allocation_entry` since. A rejected line changes nothing.
    """
    lines = entry[(entry["entry_status"] == "accepted").to_numpy()]
    is_segment = (lines["segment_id"].notna() & (lines["segment_id"] != POOL)).to_numpy()
    moved_to = lines["to_segment_id"].notna().to_numpy()
    parts = [
        lines.loc[is_segment, _KEY].assign(units=lines["own_units"][is_segment]),
        lines[_PLACE].assign(segment_id=POOL, units=lines["pool_units"]),
        lines.loc[moved_to, _PLACE].assign(
            segment_id=lines["to_segment_id"][moved_to], units=lines["effective_units"][moved_to]
        ),
    ]
    if previous is not None:
        parts.insert(0, previous[_KEY].assign(units=previous["allocated_units"]))
    changes = pd.concat([part.astype(dict.fromkeys(_KEY, object)) for part in parts])
    return changes.groupby(_KEY)["units"].sum()


def audit_replay(previous: pd.DataFrame | None, allocation: pd.DataFrame, entry: pd.DataFrame) -> None:
    """Raise `AuditError` unless the lines lead from the state before to this one.

    A pool that is not told must hold nothing.
    """
    after = replayed(previous, entry)
    told = allocation.astype(dict.fromkeys(_KEY, object)).set_index(_KEY)["allocated_units"]
    index = after.index.union(told.index)
    difference = after.reindex(index, fill_value=0.0) - told.reindex(index, fill_value=0.0)
    _refuse(difference.abs(), "differs from the replay of its lines")


def audit_state(
    previous: pd.DataFrame | None,
    allocation: pd.DataFrame,
    entry: pd.DataFrame,
    whole: pd.Series | None = None,
) -> None:
    """Raise `AuditError` unless the state is the replay of the lines, conserves stock and is not negative.

    Per pool: Σ quotas + common pool + consumed + soft-reserved = what the formula counts. `whole`
    tells of each row of `allocation` whether it counts whole units.
    """
    audit_replay(previous, allocation, entry)
    held = allocation.assign(
        units=allocation["allocated_units"] + allocation["consumed_units"] + allocation["soft_reserved_units"]
    )
    pools = held.groupby(_PLACE).agg(units=("units", "sum"), counted=("allocatable_units", "first"))
    _refuse((pools["units"] - pools["counted"]).abs(), "differs from what the pool formula counts")

    for name in _NOT_NEGATIVE:
        _refuse(-allocation.set_index(_KEY)[name], f"is negative in {name}")
    if whole is not None:
        units = allocation["allocated_units"].where(whole.to_numpy(), 0.0)
        _refuse((units - np.round(units)).abs().set_axis(allocation.set_index(_KEY).index), "is not whole")


def _refuse(breach: pd.Series, what: str) -> None:
    if len(breach) and float(breach.max()) > _TOLERANCE:
        item, location, *segment = breach.index[int(np.argmax(breach.to_numpy()))]
        raise AuditError(
            f"the allocation of item {item!r} at {location!r}"
            + (f", segment {segment[0]!r}," if segment else "")
            + f" {what} by {float(breach.max()):.6g} units; nothing may be published: report the snapshot "
            "and the operations since the release before"
        )
