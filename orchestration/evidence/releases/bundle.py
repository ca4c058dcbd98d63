"""A release's evidence in one file, for whoever keeps it elsewhere, and the check of such a file.

The bundle holds copies, byte for byte: manifest, the tables of checks, decisions and meaning, the
manifests of the snapshots that were read, and the ledger up to the release's publication. Its
index states the hash of each. The same release gives the same bytes.
"""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from optimization.errors import StockplanError
from orchestration.lake.events import Chain, parse
from orchestration.lake.hashing import file_sha256, logical_hash
from orchestration.lake.ledger import GENESIS, Ledger
from orchestration.lake.manifests import sealed_snapshots
from orchestration.lake.parquet import write_file
from orchestration.lake.paths import Lake
from orchestration.lake.sealed_files import sealed_file_fault
from orchestration.publish.shelf import Release

BUNDLE_VERSION = 1
# Tables that tell what was checked, who decided, and what the others mean.
BUNDLED_TABLES = (
    "approval",
    "check_result",
    "data_dictionary",
    "demand_plan_approval",
    "lineage",
    "policy_change",
    "policy_override",
    "quarantine",
    "review_calendar",
    "solver_run",
)
_INDEX, _MANIFEST, _LEDGER = "index.json", "manifest.json", "ledger.jsonl"
# Zip's own oldest date: when a bundle was written is no part of it.
_NO_TIME = (1980, 1, 1, 0, 0, 0)
_MOST_BYTES = 4 * 2**30


@dataclass(frozen=True)
class BundleReport:
    """What the check of a bundle found; `head` is the hash of the last event in it."""

    release_id: str
    n_files: int
    n_events: int
    head: str
    faults: tuple[str, ...]


class BundleError(StockplanError):
    """A bundle cannot be written or read; the message says why."""


