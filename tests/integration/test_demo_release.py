"""The release of the demo, read as its users read it: whole, consistent, stable, explained."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Callable
from datetime import date

import duckdb
import numpy as np
import pandas as pd
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pytest

from optimization.allocation.auditing import replayed
from optimization.policy.policy_input import recompute
from optimization.reasons import REASONS
from orchestration.lake.inputs import collect_inputs
from orchestration.lake.manifests import latest_sealed
from orchestration.lake.parquet import read_arrow
from orchestration.publish.export import EXPORT_TABLES
from orchestration.publish.plausibility import PLAUSIBILITY
from orchestration.publish.shelf import releases
from orchestration.publish.workbook.sheets import SHEETS
from tests.conftest import Demo
from tests.pipelines import published

DBT_TABLES = {
    "policy_run",
    "calendar_use",
    "recommended_action",
    "scorecard_area",
    "scorecard_check",
    "scorecard_trend",
    "purchase_lane",
    "allocation",
    "allocation_ledger",
    "allocation_plan",
    "allocation_rollup",
    "atp",
    "borrow_ledger",
    "fairness",
    "inventory_audit",
    "order_segment",
    "rebalance_run",
    "reservation",
    "segment_performance",
    "supply_audit",
    "capability",
    "exception",
    "exception_resolved",
    "risk_register",
    "weekly_review",
    "forecast",
    "forecast_accuracy",
    "forecast_bias",
    "forecast_value_added",
    "inventory_aging",
    "inventory_position",
    "location",
    "kpi",
    "kpi_catalogue",
    "plan_vs_actual",
    "lead_time",
    "lead_time_quantile",
    "supplier_scorecard",
    "supply_expectation",
    "demand_effect",
    "seasonal_index",
    "segment_forecast",
    "mix_target",
    "annual_plan",
    "annual_plan_price",
    "scenario_frontier",
    "market_position",
    "method_choice",
    "service_control",
    "demand_model",
    "policy",
    "policy_input",
    "policy_reason",
    "override_outcome",
    "policy_backtest",
    "policy_change",
    "approval",
    "policy_override",
    "review_calendar",
    "demand_plan_approval",
    "policy_schedule",
    "replenishment_order",
    "solver_run",
    "transfer_order",
    "transfer_unit",
    "explanation",
    "network_row",
    "network_baseline",
    "unit_reservation",
    "unit_reservation_entry",
    "unit_atp",
    "capable_to_promise",
    "delivery_promise",
    "customer_match",
    "match_outcome",
    "match_weight",
    "stock_unit_review",
    "substitution_offer",
    "order_check",
    "rule_check",
    "stage_duration",
    "mto_slot_assignment",
    "slot_load",
    "expedite_option",
    "mto_order_status",
    "mto_milestone",
    "mto_promise",
    "mto_event_set_aside",
    "mto_change_impact",
    "factory_order_outbox",
    "notification_outbox",
    "order_tracking",
    "mto_order_fact",
    "unit_hold",
}
PYTHON_KEYS = {
    "check_result": ("asset", "check_name"),
    "data_dictionary": ("table_name", "column_name"),
    "lineage": ("output_table", "output_column", "input_table", "input_column"),
    "quarantine": ("table_name", "row_number", "column_name", "rule"),
}
KEYS = {name: stated.key for name, stated in PLAUSIBILITY.items()} | PYTHON_KEYS
PAIR = ["item_id", "location_id"]
LEVELS = ("reorder_point_units", "order_up_to_units")
Read = Callable[[str], pd.DataFrame]


@pytest.fixture(scope="session")
def read(demo: Demo) -> Read:
    """Read a table of the newest release, once."""
    held: dict[str, pd.DataFrame] = {}

    def reader(table: str) -> pd.DataFrame:
        if table not in held:
            held[table] = published(demo.newest.release, table)
        return held[table]

    return reader


@pytest.fixture(scope="session")
def policy(read: Read) -> pd.DataFrame:
    return read("policy").set_index(PAIR)


@pytest.fixture(scope="session")
def position(read: Read) -> pd.DataFrame:
    return read("inventory_position").set_index(PAIR)


# Nobody reserves anything in the demo: orders consume at once. Its rules have no fault, no late order can be
# built earlier, and plants are told of the weeks that change from one release to the next.
MAY_BE_EMPTY = {
    "approval",
    "policy_override",
    "override_outcome",
    "reservation",
    "unit_reservation",
    "unit_reservation_entry",
    "rule_check",
    "expedite_option",
    "factory_order_outbox",
}


# --- the shelf


def test_every_published_table_is_there(demo: Demo) -> None:
    assert set(demo.newest.release.tables) == DBT_TABLES | set(PYTHON_KEYS)
    assert demo.newest.state == "published"
    assert demo.newest.is_current


@pytest.mark.parametrize("table", sorted(KEYS))
def test_every_row_says_its_release_and_date_and_has_its_key(demo: Demo, read: Read, table: str) -> None:
    frame = read(table)
    assert list(frame.columns[:2]) == ["release_id", "as_of"]
    assert len(frame) or table in MAY_BE_EMPTY
    assert set(frame["release_id"]) <= {demo.newest.release.release_id}
    assert set(frame["as_of"]) <= {date(2023, 6, 15)}
    assert not frame.duplicated(list(KEYS[table])).any()


def test_quantities_and_money_are_plain_numbers(demo: Demo) -> None:
    for name, file in demo.newest.release.tables.items():
        for field in read_arrow(file).schema:
            assert "decimal" not in str(field.type), f"{name}.{field.name} is {field.type}"


def test_the_earlier_date_again_is_unchanged_and_leaves_the_pointer(demo: Demo) -> None:
    assert demo.first_again.state == "unchanged"
    assert demo.first_again.release.content_hash == demo.first.release.content_hash
    assert not demo.first_again.is_current
    assert demo.workshop.current == demo.newest.release.release_id
    assert [one.release_id for one in releases(demo.workshop.pipeline.lake)] == [
        demo.first.release.release_id,
        demo.newest.release.release_id,
    ]


def test_what_people_open_lies_beside_each_release_and_behind_its_doors(demo: Demo) -> None:
    lake, newest = demo.workshop.pipeline.lake, demo.newest.release
    assert lake.workbook_door.resolve() == lake.open_dir(newest.release_id) / "stockplan.xlsx"
    assert lake.report_door.resolve() == lake.open_dir(newest.release_id) / "report.html"
    assert (lake.open_dir(demo.first.release.release_id) / "report.html").exists()
    page = lake.report_door.read_text(encoding="utf-8")
    assert len(page.encode()) <= 3_000_000 and newest.release_id in page
    missing = re.findall(r'<p class="missing">([^<]*)</p>', page)
    assert not [told for told in missing if "has no table" in told]
    with zipfile.ZipFile(lake.workbook_door) as parts:
        names = re.findall(r'<sheet name="(\w+)"', parts.read("xl/workbook.xml").decode())
        sheets = [sheet.name for sheet in SHEETS]
        assert names == ["read_me", *sheets[:3], "decisions", *sheets[3:], "dictionary", "reason_codes"]
        for number, name in enumerate(names, start=1):
            rows = parts.read(f"xl/worksheets/sheet{number}.xml").count(b"<row ")
            assert rows <= demo.workshop.pipeline.settings.release.workbook_rows + 2, name


def test_the_ledger_tells_the_story_and_is_witnessed(demo: Demo) -> None:
    first, newest = demo.first.release, demo.newest.release
    assert demo.workshop.events("release") == [
        ("published", first.release_id),
        ("published", newest.release_id),
        ("unchanged", first.release_id),
    ]
    assert [kind for kind, _ in demo.workshop.events("snapshot")] == ["sealed", "sealed", "duplicate"]
    heads = [first.manifest["ledger_head"], newest.manifest["ledger_head"]]
    assert demo.workshop.pipeline.ledger.verify(expected_heads=heads).is_intact


# --- the manifest


def test_the_manifest_names_what_was_read_and_by_what(demo: Demo) -> None:
    manifest = demo.newest.release.manifest
    lake = demo.workshop.pipeline.lake
    read = [(one["as_of"], one["snapshot_id"]) for one in manifest["snapshots"]]
    sealed = [latest_sealed(lake, day.as_of) for day in (demo.first, demo.newest)]
    assert read == [(one.as_of.isoformat(), one.snapshot_id) for one in sealed if one]
    assert len(manifest["snapshots"][-1]["tables"]) == 44
    assert [one["release_id"] for one in manifest["earlier_releases"]] == [demo.first.release.release_id]
    assert {"dbt-duckdb", "duckdb", "highspy", "pyomo", "statsforecast"} <= set(manifest["packages"])
    assert manifest["config_hash"] == demo.workshop.pipeline.settings.decision_hash()
    assert manifest["code"]["source_hash"]
    assert manifest["seeds"] == {"demo": 20230426}
    assert manifest["run"]["run_id"] == demo.newest.run_id


def test_the_manifest_counts_rows_checks_and_solves(demo: Demo, read: Read) -> None:
    manifest = demo.newest.release.manifest
    assert {name: table["rows"] for name, table in manifest["tables"].items()} == {
        name: len(read(name)) for name in demo.newest.release.tables
    }
    assert manifest["checks"]["evaluated"] == len(read("check_result"))
    solves = {(run["optimisation_model"], run["solver_status"]) for run in manifest["solver_runs"]}
    models = {"allocation", "annual_plan", "customer_match", "network", "slots"}
    assert {model for model, _ in solves} == models
    assert {status for _, status in solves} <= {"OPTIMAL", "WITHIN_GAP"}
    assert all(run["is_audit_passed"] for run in manifest["solver_runs"])


def test_the_expectations_docs_are_kept(demo: Demo) -> None:
    evidence = demo.newest.release.folder / "evidence"
    assert (evidence / "data_docs" / "index.html").exists()
    assert set(json.loads((evidence / "expectations.json").read_text())) == DBT_TABLES


# --- the doors


def test_the_database_is_read_only_and_equals_the_files(demo: Demo) -> None:
    lake = demo.workshop.pipeline.lake
    assert lake.published_database.stat().st_mode & 0o222 == 0
    with duckdb.connect(lake.published_database, read_only=True) as database:
        with pytest.raises(duckdb.Error, match="read-only"):
            database.execute("create table x (a int)")
        for name, file in demo.newest.release.tables.items():
            columns = database.table(name).columns
            assert columns == read_arrow(file).column_names
            differing = database.execute(
                f"select count(*) from ((from {name} except all from read_parquet('{file}'))"
                f" union all (from read_parquet('{file}') except all from {name}))"
            ).fetchone()
            assert differing == (0,), name


def test_current_leads_to_the_newest(demo: Demo) -> None:
    lake = demo.workshop.pipeline.lake
    assert lake.current_dir.resolve() == demo.newest.release.folder / "tables"


@pytest.mark.parametrize("table", EXPORT_TABLES)
def test_the_export_holds_the_same_rows_under_the_same_ids(demo: Demo, table: str) -> None:
    exported = pacsv.read_csv(demo.workshop.pipeline.lake.export_dir / f"{table}.csv")
    held = read_arrow(demo.newest.release.table(table))
    assert exported.num_rows == held.num_rows
    key = [KEYS[table][0], "release_id"]
    assert exported.select(key).cast(held.select(key).schema) == held.select(key)


# --- stock


def _of_inputs(demo: Demo, query: str, table: str) -> pd.DataFrame:
    """Run SQL over the sealed files of a source table, not over anything the marts made of them."""
    files = collect_inputs(demo.workshop.pipeline.lake, date(2023, 6, 15)).files[table]
    listed = ", ".join(f"'{file}'" for file in files)
    frame: pd.DataFrame = duckdb.sql(query.format(rows=f"read_parquet([{listed}])")).df()
    return frame.set_index(PAIR)


def test_movements_add_up_to_the_stock(demo: Demo, position: pd.DataFrame) -> None:
    moved = _of_inputs(
        demo,
        "select item_id, location_id, sum(quantity_units) as units from {rows} group by all",
        "stock_movement",
    )["units"]
    on_hand = position["on_hand_units"]
    assert moved.reindex(on_hand.index).fillna(0).to_numpy() == pytest.approx(on_hand.to_numpy())
    # what is no longer ranged anywhere, and so has no position, is not left over either
    assert moved.drop(on_hand.index, errors="ignore").abs().sum() == pytest.approx(0, abs=1e-9)


def test_vehicles_on_hand_are_units_one_by_one(demo: Demo, read: Read, position: pd.DataFrame) -> None:
    counted = _of_inputs(
        demo,
        "select item_id, location_id, count(*) as units from {rows}"
        " where unit_status = 'at_location' group by all",
        "unit",
    )["units"]
    vehicles = read("policy").query("item_kind == 'vehicle'").set_index(PAIR).index
    on_hand = position["on_hand_units"].reindex(vehicles)
    # two units bear a status that nobody knows; they were set aside and are on no shelf
    assert counted.reindex(vehicles).fillna(0).to_numpy() == pytest.approx(on_hand.to_numpy())
    assert on_hand.sum() > 1000


def test_the_ages_cover_the_stock(read: Read, position: pd.DataFrame) -> None:
    aged = read("inventory_aging").groupby("location_id")["on_hand_units"].sum()
    held = position.groupby("location_id")["on_hand_units"].sum()
    assert aged.reindex(held.index).fillna(0).to_numpy() == pytest.approx(held.to_numpy())


# --- key figures


def test_a_key_figure_is_its_numerator_by_its_denominator(read: Read) -> None:
    kpi = read("kpi")
    ratio = kpi["denominator"].notna() & kpi["value"].notna()
    numerator, denominator, value = (
        kpi.loc[ratio, name].to_numpy() for name in ("numerator", "denominator", "value")
    )
    assert (denominator != 0).all()
    # what rounding to four decimals leaves uncertain, and the value's own sixth decimal
    uncertain = 5e-5 / np.abs(denominator) * (1 + np.abs(value)) + 1e-6
    assert (np.abs(value - numerator / denominator) <= uncertain).all()
    plain = kpi["denominator"].isna() & kpi["value"].notna()
    assert np.allclose(kpi.loc[plain, "value"], kpi.loc[plain, "numerator"], atol=1e-4)


def test_a_key_figure_without_value_says_why_and_no_other_does(read: Read) -> None:
    kpi = read("kpi")
    assert (kpi["value"].isna() == kpi["null_reason"].notna()).all()


def test_ratios_are_never_averaged(read: Read) -> None:
    """The network's turnover is the sum of numerators by the sum of denominators of its parts."""
    turnover = read("kpi").query("kpi == 'inventory_turnover' and period == 'rolling' and window_days == 365")
    network = turnover.query("scope_type == 'network'").iloc[0]
    parts = turnover.query("scope_type == 'location'")
    assert parts["numerator"].sum() == pytest.approx(network["numerator"], rel=1e-6)
    assert parts["denominator"].sum() == pytest.approx(network["denominator"], rel=1e-6)


