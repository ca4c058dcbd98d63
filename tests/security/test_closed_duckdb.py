"""A connection to DuckDB reaches what it was given and nothing else, whatever it is asked to run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from orchestration.closed_duckdb import closed_duckdb
from orchestration.project import dbt_project

PLANTED = "of-another-user-7f3a"

# {out}: a folder that was not given; {given}: one that was.
PROBES = {
    "read a text": "select * from read_text('{out}/secret.csv')",
    "read bytes": "select * from read_blob('{out}/secret.csv')",
    "read a table": "select * from read_csv('{out}/secret.csv')",
    "read through ..": "select * from read_csv('{given}/../out/secret.csv')",
    "read by name": "select * from '{out}/secret.csv'",
    "read Parquet's metadata": "select * from parquet_metadata('{out}/rows.parquet')",
    "sniff": "select * from sniff_csv('{out}/secret.csv')",
    "list a folder": "select * from glob('{out}/*')",
    "follow a link": "select * from read_csv('{given}/link.csv')",
    "read a device": "select * from read_text('/proc/self/environ')",
    "write": "copy (select 1) to '{out}/new.csv'",
    "write over": "copy (select 1) to '{out}/secret.csv'",
    "export all": "export database '{out}/all'",
    "attach": "attach '{out}/new.duckdb'",
    "attach over the net": "attach 'https://192.0.2.1/x.duckdb'",
    "ask the net": "select * from read_csv('http://192.0.2.1/x.csv')",
    "install": "install httpfs",
    "load": "load httpfs",
    "load a file": "load '{out}/secret.csv'",
    "keep a secret": "create persistent secret s (type s3)",
    "read a variable of Python": "select * from planted",
    "open again": "set enable_external_access = true",
    "give more folders": "set allowed_directories = ['{out}']",
    "unlock": "set lock_configuration = false",
    "spill elsewhere": "set temp_directory = '{out}'",
    "write a profile": "pragma profiling_output = '{out}/profile.json'",
    "write a log": "set log_query_path = '{out}/log.sql'",
}


@pytest.fixture
def folders(tmp_path: Path) -> dict[str, Path]:
    given, out = tmp_path / "given", tmp_path / "out"
    given.mkdir()
    out.mkdir()
    (out / "secret.csv").write_text(f"a\n{PLANTED}\n", encoding="utf-8")
    pq.write_table(pa.table({"a": [PLANTED]}), out / "rows.parquet")
    pq.write_table(pa.table({"a": [1, 2]}), given / "rows.parquet")
    (given / "link.csv").symlink_to(out / "secret.csv")
    return {"given": given, "out": out}


@pytest.fixture(params=["memory", "file", "nothing given"])
def connection(
    request: pytest.FixtureRequest, folders: dict[str, Path], tmp_path: Path
) -> Iterator[duckdb.DuckDBPyConnection]:
    given = [] if request.param == "nothing given" else [folders["given"]]
    database = tmp_path / "work.duckdb" if request.param == "file" else None
    with closed_duckdb(given, database=database) as opened:
        yield opened


@pytest.mark.parametrize("probe", PROBES)
def test_nothing_else_is_reached(connection: duckdb.DuckDBPyConnection, folders: dict[str, Path], probe: str):
    planted = pa.table({"a": [PLANTED]})
    before = {path.name: path.read_bytes() for path in folders["out"].iterdir()}
    with pytest.raises(duckdb.Error) as refused:
        connection.execute(PROBES[probe].format(**folders)).fetchall()
    assert PLANTED not in str(refused.value)
    assert {path.name: path.read_bytes() for path in folders["out"].iterdir()} == before
    assert planted.num_rows == 1


def test_what_was_given_is_reached(folders: dict[str, Path], tmp_path: Path):
    """A file or a folder that was given, tables that are registered, and the connection's own file."""
    file = folders["given"] / "rows.parquet"
    for given in (file, folders["given"]):
        with closed_duckdb([given], database=tmp_path / f"{given.stem}.duckdb") as connection:
            connection.register("held", pa.table({"a": [3]}))
            connection.execute("create table kept as select * from read_parquet(?)", [str(file)])
            assert connection.execute("select sum(a) from (from kept union all from held)").fetchall() == [
                (6,)
            ]
    with closed_duckdb(database=tmp_path / "given.duckdb", read_only=True) as connection:
        assert connection.execute("select count(*) from kept").fetchall() == [(2,)]


def test_a_quote_in_a_path_is_no_end_of_it(tmp_path: Path):
    folder = tmp_path / "it's'] ; --"
    folder.mkdir()
    pq.write_table(pa.table({"a": [1]}), folder / "rows.parquet")
    with closed_duckdb([folder]) as connection:
        found = connection.execute("select a from read_parquet(?)", [str(folder / "rows.parquet")])
        assert found.fetchall() == [(1,)]


def test_what_does_not_fit_into_memory_is_still_sorted(tmp_path: Path):
    """Shut or not, a large table spills beside its own file."""
    with closed_duckdb(database=tmp_path / "large.duckdb") as connection:
        connection.execute(
            "create table large as select range as a, repeat(range::varchar, 20) as b from range(200000) "
            "order by b"
        )
        assert connection.execute("select count(*) from large").fetchall() == [(200_000,)]


def test_dbt_shuts_every_file_before_its_first_model():
    """The hook that binds the sources shuts the rest, and nothing in the profile opens it again."""
    folder = Path(dbt_project.project_dir)
    macro = (folder / "macros" / "bind_sources.sql").read_text(encoding="utf-8")
    assert macro.index("create or replace view") < macro.index("shut_other_files(files)")
    assert "set enable_external_access = false" in macro
    project = (folder / "dbt_project.yml").read_text(encoding="utf-8")
    assert '"{{ bind_sources() }}"' in project.split("on-run-start:")[1].split("on-run-end:")[0]
    profile = (folder / "profiles.yml").read_text(encoding="utf-8")
    for name in ("extensions:", "attach:", "plugins:", "secrets:", "filesystems:"):
        assert f" {name}" not in profile
    for off in ("autoinstall_known_extensions: false", "python_enable_replacements: false"):
        assert off in profile
