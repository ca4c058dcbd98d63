"""What a drill's processes do: each function works on one home and returns plain JSON content."""

from __future__ import annotations

import importlib
import resource
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import psycopg
from pandera.pandas import Check

from orchestration.contracts.arrow import arrow_schema
from orchestration.contracts.raw import RAW_TABLES
from orchestration.evidence.releases.retention import apply_retention, plan_retention
from orchestration.publish.manifest import code_version, package_versions
from orchestration.publish.release import ReleaseError, releases
from orchestration.publish.release import repair as repair_lake
from orchestration.publish.release import roll_back as roll_back_lake
from orchestration.publish.serving.schema import init
from orchestration.publish.staleness import stale_releases
from orchestration.settings import RetentionSettings
from tests.drill.miniature import Miniature, MiniatureSource

Editions = Mapping[str, int]
_NEEDED = ("duckdb", "pyarrow.acero", "pyarrow.csv", "pyarrow.dataset", "pandera.typing")


def warm_up() -> None:
    """Import and remember what every job needs; nothing here may start a thread or open a file for long."""
    for module in _NEEDED:
        importlib.import_module(module)
    for contract in RAW_TABLES:
        contract.to_pandera()
        arrow_schema(contract)
    # pandera imports what a check of a column needs when the first one is made.
    Check.gt(0)(pd.Series([1.0]))
    code_version()
    package_versions()
    _ = Miniature(Path("/"), MiniatureSource({})).settings


def miniature(home: Path, editions: Editions, serving: str | None = None) -> Miniature:
    """Return the installation at `home`; `serving` is the address of its database."""
    source = MiniatureSource({date.fromisoformat(day): edition for day, edition in editions.items()})
    return Miniature(home, source, serving=serving)


def run(home: Path, day: str, editions: Editions, serving: str | None = None) -> dict[str, Any]:
    """Run one business date."""
    outcome = miniature(home, editions, serving).run(date.fromisoformat(day))
    return {
        "state": outcome.state,
        "release_id": outcome.release.release_id,
        "content_hash": outcome.release.content_hash,
        "is_current": outcome.is_current,
    }


def run_all(home: Path, days: list[str], editions: Editions, serving: str | None = None) -> dict[str, Any]:
    """Run business dates one after the other, as a backfill does."""
    return {"ran": [run(home, day, editions, serving) for day in days]}


def run_stale(home: Path, editions: Editions, serving: str | None = None) -> dict[str, Any]:
    """Run the stale dates again in date order, until none is."""
    ran: list[str] = []
    while stale := stale_releases(miniature(home, editions).lake):
        day = stale[0][0].as_of.isoformat()
        if len(ran) > 100:
            return {"error": "Endless", "message": f"{day} stays stale: {stale[0][1]}"}
        ran.append(run(home, day, editions, serving)["release_id"])
    return {"ran": ran}


def run_short_of_disk(
    home: Path, most_bytes: int, day: str, editions: Editions, serving: str | None = None
) -> dict[str, Any]:
    """Run one business date where no file may grow beyond so many bytes."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, resource.RLIM_INFINITY))
    return run(home, day, editions, serving)


def repair(home: Path) -> dict[str, Any]:
    """Finish what a crash left undone."""
    one = Miniature(home, MiniatureSource({}))
    return {"done": repair_lake(one.lake, one.settings)}


def roll_back(home: Path) -> dict[str, Any]:
    """Lead readers to the first release; after a death they may be there already."""
    one = Miniature(home, MiniatureSource({}))
    target = releases(one.lake)[0].release_id
    try:
        roll_back_lake(target, "drill", one.actor, one.lake, one.settings)
    except ReleaseError as error:
        if "already" not in str(error):
            raise
    return {"release_id": target}


def retire(home: Path, keep_days: int) -> dict[str, Any]:
    """Remove what is older than so many days."""
    one = Miniature(home, MiniatureSource({}), actor="retention")
    keep = RetentionSettings(
        raw_days=keep_days, release_days=keep_days, work_days=keep_days, least_releases=1
    )
    plan = plan_retention(one.lake, keep)
    return {"removed": apply_retention(one.lake, one.ledger, plan.removals, one.actor)}


def make_schema(home: Path, address: str) -> dict[str, Any]:
    """Make the schema of a serving database, or bring it up."""
    with psycopg.connect(address, autocommit=True) as connection:
        return {"changed": init(connection)}


def keep_scenario(home: Path) -> dict[str, Any]:
    """Put the outcome of a scenario onto its shelf; what it is made of is not what this drill asks."""
    from optimization.planning.scenario import Scenario
    from orchestration.evidence import scenarios
    from orchestration.publish.shelf import release_named

    one = Miniature(home, MiniatureSource({}))
    release = release_named(one.lake, None)
    frame = pd.DataFrame({"cost": [1.0, 2.0]})
    outcome = SimpleNamespace(by_scope=frame, series=frame, scenario=Scenario(name="drill"))
    baseline = SimpleNamespace(parameters="none", item_location=frame, quarantined=0)
    kept = scenarios._keep(outcome, "drill-scenario", baseline, release, one.lake)  # type: ignore[arg-type]
    return {"scenario_id": kept.scenario_id}
