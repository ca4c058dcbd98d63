"""The files connector and the draft of its mapping, on a small foreign source and on oddities."""

from __future__ import annotations

import csv
import re
from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from orchestration.ims.connector import Connector, SourceError
from orchestration.ims.drafting import draft_mapping
from orchestration.ims.files import UNREADABLE, FilesConnector
from orchestration.ims.registry import open_connector
from orchestration.lake.ledger import Ledger
from orchestration.lake.parquet import read_arrow, write_arrow
from orchestration.lake.paths import Lake
from orchestration.lake.sealing import SealedSnapshot, seal
from orchestration.settings import Settings, SourceSettings
from tests.factories import small_snapshot

FOREIGN = Path(__file__).resolve().parents[2] / "data" / "foreign"
FOREIGN_DAY = date(2024, 3, 1)
DAY = date(2022, 7, 20)


def _draft(folder: Path, target: Path) -> Path:
    target.write_text(draft_mapping(folder).text, encoding="utf-8")
    return target


def _sealed(connector: Connector, day: date, root: Path) -> SealedSnapshot:
    lake = Lake(root)
    outcome = seal(connector.extract(day, None), lake, Ledger(lake.ledger_file), Settings(), today=day)
    return outcome.snapshot_or_raise()


def test_a_foreign_source_is_mapped_by_its_draft_alone(tmp_path: Path) -> None:
    draft = draft_mapping(FOREIGN)
    assert draft.missing == ()
    assert draft.unused == ()
    assert "item.item_kind = part in every row" in draft.assumed
    assert "unit-level stock and ageing by unit (no table unit)" in draft.disabled
    assert draft.tables["stock_on_hand"].columns == {
        "item_id": "sku",
        "location_id": "warehouse_code",
        "stock_status": "stock_state",
        "on_hand_units": "qty_on_hand",
    }
    connector = FilesConnector(FOREIGN, _draft(FOREIGN, tmp_path / "m.yaml"))
    assert connector.business_dates() == [FOREIGN_DAY]
    sealed = _sealed(connector, FOREIGN_DAY, tmp_path / "lake")
    assert sealed.quarantined_rows == 0
    assert sealed.tables["demand_line"].rows == 1461
    assert sealed.origins is not None
    assert sealed.origins["item.item_kind"] == "default"


def test_another_dialect_of_the_same_files_seals_to_the_same_content(tmp_path: Path) -> None:
    day = tmp_path / "inbox" / FOREIGN_DAY.isoformat()
    day.mkdir(parents=True)
    for file in sorted((FOREIGN / FOREIGN_DAY.isoformat()).iterdir()):
        with file.open(encoding="utf-8") as source:
            rows = [[_german(cell) for cell in row] for row in csv.reader(source)]
        with (day / file.name).open("w", encoding="cp1252", newline="") as target:
            csv.writer(target, delimiter=";").writerows(rows)
    ours = _sealed(FilesConnector(FOREIGN, _draft(FOREIGN, tmp_path / "a")), FOREIGN_DAY, tmp_path / "1")
    mapping = _draft(tmp_path / "inbox", tmp_path / "b")
    theirs = _sealed(FilesConnector(tmp_path / "inbox", mapping), FOREIGN_DAY, tmp_path / "2")
    assert theirs.snapshot_id == ours.snapshot_id


def _german(cell: str) -> str:
    cell = re.sub(r"^(\d{4})-(\d\d)-(\d\d)$", r"\3.\2.\1", cell)
    return cell.replace(".", ",") if re.fullmatch(r"-?\d+\.\d+", cell) else cell


def test_what_a_draft_cannot_find_it_says(tmp_path: Path) -> None:
    (tmp_path / "articles.csv").write_text("article_no,title,colour of box\nA,Disc,red\n")
    (tmp_path / "warehouses.csv").write_text("warehouse,site_type\nHAM,hangar\n")
    (tmp_path / "weather.csv").write_text("rain,sun\n1,2\n")
    draft = draft_mapping(tmp_path)
    assert "item.unit_cost" in draft.missing
    assert "table stock_on_hand: nothing was found for it" in draft.missing
    assert "# MISSING unit_cost: Cost of one unit" in draft.text
    assert "# MISSING values.location_type: translate hangar into one of plant, depot" in draft.text
    assert "file weather.csv" in draft.unused
    assert "column articles.csv: colour of box" in draft.unused


def test_a_folder_without_files_has_no_draft(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"holds no \.csv or \.parquet file"):
        draft_mapping(tmp_path)
    with pytest.raises(SourceError, match="is not a folder"):
        draft_mapping(tmp_path / "none")


def _inbox(root: Path, *days: date) -> Path:
    """Our own names, as Parquet, each day with what is new since the day before it."""
    since = None
    for day in days:
        for name, table in small_snapshot(day, since).tables.items():
            write_arrow(table, root / day.isoformat() / f"{name}.parquet")
        since = day
    return root


