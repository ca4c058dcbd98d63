"""How far the ledger was read for a release: everything behind it has happened since."""

from __future__ import annotations

from orchestration.lake.ledger import GENESIS, Ledger
from orchestration.publish.shelf import Release


def read_point(base: Release, ledger: Ledger) -> tuple[int, str]:
    """Return number and hash of the last ledger event that `base` has read.

    A release that does not say so had read up to its own head.
    """
    read = base.manifest.get("ledger_read") or {}
    if read:
        return int(read["seq"]), str(read["head"])
    head = str(base.manifest.get("ledger_head") or GENESIS)
    return ledger.seq_of(head), head
