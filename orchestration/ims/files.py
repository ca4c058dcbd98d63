"""The files connector: an inbox with one folder per business date, one CSV or Parquet per table.

A folder is named by its date (`2024-01-31/`) and put there complete, by a rename. State tables are
read from the folder of the business date, event tables from every folder since the last snapshot.
Text files are read as text, cell by cell verbatim; what a cell means is decided when the snapshot
is checked, so that a cell that means nothing is reported as it stood.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from optimization.contracts.column import Column
from orchestration.contracts.raw import RAW_BY_NAME, RawTable
from orchestration.ims.connector import (
    DeliveredFile,
    Origin,
    Snapshot,
    SnapshotMissingError,
    SnapshotUnreadableError,
    SourceSettingsError,
    short_hash,
)
from orchestration.ims.inbox import InboxLimits, delivered_file, read_parquet
from orchestration.ims.mapping import (
    ColumnMapping,
    Dialect,
    Mapping,
    TableMapping,
    read_mapping,
    same_names,
)
from orchestration.lake.hashing import file_sha256

# A line of a text file that has too many or too few cells is kept here, its cells all missing.
UNREADABLE = "unreadable_line"


class FilesConnector:
    """Snapshots from an inbox of dated folders."""

    name = "files"

    def __init__(self, inbox: Path, mapping: Path | None = None, limits: InboxLimits | None = None) -> None:
        """Read the mapping; without one, files and columns bear our names.

        Raises `SourceError` when the inbox is no folder or the mapping needs repair.
        """
        self.inbox = inbox
        self._limits = limits or InboxLimits()
        if not inbox.is_dir():
            raise SourceSettingsError(
                f"the inbox {inbox} is not a folder; create it with one folder per business date "
                "(2024-01-31), or correct source.inbox in stockplan.yaml"
            )
        self._mapping = read_mapping(mapping, Mapping) if mapping else None

    def business_dates(self) -> Sequence[date]:
        """Return the dates that have a folder, ascending; other names are left alone."""
        found = []
        for folder in self.inbox.iterdir():
            try:
                day = date.fromisoformat(folder.name)
            except ValueError:
                continue
            if folder.is_dir() and folder.name == day.isoformat():
                found.append(day)
        return sorted(found)

    def fingerprint(self, as_of: date) -> str:
        """Return what stands for the names, sizes and times of the files of one folder."""
        folder = self.inbox / as_of.isoformat()
        files = sorted(path for path in folder.iterdir() if path.is_file()) if folder.is_dir() else []
        stats = [(path.name, path.stat()) for path in files]
        return short_hash(as_of, [(name, stat.st_size, stat.st_mtime_ns) for name, stat in stats])

    def extract(self, as_of: date, since: date | None) -> Snapshot:
        """Return the snapshot of `as_of`; see `Connector.extract`."""
        dates = [day for day in self.business_dates() if day <= as_of]
        if as_of not in dates:
            raise SnapshotMissingError(
                f"the inbox {self.inbox} has no folder {as_of}; it has "
                f"{', '.join(str(day) for day in dates[-3:]) or 'none'} up to that day"
            )
        fresh = [day for day in dates if since is None or day > since or day == as_of]
        mapping = self._mapping or same_names(self._own_names(dates))
        tables: dict[str, pa.Table] = {}
        for name, table in mapping.tables.items():
            contract = RAW_BY_NAME[name]
            days = fresh if contract.role == "event" else [as_of]
            parts = {day: self._read(day, contract, table, mapping.dialect_of(name)) for day in days}
            held = {day: part for day, part in parts.items() if part is not None}
            if held:
                tables[name] = _joined(contract, held)
        origins: dict[tuple[str, str], Origin] = {(name, "*"): "recorded" for name in tables}
        for name, table in mapping.tables.items():
            if name in tables:
                origins.update({(name, column): "default" for column in table.constants})
        delivered = [
            _delivered(name, self._path(day, table))
            for name, table in mapping.tables.items()
            if name in tables
            for day in (fresh if RAW_BY_NAME[name].role == "event" else [as_of])
            if self._path(day, table).exists()
        ]
        return Snapshot(as_of, self.name, tables, origins, since, delivered)

    def _path(self, day: date, table: TableMapping) -> Path:
        return self.inbox / day.isoformat() / table.file

    def _own_names(self, days: Sequence[date]) -> dict[str, str]:
        """Tables whose files bear our names in any of the folders, with their extension."""
        found = {}
        for day in days:
            for name in RAW_BY_NAME:
                for extension in ("csv", "parquet"):
                    if os.path.lexists(self.inbox / day.isoformat() / f"{name}.{extension}"):
                        found[name] = extension
        return found

    def _read(self, day: date, contract: RawTable, table: TableMapping, dialect: Dialect) -> pa.Table | None:
        """Read one file in our column names; None when the folder does not have it."""
        path = self._path(day, table)
        if not os.path.lexists(path):
            return None
        theirs = read_table(path, dialect, self._limits, self.inbox)
        return _renamed(theirs, contract, table, dialect, path)


def read_table(
    path: Path, dialect: Dialect, limits: InboxLimits | None = None, inbox: Path | None = None
) -> pa.Table:
    """Read a CSV (every cell as text) or Parquet file as it stands, within the limits and the inbox.

    Raises `SourceError` naming the file and the repair when it cannot be read.
    """
    try:
        limits = limits or InboxLimits()
        if path.suffix.lower() == ".parquet":
            with delivered_file(path, limits, inbox) as file:
                return read_parquet(file, path, limits)
        return _read_csv(path, dialect, limits, inbox)
    except (pa.ArrowException, OSError, LookupError, UnicodeDecodeError) as error:
        raise SnapshotUnreadableError(
            f"{path} cannot be read ({str(error).splitlines()[0]}); deliver the file again, or state "
            "its delimiter and encoding under `dialect` in the mapping"
        ) from error


def _read_csv(path: Path, dialect: Dialect, limits: InboxLimits, inbox: Path | None) -> pa.Table:
    unreadable: list[str] = []

    def keep(row: pacsv.InvalidRow) -> str:
        unreadable.append(row.text)
        return "skip"

    read = pacsv.ReadOptions(encoding=dialect.encoding)
    parse = pacsv.ParseOptions(
        delimiter=dialect.delimiter,
        quote_char=dialect.quote,
        newlines_in_values=True,
        invalid_row_handler=keep,
    )
    with (
        delivered_file(path, limits, inbox) as file,
        pacsv.open_csv(pa.PythonFile(file), read_options=read, parse_options=parse) as reader,
    ):
        names = reader.schema.names
    limits.check_shape(path, 0, len(names))
    unreadable.clear()
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise SnapshotUnreadableError(
            f"{path}: the header names {', '.join(map(repr, twice))} twice; give each column its own name"
        )
    convert = pacsv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False)
    with delivered_file(path, limits, inbox) as file:
        table = pacsv.read_csv(
            pa.PythonFile(file), read_options=read, parse_options=parse, convert_options=convert
        )
    limits.check_shape(path, table.num_rows, table.num_columns)
    if not unreadable:
        return table
    lines = pa.table({UNREADABLE: pa.array(unreadable, pa.string())})
    return pa.concat_tables([table, lines], promote_options="default")


def _renamed(
    theirs: pa.Table, contract: RawTable, table: TableMapping, dialect: Dialect, path: Path
) -> pa.Table:
    """Return the file's columns under our names; those we do not know keep their own."""
    names = theirs.column_names
    missing = {ours: name for ours, name in table.columns.items() if name not in names}
    if missing:
        pairs = ", ".join(f"{name!r} (our {ours})" for ours, name in missing.items())
        raise SnapshotUnreadableError(
            f"{path} has no column {pairs}; it has {', '.join(names)}. Correct "
            f"tables.{contract.source_name}.columns in the mapping"
        )
    sources = dict(table.columns)
    for name in contract.column_names:
        if name in names and name not in sources and name not in table.constants:
            sources[name] = name
    columns: dict[str, pa.ChunkedArray] = {}
    for column in contract.columns:
        if column.name in sources:
            values = theirs.column(sources[column.name])
            columns[column.name] = translate(values, column, table, dialect)
        elif column.name in table.constants:
            columns[column.name] = constant_column(table.constants[column.name], theirs.num_rows)
    for name in names:
        if name not in sources.values():
            # An unmapped column that bears the name of one of ours is not ours.
            columns[f"source_{name}" if name in columns else name] = theirs.column(name)
    return pa.table(columns)


