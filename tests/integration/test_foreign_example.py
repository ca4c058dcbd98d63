"""A wholesaler's own CSV files, mapped by `stockplan init` and run to a release, as a user would.

Every command runs in a process of its own, with nothing but the settings that its output names.
"""

from __future__ import annotations

import csv
import json
from collections import Counter

import duckdb
import pandas as pd
import pytest

from orchestration.lake.paths import Lake
from orchestration.publish.shelf import Release, current_release
from tests.conftest import FOREIGN_DAY, FOREIGN_INBOX, Foreign
from tests.pipelines import published, stockplan

PAIR = ["item_id", "location_id"]


@pytest.fixture(scope="session")
def release(foreign: Foreign) -> Release:
    found = current_release(Lake(foreign.home))
    assert found is not None
    return found


def _delivered(name: str) -> list[dict[str, str]]:
    with (FOREIGN_INBOX / FOREIGN_DAY / f"{name}.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_the_draft_maps_their_names_and_says_what_it_assumed(foreign: Foreign) -> None:
    assert foreign.init.returncode == 0, foreign.init.stderr
    draft = foreign.mapping.read_text()
    for ours, theirs in (
        ("item_id", "sku"),
        ("location_id", "warehouse_code"),
        ("on_hand_units", "qty_on_hand"),
        ("requested_units", "qty_ordered"),
        ("lead_time_days", "lead_time_in_days"),
    ):
        assert f"{ours}: {theirs}\n" in draft
    assert "MISSING" not in draft.split("tables:")[1]
    assert "Assumed; look at each" in foreign.init.stdout
    assert "these features stay off" in foreign.init.stdout
    assert "unit-level stock and ageing by unit (no table unit)" in foreign.init.stdout
    assert "connector: files" in foreign.init.stdout


def test_the_run_tells_what_happened(foreign: Foreign, release: Release) -> None:
    assert foreign.run.returncode == 0, foreign.run.stdout + foreign.run.stderr
    told = foreign.run.stdout
    assert f"business date {FOREIGN_DAY}" in told
    assert f"Published release {release.release_id}" in told
    for stage in ("seal", "marts", "forecast", "policy", "network plan", "published", "gate", "publish"):
        assert f"✓ {stage}" in told
    for table, rows in release.rows.items():
        assert f"{rows:,}" in next(line for line in told.splitlines() if f"│{table} " in line)
    exceptions = published(release, "exception")
    looks = int((exceptions["attention"] == "look").sum())
    assert f"{len(exceptions)} exceptions, {looks} ask for a look" in told
    assert "calendar was not delivered" in told


def test_their_stock_is_published_under_our_names(release: Release) -> None:
    position = published(release, "inventory_position").set_index(PAIR)["on_hand_units"]
    stock = {
        (row["sku"], row["warehouse_code"]): float(row["qty_on_hand"]) for row in _delivered("stock_levels")
    }
    assert position.to_dict() == pytest.approx(stock)


def test_their_movements_balance(release: Release) -> None:
    moved: Counter[tuple[str, str]] = Counter()
    for row in _delivered("inventory_transactions"):
        moved[row["sku"], row["warehouse_code"]] += int(row["signed_qty"])
    position = published(release, "inventory_position").set_index(PAIR)["on_hand_units"]
    assert position.to_dict() == pytest.approx(dict(moved))
    checks = published(release, "check_result").set_index("check_name")
    assert bool(checks.loc["movements_add_up_to_stock", "is_passed"])


def test_every_item_location_gets_a_policy_in_their_lots(release: Release) -> None:
    policy = published(release, "policy")
    assert len(policy) == len(_delivered("product_warehouse"))
    terms = {row["sku"]: row for row in _delivered("product_vendors")}
    for row in policy.itertuples():
        assert row.moq_units == float(terms[row.item_id]["min_order_qty"])
        assert row.lot_units == float(terms[row.item_id]["order_multiple"])
        assert row.order_quantity_units % row.lot_units == 0
    # no row is worse than a stated fallback
    assert set(policy["status"]) <= {"OK", "FALLBACK"}
    assert set(policy["supplier_id"]) == {row["vendor_no"] for row in _delivered("vendors")}


def test_their_sales_make_the_key_figures(release: Release) -> None:
    kpi = published(release, "kpi").query("scope_type == 'network' and period == 'rolling'")
    rates = kpi.set_index(["kpi", "window_days"])["value"]
    lines = [row for row in _delivered("sales_order_lines") if row["order_date"] > "2024-01-31"]
    filled = sum(min(float(r["qty_available_when_ordered"]), float(r["qty_ordered"])) for r in lines)
    # 30 days up to the business date
    assert rates["unit_fill_rate", 30] == pytest.approx(
        filled / sum(float(row["qty_ordered"]) for row in lines), abs=1e-6
    )


def test_what_they_lack_is_named_and_switched_off(release: Release) -> None:
    capability = published(release, "capability")
    lacking = capability[capability["status"] == "unavailable"]
    assert {"unit", "calendar", "event_calendar"} <= set(lacking["missing_table"].dropna())
    dictionary = published(release, "data_dictionary").query("layer == 'raw'")
    origins = dictionary.set_index(["table_name", "column_name"])["origin"]
    assert origins["raw__stock_on_hand", "on_hand_units"] == "recorded"
    assert origins["raw__item", "item_kind"] == "default"
    assert set(origins.loc["raw__unit"]) == {"absent"}
    assert "generated" not in set(origins)


def test_the_release_is_read_from_duckdb(foreign: Foreign, release: Release) -> None:
    with duckdb.connect(Lake(foreign.home).published_database, read_only=True) as database:
        assert database.execute("select release_id from release").fetchone() == (release.release_id,)
        frame: pd.DataFrame = database.execute("from exception order by exception_rank limit 5").df()
    assert len(frame) > 0


def test_other_commands_read_what_was_published(foreign: Foreign, release: Release) -> None:
    listed = stockplan("releases", home=foreign.home, **foreign.settings)
    assert release.release_id in listed.stdout
    shown = stockplan("show", "policy", "--where", "item_id = 'BRK-001'", home=foreign.home)
    assert shown.returncode == 0, shown.stderr
    assert "BRK-001" in shown.stdout
    assert "BRK-002" not in shown.stdout
    unknown = stockplan("show", "polices", home=foreign.home)
    assert unknown.returncode == 1
    assert "polices" in unknown.stderr
    assert "policy" in unknown.stderr
    verified = stockplan("audit", "verify", home=foreign.home)
    assert "The ledger is intact" in verified.stdout


def test_the_export_is_ready_for_their_system(foreign: Foreign, release: Release) -> None:
    folder = Lake(foreign.home).export_dir
    assert json.loads((folder / "release.json").read_text())["release_id"] == release.release_id
    with (folder / "replenishment_order.csv").open(newline="", encoding="utf-8") as file:
        orders = list(csv.DictReader(file))
    assert {row["item_id"] for row in orders} <= {row["sku"] for row in _delivered("products")}
    assert len({row["replenishment_order_id"] for row in orders}) == len(orders)


def test_a_date_that_is_not_there_says_what_is(foreign: Foreign) -> None:
    failed = stockplan("run", "--date", "2024-03-02", home=foreign.home, **foreign.settings)
    assert failed.returncode == 11
    assert "2024-03-02" in failed.stderr
    assert "2024-03-01" in failed.stderr
    assert "most recent call" not in failed.stdout + failed.stderr
