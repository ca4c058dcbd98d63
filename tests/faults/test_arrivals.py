"""Deliveries out of order, again, corrected and cut short, through the whole pipeline."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import pyarrow as pa
import pytest
from typer.testing import CliRunner

from orchestration.cli import app, console
from orchestration.evidence.releases.reproduction import ReproductionError
from orchestration.lake.manifests import sealed_snapshots
from orchestration.publish.shelf import releases
from orchestration.publish.staleness import stale_releases
from orchestration.reproduce import reproduce
from orchestration.run import DayFailed, DayResult
from tests.conftest import Small
from tests.pipelines import SMALL_DAYS, SmallSource, Workshop, open_workshop

BEFORE, DAY = SMALL_DAYS


def _shortened(tables: Mapping[str, pa.Table]) -> Mapping[str, pa.Table]:
    """A third of the lanes is gone."""
    return {**tables, "lane": tables["lane"].slice(0, 8)}


@pytest.fixture(scope="module")
def workshop(small: Small, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workshop]:
    """A home of this module: the newest date first, then the story of the tests below, in order."""
    with open_workshop(tmp_path_factory.mktemp("arrivals"), SmallSource()) as opened:
        yield opened


@pytest.fixture(scope="module")
def first(workshop: Workshop, small: Small) -> DayResult:
    return workshop.run(DAY)


@pytest.fixture(scope="module")
def late(workshop: Workshop, first: DayResult) -> DayResult:
    """The date before, which comes after."""
    return workshop.run(BEFORE)


@pytest.fixture(scope="module")
def refusal(workshop: Workshop, late: DayResult) -> DayFailed:
    """The newest date again, cut short; before it somebody reserves, and the ledger tells it."""
    workshop.pipeline.ledger.append(
        "allocation",
        "reserve",
        subject="PART-1",
        business_date=DAY,
        actor="ann",
        payload={"item_id": "PART-1", "location_id": "EAST", "segment_id": "RETAIL", "units": 1.0},
    )
    assert isinstance(workshop.pipeline.connector, SmallSource)
    workshop.pipeline.connector.changes[DAY] = _shortened
    with pytest.raises(DayFailed) as failure:
        workshop.run(DAY)
    return failure.value


@pytest.fixture(scope="module")
def overridden(workshop: Workshop, refusal: DayFailed) -> tuple[int, str]:
    """The same delivery, accepted on the command line: exit code and output."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(console, "settings", lambda: workshop.pipeline.settings)
        patch.setattr(
            "orchestration.defs.resources.open_connector", lambda settings: workshop.pipeline.connector
        )
        result = CliRunner().invoke(app, ["run", "--date", DAY.isoformat(), "--accept-row-loss"])
    return result.exit_code, result.output


def test_the_same_source_in_another_home_gives_the_same_content(first: DayResult, small: Small) -> None:
    assert first.release.content_hash == small.newest.release.content_hash


def test_a_late_date_backfills_and_leaves_the_pointer(
    workshop: Workshop, first: DayResult, late: DayResult
) -> None:
    assert late.state == "published"
    assert late.release.as_of == BEFORE
    assert not late.is_current
    assert any("came after" in note for note in late.notes)
    # the pointer is read again by the tests that follow in this story; here the doors are looked at
    assert workshop.pipeline.lake.releases_dir.joinpath(late.release.release_id, "manifest.json").exists()


def test_the_date_that_read_past_it_is_called_stale(
    workshop: Workshop, first: DayResult, late: DayResult
) -> None:
    stale = {release.release_id: reason for release, reason in stale_releases(workshop.pipeline.lake)}
    assert BEFORE.isoformat() in stale[first.release.release_id]
    assert late.release.release_id not in stale


