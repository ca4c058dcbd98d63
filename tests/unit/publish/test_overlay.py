"""Overlays: what they hold, that they are made from the release alone, and that nothing half-made is read."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from orchestration.lake.hashing import logical_hash
from orchestration.lake.parquet import read_arrow
from orchestration.lake.paths import Lake
from orchestration.publish import overlay, overlay_shelf, shelving
from orchestration.publish.candidate import content_hash
from orchestration.publish.overlay import OverlayOutcome, WarmOverlay, current_with_overlay, publish_overlay
from orchestration.publish.overlay_content import OverlayContent, make_content, unapplied
from orchestration.publish.overlay_rows import BaseRows
from orchestration.publish.overlay_shelf import OverlayError, current_overlay, overlays
from orchestration.publish.release import repair
from orchestration.publish.shelf import current_release
from orchestration.settings import Settings
from tests.overlay_base import Base

HELD = [("HOLD", "I000002", "L1", 3.0, "2024-07-01 09:00")]


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake with the release, to be copied."""
    made = Base(Lake(tmp_path_factory.mktemp("published") / "lake"), Settings())
    made.publish(held=HELD)
    return made.lake.root


def _copy(published: Path, target: Path) -> Base:
    shutil.copytree(published, target, symlinks=True)
    return Base(Lake(target), Settings())


@pytest.fixture
def base(published: Path, tmp_path: Path) -> Base:
    return _copy(published, tmp_path / "lake")


def _lay(base: Base, until: str | None = None) -> OverlayOutcome:
    moment = None if until is None else pd.Timestamp(until)
    return publish_overlay(base.lake, base.ledger, base.settings, moment, "test")


def _shares(base: Base, place: int = 0, column: str = "allocated_units") -> dict[str, float]:
    """One column of a place's shares as they are now, by segment."""
    now = current_with_overlay(base.lake, "allocation").to_pandas()
    item, location = base.places().iloc[place]
    chosen = now[(now["item_id"] == item) & (now["location_id"] == location)]
    return dict(zip(chosen["segment_id"], chosen[column], strict=True))


def _promised(base: Base, segment: str, place: int = 0) -> list[tuple[str, float]]:
    """What a segment is promised at a place, by the day on which it changes."""
    now = current_with_overlay(base.lake, "atp").to_pandas()
    item, location = base.places().iloc[place]
    own = now[(now["item_id"] == item) & (now["location_id"] == location) & (now["segment_id"] == segment)]
    own = own[own["atp_units"] != own["atp_units"].shift()]
    return [(str(day)[:10], units) for day, units in zip(own["from_date"], own["atp_units"], strict=True)]


def _assert_overlays_are_whole(base: Base) -> None:
    for one in overlays(base.lake):
        hashes = {name: logical_hash(read_arrow(file), ["release_id"]) for name, file in one.tables.items()}
        assert content_hash(hashes) == one.content_hash
        assert all(
            set(read_arrow(file).column("release_id").to_pylist()) <= {one.overlay_id}
            for file in one.tables.values()
        )
    current_overlay(base.lake)


# --- what it holds


def test_touched_pools_alone_are_published_on_the_release_they_name(base: Base) -> None:
    base.operate("consume", "FLEET", 4.0)
    outcome = _lay(base)
    made = outcome.overlay
    assert made is not None
    assert (outcome.state, outcome.operations, outcome.rejected) == ("published", 1, 0)
    assert made.base_release_id == outcome.base.release_id
    assert made.overlay_id.startswith(f"{outcome.base.release_id}+1-")
    table = read_arrow(made.tables["allocation"]).to_pandas()
    assert table[["item_id", "location_id"]].drop_duplicates().to_numpy().tolist() == [["I000001", "L1"]]
    assert set(made.tables) == {
        "allocation",
        "allocation_ledger",
        "atp",
        "borrow_ledger",
        "reservation",
        "supply_audit",
    }
    assert read_arrow(made.tables["supply_audit"]).column("snapshot_id").to_pylist() == ["SNAPSHOT"]


