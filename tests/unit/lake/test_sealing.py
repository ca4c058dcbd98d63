"""Sealing: what is written, when it counts, and what becomes of the same delivery again."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from orchestration.contracts.raw import RAW_TABLES
from orchestration.ims.connector import Snapshot
from orchestration.lake import sealing
from orchestration.lake.inputs import sealed_schema
from orchestration.lake.ledger import Ledger
from orchestration.lake.manifests import read_manifest
from orchestration.lake.parquet import read_arrow
from orchestration.lake.paths import Lake
from orchestration.lake.sealed_files import SealedFileError
from orchestration.lake.sealing import (
    SealOutcome,
    SnapshotRefused,
    latest_sealed,
    seal,
    sealed_snapshots,
)
from orchestration.settings import Settings
from tests.factories import small_snapshot

DAY = date(2022, 8, 15)
TODAY = date(2022, 9, 1)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake")


def _seal(lake: Lake, snapshot: Snapshot, **options: bool) -> SealOutcome:
    return seal(snapshot, lake, Ledger(lake.ledger_file), Settings(), today=TODAY, **options)


def _changed(snapshot: Snapshot, name: str, table: pa.Table) -> Snapshot:
    return replace(snapshot, tables={**snapshot.tables, name: table})


def _events(lake: Lake) -> list[str]:
    return [event.event_type for event in Ledger(lake.ledger_file).events("snapshot")]


def test_a_sealed_snapshot_holds_every_row_in_the_contracts_schema(lake: Lake) -> None:
    snapshot = small_snapshot(DAY)
    sealed = _seal(lake, snapshot).snapshot_or_raise()
    for table in RAW_TABLES:
        held = sealed.tables[table.source_name]
        rows = read_arrow(lake.root / held.file)
        assert rows.schema == sealed_schema(table)
        assert rows.column_names[-1] == "snapshot_date"
        assert rows.num_rows == held.rows == snapshot.tables[table.source_name].num_rows
        assert set(rows.column("snapshot_date").to_pylist()) <= {DAY}
    assert lake.raw_file("item", DAY, sealed.snapshot_id).is_file()
    assert sealed.quarantined_rows == 0
    assert not lake.quarantine_file(DAY, sealed.snapshot_id).exists()


def test_the_manifest_tells_what_was_sealed(lake: Lake) -> None:
    sealed = _seal(lake, small_snapshot(DAY)).snapshot_or_raise()
    path = lake.snapshot_manifest(DAY, sealed.snapshot_id)
    assert read_manifest(path) == sealed
    content = json.loads(path.read_text())
    assert content["origins"]["item.*"] == "generated"
    assert content["schemas"]["item"]["unit_cost"] == "double"
    assert content["tables"]["lane"]["rows"] == 12
    assert latest_sealed(lake, DAY) == sealed
    assert latest_sealed(lake, DAY - timedelta(days=1)) is None


def test_a_damaged_manifest_is_named(lake: Lake) -> None:
    sealed = _seal(lake, small_snapshot(DAY)).snapshot_or_raise()
    path = lake.snapshot_manifest(DAY, sealed.snapshot_id)
    path.write_text('{"as_of": "2022-08-15"}')
    with pytest.raises(SealedFileError, match="not a readable snapshot manifest"):
        sealed_snapshots(lake)


def test_the_same_rows_in_another_order_are_a_duplicate(lake: Lake) -> None:
    first = _seal(lake, small_snapshot(DAY)).snapshot_or_raise()
    lines = small_snapshot(DAY).tables["demand_line"]
    backwards = lines.take(pc.sort_indices(lines, [("order_id", "descending")]))
    files = {path: path.stat().st_mtime_ns for path in lake.root.rglob("*.parquet")}
    outcome = _seal(lake, _changed(small_snapshot(DAY), "demand_line", backwards))
    assert outcome.state == "duplicate"
    assert outcome.snapshot == first
    assert "delivered before with the same content" in outcome.notes[0]
    assert {path: path.stat().st_mtime_ns for path in lake.root.rglob("*.parquet")} == files
    assert _events(lake) == ["sealed", "duplicate"]


def test_other_content_is_a_new_version_and_both_stay(lake: Lake) -> None:
    first = _seal(lake, small_snapshot(DAY)).snapshot_or_raise()
    items = small_snapshot(DAY).tables["item"]
    cost = items.column_names.index("unit_cost")
    dearer = items.set_column(cost, items.field(cost), pc.add(items.column("unit_cost"), 1.0))
    outcome = _seal(lake, _changed(small_snapshot(DAY), "item", dearer))
    second = outcome.snapshot_or_raise()
    assert (first.version, second.version) == (1, 2)
    assert first.snapshot_id != second.snapshot_id
    assert "this is version 2" in outcome.notes[0]
    assert sealed_snapshots(lake) == (first, second)
    assert latest_sealed(lake, DAY) == second
    assert lake.raw_file("item", DAY, first.snapshot_id).is_file()
    assert _events(lake) == ["sealed", "sealed", "superseded"]


def test_a_late_repetition_does_not_undo_a_correction(lake: Lake) -> None:
    _seal(lake, small_snapshot(DAY))
    lanes = small_snapshot(DAY).tables["lane"].slice(1)
    corrected = _seal(lake, _changed(small_snapshot(DAY), "lane", lanes)).snapshot_or_raise()
    outcome = _seal(lake, small_snapshot(DAY))
    assert outcome.state == "duplicate"
    assert "stays in force" in outcome.notes[1]
    assert latest_sealed(lake, DAY) == corrected


def test_a_date_that_arrives_late_is_sealed_and_said_so(lake: Lake) -> None:
    _seal(lake, small_snapshot(DAY))
    outcome = _seal(lake, small_snapshot(DAY - timedelta(days=3)))
    assert outcome.state == "sealed"
    assert "came after 2022-08-15 was sealed" in outcome.notes[0]


def test_a_crash_before_the_manifest_leaves_nothing_sealed_and_heals(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(sealing, "write_manifest", die)
        with pytest.raises(KeyboardInterrupt):
            _seal(lake, small_snapshot(DAY))
    assert sealed_snapshots(lake) == ()
    assert any(lake.root.glob("raw__item/*/*.parquet"))
    assert _seal(lake, small_snapshot(DAY)).state == "sealed"
    assert len(sealed_snapshots(lake)) == 1


def test_a_crash_before_the_ledger_is_made_good_by_the_next_delivery(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(sealing, "_record_sealed", die)
        with pytest.raises(KeyboardInterrupt):
            _seal(lake, small_snapshot(DAY))
    assert len(sealed_snapshots(lake)) == 1
    assert _seal(lake, small_snapshot(DAY)).state == "duplicate"
    assert _events(lake) == ["sealed", "duplicate"]


def test_a_refusal_is_recorded_with_its_rows_and_seals_nothing(lake: Lake) -> None:
    stock = small_snapshot(DAY).tables["stock_on_hand"]
    units = stock.column_names.index("on_hand_units")
    broken = stock.set_column(units, stock.field(units), pc.negate(stock.column("on_hand_units")))
    outcome = _seal(lake, _changed(small_snapshot(DAY), "stock_on_hand", broken))
    assert outcome.state == "refused"
    assert outcome.refusal_file is not None
    record = json.loads(outcome.refusal_file.read_text())
    assert record["problems"][0]["rule"] == "too_many_bad_rows"
    rows = read_arrow(outcome.refusal_file.with_suffix(".parquet")).to_pylist()
    assert rows[0]["rule"] == "greater_than_or_equal_to(0)"
    assert rows[0]["column_name"] == "on_hand_units"
    assert "must be a number and >= 0" in rows[0]["repair"]
    assert json.loads(rows[0]["row_key"])["item_id"] == "ACC-1"
    assert not list(lake.root.glob("raw__*"))
    assert _events(lake) == ["refused"]
    with pytest.raises(SnapshotRefused, match=r"stock_on_hand: 2\d of 24 rows are bad") as refusal:
        outcome.snapshot_or_raise()
    assert str(outcome.refusal_file.with_suffix(".parquet")) in str(refusal.value)


def test_lost_rows_refuse_and_an_override_is_recorded(lake: Lake) -> None:
    _seal(lake, small_snapshot(DAY))
    day = DAY + timedelta(days=1)
    shorter = _changed(
        small_snapshot(day), "stock_on_hand", small_snapshot(day).tables["stock_on_hand"].slice(5)
    )
    outcome = _seal(lake, shorter)
    assert outcome.state == "refused"
    assert [problem.rule for problem in outcome.problems] == ["row_loss"]
    assert "19 rows after 24 on 2022-08-15: a loss of 21%" in outcome.problems[0].detail
    accepted = _seal(lake, shorter, accept_row_loss=True)
    assert accepted.state == "sealed"
    assert any("accepted by override" in note for note in accepted.notes)
    assert _events(lake) == ["sealed", "refused", "override", "sealed"]


def test_losing_exactly_the_allowed_share_is_no_loss(lake: Lake) -> None:
    calendar = small_snapshot(DAY).tables["calendar"].slice(0, 100)
    _seal(lake, _changed(small_snapshot(DAY), "calendar", calendar))
    day = DAY + timedelta(days=1)
    outcome = _seal(lake, _changed(small_snapshot(day), "calendar", calendar.slice(0, 80)))
    assert outcome.state == "sealed"


def test_open_supply_may_shrink_by_a_few_lines(lake: Lake) -> None:
    _seal(lake, small_snapshot(DAY))
    day = DAY + timedelta(days=1)
    none = small_snapshot(day).tables["supply_order"].slice(0, 0)
    assert _seal(lake, _changed(small_snapshot(day), "supply_order", none)).state == "sealed"


def test_one_bad_row_costs_only_itself_and_what_refers_to_it(lake: Lake) -> None:
    items = small_snapshot(DAY).tables["item"].to_pylist()
    items[0]["unit_cost"] = -1.0
    snapshot = _changed(small_snapshot(DAY), "item", pa.Table.from_pylist(items))
    sealed = _seal(lake, snapshot).snapshot_or_raise()
    assert sealed.tables["item"].rows == 5
    assert sealed.tables["item_location"].quarantined_rows == 4
    rows = read_arrow(lake.root / sealed.quarantine_file).to_pylist()
    assert {row["rule"] for row in rows if row["table_name"] == "item_location"} == {"quarantined_reference"}


def test_unknown_columns_are_kept_aside_with_their_values(lake: Lake) -> None:
    items = small_snapshot(DAY).tables["item"]
    more = items.append_column("shelf", pa.array(["a", "b", "c", "d", "e", None]))
    more = more.append_column("tags", pa.array([["x"], [], None, ["y"], [], []]))
    outcome = _seal(lake, _changed(small_snapshot(DAY), "item", more))
    held = outcome.snapshot_or_raise().tables["item"]
    assert held.extra_columns == ("shelf", "tags")
    assert "item: unknown columns are kept aside: shelf, tags" in outcome.notes
    kept = read_arrow(lake.root / held.extra_file).to_pylist()
    assert kept[0] == {"item_id": "ACC-1", "row_number": 1, "shelf": "a", "tags": '["x"]'}
    assert "shelf" not in read_arrow(lake.root / held.file).column_names


def test_absent_stamps_are_defaulted_and_say_so(lake: Lake) -> None:
    lanes = small_snapshot(DAY).tables["lane"].drop_columns(["source_system", "loaded_at"])
    sealed = _seal(lake, _changed(small_snapshot(DAY), "lane", lanes)).snapshot_or_raise()
    assert sealed.tables["lane"].defaulted_columns == ("source_system", "loaded_at")
    row = read_arrow(lake.root / sealed.tables["lane"].file).to_pylist()[0]
    assert row["source_system"] == "small"
    assert row["loaded_at"].isoformat() == "2022-08-15T23:59:59"
