"""What the source's catalogue says of the tables that are mapped: which columns they have, of which types.

Only the catalogue is read here, and only to name what is missing before anything is read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import psycopg
from psycopg.rows import TupleRow

from orchestration.ims.connector import SnapshotUnreadableError

Relation = tuple[str, str]

_COLUMNS = """
    select space.nspname, relation.relname, field.attname,
           coalesce(base.typname, kind.typname), coalesce(base.typlen, kind.typlen) = -1
    from pg_catalog.pg_class as relation
    join pg_catalog.pg_namespace as space on space.oid = relation.relnamespace
    join pg_catalog.pg_attribute as field on field.attrelid = relation.oid
    join pg_catalog.pg_type as kind on kind.oid = field.atttypid
    left join pg_catalog.pg_type as base on base.oid = kind.typbasetype
    where relation.relkind in ('r', 'p', 'v', 'm', 'f')
      and field.attnum > 0 and not field.attisdropped
      and (space.nspname, relation.relname) in (
          select * from unnest(%s::pg_catalog.text[], %s::pg_catalog.text[])
      )
    order by field.attnum
"""


@dataclass(frozen=True)
class SourceColumn:
    """A column at the source: PostgreSQL's name of its type, and whether a value may be of any length."""

    name: str
    type_name: str
    is_long: bool

    def start_of(self, day: date, zone: str) -> date | datetime | None:
        """Return the first moment of a business date (UTC) as this column would write it.

        `zone` is that of timestamps without one. None when the column holds no dates.
        """
        if self.type_name == "date":
            return day
        moment = datetime.combine(day, time(), UTC)
        if self.type_name == "timestamptz":
            return moment
        return (
            moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None) if self.type_name == "timestamp" else None
        )

    def days(self, first: date, last: date, zone: str) -> tuple[object, object] | None:
        """Return the half-open range of values that are of the dates `first` to `last`."""
        start, end = self.start_of(first, zone), self.start_of(last + timedelta(days=1), zone)
        return None if start is None or end is None else (start, end)


def read_columns(
    connection: psycopg.Connection[TupleRow], relations: Iterable[Relation]
) -> dict[Relation, dict[str, SourceColumn]]:
    """Return the columns of every relation that exists, by name, in their order."""
    wanted = sorted(set(relations))
    rows = connection.execute(_COLUMNS, ([one[0] for one in wanted], [one[1] for one in wanted]))
    found: dict[Relation, dict[str, SourceColumn]] = {}
    for schema, table, name, type_name, is_long in rows:
        found.setdefault((schema, table), {})[name] = SourceColumn(name, type_name, is_long)
    return found


def columns_of(
    found: Mapping[Relation, Mapping[str, SourceColumn]],
    relation: Relation,
    demanded: Iterable[str],
    entry: str,
) -> Mapping[str, SourceColumn]:
    """Return the columns of a relation that has all that are demanded.

    `entry` is the place in the mapping that names them. Raises `SnapshotUnreadableError` when the
    relation or a column is missing, with those that are there.
    """
    named = ".".join(relation)
    if relation not in found:
        raise SnapshotUnreadableError(
            f"the source has no table or view {named} that this login can see; correct {entry} in the "
            "mapping, or create it at the source and grant usage on its schema"
        )
    columns = found[relation]
    missing = [name for name in demanded if name not in columns]
    if missing:
        raise SnapshotUnreadableError(
            f"{named} has no column {', '.join(map(repr, missing))}; it has {', '.join(columns)}. Correct "
            f"{entry} in the mapping"
        )
    return columns
