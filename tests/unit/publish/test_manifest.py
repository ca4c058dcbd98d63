"""The manifest's facts, and what follows from them: which releases no longer stand on the newest inputs."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from typing import Any

import pyarrow as pa

from orchestration.lake.manifests import SealedSnapshot, latest_versions, write_manifest
from orchestration.publish.candidate import build_candidate
from orchestration.publish.manifest import code_version, manifest_facts
from orchestration.publish.release import PublishOutcome, previous_release, stale_releases
from orchestration.publish.verdicts import Verdict
from tests.unit.publish.release_lake import DAY, NEXT_DAY, ReleaseLake

SNAPSHOT = SealedSnapshot(DAY, "a" * 16, 1, "files", {}, None)


def _seal(shop: ReleaseLake, as_of: date, version: int = 1) -> None:
    name = f"{as_of:%Y%m%d}{version:08}"
    write_manifest(replace(SNAPSHOT, as_of=as_of, snapshot_id=name, version=version), {}, shop.lake)


def _facts(shop: ReleaseLake, as_of: date) -> dict[str, Any]:
    before = previous_release(shop.lake, as_of)
    return manifest_facts(
        snapshots=latest_versions(shop.lake, until=as_of),
        earlier_releases=[before] if before else [],
        ledger_head=shop.ledger.head(),
        settings=shop.settings,
        verdicts=[],
        candidate=shop.candidate(as_of),
    )


def _publish(shop: ReleaseLake, as_of: date, units: float = 4.0) -> PublishOutcome:
    facts = _facts(shop, as_of)
    return shop.publish(as_of, units, facts)


def _stale(shop: ReleaseLake) -> list[tuple[date, str]]:
    return [(release.as_of, reason) for release, reason in stale_releases(shop.lake)]


def test_the_facts_name_inputs_code_settings_checks_and_solver_runs(shop: ReleaseLake) -> None:
    runs = pa.table(
        {
            "optimisation_model": ["network", "network"],
            "batch_id": ["0", "1"],
            "solver_status": ["OPTIMAL", "FAILED"],
            "objective": [1.5, float("nan")],
            "relative_gap": [0.0, float("inf")],
        }
    )
    candidate = build_candidate(shop.lake, DAY, {}, {"solver_run": runs})
    failed = Verdict("kpi", "row_count_change", "expectation", False, "WARN", None, "half of it", "look")
    facts = manifest_facts(
        snapshots=[SNAPSHOT],
        earlier_releases=[],
        ledger_head="0" * 64,
        settings=shop.settings,
        verdicts=[failed],
        candidate=candidate,
        seeds={"demo": 7},
        run={"run_id": "r", "started": DAY},
    )
    assert json.loads(json.dumps(facts, allow_nan=False)) == facts
    assert facts["snapshots"][0]["snapshot_id"] == SNAPSHOT.snapshot_id
    assert facts["snapshots"][0]["tables"] == {}
    assert facts["config_hash"] == shop.settings.decision_hash()
    assert facts["code"] == code_version()
    assert len(facts["code"]["source_hash"]) == 64
    assert facts["packages"]["pyarrow"] == pa.__version__
    assert facts["checks"]["by_kind"] == {"expectation": 1}
    assert facts["checks"]["failed"][0]["detail"] == "half of it"
    assert facts["solver_runs"][1]["solver_status"] == "FAILED"
    assert facts["solver_runs"][1]["objective"] is None
    assert (facts["seeds"], facts["run"]) == ({"demo": 7}, {"run_id": "r", "started": "2024-01-31"})


def test_a_release_on_the_newest_inputs_is_not_stale(shop: ReleaseLake) -> None:
    for as_of in (DAY, NEXT_DAY):
        _seal(shop, as_of)
        _publish(shop, as_of)
    assert _stale(shop) == []


def test_a_date_that_comes_late_makes_the_later_releases_stale(shop: ReleaseLake) -> None:
    _seal(shop, NEXT_DAY)
    _publish(shop, NEXT_DAY)
    _seal(shop, DAY)
    assert _stale(shop) == [
        (NEXT_DAY, "snapshot 2024013100000001 of 2024-01-31 (version 1) was sealed after it")
    ]
    late = _publish(shop, DAY).release
    assert [reason.split("; ")[1] for _, reason in _stale(shop)] == [
        f"release {late.release_id} was published after it"
    ]
    assert _publish(shop, NEXT_DAY, units=5.0).release.number == 2
    assert _stale(shop) == []


def test_a_corrected_snapshot_makes_its_own_release_and_the_later_ones_stale(shop: ReleaseLake) -> None:
    for as_of in (DAY, NEXT_DAY):
        _seal(shop, as_of)
        _publish(shop, as_of)
    _seal(shop, DAY, version=2)
    assert [as_of for as_of, _ in _stale(shop)] == [DAY, NEXT_DAY]


def test_a_re_run_with_the_same_content_confirms_the_release(shop: ReleaseLake) -> None:
    for as_of in (DAY, NEXT_DAY):
        _seal(shop, as_of)
        _publish(shop, as_of)
    _seal(shop, DAY, version=2)
    assert [_publish(shop, as_of).state for as_of in (DAY, NEXT_DAY)] == ["unchanged", "unchanged"]
    assert _stale(shop) == []
