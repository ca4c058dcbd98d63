"""What goes from the database: parts that nobody can see any more, and releases beyond those kept.

The release that readers see and the one before it stay attached; every other is detached, which needs no
reader to wait, and can be attached again. Nothing is detached while a transaction is open that may still
look for it: its snapshot would name a release whose rows are gone.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

from psycopg import errors, sql

from orchestration.crash_points import reach
from orchestration.publish.serving.catalogue import Part, part_name, read_catalogue

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow

_PATIENCE_SECONDS = 3.0
_LOOK_EVERY_SECONDS = 0.05
_LOCK_WAIT = "1s"


def tidy(connection: Connection[TupleRow], keep_releases: int) -> list[str]:
    """Detach what readers have left behind, drop left-overs and the releases beyond `keep_releases`.

    Returns what was done or had to wait for the next time; readers hold it up and are not held up.
    """
    row = connection.execute("select release_id, moved_from from serving.pointer").fetchone()
    if row is None:
        return []
    seen = set(row)
    connection.execute("select set_config('lock_timeout', %s, false)", [_LOCK_WAIT])
    try:
        held_up = _detach_unseen(connection, seen)
        done = _drop_leftovers(connection)
        return [*done, held_up] if held_up else [*done, *_drop_oldest(connection, keep_releases, seen)]
    except errors.LockNotAvailable:
        return ["a reader holds an older release: it is detached or dropped after the next publication"]
    finally:
        connection.execute("select set_config('lock_timeout', '0', false)")


def attach(connection: Connection[TupleRow], part: Part) -> None:
    """Make a part one of its table's; in a transaction, unless its detaching was interrupted before."""
    if part.state == "leaving":
        connection.execute(_detaching(part, "finalize"))
    connection.execute(
        sql.SQL("alter table {} attach partition {} for values in ({})").format(
            sql.Identifier("store", part.table),
            sql.Identifier("store", _name(part)),
            sql.Literal(part.release_id),
        )
    )


def have_ended(connection: Connection[TupleRow], patience_seconds: float) -> bool:
    """Wait for every transaction that is open now; False when one is still open at the end of patience."""
    until = time.monotonic() + patience_seconds
    before = _open_transactions(connection)
    while before and time.monotonic() < until:
        time.sleep(_LOOK_EVERY_SECONDS)
        before &= _open_transactions(connection)
    return not before


def _detach_unseen(connection: Connection[TupleRow], seen: set[str]) -> str:
    """Detach the parts of releases that nobody can look for any more; return what held it up, if anything."""
    attached = [
        part
        for part in read_catalogue(connection).parts.values()
        if part.state != "detached" and part.release_id not in seen
    ]
    if attached and not have_ended(connection, _PATIENCE_SECONDS):
        return "a transaction has been open since the last publication: older releases stay attached"
    # A table can have one interrupted detaching; until it is finished no other is begun.
    for part in sorted(attached, key=lambda one: one.state != "leaving"):
        # Concurrently: readers of the table go on. It cannot be part of a transaction.
        connection.execute(_detaching(part, "finalize" if part.state == "leaving" else "concurrently"))
        reach("serving.detached")
    return ""


def _drop_leftovers(connection: Connection[TupleRow]) -> list[str]:
    """Drop the detached parts of releases that were never completed; return what was done."""
    complete = {row[0] for row in connection.execute("select release_id from serving.release")}
    left = [
        part
        for part in read_catalogue(connection).parts.values()
        if part.release_id not in complete and part.state == "detached"
    ]
    _drop(connection, left)
    return [f"dropped {one}, left by an interrupted publication" for one in sorted(map(_name, left))]


def _drop_oldest(connection: Connection[TupleRow], keep_releases: int, seen: set[str]) -> list[str]:
    newest_first = [
        row[0]
        for row in connection.execute(
            "select release_id from serving.release order by as_of desc, number desc"
        )
    ]
    parts = read_catalogue(connection).parts.values()
    done = []
    for release_id in newest_first[keep_releases:]:
        if release_id in seen:
            continue
        with connection.transaction():
            connection.execute("delete from serving.release where release_id = %s", [release_id])
            _drop(connection, [part for part in parts if part.release_id == release_id])
            reach("serving.dropping")
        reach("serving.dropped")
        done.append(f"dropped release {release_id}: {keep_releases} are kept in the database")
    return done


def _drop(connection: Connection[TupleRow], parts: Iterable[Part]) -> None:
    for part in parts:
        connection.execute(sql.SQL("drop table {}").format(sql.Identifier("store", _name(part))))


def _detaching(part: Part, how: str) -> sql.Composed:
    return sql.SQL("alter table {} detach partition {} {}").format(
        sql.Identifier("store", part.table),
        sql.Identifier("store", _name(part)),
        sql.SQL(how),
    )


def _name(part: Part) -> str:
    return part_name(part.table, part.release_id)


def _open_transactions(connection: Connection[TupleRow]) -> set[str]:
    """Every open transaction of the server holds the lock of its own number, whoever it belongs to."""
    return {
        row[0]
        for row in connection.execute(
            "select virtualxid from pg_locks where locktype = 'virtualxid' and granted "
            "and pid <> pg_backend_pid()"
        )
    }
