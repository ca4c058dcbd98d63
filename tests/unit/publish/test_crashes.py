"""Something dies in the middle of publishing: readers see the old release or the new one, never less.

A death is an error from which nothing is cleaned up, raised in place of each step in turn.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from orchestration.publish import doors, release, shelving
from orchestration.publish.release import current_release, releases, repair
from tests.unit.publish.release_lake import DAY, NEXT_DAY, ReleaseLake

STEPS = {
    "the first table": (release, "write_arrow"),
    "the manifest": (release, "write_json"),
    "flushing the folder": (shelving, "seal_files"),
    "the rename onto the shelf": (Path, "rename"),
    "flushing the shelf": (shelving, "sync_folder"),
    "the ledger event": (release, "_record_published"),
    "the pointer": (release, "point_to"),
    "the pointer's file": (doors, "write_text"),
    "the doors": (release, "open_doors"),
    "current/": (doors, "place_link"),
    "published.duckdb": (doors, "_build_database"),
    "the export's files": (doors, "write_export"),
    "the export's door": (doors, "_place_export"),
}


class DiedError(BaseException):
    """The process is gone."""


def _die(*_: Any, **__: Any) -> None:
    raise DiedError


def _interrupted(shop: ReleaseLake, step: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Publish a day, then die at `step` of the next; return the first release's id."""
    before = shop.publish(DAY).release.release_id
    candidate = shop.candidate(NEXT_DAY)
    with monkeypatch.context() as patch:
        owner, name = STEPS[step]
        patch.setattr(owner, name, _die)
        patch.setattr(shutil, "rmtree", lambda *_, **__: None)
        with pytest.raises(DiedError):
            release.publish(candidate, {}, None, shop.lake, shop.ledger, shop.settings, actor="test")
    return before


@pytest.mark.parametrize("step", STEPS)
def test_a_death_leaves_whole_releases_and_the_next_run_converges(
    shop: ReleaseLake, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = _interrupted(shop, step, monkeypatch)
    shop.assert_shelf_is_whole()
    current = current_release(shop.lake)
    assert current is not None
    assert current.release_id in {before, *(one.release_id for one in releases(shop.lake))}

    outcome = shop.publish(NEXT_DAY)
    assert outcome.is_current
    assert outcome.release.content_hash == shop.candidate(NEXT_DAY).content_hash
    assert outcome.release.number == 1
    shop.assert_shelf_is_whole()
    shop.assert_doors_lead_to(outcome.release.release_id)
    published = [subject for event_type, subject in shop.events() if event_type == "published"]
    assert published == [before, outcome.release.release_id]
    assert shop.ledger.verify().is_intact
    assert _unfinished(shop) == []


@pytest.mark.parametrize("step", STEPS)
def test_repair_finishes_what_a_death_left_and_then_finds_nothing(
    shop: ReleaseLake, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = _interrupted(shop, step, monkeypatch)
    assert repair(shop.lake, shop.settings)
    assert repair(shop.lake, shop.settings) == []
    shop.assert_shelf_is_whole()
    shelf = releases(shop.lake)
    shop.assert_doors_lead_to(shelf[-1].release_id)
    assert [subject for _, subject in shop.events()] == [one.release_id for one in shelf]
    assert shelf[0].release_id == before
    assert _unfinished(shop) == []


def test_a_full_disk_publishes_nothing_and_leaves_nothing(
    shop: ReleaseLake, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = shop.publish(DAY).release.release_id

    def no_space(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(release, "write_json", no_space)
        with pytest.raises(OSError, match="No space left"):
            shop.publish(NEXT_DAY)
    assert _unfinished(shop) == []
    shop.assert_doors_lead_to(before)


def _unfinished(shop: ReleaseLake) -> list[str]:
    root = shop.lake.root
    left = [*root.glob(".aside-*"), *root.glob(".exports/.aside-*"), *root.glob("releases/.unfinished-*")]
    return [path.name for path in left]
