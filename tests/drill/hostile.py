"""Hostile text through every text field: from the inbox to every door at which somebody reads it.

The corpus is 2,000 texts that something would run, open, follow or take for its own: SQL, formulas, HTML,
scripts, templates, paths, YAML, shell, terminal and format strings, each in several disguises. Two ways:
all raw tables from CSV through sealing, and all published tables to every door. Whatever is
planted must come out as it went in, or be quarantined; a sentinel of each kind must survive.
"""

from __future__ import annotations

import csv
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from unittest import mock

import duckdb
import psycopg
import pyarrow as pa
import pyarrow.compute as pc
from psycopg import sql
from pydantic import SecretStr

from orchestration.cli.console import console, print_arrow
from orchestration.contracts.raw import RAW_BY_NAME
from orchestration.ims.files import FilesConnector
from orchestration.lake.ledger import Ledger
from orchestration.lake.parquet import read_arrow
from orchestration.lake.paths import Lake
from orchestration.lake.sealing import seal
from orchestration.production_settings import ServingSettings
from orchestration.publish.doors import open_doors
from orchestration.publish.export import EXPORT_TABLES
from orchestration.publish.opened import open_report, open_workbook
from orchestration.publish.serving.publishing import publish_release
from orchestration.publish.serving.schema import init
from orchestration.publish.shelf import Release
from orchestration.publish.spreadsheet_text import is_risky, write_planner_csv
from orchestration.settings import Settings
from tests import opened_release
from tests.drill.hostile_texts import COUNT, SENTINEL_TABLE, corpus
from tests.drill.report import Report, scaled
from tests.factories import SMALL_AS_OF, small_snapshot
from tests.look import BROWSERS
from tests.servers import PostgresServer


@dataclass
class Found:
    """What came of one way: texts planted in fields, cells that were compared, and every fault."""

    fields: int = 0
    cells: int = 0
    quarantined: int = 0
    faults: list[str] = field(default_factory=list)

    def expect(self, is_so: bool, fault: str) -> None:
        """Note a fault unless `is_so`."""
        if not is_so:
            self.faults.append(fault)


def through_the_inbox(folder: Path, texts: Sequence[str]) -> Found:
    """Plant every text in every text column of every raw table, deliver CSV, seal, and read it back."""
    found = Found()
    day = folder / "inbox" / SMALL_AS_OF.isoformat()
    day.mkdir(parents=True)
    planted = {name: _planted(name, texts) for name in small_snapshot(SMALL_AS_OF, None).tables}
    for name, table in planted.items():
        with (day / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, quoting=csv.QUOTE_ALL)
            writer.writerow(table.column_names)
            writer.writerows(zip(*(_as_text(values) for values in table.columns), strict=True))
    sealing = {"max_bad_row_share": 1.0, "max_row_loss_share": 1.0}
    lake = Lake(folder / "lake")
    snapshot = FilesConnector(folder / "inbox").extract(SMALL_AS_OF, None)
    outcome = seal(
        snapshot, lake, Ledger(lake.ledger_file), Settings(sealing=sealing), today=date(2030, 1, 1)
    )
    found.expect(outcome.snapshot is not None, f"the snapshot was refused: {outcome.problems}")
    if outcome.snapshot is None:
        return found
    for name, held in outcome.snapshot.tables.items():
        if name not in planted:
            continue
        sealed = read_arrow(lake.root / held.file)
        found.quarantined += held.quarantined_rows
        told = held.rows + held.quarantined_rows + held.superseded_rows
        found.expect(told == planted[name].num_rows, f"{name}: {told} rows of {planted[name].num_rows}")
        for column in _text_columns(name):
            found.fields += 1
            values = sealed[column].drop_null().to_pylist()
            found.cells += len(values)
            # What is sealed may be trimmed; nothing else may have become of it.
            delivered = planted[name][column].drop_null().to_pylist()
            known = {one for text in delivered for one in (text, text.strip())}
            strange = set(values) - known
            found.expect(
                not strange, f"{name}.{column} holds what was never delivered: {sorted(strange)[:3]}"
            )
    return found


@cache
def _text_columns(table: str) -> tuple[str, ...]:
    return tuple(one.name for one in RAW_BY_NAME[table].columns if one.kind == "text")


def _closed_columns(table: str) -> set[str]:
    """Columns whose texts come from a closed list: whatever else stands there costs the row."""
    columns = RAW_BY_NAME[table].to_pandera().columns
    return {name for name, one in columns.items() if any(check.name == "isin" for check in one.checks)}


def _planted(name: str, texts: Sequence[str]) -> pa.Table:
    """One good row of a table, so often as there are texts, each text in every text column of its row.

    Columns of a closed list keep their word in these, and are planted in rows that follow.
    """
    one = small_snapshot(SMALL_AS_OF, None).tables[name].slice(0, 1)
    closed = _closed_columns(name)
    return pa.concat_tables(
        [
            _with_texts(one, texts, [column for column in _text_columns(name) if column not in closed]),
            _with_texts(one, texts, [column for column in _text_columns(name) if column in closed]),
        ],
        promote_options="default",
    )


