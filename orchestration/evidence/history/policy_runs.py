"""When the stock policies were calculated, as the releases before a run show it.

A calculation is looked for in periods of `PERIOD_DAYS`, counted back from the run's own business date,
which lies in period 1. Of each earlier period its newest release tells which item-locations were
calculated; whether a level changed does not matter.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from optimization.contracts.history_tables import PAST_POLICY_KEY, PAST_POLICY_RUN
from orchestration.contracts.arrow import arrow_schema
from orchestration.publish.shelf import Release

PERIOD_DAYS = 31
PERIODS = 6
DAYS_READ = PERIOD_DAYS * PERIODS
# What today's inputs gave; FROZEN and QUARANTINED policies were not calculated.
CALCULATED_STATUSES = ("OK", "FALLBACK", "OVERRIDE")
_APPROVED = frozenset({"auto_approved", "approved", "bootstrap"})
_UNCHANGED = frozenset({"none", "within_dead_band"})

Key = tuple[str, str]


def period_number(as_of: date, earlier: date) -> int:
    """Return in which period before `as_of` a date lies; 1 is the one that ends on `as_of`.

    >>> period_number(date(2024, 3, 1), date(2024, 2, 29)), period_number(date(2024, 3, 1), date(2024, 1, 30))
    (1, 2)
    """
    return (as_of - earlier).days // PERIOD_DAYS + 1


def past_policy_runs(earlier: Sequence[Release], as_of: date) -> tuple[pa.Table, pa.Table]:
    """Return `past__policy_run` and `past__policy_key` from the releases before `as_of`, the last first."""
    runs = []
    calculated: dict[int, set[Key]] = {}
    for back, release in enumerate(earlier, start=1):
        if "policy" not in release.tables:
            continue
        file = pq.ParquetFile(release.table("policy"))
        told = file.read(columns=["status", "change_state"])
        is_calculated = pc.is_in(told["status"], pa.array(CALCULATED_STATUSES))
        states = Counter(told["change_state"].to_pylist())
        period = period_number(as_of, release.as_of)
        if 1 < period <= PERIODS and period not in calculated:
            keys = file.read(columns=["item_id", "location_id"]).filter(is_calculated)
            calculated[period] = set(
                zip(*(keys[name].to_pylist() for name in keys.column_names), strict=True)
            )
        runs.append(
            {
                "release_id": release.release_id,
                "release_as_of": release.as_of,
                "releases_back": back,
                "period_number": period,
                "policy_keys": told.num_rows,
                "calculated_keys": pc.sum(is_calculated).as_py() or 0,
                "changed_keys": sum(count for state, count in states.items() if state not in _UNCHANGED),
                "proposed_keys": states["proposed"],
                "approved_keys": sum(states[state] for state in _APPROVED),
            }
        )
    run_table = pa.Table.from_pylist(runs, schema=arrow_schema(PAST_POLICY_RUN))
    return run_table.sort_by("release_id"), _unbroken(calculated)


def _unbroken(calculated: dict[int, set[Key]]) -> pa.Table:
    """Count for every key the periods in a row, from the one before today's back, that calculated it."""
    unbroken: Counter[Key] = Counter()
    going_on = calculated.get(2, set())
    for period in range(2, PERIODS + 1):
        going_on = going_on & calculated.get(period, set())
        unbroken.update(going_on)
    keys = sorted(unbroken)
    return pa.table(
        [
            pa.array([item for item, _ in keys], pa.string()),
            pa.array([location for _, location in keys], pa.string()),
            pa.array([unbroken[key] for key in keys], pa.int64()),
        ],
        schema=arrow_schema(PAST_POLICY_KEY),
    )
