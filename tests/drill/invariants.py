"""What must hold after anything that went wrong: the five invariants, each fault told in a sentence.

I1 the pointer names a whole release, and all its tables agree on it. I2 every hash of its manifest is that
of its rows. I3 the ledger's chain is whole and tells of what is there. I4 the run after it makes what an
undisturbed one makes, to the byte. I5 nothing is left over: no process, no lock, no temporary file.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow.compute as pc

from orchestration.lake.hashing import logical_hash
from orchestration.lake.ledger import Ledger
from orchestration.lake.manifests import sealed_snapshots
from orchestration.lake.parquet import read_arrow
from orchestration.lake.paths import Lake
from orchestration.publish.candidate import content_hash
from orchestration.publish.shelf import Release, pointed_id, releases


@dataclass(frozen=True)
class Home:
    """What an undisturbed installation came to, to hold a disturbed one against.

    `files`: hash of the bytes of every table of every release, by "release/table".
    """

    pointer: str
    files: Mapping[str, str]
    snapshots: frozenset[str]

    @property
    def releases(self) -> set[str]:
        """Ids of all its releases."""
        return {name.partition("/")[0] for name in self.files}

    @classmethod
    def of(cls, home: Path) -> Home:
        """Read an installation."""
        lake = Lake(home)
        files = {
            f"{one.release_id}/{name}": hashlib.sha256(path.read_bytes()).hexdigest()
            for one in releases(lake)
            for name, path in one.tables.items()
        }
        return cls(pointed_id(lake), files, frozenset(one.snapshot_id for one in sealed_snapshots(lake)))


def after_a_death(home: Path, pointers: Collection[str], known: Collection[str]) -> list[str]:
    """Faults of an installation right after something died in it.

    `pointers`: what the pointer may name, the old release or the new one. `known`: all releases that an
    undisturbed installation has by now; no other may be on the shelf.
    """
    lake = Lake(home)
    shelf = {one.release_id: one for one in releases(lake)}
    faults = [f"I1 {one} is on the shelf and should not be" for one in sorted(set(shelf) - set(known))]
    pointer = pointed_id(lake)
    if pointer not in pointers:
        faults.append(f"I1 CURRENT names {pointer!r}, not one of {sorted(pointers)}")
    if pointer and pointer not in shelf:
        faults.append(f"I1 CURRENT names {pointer!r}, which is not on the shelf")
    # The two newest are the only ones that the dead process may have touched.
    for one in [shelf[name] for name in sorted(shelf)[-2:]] + [
        shelf[name] for name in {pointer} & set(shelf)
    ]:
        faults += _release_faults(one)
    faults += _door_faults(lake, shelf)
    verdict = Ledger(lake.ledger_file).verify(
        str(one.manifest["ledger_head"]) for one in shelf.values() if one.manifest.get("ledger_head")
    )
    if not verdict.is_intact and "unfinished" not in verdict.reason:
        faults.append(f"I3 {verdict.reason}")
    return faults


def when_done(home: Path, expected: Home) -> list[str]:
    """Faults of an installation after the run that follows a death went through."""
    lake, found = Lake(home), Home.of(home)
    faults = []
    if found.pointer != expected.pointer:
        faults.append(f"I4 CURRENT names {found.pointer!r}, undisturbed {expected.pointer!r}")
    if found.files != expected.files:
        other = sorted(set(found.files.items()) ^ set(expected.files.items()))
        faults.append(f"I4 tables differ from those of an undisturbed run: {other[:3]}")
    if found.snapshots != expected.snapshots:
        faults.append(f"I4 sealed: {sorted(found.snapshots ^ expected.snapshots)}")
    faults += [f"I1 {door}" for door in _lagging_doors(lake, found.pointer)]
    faults += _ledger_faults(lake, found)
    return faults + _left_overs(home)


def _release_faults(release: Release) -> list[str]:
    faults, hashes = [], {}
    for name, path in release.tables.items():
        table = read_arrow(path)
        ids = set(pc.unique(table.column("release_id")).to_pylist())
        if ids - {release.release_id} or table.num_rows != release.rows[name]:
            faults.append(f"I1 {release.release_id}/{name} holds {table.num_rows} rows of {sorted(ids)}")
        hashes[name] = logical_hash(table, ["release_id"])
        if hashes[name] != release.manifest["tables"][name]["logical_hash"]:
            faults.append(f"I2 {release.release_id}/{name} has not its manifest's hash")
    if content_hash(hashes) != release.content_hash:
        faults.append(f"I2 {release.release_id} has not its content hash")
    return faults


def _door_faults(lake: Lake, shelf: Mapping[str, Release]) -> list[str]:
    """Every door leads to one whole release, the old one or the new one."""
    led = {"current/": _linked(lake), "published.duckdb": _in_database(lake), "export/": _exported(lake)}
    return [f"I1 {door} leads to {name!r}" for door, name in led.items() if name and name not in shelf]


def _lagging_doors(lake: Lake, pointer: str) -> list[str]:
    led = {"current/": _linked(lake), "published.duckdb": _in_database(lake), "export/": _exported(lake)}
    return [f"{door} leads to {name!r}, not to {pointer}" for door, name in led.items() if name != pointer]


def _linked(lake: Lake) -> str:
    return lake.current_dir.resolve().parent.name if lake.current_dir.is_symlink() else ""


def _in_database(lake: Lake) -> str:
    """Which release the database holds; every table of it must say the same."""
    if not lake.published_database.exists():
        return ""
    with duckdb.connect(lake.published_database, read_only=True) as connection:
        tables = [row[0] for row in connection.execute("select table_name from duckdb_tables()").fetchall()]
        union = " union ".join(f'select release_id from "{name}"' for name in sorted(tables))
        return "+".join(sorted(row[0] for row in connection.execute(union).fetchall()))


def _exported(lake: Lake) -> str:
    told = lake.export_dir / "release.json"
    return str(json.loads(told.read_text())["release_id"]) if lake.export_dir.is_symlink() else ""


def _ledger_faults(lake: Lake, found: Home) -> list[str]:
    """The chain is whole, and every release and snapshot stands in it exactly once."""
    ledger = Ledger(lake.ledger_file)
    verdict = ledger.verify()
    if not verdict.is_intact:
        return [f"I3 {verdict.reason}"]
    # Of what retention removed the ledger still tells.
    gone = [event.subject.partition(":") for event in ledger.events("retention")]
    told = {
        family: Counter(event.subject for event in ledger.events(family) if event.event_type == kind)
        for family, kind in (("release", "published"), ("snapshot", "sealed"))
    }
    faults = []
    for family, there in (("release", found.releases), ("snapshot", found.snapshots)):
        removed = {name for kind, _, name in gone if kind == family}
        if set(told[family]) != there | removed or set(told[family].values()) - {1}:
            faults.append(f"I3 the ledger tells of {family}s {dict(told[family])}, there are {sorted(there)}")
    return faults


def _left_overs(home: Path) -> list[str]:
    left = [
        str(path.relative_to(home))
        for path in home.rglob(".*")
        if path.name.endswith(".tmp") or path.name.startswith((".unfinished-", ".aside-"))
    ]
    held = []
    for lock in (*home.glob("locks/*"), home / "seal.lock", home / "releases" / ".lock"):
        if lock.exists() and not _is_free(lock):
            held.append(lock.name)
    return [f"I5 left over: {name}" for name in left] + [f"I5 still locked: {name}" for name in held]


def _is_free(lock: Path) -> bool:
    descriptor = os.open(lock, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True


def living_in_group(group: int) -> list[int]:
    """Processes of a process group that still live; zombies wait for their parent only."""
    living = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[2]) == group and fields[0] != "Z":
            living.append(int(folder.name))
    return living
