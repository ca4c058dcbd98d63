"""What may go and what stays: nothing by default, never the current release, nor what a kept one needs."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest

from orchestration.evidence.releases.retention import apply_retention, plan_retention
from orchestration.lake.manifests import SealedSnapshot, SealedTable, sealed_snapshots, write_manifest
from orchestration.lake.paths import Lake
from orchestration.publish.release import releases, stale_releases
from orchestration.settings import RetentionSettings, Settings
from tests.unit.publish.release_lake import ReleaseLake

DAYS = [date(2024, 1, 1) + timedelta(days=i) for i in range(6)]


def _seal(lake: Lake, day: date, version: int) -> str:
    """A snapshot of one state table and one event table."""
    snapshot_id = f"{day:%Y%m%d}{version:08}"
    tables = {}
    for name in ("item", "demand_line"):
        file = lake.raw_file(name, day, snapshot_id)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"rows")
        relative = file.relative_to(lake.root).as_posix()
        tables[name] = SealedTable(name, relative, 1, 0, "h", is_present=True)
    write_manifest(SealedSnapshot(day, snapshot_id, version, "files", tables, None), {}, lake)
    return snapshot_id


@pytest.fixture
def shop(tmp_path: Path) -> ReleaseLake:
    """A release per day; each has read the snapshots so far and the release before."""
    shop = ReleaseLake(Lake(tmp_path / "lake"), Settings())
    read: list[dict[str, object]] = []
    for number, day in enumerate(DAYS):
        _seal(shop.lake, day, 1)
        read.append({"as_of": day.isoformat(), "snapshot_id": f"{day:%Y%m%d}{1:08}"})
        shelf = releases(shop.lake)
        earlier = [{"release_id": one.release_id, "content_hash": one.content_hash} for one in shelf[-1:]]
        shop.publish(day, 4.0 + number, {"snapshots": list(read), "earlier_releases": earlier})
        for folder in (shop.lake.build_dir(day), shop.lake.border_file("opt_out__policy", day).parent):
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "work").write_text("work")
    return shop


def _told(shop: ReleaseLake, keep: RetentionSettings, **options: bool) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for one in plan_retention(shop.lake, keep, **options).removals:
        found.setdefault(one.kind, []).append(one.business_date.isoformat())
    return found


def test_nothing_goes_unless_a_setting_says_so(shop: ReleaseLake) -> None:
    plan = plan_retention(shop.lake, RetentionSettings())
    assert plan.removals == ()
    assert plan.needed == ()


def test_releases_go_but_not_the_last_ones_nor_what_a_kept_one_has_read(shop: ReleaseLake) -> None:
    keep = RetentionSettings(release_days=2, least_releases=2)
    plan = plan_retention(shop.lake, keep)
    assert [one.identity[:10] for one in plan.removals] == ["2024-01-01", "2024-01-02"]
    assert [one.split()[1][:10] for one in plan.needed] == ["2024-01-03"]
    assert _told(shop, keep, even_if_needed=True)["release"] == ["2024-01-01", "2024-01-02", "2024-01-03"]
    assert "release" not in _told(shop, RetentionSettings(release_days=1, least_releases=6))
    alone = plan_retention(
        shop.lake, RetentionSettings(release_days=1, least_releases=1), even_if_needed=True
    )
    assert "2024-01-06" not in {one.identity[:10] for one in alone.removals}


def test_what_people_open_of_a_release_goes_with_it(shop: ReleaseLake) -> None:
    for one in releases(shop.lake):
        opened = shop.lake.open_dir(one.release_id)
        opened.mkdir(parents=True)
        (opened / "report.html").write_text("page")
    removals = plan_retention(shop.lake, RetentionSettings(release_days=2, least_releases=2)).removals
    gone = {one.identity for one in removals if one.kind == "release"}
    apply_retention(shop.lake, shop.ledger, removals, "auditor")
    assert {one for one in gone if shop.lake.open_dir(one).exists()} == set() < gone
    assert all(shop.lake.open_dir(one.release_id).exists() for one in releases(shop.lake))


def test_of_old_snapshots_the_state_tables_go_once_no_kept_release_is_of_their_date(
    shop: ReleaseLake,
) -> None:
    assert "snapshot" not in _told(shop, RetentionSettings(raw_days=2))
    keep = RetentionSettings(raw_days=2, release_days=3, least_releases=1)
    plan = plan_retention(shop.lake, keep)
    files = [path for one in plan.removals if one.kind == "snapshot" for path in one.paths]
    assert {path.parts[-3] for path in files} == {"raw__item"}
    assert _told(shop, keep)["snapshot"] == ["2024-01-01", "2024-01-02"]


def test_a_version_that_a_correction_replaced_goes_whole_when_nobody_kept_has_read_it(
    shop: ReleaseLake,
) -> None:
    _seal(shop.lake, DAYS[0], 2)
    keep = RetentionSettings(raw_days=2)
    # the kept releases have read its first version
    assert "snapshot 2024010100000001 of 2024-01-01" in plan_retention(shop.lake, keep).needed
    (gone, *_) = plan_retention(shop.lake, keep, even_if_needed=True).removals
    assert gone.paths[-1] == shop.lake.snapshot_manifest(DAYS[0], "2024010100000001")


def test_work_goes_by_date(shop: ReleaseLake) -> None:
    assert _told(shop, RetentionSettings(work_days=4)) == {"work": ["2024-01-01"]}


def test_each_removal_is_an_event_and_what_is_left_is_whole(shop: ReleaseLake) -> None:
    keep = RetentionSettings(release_days=2, least_releases=2, raw_days=2, work_days=1)
    plan = plan_retention(shop.lake, keep)
    assert plan.bytes > 0
    assert apply_retention(shop.lake, shop.ledger, plan.removals, "ann") == len(plan.removals)
    events = list(shop.ledger.events("retention"))
    assert [one.subject for one in events] == [f"{one.kind}:{one.identity}" for one in plan.removals]
    assert {one.actor for one in events} == {"ann"}
    assert shop.ledger.verify().is_intact
    shop.assert_shelf_is_whole()
    assert [one.as_of for one in releases(shop.lake)] == DAYS[2:]
    assert len(sealed_snapshots(shop.lake)) == len(DAYS)
    # what is gone from the shelf makes nothing stale
    assert stale_releases(shop.lake) == []
    assert plan_retention(shop.lake, keep).removals == ()
