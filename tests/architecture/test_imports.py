"""What may be imported where, beyond the floors that import-linter checks."""

from __future__ import annotations

import subprocess
import sys

import pytest

# Each costs seconds to import; a Dagster code server that starts or reloads must not pay for them.
HEAVY = ("great_expectations", "statsforecast", "pyomo", "highspy", "dbt.cli", "numba")
# The science gets frames and gives frames; whatever reads files, schedules or talks stays outside.
FOREIGN_TO_SCIENCE = ("dagster", "dbt", "duckdb", "pyarrow.parquet", "orchestration", "great_expectations")


def modules_after(statement: str) -> set[str]:
    """Import names that are loaded after `statement` in a fresh interpreter."""
    code = f"{statement}\nimport sys\nprint('\\n'.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_definitions_load_without_the_heavy_libraries() -> None:
    loaded = modules_after("import orchestration.definitions")
    assert [name for name in HEAVY if name in loaded] == []


@pytest.mark.parametrize(
    "module",
    [
        "optimization.demand.forecasting",
        "optimization.policy.planning",
        "optimization.network.planning",
        "optimization.allocation.planning",
    ],
)
def test_science_loads_without_pipeline_libraries(module: str) -> None:
    loaded = modules_after(f"import {module}")
    assert [name for name in FOREIGN_TO_SCIENCE if name in loaded] == []
