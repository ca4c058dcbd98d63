"""A small valid snapshot, damaged in every way we could think of; each has its specified outcome.

Three families: every column of four tables dropped, emptied and retyped, with the outcome read
from the contract; single damages of rows and tables, each with the rule that has to catch it; and
damages of files and of the order of delivery.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pacsv
import pytest

from orchestration.contracts.raw import RAW_BY_NAME, STAMPS
from orchestration.ims.connector import Snapshot, SourceError
from orchestration.ims.files import FilesConnector
from orchestration.lake.ledger import Ledger
from orchestration.lake.parquet import read_arrow, write_arrow
from orchestration.lake.paths import Lake
from orchestration.lake.sealing import SealOutcome, latest_sealed, seal
from orchestration.settings import Settings
from tests.factories import small_snapshot

DAY = date(2022, 7, 20)
BEFORE = DAY - timedelta(days=1)
TODAY = date(2022, 8, 1)
SETTINGS = Settings()
DAMAGED_TABLES = ("item", "stock_on_hand", "unit", "demand_line")


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake")


def _seal(lake: Lake, snapshot: Snapshot, **options: bool) -> SealOutcome:
    return seal(snapshot, lake, Ledger(lake.ledger_file), SETTINGS, today=TODAY, **options)


def _with(snapshot: Snapshot, name: str, table: pa.Table | None) -> Snapshot:
    tables = {key: value for key, value in snapshot.tables.items() if key != name}
    return replace(snapshot, tables=tables if table is None else {**tables, name: table})


def _quarantined(lake: Lake, outcome: SealOutcome) -> list[dict[str, Any]]:
    if outcome.snapshot is not None:
        file = outcome.snapshot.quarantine_file
        return read_arrow(lake.root / file).to_pylist() if file else []
    assert outcome.refusal_file is not None
    rows = outcome.refusal_file.with_suffix(".parquet")
    return read_arrow(rows).to_pylist() if rows.exists() else []


# --- every column, dropped, emptied, retyped


def _dropped(table: pa.Table, column: str) -> pa.Table:
    return table.drop_columns([column])


def _emptied(table: pa.Table, column: str) -> pa.Table:
    position = table.column_names.index(column)
    return table.set_column(position, column, pa.nulls(table.num_rows, table.field(column).type))


def _retyped(table: pa.Table, column: str) -> pa.Table:
    """Text becomes a list, everything else becomes a word."""
    is_text = pa.types.is_string(table.field(column).type)
    values = [["x"]] * table.num_rows if is_text else ["many"] * table.num_rows
    return table.set_column(table.column_names.index(column), column, pa.array(values))


COLUMN_DAMAGES: dict[str, Callable[[pa.Table, str], pa.Table]] = {
    "dropped": _dropped,
    "emptied": _emptied,
    "retyped": _retyped,
}
COLUMN_MUTATIONS = [
    (table, column, damage)
    for table in DAMAGED_TABLES
    for column in RAW_BY_NAME[table].column_names
    for damage in COLUMN_DAMAGES
]


@pytest.mark.parametrize(("name", "column", "damage"), COLUMN_MUTATIONS)
def test_a_damaged_column(lake: Lake, name: str, column: str, damage: str) -> None:
    table = COLUMN_DAMAGES[damage](small_snapshot(DAY).tables[name], column)
    outcome = _seal(lake, _with(small_snapshot(DAY), name, table))
    contract = RAW_BY_NAME[name]
    of_column = [
        row
        for row in _quarantined(lake, outcome)
        if (row["table_name"], row["column_name"]) == (name, column)
    ]
    if damage == "retyped":
        assert (name, "too_many_bad_rows") in {(one.table, one.rule) for one in outcome.problems}
        assert {row["rule"] for row in of_column} == {"not_castable"}
    elif column in STAMPS:
        assert column in outcome.snapshot_or_raise().tables[name].defaulted_columns
    elif contract.is_nullable(column):
        assert column not in outcome.snapshot_or_raise().tables[name].present_columns
        assert outcome.snapshot_or_raise().quarantined_rows == 0
    elif damage == "dropped":
        assert [problem.rule for problem in outcome.problems] == ["missing_column"]
        assert column in outcome.problems[0].detail
    else:
        assert (name, "too_many_bad_rows") in {(one.table, one.rule) for one in outcome.problems}
        assert {row["rule"] for row in of_column} == {"missing_value"}


# --- single damages of rows and tables


@dataclass(frozen=True)
class Mutation:
    """A damage and its specified outcome.

    `rule` is what has to catch it: in the quarantine when the snapshot is sealed, in the problems
    when it is refused. `bad_rows` counts quarantined rows of `table` when sealed.
    """

    name: str
    table: str
    damage: Callable[[Snapshot], Snapshot]
    state: str = "sealed"
    rule: str = ""
    bad_rows: int = 0


def _cells(name: str, table: str, column: str, value: object, rule: str = "", **more: Any) -> Mutation:
    """Mutation that sets one cell of the first rows (`rows`, default one) to `value`."""
    rows = more.pop("rows", 1)

    def damage(snapshot: Snapshot) -> Snapshot:
        held = snapshot.tables[table]
        values = held.column(column).to_pylist()
        values[:rows] = [value] * rows
        kind = held.field(column).type
        try:
            changed = pa.array(values, kind)
        except (pa.ArrowInvalid, pa.ArrowTypeError):
            changed = pa.array([None if one is None else str(one) for one in values])
        position = held.column_names.index(column)
        return _with(snapshot, table, held.set_column(position, column, changed))

    bad_rows = more.pop("bad_rows", rows if rule else 0)
    return Mutation(name, table, damage, rule=rule, bad_rows=bad_rows, **more)


def _rows(
    name: str, table: str, change: Callable[[list[dict[str, Any]]], list[dict[str, Any]]], **more: Any
) -> Mutation:
    """Mutation that changes the rows of one table as Python dicts, in the table's own types."""

    def damage(snapshot: Snapshot) -> Snapshot:
        held = snapshot.tables[table]
        rows = change([dict(row) for row in held.to_pylist()])
        nullable = pa.schema([field.with_nullable(True) for field in held.schema])
        return _with(snapshot, table, pa.Table.from_pylist(rows, schema=nullable))

    return Mutation(name, table, damage, **more)


