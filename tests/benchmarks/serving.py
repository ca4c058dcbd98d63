"""How long publishing to PostgreSQL takes and how long readers wait meanwhile, beside publishing in place.

    python -m tests.benchmarks.serving [--rows 1000000] [--tables 10] [--readers 2]

A server of its own that waits for the disk, with its settings as they come. Readers poll all tables, one
REPEATABLE READ transaction after the other; a wait is their slowest statement. Three ways publish the
same rows:
  serving   as Stockplan does: loaded detached, then attached and pointed to in one short transaction
  in_place  delete all and copy in, all tables in one transaction
  swapped   under the same key: loaded aside, then the partition dropped and the new one attached
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import date, timedelta
from functools import partial
from pathlib import Path

import numpy as np
import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
from psycopg import sql
from pyarrow import csv

from orchestration.lake.parquet import write_json, write_text
from orchestration.publish.serving.loading import column_types
from orchestration.publish.shelf import Release, pointer_file, release_named
from tests.servers import PostgresServer
from tests.serving_office import ServingOffice, open_office
from tests.serving_reader import Read, TableReader

FIRST_DAY = date(2024, 1, 31)
_QUIET_SECONDS = 5.0
# Tables of which no row belongs to a place.
_NAMES = [
    *("capability", "check_result", "data_dictionary", "demand_model", "kpi_catalogue", "lineage"),
    *("match_weight", "method_choice", "network_row", "review_calendar", "rule_check", "solver_run"),
]


def _table(rows: int, number: int) -> pa.Table:
    """Rows as a policy has them: ids, figures, a date, a flag, a reason. `mark` tells the publication."""
    chance = np.random.default_rng(number)
    items = pa.array([f"ITEM-{one:06d}" for one in range(10_000)])
    places = pa.array([f"LOC-{one:03d}" for one in range(100)])
    return pa.table(
        {
            "mark": pa.array(np.full(rows, float(number))),
            "item_id": items.take(pa.array(chance.integers(0, 10_000, rows))),
            "location_id": places.take(pa.array(chance.integers(0, 100, rows))),
            "reorder_point_units": pa.array(chance.gamma(2.0, 5.0, rows)),
            "order_up_to_units": pa.array(chance.gamma(3.0, 7.0, rows)),
            "unit_cost": pa.array(np.round(chance.gamma(2.0, 50.0, rows), 2)),
            "lot_units": pa.array(chance.integers(1, 50, rows)),
            "effective_from": pa.array(np.full(rows, np.datetime64("2024-02-01", "D"))),
            "is_frozen": pa.array(chance.random(rows) < 0.1),
            "reason_code": pa.array(["DEMAND_UP", "LEAD_TIME", "TARGET", "COST"]).take(
                pa.array(chance.integers(0, 4, rows))
            ),
        }
    )


def _shelve(office: ServingOffice, names: Sequence[str], rows: int, number: int) -> Release:
    """Put a release onto the shelf and point to it, without what checks its content: that is not measured."""
    as_of = FIRST_DAY + timedelta(days=number)
    release_id = f"{as_of}-1-{number:08x}"
    folder = office.lake.releases_dir / release_id
    (folder / "tables").mkdir(parents=True)
    table = _table(rows, number)
    ids = pa.repeat(pa.scalar(release_id), rows)
    table = table.add_column(0, "as_of", pa.repeat(pa.scalar(as_of), rows)).add_column(0, "release_id", ids)
    for name in names:
        pq.write_table(table, folder / "tables" / f"{name}.parquet", compression="zstd")
    manifest = {
        "release_id": release_id,
        "as_of": as_of.isoformat(),
        "content_hash": f"{number:064x}",
        "snapshots": [],
        "tables": {
            name: {"file": f"tables/{name}.parquet", "rows": rows, "logical_hash": f"{number:064x}"}
            for name in names
        },
    }
    write_json(manifest, folder / "manifest.json")
    write_text(release_id + "\n", pointer_file(office.lake))
    return release_named(office.lake, release_id)


def _copy(cursor: psycopg.Cursor, target: sql.Composable, file: Path) -> None:
    schema = pq.read_schema(file)
    names = sql.SQL(", ").join(map(sql.Identifier, schema.names))
    options = csv.WriteOptions(include_header=False)
    with cursor.copy(sql.SQL("copy {} ({}) from stdin with (format csv)").format(target, names)) as stream:
        for batch in pq.ParquetFile(file).iter_batches(50_000):
            sink = pa.BufferOutputStream()
            csv.write_csv(batch, sink, options)
            stream.write(sink.getvalue().to_pybytes())


def _columns(name: str, file: Path) -> str:
    return ", ".join(
        f'"{column}" {kind}' for column, kind in column_types(name, pq.read_schema(file)).items()
    )


def _run(connection: psycopg.Connection, statement: str) -> None:
    connection.execute(statement.encode())


def _make_in_place(connection: psycopg.Connection, release: Release) -> None:
    _run(connection, "create schema in_place")
    for name, file in release.tables.items():
        _run(connection, f'create table in_place."{name}" ({_columns(name, file)})')
    _delete_and_copy(connection, release)


def _delete_and_copy(connection: psycopg.Connection, release: Release) -> None:
    with connection.transaction(), connection.cursor() as cursor:
        for name, file in sorted(release.tables.items()):
            target = sql.Identifier("in_place", name)
            cursor.execute(sql.SQL("delete from {}").format(target))
            _copy(cursor, target, file)


def _make_swapped(connection: psycopg.Connection, release: Release) -> None:
    _run(connection, "create schema swapped")
    for name, file in release.tables.items():
        columns = f"{_columns(name, file)}, slot int default 1"
        _run(connection, f'create table swapped."{name}" ({columns}) partition by list (slot)')
    _swap(connection, release)


def _swap(connection: psycopg.Connection, release: Release) -> None:
    for name, file in sorted(release.tables.items()):
        with connection.transaction(), connection.cursor() as cursor:
            aside = f'swapped."{name}_new"'
            _run(connection, f'create table {aside} (like swapped."{name}", check (slot = 1))')
            _run(connection, f"alter table {aside} alter slot set default 1, alter slot set not null")
            _copy(cursor, sql.Identifier("swapped", f"{name}_new"), file)
    with connection.transaction():
        for name in sorted(release.tables):
            parent, aside = f'swapped."{name}"', f'swapped."{name}_new"'
            _run(connection, f'drop table if exists swapped."{name}_now"')
            _run(connection, f"alter table {parent} attach partition {aside} for values in (1)")
            _run(connection, f'alter table {aside} rename to "{name}_now"')


def _read_beside(
    office: ServingOffice,
    folder: Path,
    schema: str,
    names: Sequence[str],
    readers: int,
    work: Callable[[], None],
) -> tuple[list[Read], list[Read], float, float]:
    """Do the work beside readers. Returns their reads before it and during it, its seconds and its CPU's."""
    address = office.server.url(database=office.database)
    with ExitStack() as stack:
        polls = [
            stack.enter_context(TableReader(folder / f"{schema}_{one}", address, schema, names))
            for one in range(readers)
        ]
        time.sleep(_QUIET_SECONDS)
        begun, cpu = time.perf_counter(), time.process_time()
        work()
        seconds, cpu = time.perf_counter() - begun, time.process_time() - cpu
        # What waits when the work ends has begun during it.
        time.sleep(1.0)
    reads = [read for one in polls for read in one.reads]
    return (
        [read for read in reads if read.began < begun],
        [read for read in reads if read.began >= begun],
        seconds,
        cpu,
    )


