"""Sealing one business date from a connector: what is asked of the source, and what if it is silent."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from orchestration.ims.connector import Connector, SnapshotMissingError
from orchestration.lake.ledger import Ledger
from orchestration.lake.manifests import latest_sealed, latest_versions
from orchestration.lake.paths import Lake
from orchestration.lake.sealing import SealOutcome, seal

if TYPE_CHECKING:
    from orchestration.settings import Settings


def seal_date(
    connector: Connector,
    as_of: date,
    lake: Lake,
    ledger: Ledger,
    settings: Settings,
    *,
    today: date,
    accept_row_loss: bool = False,
    actor: str = "pipeline",
) -> SealOutcome:
    """Seal the snapshot of `as_of`, or return the sealed one when the source no longer has it.

    Events are asked for from the newest sealed date before `as_of` on; a date that was sealed
    before is asked for exactly as it was then, so that an unchanged source gives a duplicate.
    Raises `SourceError` when the date is neither at the source nor sealed.
    """
    sealed = latest_sealed(lake, as_of)
    dates = connector.business_dates()
    if as_of not in dates:
        if sealed is not None:
            return SealOutcome("duplicate", sealed, notes=(f"{as_of} is no longer at the source",))
        known = f"it has {dates[0]} to {dates[-1]}" if dates else "it has no business date at all"
        raise SnapshotMissingError(f"the source has no snapshot of {as_of}; {known}")
    earlier = [one.as_of for one in latest_versions(lake, until=as_of) if one.as_of < as_of]
    since = sealed.since if sealed else (earlier[-1] if earlier else None)
    return seal(
        connector.extract(as_of, since),
        lake,
        ledger,
        settings,
        today=today,
        accept_row_loss=accept_row_loss,
        actor=actor,
    )
