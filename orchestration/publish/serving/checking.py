"""What `stockplan db check` looks at: whether the database is as publication left it, and as the files.

Only reading. Who may do what is looked at in `checking_roles`, the ledger's lines in `audit`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from orchestration.findings import Finding
from orchestration.lake.ledger import Ledger
from orchestration.lake.paths import Lake
from orchestration.publish.serving.audit import RESTORE_EITHER, compare_audit
from orchestration.publish.serving.catalogue import Catalogue, read_catalogue
from orchestration.publish.serving.checking_roles import check_roles
from orchestration.publish.serving.schema import ServingError, require_schema
from orchestration.publish.shelf import pointed_id, releases

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow

_WRITE_AGAIN = "write it again: stockplan serving"
_INIT_AGAIN = "make it again: stockplan db init"
_MOST_NAMED = 5


def check_database(connection: Connection[TupleRow], lake: Lake) -> list[Finding]:
    """Return every finding, in the order in which they should be repaired."""
    try:
        require_schema(connection)
    except ServingError as error:
        return [Finding("schema", False, str(error), "stockplan db init")]
    catalogue = read_catalogue(connection)
    return [
        Finding("schema", True, "of this version"),
        _views(connection, catalogue),
        _comments(connection),
        _policies(connection),
        *_releases(connection, catalogue, lake),
        _pointer(connection, catalogue, lake),
        _leftovers(connection, catalogue),
        _locks(connection, catalogue),
        _prepared(connection),
        *check_roles(connection),
        _audit(connection, lake),
    ]


def _views(connection: Connection[TupleRow], catalogue: Catalogue) -> Finding:
    """Every table has its view: the owner's, with a barrier, and with every column."""
    found = {
        name: (owner, "security_barrier=true" in (options or []), columns)
        for name, owner, options, columns in connection.execute(
            """
            select view.relname, pg_get_userbyid(view.relowner), view.reloptions, (
                select array_agg(attribute.attname::text order by attribute.attnum)
                from pg_attribute as attribute where attribute.attrelid = view.oid and attribute.attnum > 0
            )
            from pg_class as view
            where view.relnamespace = to_regnamespace('published') and view.relkind = 'v'
            """
        )
    }
    wrong = [
        table
        for table, columns in catalogue.columns.items()
        if found.get(table) != ("stockplan_owner", True, list(columns))
    ]
    return _finding("views", wrong, f"{len(catalogue.columns)}, each with every column", _INIT_AGAIN)


def _comments(connection: Connection[TupleRow]) -> Finding:
    bare = [
        f"{table}.{column}" if column else table
        for table, column in connection.execute(
            """
            select view.relname, attribute.attname
            from pg_class as view
            join pg_attribute as attribute on attribute.attrelid = view.oid and attribute.attnum > 0
            where view.relnamespace = to_regnamespace('published') and view.relkind = 'v'
              and col_description(view.oid, attribute.attnum) is null
            union all
            select view.relname, null from pg_class as view
            where view.relnamespace = to_regnamespace('published') and view.relkind = 'v'
              and obj_description(view.oid, 'pg_class') is null
            """
        )
    ]
    return _finding("comments", bare, "on every view and column", _WRITE_AGAIN)


def _policies(connection: Connection[TupleRow]) -> Finding:
    open_tables = [
        row[0]
        for row in connection.execute(
            """
            select relation.relname from pg_class as relation
            where relation.relnamespace = to_regnamespace('store') and (
                relation.relkind in ('p', 'r')
                and not (relation.relrowsecurity and relation.relforcerowsecurity)
                or relation.relkind = 'p'
                and not exists (select from pg_policy where pg_policy.polrelid = relation.oid)
            )
            """
        )
    ]
    return _finding("row security", open_tables, "forced on every table", _INIT_AGAIN)


