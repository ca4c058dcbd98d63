"""Fault kinds of what the source delivers: files, columns, values, dates and the order of arrival."""

from __future__ import annotations

import gzip
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from unittest.mock import patch

import pyarrow as pa
import pyarrow.compute as pc

from orchestration.ims.files import FilesConnector, read_table
from orchestration.ims.mapping import Dialect
from orchestration.lake.manifests import latest_sealed
from orchestration.lake.parquet import read_arrow
from orchestration.lake.sealing import seal
from orchestration.lake.snapshots import seal_date
from orchestration.outcomes import Code, code_of
from orchestration.publish.shelf import pointed_id, releases
from orchestration.publish.staleness import stale_releases
from tests.faults.fault_ground import BEFORE, DAY, Ending, Ground, flip
from tests.faults.fault_kinds import on_ground

LATER = DAY + timedelta(days=1)
PARTIAL = "partial snapshot"
CORRUPT = "corrupt file"
DIALECT = "encoding and dialect"
DRIFT = "schema drift"
VALUES = "bad values"
DATES = "dates"
ARRIVAL = "order of arrival"
INBOX = "what lies in the inbox"


# --- parts of a delivery that are missing


@on_ground(PARTIAL, Code.SNAPSHOT_MISSING, "no snapshot of 2024-01-02")
def the_folder_of_the_date_is_missing(ground: Ground) -> Iterator[Ending]:
    shutil.rmtree(ground.inbox / DAY.isoformat())
    yield ground.run_day()


@on_ground(PARTIAL, Code.SNAPSHOT_REFUSED, "missing_table")
def a_mandatory_file_is_missing(ground: Ground) -> Iterator[Ending]:
    ground.file("stock_on_hand").unlink()
    yield ground.run_day()


@on_ground(PARTIAL, Code.SNAPSHOT_REFUSED, "missing_table")
def the_folder_is_empty(ground: Ground) -> Iterator[Ending]:
    for file in (ground.inbox / DAY.isoformat()).iterdir():
        file.unlink()
    yield ground.run_day()


@on_ground(PARTIAL, Code.SNAPSHOT_REFUSED, "row_loss")
def a_region_is_missing_in_the_stock(ground: Ground) -> Iterator[Ending]:
    ground.rewrite("stock_on_hand", lambda table: table.filter(pc.field("location_id") != "EAST"))
    yield ground.run_day()


@on_ground(PARTIAL, Code.SNAPSHOT_REFUSED, "row_loss")
def two_rows_of_five_are_missing(ground: Ground) -> Iterator[Ending]:
    ground.rewrite("item_location", lambda table: table.slice(0, int(table.num_rows * 0.6)))
    yield ground.run_day()


@on_ground(PARTIAL, Code.OK, "accepted by override")
def a_loss_of_rows_is_accepted_by_a_person(ground: Ground) -> Iterator[Ending]:
    ground.rewrite("item_location", lambda table: table.slice(0, int(table.num_rows * 0.6)))
    outcome = seal_date(
        FilesConnector(ground.inbox),
        DAY,
        ground.lake,
        ground.ledger,
        ground.settings,
        today=ground.today,
        accept_row_loss=True,
        actor="ann",
    )
    told = [event.actor for event in ground.ledger.events("snapshot") if event.event_type == "override"]
    assert told == ["ann"]
    yield Ending(Code.OK, "; ".join(outcome.notes))


@on_ground(PARTIAL, Code.SNAPSHOT_REFUSED, "too_many_bad_rows")
def a_table_has_its_header_only(ground: Ground) -> Iterator[Ending]:
    ground.edit("item", lambda content: content.splitlines(keepends=True)[0])
    yield ground.run_day()


# --- files that are damaged


