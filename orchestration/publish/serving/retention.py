"""What goes from the database: parts that nobody can see any more, and releases beyond those kept.

The release that readers see and the one before it stay attached; every other is detached, for which a reader
waits no longer than it would notice, and can be attached again. Nothing is detached while a transaction is
open that may still look for it: its snapshot would name a release whose rows are gone.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from psycopg import errors

from orchestration.crash_points import reach
from orchestration.publish.serving.catalogue import Part, part_name, read_catalogue

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow

_PATIENCE_SECONDS = 3.0
_LOOK_EVERY_SECONDS = 0.05
_LOCK_WAIT = "1s"
# Who begins to read a table waits behind whoever waits for it; longer than this a reader would notice.
_DETACHING_WAIT = "50ms"
_TRY_AGAIN_SECONDS = 0.25
_MOST_NAMED = 3


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
    """Make a part one of its table's."""
    connection.execute("select serving.attach_part(%s, %s)", [part.table, part.release_id])


def drop(connection: Connection[TupleRow], part: Part) -> None:
    """Drop a part that is not attached."""
    connection.execute("select serving.drop_part(%s, %s)", [part.table, part.release_id])


def have_ended(connection: Connection[TupleRow], patience_seconds: float) -> set[str]:
    """Wait for every transaction that is open now; return whose are still open at the end of patience."""
    until = time.monotonic() + patience_seconds
    before = _open_transactions(connection)
    while before and time.monotonic() < until:
        time.sleep(_LOOK_EVERY_SECONDS)
        now_open = _open_transactions(connection)
        before = {transaction: login for transaction, login in before.items() if transaction in now_open}
    return set(before.values())


def _detach_unseen(connection: Connection[TupleRow], seen: set[str]) -> str:
    """Detach the parts of releases that nobody can look for any more; return what held it up, if anything."""
    attached = [
        part
        for part in read_catalogue(connection).parts.values()
        if part.state == "attached" and part.release_id not in seen
    ]
    if attached and (logins := have_ended(connection, _PATIENCE_SECONDS)):
        named = ", ".join(sorted(logins)[:_MOST_NAMED])
        return (
            f"a transaction of {named} has been open since the last publication: older releases stay attached"
        )
    until = time.monotonic() + _PATIENCE_SECONDS
    while held := [part for part in attached if not _is_detached(connection, part)]:
        if time.monotonic() > until:
            return "a reader holds a table: older releases stay attached"
        time.sleep(_TRY_AGAIN_SECONDS)
        attached = held
    return ""


def _is_detached(connection: Connection[TupleRow], part: Part) -> bool:
    """Detach a part, unless a reader holds its table."""
    try:
        with connection.transaction():
            connection.execute("select set_config('lock_timeout', %s, true)", [_DETACHING_WAIT])
            connection.execute("select serving.detach_part(%s, %s)", [part.table, part.release_id])
            reach("serving.detaching")
    except errors.LockNotAvailable:
        return False
    reach("serving.detached")
    return True


def _drop_leftovers(connection: Connection[TupleRow]) -> list[str]:
    """Drop the detached parts of releases that were never completed; return what was done."""
    complete = {row[0] for row in connection.execute("select release_id from serving.release")}
    left = [
        part
        for part in read_catalogue(connection).parts.values()
        if part.release_id not in complete and part.state == "detached"
    ]
    for part in left:
        drop(connection, part)
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
            for part in parts:
                if part.release_id == release_id:
                    drop(connection, part)
            reach("serving.dropping")
        reach("serving.dropped")
        done.append(f"dropped release {release_id}: {keep_releases} are kept in the database")
    return done


def _name(part: Part) -> str:
    return part_name(part.table, part.release_id)


def _open_transactions(connection: Connection[TupleRow]) -> dict[str, str]:
    """The login of every open transaction of this database: each holds the lock of its own number."""
    return dict(
        connection.execute(
            "select locks.virtualxid, coalesce(activity.usename, 'the server') "
            "from pg_locks as locks join pg_stat_activity as activity on activity.pid = locks.pid "
            "where locks.locktype = 'virtualxid' and locks.granted and locks.pid <> pg_backend_pid() "
            "and activity.datname = current_database()"
        ).fetchall()
    )
