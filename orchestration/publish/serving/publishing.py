"""Publishing a release to PostgreSQL: load what nobody sees yet, then one short transaction that shows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from orchestration.lake.ledger import Ledger
from orchestration.lake.paths import Lake
from orchestration.publish.shelf import Release
from orchestration.settings import Settings


@dataclass(frozen=True)
class ServingOutcome:
    """What became of a release in the database.

    `state`: `off` when no address is set, `served` when something was written, `unchanged` when everything
    was there. `current_id`: the release that readers see now. `rows` and `seconds`: what was loaded.
    """

    state: Literal["off", "served", "unchanged"]
    release_id: str
    current_id: str = ""
    rows: int = 0
    seconds: float = 0.0
    notes: tuple[str, ...] = ()


def publish_release(release: Release, lake: Lake, ledger: Ledger, settings: Settings) -> ServingOutcome:
    """Bring `release` into the database, and readers to the release that the file pointer names.

    The same release again changes nothing; a release that is not the current one is loaded and not shown.
    Raises `DatabaseError` when the database cannot be reached or refuses, `ServingError` when it is not
    what this version needs. Readers see the release before until the last step, which is one commit.
    """
    raise NotImplementedError