def test_a_year_of_key_figures_and_their_months_are_there(read: Read) -> None:
    kpi = read("kpi")
    assert {30, 90, 365} <= set(kpi.loc[kpi["period"] == "rolling", "window_days"])
    months = kpi.query("kpi == 'inventory_turnover' and period == 'month' and scope_type == 'network'")
    assert len(months) >= 12
    asked = {"inventory_turnover", "days_supply", "unit_fill_rate", "line_fill_rate", "order_fill_rate"}
    asked |= {"stockout_rate", "inventory_investment", "carrying_cost", "gross_margin", "gmroi"}
    asked |= {"aged_inventory_value", "delivery_days_p50", "expedite_rate"}
    assert asked <= set(kpi["kpi"])


# --- decisions


def _is_multiple(units: pd.Series, lot: pd.Series) -> bool:
    pieces = units / lot
    return bool(np.allclose(pieces, pieces.round(), atol=1e-6))


def test_policies_order_in_lots_above_the_minimum(policy: pd.DataFrame) -> None:
    assert _is_multiple(policy["order_quantity_units"], policy["lot_units"])
    assert (policy["order_quantity_units"] >= policy["moq_units"]).all()
    assert (policy["order_up_to_units"] >= policy["reorder_point_units"]).all()
    assert (policy["reorder_point_units"] >= 0).all()


