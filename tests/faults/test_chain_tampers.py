"""The ledger's chain in the database: only continued, by many at once, and found out when it is changed."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest

from orchestration.lake.ledger import Ledger, LedgerBrokenError
from orchestration.publish.serving.audit import append_events, compare_audit
from orchestration.publish.serving.schema import init
from tests.drill.report import Report
from tests.drill.tampers import DATABASE_TAMPERS, FILE_TAMPERS, tamper
from tests.servers import PostgresServer

WRITERS, EACH = 16, 25


@pytest.fixture
def chain(postgres: PostgresServer, database: str) -> Iterator[psycopg.Connection[Any]]:
    """A publisher's connection to an empty chain."""
    with postgres.connect(database) as connection:
        init(connection)
    password = postgres.create_login(f"publisher_{database}", groups=("stockplan_publisher",))
    url = postgres.url(f"publisher_{database}", password, database)
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection


def _write(ledger: Ledger, number: int, **payload: Any) -> None:
    ledger.append(
        "policy",
        "proposed",
        subject=f"I{number}",
        business_date=date(2024, 1, 1),
        actor="ann",
        payload=payload,
    )


def _append(connection: psycopg.Connection[Any], ledger: Ledger) -> int:
    with connection.transaction(), connection.cursor() as cursor:
        return append_events(cursor, ledger)


def test_a_slice_of_the_tampers_is_found(postgres: PostgresServer, tmp_path: Path):
    report = Report("tampers")
    tamper(postgres, tmp_path, 300, report)
    print(f"\n{report.table()}")
    assert report.misses == []
    assert {line.what for line in report.lines} >= {*FILE_TAMPERS, *DATABASE_TAMPERS}


def test_sixteen_writers_make_one_chain(
    postgres: PostgresServer, chain: psycopg.Connection[Any], tmp_path: Path
):
    path = tmp_path / "ledger.jsonl"
    faults: list[BaseException] = []

    def write(writer: int) -> None:
        try:
            with psycopg.connect(chain.info.dsn, password=chain.info.password, autocommit=True) as mine:
                ledger = Ledger(path)
                for number in range(EACH):
                    _write(ledger, writer * EACH + number, writer=writer)
                    if number % 5 == 4:
                        _append(mine, ledger)
        except BaseException as error:  # told by the test, not by a thread
            faults.append(error)

    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(WRITERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    compared = compare_audit(chain, Ledger(path))
    assert (compared.faults, compared.n_events, compared.n_missing) == ((), WRITERS * EACH, 0)


def test_what_the_file_lost_the_database_tells_and_nothing_is_appended_after_it(
    chain: psycopg.Connection[Any], tmp_path: Path
):
    path = tmp_path / "ledger.jsonl"
    ledger = Ledger(path)
    for number in range(6):
        _write(ledger, number)
    assert _append(chain, ledger) == 6
    assert _append(chain, ledger) == 0
    whole = path.read_bytes()
    path.write_bytes(b"".join(whole.splitlines(keepends=True)[:4]))
    # The file is whole in itself; only somebody outside knows what stood there.
    cut = Ledger(path)
    assert cut.verify().is_intact
    assert "cut off" in compare_audit(chain, cut).faults[0]
    with pytest.raises(LedgerBrokenError, match="no longer holds event 6"):
        _append(chain, cut)
    for number in range(10, 14):
        _write(cut, number)
    assert cut.verify().is_intact
    with pytest.raises(LedgerBrokenError, match="no longer holds event 6"):
        _append(chain, cut)
    assert "event 5 is another" in compare_audit(chain, cut).faults[0]


def test_hostile_texts_and_numbers_come_through_the_chain(chain: psycopg.Connection[Any], tmp_path: Path):
    ledger = Ledger(tmp_path / "ledger.jsonl")
    _write(
        ledger, 1, text='NUL \0, half \ud800, whole \U0001f600, quote " and \\', numbers=[1e300, -0.0, 5e-324]
    )
    _write(ledger, 2, prev_hash="0" * 64, recorded_at="", seq=1, subject="x", hash="f" * 64)
    ledger.append(
        "policy", "proposed", subject='"}\0', business_date=date(2024, 1, 1), actor=',"hash":"', payload={}
    )
    assert _append(chain, ledger) == 3
    assert compare_audit(chain, ledger).faults == ()
    (told,) = chain.execute("select payload ->> 'text' from audit.event where seq = 1").fetchone() or ("",)
    assert told == 'NUL \u2400, half \ufffd, whole \U0001f600, quote " and \\'


@pytest.mark.parametrize(
    "statement",
    [
        "insert into audit.event select * from audit.event",
        "update audit.event set actor = 'x'",
        "delete from audit.event",
        "truncate audit.event",
        "select audit.append(jsonb_agg(event) || '[]') from audit.event",
        "select audit.append(jsonb_agg(to_jsonb(event) || '{\"seq\": 2}')) from audit.event",
    ],
)
def test_the_chain_is_only_continued(
    postgres: PostgresServer, database: str, chain: psycopg.Connection[Any], tmp_path: Path, statement: str
):
    ledger = Ledger(tmp_path / "ledger.jsonl")
    _write(ledger, 1)
    _append(chain, ledger)
    with pytest.raises(psycopg.Error):
        chain.execute(statement.encode())
    with postgres.connect(database) as superuser, pytest.raises(psycopg.Error):
        superuser.execute(statement.encode())
    assert compare_audit(chain, ledger).faults == ()
