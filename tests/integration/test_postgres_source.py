"""The PostgreSQL connector against a real server: the same as files, one moment, nothing lost or twice."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import yaml
from psycopg import sql
from typer.testing import CliRunner

from orchestration.cli import app, diagnosis
from orchestration.contracts.raw import RAW_BY_NAME
from orchestration.ims.casting import cast_column
from orchestration.ims.connector import Connector, SnapshotMissingError, SourceError
from orchestration.ims.drafting import draft_mapping
from orchestration.ims.files import FilesConnector
from orchestration.ims.mapping import read_mapping
from orchestration.ims.postgres import PostgresConnector
from orchestration.ims.postgres import connector as source_module
from orchestration.ims.postgres.mapping import DatabaseMapping
from orchestration.ims.registry import open_connector
from orchestration.lake.ledger import Ledger
from orchestration.lake.manifests import SealedSnapshot
from orchestration.lake.parquet import read_arrow
from orchestration.lake.paths import Lake
from orchestration.lake.snapshots import seal_date
from orchestration.settings import PROJECT_ROOT, SealingSettings, Settings, SourceSettings, settings
from tests.conftest import FOREIGN_DAY, FOREIGN_INBOX
from tests.drill import source
from tests.drill.report import Report
from tests.factories import SMALL_AS_OF
from tests.ims_database import ImsDatabase, cutting_proxy, fill_inbox
from tests.servers import PostgresServer

DAYS = (SMALL_AS_OF - timedelta(days=1), SMALL_AS_OF)
BEFORE, DAY = DAYS
CUTS = 24
# Texts that end, widen, escape or execute something somewhere.
TEXTS = (
    "\u202eright to left\u202c",
    "zero\u200bwidth",
    "e\u0301 and \u00e9",
    "\U0001f697\U0001f6a2",
    'quote " and "" more',
    "line\nfeed",
    "carriage\r\nreturn",
    "tab\there",
    "\\.",
    "\\N",
    "back\\slash",
    "control \x01",
    "'; drop table ims.item; --",
    "=cmd|' /C calc'!A0",
    "%s %(name)s {}",
    "NULL",
    "N/A",
    "",
    "   ",
    "x" * 1_001,
    "y" * 10_000,
)


@pytest.fixture(scope="module")
def ims(
    postgres: PostgresServer, module_database: str, tmp_path_factory: pytest.TempPathFactory
) -> ImsDatabase:
    """The small source with two days, which the tests read and none changes."""
    database = ImsDatabase(postgres, module_database, tmp_path_factory.mktemp("ims"))
    database.fill(DAYS)
    database.content["late_days"] = 0
    return database


@pytest.fixture
def empty(postgres: PostgresServer, database: str, tmp_path: Path) -> ImsDatabase:
    """A database of one test."""
    return ImsDatabase(postgres, database, tmp_path)


def _seal(
    connector: Connector, home: Path, days: Sequence[date], settings: Settings | None = None
) -> list[SealedSnapshot]:
    lake = Lake(home)
    ledger = Ledger(lake.ledger_file)
    return [
        seal_date(connector, day, lake, ledger, settings or Settings(), today=SMALL_AS_OF).snapshot_or_raise()
        for day in days
    ]


def test_two_days_are_the_same_snapshots_as_from_files(ims: ImsDatabase, tmp_path: Path) -> None:
    fill_inbox(tmp_path / "inbox", DAYS)
    from_files = _seal(FilesConnector(tmp_path / "inbox"), tmp_path / "files", DAYS)
    from_database = _seal(ims.connector(), tmp_path / "database", DAYS)
    assert [one.snapshot_id for one in from_database] == [one.snapshot_id for one in from_files]
    assert [one.since for one in from_database] == [None, BEFORE]
    assert from_database[0].rows > 1000
    # Asked again, nothing has changed and nothing is sealed.
    again = _seal(ims.connector(), tmp_path / "database", DAYS)
    assert [one.version for one in again] == [1, 1]


def test_the_settings_name_the_connector(ims: ImsDatabase) -> None:
    source = SourceSettings(connector="postgres", mapping=ims.mapping, postgres=ims.settings())
    connector = open_connector(Settings(source=source), is_patient=False)
    assert connector.name == "postgres"
    assert list(connector.business_dates()) == list(DAYS)
    assert isinstance(connector, PostgresConnector)
    assert connector.check() == len(RAW_BY_NAME)


def test_a_source_without_history_offers_its_newest_date_alone(ims: ImsDatabase, tmp_path: Path) -> None:
    ims.run("insert into ims.closing values ('infinity'), ('-infinity')")
    content = {**ims.content, "keeps_history": False}
    path = tmp_path / "mapping.yaml"
    path.write_text(json.dumps(content))
    connector = PostgresConnector(ims.settings(), path)
    assert list(connector.business_dates()) == [DAY]
    assert list(ims.connector().business_dates()) == list(DAYS)
    with pytest.raises(SnapshotMissingError, match=f"does not offer {BEFORE}; it offers {DAY}"):
        connector.extract(BEFORE, None)


def test_all_tables_are_read_at_one_moment(ims: ImsDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    before = ims.connector().extract(DAY, BEFORE)
    read_text, changed = source_module.read_text, []

    def change_between(*arguments: Any) -> pa.Table:
        rows = read_text(*arguments)
        if not changed:
            changed.append(True)
            ims.run(
                "alter table ims.lane add column late_column text", "create table ims.kept as table ims.unit"
            )
            ims.run("delete from ims.unit")
        return rows

    monkeypatch.setattr(source_module, "read_text", change_between)
    try:
        seen = ims.connector().extract(DAY, BEFORE)
    finally:
        monkeypatch.undo()
        during = ims.connector().extract(DAY, BEFORE)
        ims.run("insert into ims.unit table ims.kept", "drop table ims.kept")
    assert before.tables["unit"].num_rows > 0
    assert during.tables["unit"].num_rows == 0
    for name, rows in before.tables.items():
        assert seen.tables[name].equals(rows), name


def test_nothing_can_be_written_through_the_connector(ims: ImsDatabase) -> None:
    ims.run(
        "create function ims.spoil() returns text language sql volatile as "
        "$$ delete from ims.closing returning 'gone' $$",
        "create view ims.trap as select ims.spoil() as supplier_id, 'x'::text as supplier_name",
        sql.SQL("grant delete on ims.closing to {}").format(sql.Identifier(ims.login)),
    )
    content = {**ims.content, "tables": {"supplier": {"table": "trap"}}}
    path = ims.folder / "trap.yaml"
    path.write_text(json.dumps(content))
    with pytest.raises(SourceError, match="read-only transaction"):
        PostgresConnector(ims.settings(), path).extract(DAY, None)
    assert list(ims.connector().business_dates()) == list(DAYS)


def test_asking_for_news_waits_for_no_table(ims: ImsDatabase) -> None:
    connector = ims.connector(statement_timeout_seconds=1)
    seen = [
        connector.fingerprint(DAY),
        connector.fingerprint(BEFORE),
        connector.fingerprint(date(2030, 1, 1)),
    ]
    assert len(set(seen)) == 3
    with ims.server.connect(ims.database, autocommit=False) as holder:
        holder.execute("lock table ims.item, ims.demand_line in access exclusive mode")
        assert connector.fingerprint(DAY) == seen[0]
        assert list(connector.business_dates()) == list(DAYS)
        holder.rollback()
    ims.run(f"update ims.closing set closed_at = now() where business_date = '{DAY}'")
    assert connector.fingerprint(DAY) != seen[0]
    assert connector.fingerprint(BEFORE) == seen[1]


def test_a_cut_line_costs_nothing_but_time(ims: ImsDatabase, tmp_path: Path) -> None:
    """Cut at 24 places from the first byte to the last: an error and nothing sealed, or the same rows."""
    clean = ims.connector().extract(DAY, None)
    with cutting_proxy(ims.server.port, None) as line:
        ims.connector(url=_through(ims, line.port)).extract(DAY, None)
        whole = line.passed
    lake = Lake(tmp_path / "home")
    ledger = Ledger(lake.ledger_file)
    positions = [1 + position * (whole - 60) // (CUTS - 1) for position in range(CUTS)]
    assert len(set(positions)) == CUTS
    for position in positions:
        with cutting_proxy(ims.server.port, position, cuts=1) as line:
            patient = ims.connector(url=_through(ims, line.port), retry_budget_seconds=60)
            again = patient.extract(DAY, None)
            assert line.connections == 2
        assert again.tables.keys() == clean.tables.keys()
        for name, rows in clean.tables.items():
            assert again.tables[name].equals(rows), (position, name)
    with (
        cutting_proxy(ims.server.port, whole // 2, cuts=9) as line,
        pytest.raises(SourceError, match="nothing was sealed"),
    ):
        connector = ims.connector(url=_through(ims, line.port))
        seal_date(connector, DAY, lake, ledger, Settings(), today=DAY)
    assert not list((tmp_path / "home").rglob("*.parquet"))
    assert list(ledger.events()) == []


def _through(ims: ImsDatabase, port: int) -> str:
    return ims.server.url(ims.login, ims.password, ims.database).replace(f":{ims.server.port}/", f":{port}/")


def test_names_may_be_anything(empty: ImsDatabase) -> None:
    odd = {
        "item_id": 'Art"No',
        "item_kind": "we%ird %s",
        "description": "Bezeichnung (lang)",
        "unit_cost": "¥ 'p'",
    }
    columns = ", ".join(f'"{name.replace(chr(34), chr(34) * 2)}" text' for name in odd.values())
    empty.run(
        'create schema "Our ""IMS"" 100%"',
        f'create table "Our ""IMS"" 100%"."Stamm; drop table x" ({columns}, is_integer boolean, note xml)',
        'insert into "Our ""IMS"" 100%"."Stamm; drop table x" '
        "values ('A', 'F', 'a car', '12.50', true)",
        sql.SQL('grant usage on schema "Our ""IMS"" 100%" to {}').format(sql.Identifier(empty.login)),
        sql.SQL('grant select on all tables in schema "Our ""IMS"" 100%" to {}').format(
            sql.Identifier(empty.login)
        ),
    )
    empty.close_day(DAY)
    empty.content["tables"]["item"] = {
        "schema": 'Our "IMS" 100%',
        "table": "Stamm; drop table x",
        "columns": {**odd, "base_uom": odd["item_id"]},
        "constants": {"category": "cars", "currency": "EUR"},
        "values": {"item_kind": {"F": "vehicle"}},
    }
    snapshot = empty.connector().extract(DAY, None)
    assert snapshot.tables["item"].to_pylist() == [
        {
            "item_id": "A",
            "item_kind": "vehicle",
            "description": "a car",
            "category": "cars",
            "base_uom": "A",
            "is_integer": "true",
            "unit_cost": "12.50",
            "currency": "EUR",
        }
    ]
    assert snapshot.origins["item", "category"] == "default"


def test_every_value_is_as_from_files_or_set_aside(empty: ImsDatabase, tmp_path: Path) -> None:
    """Infinite dates, numbers without end and hostile texts: the same verdict as in a file, row by row."""
    fill_inbox(tmp_path / "inbox", [DAY])
    empty.fill([DAY])
    numbers = ["NaN", "Infinity", "-Infinity", "1e400", "-0", "1e-40", "12345678901234567890.123456789"]
    dates = ["infinity", "-infinity", "0044-03-15 BC", "12000-01-01", "2024-02-29", "1899-12-31"]
    moments = [
        "2022-06-01 23:30:00-05",
        "2022-06-01 00:00:00.123456+05:30",
        "infinity",
        "1970-01-01 00:00:00+00",
    ]
    rows = [("unit_cost", number) for number in numbers]
    rows += [("list_price", number) for number in ("NaN", "Infinity", "1e308", "-1e308", "4e-320")]
    rows += [("intro_date", day) for day in dates]
    rows += [("loaded_at", moment) for moment in moments]
    rows += [("description", text) for text in TEXTS]
    rows += [("item_id", text) for text in TEXTS]
    good = {
        "item_kind": "part",
        "description": "odd",
        "category": "filters",
        "base_uom": "EA",
        "is_integer": "t",
        "unit_cost": "1",
        "currency": "USD",
        "source_system": "small",
        "loaded_at": f"{DAY} 22:00+00",
        "snapshot_day": DAY.isoformat(),
    }
    with empty.server.connect(empty.database) as connection:
        connection.execute("alter table ims.item alter unit_cost type numeric, alter item_id type varchar")
        for number, (column, value) in enumerate(rows):
            row = {"item_id": f"ODD{number:03}", **good, column: value}
            names = sql.SQL(", ").join(map(sql.Identifier, row))
            values = sql.SQL(", ").join(sql.SQL("%s") for _ in row)
            connection.execute(
                sql.SQL("insert into ims.item ({}) values ({})").format(names, values), [*row.values()]
            )
        columns = sql.SQL(", ").join(map(sql.Identifier, RAW_BY_NAME["item"].column_names))
        copy = sql.SQL("copy (select {} from ims.item) to stdout (format csv, header)").format(columns)
        connection.execute("set timezone to 'UTC'")
        with connection.cursor() as cursor, cursor.copy(copy) as stream:
            (tmp_path / "inbox" / str(DAY) / "item.csv").write_bytes(b"".join(bytes(line) for line in stream))
    (tmp_path / "inbox" / str(DAY) / "item.parquet").unlink()
    settings = Settings(sealing=SealingSettings(max_bad_row_share=1.0))
    (from_files,) = _seal(FilesConnector(tmp_path / "inbox"), tmp_path / "files", [DAY], settings)
    (from_database,) = _seal(empty.connector(), tmp_path / "database", [DAY], settings)
    assert from_database.snapshot_id == from_files.snapshot_id
    item = from_database.tables["item"]
    assert item.rows + item.quarantined_rows == 6 + len(rows)
    set_aside = read_arrow(tmp_path / "database" / from_database.quarantine_file).to_pylist()
    found = Counter((line["column_name"], line["rule"]) for line in set_aside)
    # Two infinite dates, one before Christ, one of five digits; a text of 1,001 and one of 10,000 letters.
    assert found["intro_date", "not_castable"] == 4
    assert found["description", "text_length"] == 2
    assert found["unit_cost", "missing_value"] == 1


def test_types_that_files_do_not_know_are_read(empty: ImsDatabase) -> None:
    empty.run(
        "create domain ims.code as varchar(10)",
        "create type ims.kind as enum ('part', 'vehicle')",
        "create table ims.item (item_id ims.code, item_kind ims.kind, description jsonb, category char(12), "
        "base_uom bytea, unit_cost money, currency text[], intro_date timestamp, loaded_at timestamp, "
        "model uuid, model_year interval)",
        "insert into ims.item values ('A', 'part', '{\"a\": 1}', 'cars', '\\x4541', 12.5, '{EUR,\"U S\"}', "
        "'2024-01-31 23:30', '2024-03-31 02:30', '00000000-0000-0000-0000-000000000001', '1 day')",
    )
    empty.close_day(DAY)
    empty.content |= {"timezone": "Europe/Berlin", "tables": {"item": {"table": "item"}}}
    (row,) = empty.connector().extract(DAY, None).tables["item"].to_pylist()
    assert row["category"] == "cars"
    assert (row["item_kind"], row["base_uom"], row["currency"]) == ("part", "\\x4541", '{EUR,"U S"}')
    # The hour that the clock left out in Berlin is the one after it; a date is of the source's own day.
    assert row["loaded_at"] == "2024-03-31 01:30:00"
    assert row["intro_date"] == "2024-01-31 23:30:00"


def test_bytes_that_are_no_text_are_set_aside(postgres: PostgresServer, tmp_path: Path) -> None:
    """A database without an encoding holds any bytes; a row with some that mean nothing costs itself."""
    with postgres.connect() as connection:
        connection.execute("create database bytes encoding 'SQL_ASCII' template template0")
    try:
        ims = ImsDatabase(postgres, "bytes", tmp_path)
        ims.fill([DAY])
        ims.run("update ims.item set description = E'caf\\xe9' where item_id = 'PART-1'")
        (sealed,) = _seal(ims.connector(), tmp_path / "home", [DAY])
        (line,) = [
            one
            for one in read_arrow(tmp_path / "home" / sealed.quarantine_file).to_pylist()
            if one["table_name"] == "item"
        ]
        assert (line["column_name"], line["rule"]) == ("description", "not_castable")
        assert "PART-1" in line["row_key"]
    finally:
        postgres.drop_database("bytes")


def test_a_long_table_comes_in_batches(empty: ImsDatabase) -> None:
    empty.run(
        "create table ims.supplier as select 'S' || number as supplier_id, "
        "case when number % 3 = 0 then null when number % 3 = 1 then '' else repeat('n', number % 50) end "
        "as supplier_name from generate_series(1, 2500) as number",
        "create table ims.segment as select null::text as segment_id from generate_series(1, 7)",
    )
    empty.close_day(DAY)
    empty.content["tables"] = {"supplier": {"table": "supplier"}, "segment": {"table": "segment"}}
    tables = [empty.connector(batch_rows=rows).extract(DAY, None).tables for rows in (1, 1000, 100_000)]
    assert tables[0]["supplier"].num_rows == 2500
    assert tables[0]["supplier"].column("supplier_name").null_count == 833
    for one in tables[1:]:
        assert one["supplier"].equals(tables[0]["supplier"])
    # A row of nothing but a missing value is a row.
    assert [one["segment"].num_rows for one in tables] == [7, 7, 7]


STAMPS = ("date", "timestamp", "timestamptz")


def _movements(empty: ImsDatabase, stamp: str, stamps: Sequence[str]) -> None:
    """A table of movements with these stamps, in a source of this type of stamp."""
    empty.run(f"create table ims.stock_movement (movement_id text, loaded_at {stamp})")
    with empty.server.connect(empty.database) as connection:
        connection.execute("set timezone to 'UTC'")
        for number, moment in enumerate(stamps):
            connection.execute(
                "insert into ims.stock_movement values (%s, nullif(%s, '')::" + stamp + ")",
                (f"M{number:02}", moment),
            )
    empty.content["tables"] = {"stock_movement": {"table": "stock_movement"}}


def _ids(connector: Connector, as_of: date, since: date | None) -> list[str]:
    rows = connector.extract(as_of, since).tables["stock_movement"]
    return sorted(rows.column("movement_id").to_pylist())


@pytest.mark.parametrize("stamp", STAMPS)
def test_days_one_after_the_other_hold_every_event_once(empty: ImsDatabase, stamp: str) -> None:
    """Equal stamps at the border, its last microsecond and its first: each in one day and no other."""
    stamps = []
    for day in range(1, 6):
        stamps += [
            f"2024-03-{day:02} {moment}" for moment in ("00:00:00", "00:00:00", "12:00", "23:59:59.999999")
        ]
    _movements(empty, stamp, stamps)
    days = [date(2024, 3, day) for day in range(1, 6)]
    empty.close_day(*days)
    empty.content["late_days"] = 0
    connector = empty.connector()
    held = [_ids(connector, days[0], None)]
    held += [_ids(connector, day, day - timedelta(days=1)) for day in days[1:]]
    assert [len(one) for one in held] == [4] * 5
    assert sorted(chain.from_iterable(held)) == [f"M{number:02}" for number in range(20)]
    # A day that was not read in between is in the next one; all history is the same as all days.
    assert _ids(connector, days[3], days[1]) == sorted(held[2] + held[3])
    assert _ids(connector, days[4], None) == sorted(chain.from_iterable(held))


def test_the_border_of_a_day_is_in_utc_whatever_the_source_s_zone(empty: ImsDatabase) -> None:
    stamps = ["2024-03-02 00:59:59", "2024-03-02 01:00", "2024-03-03 00:59:59.999999", "2024-03-03 01:00"]
    _movements(empty, "timestamp", stamps)
    empty.close_day(date(2024, 3, 1), date(2024, 3, 2))
    empty.content |= {"timezone": "Europe/Berlin", "late_days": 0}
    connector = empty.connector()
    assert _ids(connector, date(2024, 3, 1), None) == ["M00"]
    assert _ids(connector, date(2024, 3, 2), date(2024, 3, 1)) == ["M01", "M02"]


def test_rows_that_become_visible_late_are_read_once_they_are_there(empty: ImsDatabase) -> None:
    """A long transaction commits rows with old stamps after the day's snapshot: the next one brings them."""
    first, second, third = (date(2024, 3, day) for day in (5, 6, 7))
    _movements(empty, "timestamptz", ["2024-03-05 10:00+00", "2024-03-06 10:00+00", ""])
    empty.close_day(first, second, third)
    held = {first: _ids(empty.connector(), first, None)}
    with empty.server.connect(empty.database, autocommit=False) as writer:
        writer.execute("insert into ims.stock_movement values ('LATE-1', '2024-03-05 23:00+00')")
        writer.execute("insert into ims.stock_movement values ('LATE-4', '2024-03-01 23:00+00')")
        held[second] = _ids(empty.connector(), second, first)
        writer.commit()
    held[third] = _ids(empty.connector(), third, second)
    # A row without a stamp is in every snapshot; nothing says that it was read before.
    assert held[first] == ["M00", "M02"]
    assert held[second] == ["M00", "M01", "M02"]
    assert held[third] == ["LATE-1", "M00", "M01", "M02"]
    # Later than `late_days` is beyond what the mapping promises to look for; more days find it.
    empty.content["late_days"] = 10
    assert "LATE-4" in _ids(empty.connector(), third, second)