def test_orders_are_lots_above_the_minimum_from_the_policys_supplier(
    read: Read, policy: pd.DataFrame
) -> None:
    orders = read("replenishment_order")
    terms = policy.loc[pd.MultiIndex.from_frame(orders[PAIR])].reset_index()
    assert len(orders) > 0
    assert _is_multiple(orders["replenish_units"], terms["lot_units"])
    assert (orders["replenish_units"].to_numpy() >= terms["moq_units"].to_numpy()).all()
    assert (orders["supplier_id"].to_numpy() == terms["supplier_id"].to_numpy()).all()
    assert (orders["need_date"] >= orders["release_date"]).all()
    assert np.allclose(orders["order_value"], orders["replenish_units"] * orders["unit_cost"], atol=0.01)


def test_transfers_never_take_what_the_donor_has_not(read: Read, position: pd.DataFrame) -> None:
    transfers = read("transfer_order")
    given = transfers.groupby(["item_id", "from_location_id"])["transfer_units"].sum()
    donors = position.loc[given.index]
    assert len(transfers) > 0
    assert (given.to_numpy() <= (donors["on_hand_units"] - donors["reserved_units"]).to_numpy()).all()
    assert (transfers["from_location_id"] != transfers["to_location_id"]).all()
    # A move that frees scarce room may cost more than it wins by itself.
    assert (transfers.loc[transfers["scarcity_charge"] >= 0, "net_gain"] > 0).all()


