"""`stockplan audit`: what it proves, and what it answers."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path

from orchestration.lake.parquet import read_arrow, write_arrow
from orchestration.publish.overlay import publish_overlay
from orchestration.publish.shelf import current_release
from tests.overlay_base import Base
from tests.unit.cli.conftest import Command, said


def test_what_is_whole_is_proven(base: Base, stockplan: Command) -> None:
    base.operate("consume", "FLEET", 4.0)
    publish_overlay(base.lake, base.ledger, base.settings, None, "test")
    result = stockplan("audit", "verify", "--all-tables")
    assert result.exit_code == 0, said(result)
    assert "The ledger is intact: 3 events" in said(result)
    assert "tables of 1 releases and 1 overlays have the hash that the ledger witnesses" in said(result)


def test_an_edited_event_and_an_edited_table_are_found(base: Base, stockplan: Command) -> None:
    base.operate("consume", "FLEET", 4.0)
    made = publish_overlay(base.lake, base.ledger, base.settings, None, "test").overlay
    assert made is not None
    file = made.tables["supply_audit"]
    table = read_arrow(file)
    file.unlink()
    write_arrow(table.slice(1), file)
    result = stockplan("audit", "verify")
    assert result.exit_code == 1
    assert f"table supply_audit of overlay {made.overlay_id} was changed after its publication" in said(
        result
    )
    ledger_file = base.lake.ledger_file
    ledger_file.write_bytes(ledger_file.read_bytes().replace(b'"units":4.0', b'"units":3.0', 1))
    assert "the ledger is NOT intact at event 2" in said(stockplan("audit", "verify"))


def test_supply_answers_by_item_segment_action_purpose_and_date(
    base: Base, stockplan: Command, tmp_path: Path
) -> None:
    base.operate("consume", "FLEET", 4.0)
    base.operate("reallocate", "FLEET", 1.0, to_segment_id="RETAIL", parent_action_id="A1")
    base.operate("consume", "RETAIL", 1.0, place=1)

    def asked(*options: str) -> list[str]:
        file = tmp_path / "found.csv"
        result = stockplan("audit", "supply", *options, "--csv", str(file))
        assert result.exit_code == 0, said(result)
        with file.open() as lines:
            return [row["action_id"] for row in csv.DictReader(lines)]

    assert asked() == ["A3", "A2", "A1"]
    assert asked("--location", "L1") == ["A2", "A1"]
    assert asked("--segment", "RETAIL") == ["A3", "A2"]
    assert asked("--purpose", "SEGMENT_REALLOCATION") == ["A2"]
    assert asked("--action", "A3") == ["A3"]
    assert asked("--item", "I000009") == []
    assert asked("--since", "2024-07-02") == []
    assert asked("--until", "2024-07-01", "--limit", "1") == ["A3", "A2", "A1"]
    release = current_release(base.lake)
    assert release is not None
    assert asked("--release", release.release_id) == []
    assert "there is no release" in said(stockplan("audit", "supply", "--release", "2024-01-01-1-00000000"))


def test_supply_names_what_awaits_the_next_release(base: Base, stockplan: Command) -> None:
    base.operate("consume", "FLEET", 4.0)
    assert "awaiting" in said(stockplan("audit", "supply"))


def test_supply_names_what_the_overlay_has_applied(base: Base, stockplan: Command, tmp_path: Path) -> None:
    base.operate("consume", "FLEET", 4.0)
    base.operate("consume", "FLEET", 4000.0)
    made = publish_overlay(base.lake, base.ledger, base.settings, None, "test").overlay
    assert made is not None
    base.operate("consume", "FLEET", 1.0)
    file = tmp_path / "found.csv"
    told = stockplan("audit", "supply", "--csv", str(file))
    assert told.exit_code == 0, said(told)
    with file.open() as lines:
        rows = [(row["action_id"], row["entry_status"], row["release_id"]) for row in csv.DictReader(lines)]
    assert rows == [
        ("A3", "awaiting", ""),
        ("A2", "rejected", made.overlay_id),
        ("A1", "accepted", made.overlay_id),
    ]


def test_the_columns_of_an_audit_can_be_chosen(base: Base, stockplan: Command) -> None:
    base.operate("consume", "FLEET", 4.0)
    shown = said(stockplan("audit", "supply", "--columns", "action_id, source_id"))
    assert "action_id" in shown and "source_id" in shown and "operation" not in shown
    assert "there is no column price; known are event_at" in said(
        stockplan("audit", "supply", "--columns", "price")
    )


def test_an_audit_that_a_release_does_not_have_is_told(stockplan: Command) -> None:
    for kind in ("levels", "valuation", "condition"):
        assert "has no table 'inventory_audit'" in said(stockplan("audit", kind))


def test_help_stays_light() -> None:
    heavy = "('pandas', 'duckdb', 'numba', 'scipy', 'pyarrow.csv')"
    tell = f"print([name for name in {heavy} if name in sys.modules])"

    def loaded(statement: str) -> str:
        code = f"import sys\n{statement}\n{tell}"
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        return done.stdout

    # What the settings and Dagster load anyhow is not the commands' doing.
    known = loaded("import dagster, orchestration.settings, orchestration.defs.resources")
    assert loaded("from orchestration.cli import app") == known
