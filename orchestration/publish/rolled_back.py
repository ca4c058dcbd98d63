"""Which release readers are to see: the newest, unless somebody rolled back to an earlier one.

A roll-back is an event of the ledger. It holds until a release is published that is newer than every
release that was there when it was made; so the next good day ends it, and a backfill of an old date does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from orchestration.lake.ledger import Ledger
from orchestration.publish.shelf import Release, ReleaseError, number_of

FAMILY, ROLLED_BACK = "release", "rolled_back"


@dataclass(frozen=True)
class RollBack:
    """Readers were led from one release to another; `newest_id` was the newest on the shelf then."""

    from_id: str
    to_id: str
    newest_id: str
    reason: str
    actor: str


def last_roll_back(ledger: Ledger) -> RollBack | None:
    """Return the last roll-back that was made, whether it still holds or not."""
    told = [event for event in ledger.events(FAMILY) if event.event_type == ROLLED_BACK]
    if not told:
        return None
    payload = told[-1].payload
    return RollBack(payload["from"], payload["to"], payload["newest"], payload["reason"], told[-1].actor)


def release_to_show(shelf: Sequence[Release], ledger: Ledger) -> Release:
    """Return the release that the pointer is to name. `shelf`: all of them, in order, one at least.

    Raises `ReleaseError` when readers were rolled back to one that is not on the shelf.
    """
    newest = shelf[-1]
    rolled = last_roll_back(ledger)
    if rolled is None or (newest.as_of, newest.number) > _order_of(rolled.newest_id):
        return newest
    found = [one for one in shelf if one.release_id == rolled.to_id]
    if not found:
        raise ReleaseError(
            f"{rolled.actor} rolled back to {rolled.to_id}, which is not on the shelf; restore its folder "
            "from a copy, or roll back to another release"
        )
    return found[0]


def _order_of(release_id: str) -> tuple[date, int]:
    return date.fromisoformat(release_id[: len("2024-01-31")]), number_of(release_id)