def test_every_transfer_and_order_is_explained_the_best_first(read: Read) -> None:
    told = read("explanation")
    assert not told["detail"].isna().any() and set(told["reason_code"]) <= set(REASONS)
    for kind, table in (("transfer", "transfer_order"), ("order", "replenishment_order")):
        rows = told[told["decision_kind"] == kind]
        assert set(rows["decision_id"]) == set(read(table)[f"{table}_id"])
        assert rows.sort_values("decision_rank")["net_gain"].is_monotonic_decreasing
    vehicles = told[(told["decision_kind"] == "transfer") & (told["item_kind"] == "vehicle")]
    assert len(vehicles) >= 5
    assert (vehicles.nsmallest(5, "decision_rank")["destination_value"] > 0).all()


def test_a_need_left_open_though_stock_lies_elsewhere_says_what_stood_in_the_way(read: Read) -> None:
    told = read("explanation")
    left_out = told[told["decision_kind"] == "non_move"]
    assert len(left_out) > 0 and left_out["from_location_id"].notna().all()
    assert (left_out["location_id"] != left_out["from_location_id"]).all()


def test_vehicles_move_as_units_the_oldest_first(read: Read) -> None:
    transfers, units = read("transfer_order"), read("transfer_unit")
    kind = read("explanation").set_index("decision_id")["item_kind"]
    vehicles = transfers[kind.loc[transfers["transfer_order_id"]].to_numpy() == "vehicle"]
    assert len(vehicles) > 0
    taken = units.groupby("transfer_order_id").size().reindex(vehicles["transfer_order_id"], fill_value=0)
    assert taken.tolist() == vehicles["transfer_units"].tolist()


