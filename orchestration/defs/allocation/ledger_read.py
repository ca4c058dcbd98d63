"""How far into the ledger a run has read: kept beside its work, then in its release's manifest.

The next release applies what lies behind that point. It is the place where this run stopped
reading, not the ledger's end when the release was published: in between people go on working.
"""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from orchestration.evidence.ledger_frames import LedgerRead
from orchestration.lake.parquet import write_json
from orchestration.lake.paths import Lake

MANIFEST_FACT = "ledger_read"
_FILE = "ledger_read.json"


def keep_position(lake: Lake, as_of: date, position: LedgerRead) -> None:
    """Leave the position in the work folder of the business date, for the release."""
    write_json(position._asdict(), lake.build_dir(as_of) / _FILE)


def kept_position(lake: Lake, as_of: date) -> dict[str, Any]:
    """Return the position that `keep_position` left."""
    content: dict[str, Any] = json.loads((lake.build_dir(as_of) / _FILE).read_text(encoding="utf-8"))
    return content


def previous_position(lake: Lake, as_of: date) -> tuple[int, date | None]:
    """Return how far the release before this date has read, and its business date.

    (0, None) before the first release; 0 also for one that was made before releases said so.
    """
    from orchestration.publish.shelf import previous_release

    before = previous_release(lake, as_of)
    if before is None:
        return 0, None
    return int(before.manifest.get(MANIFEST_FACT, {}).get("seq", 0)), before.as_of
