"""The ledger's lines in the database: append what it lacks, and hold the two against each other.

The file is the ledger; the database keeps its lines where whoever may write the file cannot reach them.
What one of the two lost, the other still tells.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from psycopg import sql

from orchestration.crash_points import reach
from orchestration.lake.events import GENESIS, Chain, Event, LedgerBrokenError, LedgerError, parse
from orchestration.lake.ledger import Ledger

if TYPE_CHECKING:
    from psycopg import Connection, Cursor
    from psycopg.rows import TupleRow

# Events that are sent to the server at once.
_BATCH = 1000
RESTORE_EITHER = "restore the ledger from a copy, or the database from its own, whichever was changed"


@dataclass(frozen=True)
class AuditComparison:
    """What was found: `faults`, empty when the two agree, and how many events the database still lacks."""

    n_events: int
    n_missing: int
    faults: tuple[str, ...] = field(default=())


class _Stored(NamedTuple):
    """One row of audit.event."""

    seq: int
    event_id: str
    family: str
    event_type: str
    subject: str
    business_date: date
    actor: str
    recorded_at: datetime
    payload: dict[str, Any]
    line: str
    prev_hash: str
    hash: str


_ALL_EVENTS = sql.SQL("select {} from audit.event order by seq").format(
    sql.SQL(", ").join(map(sql.Identifier, _Stored._fields))
)


def witness(connection: Connection[TupleRow], ledger: Ledger) -> None:
    """Append what the database lacks in a transaction of its own. Raises as `append_events`."""
    with connection.transaction(), connection.cursor() as cursor:
        append_events(cursor, ledger)
        reach("serving.witnessing")
    reach("serving.witnessed")


def append_events(cursor: Cursor[TupleRow], ledger: Ledger) -> int:
    """Append the ledger's events that the database lacks, within the cursor's transaction; return how many.

    Raises `LedgerBrokenError` when the ledger no longer holds what the database has of it, `psycopg.Error`
    when the database refuses a line. Nothing is appended then.
    """
    found = cursor.execute("select seq, hash from audit.hold_end()").fetchone()
    last_seq, last_hash = found or (0, GENESIS)
    events = ledger.events(after_seq=max(last_seq - 1, 0))
    if last_seq:
        last = next(events, None)
        if last is None or last.seq != last_seq or last.hash != last_hash:
            raise LedgerBrokenError(
                f"{ledger.path} no longer holds event {last_seq} as the database has it: its end was cut "
                f"off or it was replaced; {RESTORE_EITHER}. See more with: stockplan db check"
            )
    appended = 0
    while batch := list(itertools.islice(events, _BATCH)):
        rows = [_as_stored(event) for event in batch]
        cursor.execute("select audit.append(%s)", [json.dumps(rows)])
        appended += len(rows)
    return appended


def compare_audit(connection: Connection[TupleRow], ledger: Ledger) -> AuditComparison:
    """Walk along both chains at once and tell the first fault of each.

    The database may lack the ledger's last events, which the next publication appends; that the ledger
    lacks what the database has is a fault. Raises `psycopg.Error` when the database cannot be read.
    """
    faults = []
    verdict = ledger.verify()
    if not verdict.is_intact:
        faults.append(f"the ledger's file: event {verdict.first_bad_seq}: {verdict.reason}")
    chain = Chain()
    n_stored = 0
    file_events = _readable(ledger)
    with connection.transaction(), connection.cursor("audit") as cursor:
        for row in cursor.execute(_ALL_EVENTS):
            stored = _Stored(*row)
            n_stored += 1
            fault = _fault_of_row(chain, stored)
            if fault:
                faults.append(f"the database's audit.event: row {n_stored}: {fault}")
                break
            told = next(file_events, None)
            if told is None:
                faults.append(
                    f"the ledger's file has no event {stored.seq}, which the database has: its end was cut "
                    f"off"
                )
                break
            if told.hash != stored.hash:
                faults.append(f"event {stored.seq} is another in the ledger's file than here")
                break
    return AuditComparison(n_stored, max(verdict.n_events - n_stored, 0), tuple(faults))


def _readable(ledger: Ledger) -> Iterator[Event]:
    """The ledger's events up to the first that cannot be read, which `verify` names."""
    try:
        yield from ledger.events()
    except LedgerError:
        return


def _fault_of_row(chain: Chain, stored: _Stored) -> str:
    """What is wrong with a row of the database, empty when nothing is."""
    try:
        line = stored.line.encode("ascii")
    except UnicodeEncodeError:
        return "its line was written by other hands"
    fault = chain.read(line)
    if fault:
        return f"it {fault}"
    told = _as_stored(parse(line))
    kept = {
        **stored._asdict(),
        "business_date": stored.business_date.isoformat(),
        "recorded_at": told["recorded_at"]
        if datetime.fromisoformat(told["recorded_at"]) == stored.recorded_at
        else stored.recorded_at,
    }
    other = sorted(name for name, value in told.items() if not _is_same(value, kept[name]))
    return f"{', '.join(other)} was edited: it is not what its line says" if other else ""


def _as_stored(event: Event) -> dict[str, Any]:
    """The columns of an event. Text that PostgreSQL cannot hold is replaced, the line tells it as it is."""
    fields = event._asdict()
    return {
        **{name: _storable(value) for name, value in fields.items()},
        "business_date": event.business_date.isoformat(),
        "line": event.to_line().rstrip(b"\n").decode("ascii"),
    }


def _is_same(value: Any, kept: Any) -> bool:
    """Whether two plain values are equal; jsonb writes numbers in digits, so 1e300 comes back a whole one."""
    if isinstance(value, dict) and isinstance(kept, dict):
        return value.keys() == kept.keys() and all(_is_same(value[name], kept[name]) for name in value)
    if isinstance(value, list) and isinstance(kept, list):
        return len(value) == len(kept) and all(map(_is_same, value, kept))
    if isinstance(value, float) or isinstance(kept, float):
        numbers = (int, float)
        if isinstance(value, bool) or isinstance(kept, bool):
            return False
        return isinstance(value, numbers) and isinstance(kept, numbers) and float(value) == float(kept)
    if isinstance(value, bool) or isinstance(kept, bool):
        return value is kept
    return bool(value == kept)


def _storable(value: Any) -> Any:
    """The value without NUL, for which U+2400 stands, and without half a character, for which U+FFFD does."""
    if isinstance(value, str):
        return value.replace("\0", "\u2400").encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, dict):
        return {_storable(name): _storable(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_storable(inner) for inner in value]
    return value
