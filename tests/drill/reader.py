"""Somebody who reads: polls all published tables again and again while releases come and writers die.

`python -m tests.drill.reader FOLDER`: the file `home` in FOLDER names the installation to read now, or is
the address of its serving database. A read is mixed when the tables it found are not all of one release,
or not there; what was found stands in `found.json`.
"""

from __future__ import annotations

import json
import signal
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pyarrow.compute as pc
import pyarrow.parquet as pq

from orchestration.lake.paths import Lake
from orchestration.publish.shelf import pointed_id
from tests.drill.databases import read_once
from tests.drill.miniature import TABLES

# One read in so many is of published.duckdb, which takes ten times as long to open.
_DATABASE_EVERY = 50
_PAUSE_SECONDS = 0.01
_BETWEEN_SECONDS = 0.001


@dataclass
class Found:
    """What was read so far."""

    reads: int = 0
    mixed: int = 0
    releases: set[str] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)
    slowest: float = 0.0

    def take(self, held: dict[str, str], seconds: float) -> None:
        """Count one read: which release every table was of."""
        self.reads += 1
        self.slowest = max(self.slowest, seconds)
        if len(set(held.values())) > 1:
            self.mixed += 1
            self.faults.append(str(held))
        self.releases |= set(held.values())


def read_folder(folder: Path) -> dict[str, str]:
    """Return the release of every table in the folder of one release, read through as a reader would."""
    held = {}
    for name in TABLES:
        file = pq.ParquetFile(folder / f"{name}.parquet", pre_buffer=False)
        ids = pc.unique(file.read(["release_id"], use_threads=False).column(0)).to_pylist()
        held[name] = "+".join(ids) or folder.parent.name
    return {**held, "folder": folder.parent.name}


def read_database(path: Path) -> dict[str, str]:
    """Return the release of every table of published.duckdb."""
    with duckdb.connect(path, read_only=True) as connection:
        union = " union all ".join(
            f"select '{name}', string_agg(distinct release_id, '+') from {name}"
            for name in (*TABLES, "release")
        )
        return {name: ids for name, ids in connection.execute(union).fetchall() if ids}


def _read(home: Path, number: int) -> dict[str, str] | None:
    """Read once, through another door each time; None while there is no release yet."""
    lake = Lake(home)
    if number % _DATABASE_EVERY == 0:
        return read_database(lake.published_database) if lake.published_database.exists() else None
    if number % 2:
        named = pointed_id(lake)
        return read_folder(lake.releases_dir / named / "tables") if named else None
    # Whoever reads several tables follows the link once: that is one release.
    if not lake.current_dir.is_symlink():
        return None
    return read_folder(lake.current_dir.resolve())


class _Session:
    """The reader's session with the database that is read now."""

    def __init__(self) -> None:
        self._address = ""
        self._connection: psycopg.Connection[Any] | None = None

    def read(self, address: str) -> dict[str, str] | None:
        """Read once, in one transaction."""
        if self._connection is None or address != self._address:
            self._connection = psycopg.connect(address, autocommit=True)
            self._connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            self._connection.read_only = True
            self._address = address
        try:
            return read_once(self._connection)
        except psycopg.OperationalError:
            self._connection.close()
            self._connection = None
            raise


def main() -> None:
    """Read until SIGTERM, then tell."""
    folder, found, sessions = Path(sys.argv[1]), Found(), _Session()
    is_over = []
    signal.signal(signal.SIGTERM, lambda *_: is_over.append(True))
    number = 0
    while not is_over:
        number += 1
        home = (folder / "home").read_text()
        started = time.perf_counter()
        try:
            held = sessions.read(home) if home.startswith("postgresql:") else _read(Path(home), number)
        except (OSError, duckdb.Error, psycopg.Error) as error:
            # A home that was left behind may be gone; in the one that is read nothing may be missing.
            if (folder / "home").read_text() == home:
                found.mixed += 1
                found.faults.append(f"{type(error).__name__}: {error}")
            continue
        if held is None:
            time.sleep(_PAUSE_SECONDS)
            continue
        found.take(held, time.perf_counter() - started)
        # As fast as a dozen dashboards, and not so fast that the writers starve.
        time.sleep(_BETWEEN_SECONDS)
        if found.reads % 100 == 0:
            _tell(folder, found)
    _tell(folder, found)


def _tell(folder: Path, found: Found) -> None:
    told: dict[str, Any] = {**vars(found), "releases": len(found.releases), "faults": found.faults[:5]}
    aside = folder / "found.aside"
    aside.write_text(json.dumps(told))
    aside.replace(folder / "found.json")


if __name__ == "__main__":
    main()
