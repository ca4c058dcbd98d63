"""The generated source system: it reconciles, repeats itself, and nests small runs in large ones."""

from __future__ import annotations

import itertools
import json
import shutil
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from orchestration.contracts.arrow import arrow_schema
from orchestration.contracts.raw import RAW_BY_NAME
from orchestration.ims.connector import SourceError
from orchestration.ims.generator import DEFECTS, GeneratedConnector, generate, generate_to_folder, writer
from orchestration.ims.quarantine import examine_snapshot

ITEM_LOCATIONS = 400
DAYS = 120
END = date(2023, 6, 15)
PAIR = ["item_id", "location_id"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return generate_to_folder(
        tmp_path_factory.mktemp("generated") / "run", ITEM_LOCATIONS, DAYS, seed=3, snapshots=4
    )


@pytest.fixture(scope="module")
def tables(folder: Path) -> dict[str, pd.DataFrame]:
    snapshot = GeneratedConnector(folder).extract(END, None)
    return {name: table.to_pandas() for name, table in snapshot.tables.items()}


def test_snapshots_and_folder(folder: Path) -> None:
    assert GeneratedConnector(folder).business_dates() == [date(2023, 6, day) for day in (12, 13, 14, 15)]
    manifest = json.loads((folder / "generator.json").read_text())
    assert (manifest["item_locations"], manifest["days"], manifest["seed"]) == (400, 120, 3)


def test_every_table_has_the_contract_columns(folder: Path) -> None:
    for name, table in GeneratedConnector(folder).extract(END, None).tables.items():
        contract = RAW_BY_NAME[name]
        schema = arrow_schema(contract)
        assert set(contract.required) <= set(table.column_names), name
        for column in table.column_names:
            assert table.schema.field(column).type == schema.field(column).type, (name, column)
        for column in contract.required:
            assert table.column(column).null_count == 0, (name, column)
        keys = table.select(contract.key).to_pandas()
        assert not keys.duplicated().any(), name


def test_each_item_location_and_day_balances(tables: dict[str, pd.DataFrame]) -> None:
    """opening + receipts + transfers in - out - sales + returns ± adjustments = closing, never below 0."""
    moves = tables["stock_movement"]
    assert set(moves["movement_type"]) == {
        "opening", "receipt", "sale", "return", "transfer_in", "transfer_out", "adjustment",
    }  # fmt: skip
    daily = moves.pivot_table(
        index=[*PAIR, "movement_date"], columns="movement_type", values="quantity_units", aggfunc="sum"
    ).fillna(0.0)
    opening_first = daily["opening"].groupby(PAIR).sum()
    closing = daily.sum(axis=1).groupby(PAIR).cumsum()
    assert len(opening_first) == ITEM_LOCATIONS
    assert (closing >= 0).all()
    assert (daily[["receipt", "return", "transfer_in"]] >= 0).all().all()
    assert (daily[["sale", "transfer_out"]] <= 0).all().all()
    stock = tables["stock_on_hand"].set_index(PAIR)["on_hand_units"].sort_index()
    last = closing.groupby(PAIR).last().sort_index()
    pd.testing.assert_series_equal(stock, last, check_names=False)


def test_movements_agree_with_documents_day_by_day(tables: dict[str, pd.DataFrame]) -> None:
    moves = tables["stock_movement"].set_index("movement_type")

    def moved(kind: str) -> pd.Series:
        return moves.loc[kind].groupby([*PAIR, "movement_date"])["quantity_units"].sum()

    receipts = tables["receipt"].groupby([*PAIR, "received_date"])["accepted_units"].sum()
    assert np.array_equal(moved("receipt").to_numpy(), receipts.to_numpy())
    lines = tables["demand_line"]
    shipped = lines.groupby(PAIR)["shipped_units"].sum()
    sold = -moves.loc["sale"].groupby(PAIR)["quantity_units"].sum()
    assert sold.sum() == shipped.sum() > 0
    assert (sold.reindex(shipped.index).fillna(0) == shipped).all()
    # a transfer leaves once and arrives once, later
    out = moves.loc["transfer_out"].set_index("reference_id")
    come = moves.loc["transfer_in"].set_index("reference_id")
    arrived = out.loc[come.index]
    assert (arrived["movement_date"] < come["movement_date"]).all()
    assert (-arrived["quantity_units"] == come["quantity_units"]).all()
    moving = tables["supply_order"].loc[lambda frame: frame["from_location_id"].notna()]
    assert set(moving["supply_order_id"]) == set(out.index) - set(come.index)


def test_the_simulation_and_its_movements_end_with_the_same_stock() -> None:
    for cut, _ in generate(200, 90, seed=11):
        stock = cut.stock_on_hand(cut.log.horizon.end).column("on_hand_units").to_numpy()
        assert np.array_equal(stock, cut.log.closing_units)


def test_stock_of_each_snapshot_is_the_sum_of_movements_until_then(folder: Path) -> None:
    connector = GeneratedConnector(folder)
    moves = connector.extract(END, None).tables["stock_movement"].to_pandas()
    for day in connector.business_dates():
        stock = connector.extract(day, None).tables["stock_on_hand"].to_pandas().set_index(PAIR)
        until = moves[moves["movement_date"] <= day].groupby(PAIR)["quantity_units"].sum()
        assert (until.reindex(stock.index) == stock["on_hand_units"]).all()


def test_daily_news_add_up_to_all_history(folder: Path) -> None:
    connector = GeneratedConnector(folder)
    dates = connector.business_dates()
    whole = connector.extract(dates[-1], None).tables
    cuts = [connector.extract(dates[0], None).tables]
    cuts += [connector.extract(day, before).tables for before, day in itertools.pairwise(dates)]
    for name in (
        "demand_line", "receipt", "stock_movement", "policy_review", "cycle_count", "mto_order",
        "mto_milestone", "mto_change_request", "order_cost", "customer_request",
    ):  # fmt: skip
        key = list(RAW_BY_NAME[name].key)
        parts = [cut[name] for cut in cuts]
        for part, since in zip(parts[1:], dates[:-1], strict=True):
            known = part.column("loaded_at").to_pandas().dt.date
            assert (known > since).all()
        union = pa.concat_tables(parts).to_pandas().sort_values([*key, "loaded_at"], kind="stable")
        union = union.drop_duplicates(key, keep="last").reset_index(drop=True)
        expected = whole[name].to_pandas().sort_values(key).reset_index(drop=True)
        pd.testing.assert_frame_equal(union, expected)


def test_a_small_run_is_part_of_a_large_one(tmp_path: Path) -> None:
    small, large = (
        GeneratedConnector(generate_to_folder(tmp_path / str(n), n, 60, seed=5)).extract(END, None).tables
        for n in (200, 1200)
    )
    pairs = small["item_location"].to_pandas()[PAIR]
    items = set(pairs["item_id"])
    for name in small:
        inner, outer = small[name].to_pandas(), large[name].to_pandas()
        if "item_id" in outer:
            outer = outer[outer["item_id"].isin(items)]
        else:
            key = list(RAW_BY_NAME[name].key)
            outer = outer.merge(inner[key], on=key)
            assert len(outer) == len(inner), name
        key = list(RAW_BY_NAME[name].key)
        pd.testing.assert_frame_equal(
            inner.sort_values(key).reset_index(drop=True),
            outer[inner.columns].sort_values(key).reset_index(drop=True),
            obj=name,
        )


def test_same_arguments_same_rows_however_they_are_chunked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    once = GeneratedConnector(generate_to_folder(tmp_path / "a", 200, 60, seed=5)).extract(END, None)
    monkeypatch.setattr(writer, "_CELLS_PER_CHUNK", 60 * 40)
    again = GeneratedConnector(generate_to_folder(tmp_path / "b", 200, 60, seed=5)).extract(END, None)
    other = GeneratedConnector(generate_to_folder(tmp_path / "c", 200, 60, seed=6)).extract(END, None)
    for name, table in once.tables.items():
        order = [(column, "ascending") for column in RAW_BY_NAME[name].key]
        assert table.sort_by(order).equals(again.tables[name].sort_by(order)), name
    assert not once.tables["demand_line"].equals(other.tables["demand_line"])


def test_truth_stays_apart(folder: Path, tables: dict[str, pd.DataFrame], tmp_path: Path) -> None:
    truth = pq.read_table(folder / "truth" / "truth_demand.parquet").to_pandas()
    assert truth["lost_units"].sum() > 0
    lines = tables["demand_line"]
    assert truth["latent_demand_units"].sum() == lines["requested_units"].sum()
    told = pq.read_table(folder / "truth" / "truth_order.parquet").to_pandas()
    assert told["order_id"].is_unique and set(tables["mto_order"]["order_id"]) < set(told["order_id"])
    for name, frame in tables.items():
        assert not {"latent_demand_units", "lost_units", "mean_units_per_day"} & set(frame.columns), name
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    shutil.rmtree(copy / "truth")
    without = GeneratedConnector(copy).extract(END, None).tables
    assert all(table.num_rows == len(tables[name]) for name, table in without.items())


def test_requests_follow_the_true_rates() -> None:
    expected = drawn = 0.0
    for cut, rates in generate(2000, 180, seed=2):
        expected += rates.sum()
        drawn += len(cut.log.lines["day"])
    assert drawn == pytest.approx(expected, rel=4 / np.sqrt(expected))


def test_behaviour_at_an_empty_shelf(tables: dict[str, pd.DataFrame]) -> None:
    lines = tables["demand_line"].merge(
        tables["item_location"][[*PAIR, "stockout_behaviour"]], on=PAIR, validate="many_to_one"
    )
    short = lines[lines["filled_at_request_units"] < lines["requested_units"]]
    lost, waiting = short[short["is_lost_sale"]], short[~short["is_lost_sale"]]
    assert set(lost["stockout_behaviour"]) == {"lost", "mixed"}
    assert set(waiting["stockout_behaviour"]) == {"backorder", "mixed"}
    assert (lost["cancel_reason"] == "no_stock").all() and lost["cancelled_date"].notna().all()
    assert (lost["shipped_units"] == lost["filled_at_request_units"]).all()
    served = waiting[waiting["shipped_units"] == waiting["requested_units"]]
    assert len(served) and (served["shipped_date"] > served["order_date"]).all()


def test_supply_orders_are_open_and_some_are_late(tables: dict[str, pd.DataFrame]) -> None:
    orders, receipts = tables["supply_order"], tables["receipt"]
    assert (orders["received_units"] < orders["ordered_units"]).all()
    assert (receipts["accepted_units"] < receipts["received_units"]).any()
    assert (receipts["received_date"] > receipts["first_expected_date"]).any()
    assert receipts["is_expedited"].any()
    partly = orders[orders["received_units"] > 0]
    came = receipts.groupby("supply_order_id")["received_units"].sum()
    assert (came.reindex(partly["supply_order_id"]).to_numpy() == partly["received_units"]).all()


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, pa.Table]:
    folder = generate_to_folder(tmp_path_factory.mktemp("clean") / "run", 100, 40, seed=9)
    return GeneratedConnector(folder).extract(END, None).tables