def test_the_release_and_its_overlay_read_as_one(base: Base) -> None:
    base.operate("consume", "FLEET", 4.0)
    _lay(base)
    assert _shares(base) == {"FLEET": 6.0, "POOL": 5.0, "RETAIL": 5.0}
    assert _shares(base, 1) == {"FLEET": 10.0, "POOL": 5.0, "RETAIL": 5.0}
    now = current_with_overlay(base.lake, "allocation")
    release = current_release(base.lake)
    assert release is not None
    assert now.num_rows == release.rows["allocation"]
    assert len(set(now.column("release_id").to_pylist())) == 2
    assert current_with_overlay(base.lake, "allocation_ledger").num_rows == 1


def test_what_was_consumed_is_no_longer_promised(base: Base) -> None:
    # 20 on hand, 4 ordered; FLEET has 10 of which 4 are ordered.
    assert _promised(base, "*") == [("2024-06-30", 16.0), ("2024-07-09", 26.0)]
    assert _promised(base, "FLEET") == [("2024-06-30", 6.0)]
    base.operate("consume", "FLEET", 5.0)
    _lay(base)
    assert _promised(base, "*") == [("2024-06-30", 11.0), ("2024-07-09", 21.0)]
    assert _promised(base, "FLEET") == [("2024-06-30", 1.0)]


def test_the_network_loses_what_one_of_its_places_consumed(base: Base) -> None:
    # The reservation at the place that nobody touched, L1, holds its units in the network as well.
    def of_network() -> list[tuple[float, float]]:
        now = current_with_overlay(base.lake, "atp").to_pandas()
        own = now[(now["item_id"] == "I000002") & (now["location_id"] == "*")]
        return list(zip(own["projected_units"], own["atp_units"], strict=True))

    assert of_network() == [(37.0, 32.0), (32.0, 32.0), (52.0, 52.0)]
    base.operate("consume", "FLEET", 6.0, place=3)
    _lay(base)
    assert of_network() == [(31.0, 26.0), (26.0, 26.0), (46.0, 46.0)]


def test_operations_after_the_time_asked_for_are_not_counted(base: Base) -> None:
    base.operate("consume", "FLEET", 1.0)
    base.operate("consume", "FLEET", 1.0)
    assert _lay(base, until="2024-07-01T08:01:30").operations == 1
    assert _lay(base, until="2024-07-01T07:00").operations == 0
    assert _lay(base).operations == 2


def test_a_reservation_is_not_promised_until_it_ends(base: Base) -> None:
    # It ends on the day on which FLEET's order is due.
    base.operate("reserve", "RETAIL", 5.0, reservation_id="R", expires_at="2024-07-03T00:00:00.000000+00:00")
    _lay(base)
    assert _promised(base, "*") == [("2024-06-30", 15.0), ("2024-07-03", 16.0), ("2024-07-09", 26.0)]
    assert _shares(base, column="soft_reserved_units")["RETAIL"] == 5.0


def test_a_refused_operation_is_told_and_changes_nothing(base: Base) -> None:
    base.operate("consume", "FLEET", 400.0)
    base.operate("consume", "NOBODY", 1.0)
    outcome = _lay(base)
    assert (outcome.state, outcome.rejected) == ("published", 2)
    assert _shares(base) == {"FLEET": 10.0, "POOL": 5.0, "RETAIL": 5.0}
    lines = current_with_overlay(base.lake, "allocation_ledger").to_pandas()
    assert set(lines["entry_status"]) == {"rejected"}


def test_an_operation_on_a_pool_that_is_none_is_told_alone(base: Base) -> None:
    base.operate("consume", "FLEET", 1.0, item_id="NOTHING")
    outcome = _lay(base)
    assert outcome.overlay is not None and outcome.rejected == 1
    assert {name for name, rows in outcome.overlay.rows.items() if rows} == {
        "allocation_ledger",
        "supply_audit",
    }
    assert _shares(base) == {"FLEET": 10.0, "POOL": 5.0, "RETAIL": 5.0}


def test_what_borrows_owes_the_pool(base: Base) -> None:
    base.operate("consume", "RETAIL", 7.0)
    _lay(base)
    assert _shares(base) == {"FLEET": 10.0, "POOL": 3.0, "RETAIL": 0.0}
    loans = current_with_overlay(base.lake, "borrow_ledger").to_pandas()
    assert loans[["segment_id", "open_units", "loan_status"]].to_numpy().tolist() == [["RETAIL", 2.0, "OPEN"]]