def test_no_simpler_rule_is_cheaper_than_the_plan(read: Read) -> None:
    plans = read("network_baseline")
    rules = {"nothing", "policy_alone", "balanced_days", "turn_and_earn", "threshold", "rule_engine"}
    assert set(plans["plan_method"]) == {"network_model", *rules}
    total = plans[(plans["breakdown"] == "all") & plans["is_feasible"]].set_index("plan_method")
    assert (total["objective_above_plan"] >= -1e-4 * total["objective"].abs()).all()
    assert {"part", "vehicle"} <= set(plans.loc[plans["breakdown"] == "item_kind", "breakdown_value"])


def test_capacities_bind_somewhere_and_none_gives_way_unreasoned(read: Read) -> None:
    rows = read("network_row")
    assert rows["is_binding"].any()
    kept = rows["row_use_after"] <= rows["row_capacity"] + 1e-3
    assert (kept | rows["reason_code"].isin(["SUPPLIER_MINIMUM", "OVER_BEFORE_THE_PLAN"])).all()


def test_the_plan_moves_positions_by_exactly_what_it_proposes(read: Read, position: pd.DataFrame) -> None:
    transfers, orders = read("transfer_order"), read("replenishment_order")
    change = (
        orders.groupby(PAIR)["replenish_units"]
        .sum()
        .reindex(position.index, fill_value=0)
        .add(_moved(transfers, "to_location_id"), fill_value=0)
        .sub(_moved(transfers, "from_location_id"), fill_value=0)
    )
    planned = position[position["position_after_units"].notna()]
    expected = planned["inventory_position_units"] + change.reindex(planned.index)
    assert np.allclose(planned["position_after_units"], expected)


def _moved(transfers: pd.DataFrame, place: str) -> pd.Series:
    moved: pd.Series = transfers.groupby(["item_id", place])["transfer_units"].sum()
    return moved.rename_axis(PAIR)


def test_allocation_gives_out_every_pool_exactly(read: Read, position: pd.DataFrame) -> None:
    allocation = read("allocation")
    state = ["allocated_units", "consumed_units", "soft_reserved_units"]
    held = allocation.groupby(PAIR)[state].sum().sum(axis=1)
    counted = allocation.groupby(PAIR)["allocatable_units"].max()
    pools = position.loc[held.index]
    available = (pools["on_hand_units"] - pools["reserved_units"]).clip(lower=0)
    assert held.to_numpy() == pytest.approx(available.to_numpy())
    assert counted.to_numpy() == pytest.approx(available.to_numpy())
    segments = allocation[allocation["segment_id"] != "POOL"]
    uncovered = (segments["demand_units"] - segments["allocated_units"]).clip(lower=0)
    assert np.allclose(segments["unmet_units"], uncovered, atol=1e-6)
    made_anew = segments[segments["rebalance_decision"] == "rebalanced"]
    assert len(made_anew)
    assert (made_anew["guaranteed_units"] <= made_anew["allocation_target_units"] + 1e-6).all()