@pytest.mark.parametrize("label", sorted(DEFECTS))
def test_each_defect_is_planted_and_listed(label: str, tmp_path: Path, clean: Mapping[str, pa.Table]) -> None:
    broken_folder = generate_to_folder(tmp_path / "broken", 100, 40, seed=9, defects=[label])
    broken = GeneratedConnector(broken_folder)
    (entry,) = json.loads((broken_folder / "generator.json").read_text())["defects"]
    assert entry["label"] == label and entry["planted"]
    after = broken.extract(END, None).tables
    damaged = {name for name in clean if not clean[name].equals(after[name])}
    assert damaged == {DEFECTS[label].table} == {row["table"] for row in entry["planted"]}


def test_defects_of_orders_are_set_aside_and_the_clean_source_has_none(tmp_path: Path) -> None:
    rules = {
        "delivered_before_ordered": ("mto_order", "order_date <= delivered_date"),
        "duplicate_events": ("mto_milestone", "duplicate_row"),
        "joined_option_ids": ("config_option", "joining_character"),
        "negative_slots": ("production_slot", "greater_than_or_equal_to(0)"),
    }
    for labels in ((), tuple(rules)):
        folder = generate_to_folder(tmp_path / str(len(labels)), 100, 40, seed=9, defects=labels)
        examined = examine_snapshot(GeneratedConnector(folder).extract(END, None), 1_000)
        broken = {name: one for name, one in examined.items() if one.violations}
        assert {name for name, _ in rules.values() if labels} <= set(broken) and bool(labels) == bool(broken)
        for name, rule in (rules[label] for label in labels):
            assert broken[name].bad_rows == 5 and rule in {one.rule for one in broken[name].violations}


