"""Tampering with the chain of events, in the ledger's file and in the database: each must be found.

Half of the tampers change the file, half the table `audit.event` as a superuser whose session obeys no
trigger. What one of the two cannot tell, such as an end that was cut off or a chain that was made anew from
some event on, the other does. Each is undone before the next.
"""

from __future__ import annotations

import json
import random
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import psycopg

from orchestration.lake.events import Chain, Draft, Event, parse
from orchestration.lake.ledger import Ledger
from orchestration.publish.serving.audit import append_events, compare_audit
from orchestration.publish.serving.schema import init
from tests.drill.report import Report, scaled
from tests.servers import PostgresServer

TAMPERS = 10_000
N_EVENTS = 24
_HEX = "0123456789abcdef"


@dataclass
class Books:
    """A ledger, its copy in a database, and a superuser's session in which nothing is refused."""

    ledger: Ledger
    connection: psycopg.Connection[Any]
    lines: list[bytes]
    draw: random.Random

    def is_found(self) -> bool:
        """Whether the comparison tells that something is wrong."""
        return bool(compare_audit(self.connection, self.ledger).faults)

    def some(self) -> int:
        """Number of an event, from 0."""
        return self.draw.randrange(len(self.lines))


def run(scale: float, report: Report) -> None:
    """Count tampers of each kind; one that is not found is a miss."""
    with PostgresServer() as server, tempfile.TemporaryDirectory() as folder:
        tamper(server, Path(folder), scaled(TAMPERS, scale), report)


def tamper(server: PostgresServer, folder: Path, count: int, report: Report) -> None:
    """Try `count` tampers on a ledger in `folder` and its copy in a database of its own."""
    database = server.create_database()
    draw = random.Random(8)
    ledger = Ledger(folder / "ledger.jsonl")
    ledger.append_many([_draft(number) for number in range(N_EVENTS)])
    with server.connect(database) as connection:
        init(connection)
        with connection.transaction(), connection.cursor() as cursor:
            append_events(cursor, ledger)
        books = Books(ledger, connection, ledger.path.read_bytes().splitlines(keepends=True), draw)
        if books.is_found():
            report.miss("the untouched chain is said to be changed")
        tried: Counter[str] = Counter()
        for number in range(count):
            kinds = FILE_TAMPERS if number % 2 else DATABASE_TAMPERS
            name = draw.choice(sorted(kinds))
            tried[name] += 1
            if not (_in_file if number % 2 else _in_database)(books, kinds[name]):
                report.miss(f"tamper {number} was not found: {name}")
        if books.is_found():
            report.miss("the chain is not what it was before the tampers")
    server.drop_database(database)
    for name, n_tried in sorted(tried.items()):
        report.count(name, n_tried)
    report.count("tampers, each found", tried.total(), least=count)


def _draft(number: int) -> Draft:
    payload = {"units": number / 3, "told": f'a "quoted" \\ text {number} \u20ac', "of": [number, None, True]}
    return Draft("policy", "proposed", f"I{number}/L", date(2024, 1, 1), f"ann {number % 3}", payload)


def _in_file(books: Books, change: Callable[[Books, list[bytes]], list[bytes]]) -> bool:
    """Whether a change of the file is found; one that changed nothing is drawn again."""
    while (changed := b"".join(change(books, list(books.lines)))) == b"".join(books.lines):
        pass
    try:
        books.ledger.path.write_bytes(changed)
        return books.is_found()
    finally:
        books.ledger.path.write_bytes(b"".join(books.lines))


def _in_database(books: Books, change: Callable[[Books], None]) -> bool:
    """Whether a change of the table is found; the transaction takes it back."""
    with books.connection.transaction(force_rollback=True):
        books.connection.execute("set local session_replication_role = replica")
        change(books)
        return books.is_found()


# Of the file ---------------------------------------------------------------------------------------------


def _flip(books: Books, lines: list[bytes]) -> list[bytes]:
    content = bytearray(b"".join(lines))
    content[books.draw.randrange(len(content))] ^= 1 << books.draw.randrange(8)
    return [bytes(content)]


def _edit(books: Books, lines: list[bytes]) -> list[bytes]:
    at = books.some()
    event = parse(lines[at])
    field = books.draw.choice(("actor", "subject", "recorded_at", "event_id", "hash", "prev_hash"))
    lines[at] = event._replace(**{field: str(getattr(event, field)) + "0"}).to_line()
    return lines


def _edit_payload(books: Books, lines: list[bytes]) -> list[bytes]:
    at = books.some()
    event = parse(lines[at])
    lines[at] = event._replace(payload={**event.payload, "units": books.draw.random()}).to_line()
    return lines


def _delete(books: Books, lines: list[bytes]) -> list[bytes]:
    del lines[books.some()]
    return lines


def _swap(books: Books, lines: list[bytes]) -> list[bytes]:
    one, other = books.some(), books.some()
    lines[one], lines[other] = lines[other], lines[one]
    return lines


def _repeat(books: Books, lines: list[bytes]) -> list[bytes]:
    lines.insert(books.some(), lines[books.some()])
    return lines


def _cut(books: Books, lines: list[bytes]) -> list[bytes]:
    return lines[: books.some()]


