"""What a run reads of the releases before it: which ones, which tables, which columns.

A table of another kind of past is one more entry of `PAST_TABLES`, with its contract among
`optimization.contracts.history_tables`; nothing else has to be written.

Of every business date the newest release counts, and only dates before the run's own are looked at.
A release that lacks a table, or a column of its key, has nothing to tell; any other column that it
lacks is null.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from optimization.contracts.history_tables import PAST_EXCEPTION, PAST_KPI, PAST_SCORECARD
from optimization.contracts.table import Table
from orchestration.contracts.arrow import arrow_schema
from orchestration.lake.paths import Lake
from orchestration.publish.shelf import Release, releases

_STAMPS = ("release_id", "release_as_of", "releases_back")


@dataclass(frozen=True)
class PastTable:
    """One published table of earlier releases.

    `days`: how far back; the last release before the date is read however old it is. `only`: the value
    that a column of a row must have.
    """

    table: Table
    published: str
    days: int
    only: Mapping[str, str] = field(default_factory=dict)


PAST_TABLES = (
    PastTable(PAST_KPI, "kpi", days=400, only={"scope_type": "network"}),
    PastTable(PAST_EXCEPTION, "exception", days=8),
    PastTable(PAST_SCORECARD, "scorecard_check", days=400),
)
# How far back a run looks at all.
DAYS_READ = max(past.days for past in PAST_TABLES)


def earlier_releases(lake: Lake, as_of: date, days: int) -> tuple[Release, ...]:
    """Return the newest release of every date before `as_of`, the last first.

    Those of the last `days` days, and the last one however old.
    """
    newest: dict[date, Release] = {}
    for one in releases(lake):
        if one.as_of < as_of:
            newest[one.as_of] = one
    first = as_of - timedelta(days=days)
    ordered = sorted(newest.values(), key=lambda one: one.as_of, reverse=True)
    return tuple(one for back, one in enumerate(ordered) if back == 0 or one.as_of >= first)


def read_past(past: PastTable, earlier: Sequence[Release]) -> pa.Table:
    """Return the rows of `earlier` (the last first) in the contract's schema, sorted by its key."""
    schema = arrow_schema(past.table)
    parts = [
        _rows(past, release, back, schema)
        for back, release in enumerate(earlier, start=1)
        if past.published in release.tables
    ]
    found = pa.concat_tables([schema.empty_table(), *(part for part in parts if part is not None)])
    return found.sort_by([(name, "ascending") for name in past.table.key])


def _rows(past: PastTable, release: Release, back: int, schema: pa.Schema) -> pa.Table | None:
    file = pq.ParquetFile(release.table(past.published))
    held = set(file.schema_arrow.names)
    wanted = [one for one in schema if one.name not in _STAMPS]
    if any(one.name not in held and not one.nullable for one in wanted):
        return None
    read = file.read(columns=[one.name for one in wanted if one.name in held])
    for name, value in past.only.items():
        read = read.filter(pc.equal(read[name], value))
    stamps = {"release_id": release.release_id, "release_as_of": release.as_of, "releases_back": back}
    return pa.table(
        [
            pa.array([stamps[one.name]] * read.num_rows, one.type)
            if one.name in stamps
            else read[one.name].cast(one.type)
            if one.name in held
            else pa.nulls(read.num_rows, one.type)
            for one in schema
        ],
        schema=schema,
    )