def test_orders_since_the_last_release_consume_their_segments_quotas(demo: Demo, read: Read) -> None:
    orders, ledger = read("order_segment"), read("allocation_ledger")
    key = ["order_id", "line_id"]
    known = pd.MultiIndex.from_frame(published(demo.first.release, "order_segment")[key])
    pools = pd.MultiIndex.from_frame(published(demo.first.release, "allocation")[PAIR])
    is_later = pd.to_datetime(orders["order_date"]).dt.date > demo.first.as_of
    became_known = ~pd.MultiIndex.from_frame(orders[key]).isin(known)
    since = orders[is_later | (became_known & pd.MultiIndex.from_frame(orders[PAIR]).isin(pools))]
    consumed = ledger[(ledger["operation"] == "consume") & (ledger["audit_type"] == "SYSTEM")]
    assert len(since)
    assert set(since["order_id"] + "/" + since["line_id"]) == set(consumed["source_id"])
    assert set(consumed["entry_status"]) <= {"accepted", "rejected"}
    assert set(consumed["reason_code"]) <= set(REASONS)


def test_the_lines_of_all_releases_replay_to_the_state_of_the_newest(demo: Demo, read: Read) -> None:
    lines = pd.concat([published(demo.first.release, "allocation_ledger"), read("allocation_ledger")])
    after = replayed(None, lines)
    told = read("allocation").set_index([*PAIR, "segment_id"])["allocated_units"]
    index = after.index.union(told.index)
    difference = after.reindex(index, fill_value=0.0) - told.reindex(index, fill_value=0.0)
    assert len(told) and difference.abs().max() == pytest.approx(0.0, abs=1e-6)


def test_every_line_of_the_ledger_is_a_record_of_the_supply_audit(demo: Demo, read: Read) -> None:
    ledger, audit = read("allocation_ledger"), read("supply_audit")
    assert sorted(audit["entry_id"]) == sorted(ledger["entry_id"])
    sealed = latest_sealed(demo.workshop.pipeline.lake, demo.newest.as_of)
    assert sealed is not None
    assert set(audit["snapshot_id"]) == {sealed.snapshot_id}
    assert audit["audit_details"].str.len().min() > 0


def test_groups_roll_up_to_the_whole_pool(read: Read) -> None:
    rollup = read("allocation_rollup")
    whole, apart = (
        rollup[(rollup["group_level"] == -1) & rollup["path_prefix"].isin(names)]
        .groupby(PAIR)["allocated_units"]
        .sum()
        for names in (["*"], ["POOL", "SEGMENTS"])
    )
    assert whole.to_numpy() == pytest.approx(apart.loc[whole.index].to_numpy())


def test_a_release_says_how_far_it_has_read_the_ledger(demo: Demo) -> None:
    first, newest = (day.release.manifest["ledger_read"] for day in (demo.first, demo.newest))
    assert 0 < first["seq"] < newest["seq"]
    assert demo.workshop.pipeline.ledger.verify([first["head"], newest["head"]]).is_intact


def test_performance_of_segments_is_ratios_of_sums_or_a_reason(read: Read) -> None:
    told = read("segment_performance")
    for value, over, under, reason in (
        ("fill_rate", "filled_units", "measured_units", "fill_null_reason"),
        ("quota_use", "cumulative_consumed_units", "cumulative_allocated_units", "quota_use_null_reason"),
    ):
        known = told[told[value].notna()]
        assert np.allclose(known[value], known[over] / known[under])
        assert told.loc[told[value].isna(), reason].notna().all()


def test_stock_is_audited_in_level_value_and_condition(read: Read) -> None:
    audit = read("inventory_audit")
    assert set(audit["audit_kind"]) == {"level", "valuation", "condition"}
    counted = audit[audit["audit_status"] != "not_counted"]
    assert set(counted["audit_status"]) == {"match", "difference"}
    difference = counted["found_units"] - counted["system_units"]
    plain = counted["audit_kind"] != "condition"
    assert np.allclose(counted.loc[plain, "difference_units"], difference[plain])


def test_forecasts_reach_the_horizon_with_rising_quantiles(demo: Demo, read: Read) -> None:
    forecast = read("forecast")
    weeks = demo.workshop.pipeline.settings.demand.horizon_weeks
    assert set(forecast.groupby(PAIR).size()) == {weeks}
    quantiles = forecast[["q50_units", "q80_units", "q90_units", "q95_units"]].to_numpy()
    assert (np.diff(quantiles, axis=1) >= 0).all()
    assert np.isfinite(forecast["mean_units"]).all()


def test_the_second_day_starts_from_the_first_days_policy(demo: Demo, read: Read) -> None:
    before = published(demo.first.release, "policy").set_index(PAIR)
    change = read("policy_change").set_index(PAIR)
    shared = change.index.intersection(before.index)
    assert len(shared) > 0.9 * len(change)
    for column in ("reorder_point_units", "order_up_to_units"):
        known = change.loc[shared, f"old_{column}"]
        assert (known == before.loc[shared, column]).all()
    new = change.drop(shared)
    assert (new["change_state"] == "bootstrap").all()
    assert not (change.loc[shared, "change_state"] == "bootstrap").any()


