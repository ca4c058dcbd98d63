"""Fault kinds of what Stockplan keeps and of the machine it runs on: disk, ledger, sealed files, releases."""

from __future__ import annotations

import errno
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from unittest.mock import patch

import pytest

from orchestration.lake.ledger import Ledger, LedgerBrokenError
from orchestration.lake.locks import day_lock
from orchestration.lake.manifests import latest_sealed
from orchestration.outcomes import Code, code_of
from orchestration.publish.release import ReleaseError, current_release, publish
from orchestration.publish.shelf import pointed_id, pointer_file, releases
from tests.faults.fault_ground import (
    BEFORE,
    DAY,
    Ending,
    Ground,
    another_user,
    flip,
    open_folder,
    release_tables,
    small_disk,
)
from tests.faults.fault_kinds import on_ground

DISK = "disk full"
DENIED = "read-only, refused or failing disk"
LEDGER = "the ledger"
SEALED = "sealed files"
RELEASE = "releases and doors"
RUNNING = "two at once, and the end of a process"


# --- the disk


@on_ground(DISK, Code.DISK_FULL, "nothing was begun")
def less_is_free_than_the_settings_demand(ground: Ground) -> Iterator[Ending]:
    execution = ground.settings.execution.model_copy(update={"min_free_disk_mb": 10**9})
    ground.changes["execution"] = execution
    yield ground.run_day()


