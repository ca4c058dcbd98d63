"""Releases: immutable, numbered, never published twice; the pointer never goes back."""

from __future__ import annotations

import shutil
import stat
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from orchestration.lake.parquet import read_arrow
from orchestration.outcomes import Code
from orchestration.publish.candidate import build_candidate
from orchestration.publish.release import (
    DoorsLagError,
    ReleaseError,
    current_release,
    previous_release,
    publish,
    record_refusal,
    releases,
    repair,
)
from orchestration.publish.shelf import pointed_id, pointer_file
from tests.unit.publish.release_lake import DAY, NEXT_DAY, ReleaseLake


def test_a_release_is_a_folder_of_tables_manifest_and_evidence(shop: ReleaseLake, tmp_path: Path) -> None:
    evidence = tmp_path / "evidence"
    (evidence / "site").mkdir(parents=True)
    (evidence / "site" / "index.html").write_text("<html>")
    outcome = shop.publish(facts={"seeds": {"demo": 7}}, evidence=evidence)
    release = outcome.release
    assert (outcome.state, outcome.is_current) == ("published", True)
    assert release.release_id == f"2024-01-31-1-{release.content_hash[:8]}"
    assert release.rows == {"policy": 3, "transfer_order": 1}
    policy = read_arrow(release.table("policy"))
    assert policy.column_names[:2] == ["release_id", "as_of"]
    assert set(policy.column("release_id").to_pylist()) == {release.release_id}
    assert (release.folder / "evidence" / "site" / "index.html").read_text() == "<html>"
    assert release.manifest["seeds"] == {"demo": 7}
    assert releases(shop.lake) == (release,)
    assert current_release(shop.lake) == release
    shop.assert_shelf_is_whole()
    shop.assert_doors_lead_to(release.release_id)


def test_a_table_may_be_named_like_a_word_of_sql(shop: ReleaseLake) -> None:
    candidate = build_candidate(shop.lake, DAY, {}, {"order": pa.table({"order_id": ["A", "B"]})})
    publish(candidate, {}, None, shop.lake, shop.ledger, shop.settings, actor="test")
    with duckdb.connect(shop.lake.published_database, read_only=True) as connection:
        assert connection.execute('select order_id from "order" order by all').fetchall() == [("A",), ("B",)]


def test_nobody_may_write_to_a_release_or_its_database(shop: ReleaseLake) -> None:
    release = shop.publish().release
    files = [path for path in release.folder.rglob("*") if path.is_file()]
    files += [*shop.lake.export_dir.iterdir(), shop.lake.published_database]
    assert len(files) == 3 + 3 + 1
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o440}
    assert stat.S_IMODE(release.folder.stat().st_mode) == 0o750


def test_the_same_content_again_publishes_nothing_and_says_so(shop: ReleaseLake) -> None:
    first = shop.publish()
    database = shop.lake.published_database.stat().st_ino
    again = shop.publish(facts={"run": {"run_id": "another"}})
    assert (again.state, again.is_current) == ("unchanged", True)
    assert again.release == first.release
    assert len(releases(shop.lake)) == 1
    assert shop.lake.published_database.stat().st_ino == database
    release_id = first.release.release_id
    assert shop.events() == [("published", release_id), ("unchanged", release_id)]


def test_other_content_of_the_same_date_is_the_next_number(shop: ReleaseLake) -> None:
    first = shop.publish().release
    second = shop.publish(units=5.0).release
    third = shop.publish().release
    assert [one.number for one in releases(shop.lake)] == [1, 2, 3]
    assert third.content_hash == first.content_hash != second.content_hash
    shop.assert_doors_lead_to(third.release_id)


def test_a_number_is_not_used_again_when_its_release_was_taken_away(shop: ReleaseLake) -> None:
    shop.publish()
    shutil.rmtree(shop.publish(units=5.0).release.folder)
    assert shop.publish(units=5.0).release.number == 3


def test_an_older_date_never_moves_the_pointer(shop: ReleaseLake) -> None:
    newest = shop.publish(NEXT_DAY).release
    older = shop.publish(DAY)
    restated = shop.publish(DAY, units=5.0)
    assert [older.state, restated.state] == ["published", "published"]
    assert not older.is_current
    assert not restated.is_current
    shop.assert_doors_lead_to(newest.release_id)
    assert previous_release(shop.lake, NEXT_DAY) == restated.release
    assert previous_release(shop.lake, DAY) is None


def test_a_table_that_changed_after_it_was_checked_is_not_published(shop: ReleaseLake) -> None:
    candidate = shop.candidate()
    shop.candidate(units=5.0)
    with pytest.raises(ReleaseError, match="policy was changed after the candidate of 2024-01-31 was built"):
        publish(candidate, {}, None, shop.lake, shop.ledger, shop.settings, actor="test")
    assert releases(shop.lake) == ()


def test_a_refusal_is_told_to_the_ledger_and_changes_nothing_else(shop: ReleaseLake) -> None:
    release = shop.publish().release
    record_refusal(
        NEXT_DAY,
        "kpi: is_key failed",
        Code.CHECK_FAILED,
        shop.lake,
        shop.ledger,
        "test",
        {"started": NEXT_DAY},
    )
    event = list(shop.ledger.events("release"))[-1]
    assert (event.event_type, event.business_date) == ("refused", NEXT_DAY)
    assert event.payload["problems"] == ["kpi: is_key failed"]
    assert event.payload["current_release"] == release.release_id
    shop.assert_doors_lead_to(release.release_id)


def test_a_lost_pointer_and_lost_doors_are_repaired(shop: ReleaseLake) -> None:
    release = shop.publish().release
    shop.lake.published_database.unlink()
    shop.lake.current_dir.unlink()
    pointer_file(shop.lake).write_text("2024-01-31-9-00000000\n")
    with pytest.raises(ReleaseError, match="CURRENT names '2024-01-31-9-00000000', which is not in"):
        current_release(shop.lake)
    assert repair(shop.lake, shop.settings) == [
        f"moved CURRENT to {release.release_id}",
        f"brought current/ to {release.release_id}",
        f"brought published.duckdb to {release.release_id}",
    ]
    assert repair(shop.lake, shop.settings) == []
    shop.assert_doors_lead_to(release.release_id)


def test_before_the_first_release_there_is_none(shop: ReleaseLake) -> None:
    assert releases(shop.lake) == ()
    assert current_release(shop.lake) is None
    assert previous_release(shop.lake, DAY) is None
    assert repair(shop.lake, shop.settings) == []
    assert pointed_id(shop.lake) == ""


def test_errors_say_what_is_there_and_what_to_do(shop: ReleaseLake) -> None:
    release = shop.publish().release
    with pytest.raises(ReleaseError, match="has no table 'kpi'; it has policy, transfer_order"):
        release.table("kpi")
    manifest = release.folder / "manifest.json"
    manifest.chmod(0o644)
    manifest.write_text("{}")
    with pytest.raises(ReleaseError, match=r"is not a readable manifest .*restore the release from a copy"):
        releases(shop.lake)


def test_a_folder_in_the_place_of_a_door_is_not_touched(shop: ReleaseLake) -> None:
    shop.lake.current_dir.mkdir(parents=True)
    with pytest.raises(DoorsLagError, match="is not a link that Stockplan made; move it away"):
        shop.publish()
    shop.lake.current_dir.rmdir()
    assert shop.publish().state == "unchanged"
    shop.assert_doors_lead_to(releases(shop.lake)[0].release_id)
