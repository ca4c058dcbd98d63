"""The file list of a run: neither a byte too few nor a version too many."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from orchestration.contracts.arrow import arrow_schema
from orchestration.contracts.raw import LANE, RAW_TABLES
from orchestration.contracts.registry import RUN_CONTEXT, SOURCE_PRESENCE
from orchestration.ims.connector import Snapshot
from orchestration.lake.inputs import (
    InputsError,
    collect_inputs,
    sealed_schema,
    source_presence,
    write_inputs,
)
from orchestration.lake.ledger import Ledger
from orchestration.lake.parquet import read_arrow
from orchestration.lake.paths import Lake
from orchestration.lake.sealed_files import SealedFileError
from orchestration.lake.sealing import SealedSnapshot, seal
from orchestration.settings import Settings
from tests.factories import small_snapshot

FIRST = date(2022, 8, 14)
DAYS = [FIRST + timedelta(days=number) for number in range(3)]


def _seal(lake: Lake, snapshot: Snapshot) -> SealedSnapshot:
    outcome = seal(snapshot, lake, Ledger(lake.ledger_file), Settings(), today=DAYS[-1])
    return outcome.snapshot_or_raise()


def _without(snapshot: Snapshot, *names: str) -> Snapshot:
    return replace(
        snapshot, tables={name: table for name, table in snapshot.tables.items() if name not in names}
    )


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """Three days, each with what is new; the second was corrected; no lanes on the third."""
    lake = Lake(tmp_path_factory.mktemp("inputs"))
    _seal(lake, small_snapshot(DAYS[0]))
    _seal(lake, small_snapshot(DAYS[1], DAYS[0]))
    _seal(lake, _without(small_snapshot(DAYS[1], DAYS[0]), "segment"))
    _seal(lake, _without(small_snapshot(DAYS[2], DAYS[1]), "lane"))
    return lake


def test_state_comes_from_the_day_events_from_the_newest_version_of_every_day(lake: Lake) -> None:
    inputs = collect_inputs(lake, DAYS[2])
    assert [one.as_of for one in inputs.snapshots] == DAYS
    assert [one.version for one in inputs.snapshots] == [1, 2, 1]
    assert inputs.snapshot.as_of == DAYS[2]
    ids = [one.snapshot_id for one in inputs.snapshots]
    assert [path.stem for path in inputs.files["item"]] == ids[-1:]
    assert [path.stem for path in inputs.files["demand_line"]] == ids
    lines = [read_arrow(path) for path in inputs.files["demand_line"]]
    whole = small_snapshot(DAYS[2]).tables["demand_line"]
    assert set(pa.concat_tables(lines).column("order_id").to_pylist()) == set(
        whole.column("order_id").to_pylist()
    )


def test_an_earlier_day_reads_nothing_of_a_later_one(lake: Lake) -> None:
    inputs = collect_inputs(lake, DAYS[0])
    paths = [path for paths in inputs.files.values() for path in paths]
    assert {path.parent.name for path in paths} == {f"snapshot_date={DAYS[0]}"}


def test_an_absent_table_is_an_empty_one_with_its_schema(lake: Lake) -> None:
    (path,) = collect_inputs(lake, DAYS[2]).files["lane"]
    assert read_arrow(path).num_rows == 0
    assert read_arrow(path).schema == sealed_schema(LANE)


def test_every_source_is_in_the_list_with_an_absolute_path(lake: Lake) -> None:
    path = write_inputs(collect_inputs(lake, DAYS[2]), lake, Settings())
    assert path == lake.build_dir(DAYS[2]) / "inputs.parquet"
    rows = read_arrow(path).to_pylist()
    assert {row["table_name"] for row in rows} == {
        *(table.source_name for table in RAW_TABLES),
        "run_context",
        "source_presence",
    }
    assert all(Path(row["path"]).is_absolute() and Path(row["path"]).is_file() for row in rows)
    files = {row["table_name"]: Path(row["path"]) for row in rows}
    context = read_arrow(files["run_context"])
    assert context.schema == arrow_schema(RUN_CONTEXT)
    assert context.to_pylist()[0]["as_of"] == DAYS[2]
    assert context.to_pylist()[0]["snapshot_id"] == collect_inputs(lake, DAYS[2]).snapshot.snapshot_id
    assert read_arrow(files["source_presence"]).schema == arrow_schema(SOURCE_PRESENCE)


def test_presence_tells_tables_columns_and_what_their_absence_costs(lake: Lake) -> None:
    table = source_presence(collect_inputs(lake, DAYS[2]).snapshots)
    rows = {(row["table_name"], row["column_name"]): row for row in table.to_pylist()}
    assert rows["item", "*"]["is_present"]
    assert rows["item", "*"]["is_mandatory"]
    assert not rows["lane", "*"]["is_present"]
    assert rows["lane", "*"]["disabled_feature"] == "balancing between locations"
    assert rows["item", "list_price"]["is_present"]
    # Never filled: as good as absent.
    assert not rows["item", "trim"]["is_present"]
    assert not rows["item", "list_price"]["is_mandatory"]
    held = [one.tables["demand_line"].rows for one in collect_inputs(lake, DAYS[2]).snapshots]
    assert rows["demand_line", "*"]["snapshot_rows"] == sum(held)


def test_presence_tells_what_was_generated_or_defaulted(lake: Lake) -> None:
    (sealed,) = collect_inputs(lake, DAYS[0]).snapshots
    origins = {"item.*": "generated", "item.item_id": "recorded", "receipt.is_expedited": "default"}
    rows = source_presence((replace(sealed, origins=origins),)).to_pylist()
    told = {row["table_name"]: row["unproven_columns"] for row in rows if row["column_name"] == "*"}
    assert "unit_cost" in told["item"].split("|")
    assert "item_id" not in told["item"].split("|")
    assert "is_expedited" in told["receipt"].split("|")


def test_a_date_that_is_not_sealed_is_refused(lake: Lake) -> None:
    with pytest.raises(InputsError, match="no snapshot of 2022-08-13 is sealed"):
        collect_inputs(lake, FIRST - timedelta(days=1))


def test_a_hole_in_the_history_is_refused(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    _seal(lake, small_snapshot(DAYS[0]))
    _seal(lake, small_snapshot(DAYS[2], DAYS[1]))
    with pytest.raises(InputsError, match="holds events after 2022-08-15, and no snapshot of 2022-08-15"):
        collect_inputs(lake, DAYS[2])


def test_a_lost_file_is_named(tmp_path: Path) -> None:
    lake = Lake(tmp_path)
    sealed = _seal(lake, small_snapshot(DAYS[0]))
    (lake.root / sealed.tables["item"].file).unlink()
    with pytest.raises(SealedFileError, match=r"sealed files are missing: .*raw__item"):
        collect_inputs(lake, DAYS[0])


def test_a_column_the_contract_grew_is_there_for_old_snapshots(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from orchestration.lake import inputs

    lake = Lake(tmp_path)
    _seal(lake, small_snapshot(DAYS[0]))
    grown = replace(LANE, optional=("volume_m3",))
    tables = tuple(grown if table is LANE else table for table in RAW_TABLES)
    monkeypatch.setattr(inputs, "RAW_TABLES", tables)
    paths = collect_inputs(lake, DAYS[0]).files["lane"]
    assert len(paths) == 2
    assert "volume_m3" in read_arrow(paths[1]).column_names
