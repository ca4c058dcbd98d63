"""Which actions earlier releases have applied: told again, in whatever release, they are refused."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

import pyarrow.compute as pc
import pyarrow.parquet as pq

from orchestration.evidence.allocation.operations import OPERATION_FAMILY
from orchestration.lake.ledger import Ledger
from orchestration.lake.paths import Lake
from orchestration.publish.shelf import releases

_LINES = "allocation_ledger"


def applied_before(
    lake: Lake,
    ledger: Ledger,
    as_of: date,
    asked: Collection[str],
    asked_elsewhere: Collection[str] = (),
) -> frozenset[str]:
    """Return those of the action ids `asked` that a release before this date has accepted.

    An action that was refused may be told again under its id. The lines of the releases are read only
    when the ledger holds an id more than once, or one of `asked_elsewhere` at all (actions that are not
    told by the ledger, such as order lines); both are rare.
    """
    seen: set[str] = set()
    repeated: set[str] = set()
    wanted, elsewhere = set(asked), set(asked_elsewhere)
    for event in ledger.events(OPERATION_FAMILY) if wanted or elsewhere else ():
        action = event.payload.get("action_id")
        if action in elsewhere:
            repeated.add(str(action))
        elif action in wanted:
            (repeated if action in seen else seen).add(str(action))
    applied: set[str] = set()
    newest = {one.as_of: one for one in releases(lake) if one.as_of < as_of} if repeated else {}
    for release in newest.values():
        if _LINES in release.tables:
            lines = pq.read_table(release.table(_LINES), columns=["action_id", "entry_status"])
            accepted = lines.filter(pc.field("entry_status") == "accepted")["action_id"].to_pylist()
            applied |= repeated.intersection(accepted)
    return frozenset(applied)