def _tell(
    way: str, quiet: list[Read], during: list[Read], seconds: float, cpu: float, baseline: float
) -> None:
    slow = sorted(read.slowest * 1000 for read in during)
    before = max((read.slowest * 1000 for read in quiet), default=0.0)
    mixed = sum(read.is_mixed for read in during)
    middle, high = slow[len(slow) // 2], slow[int(len(slow) * 0.999)]
    print(
        f"{way:<9}{seconds:>9.1f}{cpu:>9.1f}{len(during):>9,}{mixed:>7}{before:>11.0f}{middle:>9.1f}{high:>9.0f}"
        f"{slow[-1]:>9.0f}{seconds / baseline if baseline else 1.0:>8.2f}",
        flush=True,
    )


def main() -> None:
    """Publish in each way beside readers, and print the times."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--tables", type=int, default=10)
    parser.add_argument("--readers", type=int, default=2)
    asked = parser.parse_args()
    names = _NAMES[: asked.tables]
    print(f"{asked.tables} tables of {asked.rows:,} rows, {asked.readers} readers; waits of statements in ms")
    print(
        f"{'way':<9}{'seconds':>9}{'cpu s':>9}{'reads':>9}{'mixed':>7}{'quiet max':>11}{'median':>9}"
        f"{'p99.9':>9}{'max':>9}{'ratio':>8}"
    )
    with tempfile.TemporaryDirectory() as root, PostgresServer(durable=True) as server:
        folder = Path(root)
        with open_office(folder / "lake", server) as office:
            first = _shelve(office, names, asked.rows, 0)
            office.serve(first)
            second = _shelve(office, names, asked.rows, 1)
            shown: list[float] = []

            def serve() -> None:
                shown.append(office.serve(second).show_seconds)

            result = _read_beside(office, folder, "published", names, asked.readers, serve)
            _tell("serving", *result, 0.0)
            print(f"         the transaction that shows it: {shown[0] * 1000:.0f} ms", flush=True)
            ours = result[2]
            with office.connect() as connection:
                for schema, make, again in (
                    ("in_place", _make_in_place, _delete_and_copy),
                    ("swapped", _make_swapped, _swap),
                ):
                    make(connection, first)
                    work = partial(again, connection, second)
                    result = _read_beside(office, folder, schema, names, asked.readers, work)
                    _tell(schema, *result, ours)
                    connection.execute(f"drop schema {schema} cascade".encode())


if __name__ == "__main__":
    main()