def write_bundle(release: Release, lake: Lake, out: Path) -> str:
    """Write the evidence of `release` to `out` and return the SHA-256 of the file.

    Raises `BundleError` when a snapshot that it has read is no longer in the lake.
    """
    files = _contents(release, lake)
    ledger = files[_LEDGER]
    chain, fault = _walk(ledger)
    index = {
        "bundle_version": BUNDLE_VERSION,
        "release_id": release.release_id,
        "as_of": release.as_of.isoformat(),
        "content_hash": release.content_hash,
        "ledger": {"n_events": chain.n_events, "head": chain.head, "is_intact": not fault, "reason": fault},
        "files": {
            name: {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
            for name, content in sorted(files.items())
        },
    }
    entries = sorted({**files, _INDEX: _json(index)}.items())
    write_file(out, lambda sibling: _write_archive(sibling, entries))
    return file_sha256(out)


def _write_archive(path: Path, entries: Sequence[tuple[str, bytes]]) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in entries:
            entry = zipfile.ZipInfo(name, _NO_TIME)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o444 << 16
            archive.writestr(entry, content, compresslevel=6)


def verify_bundle(path: Path) -> BundleReport:
    """Check a bundle by itself: every file against the index, the ledger's chain, the tables' hashes.

    What was exchanged together with the index is found where the ledger's event of the publication
    contradicts it; the ledger's head then is to be compared with one that was kept elsewhere. Raises
    `BundleError` for a file that is no bundle.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            names = [entry.filename for entry in archive.infolist()]
            if sum(entry.file_size for entry in archive.infolist()) > _MOST_BYTES:
                raise BundleError(f"{path} holds more than {_MOST_BYTES:,} bytes; it is no bundle of ours")
            files = {name: archive.read(name) for name in names}
        index = json.loads(files.pop(_INDEX))
        told = dict(index["files"])
        release_id = str(index["release_id"])
    except (OSError, KeyError, TypeError, ValueError, zipfile.BadZipFile) as error:
        raise BundleError(f"{path} is not a readable bundle ({error!r})") from error
    faults = [f"{name} stands in it twice" for name in sorted({one for one in names if names.count(one) > 1})]
    faults += [f"{name} is missing" for name in sorted(set(told) - set(files))]
    faults += [f"{name} is not in the index" for name in sorted(set(files) - set(told))]
    faults += [
        f"{name} has another hash than the index states"
        for name in sorted(set(told) & set(files))
        if hashlib.sha256(files[name]).hexdigest() != told[name]["sha256"]
    ]
    chain, fault = _walk(files.get(_LEDGER, b""))
    if fault:
        faults.append(f"the ledger: {fault}")
    elif chain.head != index["ledger"]["head"]:
        faults.append("the ledger ends with another event than the index states")
    faults += _witness_faults(files, release_id)
    return BundleReport(release_id, len(files), chain.n_events, chain.head, tuple(faults))


def _contents(release: Release, lake: Lake) -> dict[str, bytes]:
    files = {_MANIFEST: (release.folder / "manifest.json").read_bytes()}
    for name in BUNDLED_TABLES:
        if name in release.tables:
            files[f"tables/{name}.parquet"] = release.table(name).read_bytes()
    expectations = release.folder / "evidence" / "expectations.json"
    if expectations.is_file():
        files["evidence/expectations.json"] = expectations.read_bytes()
    files[_LEDGER] = _ledger_part(release, Ledger(lake.ledger_file))
    known = {one.snapshot_id: one for one in sealed_snapshots(lake)}
    sealed: dict[str, dict[str, Any]] = {}
    for read in release.manifest.get("snapshots", []):
        snapshot = known.get(read["snapshot_id"])
        if snapshot is None:
            raise BundleError(
                f"snapshot {read['snapshot_id']} of {read['as_of']}, which {release.release_id} has read, is "
                "not in the lake; restore it from a copy"
            )
        manifest = lake.snapshot_manifest(snapshot.as_of, snapshot.snapshot_id)
        files[f"snapshots/{snapshot.as_of}-{snapshot.snapshot_id}.json"] = manifest.read_bytes()
        for table in snapshot.tables.values():
            if table.is_present:
                path = lake.root / table.file
                fault = sealed_file_fault(path, table.sha256, table.logical_hash)
                sealed[table.file] = {
                    "sha256": file_sha256(path) if path.is_file() else None,
                    "rows_hash": table.logical_hash,
                    "rows": table.rows,
                    "fault": fault,
                }
    files["sealed_files.json"] = _json(sealed)
    return files


def _ledger_part(release: Release, ledger: Ledger) -> bytes:
    """The ledger's lines up to the event of the release's publication."""
    lines = []
    if ledger.path.exists():
        with ledger.path.open("rb") as source:
            for line in source:
                lines.append(line)
                if release.release_id.encode() in line and _is_publication(line, release.release_id):
                    break
    return b"".join(lines)


def _is_publication(line: bytes, release_id: str) -> bool:
    event = parse(line)
    return (event.family, event.event_type, event.subject) == ("release", "published", release_id)


def _walk(ledger: bytes) -> tuple[Chain, str]:
    """Recompute the chain; return it with the first fault, empty when there is none."""
    chain = Chain()
    for line in ledger.splitlines(keepends=True):
        fault = "is unfinished" if not line.endswith(b"\n") else chain.read(line[:-1])
        if fault:
            return chain, f"line {chain.n_events + 1} {fault}"
    return chain, ""


def _witness_faults(files: Mapping[str, bytes], release_id: str) -> list[str]:
    """Hold manifest and tables against the event of the publication."""
    try:
        manifest = json.loads(files[_MANIFEST])
        lines = files[_LEDGER].splitlines(keepends=True)
        event = next((parse(line) for line in reversed(lines) if _is_publication(line, release_id)), None)
        hashes = {name: one["logical_hash"] for name, one in manifest["tables"].items()}
        heads = {manifest.get("ledger_head"), (manifest.get("ledger_read") or {}).get("head")}
    except (KeyError, TypeError, ValueError) as error:
        return [f"manifest or ledger cannot be read ({error!r})"]
    faults = []
    if event is None:
        faults.append(f"the ledger holds no event of the publication of {release_id}")
    elif (
        event.payload.get("content_hash") != manifest["content_hash"]
        or event.payload.get("table_hashes") != hashes
    ):
        faults.append("the manifest is not the one whose publication the ledger witnesses")
    known = {GENESIS, None} | {parse(line).hash for line in lines}
    if heads - known:
        faults.append("the ledger lacks an event that the manifest names as read")
    for name, content in sorted(files.items()):
        if name.startswith("tables/"):
            table = Path(name).stem
            if _rows_hash(content) != hashes.get(table):
                faults.append(f"{name} has not the rows' hash of the manifest")
    return faults


def _rows_hash(content: bytes) -> str | None:
    try:
        return logical_hash(pq.ParquetFile(pa.BufferReader(content)).read(), exclude=["release_id"])
    except (pa.ArrowException, OSError, TypeError):
        return None


def _json(content: Any) -> bytes:
    return (json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False) + "\n").encode()
