"""What lies in the schema `store`: its tables with their columns, and each release's part of them.

Only reading. A part is one table of one release. It is complete when it is there at all, because it is
made in one transaction; its comment tells what it holds.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from orchestration.publish.serving.schema import ServingError

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow

# PostgreSQL cuts longer names off, so that two of them would become one.
_MOST_NAME_BYTES = 63
_SEPARATOR = "__"
_TAKEN = "release"


@dataclass(frozen=True)
class Part:
    """One table of one release.

    `state`: `detached` nobody sees it; `attached` it belongs to the table. `replaced`: values per column in
    which a sign stands for a NUL.
    """

    table: str
    release_id: str
    state: Literal["detached", "attached"]
    rows: int = 0
    logical_hash: str = ""
    replaced: Mapping[str, int] | None = None


@dataclass(frozen=True)
class Catalogue:
    """The store as it is now. `columns`: per table the type of each column, in order."""

    columns: Mapping[str, Mapping[str, str]]
    parts: Mapping[tuple[str, str], Part]


def part_name(table: str, release_id: str) -> str:
    """Return the name of a table's part.

    Raises `ServingError` when PostgreSQL would cut it off, or the table has the name of what tells which
    release is shown.

    >>> part_name("policy", "2024-01-31-2-01234567")
    'policy__2024-01-31-2-01234567'
    """
    if table == _TAKEN:
        raise ServingError(f"the table {table!r} cannot be served: published.{table} is the current release")
    name = f"{table}{_SEPARATOR}{release_id}"
    if len(name.encode()) > _MOST_NAME_BYTES:
        raise ServingError(
            f"the table {table!r} cannot be served: its name with a release's has more than "
            f"{_MOST_NAME_BYTES} bytes; give it a shorter name"
        )
    return name


def read_catalogue(connection: Connection[TupleRow]) -> Catalogue:
    """Return what lies in the store."""
    columns: dict[str, dict[str, str]] = {}
    for table, column, kind in connection.execute(
        """
        select relation.relname, attribute.attname, format_type(attribute.atttypid, attribute.atttypmod)
        from pg_class as relation
        join pg_attribute as attribute on attribute.attrelid = relation.oid
        where relation.relnamespace = to_regnamespace('store') and relation.relkind = 'p'
          and attribute.attnum > 0 and not attribute.attisdropped
        order by relation.relname, attribute.attnum
        """
    ):
        columns.setdefault(table, {})[column] = kind
    parts = {}
    for name, comment, is_attached in connection.execute(
        """
        select relation.relname, obj_description(relation.oid, 'pg_class'), relation.relispartition
        from pg_class as relation
        where relation.relnamespace = to_regnamespace('store') and relation.relkind = 'r'
        """
    ):
        part = _part(name, comment, is_attached)
        parts[part.table, part.release_id] = part
    return Catalogue(columns, parts)


def described(rows: int, logical_hash: str, replaced: Mapping[str, int]) -> str:
    """Return what a part's comment says of it."""
    return json.dumps({"rows": rows, "logical_hash": logical_hash, "replaced": replaced}, sort_keys=True)


def _part(name: str, comment: str | None, is_attached: bool) -> Part:
    table, _, release_id = name.rpartition(_SEPARATOR)
    state: Literal["detached", "attached"] = "attached" if is_attached else "detached"
    try:
        return Part(table, release_id, state, **json.loads(comment or ""))
    except (ValueError, TypeError):
        # Not a part that we completed: whoever compares hashes finds none.
        return Part(table, release_id, state)