def test_event_tables_gather_every_folder_since_the_last_snapshot(tmp_path: Path) -> None:
    days = [DAY + timedelta(days=number) for number in range(3)]
    connector = FilesConnector(_inbox(tmp_path / "inbox", *days))
    (tmp_path / "inbox" / "notes").mkdir()
    assert connector.business_dates() == days
    whole = connector.extract(days[2], None)
    fresh = connector.extract(days[2], days[1])
    expected = small_snapshot(days[2], days[1]).tables["stock_movement"].num_rows
    assert fresh.tables["stock_movement"].num_rows == expected
    assert fresh.since == days[1]
    assert (
        whole.tables["stock_movement"].num_rows == small_snapshot(days[2]).tables["stock_movement"].num_rows
    )
    assert whole.tables["item"].num_rows == 6


def test_a_date_without_a_folder_is_named(tmp_path: Path) -> None:
    connector = FilesConnector(_inbox(tmp_path, DAY))
    with pytest.raises(SourceError, match="has no folder 2022-07-21; it has 2022-07-20"):
        connector.extract(DAY + timedelta(days=1), None)


def _one_csv(tmp_path: Path, content: str, mapping: str = "") -> pa.Table:
    day = tmp_path / "inbox" / DAY.isoformat()
    day.mkdir(parents=True)
    (day / "items.csv").write_text(content, encoding="utf-8")
    path = tmp_path / "mapping.yaml"
    path.write_text(f"tables:\n  item:\n    file: items.csv\n{mapping}", encoding="utf-8")
    return FilesConnector(tmp_path / "inbox", path).extract(DAY, None).tables["item"]


def test_cells_are_taken_word_for_word(tmp_path: Path) -> None:
    cells = ["007", "1e5", "true", "=cmd|x", "NULL", ' "quoted" ', "two\nlines", "🚗", "N/A"]
    lines = "".join('"' + cell.replace('"', '""') + '",x\n' for cell in cells)
    table = _one_csv(tmp_path, "item_id,description\n" + lines)
    assert table.column("item_id").to_pylist() == cells


def test_an_unreadable_line_becomes_an_empty_row_that_keeps_its_text(tmp_path: Path) -> None:
    table = _one_csv(tmp_path, "item_id,description\nA,a\nB,b,c\nC,c\n")
    assert table.column("item_id").to_pylist() == ["A", "C", None]
    assert table.column(UNREADABLE).to_pylist() == [None, None, "B,b,c"]


def test_words_are_translated_and_constants_filled_in(tmp_path: Path) -> None:
    table = _one_csv(
        tmp_path,
        "sku,status,item_id\nA,live,theirs\nB,odd,theirs\n-,x,y\n",
        "    columns: {item_id: sku, lifecycle_status: status}\n"
        "    constants: {is_integer: true, unit_cost: 1.5}\n"
        "    values: {lifecycle_status: {live: active}}\n"
        "    dialect: {missing_values: ['-']}\n",
    )
    assert table.column("item_id").to_pylist() == ["A", "B", None]
    assert table.column("lifecycle_status").to_pylist() == ["active", "odd", "x"]
    assert table.column("is_integer").to_pylist() == ["true"] * 3
    # A column of theirs that happens to bear our name is not ours once ours is mapped.
    assert table.column("source_item_id").to_pylist() == ["theirs", "theirs", "y"]


def test_a_mapped_column_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"no column 'sku' \(our item_id\); it has a, b"):
        _one_csv(tmp_path, "a,b\n1,2\n", "    columns: {item_id: sku}\n")


def test_the_registry_knows_what_a_connector_needs(tmp_path: Path) -> None:
    def settings(**source: object) -> Settings:
        return Settings(source=SourceSettings(**source))

    assert open_connector(settings(connector="demo")).name == "demo"
    assert open_connector(settings(connector="files", inbox=tmp_path)).name == "files"
    for name, wanted in (
        ("files", "source.inbox"),
        ("generator", "source.generated"),
        ("postgres", "source.mapping"),
    ):
        with pytest.raises(SourceError, match=f"{wanted} is not set"):
            open_connector(settings(connector=name))
    with pytest.raises(SourceError, match="is not a folder"):
        open_connector(settings(connector="files", inbox=tmp_path / "none"))


def test_what_was_sealed_is_what_the_files_say(tmp_path: Path) -> None:
    connector = FilesConnector(_inbox(tmp_path / "inbox", DAY))
    sealed = _sealed(connector, DAY, tmp_path / "lake")
    held = read_arrow(tmp_path / "lake" / sealed.tables["item"].file)
    assert held.column("item_id").to_pylist() == ["ACC-1", "CAR-A", "CAR-B", "PART-1", "PART-2", "PART-3"]