def translate(
    values: pa.ChunkedArray, column: Column, table: ColumnMapping, dialect: Dialect
) -> pa.ChunkedArray:
    """Translate the source's way of writing a text cell into ours; other types stay as they are."""
    if pa.types.is_dictionary(values.type):
        values = values.cast(values.type.value_type)
    if not (pa.types.is_string(values.type) or pa.types.is_large_string(values.type)):
        return values
    if dialect.missing_values:
        is_missing = pc.is_in(values, value_set=pa.array(dialect.missing_values, values.type))
        values = pc.if_else(is_missing, pa.scalar(None, values.type), values)
    if column.name in table.values:
        words = table.values[column.name]
        found = pc.index_in(values, value_set=pa.array(list(words), values.type))
        ours = pa.array(list(words.values()), values.type)
        values = pc.coalesce(pa.chunked_array([ours]).take(found), values)
    if column.kind in ("number", "integer"):
        if dialect.thousands:
            values = pc.replace_substring(values, dialect.thousands, "")
        if dialect.decimal != ".":
            values = pc.replace_substring(values, dialect.decimal, ".")
    if column.kind == "date" and dialect.date_format:
        values = _rewritten(values, dialect.date_format, "%Y-%m-%d")
    if column.kind == "timestamp" and dialect.timestamp_format:
        values = _rewritten(values, dialect.timestamp_format, "%Y-%m-%dT%H:%M:%S")
    return values


