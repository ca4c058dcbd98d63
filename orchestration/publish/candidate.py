"""The candidate: all tables of one business date as they would be published, and their content hash.

It lies in the build folder and may be deleted at any time. What dbt exported and what Python made
are brought to one form here: every table bears `as_of`, and its rows are sorted.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from optimization.errors import StockplanError
from orchestration.lake.hashing import logical_hash
from orchestration.lake.parquet import read_arrow, write_arrow
from orchestration.lake.paths import Lake

# Table names become file names and SQL names.
_TABLE_NAME = re.compile(r"[a-z][a-z0-9_]*")


class CandidateError(StockplanError):
    """A table cannot be part of a candidate; the message names it and the repair."""


@dataclass(frozen=True)
class Candidate:
    """The tables of one business date, each a Parquet file without `release_id`.

    `content_hash` (64 hex digits) stands for the sorted logical rows of all of them,
    `hashes` for those of each.
    """

    as_of: date
    folder: Path
    tables: Mapping[str, Path]
    rows: Mapping[str, int]
    hashes: Mapping[str, str]
    content_hash: str


def build_candidate(
    lake: Lake, as_of: date, exported: Mapping[str, Path], made: Mapping[str, pa.Table]
) -> Candidate:
    """Write the candidate of `as_of` into the build folder, in place of any earlier one.

    `exported`: dbt's published tables as Parquet files. `made`: tables made in Python, without
    `as_of` or with it. Raises `CandidateError` when a table is given twice, has a name that is no
    plain name, bears `release_id`, or holds rows of another business date.
    """
    twice = sorted(set(exported) & set(made))
    if twice:
        raise CandidateError(
            f"{', '.join(twice)}: made both by dbt and in Python; give one of them another name"
        )
    if not exported and not made:
        raise CandidateError(f"no table for {as_of}; run the published stage first")
    folder = lake.build_dir(as_of) / "candidate"
    shutil.rmtree(folder, ignore_errors=True)
    tables, rows, hashes = {}, {}, {}
    for name in sorted({*exported, *made}):
        source = made[name] if name in made else read_arrow(exported[name])
        table = _sorted(_dated(name, source, as_of))
        tables[name] = folder / f"{name}.parquet"
        write_arrow(table, tables[name])
        rows[name], hashes[name] = table.num_rows, logical_hash(table)
    return Candidate(as_of, folder, tables, rows, hashes, content_hash(hashes))


def content_hash(hashes: Mapping[str, str]) -> str:
    """Return the hash of a whole release from the logical hashes of its tables.

    >>> content_hash({"a": "1", "b": "2"}) == content_hash({"b": "2", "a": "1"})
    True
    """
    return hashlib.sha256(json.dumps(sorted(hashes.items())).encode()).hexdigest()


def _dated(name: str, table: pa.Table, as_of: date) -> pa.Table:
    """Return `table` with `as_of` in every row, as its first column where it had none."""
    if not _TABLE_NAME.fullmatch(name):
        raise CandidateError(f"{name!r} is no name of a table: use small letters, digits and underscores")
    if "release_id" in table.column_names:
        raise CandidateError(f"{name} bears release_id, which only publication adds; remove the column")
    day = pa.scalar(as_of, pa.date32())
    if "as_of" not in table.column_names:
        return table.add_column(0, pa.field("as_of", pa.date32()), pa.repeat(day, table.num_rows))
    others = table.num_rows - (pc.sum(pc.equal(table.column("as_of").cast(pa.date32()), day)).as_py() or 0)
    if others:
        raise CandidateError(
            f"{name} holds {others} rows of another business date than {as_of}; delete the build folder of "
            "this date and run it again"
        )
    return table


def _sorted(table: pa.Table) -> pa.Table:
    """Return the rows ordered by all columns from left to right, nulls last."""
    return (
        table.sort_by([(name, "ascending") for name in table.column_names]) if table.num_rows > 1 else table
    )