def test_every_policy_follows_from_its_published_row(read: Read, policy: pd.DataFrame) -> None:
    inputs = read("policy_input").set_index(PAIR).loc[policy.index]
    assert inputs["is_recomputable"].mean() > 0.99
    known = inputs[inputs["is_recomputable"]]
    for level, column in zip(recompute(known), LEVELS, strict=True):
        assert (level == known[f"proposed_{column}"].to_numpy()).all()
    assert np.allclose(inputs[list(LEVELS)], policy[list(LEVELS)], atol=1e-3)
    assert (inputs["service_class"].nunique(), inputs["is_plan_used"].any()) == (7, True)
    assert inputs["model_learnt_date"].notna().all() and (inputs["demand_factor"] != 1.0).any()


def test_the_drivers_of_a_change_add_up_to_it(demo: Demo, read: Read, policy: pd.DataFrame) -> None:
    before = published(demo.first.release, "policy").set_index(PAIR)
    shared = policy.index.intersection(before.index)
    reason = read("policy_reason").set_index(PAIR)
    for number, column in zip(("reorder_point", "order_up_to"), LEVELS, strict=True):
        change = (policy.loc[shared, column] - before.loc[shared, column]).round(3)
        told = reason[reason["policy_number"] == number].groupby(level=PAIR)["driver_units"].sum()
        assert np.allclose(change, told.reindex(shared, fill_value=0.0), atol=2e-3)
    assert set(reason["reason_code"]) <= set(REASONS)


# --- exceptions


def test_exceptions_are_ranked_by_attention_and_value_and_named_for_good(demo: Demo, read: Read) -> None:
    exceptions = read("exception").sort_values("exception_rank")
    assert list(exceptions["exception_rank"]) == list(range(1, len(exceptions) + 1))
    asked = exceptions["attention"].map({"look": 1, "watch": 2, "handled": 3})
    assert asked.is_monotonic_increasing
    assert exceptions.groupby("attention")["value_at_risk"].agg(lambda one: one.is_monotonic_decreasing).all()
    yesterday = published(demo.first.release, "exception").set_index("exception_id")
    known = exceptions[exceptions["exception_id"].isin(yesterday.index)]
    assert len(known) > 0.5 * len(exceptions)
    assert (
        exceptions["exception_status"].ne("new") == exceptions["exception_id"].isin(known["exception_id"])
    ).all()
    before = yesterday.loc[known["exception_id"], "first_seen_date"].to_numpy()
    assert (known["first_seen_date"].to_numpy() == before).all()
    assert exceptions["suggested_action"].str.len().min() > 10


def test_few_item_locations_ask_for_a_look(read: Read, policy: pd.DataFrame) -> None:
    exceptions = read("exception")
    looks = exceptions[exceptions["attention"] == "look"]
    assert 0 < len(looks.dropna(subset=PAIR).drop_duplicates(PAIR)) <= 0.05 * len(policy)
    promised = exceptions[
        exceptions["exception_type"].isin({"promise_broken", "over_promised", "rows_quarantined"})
    ]
    assert (promised["attention"] == "look").all()
    # what is counted of a cause is what its dearest exception puts at risk, once
    causes = exceptions.groupby("cause_id")
    counted = causes["counted_value_at_risk"].sum()
    assert np.allclose(counted, causes["value_at_risk"].max())


# --- what explains the rest


def test_the_dictionary_explains_every_column(demo: Demo, read: Read) -> None:
    dictionary = read("data_dictionary").query("layer == 'published'")
    explained = set(zip(dictionary["table_name"], dictionary["column_name"], strict=True))
    for name in demo.newest.release.tables:
        assert {(name, column) for column in read(name).columns} <= explained
    assert dictionary["description"].str.len().min() > 3


def test_the_dictionary_labels_what_is_not_real(read: Read) -> None:
    raw = read("data_dictionary").query("layer == 'raw'").set_index(["table_name", "column_name"])["origin"]
    assert set(raw) == {"recorded", "inferred", "generated", "default", "absent"}
    # nobody asked the demo's customers, and nobody has written beside its scorecard yet
    absent = set(raw.index[raw == "absent"].get_level_values("table_name"))
    assert absent == {"raw__survey_response", "raw__scorecard_note"}
    assert raw["raw__unit", "list_price"] == "recorded"
    assert raw["raw__demand_line", "order_date"] != "recorded"
    for table in ("lane", "segment", "item_supplier", "supplier", "cost_parameter", "policy_review"):
        assert set(raw.loc[f"raw__{table}"]) <= {"generated", "default"}, table