def _with_texts(one: pa.Table, texts: Sequence[str], columns: Sequence[str]) -> pa.Table:
    rows = pa.concat_tables([one] * len(texts)) if one.num_rows else one
    for column in columns:
        if column in rows.column_names and rows.num_rows:
            place = rows.column_names.index(column)
            rows = rows.set_column(place, column, pa.chunked_array([pa.array(texts, pa.string())]))
        elif column not in rows.column_names:
            rows = rows.append_column(column, pa.array(texts[: rows.num_rows], pa.string()))
    return rows


def _as_text(values: pa.ChunkedArray) -> list[str]:
    return ["" if value is None else str(value) for value in values.to_pylist()]


@dataclass(frozen=True)
class Doors:
    """A release full of hostile text, and where it was published to."""

    lake: Lake
    release: Release
    server: PostgresServer
    database: str


def through_the_doors(
    folder: Path, texts: Sequence[str], server: PostgresServer, *, in_browser: bool = True
) -> Found:
    """Publish every text in every text column of every published table, and read it at every door."""
    found = Found()
    lake = opened_release.lake_at(folder / "published")
    with mock.patch.multiple(opened_release, HOSTILE=tuple(texts), ROWS=len(texts)):
        release = opened_release.make_release(lake)
    tables = {name: read_arrow(path) for name, path in release.tables.items()}
    for table in tables.values():
        found.fields += sum(pa.types.is_string(one.type) for one in table.columns)
    open_doors(release, lake, {})
    _exported(lake, tables, found)
    _planner_csv(folder, tables, found)
    _in_duckdb(lake, tables, found)
    doors = Doors(lake, release, server, server.create_database())
    _in_postgres(doors, tables, found)
    path, _ = open_workbook(release, lake, 20_000)
    _in_workbook(path, found)
    path, _ = open_report(release, lake)
    _in_report(path, texts, found)
    if in_browser:
        _in_browser(path, found)
    _on_the_terminal(tables, found)
    return found


def _exported(lake: Lake, tables: dict[str, pa.Table], found: Found) -> None:
    """For machines: every cell verbatim."""
    for name in EXPORT_TABLES:
        with (lake.export_dir / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            rows = list(csv.reader(file))
        names = rows[0]
        for column in tables[name].column_names:
            if not pa.types.is_string(tables[name][column].type):
                continue
            place = names.index(column)
            wanted = ["" if value is None else value for value in tables[name][column].to_pylist()]
            found.cells += len(wanted)
            found.expect([row[place] for row in rows[1:]] == wanted, f"export of {name}.{column} differs")


def _planner_csv(folder: Path, tables: dict[str, pa.Table], found: Found) -> None:
    """For people: no text that a spreadsheet calculates, numbers equal."""
    for name in ("policy", "exception"):
        path = folder / f"{name}.csv"
        write_planner_csv(tables[name], path)
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.reader(file))
        for place, values in enumerate(tables[name].columns):
            told = [row[place] for row in rows[1:]]
            found.cells += len(told)
            if pa.types.is_string(values.type):
                found.expect(not any(map(is_risky, told)), f"{name}: a formula in the planner's CSV")
                wanted = ["" if value is None else value for value in values.to_pylist()]
                found.expect(
                    all(one in (text, f"'{text}") for one, text in zip(told, wanted, strict=True)),
                    f"{name}: the planner's CSV changes more than a first sign",
                )
            elif pa.types.is_floating(values.type):
                numbers = [float(one) if one else None for one in told]
                found.expect(numbers == values.to_pylist(), f"{name}: numbers of the planner's CSV differ")


def _in_duckdb(lake: Lake, tables: dict[str, pa.Table], found: Found) -> None:
    with duckdb.connect(str(lake.published_database), read_only=True) as connection:
        held = {row[0] for row in connection.execute("select table_name from duckdb_tables()").fetchall()}
        found.expect(held == {*tables, "release"}, f"published.duckdb holds {held ^ {*tables, 'release'}}")
        for name, table in tables.items():
            there = connection.table(name).to_arrow_table()
            found.cells += there.num_rows * there.num_columns
            found.expect(_texts(there) == _texts(table), f"published.duckdb: {name} differs")


def _texts(table: pa.Table) -> dict[str, list[tuple[str | None, int]]]:
    """The texts of each column with their counts, whatever the order of rows."""
    counted = {}
    for name in table.column_names:
        if pa.types.is_string(table[name].type):
            counts = pc.value_counts(table[name]).to_pylist()
            counted[name] = sorted(((one["values"], one["counts"]) for one in counts), key=repr)
    return counted


