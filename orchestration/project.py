"""The dbt project as Dagster sees it, and how its manifest is prepared. Nothing else belongs here.

It stands apart from the definitions because they need the manifest that preparing makes.

    python -m orchestration.project      parses the project into dbt_project/target/
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from dagster_dbt import DbtProject

from optimization.errors import StockplanError

PROJECT_ROOT = Path(__file__).resolve().parent.parent

dbt_project = DbtProject(
    project_dir=PROJECT_ROOT / "dbt_project",
    profiles_dir=PROJECT_ROOT / "dbt_project",
)


class DbtNotPreparedError(StockplanError):
    """The project does not parse; the message is dbt's own."""


@cache
def dbt_manifest() -> dict[str, Any]:
    """Return the manifest, prepared first where it is missing or older than the models.

    Raises `DbtNotPreparedError` when the project does not parse.
    """
    if not is_manifest_fresh():
        prepare()
    content: dict[str, Any] = json.loads(dbt_project.manifest_path.read_text(encoding="utf-8"))
    return content


def published_models() -> frozenset[str]:
    """Return the names of the tables that dbt makes for people to open."""
    return frozenset(
        node["alias"]
        for node in dbt_manifest()["nodes"].values()
        if node["resource_type"] == "model" and node["fqn"][1] == "published"
    )


def is_manifest_fresh() -> bool:
    """Whether the manifest is younger than every file it was parsed from."""
    manifest = dbt_project.manifest_path
    if not manifest.exists():
        return False
    folder = Path(dbt_project.project_dir)
    sources = [*folder.glob("*.yml"), *folder.glob("m*/**/*.sql"), *folder.glob("m*/**/*.yml")]
    return manifest.stat().st_mtime >= max(path.stat().st_mtime for path in sources)


def prepare() -> None:
    """Parse the project into `target/`. Raises `DbtNotPreparedError` with dbt's own words."""
    from dbt.cli.main import dbtRunner

    folder = str(dbt_project.project_dir)
    done = dbtRunner().invoke(["--quiet", "parse", "--project-dir", folder, "--profiles-dir", folder])
    if not done.success:
        raise DbtNotPreparedError(f"dbt cannot parse {folder}: {done.exception}")
    # A partial parse that found nothing new leaves the old file; it is nevertheless fresh.
    dbt_project.manifest_path.touch()


if __name__ == "__main__":
    prepare()
