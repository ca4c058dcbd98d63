"""Which releases no longer stand on the newest inputs: a date that came late, or came again.

A release names the snapshots and the earlier release it read. When a newer version of one of them
exists, the release is stale and its date is to be run again, dates ascending. When such a re-run
yields the same content nothing is published, and the ledger remembers that the release was
confirmed on the newer inputs.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from orchestration.lake.ledger import Ledger
from orchestration.lake.manifests import latest_versions
from orchestration.lake.paths import Lake
from orchestration.publish.shelf import Release, releases


def inputs_read(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the part of a run's facts that staleness hangs on.

    `snapshots`: {business date: snapshot id}; `earlier_releases`: sorted ids.
    """
    return {
        "snapshots": {one["as_of"]: one["snapshot_id"] for one in facts.get("snapshots", ())},
        "earlier_releases": sorted(one["release_id"] for one in facts.get("earlier_releases", ())),
    }


def stale_releases(lake: Lake) -> list[tuple[Release, str]]:
    """Return the newest release of each date that should be run again, with the reason, dates ascending."""
    shelf = releases(lake)
    newest = {one.as_of: one for one in shelf}
    confirmed = _confirmed_inputs(lake)
    sealed = latest_versions(lake)
    stale = []
    before: Release | None = None
    for as_of, release in newest.items():
        read = confirmed.get(release.release_id) or inputs_read(release.manifest)
        reasons = [
            f"snapshot {one.snapshot_id} of {one.as_of} (version {one.version}) was sealed after it"
            for one in sealed
            if one.as_of <= as_of and read["snapshots"].get(one.as_of.isoformat()) != one.snapshot_id
        ]
        # An id starts with its date: a later one that was read may since be gone from the shelf.
        is_later_read = before is not None and any(
            one > before.as_of.isoformat() + "~" for one in read["earlier_releases"]
        )
        if before is not None and before.release_id not in read["earlier_releases"] and not is_later_read:
            reasons.append(f"release {before.release_id} was published after it")
        if reasons:
            stale.append((release, "; ".join(reasons)))
        before = release
    return stale


def _confirmed_inputs(lake: Lake) -> dict[str, dict[str, Any]]:
    """Return per release the inputs of the last run that found the same content again."""
    confirmed = {}
    for event in Ledger(lake.ledger_file).events("release"):
        if event.event_type == "unchanged":
            confirmed[event.subject] = dict(event.payload["inputs"])
    return confirmed
