"""How fast the PostgreSQL connector reads, and against what: `python -m tests.benchmarks.postgres_source`.

A table of demand lines of a million rows is read as the connector does, and as a server-side cursor
gives Python objects that are made into Arrow. The server waits for its disk and runs on this machine.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
from psycopg.rows import tuple_row

from orchestration.ims.postgres import PostgresConnector
from tests.ims_database import ImsDatabase
from tests.servers import PostgresServer

DAY = date(2024, 3, 1)
_LINES = """
    create table ims.demand_line as
    select 'O' || number as order_id, '1' as line_id, 'ITEM-' || number % 20000 as item_id,
           'PLACE-' || number % 50 as location_id, date '2022-03-01' + number % 730 as order_date,
           date '2022-03-01' + number % 730 as requested_date, (number % 7 + 1)::float8 as requested_units,
           (number % 5)::float8 as shipped_units, 19.99::numeric(10, 2) as unit_price,
           number % 11 = 0 as is_lost_sale, 'retail' as demand_type, 'K' || number % 900 as customer_id,
           timestamptz '2022-03-01 22:00+00' + number % 730 * interval '1 day' as loaded_at
    from generate_series(1, %s) as number
"""


def main(rows: int = 1_000_000) -> None:
    """Print seconds and CPU seconds of both ways, of all history and of one day's news."""
    with PostgresServer(durable=True) as server, tempfile.TemporaryDirectory() as folder:
        ims = ImsDatabase(server, server.create_database("ims"), Path(folder))
        ims.run(_LINES.replace("%s", str(rows)), "analyze ims.demand_line")
        ims.close_day(DAY)
        ims.content["tables"] = {"demand_line": {"table": "demand_line"}}
        connector = ims.connector()
        print(f"{rows:,} rows of 13 columns")
        _measure("connector, all history", lambda: _extract(connector, None))
        _measure("server-side cursor into Arrow", lambda: _cursor(ims))
        _measure("connector, one day, no index", lambda: _extract(connector, DAY - timedelta(days=2)))
        ims.run("create index on ims.demand_line (loaded_at)")
        _measure("connector, one day, index", lambda: _extract(connector, DAY - timedelta(days=2)))
        print(f"largest memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB")


def _extract(connector: PostgresConnector, since: date | None) -> int:
    return connector.extract(DAY, since).tables["demand_line"].num_rows


def _cursor(ims: ImsDatabase) -> int:
    rows = 0
    with (
        ims.server.connect(ims.database, autocommit=False) as connection,
        connection.cursor("reading", row_factory=tuple_row) as cursor,
    ):
        cursor.execute("select * from ims.demand_line")
        names = [column.name for column in cursor.description or ()]
        while batch := cursor.fetchmany(50_000):
            rows += pa.table([*map(pa.array, zip(*batch, strict=True))], names=names).num_rows
    return rows


def _measure(name: str, work: Callable[[], int]) -> None:
    began, cpu = time.perf_counter(), time.process_time()
    rows = work()
    print(
        f"  {name:32} {rows:>9,} rows  {time.perf_counter() - began:6.2f} s  "
        f"{time.process_time() - cpu:6.2f} CPU s of ours"
    )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
