"""What a release was made of, laid out in an empty home, and how two makings of it differ.

The home gets what the manifest names and nothing later: those snapshots, the earlier releases that
were there, the ledger up to the event where reading ended. Files are linked, not copied; whoever
runs in that home writes beside them. Running is `orchestration.reproduce`'s part.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from optimization.errors import StockplanError
from orchestration.evidence.releases.table_changes import TableChanges, table_changes
from orchestration.evidence.table_keys import table_key
from orchestration.lake.hashing import logical_hash
from orchestration.lake.ledger import Ledger
from orchestration.lake.manifests import SealedSnapshot, sealed_snapshots
from orchestration.lake.parquet import copy_file, read_arrow
from orchestration.lake.paths import Lake
from orchestration.lake.sealed_files import sealed_file_fault
from orchestration.publish.manifest import code_version, package_versions
from orchestration.publish.read_point import read_point
from orchestration.publish.shelf import Release, releases
from orchestration.settings import Settings


class ReproductionError(StockplanError):
    """A release cannot be made again; the message says what is missing and where to get it."""


@dataclass(frozen=True)
class Circumstance:
    """Something that was otherwise when the release was made: `then` and `now`."""

    what: str
    then: str
    now: str

    def __str__(self) -> str:
        return f"{self.what}: was {self.then}, is {self.now}"


@dataclass(frozen=True)
class Reproduction:
    """The release beside its second making.

    `differing`: what changed in each table whose hash is another. `missing`, `extra`: tables that only
    the release, only the second making has. `borders`: tables between dbt and the science whose bytes
    are others, which is where a difference began.
    """

    release_id: str
    n_tables: int
    circumstances: tuple[Circumstance, ...]
    differing: tuple[TableChanges, ...]
    missing: tuple[str, ...]
    extra: tuple[str, ...]
    borders: tuple[str, ...]

    @property
    def is_equal(self) -> bool:
        """Whether every published table has the hash of the manifest."""
        return not (self.differing or self.missing or self.extra)

    @property
    def n_equal(self) -> int:
        """Tables with the same hash."""
        return self.n_tables - len(self.differing) - len(self.missing)


def circumstances(release: Release, settings: Settings) -> tuple[Circumstance, ...]:
    """Return what differs between the installation and the one that made `release`."""
    ours = {
        "code": code_version(),
        "packages": package_versions(),
        "config_hash": settings.decision_hash(),
        "settings": settings.deciding(),
        "seeds": {"demo": settings.source.demo_seed},
    }
    return _made_with(release.manifest, ours)


def recorded_differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Circumstance, ...]:
    """Return what two manifests were made from and with, where it differs."""

    def inputs(manifest: Mapping[str, Any]) -> dict[str, str]:
        own = manifest.get("snapshots") or [{}]
        tables = own[-1].get("tables", {})
        read = [one["release_id"] for one in manifest.get("earlier_releases", [])]
        return {
            "business date": str(manifest.get("as_of")),
            "snapshot": str(own[-1].get("snapshot_id")),
            "earlier releases": ", ".join(read) or "none",
            "ledger read up to event": str((manifest.get("ledger_read") or {}).get("seq")),
            **{
                f"table {name}": f"{one['rows']:,} rows {one['logical_hash'][:8]}"
                for name, one in tables.items()
            },
        }

    return (*_differences("input", inputs(before), inputs(after)), *_made_with(before, after))


def _made_with(then: Mapping[str, Any], now: Mapping[str, Any]) -> tuple[Circumstance, ...]:
    """Code, packages, settings and seeds of two makings, where they differ."""
    found = []
    code, ours = then.get("code") or {}, now.get("code") or {}
    if code.get("source_hash") != ours.get("source_hash"):
        found.append(Circumstance("source code", _commit(code), _commit(ours)))
    found += _differences("package", then.get("packages", {}), now.get("packages", {}))
    if then.get("config_hash") != now.get("config_hash"):
        recorded, held = then.get("settings"), now.get("settings")
        if recorded is None or held is None:
            pair = (str(one.get("config_hash"))[:12] for one in (then, now))
            found.append(Circumstance("settings (hash)", *pair))
        else:
            found += _differences("setting", _flat(recorded), _flat(held))
    return (*found, *_differences("seed", then.get("seeds", {}), now.get("seeds", {})))


def lay_out_inputs(release: Release, lake: Lake, scratch: Lake) -> None:
    """Put into the empty home `scratch` what `release` was made of.

    Raises `ReproductionError` for a snapshot, file, earlier release or ledger event that is no longer
    there or no longer the one that was read.
    """
    known = {one.snapshot_id: one for one in sealed_snapshots(lake)}
    for read in release.manifest["snapshots"]:
        snapshot = known.get(read["snapshot_id"])
        if snapshot is None:
            raise ReproductionError(
                f"snapshot {read['snapshot_id']} of {read['as_of']}, which {release.release_id} has read, is "
                "not in the lake; restore it from a copy"
            )
        _lay_out_snapshot(snapshot, lake, scratch)
    scratch.releases_dir.mkdir(parents=True)
    for earlier in _shelf_then(release, lake):
        (scratch.releases_dir / earlier.release_id).symlink_to(earlier.folder.resolve())
    cut_ledger(release, Ledger(lake.ledger_file), scratch.ledger_file)


def cut_ledger(release: Release, ledger: Ledger, target: Path) -> int:
    """Copy the ledger up to the event where `release` stopped reading; return how many events that is."""
    last, head = read_point(release, ledger)
    if last and ledger.seq_of(head) != last:
        raise ReproductionError(
            f"event {last} of the ledger is not the one that {release.release_id} has read; run "
            "`stockplan audit verify` and restore the ledger from a copy"
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("wb") as file:
        if last:
            with ledger.path.open("rb") as source:
                for _ in range(last):
                    file.write(next(source))
    return last


def compare(
    release: Release,
    again: Mapping[str, Path],
    borders_again: Mapping[str, Any],
    before: tuple[Circumstance, ...],
) -> Reproduction:
    """Hold the second making against `release`: its tables' files by name, its borders as in a manifest."""
    told = release.manifest["tables"]
    money = money_columns(release)
    differing = []
    for name in sorted(told):
        if name not in again:
            continue
        made = read_arrow(again[name])
        if logical_hash(made, exclude=["release_id"]) != told[name]["logical_hash"]:
            shelved = read_arrow(release.table(name))
            differing.append(table_changes(name, shelved, made, table_key(name), money.get(name, ())))
    recorded = release.manifest.get("borders", {})
    return Reproduction(
        release_id=release.release_id,
        n_tables=len(told),
        circumstances=before,
        differing=tuple(differing),
        missing=tuple(sorted(set(told) - set(again))),
        extra=tuple(sorted(set(again) - set(told))),
        borders=tuple(
            name
            for name, facts in recorded.items()
            if borders_again.get(name, {}).get("sha256") != facts["sha256"]
        ),
    )


