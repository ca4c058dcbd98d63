"""A source that is written to without a pause, read day by day over a line that keeps breaking.

Each of 60 days is read while rows come in, some of them with stamps of days before, and each reading
is cut off at random bytes before one gets through. In the end every row must have come, no snapshot may
hold one twice, and no snapshot may hold half of a transaction.
"""

from __future__ import annotations

import random
import tempfile
import threading
import time
from datetime import date, timedelta
from pathlib import Path

import psycopg
import pyarrow as pa

from orchestration.ims.connector import SourceError
from tests.drill.report import Report, scaled
from tests.ims_database import ImsDatabase, cutting_proxy
from tests.servers import PostgresServer

DAYS, CUTS_PER_DAY = 60, 9
FIRST = date(2024, 3, 1)
_SEED = 20240301


class _Writer(threading.Thread):
    """Writes movements of the current day until it is stopped, each with a counter in two other tables."""

    def __init__(self, ims: ImsDatabase) -> None:
        super().__init__(daemon=True)
        self._ims, self._random = ims, random.Random(_SEED)
        self.day, self.written, self.late = FIRST, 0, 0
        self._is_over = threading.Event()

    def run(self) -> None:
        with self._ims.server.connect(self._ims.database, autocommit=False) as connection:
            while not self._is_over.is_set():
                self._transact(connection)

    def end(self) -> None:
        """Let the last transaction end."""
        self._is_over.set()
        self.join()

    def _transact(self, connection: psycopg.Connection) -> None:
        for _ in range(self._random.randint(1, 20)):
            # Two days at most: a third is what the mapping's `late_days` leaves for the transaction itself.
            days_late = self._random.choice((0, 0, 0, 1, 2))
            moment = self._random.choice(("00:00", "23:59:59.999999"))
            stamp = f"{self.day - timedelta(days=days_late)} {moment}+00"
            connection.execute("insert into ims.stock_movement values (%s, %s)", (f"M{self.written}", stamp))
            self.written += 1
            self.late += days_late > 0
        connection.execute("update ims.item set unit_cost = unit_cost + 1")
        time.sleep(self._random.uniform(0, 0.01))
        connection.execute("update ims.location set capacity_units = capacity_units + 1")
        connection.commit()


def run(scale: float, report: Report) -> None:
    """Read the days and count what is missing, twice or torn."""
    with PostgresServer() as server, tempfile.TemporaryDirectory() as folder:
        ims = ImsDatabase(server, server.create_database("ims"), Path(folder))
        ims.run(
            "create table ims.stock_movement (movement_id text, loaded_at timestamptz)",
            "create index on ims.stock_movement (loaded_at)",
            "create table ims.item as select 'A' as item_id, 0 as unit_cost",
            "create table ims.location as select 'X' as location_id, 0 as capacity_units",
        )
        ims.content["tables"] = {name: {"table": name} for name in ("item", "stock_movement", "location")}
        writer = _Writer(ims)
        writer.start()
        try:
            _read_days(ims, writer, scaled(DAYS, scale, least=3), report)
        finally:
            writer.end()


def _read_days(ims: ImsDatabase, writer: _Writer, days: int, report: Report) -> None:
    chance = random.Random(_SEED + 1)
    held: set[str] = set()
    cuts = twice = torn = 0
    whole = 20_000
    for number in range(days):
        day, since = FIRST + timedelta(days=number), FIRST + timedelta(days=number - 1) if number else None
        writer.day = day + timedelta(days=1)
        ims.close_day(day)
        if number == days - 1:
            writer.end()
        for cut in range(CUTS_PER_DAY + 1):
            limit = chance.randint(1, whole - 60) if cut < CUTS_PER_DAY else None
            with cutting_proxy(ims.server.port, limit) as line:
                url = ims.server.url(ims.login, ims.password, ims.database)
                connector = ims.connector(url=url.replace(f":{ims.server.port}/", f":{line.port}/"))
                try:
                    tables = connector.extract(day, since).tables
                except SourceError:
                    cuts += 1
                    continue
                whole = line.passed
        ids = tables["stock_movement"].column("movement_id").to_pylist()
        twice += len(ids) - len(set(ids))
        torn += _counter(tables["item"], "unit_cost") != _counter(tables["location"], "capacity_units")
        held |= set(ids)
    with ims.server.connect(ims.database) as connection:
        last = FIRST + timedelta(days=days)
        rows = connection.execute("select movement_id from ims.stock_movement where loaded_at < %s", (last,))
        known = {one for (one,) in rows}
    report.count("days read from a source that is written to", days, least=days)
    report.count("readings cut off at a random byte", cuts, least=days * CUTS_PER_DAY // 2)
    report.count("rows with stamps of days before", writer.late, least=days)
    report.count(
        "rows of the source that no snapshot holds", len(known - held), exactly=0, note=f"of {len(known):,}"
    )
    report.count("rows that are not the source's", len(held - known), exactly=0)
    report.count("rows twice in one snapshot", twice, exactly=0)
    report.count("snapshots that hold half of a transaction", torn, exactly=0)


def _counter(rows: pa.Table, column: str) -> int:
    return int(rows.column(column).to_pylist()[0])
