"""The facts of a run that its release's manifest keeps: what was read, by what code, with what result.

Nothing of this enters a published row or the content hash, so that two machines at two times
publish the same content.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from orchestration.lake.hashing import file_sha256
from orchestration.lake.manifests import SealedSnapshot
from orchestration.lake.parquet import read_arrow
from orchestration.publish.candidate import Candidate
from orchestration.publish.plain_json import plain_json
from orchestration.publish.shelf import Release
from orchestration.publish.verdicts import Verdict
from orchestration.settings import PROJECT_ROOT, Settings

# The packages whose version may change a number or a file.
PACKAGES = (
    "dagster",
    "dagster-dbt",
    "dbt-core",
    "dbt-duckdb",
    "duckdb",
    "great-expectations",
    "highspy",
    "matplotlib",
    "numba",
    "numpy",
    "pandas",
    "pandera",
    "pyarrow",
    "pydantic",
    "pyomo",
    "scipy",
    "sqlglot",
    "statsforecast",
    "typer",
    "utilsforecast",
)
_SOURCE_FOLDERS = ("orchestration", "optimization", "dbt_project")
_SOURCE_SUFFIXES = frozenset({".py", ".sql", ".yml", ".yaml", ".csv"})
_NOT_SOURCE = frozenset({"target", "logs", "dbt_packages", "__pycache__"})
_SOLVER_COLUMNS = (
    "optimisation_model",
    "batch_id",
    "solver_status",
    "objective",
    "objective_bound",
    "relative_gap",
    "is_audit_passed",
)


def manifest_facts(
    *,
    snapshots: Sequence[SealedSnapshot],
    earlier_releases: Sequence[Release],
    ledger_head: str,
    ledger_read: Mapping[str, Any] | None = None,
    settings: Settings,
    verdicts: Sequence[Verdict],
    candidate: Candidate,
    seeds: Mapping[str, int] | None = None,
    approvals: Sequence[str] = (),
    borders: Mapping[str, Path] | None = None,
    run: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the facts as plain JSON content.

    `snapshots`: all that were read, the day's own last. `ledger_head`: the head at publication.
    `ledger_read`: `seq` and `head` up to which the run has applied the ledger; what follows is the next
    release's. `approvals`: ids of the approvals used. `borders`: the files between dbt and the science,
    whose hashes prove later that a file of the date still is the one the release was made of. `run`: run id,
    wall times, host; they stand here alone.
    """
    facts = {
        "snapshots": [_snapshot(one, is_own=one is snapshots[-1]) for one in snapshots],
        "earlier_releases": [
            {"release_id": one.release_id, "content_hash": one.content_hash} for one in earlier_releases
        ],
        "ledger_head": ledger_head,
        "ledger_read": dict(ledger_read or {}),
        "code": code_version(),
        "config_hash": settings.decision_hash(),
        "settings": settings.deciding(),
        "seeds": dict(seeds or {}),
        "packages": package_versions(),
        "checks": _checks(verdicts),
        "solver_runs": _solver_runs(candidate),
        "approvals": list(approvals),
        "borders": {name: _file_facts(path) for name, path in sorted((borders or {}).items())},
        "run": dict(run or {}),
    }
    plain: dict[str, Any] = plain_json(facts)
    return plain


@cache
def code_version() -> dict[str, Any]:
    """Return the commit and whether files differ from it, where git can tell, and a hash of the source."""
    version: dict[str, Any] = {"git_commit": None, "is_dirty": None, "source_hash": _source_hash()}
    git = shutil.which("git")
    if git and (PROJECT_ROOT / ".git").exists():
        commit = _output(git, "rev-parse", "HEAD")
        changes = _output(git, "status", "--porcelain", "--untracked-files=no", "--", *_SOURCE_FOLDERS)
        if commit:
            version |= {"git_commit": commit.strip(), "is_dirty": changes != ""}
    return version


@cache
def package_versions() -> dict[str, str]:
    """Return the installed version of each package in `PACKAGES`; absent ones are left out."""
    versions = {}
    for name in PACKAGES:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return versions


def _output(git: str, *arguments: str) -> str | None:
    """Return what git prints, None when it cannot tell (not a repository, another owner)."""
    done = subprocess.run(  # noqa: S603 - fixed arguments, no shell
        [git, "-C", str(PROJECT_ROOT), *arguments], capture_output=True, text=True, check=False, timeout=30
    )
    return done.stdout if done.returncode == 0 else None


def _source_hash() -> str:
    digest = hashlib.sha256()
    names = (
        path.relative_to(PROJECT_ROOT)
        for folder in _SOURCE_FOLDERS
        for path in (PROJECT_ROOT / folder).rglob("*")
        if path.suffix in _SOURCE_SUFFIXES and path.is_file()
    )
    for name in sorted(one for one in names if not _NOT_SOURCE.intersection(one.parts)):
        digest.update(f"{name.as_posix()}\0".encode())
        digest.update(hashlib.sha256((PROJECT_ROOT / name).read_bytes()).digest())
    return digest.hexdigest()


def _file_facts(path: Path) -> dict[str, Any]:
    return {"rows": pq.read_metadata(path).num_rows, "sha256": file_sha256(path)}


def _snapshot(snapshot: SealedSnapshot, *, is_own: bool) -> dict[str, Any]:
    """The id stands for the whole content; the day's own tables are listed one by one as well."""
    told: dict[str, Any] = {
        "as_of": snapshot.as_of.isoformat(),
        "snapshot_id": snapshot.snapshot_id,
        "version": snapshot.version,
        "source": snapshot.source,
        "rows": snapshot.rows,
        "quarantined_rows": snapshot.quarantined_rows,
    }
    if is_own:
        told["tables"] = {
            name: {"rows": table.rows, "logical_hash": table.logical_hash}
            for name, table in sorted(snapshot.tables.items())
            if table.is_present
        }
    return told


def _checks(verdicts: Sequence[Verdict]) -> dict[str, Any]:
    return {
        "evaluated": len(verdicts),
        "by_kind": dict(sorted(Counter(verdict.kind for verdict in verdicts).items())),
        "failed": [
            {"asset": one.asset, "check": one.check, "severity": one.severity, "detail": one.detail}
            for one in sorted(verdicts, key=lambda verdict: verdict.key)
            if not one.is_passed
        ],
    }


def _solver_runs(candidate: Candidate) -> list[dict[str, Any]]:
    if "solver_run" not in candidate.tables:
        return []
    table = read_arrow(candidate.tables["solver_run"])
    rows: list[dict[str, Any]] = table.select(
        [name for name in _SOLVER_COLUMNS if name in table.column_names]
    ).to_pylist()
    return [{key: _number(value) for key, value in row.items()} for row in rows]


def _number(value: Any) -> Any:
    """A decimal as the number it is; everything else as it came."""
    return value if value is None or isinstance(value, str | bool | int | float) else float(value)