def _table(name: str, table: str, change: Callable[[pa.Table], pa.Table | None], **more: Any) -> Mutation:
    return Mutation(
        name, table, lambda snapshot: _with(snapshot, table, change(snapshot.tables[table])), **more
    )


def _version(row: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return {**row, **changes}


def _each(table: pa.Table, change: Callable[[pa.ChunkedArray], pa.ChunkedArray]) -> pa.Table:
    return pa.table([change(column) for column in table.columns], names=table.column_names)


def _encoded(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return column.dictionary_encode() if pa.types.is_string(column.type) else column


def _as_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return column.cast(pa.string())


HOSTILE = {
    "quotes": "Robert'); drop table item;--",
    "path": "../../etc/passwd",
    "formula": '=cmd|"/c calc"!A1',
    "emoji": "🚗💨 naïve",
    "right to left": "\u202egnp.exe \u05d0\u05d1",
    "template": "{{ 7 * 7 }} ${HOME} $(id)",
    "line ends": "two\r\nlines\tand a tab",
    "comma and quote": 'a,"b",c',
}
NEVER = date(9999, 12, 31)
LATER = DAY + timedelta(days=1)

ROW_MUTATIONS = [
    # numbers
    _cells("NaN stock", "stock_on_hand", "on_hand_units", float("nan"), "missing_value"),
    _cells("infinite stock", "stock_on_hand", "on_hand_units", float("inf"), "finite"),
    _cells("minus infinite cost", "item", "unit_cost", float("-inf"), "finite"),
    _cells("negative stock", "stock_on_hand", "on_hand_units", -1.0, "greater_than_or_equal_to(0)"),
    _cells("1e300 units", "stock_on_hand", "on_hand_units", 1e300, "magnitude"),
    _cells("nothing requested", "demand_line", "requested_units", 0.0, "greater_than(0)"),
    _cells("text for a number", "demand_line", "requested_units", "three", "not_castable"),
    _cells("number as text", "demand_line", "requested_units", " 3.0 "),
    _cells("decimal comma", "demand_line", "unit_price", "14,00", "not_castable"),
    _cells("NaN optional price", "demand_line", "unit_price", float("nan")),
    _cells("half a model year", "unit", "model_year", "2023.5", "not_castable"),
    _cells("model year 20233", "unit", "model_year", 20233, "less_than_or_equal_to(2100)"),
    _cells("service target 1.2", "item_location", "service_target", 1.2, "less_than_or_equal_to(1)"),
    _cells("latitude 400", "location", "latitude", 400.0, "less_than_or_equal_to(90)", state="sealed"),
    # closed lists, flags, text
    _cells("unknown stock status", "stock_on_hand", "stock_status", "vanished", "isin"),
    _cells("unknown unit status", "unit", "unit_status", "lost at sea", "isin"),
    _cells("unknown movement", "stock_movement", "movement_type", "teleport", "isin"),
    _cells("flag as a word", "unit", "is_held", "yes"),
    _cells("flag perhaps", "unit", "is_held", "perhaps", "not_castable"),
    _cells("the text NaN in a key", "demand_line", "order_id", "NaN", "missing_value"),
    _cells("an empty key", "demand_line", "order_id", "", "missing_value"),
    _cells("blank description", "item", "description", "   ", "missing_value"),
    _cells("N/A in an optional text", "unit", "color", "N/A"),
    _cells("10 kB of text", "demand_line", "cancel_reason", "x" * 10_000, "text_length"),
    _cells("NUL in a text", "demand_line", "cancel_reason", "a\x00b", "control_character"),
    _cells("escape in a text", "unit", "color", "\x1b[31mred", "control_character"),
    _cells("nothing but a separator in a text", "unit", "color", "\x1f", "control_character"),
    *[
        _cells(f"hostile text: {name}", "demand_line", "cancel_reason", text)
        for name, text in HOSTILE.items()
    ],
    *[
        _cells(f"hostile key: {name}", "demand_line", "order_id", text) for name, text in HOSTILE.items()
    ],
    # dates
    _cells("ordered tomorrow", "demand_line", "order_date", LATER, "after_business_date"),
    _cells("received tomorrow", "receipt", "received_date", LATER, "after_business_date"),
    _cells("moved in 2099", "stock_movement", "movement_date", date(2099, 1, 1), "after_business_date"),
    _cells(
        "known tomorrow", "stock_movement", "loaded_at", datetime(2022, 7, 21), "known_after_business_date"
    ),
    _cells("a day that is none", "demand_line", "requested_date", "2022-02-30", "not_castable"),
    _cells("a date the American way", "demand_line", "requested_date", "07/04/2022", "not_castable"),
    _cells("never, as a date", "item", "last_order_date", NEVER, "date_range"),
    _cells("delivered before shipped", "demand_line", "delivered_date", date(2022, 1, 1), "shipped_date <="),
    _cells("promotion ends first", "event_calendar", "end_date", date(2022, 1, 1), "start_date <="),
    # keys and references
    _cells("stock of an unknown item", "stock_on_hand", "item_id", "GHOST", "unknown_reference"),
    _cells("stock nowhere", "stock_on_hand", "location_id", "ATLANTIS", "unknown_reference"),
    _cells("lane from nowhere", "lane", "from_location_id", "ATLANTIS", "unknown_reference"),
    _rows(
        "a row told twice",
        "receipt",
        lambda rows: [*rows, rows[0]],
        rule="duplicate_row",
        bad_rows=1,
    ),
    _rows(
        "two versions of a unit",
        "unit",
        lambda rows: [*rows, _version(rows[0], loaded_at=datetime(2022, 7, 1), color="red")],
        rule="duplicate_key",
        bad_rows=1,
    ),
    _rows(
        "a line and its correction",
        "demand_line",
        lambda rows: [*rows, _version(rows[0], loaded_at=datetime(2022, 7, 20), unit_price=1.0)],
    ),
    _rows(
        "two movements that contradict each other",
        "stock_movement",
        lambda rows: [*rows, _version(rows[0], quantity_units=99.0)],
        rule="conflicting_duplicate",
        bad_rows=2,
    ),
    _rows(
        "an item without cost takes its rows along",
        "item",
        lambda rows: [_version(rows[0], unit_cost=None), *rows[1:]],
        rule="missing_value",
        bad_rows=1,
    ),
    # too much
    _cells(
        "2 of 24 stock rows negative",
        "stock_on_hand",
        "on_hand_units",
        -1.0,
        "too_many_bad_rows",
        rows=2,
        state="refused",
    ),
    _rows(
        "5 % of the movements twice",
        "stock_movement",
        lambda rows: [*rows, *rows[: len(rows) // 20]],
        state="refused",
        rule="too_many_bad_rows",
    ),
    _rows(
        "3 % of the order lines from tomorrow",
        "demand_line",
        lambda rows: [
            _version(row, order_date=LATER) if number % 30 == 0 else row for number, row in enumerate(rows)
        ],
        state="refused",
        rule="too_many_bad_rows",
    ),
    _cells("no valid supplier", "item", "item_kind", "?", "too_many_bad_rows", rows=6, state="refused"),
    # whole tables and columns
    _table("no items at all", "item", lambda _: None, state="refused", rule="missing_table"),
    _table("no stock table", "stock_on_hand", lambda _: None, state="refused", rule="missing_table"),
    _table("no receipts", "receipt", lambda _: None, state="refused", rule="missing_table"),
    _table("no lanes", "lane", lambda _: None),
    _table("no units", "unit", lambda _: None),
    _table("no movements", "stock_movement", lambda _: None),
    _table("an empty optional table", "segment", lambda table: table.slice(0, 0)),
    _table("no rows of items", "item", lambda table: table.slice(0, 0), state="refused", rule="too_many"),
    _table("an extra column", "item", lambda table: table.append_column("shelf", pa.array(["A1"] * 6))),
    _table(
        "a column named like our stamp",
        "lane",
        lambda table: table.append_column("snapshot_date", pa.array(["?"] * 12)),
    ),
    _table(
        "a column twice",
        "item",
        lambda table: table.append_column("item_id", table.column("item_id")),
        state="refused",
        rule="duplicate_column",
    ),
    _table("dictionary-encoded text", "unit", lambda table: _each(table, _encoded)),
    _table("everything as text", "demand_line", lambda table: _each(table, _as_text)),
    Mutation(
        "a business date after today",
        "*",
        lambda _: small_snapshot(TODAY + timedelta(days=1)),
        state="refused",
        rule="business_date_after_today",
    ),
    Mutation(
        "a table nobody knows",
        "*",
        lambda snapshot: _with(snapshot, "gossip", pa.table({"heard": ["x"]})),
    ),
]  # fmt: skip


@pytest.mark.parametrize("mutation", ROW_MUTATIONS, ids=lambda mutation: mutation.name)
def test_a_damaged_snapshot(lake: Lake, mutation: Mutation) -> None:
    outcome = _seal(lake, mutation.damage(small_snapshot(DAY)))
    assert outcome.state == mutation.state, outcome.problems
    if mutation.state == "refused":
        assert any(problem.rule.startswith(mutation.rule) for problem in outcome.problems)
        assert not list(lake.root.glob("raw__*")), "a refused snapshot leaves nothing sealed"
        return
    rows = [row for row in _quarantined(lake, outcome) if row["table_name"] == mutation.table]
    if mutation.rule:
        assert {row["rule"] for row in rows if row["rule"].startswith(mutation.rule)}, rows
        assert all(row["repair"] for row in rows)
    sealed = outcome.snapshot_or_raise()
    if mutation.table != "*":
        assert sealed.tables[mutation.table].quarantined_rows == mutation.bad_rows


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_text_is_sealed_word_for_word(lake: Lake, text: str) -> None:
    snapshot = _cells("", "demand_line", "cancel_reason", text).damage(small_snapshot(DAY))
    sealed = _seal(lake, snapshot).snapshot_or_raise()
    held = read_arrow(lake.root / sealed.tables["demand_line"].file)
    assert held.column("cancel_reason").to_pylist()[0] == text


def test_what_refers_to_a_bad_row_follows_it_and_says_so(lake: Lake) -> None:
    snapshot = _cells("", "item", "unit_cost", None).damage(small_snapshot(DAY))
    outcome = _seal(lake, snapshot)
    followers = [row for row in _quarantined(lake, outcome) if row["table_name"] == "stock_on_hand"]
    assert len(followers) == 4
    assert {row["rule"] for row in followers} == {"quarantined_reference"}


# --- the order of delivery


def _order_of_delivery() -> dict[str, Callable[[Lake], None]]:
    def duplicate(lake: Lake) -> None:
        _seal(lake, small_snapshot(DAY))
        assert _seal(lake, small_snapshot(DAY)).state == "duplicate"

    def restatement(lake: Lake) -> None:
        _seal(lake, small_snapshot(DAY))
        second = _seal(lake, _cells("", "item", "unit_cost", 99.0).damage(small_snapshot(DAY)))
        assert second.snapshot_or_raise().version == 2
        assert latest_sealed(lake, DAY) == second.snapshot

    def out_of_order(lake: Lake) -> None:
        _seal(lake, small_snapshot(DAY))
        late = _seal(lake, small_snapshot(BEFORE))
        assert late.state == "sealed"
        assert "came after" in late.notes[0]

    def row_loss(lake: Lake) -> None:
        _seal(lake, small_snapshot(BEFORE))
        short = _with(small_snapshot(DAY), "calendar", small_snapshot(DAY).tables["calendar"].slice(60))
        outcome = _seal(lake, short)
        assert [problem.rule for problem in outcome.problems] == ["row_loss"]
        assert _seal(lake, short, accept_row_loss=True).state == "sealed"

    def emptied(lake: Lake) -> None:
        _seal(lake, small_snapshot(BEFORE))
        none = _with(small_snapshot(DAY), "lane", small_snapshot(DAY).tables["lane"].slice(0, 0))
        assert [problem.rule for problem in _seal(lake, none).problems] == ["row_loss"]

    def repaired(lake: Lake) -> None:
        bad = _seal(lake, _cells("", "item", "unit_cost", -1.0).damage(small_snapshot(DAY)))
        good = _seal(lake, small_snapshot(DAY))
        assert bad.snapshot_or_raise().quarantined_rows > 0
        assert good.snapshot_or_raise().version == 2
        assert good.snapshot_or_raise().quarantined_rows == 0

    return {
        "duplicate delivery": duplicate,
        "restatement": restatement,
        "out of order": out_of_order,
        "row loss": row_loss,
        "a table emptied": emptied,
        "repaired and delivered again": repaired,
    }


DELIVERY_MUTATIONS = _order_of_delivery()


@pytest.mark.parametrize("name", DELIVERY_MUTATIONS)
def test_an_unusual_delivery(lake: Lake, name: str) -> None:
    DELIVERY_MUTATIONS[name](lake)


# --- damaged files


def _inbox(folder: Path) -> Path:
    """The small snapshot as files: items and lines as CSV, the rest as Parquet."""
    day = folder / "inbox" / DAY.isoformat()
    day.mkdir(parents=True)
    for name, table in small_snapshot(DAY).tables.items():
        if name in ("item", "demand_line"):
            pacsv.write_csv(table, day / f"{name}.csv")
        else:
            write_arrow(table, day / f"{name}.parquet")
    return day


def _cut(path: Path, end: int) -> None:
    path.write_bytes(path.read_bytes()[:end])


def _overwrite_middle(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[4:200] = bytes(196)
    path.write_bytes(content)


def _append_line(path: Path, line: str) -> None:
    path.write_text(path.read_text(encoding="utf-8") + line, encoding="utf-8")


# name -> damage, and the words of the SourceError, or the problem's or quarantine's rule
FILE_MUTATIONS: dict[str, tuple[Callable[[Path], object], str]] = {
    "Parquet cut short": (lambda day: _cut(day / "stock_on_hand.parquet", 900), "cannot be read"),
    "Parquet pages zeroed": (lambda day: _overwrite_middle(day / "unit.parquet"), "cannot be read"),
    "Parquet that is text": (
        lambda day: (day / "lane.parquet").write_text("hello"), "cannot be read"
    ),
    "empty Parquet file": (lambda day: (day / "lane.parquet").write_bytes(b""), "cannot be read"),
    "empty CSV file": (lambda day: (day / "item.csv").write_bytes(b""), "cannot be read"),
    "CSV in another encoding": (
        lambda day: (day / "item.csv").write_bytes(
            (day / "item.csv").read_bytes().replace(b"filters", "Ölfilter".encode("cp1252"))
        ),
        "cannot be read",
    ),
    "CSV header twice": (
        lambda day: (day / "item.csv").write_text(
            (day / "item.csv").read_text().replace('"category"', '"description"')
        ),
        "twice",
    ),
    "CSV with a short line": (
        lambda day: _append_line(day / "demand_line.csv", "O9,1,PART-1\n"), "missing_value"
    ),
    "CSV with a long line": (
        lambda day: _append_line(day / "demand_line.csv", ",".join(["x"] * 60) + "\n"), "missing_value"
    ),
    "CSV without rows": (
        lambda day: (day / "item.csv").write_text((day / "item.csv").read_text().split("\n")[0] + "\n"),
        "too_many_bad_rows",
    ),
    "CSV cut in the middle of a line": (lambda day: _cut(day / "demand_line.csv", -60), "missing_value"),
    "file missing": (lambda day: (day / "item.csv").unlink(), "missing_table"),
    "a folder for a file": (
        lambda day: ((day / "item.csv").unlink(), (day / "item.csv").mkdir()), "not a file"
    ),
    "a link that leads out": (
        lambda day: (
            (day / "item.csv").rename(day.parent.parent / "outside.csv"),
            (day / "item.csv").symlink_to(day.parent.parent / "outside.csv"),
        ),
        "not a file inside the inbox",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FILE_MUTATIONS)
def test_a_damaged_file(lake: Lake, tmp_path: Path, name: str) -> None:
    day = _inbox(tmp_path)
    damage, expected = FILE_MUTATIONS[name]
    damage(day)
    connector = FilesConnector(day.parent)
    try:
        snapshot = connector.extract(DAY, None)
    except SourceError as error:
        assert expected in str(error)
        return
    outcome = _seal(lake, snapshot)
    rules = [problem.rule for problem in outcome.problems]
    rules += [row["rule"] for row in _quarantined(lake, outcome)]
    assert expected in rules
    if outcome.snapshot:
        assert outcome.snapshot.quarantined_rows == 1


def test_undamaged_files_seal_as_the_snapshot_they_came_from(lake: Lake, tmp_path: Path) -> None:
    day = _inbox(tmp_path)
    from_files = _seal(lake, FilesConnector(day.parent).extract(DAY, None)).snapshot_or_raise()
    assert _seal(lake, small_snapshot(DAY)).state == "duplicate"
    assert from_files.quarantined_rows == 0


def _names() -> Iterator[str]:
    yield from ("-".join(mutation) for mutation in COLUMN_MUTATIONS)
    yield from (mutation.name for mutation in ROW_MUTATIONS)
    yield from DELIVERY_MUTATIONS
    yield from FILE_MUTATIONS


def test_there_are_enough_mutations(record_property: Callable[[str, object], None]) -> None:
    names = list(_names())
    assert len(set(names)) == len(names), "every mutation is another one"
    single = len(names) - len(COLUMN_MUTATIONS)
    record_property("mutations", len(names))
    print(f"{len(names)} mutations: {len(COLUMN_MUTATIONS)} of columns, {single} others")
    assert single >= 40