def test_a_reservation_of_the_release_ends_at_the_time_that_is_asked_for(base: Base) -> None:
    assert _lay(base).overlay is None
    assert _lay(base, "2024-07-01 08:59").overlay is None
    assert _shares(base, 2)["FLEET"] == 7.0
    assert _lay(base, "2024-07-01 09:00").state == "published"
    assert _shares(base, 2)["FLEET"] == 10.0


def test_an_adjustment_of_supply_moves_the_promise(base: Base) -> None:
    base.operate("adjust", None, 30.0)
    base.operate("adjust", None, -8.0, place=1)
    _lay(base)
    assert _promised(base, "*")[0] == ("2024-06-30", 46.0)
    assert _promised(base, "*", 1)[0] == ("2024-06-30", 8.0)


def test_an_action_that_a_release_has_applied_is_refused_when_it_is_told_again(base: Base) -> None:
    base.operate("consume", "FLEET", 4.0, action_id="ONCE")
    # The release of the next day has read it and says so in its lines.
    base.as_of += timedelta(days=1)
    base.publish("second", lines=[("ONCE", "accepted")])
    base.operate("consume", "FLEET", 4.0, action_id="ONCE")
    assert _lay(base).rejected == 1
    assert _shares(base)["FLEET"] == 10.0


# --- made from the release, whoever looked in between


def test_nothing_new_publishes_nothing(base: Base) -> None:
    assert _lay(base).state == "unchanged"
    base.operate("consume", "FLEET", 4.0)
    first = _lay(base)
    again = _lay(base)
    assert (again.state, again.overlay) == ("unchanged", first.overlay)
    assert len(overlays(base.lake)) == 1


def test_two_in_a_row_are_the_same_as_one_of_all(base: Base, published: Path, tmp_path: Path) -> None:
    other = _copy(published, tmp_path / "other")
    steps: list[Callable[[Base], None]] = [
        lambda one: one.operate("consume", "FLEET", 4.0),
        lambda one: one.operate("consume", "RETAIL", 6.0, 1),
        lambda one: one.operate("consume", "FLEET", 3.0),
    ]
    for step in steps:
        step(base)
        assert _lay(base).state == "published"
        step(other)
    made, at_once = _lay(base).overlay, _lay(other).overlay
    assert made is not None and at_once is not None
    assert (made.number, at_once.number) == (3, 1)
    assert made.content_hash == at_once.content_hash
    assert _shares(base) == {"FLEET": 3.0, "POOL": 5.0, "RETAIL": 5.0}
    _assert_overlays_are_whole(base)


def test_an_earlier_time_gives_the_state_of_then(base: Base) -> None:
    base.operate("consume", "FLEET", 4.0)
    base.operate("consume", "FLEET", 4.0)
    _lay(base, "2024-07-01 08:01")
    assert _shares(base)["FLEET"] == 6.0
    _lay(base)
    assert _shares(base)["FLEET"] == 2.0


def test_a_warm_process_publishes_the_same(base: Base, published: Path, tmp_path: Path) -> None:
    cold = _copy(published, tmp_path / "cold")
    warm = WarmOverlay(base.lake, base.ledger, base.settings)
    for units in (4.0, 2.0):
        base.operate("consume", "FLEET", units)
        cold.operate("consume", "FLEET", units)
        assert warm.publish(None, "test").state == "published"
    assert warm.publish(None, "test").state == "unchanged"
    ours, theirs = current_overlay(base.lake), _lay(cold).overlay
    assert ours is not None and theirs is not None
    assert ours.content_hash == theirs.content_hash


# --- the next release


def test_the_next_release_drops_the_overlay_and_starts_from_what_it_has_read(base: Base) -> None:
    base.operate("consume", "FLEET", 4.0)
    _lay(base)
    assert base.lake.overlay_dir.is_dir()
    base.as_of += timedelta(days=1)
    release = base.publish("second")
    assert current_overlay(base.lake) is None
    assert not base.lake.overlay_dir.exists()
    assert not overlay_shelf.overlay_pointer(base.lake).exists()
    assert _lay(base).overlay is None
    base.operate("consume", "FLEET", 1.0)
    made = _lay(base).overlay
    assert made is not None and made.base_release_id == release.release_id
    assert _shares(base)["FLEET"] == 9.0
    assert len(overlays(base.lake)) == 2


