"""What `stockplan doctor` looks at: each finding says what was found and how to repair it."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterable
from pathlib import Path

from pydantic import ValidationError

from orchestration.cli.console import setting_faults
from orchestration.cli.diagnosis_service import service_findings
from orchestration.cli.packages import LOCK, pinned_packages, wrong_packages
from orchestration.findings import Finding
from orchestration.settings import PROJECT_ROOT, Settings

PYTHONS = ((3, 11), (3, 12), (3, 13))


def diagnose() -> list[Finding]:
    """Return every finding, in the order in which they should be repaired."""
    findings = [_python(), _packages()]
    try:
        settings = Settings()
    except ValidationError as error:
        told = "; ".join(setting_faults(error))
        repair = "correct stockplan.yaml or STOCKPLAN_* variables"
        return [*findings, Finding("settings", False, told, repair)]
    except ValueError as error:
        return [*findings, Finding("settings", False, str(error), "correct stockplan.yaml")]
    findings.append(Finding("settings", True, f"source {settings.source.connector}, home {settings.home}"))
    findings += [_home(settings), _disk(settings), _dbt(), *_telemetry()]
    findings.append(_source(settings))
    known = {one.found for one in findings}
    # A secret's file that is missing keeps more than one thing from working: it is told once.
    for one in service_findings(settings):
        if one.is_ok or one.found not in known:
            findings.append(one)
        known.add(one.found)
    return findings


def _python() -> Finding:
    found = sys.version_info[:2]
    return Finding(
        "python",
        found in PYTHONS,
        ".".join(map(str, sys.version_info[:3])),
        "use Python 3.11 to 3.13: rm -rf .venv && make setup PYTHON=python3.11",
    )


def _packages() -> Finding:
    count, wrong = len(pinned_packages(LOCK)), wrong_packages(LOCK)
    if not count:
        return Finding("packages", True, "installed without the lock")
    return Finding(
        "packages", not wrong, f"{count} as pinned" if not wrong else "; ".join(wrong[:5]), "make setup"
    )


def _home(settings: Settings) -> Finding:
    home = settings.home.resolve()
    try:
        home.mkdir(parents=True, exist_ok=True)
        probe = home / ".doctor"
        probe.write_text("")
        probe.unlink()
    except OSError as error:
        return Finding("folder", False, str(error), f"make {home} writable, or set STOCKPLAN_HOME")
    return Finding("folder", True, f"{home} is writable")


def _disk(settings: Settings) -> Finding:
    free_mb = shutil.disk_usage(_existing(settings.home.resolve())).free // 2**20
    least = settings.execution.min_free_disk_mb
    return Finding(
        "disk", free_mb >= least, f"{free_mb:,} MB free", f"free at least {least:,} MB; build/ may be deleted"
    )


def _existing(path: Path) -> Path:
    return path if path.exists() else _existing(path.parent)


def _dbt() -> Finding:
    from orchestration.project import dbt_project, is_manifest_fresh

    fresh = is_manifest_fresh()
    found = (
        "manifest is fresh"
        if fresh
        else f"{dbt_project.manifest_path.name} is missing or older than the models"
    )
    return Finding("dbt", fresh, found, "python -m orchestration.project")


def _telemetry() -> Iterable[Finding]:
    for name, wanted in (
        ("dagster.yaml", "telemetry:\n  enabled: false"),
        ("dbt_project/dbt_project.yml", "send_anonymous_usage_stats: false"),
    ):
        is_off = wanted in (PROJECT_ROOT / name).read_text(encoding="utf-8")
        yield Finding("telemetry", is_off, f"off in {name}" if is_off else f"on in {name}", f"restore {name}")


def _source(settings: Settings) -> Finding:
    from orchestration.ims.connector import CanBeChecked, SourceError
    from orchestration.ims.registry import open_connector

    try:
        connector = open_connector(settings, is_patient=False)
        dates = connector.business_dates()
        tables = f", {connector.check()} tables as mapped" if isinstance(connector, CanBeChecked) else ""
    except (SourceError, OSError, ValueError) as error:
        return Finding("source", False, str(error), "correct `source` in stockplan.yaml")
    if not dates:
        return Finding("source", False, "no business date", "deliver a first snapshot")
    return Finding("source", True, f"business dates {dates[0]} to {dates[-1]}, {len(dates)} of them{tables}")