def test_a_delivery_cut_short_is_refused_whole(
    workshop: Workshop, first: DayResult, refusal: DayFailed
) -> None:
    assert refusal.stage == "snapshot"
    assert "lane" in refusal.reason
    assert "12" in refusal.reason
    assert "accept" in refusal.reason
    assert [one.version for one in sealed_snapshots(workshop.pipeline.lake) if one.as_of == DAY][:1] == [1]
    assert [kind for kind, _ in workshop.events("snapshot")][:3] == ["sealed", "sealed", "refused"]
    assert [kind for kind, _ in workshop.events("release")][:3] == ["published", "published", "refused"]


def test_the_override_is_accepted_told_and_recorded(
    workshop: Workshop, first: DayResult, overridden: tuple[int, str]
) -> None:
    code, output = overridden
    assert code == 0, output
    assert "accepted by override" in output
    events = list(workshop.pipeline.ledger.events("snapshot"))
    override = next(event for event in events if event.event_type == "override")
    assert (override.subject, override.actor, override.business_date) == ("lane", "cli", DAY)
    assert [event.event_type for event in events][3:] == ["override", "sealed", "superseded"]


def test_a_corrected_date_is_a_new_release_of_the_same_date(
    workshop: Workshop, first: DayResult, overridden: tuple[int, str]
) -> None:
    same_date = [one for one in releases(workshop.pipeline.lake) if one.as_of == DAY]
    assert [one.number for one in same_date] == [1, 2]
    assert same_date[0].content_hash == first.release.content_hash
    assert same_date[1].content_hash != first.release.content_hash
    assert workshop.current == same_date[1].release_id
    assert [one["version"] for one in same_date[1].manifest["snapshots"]] == [1, 2]
    assert stale_releases(workshop.pipeline.lake) == []
    assert workshop.pipeline.ledger.verify().is_intact


def test_every_release_is_made_again_from_what_it_has_read_and_nothing_later(
    workshop: Workshop, overridden: tuple[int, str], tmp_path: Path
) -> None:
    """The first had no release before it and the uncut delivery; the last read the second and the ledger.

    Work folders and borders are no state: they are gone by now.
    """
    lake = workshop.pipeline.lake
    for folder in (lake.root / "build", *lake.root.glob("opt_*")):
        shutil.rmtree(folder)
    workshop.pipeline.ledger.append(
        "allocation",
        "reserve",
        subject="PART-1",
        business_date=BEFORE,
        actor="ann",
        payload={"item_id": "PART-1", "location_id": "EAST", "segment_id": "RETAIL", "units": 2.0},
    )
    untouched = _content(lake.root)
    shelf = releases(lake)
    assert [len(one.manifest["earlier_releases"]) for one in shelf] == [0, 0, 1]
    for release in shelf[1:]:
        scratch = tmp_path / release.release_id
        found = reproduce(release, lake, workshop.pipeline.settings, scratch)
        assert found.circumstances == ()
        assert [one.to_json() for one in found.differing] == []
        assert (found.is_equal, found.n_equal) == (True, len(release.tables))
        assert found.borders == ()
    assert _content(lake.root) == untouched


def test_a_sealed_file_that_was_changed_is_named_before_anything_is_made(
    workshop: Workshop, overridden: tuple[int, str], tmp_path: Path
) -> None:
    lake = workshop.pipeline.lake
    release = releases(lake)[0]
    sealed = next(one for one in sealed_snapshots(lake) if one.as_of == release.as_of)
    file = lake.root / sealed.tables["item"].file
    content = file.read_bytes()
    file.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    try:
        with pytest.raises(ReproductionError, match="was changed after it was sealed"):
            reproduce(release, lake, workshop.pipeline.settings, tmp_path / "scratch")
    finally:
        file.write_bytes(content)


def _content(root: Path) -> dict[str, int]:
    """Size of every file of a home but Dagster's own history."""
    return {
        path.relative_to(root).as_posix(): path.stat().st_size
        for path in root.rglob("*")
        if path.is_file() and "dagster" not in path.parts
    }
