"""Named crash points: places at which a test can let the process die, so that what it leaves is seen.

One stands before and after every write, flush, rename, commit and append to the ledger. `reach` does
nothing unless a test armed a point (`execution.crash_at`, told in the environment); then the process
kills itself as `kill -9` would: nothing is flushed, nothing is cleaned up.

Where a new kind of write is added: name its points here and reach them around it. A test finds a write
without them, a name that nobody reaches, and a place whose name is not here.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Mapping
from typing import Final

CRASH_POINTS: Final[Mapping[str, str]] = {
    # one file of the lake, through `write_file`
    "file.begun": "a temporary sibling was made, nothing is in it",
    "file.written": "the sibling is filled and not flushed",
    "file.flushed": "the sibling is on the disk and has not its name yet",
    "file.placed": "the file has its name; the folder's entry is not flushed",
    "folder.begun": "a folder's entries are about to be flushed",
    "folder.flushed": "a folder's entries are on the disk",
    # the ledger
    "ledger.begun": "the ledger is locked and read; its events are not written",
    "ledger.written": "the events are written and not flushed",
    "ledger.flushed": "the events are on the disk; whoever appended does not know it yet",
    "ledger.torn_found": "an unfinished last line was found; nothing is done about it",
    "ledger.torn_kept": "the unfinished line is kept aside and not flushed",
    "ledger.torn_flushed": "the unfinished line is on the disk aside; the ledger still has it",
    "ledger.torn_cut": "the ledger was cut to its last whole line; the cut is not flushed",
    "ledger.mended": "the cut is on the disk",
    # sealing
    "seal.files_written": "all files of a snapshot are in place; its manifest is not",
    "seal.sealed": "the manifest is in place; the ledger does not know of the snapshot",
    "seal.recorded": "the ledger knows of the snapshot; an earlier version is not marked as superseded",
    # a whole folder put onto a shelf: a release, an overlay
    "shelf.filled": "the folder is filled aside and not flushed",
    "shelf.file_begun": "one of its files is about to be flushed",
    "shelf.file_flushed": "one of its files is on the disk and not yet write-protected",
    "shelf.flushed": "the folder is on the disk and has not its name yet",
    "shelf.placed": "the folder stands on the shelf; the shelf's entry is not flushed",
    # publication
    "release.shelved": "the release is on the shelf; the ledger does not know of it",
    "release.recorded": "the ledger knows of the release; the pointer has not moved",
    "release.rolled_back": "the ledger knows of a roll-back; the pointer has not moved",
    "release.pointed": "the pointer names the release; the doors lead to the one before",
    "release.opened": "every door of the files leads to the release",
    # the doors
    "link.begun": "a link was made aside and has not its name yet",
    "link.placed": "the link has its name; the folder's entry is not flushed",
    "database.filled": "published.duckdb is filled aside; its transaction is open",
    "database.committed": "its transaction is committed; the file is not flushed",
    "database.flushed": "the file is on the disk and has not its name yet",
    "database.placed": "the file has its name; the folder's entry is not flushed",
    "export.written": "the export's files are on the disk aside",
    "export.placed": "the export's folder has its name; its door leads to the one before",
    "overlay.begun": "the doors of an overlay whose release is no longer current are about to go",
    "overlay.taken": "one of them is gone",
    # PostgreSQL
    "schema.applied": "every file of the schema is applied; the transaction is open",
    "schema.made": "the schema is made",
    "serving.witnessing": "the ledger's new lines are in the database; the transaction is open",
    "serving.witnessed": "the ledger's new lines are in the database; what they tell of is not shown yet",
    "serving.growing": "a table and its view have a part's columns; the transaction is open",
    "serving.grown": "a table has a part's columns; the part is not loaded",
    "serving.loading": "a part's rows are copied; its transaction is open",
    "serving.loaded": "a part is complete and nobody sees it",
    "serving.attaching": "a part belongs to its table; the transaction is open",
    "serving.attached": "a part belongs to its table; no view shows its release yet",
    "serving.showing": "the release is pointed to; the transaction that shows it is open",
    "serving.shown": "readers see the release; older ones are still attached",
    "serving.detaching": "a part of a release that nobody sees is taken away; the transaction is open",
    "serving.detached": "one part of a release that nobody sees is detached",
    "serving.dropping": "a release beyond those kept is dropped; the transaction is open",
    "serving.dropped": "a release beyond those kept is gone",
    # a scenario that is kept
    "scenario.filled": "its folder is filled aside and has not its name yet",
    "scenario.placed": "its folder has its name; the entry is not flushed",
    # retention
    "retention.recorded": "the ledger says what goes; all of it is still there",
    "retention.begun": "one thing of what goes is about to go",
    "retention.removed": "one thing of what goes is gone",
}

_heard: Callable[[str], None] | None = None


def reach(name: str) -> None:
    """Say that the work has come to this point; the process dies here if the point is armed."""
    if _heard is not None:
        _heard(name)


def arm(told: str | None) -> None:
    """Let the process die at a point, "name" or "name:3" for the third time it is reached; None disarms.

    Raises as `read_point`.
    """
    if told is None:
        listen(None)
        return
    name, left = read_point(told)

    def count(reached: str) -> None:
        nonlocal left
        left -= reached == name
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    listen(count)


def read_point(told: str) -> tuple[str, int]:
    """Return the name and the how-manieth time of "name" or "name:3".

    Raises `ValueError` for a name that is no crash point: a test that arms nothing would always pass.
    """
    name, _, times = told.partition(":")
    if name not in CRASH_POINTS or not (times or "1").isdecimal() or int(times or "1") < 1:
        raise ValueError(
            f"{told!r} is no crash point; name one of orchestration.crash_points, with :2 for the second "
            "time it is reached"
        )
    return name, int(times or "1")


def listen(heard: Callable[[str], None] | None) -> None:
    """Let `heard` be told of every point that is reached; None for nobody."""
    global _heard  # one process, one point: a parameter would go through every writer
    _heard = heard