@on_ground(CORRUPT, Code.SNAPSHOT_UNREADABLE, "cannot be read")
def a_parquet_file_is_cut_short_anywhere(ground: Ground) -> Iterator[Ending]:
    path = ground.file("stock_on_hand")
    whole = path.read_bytes()
    endings = set()
    for number in range(50):
        path.write_bytes(whole[: number * len(whole) // 50])
        endings.add(_read_alone(path))
    assert endings == {Code.SNAPSHOT_UNREADABLE}
    yield ground.run_day()


@on_ground(CORRUPT, Code.SNAPSHOT_UNREADABLE, "cannot be read", mends=True)
def a_parquet_file_has_a_flipped_bit_anywhere(ground: Ground) -> Iterator[Ending]:
    """A flipped bit is found, or it makes another file that is a file; it never ends in a crash."""
    path = ground.file("stock_on_hand")
    whole, found = path.read_bytes(), []
    for number in range(200):
        path.write_bytes(whole)
        flip(path, number * len(whole) // 200, number % 8)
        found.append(_read_alone(path))
    assert set(found) <= {Code.SNAPSHOT_UNREADABLE, Code.OK}
    assert found.count(Code.SNAPSHOT_UNREADABLE) > 50
    path.write_bytes(whole)
    flip(path, len(whole) - 6)
    yield ground.run_day()


@on_ground(CORRUPT, Code.SNAPSHOT_UNREADABLE, "cannot be read")
def a_parquet_file_is_empty(ground: Ground) -> Iterator[Ending]:
    ground.file("supplier").write_bytes(b"")
    yield ground.run_day()


@on_ground(CORRUPT, Code.SNAPSHOT_UNREADABLE, "cannot be read")
def a_csv_file_is_empty(ground: Ground) -> Iterator[Ending]:
    ground.file("item").write_bytes(b"")
    yield ground.run_day()


@on_ground(CORRUPT, Code.SNAPSHOT_UNREADABLE, "cannot be read")
def a_parquet_file_is_a_web_page(ground: Ground) -> Iterator[Ending]:
    ground.file("supplier").write_text("<html>504 Gateway Time-out</html>")
    yield ground.run_day()


@on_ground(CORRUPT, Code.OK, "demand_line.item_id: missing_value")
def a_csv_file_is_cut_in_the_middle_of_a_line(ground: Ground) -> Iterator[Ending]:
    def cut(content: bytes) -> bytes:
        lines = content.splitlines(keepends=True)
        return b"".join(lines[:-1]) + lines[-1][:14]

    ground.edit("demand_line", cut)
    yield ground.run_day()


@on_ground(CORRUPT, Code.SNAPSHOT_UNREADABLE, "cannot be read")
def a_csv_file_is_compressed(ground: Ground) -> Iterator[Ending]:
    """A gigabyte that is a megabyte on the disk is not unpacked: nothing is."""
    bomb = gzip.compress(bytes(50_000_000))
    ground.file("item").write_bytes(bomb)
    began = time.monotonic()
    yield ground.run_day()
    assert time.monotonic() - began < 20


# --- encodings and dialects


@on_ground(DIALECT, Code.SNAPSHOT_UNREADABLE, "cannot be read")
def a_csv_file_is_in_another_encoding(ground: Ground) -> Iterator[Ending]:
    ground.edit("item", lambda content: content.replace(b"Filter", "Ölfilter".encode("cp1252")))
    yield ground.run_day()


@on_ground(DIALECT, Code.SNAPSHOT_UNREADABLE, "cannot be read")
def a_csv_file_is_in_utf_16(ground: Ground) -> Iterator[Ending]:
    ground.edit("item", lambda content: content.decode().encode("utf-16"))
    yield ground.run_day()


@on_ground(DIALECT, Code.OK, "published; version 1", mends=True)
def a_csv_file_begins_with_a_byte_order_mark(ground: Ground) -> Iterator[Ending]:
    ground.edit("item", lambda content: b"\xef\xbb\xbf" + content)
    yield ground.run_day()


@on_ground(DIALECT, Code.OK, "published; version 1", mends=True)
def lines_end_as_on_another_system(ground: Ground) -> Iterator[Ending]:
    ground.edit("item", lambda content: content.replace(b"\n", b"\r\n"))
    yield ground.run_day()


@on_ground(DIALECT, Code.SNAPSHOT_REFUSED, "missing_column")
def the_delimiter_is_another(ground: Ground) -> Iterator[Ending]:
    ground.edit("item", lambda content: content.replace(b",", b";"))
    yield ground.run_day()


@on_ground(DIALECT, Code.SNAPSHOT_REFUSED, "too_many_bad_rows")
def numbers_have_a_decimal_comma(ground: Ground) -> Iterator[Ending]:
    ground.rewrite(
        "item",
        lambda table: table.set_column(
            table.column_names.index("unit_cost"),
            "unit_cost",
            pa.array([f"{cost},50" for cost in table["unit_cost"].to_pylist()]),
        ),
    )
    yield ground.run_day()


@on_ground(DIALECT, Code.OK, "published")
def a_text_has_line_ends_and_quotes_in_it(ground: Ground) -> Iterator[Ending]:
    text = 'two\nlines, "quoted"; and more'
    ground.cells("item", "description", text)
    ending = ground.run_day()
    sealed = latest_sealed(ground.lake, DAY)
    assert sealed is not None
    assert text in read_arrow(ground.home / sealed.tables["item"].file)["description"].to_pylist()
    yield ending


@on_ground(DIALECT, Code.SNAPSHOT_UNREADABLE, "twice")
def a_header_names_a_column_twice(ground: Ground) -> Iterator[Ending]:
    ground.edit("item", lambda content: content.replace(b'"category"', b'"description"', 1))
    yield ground.run_day()


# --- columns


@on_ground(DRIFT, Code.OK, "unknown columns are kept aside: shelf")
def a_column_was_added(ground: Ground) -> Iterator[Ending]:
    ground.rewrite("supplier", lambda table: table.append_column("shelf", pa.array(["A1"] * len(table))))
    yield ground.run_day()


@on_ground(DRIFT, Code.SNAPSHOT_REFUSED, "missing_column")
def a_required_column_was_removed(ground: Ground) -> Iterator[Ending]:
    ground.rewrite("stock_on_hand", lambda table: table.drop_columns(["on_hand_units"]))
    yield ground.run_day()


@on_ground(DRIFT, Code.OK, "published")
def an_optional_column_was_removed(ground: Ground) -> Iterator[Ending]:
    ground.rewrite("location", lambda table: table.drop_columns(["latitude"]))
    yield ground.run_day()


@on_ground(DRIFT, Code.SNAPSHOT_REFUSED, "missing_column")
def a_required_column_was_renamed(ground: Ground) -> Iterator[Ending]:
    ground.rewrite("stock_on_hand", lambda table: table.rename_columns({"on_hand_units": "qty"}))
    yield ground.run_day()


@on_ground(DRIFT, Code.SNAPSHOT_REFUSED, "missing_column")
def column_names_are_written_in_capitals(ground: Ground) -> Iterator[Ending]:
    ground.rewrite(
        "stock_on_hand", lambda table: table.rename_columns([name.upper() for name in table.column_names])
    )
    yield ground.run_day()


@on_ground(DRIFT, Code.SNAPSHOT_REFUSED, "too_many_bad_rows")
def a_column_changed_its_type(ground: Ground) -> Iterator[Ending]:
    ground.cells("stock_on_hand", "on_hand_units", "many", rows=24)
    yield ground.run_day()


@on_ground(DRIFT, Code.OK, "published; version 1", mends=True)
def columns_come_in_another_order(ground: Ground) -> Iterator[Ending]:
    for name in ("stock_on_hand", "item"):
        ground.rewrite(name, lambda table: table.select(table.column_names[::-1]))
    yield ground.run_day()


@on_ground(DRIFT, Code.SNAPSHOT_UNREADABLE, "has no column")
def a_mapped_column_was_renamed_at_the_source(ground: Ground) -> Iterator[Ending]:
    ground.mapping = ground.inbox.parent / "mapping.yaml"
    ground.mapping.write_text("tables: {item: {file: item.csv, columns: {item_id: artikel}}}\n")
    yield ground.run_day()


# --- values


def _bad_line(column: str, value: object, rule: str) -> None:
    words = f"{column} is {value!r}"[:40].replace(" ", "_").replace("-", "minus ").replace("'", "")

    def one_value(ground: Ground) -> Iterator[Ending]:
        ground.cells("demand_line", column, value)
        yield ground.run_day()

    one_value.__name__ = words
    on_ground(VALUES, Code.OK, f"demand_line.{column}: {rule}")(one_value)


_bad_line("requested_units", float("nan"), "missing_value")
_bad_line("requested_units", float("inf"), "finite")
_bad_line("requested_units", -3.0, "greater_than(0)")
_bad_line("requested_units", 1e300, "magnitude")
_bad_line("requested_units", "99999999999999999999999999999999", "magnitude")
_bad_line("requested_units", "three", "not_castable")
_bad_line("order_id", None, "missing_value")
_bad_line("order_id", "N/A", "missing_value")
_bad_line("order_id", "a\x00b", "control_character")
_bad_line("order_id", "x" * 10_000, "text_length")
_bad_line("item_id", "GHOST", "unknown_reference")
_bad_line("requested_date", "2024-02-30", "not_castable")
_bad_line("order_date", "2024-01-03", "after_business_date")
_bad_line("loaded_at", "2024-01-05 10:00:00", "known_after_business_date")


@on_ground(VALUES, Code.OK, "published; version 1", mends=True)
def a_zero_has_a_sign(ground: Ground) -> Iterator[Ending]:
    ground.rewrite(
        "supply_order",
        lambda table: table.set_column(
            table.column_names.index("received_units"), "received_units", pa.array([-0.0] * len(table))
        ),
    )
    yield ground.run_day()


@on_ground(VALUES, Code.SNAPSHOT_REFUSED, "too_many_bad_rows")
def more_rows_are_bad_than_a_day_can_bear(ground: Ground) -> Iterator[Ending]:
    ground.cells("stock_on_hand", "on_hand_units", -1.0, rows=3)
    yield ground.run_day()


@on_ground(VALUES, Code.OK, "duplicate_row")
def a_row_is_told_twice(ground: Ground) -> Iterator[Ending]:
    ground.rewrite("demand_line", lambda table: pa.concat_tables([table, table.slice(0, 1)]))
    yield ground.run_day()


@on_ground(VALUES, Code.OK, "duplicate_key")
def a_key_comes_twice(ground: Ground) -> Iterator[Ending]:
    def twice(table: pa.Table) -> pa.Table:
        again = table.slice(0, 1)
        older = pa.array([datetime(2023, 12, 1)], table.field("loaded_at").type)
        position = table.column_names.index("loaded_at")
        return pa.concat_tables([table, again.set_column(position, table.schema.field(position), older)])

    ground.rewrite("stock_on_hand", twice)
    yield ground.run_day()


@on_ground(VALUES, Code.SNAPSHOT_REFUSED, "conflicting_duplicate")
def two_rows_contradict_each_other(ground: Ground) -> Iterator[Ending]:
    def contradict(table: pa.Table) -> pa.Table:
        other = table.slice(0, 1)
        position = table.column_names.index("requested_units")
        return pa.concat_tables(
            [table, other.set_column(position, "requested_units", pa.array([7], table.field(position).type))]
        )

    ground.rewrite("demand_line", contradict)
    yield ground.run_day()


# --- dates and clocks


@on_ground(DATES, Code.SNAPSHOT_REFUSED, "business_date_after_today")
def a_snapshot_is_from_the_future(ground: Ground) -> Iterator[Ending]:
    future = ground.today + timedelta(days=700)
    shutil.copytree(ground.inbox / DAY.isoformat(), ground.inbox / future.isoformat())
    yield ground.run_day(future)


@on_ground(DATES, Code.SNAPSHOT_REFUSED, "business_date_after_today")
def a_snapshot_is_from_the_last_day_there_is(ground: Ground) -> Iterator[Ending]:
    shutil.copytree(ground.inbox / DAY.isoformat(), ground.inbox / "9999-12-31")
    yield ground.run_day(date(9999, 12, 31))


@on_ground(DATES, Code.SNAPSHOT_REFUSED, "too_many_bad_rows")
def a_snapshot_is_from_1970(ground: Ground) -> Iterator[Ending]:
    """All of its rows became known long after it."""
    shutil.copytree(ground.inbox / DAY.isoformat(), ground.inbox / "1970-01-01")
    yield ground.run_day(date(1970, 1, 1))
    shutil.rmtree(ground.inbox / "1970-01-01")


def _same_in_another_zone(day: date, zone: str, why: str) -> None:
    def in_another_zone(ground: Ground) -> Iterator[Ending]:
        shutil.rmtree(ground.home)
        ground.deliver(day)
        came_to = set()
        for one in ("UTC", zone):
            shutil.rmtree(ground.home, ignore_errors=True)
            with _zone(one):
                ending = ground.run_day(day)
            assert ending.code == Code.OK, ending.text
            came_to.add((ending.snapshot_id, pointed_id(ground.lake)))
        assert len(came_to) == 1, came_to
        yield ending

    in_another_zone.__name__ = f"{why} in {zone}".replace(" ", "_")
    on_ground(DATES, Code.OK, "published; version 1")(in_another_zone)


_same_in_another_zone(date(2026, 3, 29), "Europe/Berlin", "a day of 23 hours")
_same_in_another_zone(date(2026, 10, 25), "Europe/Berlin", "a day of 25 hours")
_same_in_another_zone(date(2026, 4, 5), "America/Santiago", "a day of 25 hours")
_same_in_another_zone(date(2028, 2, 29), "Asia/Kolkata", "a leap day")
_same_in_another_zone(date(2026, 12, 31), "Asia/Kolkata", "the 53rd week")


@contextmanager
def _zone(name: str) -> Iterator[None]:
    with patch.dict(os.environ, {"TZ": name}):
        time.tzset()
        try:
            yield
        finally:
            os.environ.pop("TZ")
            time.tzset()


def _clock(year: int, why: str) -> None:
    class Clock(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
            return datetime(year, 6, 1, tzinfo=tz)  # type: ignore[arg-type]

    def jumps(ground: Ground) -> Iterator[Ending]:
        with patch("orchestration.lake.ledger.datetime", Clock):
            ending = ground.run_day()
        assert ground.ledger.verify().is_intact
        yield ending

    jumps.__name__ = f"the clock jumps {why}".replace(" ", "_")
    on_ground(DATES, Code.OK, "published; version 1", mends=True)(jumps)


_clock(1999, "back")
_clock(2199, "forward")


# --- the order of arrival


@on_ground(ARRIVAL, Code.OK, "nothing was changed", mends=True)
def the_same_delivery_comes_twice(ground: Ground) -> Iterator[Ending]:
    assert ground.run_day().code == Code.OK
    before = len(releases(ground.lake))
    ending = ground.run_day()
    assert "duplicate; unchanged" in ending.text
    assert len(releases(ground.lake)) == before
    yield ending


@on_ground(ARRIVAL, Code.OK, "this is version 2")
def a_delivery_is_corrected(ground: Ground) -> Iterator[Ending]:
    assert ground.run_day().code == Code.OK
    first = releases(ground.lake)[-1]
    ground.deliver(DAY, edition=2)
    ending = ground.run_day()
    assert [one.number for one in releases(ground.lake) if one.as_of == DAY] == [1, 2]
    assert [event.subject for event in ground.ledger.events("snapshot") if event.event_type == "superseded"]
    assert first.folder.is_dir()
    yield ending


@on_ground(ARRIVAL, Code.OK, "came after 2024-01-03 was sealed")
def a_date_comes_after_a_later_one(ground: Ground) -> Iterator[Ending]:
    shutil.move(ground.inbox / DAY.isoformat(), ground.inbox / "late")
    ground.deliver(LATER)
    assert ground.run_day(LATER).code == Code.OK
    pointed = pointed_id(ground.lake)
    shutil.move(ground.inbox / "late", ground.inbox / DAY.isoformat())
    ending = ground.run_day()
    assert pointed_id(ground.lake) == pointed
    assert [release.as_of for release, _ in stale_releases(ground.lake)] == [LATER]
    yield ending


@on_ground(ARRIVAL, Code.OK, "no longer at the source", mends=True)
def a_sealed_date_is_gone_from_the_source(ground: Ground) -> Iterator[Ending]:
    assert ground.run_day().code == Code.OK
    shutil.rmtree(ground.inbox / DAY.isoformat())
    yield ground.run_day()


@on_ground(ARRIVAL, Code.OK, "published")
def an_event_is_told_days_late(ground: Ground) -> Iterator[Ending]:
    ground.cells("demand_line", "order_date", date(2023, 12, 20))
    yield ground.run_day()


# --- what lies in the inbox


@on_ground(INBOX, Code.SNAPSHOT_UNREADABLE, "not a file inside the inbox")
def a_link_leads_out_of_the_inbox(ground: Ground) -> Iterator[Ending]:
    outside = ground.inbox.parent / "outside.csv"
    shutil.move(ground.file("item"), outside)
    ground.file("item").symlink_to(outside)
    yield ground.run_day()


@on_ground(INBOX, Code.SNAPSHOT_UNREADABLE, "not a file")
def a_pipe_lies_where_a_file_should(ground: Ground) -> Iterator[Ending]:
    ground.file("item").unlink()
    os.mkfifo(ground.file("item"))
    yield ground.run_day()
    ground.file("item").unlink()


@on_ground(INBOX, Code.SNAPSHOT_UNREADABLE, "not a file")
def a_folder_lies_where_a_file_should(ground: Ground) -> Iterator[Ending]:
    ground.file("item").unlink()
    ground.file("item").mkdir()
    yield ground.run_day()


@on_ground(INBOX, Code.CONFIGURATION, "is not a folder")
def the_inbox_is_gone(ground: Ground) -> Iterator[Ending]:
    aside = ground.inbox.with_name("aside")
    ground.inbox.rename(aside)
    yield ground.run_day()
    aside.rename(ground.inbox)


@on_ground(INBOX, Code.OK, "tables the contract does not know were left out")
def a_table_that_nobody_knows(ground: Ground) -> Iterator[Ending]:
    snapshot = FilesConnector(ground.inbox).extract(DAY, BEFORE)
    told = replace(snapshot, tables={**snapshot.tables, "gossip": pa.table({"heard": ["x"]})})
    outcome = seal(told, ground.lake, ground.ledger, ground.settings, today=ground.today)
    yield Ending(Code.OK, "; ".join(outcome.notes))


def _read_alone(path: Path) -> Code:
    """How reading one delivered file ends."""
    try:
        read_table(path, Dialect())
    except Exception as error:
        return code_of(error)
    return Code.OK
