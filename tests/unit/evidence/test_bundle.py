"""A bundle of evidence: the same release gives the same bytes, and whatever is changed in it is found."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from orchestration.evidence.releases.bundle import BundleError, verify_bundle, write_bundle
from orchestration.lake.paths import Lake
from orchestration.publish.candidate import build_candidate
from orchestration.publish.release import publish
from orchestration.publish.shelf import Release
from orchestration.settings import Settings
from tests.unit.publish.release_lake import DAY, NEXT_DAY, ReleaseLake

CHECKS = pa.table({"asset": ["policy"], "check_name": ["is_key"], "is_passed": [True]})
Files = dict[str, bytes]


@pytest.fixture
def shop(tmp_path: Path) -> ReleaseLake:
    return ReleaseLake(Lake(tmp_path / "lake"), Settings())


@pytest.fixture
def release(shop: ReleaseLake) -> Release:
    shop.ledger.append(
        "policy", "proposed", subject="A/L", business_date=DAY, actor="ann", payload={"value": 1.0}
    )
    facts = {"ledger_head": shop.ledger.head(), "ledger_read": {"seq": 1, "head": shop.ledger.head()}}
    candidate = build_candidate(shop.lake, DAY, {}, {"check_result": CHECKS, "kpi": CHECKS})
    made = publish(candidate, facts, None, shop.lake, shop.ledger, shop.settings, actor="test").release
    shop.publish(NEXT_DAY)
    return made


def _rewritten(source: Path, target: Path, change: Callable[[Files], None], with_index: bool) -> Path:
    with zipfile.ZipFile(source) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    change(files)
    if with_index:
        index = json.loads(files["index.json"])
        index["files"] = {
            name: {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
            for name, content in files.items()
            if name != "index.json"
        }
        files["index.json"] = json.dumps(index).encode()
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return target


def test_a_bundle_is_the_same_whenever_it_is_written_and_ends_with_the_publication(
    shop: ReleaseLake, release: Release, tmp_path: Path
) -> None:
    first = write_bundle(release, shop.lake, tmp_path / "a.zip")
    shop.ledger.append("policy", "proposed", subject="later", business_date=DAY, actor="ann", payload={})
    second = write_bundle(release, shop.lake, tmp_path / "b.zip")
    assert first == second == hashlib.sha256((tmp_path / "b.zip").read_bytes()).hexdigest()
    report = verify_bundle(tmp_path / "a.zip")
    assert report.faults == ()
    assert report.release_id == release.release_id
    assert report.n_events == 2
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        assert archive.namelist() == sorted(archive.namelist())
        assert "tables/check_result.parquet" in archive.namelist()
        assert b"later" not in archive.read("ledger.jsonl")


@pytest.mark.parametrize(
    "name", ["manifest.json", "ledger.jsonl", "sealed_files.json", "tables/check_result.parquet"]
)
def test_a_byte_that_is_changed_or_a_file_that_is_gone_is_found(
    shop: ReleaseLake, release: Release, tmp_path: Path, name: str
) -> None:
    write_bundle(release, shop.lake, tmp_path / "a.zip")

    def flip(files: Files) -> None:
        content = bytearray(files[name])
        content[len(content) // 2] ^= 1
        files[name] = bytes(content)

    changed = verify_bundle(_rewritten(tmp_path / "a.zip", tmp_path / "b.zip", flip, with_index=False))
    assert any(name in fault for fault in changed.faults)
    gone = _rewritten(tmp_path / "a.zip", tmp_path / "c.zip", lambda files: files.pop(name), with_index=False)  # type: ignore[arg-type, return-value]
    assert f"{name} is missing" in verify_bundle(gone).faults


def test_an_index_that_was_made_to_fit_does_not_hide_another_table_or_manifest(
    shop: ReleaseLake, release: Release, tmp_path: Path
) -> None:
    write_bundle(release, shop.lake, tmp_path / "a.zip")

    def other_table(files: Files) -> None:
        sink = pa.BufferOutputStream()
        pq.write_table(CHECKS.set_column(2, "is_passed", pa.array([False])), sink)
        files["tables/check_result.parquet"] = sink.getvalue().to_pybytes()

    def other_manifest(files: Files) -> None:
        manifest = json.loads(files["manifest.json"])
        manifest["content_hash"] = "0" * 64
        files["manifest.json"] = json.dumps(manifest).encode()

    def shorter_ledger(files: Files) -> None:
        files["ledger.jsonl"] = files["ledger.jsonl"].splitlines(keepends=True)[0]

    for change, told in (
        (other_table, "has not the rows' hash"),
        (other_manifest, "not the one whose publication"),
        (shorter_ledger, "ends with another event"),
    ):
        forged = _rewritten(tmp_path / "a.zip", tmp_path / "b.zip", change, with_index=True)
        assert any(told in fault for fault in verify_bundle(forged).faults), told


def test_what_is_no_bundle_is_said_to_be_none(tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(b"nothing of the kind")
    with pytest.raises(BundleError, match="not a readable bundle"):
        verify_bundle(tmp_path / "x.zip")
