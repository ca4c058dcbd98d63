"""DuckDB connections that can reach what they were given and nothing else.

Every connection outside dbt is opened here. SQL, file names and rows come from outside: a connection
that is shut reads no other file, writes none, loads no extension, asks no network and sees no variable of
Python, and nothing that it is asked to run can open it again. dbt's own is shut by `bind_sources`.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

_CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "python_enable_replacements": False,
}


def closed_duckdb(
    reachable: Iterable[Path] = (), *, database: Path | None = None, read_only: bool = False
) -> duckdb.DuckDBPyConnection:
    """Return a connection that reaches only `reachable` (files, or folders with all in them).

    What is reachable may be written too: DuckDB does not tell one from the other. `database`: the file that
    the connection is for, else it lives in memory. Arrow tables can be registered as ever.
    """
    import duckdb

    connection = duckdb.connect(database or ":memory:", read_only=read_only, config=_CONFIG)
    files: list[str] = []
    folders: list[str] = []
    for path in reachable:
        (folders if path.is_dir() else files).append(_as_literal(path))
    connection.execute(f"set allowed_paths = [{', '.join(files)}]")
    connection.execute(f"set allowed_directories = [{', '.join(folders)}]")
    connection.execute("set enable_external_access = false")
    connection.execute("set lock_configuration = true")
    return connection


def quoted(name: str) -> str:
    """Return a name as an identifier of DuckDB's SQL.

    >>> quoted("order"), quoted('a"b')
    ('"order"', '"a""b"')
    """
    return '"' + name.replace('"', '""') + '"'


def _as_literal(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"