def test_what_is_read_twice_counts_once(empty: ImsDatabase, tmp_path: Path) -> None:
    """Days that overlap by `late_days` hold rows twice, equal to the last letter: the key makes them one."""
    empty.fill(DAYS)
    assert empty.connector().extract(DAY, BEFORE).tables["demand_line"].num_rows > 0
    sealed = _seal(empty.connector(), tmp_path / "late", DAYS)
    empty.content["late_days"] = 0
    exact = _seal(empty.connector(), tmp_path / "exact", DAYS)
    for name in ("demand_line", "stock_movement", "receipt"):
        newest = [
            _newest(tmp_path / home, snapshots, name)
            for home, snapshots in (("late", sealed), ("exact", exact))
        ]
        assert newest[0] == newest[1]
    overlap = sum(one.tables["stock_movement"].rows for one in sealed)
    assert overlap > sum(one.tables["stock_movement"].rows for one in exact)


def _newest(
    home: Path, snapshots: Sequence[SealedSnapshot], name: str
) -> dict[tuple[Any, ...], dict[str, Any]]:
    """The rows of an event table as the staging models take them: the newest version of each key."""
    rows = [
        {**row, "snapshot_date": one.as_of}
        for one in snapshots
        for row in read_arrow(home / one.tables[name].file).to_pylist()
    ]
    rows.sort(key=lambda row: (row["loaded_at"], row["snapshot_date"]))
    newest = {tuple(row[part] for part in RAW_BY_NAME[name].key): row for row in rows}
    return {key: {**row, "snapshot_date": None} for key, row in newest.items()}