def _releases(connection: Connection[TupleRow], catalogue: Catalogue, lake: Lake) -> Iterator[Finding]:
    """Every release here has all its parts, and its content is that of the file store's."""
    shelf = {one.release_id: one for one in releases(lake)}
    incomplete, other = [], []
    rows = connection.execute("select release_id, content_hash, tables from serving.release order by 1")
    held = rows.fetchall()
    for release_id, content_hash, tables in held:
        incomplete += [
            f"{table} of {release_id}"
            for table, told in tables.items()
            if (part := catalogue.parts.get((table, release_id))) is None
            or [part.rows, part.logical_hash] != told
        ]
        kept = shelf.get(release_id)
        if kept is not None and kept.content_hash != content_hash:
            other.append(release_id)
    yield _finding(
        "releases", incomplete, f"{len(held)}, with all their parts", _WRITE_AGAIN + " --release ID"
    )
    yield _finding(
        "content",
        other,
        "as in the files",
        "find out who changed the files or the database; restore that one",
    )


def _pointer(connection: Connection[TupleRow], catalogue: Catalogue, lake: Lake) -> Finding:
    row = connection.execute("select release_id from serving.pointer").fetchone()
    here, there = (row[0] if row else "none"), pointed_id(lake) or "none"
    if here != there:
        return Finding(
            "pointer", False, f"readers see {here}, the files' current one is {there}", _WRITE_AGAIN
        )
    detached = [
        part.table
        for part in catalogue.parts.values()
        if part.release_id == here and part.state != "attached"
    ]
    return _finding("pointer", detached, f"{here}, as in the files", _WRITE_AGAIN)


def _leftovers(connection: Connection[TupleRow], catalogue: Catalogue) -> Finding:
    complete = {row[0] for row in connection.execute("select release_id from serving.release")}
    left = [
        f"{part.table} of {part.release_id}"
        for part in catalogue.parts.values()
        if part.release_id not in complete
    ]
    return _finding(
        "left-overs", left, "none of an interrupted publication", "they go with: stockplan serving"
    )


def _locks(connection: Connection[TupleRow], catalogue: Catalogue) -> Finding:
    """A transaction that reads every table holds a lock on each view, table and attached part.

    Readers of everything at once are few; four of them, and one publication, must find room.
    """
    row = connection.execute(
        "select current_setting('max_locks_per_transaction')::int * (current_setting('max_connections')::int "
        "+ current_setting('max_prepared_transactions')::int)"
    ).fetchone()
    room = row[0] if row else 0
    # The current release, the one before and the one that is being shown.
    needed = 5 * len(catalogue.columns) * (2 + 3)
    return Finding(
        "locks",
        room >= needed,
        f"room for {room:,}; four readers of every table need {needed:,}",
        "raise max_locks_per_transaction of the server and restart it",
    )


def _prepared(connection: Connection[TupleRow]) -> Finding:
    """A prepared transaction keeps its locks for ever, also when its login is gone."""
    found = [
        f"{name} of {owner}"
        for name, owner in connection.execute(
            "select gid, owner from pg_prepared_xacts where database = current_database()"
        )
    ]
    return _finding(
        "prepared transactions", found, "none", "end each in this database: rollback prepared 'NAME'"
    )


def _audit(connection: Connection[TupleRow], lake: Lake) -> Finding:
    """Both chains are whole, and what the database has of the ledger the file has too."""
    compared = compare_audit(connection, Ledger(lake.ledger_file))
    if compared.faults:
        return Finding("audit chain", False, "; ".join(compared.faults), RESTORE_EITHER)
    more = f"; {compared.n_missing:,} more come with the next release" if compared.n_missing else ""
    return Finding("audit chain", True, f"{compared.n_events:,} events, as in the ledger{more}")


def _finding(subject: str, wrong: list[str], found: str, repair: str) -> Finding:
    if not wrong:
        return Finding(subject, True, found)
    named = ", ".join(sorted(wrong)[:_MOST_NAMED])
    more = f" and {len(wrong) - _MOST_NAMED} more" if len(wrong) > _MOST_NAMED else ""
    return Finding(subject, False, f"not so: {named}{more}", repair)
