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
    return _summed(_changes(previous, entry))


def _changes(previous: pd.DataFrame | None, entry: pd.DataFrame) -> list[pd.DataFrame]:
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
    return parts


def _summed(parts: list[pd.DataFrame]) -> pd.Series:
    stacked = pd.concat([part.astype(dict.fromkeys(_KEY, object)) for part in parts], ignore_index=True)
    return stacked.groupby(_KEY, sort=False)["units"].sum()


def audit_replay(previous: pd.DataFrame | None, allocation: pd.DataFrame, entry: pd.DataFrame) -> None:
    """Raise `AuditError` unless the lines lead from the state before to this one.

    A pool that is not told must hold nothing.
    """
    told = allocation[_KEY].assign(units=-allocation["allocated_units"])
    difference = _summed([*_changes(previous, entry), told])
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
    held = allocation[_PLACE].assign(
        units=allocation["allocated_units"]
        + allocation["consumed_units"]
        + allocation["soft_reserved_units"],
        counted=allocation["allocatable_units"],
    )
    pools = held.groupby(_PLACE, sort=False).agg(units=("units", "sum"), counted=("counted", "first"))
    _refuse((pools["units"] - pools["counted"]).abs(), "differs from what the pool formula counts")

    key = allocation[_KEY].reset_index(drop=True)
    for name in _NOT_NEGATIVE:
        _refuse(-allocation[name].reset_index(drop=True), f"is negative in {name}", key)
    if whole is not None:
        units = allocation["allocated_units"].where(whole.to_numpy(), 0.0).reset_index(drop=True)
        _refuse((units - np.round(units)).abs(), "is not whole", key)


def _refuse(breach: pd.Series, what: str, key: pd.DataFrame | None = None) -> None:
    """Refuse the worst breach, of equal ones the first by key, which is the index where there is none."""
    if len(breach) and float(breach.max()) > _TOLERANCE:
        if key is not None:
            breach = breach.set_axis(pd.MultiIndex.from_frame(key))
        breach = breach.sort_index()
        item, location, *segment = breach.index[int(np.argmax(breach.to_numpy()))]
        raise AuditError(
            f"the allocation of item {item!r} at {location!r}"
            + (f", segment {segment[0]!r}," if segment else "")
            + f" {what} by {float(breach.max()):.6g} units; nothing may be published: report the snapshot "
            "and the operations since the release before"
        )