def money_columns(release: Release) -> dict[str, set[str]]:
    """Return the columns in money per published table, as the release's own dictionary says."""
    found: dict[str, set[str]] = {}
    if "data_dictionary" not in release.tables:
        return found
    told = read_arrow(release.table("data_dictionary")).select(["layer", "table_name", "column_name", "unit"])
    for row in told.to_pylist():
        if row["layer"] == "published" and (row["unit"] or "").startswith("money"):
            found.setdefault(row["table_name"], set()).add(row["column_name"])
    return found


def _lay_out_snapshot(snapshot: SealedSnapshot, lake: Lake, scratch: Lake) -> None:
    """Link the sealed files, each held against its hash first, and copy the manifest that names them."""
    for table in snapshot.tables.values():
        if not table.is_present:
            continue
        fault = sealed_file_fault(lake.root / table.file, table.sha256, table.logical_hash)
        if fault:
            raise ReproductionError(
                f"{table.name} of snapshot {snapshot.snapshot_id} ({snapshot.as_of}) {fault}; restore "
                f"{table.file} from a copy"
            )
        _link(table.file, lake, scratch)
    if snapshot.quarantine_file:
        _link(snapshot.quarantine_file, lake, scratch)
    manifest = lake.snapshot_manifest(snapshot.as_of, snapshot.snapshot_id)
    copy_file(manifest, scratch.snapshot_manifest(snapshot.as_of, snapshot.snapshot_id))


def _shelf_then(release: Release, lake: Lake) -> Iterable[Release]:
    """The earlier dates' releases as the run found them: those it names, and others that were there."""
    ledger = Ledger(lake.ledger_file)
    last, _ = read_point(release, ledger)
    published = {
        event.subject: event.seq for event in ledger.events("release") if event.event_type == "published"
    }
    shelf = {one.release_id: one for one in releases(lake)}
    named: dict[date, str] = {}
    for read in release.manifest["earlier_releases"]:
        earlier = shelf.get(read["release_id"])
        if earlier is None or earlier.content_hash != read["content_hash"]:
            raise ReproductionError(
                f"release {read['release_id']}, which {release.release_id} has read, is not on the shelf as "
                "it was; restore it from a copy"
            )
        named[earlier.as_of] = earlier.release_id
    for one in shelf.values():
        was_there = published.get(one.release_id, last + 1) <= last and one.as_of < release.as_of
        if named.get(one.as_of) == one.release_id or (was_there and one.as_of not in named):
            yield one


def _link(relative: str, lake: Lake, scratch: Lake) -> None:
    path = scratch.root / relative
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to((lake.root / relative).resolve())


def _differences(what: str, then: Mapping[str, Any], now: Mapping[str, Any]) -> list[Circumstance]:
    return [
        Circumstance(f"{what} {name}", _told(then.get(name)), _told(now.get(name)))
        for name in sorted({*then, *now})
        if then.get(name) != now.get(name)
    ]


def _told(value: Any) -> str:
    return "none" if value is None else str(value)


def _commit(code: Mapping[str, Any]) -> str:
    commit = str(code.get("git_commit") or "no commit")[:12]
    dirty = " with changes" if code.get("is_dirty") else ""
    return f"{commit}{dirty} (source {str(code.get('source_hash'))[:12]})"


def _flat(content: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Settings under their dotted names.

    >>> _flat({"policy": {"review_days": 7}})
    {'policy.review_days': 7}
    """
    flat: dict[str, Any] = {}
    for name, value in content.items():
        if isinstance(value, Mapping):
            flat |= _flat(value, f"{prefix}{name}.")
        else:
            flat[f"{prefix}{name}"] = value
    return flat