def _in_postgres(doors: Doors, tables: dict[str, pa.Table], found: Found) -> None:
    url = doors.server.url(database=doors.database)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(sql.SQL("create table {} (a int)").format(sql.Identifier(SENTINEL_TABLE)))
        init(connection)
    settings = Settings(home=doors.lake.root, serving=ServingSettings(url=SecretStr(url)))
    publish_release(doors.release, doors.lake, Ledger(doors.lake.ledger_file), settings)
    with psycopg.connect(url) as connection:
        connection.execute(sql.SQL("select a from {}").format(sql.Identifier(SENTINEL_TABLE)))
        for name, table in tables.items():
            for column in table.column_names:
                if not pa.types.is_string(table[column].type):
                    continue
                query = sql.SQL("select {} from {}").format(
                    sql.Identifier(column), sql.Identifier("published", name)
                )
                there = [row[0] for row in connection.execute(query).fetchall()]
                found.cells += len(there)
                found.expect(
                    sorted(there, key=repr) == sorted(table[column].to_pylist(), key=repr),
                    f"PostgreSQL: {name}.{column} differs",
                )


def _in_workbook(path: Path, found: Found) -> None:
    from openpyxl import load_workbook

    for sheet in load_workbook(path, read_only=True).worksheets:
        for row in sheet.iter_rows():
            for cell in row:
                found.cells += cell.value is not None
                found.expect(cell.data_type != "f", f"{sheet.title}: a formula: {cell.value!r}")


def _in_report(path: Path, texts: Sequence[str], found: Found) -> None:
    """What no escaped page has in its bytes."""
    page = path.read_text(encoding="utf-8")
    for text in texts:
        if re.search(r"<\s*/?\s*(script|img|svg|iframe|base|link|meta|style)\b", text, re.IGNORECASE):
            found.cells += 1
            found.expect(text not in page, f"the report holds {text!r} unescaped")
    found.expect("default-src &#39;none&#39;; script-src" in page, "the report has no policy")


def _in_browser(path: Path, found: Found) -> None:
    """What a real browser makes of the report, where the machine has one."""
    page = path.read_text(encoding="utf-8")
    browser = next((one for name in BROWSERS if (one := shutil.which(name))), None)
    if browser is None:
        return
    done = subprocess.run(
        [browser, "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom", path.as_uri()],
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )
    found.cells += 1
    found.expect(done.returncode == 0 and "</html>" in done.stdout, "the browser did not open the report")
    # What it made of the page: as many scripts as were written, and no frame, image or element of the data's.
    for tag in ("script", "iframe", "base", "svg onload", "img src"):
        found.expect(
            done.stdout.count(f"<{tag}") <= page.count(f"<{tag}") + (tag == "script"),
            f"the browser made a <{tag}> that nobody wrote",
        )


def _on_the_terminal(tables: dict[str, pa.Table], found: Found) -> None:
    """No text of the data speaks to the terminal or to the library that draws the table."""
    for name in ("policy", "exception"):
        with console.capture() as said:
            print_arrow(name, tables[name].slice(0, 200))
        found.cells += 1
        found.expect("\x1b]8" not in said.get(), f"{name}: a link on the terminal")
        strange = {one for one in said.get() if not one.isprintable() and one not in "\n\t"}
        found.expect(not strange, f"{name}: signs that speak to the terminal: {strange}")


def files_outside(folder: Path, sentinel: Path) -> Iterator[str]:
    """What was written that should not have been: the sentinel, or anything beside the folder."""
    if sentinel.exists():
        yield f"{sentinel} was made"
    for name in ("root", "passwd", "x", "x.duckdb"):
        if (folder.parent / name).exists():
            yield f"{folder.parent / name} was written"


def run(scale: float, report: Report) -> None:
    """Plant the corpus, a part of it at a smaller scale, both ways."""
    count = scaled(COUNT, scale, least=100)
    with tempfile.TemporaryDirectory(prefix="stockplan-hostile-") as name, PostgresServer() as server:
        folder, sentinel = Path(name) / "home", Path(name) / "sentinel"
        folder.mkdir()
        texts = corpus(count, str(sentinel))
        report.count("hostile texts", len(texts), least=count)
        for way, found in (
            ("sealed", through_the_inbox(folder, (*texts, "nul\x00", "bell\x07", "escape\x1b[2J"))),
            ("published", through_the_doors(folder, texts, server)),
        ):
            report.count(f"text fields planted, {way}", found.fields, least=1)
            report.count(
                f"cells read back, {way}", found.cells, least=1, note=f"{found.quarantined:,} quarantined"
            )
            report.count(f"executed or changed, {way}", len(found.faults), exactly=0)
            for fault in found.faults[:10]:
                report.miss(fault)
        outside = list(files_outside(folder, sentinel))
        report.count("files written outside", len(outside), exactly=0)