def test_refusals_name_the_repair(tmp_path: Path, folder: Path) -> None:
    with pytest.raises(ValueError, match="unknown defects"):
        generate_to_folder(tmp_path / "x", 20, 10, seed=1, defects=["gremlins"])
    with pytest.raises(FileExistsError, match="choose another folder"):
        generate_to_folder(folder, 20, 10, seed=1)
    with pytest.raises(SourceError, match="stockplan generate"):
        GeneratedConnector(tmp_path).business_dates()
    with pytest.raises(SourceError, match="--snapshots"):
        GeneratedConnector(folder).extract(date(2020, 1, 1), None)


def test_plans_err_around_what_was_asked_for(folder: Path, tables: dict[str, pd.DataFrame]) -> None:
    plans = tables["consensus_plan"]
    asked = tables["demand_line"].groupby("item_id")["requested_units"].sum() / DAYS * 30.4
    planned = plans.groupby("scope")["planned_units"].mean()
    assert len(planned)
    ratio = planned.sum() / asked.reindex(planned.index).sum()
    assert 0.5 < ratio < 2
    breaks = tables["price_break"].merge(tables["item"][["item_id", "unit_cost"]], on="item_id")
    assert (breaks["unit_price"] < breaks["unit_cost"]).all()


def test_an_order_without_a_segment_still_leads_to_the_one_it_would_have_named(
    tables: dict[str, pd.DataFrame],
) -> None:
    """What it says of its customer gives the segment by membership or, in order of rank, by rule."""
    lines, rules = tables["demand_line"], tables["segment_rule"].sort_values(["rule_rank", "rule_id"])
    assert 0.05 < lines["segment_id"].isna().mean() < 0.15
    newest = rules[rules.groupby("rule_id")["rule_version"].transform("max") == rules["rule_version"]]
    by_rule = pd.Series(None, index=lines.index, dtype=object)
    for rule in newest.itertuples():
        matches = by_rule.isna()
        for column in ("channel", "customer_type", "order_priority"):
            if pd.notna(getattr(rule, column)):
                matches &= lines[column] == getattr(rule, column)
        by_rule[matches] = rule.segment_id
    stated = lines["segment_id"].notna()
    assert (by_rule[stated] == lines.loc[stated, "segment_id"]).all()
    assert by_rule.notna().all()
    members = tables["segment_membership"]
    members = members[members["effective_to"].isna()].set_index("customer_id")["segment_id"]
    theirs = lines["customer_id"].isin(members.index)
    assert theirs.any()
    assert (by_rule[theirs] == lines.loc[theirs, "customer_id"].map(members)).all()