def test_a_warm_process_follows_the_next_release(base: Base) -> None:
    warm = WarmOverlay(base.lake, base.ledger, base.settings)
    base.operate("consume", "FLEET", 4.0)
    warm.publish(None, "test")
    base.as_of += timedelta(days=1)
    release = base.publish("second")
    base.operate("consume", "FLEET", 2.0)
    outcome = warm.publish(None, "test")
    assert outcome.base.release_id == release.release_id
    assert _shares(base)["FLEET"] == 8.0


# --- refusals and crashes


def test_content_that_fails_a_check_is_refused_once_and_the_overlay_before_stays(
    base: Base, monkeypatch: pytest.MonkeyPatch
) -> None:
    base.operate("consume", "FLEET", 4.0)
    first = _lay(base).overlay
    base.operate("consume", "FLEET", 1.0)
    monkeypatch.setattr(overlay, "problems_of", lambda content: ["units are not conserved"])
    for _ in range(2):
        with pytest.raises(OverlayError, match="units are not conserved"):
            _lay(base)
    assert current_overlay(base.lake) == first
    events = [event.event_type for event in base.ledger.events("overlay")]
    assert events == ["published", "refused"]


def test_without_a_release_the_message_says_how_to_get_one(tmp_path: Path) -> None:
    empty = Base(Lake(tmp_path / "empty"), Settings())
    with pytest.raises(OverlayError, match="make run"):
        _lay(empty)


class DiedError(BaseException):
    """The process is gone."""


STEPS = {
    "the first table": (overlay, "write_arrow"),
    "the manifest": (overlay, "write_json"),
    "flushing the folder": (shelving, "seal_files"),
    "the rename onto the shelf": (Path, "rename"),
    "flushing the shelf": (shelving, "sync_folder"),
    "the ledger event": (overlay, "record_overlay"),
    "the doors": (overlay_shelf, "write_text"),
    "the link": (overlay_shelf, "place_link"),
}


# Every step is healed by one of both; the ones around the rename, which differ, by either.
HEALED = [
    *((step, ("repair", "the next overlay")[number % 2]) for number, step in enumerate(STEPS)),
    ("the rename onto the shelf", "repair"),
    ("flushing the shelf", "the next overlay"),
    ("the ledger event", "repair"),
]


@pytest.fixture(scope="module")
def contents(published: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[int, OverlayContent | None]:
    """What one and two operations make of the release, so that each death does not reckon it anew."""
    made = _copy(published, tmp_path_factory.mktemp("contents") / "lake")
    release = current_release(made.lake)
    assert release is not None
    found = {}
    for count in (1, 2):
        made.operate("consume", "FLEET", 4.0)
        read = unapplied(release, made.ledger)
        found[count] = make_content(BaseRows(made.lake, release), read.events, None, made.settings)
    return found


@pytest.mark.parametrize(("step", "healer"), HEALED)
def test_a_death_leaves_whole_overlays_and_whoever_comes_next_finishes(
    base: Base,
    contents: dict[int, OverlayContent | None],
    step: str,
    healer: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(overlay, "make_content", lambda rows, events, *_: contents[len(events)])
    base.operate("consume", "FLEET", 4.0)
    first = _lay(base).overlay
    assert first is not None
    base.operate("consume", "FLEET", 4.0)
    owner, name = STEPS[step]
    with monkeypatch.context() as patch:
        patch.setattr(owner, name, _die)
        patch.setattr(shutil, "rmtree", lambda *_, **__: None)
        with pytest.raises(DiedError):
            _lay(base)
    _assert_overlays_are_whole(base)
    assert _shares(base)["FLEET"] in (6.0, 2.0)
    if healer == "repair":
        repair(base.lake, base.settings)
        assert repair(base.lake, base.settings) == []
    _lay(base)
    assert _shares(base)["FLEET"] == 2.0
    _assert_overlays_are_whole(base)
    assert [folder.name for folder in base.lake.overlays_dir.glob(".unfinished-*")] == []
    told = [event.subject for event in base.ledger.events("overlay")]
    assert told == [one.overlay_id for one in overlays(base.lake)]
    assert (base.lake.overlay_dir / "allocation.parquet").is_file()


def _die(*_: Any, **__: Any) -> None:
    raise DiedError