def _rewritten(values: pa.ChunkedArray, theirs: str, ours: str) -> pa.ChunkedArray:
    """Rewrite dates in ISO; a text that does not fit the format stays, to be reported as it is."""
    moments = pc.strptime(pc.utf8_trim_whitespace(values), format=theirs, unit="s", error_is_null=True)
    return pc.coalesce(pc.strftime(moments, format=ours).cast(values.type), values)


def _delivered(table: str, path: Path) -> DeliveredFile:
    status = path.stat()
    arrived = datetime.fromtimestamp(status.st_mtime, UTC).isoformat(timespec="seconds")
    named = f"{path.parent.name}/{path.name}"
    return DeliveredFile(table, named, status.st_size, file_sha256(path), arrived)


def constant_column(value: bool | float | date | str, rows: int) -> pa.ChunkedArray:
    """Return what the mapping says of every row, as the text that a file would hold."""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return pa.chunked_array([pa.repeat(pa.scalar(text, pa.string()), rows)])


def _joined(contract: RawTable, parts: dict[date, pa.Table]) -> pa.Table:
    """One table of all folders; rows without `loaded_at` were known at the end of their day."""
    if len(parts) == 1:
        return next(iter(parts.values()))
    stamped = []
    for day, part in parts.items():
        if "loaded_at" not in part.column_names:
            known = pa.scalar(datetime.combine(day, time(23, 59, 59)), pa.timestamp("us"))
            part = part.append_column("loaded_at", pa.repeat(known, part.num_rows))
        stamped.append(part)
    try:
        return pa.concat_tables(stamped, promote_options="permissive")
    except pa.ArrowException as error:
        raise SnapshotUnreadableError(
            f"the files of {contract.source_name} from {min(parts)} to {max(parts)} do not fit "
            f"together ({error}); deliver their columns with the same types"
        ) from error