def test_most_counts_and_books_agree_with_the_stock_and_some_do_not(tables: dict[str, pd.DataFrame]) -> None:
    moves, counts = tables["stock_movement"], tables["cycle_count"]
    assert 0.05 < counts[PAIR].drop_duplicates().shape[0] / ITEM_LOCATIONS < 0.2
    joined = counts.merge(moves[[*PAIR, "movement_date", "quantity_units"]], on=PAIR)
    joined = joined[joined["movement_date"] <= joined["counted_date"]]
    there = joined.groupby("count_id")["quantity_units"].sum()
    difference = counts.set_index("count_id")["counted_units"] - there
    assert set(difference) <= {-2.0, -1.0, 0.0, 1.0}
    assert 0.8 < (difference == 0).mean() < 1
    assert set(counts["condition"]) > {"sellable"}
    books = tables["stock_valuation"].merge(tables["stock_on_hand"], on=PAIR)
    books = books.merge(tables["item"][["item_id", "unit_cost"]], on="item_id")
    assert len(books) == ITEM_LOCATIONS
    assert 0.9 < (books["book_units"] == books["on_hand_units"]).mean() < 1
    value = books["book_units"] * books["unit_cost"]
    assert 0.9 < np.isclose(books["book_value"], value, atol=0.01).mean() < 1