def test_a_source_that_is_written_to_loses_nothing_over_a_line_that_breaks() -> None:
    """A twentieth of the drill."""
    report = Report("source")
    source.run(0.05, report)
    assert not report.misses
    assert len(report.lines) == 7


def test_what_is_not_known_yet_is_not_read(empty: ImsDatabase) -> None:
    tomorrow = datetime.combine(DAY + timedelta(days=1), datetime.min.time(), UTC)
    _movements(empty, "timestamptz", [f"{DAY} 12:00+00", tomorrow.isoformat(), "infinity", "-infinity"])
    empty.close_day(DAY)
    assert _ids(empty.connector(), DAY, None) == ["M00", "M03"]
    assert _ids(empty.connector(), DAY, BEFORE) == ["M00"]


def test_the_doctor_looks_at_the_source(ims: ImsDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    def told(**entry: str) -> str:
        table = {**ims.content["tables"]["lane"], **entry}
        path = ims.folder / "doctor.yaml"
        path.write_text(json.dumps({**ims.content, "tables": {**ims.content["tables"], "lane": table}}))
        monkeypatch.setenv("STOCKPLAN_SOURCE__MAPPING", str(path))
        # This finding alone: the others look at packages and models, which takes seconds.
        finding = diagnosis._source(Settings())
        return f"{finding.is_ok}: {finding.found}"

    monkeypatch.setenv("STOCKPLAN_SOURCE__CONNECTOR", "postgres")
    monkeypatch.setenv(
        "STOCKPLAN_SOURCE__POSTGRES__URL", ims.server.url(ims.login, ims.password, ims.database)
    )
    found = f"True: business dates {BEFORE} to {DAY}, 2 of them, {len(RAW_BY_NAME)} tables as mapped"
    assert told() == found
    assert told(table="lanes").startswith("False: the source has no table or view ims.lanes")


def test_a_mapping_is_drafted_from_the_tables_of_a_schema(empty: ImsDatabase, tmp_path: Path) -> None:
    """The wholesaler's files as tables: the draft finds the same, and reads the same rows."""
    folder = FOREIGN_INBOX / FOREIGN_DAY
    for path in folder.glob("*.csv"):
        names = path.read_text().splitlines()[0].split(",")
        columns = sql.SQL(", ").join(sql.SQL("{} text").format(sql.Identifier(name)) for name in names)
        table = sql.Identifier("ims", path.stem)
        with empty.server.connect(empty.database) as connection:
            connection.execute(sql.SQL("create table {} ({})").format(table, columns))
            copy = sql.SQL("copy {} from stdin (format csv, header)").format(table)
            with connection.cursor() as cursor, cursor.copy(copy) as stream:
                stream.write(path.read_bytes())
    empty.run(f"create table ims.business_date as select date '{FOREIGN_DAY}' as business_date")
    out = tmp_path / "mapping.yaml"
    environment = {
        "STOCKPLAN_SOURCE__POSTGRES__URL": empty.server.url(empty.login, empty.password, empty.database)
    }
    settings.cache_clear()
    told = CliRunner().invoke(
        app, ["init", "--postgres", "--schema", "ims", "--out", str(out)], env=environment
    )
    settings.cache_clear()
    assert told.exit_code == 0, told.output
    assert "connector: postgres" in told.output
    assert "business_dates: the table or view" in told.output
    drafted = draft_mapping(FOREIGN_INBOX)
    mapping = read_mapping(out, DatabaseMapping)
    assert {name: table.columns for name, table in mapping.tables.items()} == {
        name: table.columns for name, table in drafted.tables.items()
    }
    files = tmp_path / "files.yaml"
    files.write_text(drafted.text)
    day = date.fromisoformat(FOREIGN_DAY)
    from_files = FilesConnector(FOREIGN_INBOX, files).extract(day, None).tables
    from_database = PostgresConnector(empty.settings(), out).extract(day, None).tables
    assert from_database.keys() == from_files.keys()
    for name, rows in from_database.items():
        for column in rows.column_names:
            ours = cast_column(rows.column(column), "text").values
            assert ours.equals(cast_column(from_files[name].column(column), "text").values), (name, column)


def test_the_mapping_of_the_documentation_is_one() -> None:
    text = (PROJECT_ROOT / "docs" / "postgres_source.md").read_text(encoding="utf-8")
    (block,) = [one for one in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL) if "keeps_history" in one]
    mapping = DatabaseMapping.model_validate(yaml.safe_load(block.replace(", …", "")))
    assert mapping.relation("stock_on_hand") == ("warehouse", "stock_by_day")
    assert mapping.dates_relation == ("sales", "day_closing")
