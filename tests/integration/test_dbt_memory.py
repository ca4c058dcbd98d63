"""dbt's work file keeps to the memory that it is given, and writes the rest beside itself."""

from __future__ import annotations

from pathlib import Path

import duckdb
import psutil
import yaml

from orchestration.dbt_build import _share_of_memory
from orchestration.project import dbt_project
from orchestration.settings import Settings

OPTIONS = yaml.safe_load((dbt_project.project_dir / "profiles.yml").read_text(encoding="utf-8"))["stockplan"][
    "outputs"
]["work"]["config_options"]
# More than the memory below holds.
ROWS = 800_000
HELD = (
    "create temp table held as select md5(range::varchar) as word, md5((range + 1)::varchar) as next "
    f"from range({ROWS})"
)


def _work_file(folder: Path, spill: str) -> duckdb.DuckDBPyConnection:
    plain = {name: value for name, value in OPTIONS.items() if "env_var" not in str(value)}
    told = {
        "memory_limit": "32MiB",
        "temp_directory": str(folder / "spill"),
        "max_temp_directory_size": spill,
    }
    assert set(told) == {name for name, value in OPTIONS.items() if "env_var" in str(value)}
    return duckdb.connect(str(folder / "warehouse.duckdb"), config={**plain, **told, "threads": 2})


def test_what_does_not_fit_is_written_beside_the_work_file(tmp_path: Path) -> None:
    with _work_file(tmp_path, "2GiB") as connection:
        # As the sealed inputs are bound: every file but those of one folder is shut.
        connection.execute("set enable_external_access = false")
        connection.execute(HELD)
        assert connection.execute("select count(distinct word) from held").fetchone() == (ROWS,)
        written = connection.execute("select path, size from duckdb_temporary_files()").fetchall()
        assert sum(size for _, size in written) > 2**20
        assert {Path(path).parent for path, _ in written} == {tmp_path / "spill"}


def test_the_work_file_has_the_limits_it_is_given(tmp_path: Path) -> None:
    with _work_file(tmp_path, "1MiB") as connection:
        limits = connection.execute(
            "select current_setting('memory_limit'), current_setting('max_temp_directory_size')"
        ).fetchone()
    assert limits == ("32.0 MiB", "1.0 MiB")


def test_the_defaults_leave_a_small_machine_most_of_its_memory() -> None:
    assert Settings().execution.dbt_memory_mb is None
    assert 256 <= _share_of_memory() <= max(0.4 * psutil.virtual_memory().total / 2**20, 256)