@on_ground(DISK, Code.DISK_FULL, "3 times the current release", mends=False)
def less_is_free_than_three_releases_need(ground: Ground) -> Iterator[Ending]:
    large = releases(ground.lake)[-1].folder / "evidence.bin"
    free = shutil.disk_usage(ground.home).free
    with large.open("wb") as file:
        # A file with a hole takes no room and is as large as it says.
        file.truncate(free // 2)
    yield ground.run_day()
    large.unlink()


@on_ground(DISK, Code.DISK_FULL, "cannot be written")
def the_disk_is_full_at_any_write(ground: Ground) -> Iterator[Ending]:
    """From no room at all to nearly enough: each time another write is the one that fails."""
    with small_disk(8) as disk:
        if disk is None:
            yield _without_room(ground, ground.home.parent, map(_file_limit, _FILE_LIMITS))
        else:
            fills = (_filled(disk / "filler", disk, kibibytes) for kibibytes in _ROOM_KIBIBYTES)
            yield _without_room(ground, disk, fills)


# Room that is left on the disk, and sizes that no file may exceed, from nothing to nearly enough.
_ROOM_KIBIBYTES = (0, 16, 64, 160, 320, 640)
_FILE_LIMITS = (0, 256, 4096, 30_000)


def _without_room(ground: Ground, folder: Path, limits: Iterable[AbstractContextManager[None]]) -> Ending:
    """Run the date under each limit in a home of its own in `folder`; return the last that was refused."""
    _ask_for_no_room(ground)
    endings, said = set(), set()
    home = ground.home
    for limit in limits:
        here = folder / "short-of-room"
        shutil.copytree(home, here, symlinks=True)
        ground.home = here
        old = pointed_id(ground.lake)
        with patch("tests.faults.fault_ground.check_room"), limit:
            ending = ground.run_day()
        endings.add(ending.code)
        said.add(ending.text.split(" cannot be written")[0].rsplit("/", 1)[-1])
        # A disk that fills up after the release stands keeps only the doors back.
        assert (pointed_id(ground.lake) == old) == (ending.code == Code.DISK_FULL), ending
        assert not list(here.rglob(".*.tmp")), "a temporary file was left"
        assert Ledger(ground.lake.ledger_file).verify().is_intact
        # The room is back: the same date goes through.
        again = ground.run_day()
        assert again.code == Code.OK, (ending, again)
        shutil.rmtree(here)
        if ending.code == Code.DISK_FULL:
            told = ending
    ground.home = home
    assert {Code.DISK_FULL} < endings <= {Code.DISK_FULL, Code.OPENED_LAGS, Code.OK}, endings
    assert len(said) >= 3, f"there was no room at {said} only"
    return told


def _ask_for_no_room(ground: Ground) -> None:
    ground.changes["execution"] = ground.settings.execution.model_copy(update={"min_free_disk_mb": 0})


@contextmanager
def _filled(filler: Path, disk: Path, kibibytes: int) -> Iterator[None]:
    """Leave so many KiB free on the disk."""
    with filler.open("wb") as file:
        try:
            while (left := shutil.disk_usage(disk).free - kibibytes * 1024) > 0:
                file.write(bytes(min(left, 1 << 20)))
                file.flush()
        except OSError:
            pass
    try:
        yield
    finally:
        filler.unlink()


@on_ground(DISK, Code.DISK_FULL, "bytes of it were")
def files_may_not_grow_beyond_a_limit(ground: Ground) -> Iterator[Ending]:
    """What stands for the full disk where none may be mounted."""
    yield _without_room(ground, ground.home.parent, map(_file_limit, _FILE_LIMITS))


@contextmanager
def _file_limit(size: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@on_ground(DENIED, Code.STORAGE_DENIED, "Permission denied")
def the_home_may_not_be_written(ground: Ground) -> Iterator[Ending]:
    yield from _without_rights(ground, ground.home / "snapshots", 0o500)


@on_ground(DENIED, Code.STORAGE_DENIED, "Permission denied")
def the_ledger_may_not_be_written(ground: Ground) -> Iterator[Ending]:
    yield from _without_rights(ground, ground.lake.ledger_file, 0o400)


@on_ground(DENIED, Code.STORAGE_DENIED, "Permission denied")
def the_shelf_may_not_be_written(ground: Ground) -> Iterator[Ending]:
    yield from _without_rights(ground, ground.lake.releases_dir, 0o500)


@on_ground(DENIED, Code.SNAPSHOT_UNREADABLE, "Permission denied")
def a_delivered_file_may_not_be_read(ground: Ground) -> Iterator[Ending]:
    yield from _without_rights(ground, ground.file("item"), 0o000)


def _without_rights(ground: Ground, path: Path, mode: int) -> Iterator[Ending]:
    """Run as a user who may do with `path` what `mode` lets its owner do."""
    home, inbox = ground.home, ground.inbox
    _ask_for_no_room(ground)
    with open_folder() as disk:
        for folder in (home, inbox):
            shutil.copytree(folder, disk / folder.name, symlinks=True)
        there = disk / path.relative_to(home.parent)
        before = there.stat().st_mode
        with another_user(disk):
            ground.home, ground.inbox = disk / home.name, disk / inbox.name
            there.chmod(mode)
            ending = ground.run_day()
            there.chmod(before)
            again = ground.run_day()
            assert again.code == Code.OK, (ending, again)
    ground.home, ground.inbox = home, inbox
    yield ending


@on_ground(DENIED, Code.STORAGE_FAULT, "the disk failed")
def the_disk_fails_to_flush(ground: Ground) -> Iterator[Ending]:
    real = os.fsync

    def fails(descriptor: int) -> None:
        if ".parquet." in str(Path(f"/proc/self/fd/{descriptor}").readlink()):
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        real(descriptor)

    with patch("os.fsync", fails):
        ending = ground.run_day()
    assert not list(ground.home.rglob(".*.tmp"))
    yield ending


@on_ground(DENIED, Code.STORAGE_FAULT, "the disk failed")
def the_disk_fails_to_flush_the_ledger(ground: Ground) -> Iterator[Ending]:
    real, size = os.fsync, ground.lake.ledger_file.stat().st_size

    def fails(descriptor: int) -> None:
        if str(Path(f"/proc/self/fd/{descriptor}").readlink()) == str(ground.lake.ledger_file):
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        real(descriptor)

    with patch("os.fsync", fails):
        ending = ground.run_day()
    assert ground.lake.ledger_file.stat().st_size == size, "nothing that was not acknowledged stays"
    yield ending


@on_ground(DENIED, Code.STORAGE_FAULT, "releases", keeps=False)
def a_file_lies_where_the_shelf_belongs(ground: Ground) -> Iterator[Ending]:
    aside = ground.home / "aside"
    ground.lake.releases_dir.rename(aside)
    ground.lake.releases_dir.write_text("?")
    yield ground.run_day()
    ground.lake.releases_dir.unlink()
    aside.rename(ground.lake.releases_dir)


# --- the ledger


@on_ground(LEDGER, Code.LEDGER_BROKEN, "restore the ledger from a copy", keeps=False)
def a_line_of_the_ledger_was_edited(ground: Ground) -> Iterator[Ending]:
    yield from _ledger_as(ground, lambda content: content.replace(b'"actor":"drill"', b'"actor":"crook"', 1))


@on_ground(LEDGER, Code.LEDGER_BROKEN, "restore the ledger from a copy", keeps=False)
def a_line_of_the_ledger_was_deleted(ground: Ground) -> Iterator[Ending]:
    yield from _ledger_as(ground, lambda content: b"".join(content.splitlines(keepends=True)[1:]))


@on_ground(LEDGER, Code.LEDGER_BROKEN, "restore the ledger from a copy", keeps=False)
def the_ledger_holds_bytes_that_are_no_text(ground: Ground) -> Iterator[Ending]:
    yield from _ledger_as(ground, lambda content: b"\xff\xfe\x00garbage\n" + content)


@on_ground(LEDGER, Code.LEDGER_BROKEN, "was cut off", keeps=False)
def the_end_of_the_ledger_was_cut_off(ground: Ground) -> Iterator[Ending]:
    """A chain alone cannot show it; the head that the release recorded can."""
    shutil.copytree(ground.home, ground.home.parent / "kept", symlinks=True)
    whole = ground.lake.ledger_file.read_bytes()
    assert ground.run_day().code == Code.OK
    head = releases(ground.lake)[-1].manifest["ledger_head"]
    ground.lake.ledger_file.write_bytes(whole.splitlines(keepends=True)[0])
    assert not ground.ledger.verify([head]).is_intact
    with pytest.raises(LedgerBrokenError) as told:
        ground.ledger.seq_of(head)
    yield Ending(code_of(told.value), str(told.value))
    shutil.rmtree(ground.home)
    shutil.copytree(ground.home.parent / "kept", ground.home, symlinks=True)


@on_ground(LEDGER, Code.OK, "published", mends=True)
def the_last_line_of_the_ledger_is_torn(ground: Ground) -> Iterator[Ending]:
    with ground.lake.ledger_file.open("ab") as file:
        file.write(b'{"actor":"drill","business_da')
    yield ground.run_day()


def _ledger_as(ground: Ground, change: object) -> Iterator[Ending]:
    whole = ground.lake.ledger_file.read_bytes()
    changed = change(whole)  # type: ignore[operator]
    assert changed != whole
    ground.lake.ledger_file.write_bytes(changed)
    yield ground.run_day()
    assert ground.lake.ledger_file.read_bytes() == changed, "nothing is appended to a broken chain"
    ground.lake.ledger_file.write_bytes(whole)


# --- sealed files


@on_ground(SEALED, Code.SEALED_FILE_CHANGED, "was changed after it was sealed")
def a_sealed_file_has_a_flipped_bit_anywhere(ground: Ground) -> Iterator[Ending]:
    from orchestration.lake.sealed_files import sealed_file_fault

    sealed = latest_sealed(ground.lake, BEFORE)
    assert sealed is not None
    held = sealed.tables["demand_line"]
    path = ground.home / held.file
    whole = path.read_bytes()
    for number in range(200):
        flip(path, number * len(whole) // 200, number % 8)
        assert sealed_file_fault(path, held.sha256, held.logical_hash)
        path.write_bytes(whole)
    flip(path, len(whole) // 2)
    yield ground.run_day()
    path.write_bytes(whole)


@on_ground(SEALED, Code.SEALED_FILE_CHANGED, "was changed after it was sealed")
def a_sealed_file_is_cut_short(ground: Ground) -> Iterator[Ending]:
    yield from _sealed_as(ground, "demand_line", lambda content: content[:-100])


@on_ground(SEALED, Code.SEALED_FILE_CHANGED, "sealed files are missing")
def a_sealed_file_is_gone(ground: Ground) -> Iterator[Ending]:
    path = _sealed_file(ground, "receipt")
    aside = path.rename(path.with_suffix(".aside"))
    yield ground.run_day()
    aside.rename(path)


@on_ground(SEALED, Code.SEALED_FILE_CHANGED, "not a readable snapshot manifest")
def a_snapshot_manifest_is_cut_short(ground: Ground) -> Iterator[Ending]:
    path = next(ground.lake.snapshots_dir.glob("*/*.json"))
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    yield ground.run_day()
    path.write_bytes(whole)


@on_ground(SEALED, Code.SEALED_FILE_CHANGED, "not a readable snapshot manifest")
def a_snapshot_manifest_is_of_another_form(ground: Ground) -> Iterator[Ending]:
    path = next(ground.lake.snapshots_dir.glob("*/*.json"))
    whole = path.read_bytes()
    path.write_text("[1, 2, 3]")
    yield ground.run_day()
    path.write_bytes(whole)


@on_ground(SEALED, Code.HISTORY_GAP, "no snapshot of 2024-01-01 is sealed", keeps=False, mends=False)
def a_date_of_the_history_is_gone(ground: Ground) -> Iterator[Ending]:
    assert ground.run_day().code == Code.OK
    shutil.rmtree(ground.lake.snapshots_dir / f"snapshot_date={BEFORE}")
    yield ground.run_day()


def _sealed_file(ground: Ground, name: str) -> Path:
    sealed = latest_sealed(ground.lake, BEFORE)
    assert sealed is not None
    return ground.home / sealed.tables[name].file


def _sealed_as(ground: Ground, name: str, change: object) -> Iterator[Ending]:
    path = _sealed_file(ground, name)
    whole = path.read_bytes()
    path.write_bytes(change(whole))  # type: ignore[operator]
    yield ground.run_day()
    path.write_bytes(whole)


# --- releases and doors


@on_ground(RELEASE, Code.RELEASE_BROKEN, "not a readable manifest", keeps=False)
def a_release_manifest_is_cut_short(ground: Ground) -> Iterator[Ending]:
    path = releases(ground.lake)[-1].folder / "manifest.json"
    whole = path.read_bytes()
    path.chmod(0o644)
    path.write_bytes(whole[: len(whole) // 2])
    yield ground.run_day()
    path.write_bytes(whole)


@on_ground(RELEASE, Code.FILE_DAMAGED, "restore it from a copy", keeps=False)
def a_table_of_the_last_release_is_cut_short(ground: Ground) -> Iterator[Ending]:
    path = next(path for path in release_tables(ground.lake) if path.name == "policy.parquet")
    whole = path.read_bytes()
    path.chmod(0o644)
    path.write_bytes(whole[:-20])
    yield ground.run_day()
    path.write_bytes(whole)


@on_ground(RELEASE, Code.OK, "published", mends=True)
def the_pointer_names_a_release_that_is_none(ground: Ground) -> Iterator[Ending]:
    yield from _pointer_as(ground, b"2024-01-01-9-00000000\n")


@on_ground(RELEASE, Code.OK, "published", mends=True)
def the_pointer_is_no_text(ground: Ground) -> Iterator[Ending]:
    yield from _pointer_as(ground, b"\xff\xfe\x00\x01")


@on_ground(RELEASE, Code.OK, "published", mends=True)
def the_pointer_is_empty(ground: Ground) -> Iterator[Ending]:
    pointer_file(ground.lake).write_bytes(b"")
    yield ground.run_day()


def _pointer_as(ground: Ground, content: bytes) -> Iterator[Ending]:
    """Whoever reads it is told; the next run mends it."""
    pointer_file(ground.lake).write_bytes(content)
    with pytest.raises(ReleaseError) as told:
        current_release(ground.lake)
    assert code_of(told.value) == Code.RELEASE_BROKEN
    yield ground.run_day()


@on_ground(RELEASE, Code.OK, "published", mends=True)
def the_published_database_is_damaged(ground: Ground) -> Iterator[Ending]:
    path = ground.lake.published_database
    path.chmod(0o644)
    path.write_bytes(b"not a database" * 1000)
    yield ground.run_day()


@on_ground(RELEASE, Code.OK, "published", mends=True)
def doors_are_gone(ground: Ground) -> Iterator[Ending]:
    ground.lake.published_database.unlink()
    ground.lake.current_dir.unlink()
    ground.lake.export_dir.unlink()
    yield ground.run_day()


@on_ground(RELEASE, Code.OPENED_LAGS, "not a link that Stockplan made", keeps=False)
def a_folder_lies_where_a_door_belongs(ground: Ground) -> Iterator[Ending]:
    ground.lake.current_dir.unlink()
    ground.lake.current_dir.mkdir()
    yield ground.run_day()
    ground.lake.current_dir.rmdir()


@on_ground(RELEASE, Code.OK, "published", mends=True)
def something_unfinished_was_left(ground: Ground) -> Iterator[Ending]:
    (ground.lake.releases_dir / ".unfinished-x" / "tables").mkdir(parents=True)
    (ground.home / ".aside-published.duckdb").write_text("?")
    yield ground.run_day()


@on_ground(RELEASE, Code.RELEASE_BROKEN, "was changed after the candidate")
def a_table_is_changed_after_it_was_checked(ground: Ground) -> Iterator[Ending]:
    def change_first(candidate: object, *arguments: object, **named: object) -> object:
        tables = candidate.tables  # type: ignore[attr-defined]
        shutil.copyfile(tables["policy_change"], tables["policy"])
        return publish(candidate, *arguments, **named)  # type: ignore[arg-type]

    with patch("tests.drill.miniature.publish", change_first):
        yield ground.run_day()


@on_ground(RELEASE, Code.CONFIGURATION, "release.export_columns", keeps=False)
def the_names_of_exported_columns_cannot_be_read(ground: Ground) -> Iterator[Ending]:
    release = ground.settings.release.model_copy(update={"export_columns": ground.home / "none.yaml"})
    ground.changes["release"] = release
    yield ground.run_day()


# --- two at once, and the end of a process


@on_ground(RUNNING, Code.ALREADY_RUNNING, "already being worked on by")
def another_process_has_the_date(ground: Ground) -> Iterator[Ending]:
    with day_lock(ground.lake, DAY, "another run"):
        yield ground.run_day()


@on_ground(RUNNING, Code.OK, "published", mends=True)
def the_process_that_had_the_date_was_killed(ground: Ground) -> Iterator[Ending]:
    process = _another(ground, "with day_lock(lake, day): print('held', flush=True); time.sleep(60)")
    assert ground.run_day().code == Code.ALREADY_RUNNING
    process.send_signal(signal.SIGKILL)
    process.wait()
    yield ground.run_day()


@on_ground(RUNNING, Code.OK, "published", mends=True)
def a_process_is_told_to_end_in_the_middle(ground: Ground) -> Iterator[Ending]:
    process = _another(
        ground,
        "ledger.append('retention', 'removed', subject='x', business_date=day, actor='x', payload={});"
        "print('held', flush=True);"
        "write_file(lake.root / 'x.json', lambda sibling: (sibling.write_text('half'), time.sleep(60)))",
    )
    process.send_signal(signal.SIGTERM)
    process.wait()
    assert not (ground.home / "x.json").exists()
    for left in ground.home.glob(".x.json.*"):
        left.unlink()
    yield ground.run_day()


@on_ground(RUNNING, Code.CANCELLED, "")
def somebody_presses_control_c(ground: Ground) -> Iterator[Ending]:
    with patch("tests.drill.miniature.decide", side_effect=KeyboardInterrupt):
        yield ground.run_day()


def _another(ground: Ground, body: str) -> subprocess.Popen[str]:
    """Start a process that does something with the lake and says when it has begun."""
    code = (
        "import sys, time, json; from datetime import date; from pathlib import Path;"
        "from orchestration.lake.paths import Lake; from orchestration.lake.locks import day_lock;"
        "from orchestration.lake.ledger import Ledger; from orchestration.lake.parquet import write_file\n"
        "lake = Lake(Path(sys.argv[1])); day = date.fromisoformat(sys.argv[2]);"
        "ledger = Ledger(lake.ledger_file)\n" + body
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(ground.home), DAY.isoformat()], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    time.sleep(0.2)
    return process
