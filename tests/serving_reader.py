"""Somebody who reads the database while releases come: one transaction over all tables after the other.

`python -m tests.serving_reader FOLDER SCHEMA`: FOLDER holds the files `address`, read once, and `tables`;
every read is a line of `reads.csv`: when it began, the seconds of the transaction and of its slowest
statement, and the marks that it found. Ends when the file `stop` is there.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import psycopg
from psycopg import sql

_ROWS_READ = 50


@dataclass(frozen=True)
class Read:
    """One transaction: when it began, its seconds, its slowest statement's, and the marks found."""

    began: float
    seconds: float
    slowest: float
    marks: frozenset[str]

    @property
    def is_mixed(self) -> bool:
        """Whether the tables were not all of one publication, or one of them was empty."""
        return len(self.marks) != 1 or "None" in self.marks


class TableReader:
    """A reading process beside whatever is done in the `with` block; `reads` are there after it."""

    def __init__(self, folder: Path, address: str, schema: str, tables: Sequence[str]) -> None:
        self._folder, self._schema = folder, schema
        folder.mkdir(parents=True)
        (folder / "address").write_text(address)
        (folder / "tables").write_text(",".join(tables))
        self.reads: list[Read] = []

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", __name__, str(self._folder), self._schema]
        self._process = subprocess.Popen(command)
        until = time.monotonic() + 60
        while not (self._folder / "reads.csv").exists() and time.monotonic() < until:
            time.sleep(0.02)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        (self._folder / "stop").touch()
        if self._process.wait(timeout=120) != 0:
            raise AssertionError("the reader ended with an error")
        for line in (self._folder / "reads.csv").read_text().splitlines():
            began, seconds, slowest, marks = line.split(",")
            self.reads.append(Read(float(began), float(seconds), float(slowest), frozenset(marks.split("+"))))


def main() -> None:
    """Read until told to stop."""
    folder, schema = Path(sys.argv[1]), sys.argv[2]
    queries = [
        sql.SQL("select min(mark), max(mark) from (select mark from {} limit {}) as first_rows").format(
            sql.Identifier(schema, table), sql.Literal(_ROWS_READ)
        )
        for table in (folder / "tables").read_text().split(",")
    ]
    with (
        psycopg.connect((folder / "address").read_text(), autocommit=True) as connection,
        (folder / "reads.csv").open("w", buffering=1) as told,
    ):
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        while not (folder / "stop").exists():
            began, slowest, marks = time.perf_counter(), 0.0, set()
            with connection.transaction():
                for query in queries:
                    asked = time.perf_counter()
                    marks |= set(connection.execute(query).fetchone() or ())
                    slowest = max(slowest, time.perf_counter() - asked)
            found = "+".join(sorted(map(str, marks)))
            told.write(f"{began},{time.perf_counter() - began},{slowest},{found}\n")


if __name__ == "__main__":
    main()