def _cut_within(books: Books, lines: list[bytes]) -> list[bytes]:
    content = b"".join(lines)
    return [content[: books.draw.randrange(len(content))]]


def _cut_and_go_on(books: Books, lines: list[bytes]) -> list[bytes]:
    """The end is replaced by other events that continue the chain: whole in itself."""
    kept = lines[: books.some()]
    return _chained([parse(one) for one in kept], [_draft(100 + books.draw.randrange(1000))] * 3)


def _rehash(books: Books, lines: list[bytes]) -> list[bytes]:
    """An event is edited, and every hash from it on made anew: whole in itself."""
    at = books.some()
    drafts = [_of(parse(line)) for line in lines]
    drafts[at] = Draft("policy", "approved", "I/L", date(2024, 1, 1), "mallory", {"n": books.draw.random()})
    return _chained([parse(one) for one in lines[:at]], drafts[at:])


def _of(event: Event) -> Draft:
    return Draft(
        event.family, event.event_type, event.subject, event.business_date, event.actor, event.payload
    )


def _chained(kept: list[Event], drafts: list[Draft]) -> list[bytes]:
    chain = Chain()
    lines = []
    for event in kept:
        line = event.to_line()
        chain.read(line[:-1])
        lines.append(line)
    return lines + [chain.write(draft, "2024-01-01T00:00:00.000000+00:00")[1] for draft in drafts]


FILE_TAMPERS: dict[str, Callable[[Books, list[bytes]], list[bytes]]] = {
    "file: a bit flipped": _flip,
    "file: a field edited": _edit,
    "file: a payload edited": _edit_payload,
    "file: a line deleted": _delete,
    "file: two lines swapped": _swap,
    "file: a line repeated": _repeat,
    "file: the end cut off": _cut,
    "file: cut within a line": _cut_within,
    "file: the end replaced": _cut_and_go_on,
    "file: hashed anew from an event on": _rehash,
}

# Of the database -----------------------------------------------------------------------------------------


def _column(name: str, value: str) -> Callable[[Books], None]:
    def change(books: Books) -> None:
        books.connection.execute(
            f"update audit.event set {name} = {value} where seq = %s".encode(), [books.some() + 1]
        )

    return change


def _row_bit(books: Books) -> None:
    at = books.some()
    line = bytearray(books.lines[at].rstrip(b"\n"))
    # The lowest bits keep the text ASCII, so that the database can hold it.
    place = books.draw.randrange(len(line))
    line[place] = line[place] ^ 1 << books.draw.randrange(3)
    books.connection.execute(
        "update audit.event set line = %s where seq = %s",
        [line.decode("ascii").replace("\0", " "), at + 1],
    )


def _row_hash(books: Books) -> None:
    value = "".join(books.draw.choices(_HEX, k=64))
    column = books.draw.choice(("hash", "prev_hash"))
    books.connection.execute(
        f"update audit.event set {column} = %s where seq = %s".encode(), [value, books.some() + 1]
    )


def _row_deleted(books: Books) -> None:
    # Not the last, which the next publication would append again from the file: nothing would be lost.
    number = 1 + books.draw.randrange(N_EVENTS - 1)
    books.connection.execute("delete from audit.event where seq = %s", [number])


def _rows_swapped(books: Books) -> None:
    one, other = books.draw.sample(range(1, N_EVENTS + 1), 2)
    books.connection.execute("update audit.event set seq = -seq where seq in (%s, %s)", [one, other])
    books.connection.execute("update audit.event set seq = %s where seq = -%s", [other, one])
    books.connection.execute("update audit.event set seq = %s where seq = -%s", [one, other])


def _row_inserted(books: Books) -> None:
    chain = Chain()
    for line in books.lines:
        chain.read(line[:-1])
    event, line = chain.write(_draft(500), "2024-01-01T00:00:00.000000+00:00")
    _insert(books, event, line)


def _rows_rehashed(books: Books) -> None:
    lines = _rehash(books, list(books.lines))
    books.connection.execute("delete from audit.event")
    for line in lines:
        _insert(books, parse(line), line)


def _insert(books: Books, event: Event, line: bytes) -> None:
    books.connection.execute(
        "insert into audit.event (seq, event_id, family, event_type, subject, business_date, actor, "
        "recorded_at, payload, line, prev_hash, hash) "
        "values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        [
            *event[:8], json.dumps(event.payload), line.decode("ascii").rstrip("\n"), event.prev_hash,
            event.hash,
        ],
    )  # fmt: skip


DATABASE_TAMPERS: dict[str, Callable[[Books], None]] = {
    "database: actor edited": _column("actor", "actor || 'x'"),
    "database: subject edited": _column("subject", "'other'"),
    "database: payload edited": _column("payload", "payload || '{\"units\": 9999}'"),
    "database: time edited": _column("recorded_at", "recorded_at + interval '1 hour'"),
    "database: day edited": _column("business_date", "business_date + 1"),
    "database: kind edited": _column("event_type", "'approved'"),
    "database: line edited": _column("line", "replace(line, 'ann', 'bob')"),
    "database: bits of a line flipped": _row_bit,
    "database: a hash edited": _row_hash,
    "database: a row deleted": _row_deleted,
    "database: two rows swapped": _rows_swapped,
    "database: an event invented": _row_inserted,
    "database: hashed anew from an event on": _rows_rehashed,
}