def test_every_published_column_leads_back_to_the_source(read: Read) -> None:
    lineage = read("lineage")
    inputs = lineage.groupby("output_table")["input_table"].agg(set).to_dict()
    # what people decided comes from the ledger; the catalogue of KPIs is a list that the project states
    sources = ("raw__", "source_presence", "ledger__")
    stated = {"kpi_catalogue"}
    columns = set(zip(lineage["output_table"], lineage["output_column"], strict=True))
    for name in DBT_TABLES:
        assert {(name, column) for column in read(name).columns if column != "release_id"} <= columns
        reached, todo = set(), [name]
        while todo:
            table = todo.pop()
            reached.add(table)
            todo += [one for one in inputs.get(table, ()) if one not in reached]
        assert name in stated or any(table.startswith(sources) for table in reached), name


def test_capabilities_say_what_the_source_allows(read: Read) -> None:
    capability = read("capability")
    assert set(capability["status"]) <= {"available", "partly", "unavailable"}
    assert (capability["status"] == "available").mean() > 0.5
    lacking = capability[capability["status"] == "unavailable"]
    assert (lacking["missing_table"].notna() | lacking["missing_column"].notna()).all()


def test_the_market_is_told_with_a_reason_for_what_cannot_be(read: Read) -> None:
    market = read("market_position")
    assert set(market["period"]) == {"month", "year"}
    for value, reason in (
        ("market_share", "share_null_reason"),
        ("market_share_trend", "trend_null_reason"),
        ("price_gap", "price_null_reason"),
    ):
        assert market[value].notna().any()
        assert (market[value].isna() == market[reason].notna()).all(), value
    told = market.dropna(subset="market_share")
    by_model = told[told["model"] != "*"].groupby(["period", "period_start_date", "region", "market_segment"])
    whole = told[told["model"] == "*"].set_index(["period", "period_start_date", "region", "market_segment"])
    # registrations of our models are all of our registrations
    units = by_model["own_registered_units"].sum()
    assert units.to_numpy() == pytest.approx(whole.loc[units.index, "own_registered_units"].to_numpy())


def test_every_check_of_the_graph_was_made_and_passed(read: Read) -> None:
    from orchestration.definitions import defs

    checks = read("check_result")
    made = set(zip(checks["asset"], checks["check_name"], strict=True))
    graph = defs.resolve_asset_graph().asset_check_keys
    assert {(key.asset_key.path[-1], key.name) for key in graph} <= made
    assert set(checks["check_kind"]) == {"audit", "contract", "dbt", "expectation"}
    assert checks.loc[checks["severity"] == "ERROR", "is_passed"].all()
    failed = checks[~checks["is_passed"]]
    assert (failed["detail"].str.len() > 0).all()
    assert (failed["repair"].str.len() > 0).all()


def test_bad_rows_are_named_with_rule_value_and_repair(demo: Demo, read: Read) -> None:
    sealed = latest_sealed(demo.workshop.pipeline.lake, date(2023, 6, 15))
    quarantine = read("quarantine")
    assert sealed is not None
    assert len(quarantine) == sealed.quarantined_rows > 0
    assert quarantine[["row_key", "column_name", "rule", "value", "repair"]].notna().all(axis=None)
    assert set(quarantine["snapshot_id"]) == {sealed.snapshot_id}


# --- what Dagster shows


def test_materialisations_carry_rows_version_lineage_and_schema(demo: Demo, read: Read) -> None:
    import dagster as dg

    from orchestration.definitions import defs

    event = demo.workshop.instance.get_latest_materialization_event(dg.AssetKey("policy"))
    assert event is not None
    assert event.asset_materialization is not None
    metadata = event.asset_materialization.metadata
    assert metadata["dagster/row_count"].value == len(published(demo.first.release, "policy"))
    assert "dagster/column_lineage" in metadata
    assert event.asset_materialization.tags
    assert "dagster/data_version" in event.asset_materialization.tags
    for node in defs.resolve_asset_graph().asset_nodes:
        if node.key.path[-1].startswith(("raw__", "opt_")):
            assert "dagster/column_schema" in node.metadata, node.key


def test_no_row_of_the_newest_events_was_known_later(demo: Demo) -> None:
    files = collect_inputs(demo.workshop.pipeline.lake, date(2023, 6, 15)).files
    for name in ("stock_movement", "demand_line", "receipt"):
        for file in files[name]:
            known = pc.max(read_arrow(file)["loaded_at"]).as_py()
            assert known is None or known.date() <= date(2023, 6, 15)
