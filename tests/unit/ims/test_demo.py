"""The demo as a whole, on the committed sample: it reconciles and knows nothing of the future."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from orchestration.contracts.arrow import arrow_schema
from orchestration.contracts.raw import RAW_BY_NAME
from orchestration.ims.demo import DemoConnector
from orchestration.ims.demo.intervals import INTERVAL_COLUMNS, SAMPLE
from orchestration.ims.demo.origins import ORIGINS

FIRST, LAST = date(2023, 4, 26), date(2023, 6, 15)
PAIR = ["item_id", "location_id"]
Extract = Callable[[date], dict[str, pa.Table]]


@pytest.fixture(scope="module")
def connector() -> DemoConnector:
    return DemoConnector()


@pytest.fixture(scope="module")
def newest(connector: DemoConnector) -> dict[str, pa.Table]:
    return dict(connector.extract(LAST, None).tables)


def test_sample_is_small_and_pseudonymous() -> None:
    assert SAMPLE.stat().st_size < 5 * 2**20
    table = pq.read_table(SAMPLE)
    assert table.column_names == list(INTERVAL_COLUMNS)
    assert table.num_rows == 76_696
    for column, pattern in (("unit_id", "^U[0-9a-f]{16}$"), ("dealer_id", "^D[0-9a-f]{8}$")):
        assert pc.all(pc.match_substring_regex(table.column(column), pattern)).as_py()


def test_one_business_date_per_day(connector: DemoConnector) -> None:
    assert list(connector.business_dates()) == [FIRST + timedelta(days=i) for i in range(51)]


def test_every_table_has_the_contract_columns(newest: dict[str, pa.Table]) -> None:
    # Notes on the scorecard are for people to write, and nobody asked the customers of the demo.
    assert set(newest) == set(RAW_BY_NAME) - {"scorecard_note", "survey_response"}
    for name, table in newest.items():
        contract = RAW_BY_NAME[name]
        schema = arrow_schema(contract)
        assert set(contract.required) <= set(table.column_names), name
        assert table.schema.types == [schema.field(column).type for column in table.column_names], name
        assert all(table.column(column).null_count == 0 for column in contract.required), name
        assert not table.select(contract.key).to_pandas().duplicated().any(), name


def test_references_hold(newest: dict[str, pa.Table]) -> None:
    for name, table in newest.items():
        for column, (parent, parent_column) in RAW_BY_NAME[name].references.items():
            values = set(pc.unique(table.column(column)).to_pylist()) - {None, "*"}
            assert values <= set(newest[parent].column(parent_column).to_pylist()), (name, column)
    for name in ("stock_on_hand", "stock_movement", "unit", "demand_line", "supply_order", "receipt"):
        ranged = newest["item_location"].select(PAIR).to_pandas()
        used = newest[name].select(PAIR).to_pandas().drop_duplicates()
        if name == "unit":
            unknown = newest[name].to_pandas()["unit_status"] == "L"
            used = newest[name].to_pandas().loc[~unknown, PAIR].drop_duplicates()
        assert len(used.merge(ranged, on=PAIR)) == len(used), name


@pytest.mark.parametrize("as_of", [FIRST, date(2023, 5, 17), LAST])
def test_stock_movements_and_units_agree(connector: DemoConnector, as_of: date) -> None:
    tables = connector.extract(as_of, None).tables
    moves = tables["stock_movement"].to_pandas()
    daily = moves.groupby([*PAIR, "movement_date"])["quantity_units"].sum()
    assert (daily.groupby(level=[0, 1]).cumsum() >= 0).all()
    stock = tables["stock_on_hand"].to_pandas().groupby(PAIR)["on_hand_units"].sum()
    balance = daily.groupby(level=[0, 1]).sum()
    assert balance.index.equals(stock.index) and (balance == stock).all()
    units = tables["unit"].to_pandas()
    here = units[units["unit_status"] == "at_location"]
    here = here.assign(stock_status=here["is_pre_sold"].map({True: "allocated", False: "available"}))
    counted = here.groupby([*PAIR, "stock_status"]).size()
    vehicles = tables["item"].filter(pc.equal(tables["item"].column("item_kind"), "vehicle"))
    stock = tables["stock_on_hand"].to_pandas().set_index([*PAIR, "stock_status"])["on_hand_units"]
    stock = stock[stock.index.get_level_values(0).isin(vehicles.column("item_id").to_pylist())]
    assert (counted.reindex(stock.index).fillna(0) == stock).all() and stock.sum() == len(here)
    openings = moves[moves["movement_type"] == "opening"]
    assert not openings.duplicated(PAIR).any() and len(openings) == tables["item_location"].num_rows


def test_nothing_is_dated_or_known_after_the_business_date(connector: DemoConnector) -> None:
    as_of = date(2023, 5, 17)
    for name, table in connector.extract(as_of, None).tables.items():
        columns = [*RAW_BY_NAME[name].event_dates, "loaded_at"]
        for column in (c for c in columns if c in table.column_names):
            newest = pc.max(table.column(column).cast(pa.date32())).as_py()
            assert newest is None or newest <= as_of, (name, column)
        for earlier, later in RAW_BY_NAME[name].ordered_dates:
            if not {earlier, later} <= set(table.column_names):
                continue
            assert not pc.any(pc.greater(table.column(earlier), table.column(later))).as_py(), name


@pytest.mark.parametrize("as_of", [FIRST, date(2023, 5, 10)])
def test_the_future_cannot_be_seen(connector: DemoConnector, tmp_path: Path, as_of: date) -> None:
    """A file cut off at the business date gives the very same snapshot."""
    whole = pq.read_table(SAMPLE).to_pandas()
    past = whole[whole["valid_from"] <= as_of].copy()
    past["valid_to"] = past["valid_to"].where(past["valid_to"] <= as_of, as_of)
    path = tmp_path / "past.parquet"
    pq.write_table(pa.Table.from_pandas(past, preserve_index=False), path)
    cut_off = DemoConnector(path).extract(as_of, None).tables
    for name, table in connector.extract(as_of, None).tables.items():
        assert table.equals(cut_off[name]), name


def test_daily_news_add_up_to_all_history(connector: DemoConnector) -> None:
    dates = [FIRST + timedelta(days=i) for i in (0, 1, 5, 6, 20)]
    cuts = [connector.extract(FIRST, None).tables]
    cuts += [connector.extract(until, since).tables for since, until in itertools.pairwise(dates)]
    all_history = connector.extract(dates[-1], None).tables
    for name in (
        "demand_line", "receipt", "stock_movement", "policy_review", "cycle_count", "mto_order",
        "mto_milestone", "mto_change_request", "quality_event", "order_cost", "unit_hold",
        "customer_request",
    ):  # fmt: skip
        # newest first, so that the first row of a key is the one that counts
        union = pa.concat_tables([cut[name] for cut in cuts[::-1]], promote_options="default")
        _, first = np.unique(_keys(name, union), return_index=True)
        whole = all_history[name]
        expected = whole.take(pa.array(np.argsort(_keys(name, whole))))
        assert union.take(pa.array(first)).select(whole.column_names).equals(expected), name


def _keys(name: str, table: pa.Table) -> np.ndarray:
    """One number per row that stands for its identity, in the key's columns."""
    return pd.util.hash_pandas_object(table.select(RAW_BY_NAME[name].key).to_pandas(), index=False).to_numpy()


def test_history_reaches_back_two_years_with_all_that_kpis_need(newest: dict[str, pa.Table]) -> None:
    lines, receipts = newest["demand_line"].to_pandas(), newest["receipt"].to_pandas()
    assert lines["order_date"].min() <= date(2021, 4, 30)
    vehicles = lines[lines["order_id"].str.startswith("V")]
    monthly = vehicles.groupby(pd.to_datetime(vehicles["order_date"]).dt.to_period("M")).size()
    assert len(monthly) == 27 and monthly["2023-03"] > 1.5 * monthly["2021-06"]
    assert receipts["is_expedited"].any() and newest["event_calendar"].num_rows > 20
    assert newest["policy_review"].num_rows > 300
    inferred = vehicles[vehicles["basis"] == "inferred"]
    assert inferred["order_date"].min() >= FIRST and 15_000 < len(inferred) < 35_000
    assert set(lines["segment_id"].dropna()) == set(newest["segment"].column("segment_id").to_pylist())


def test_real_defects_stay_countable(connector: DemoConnector) -> None:
    unknown = connector.extract(date(2023, 6, 5), None).tables["unit"].to_pandas()["unit_status"] == "L"
    assert unknown.sum() == 2


def test_every_column_has_an_origin(newest: dict[str, pa.Table]) -> None:
    for name, table in newest.items():
        assert (name, "*") in ORIGINS, name
        named = {column for table_name, column in ORIGINS if table_name == name}
        assert named <= {"*", *table.column_names}, name
    assert ORIGINS["item", "unit_cost"] == ORIGINS["lane", "*"] == "generated"
    assert ORIGINS["stock_movement", "movement_date"] == "inferred"
    assert ORIGINS["unit", "color"] == "recorded"


def test_the_market_is_plausible_and_what_was_published_stays(
    connector: DemoConnector, newest: dict[str, pa.Table]
) -> None:
    tables = ("registration", "competitor_price", "external_driver")
    before = connector.extract(date(2023, 5, 17), None).tables
    for name in tables:
        key = list(RAW_BY_NAME[name].key)
        early, late = before[name].to_pandas(), newest[name].to_pandas()
        assert (late["published_date"] <= LAST).all(), name
        both = early.merge(late, on=key, suffixes=("", "_later"))
        assert len(both) > 0.8 * len(early), name
        for column in ("registered_units", "competitor_price", "driver_value"):
            if column in both:
                assert (both[column] == both[f"{column}_later"]).all(), name
    market = newest["registration"].to_pandas()
    units = market.pivot_table(
        index="market_segment", columns="is_own_brand", values="registered_units", aggfunc="sum"
    )
    assert (units[True] / units.sum(axis=1)).between(0.1, 0.35).all()
    models = set(newest["item"].column("model").to_pylist())
    assert set(market.loc[market["is_own_brand"], "model"]) <= models
    assert set(newest["competitor_price"].column("model").to_pylist()) <= models


def test_plans_are_approved_before_their_first_month_or_still_proposed(newest: dict[str, pa.Table]) -> None:
    plans = newest["consensus_plan"].to_pandas()
    is_approved = plans["plan_status"] == "approved"
    assert is_approved.any() and (plans.loc[~is_approved, "plan_status"] == "proposed").all()
    assert (plans.loc[is_approved, "approved_date"] <= plans.loc[is_approved, "month_start_date"]).all()
    assert plans.loc[~is_approved, "approved_date"].isna().all()
    assert set(plans["scope"]) <= set(newest["item"].column("item_id").to_pylist())


def test_what_a_lot_holds_and_a_lane_carries_does_not_change_from_day_to_day(
    connector: DemoConnector, newest: dict[str, pa.Table]
) -> None:
    then = connector.extract(FIRST, None).tables
    for name, key, limits in (
        ("location", ["location_id"], ["storage_m3", "handling_units"]),
        ("lane", ["from_location_id", "to_location_id"], ["capacity_m3"]),
        ("item", ["item_id"], ["volume_m3"]),
    ):
        early, late = (
            table[name].select([*key, *limits]).to_pandas().set_index(key) for table in (then, newest)
        )
        assert (late[limits] > 0).all(axis=None), name
        both = early.index.intersection(late.index)
        assert len(both) > 0.9 * len(early)
        pd.testing.assert_frame_equal(early.loc[both], late.loc[both])


def test_what_an_order_says_of_its_customer_leads_to_its_segment(newest: dict[str, pa.Table]) -> None:
    lines = newest["demand_line"].to_pandas()
    assert 0.08 < lines["segment_id"].isna().mean() < 0.12
    customer = lines["channel"] + "/" + lines["customer_type"]
    expected = {"dealer/private": "retail", "dealer/fleet": "fleet", "online/private": "online"}
    stated = lines["segment_id"].notna()
    assert (customer.map(expected)[stated] == lines.loc[stated, "segment_id"]).all()
    assert set(customer[~stated]) == set(expected)
    for of_source in (lines["basis"] == "inferred", lines["order_id"].str.startswith("C")):
        assert lines.loc[of_source, "segment_id"].isna().any()


def test_books_and_plans_stand_beside_the_stock(newest: dict[str, pa.Table]) -> None:
    stock = newest["stock_on_hand"].to_pandas().groupby(PAIR)["on_hand_units"].sum()
    books = newest["stock_valuation"].to_pandas().set_index(PAIR)
    assert set(books.index) == set(stock.index)
    assert 0.95 < (books["book_units"] == stock.reindex(books.index)).mean() < 1
    counts = newest["cycle_count"].to_pandas()
    assert len(counts) > 1000 and set(counts["condition"]) > {"sellable"}
    plans = newest["allocation_rule"].to_pandas()
    items = newest["item"].to_pandas()
    parts = set(items.loc[items["item_kind"] != "vehicle", "category"])
    assert set(plans["category"]) <= parts - set(items.loc[items["item_kind"] == "vehicle", "category"])
    assert set(plans["plan_state"]) == {"approved", "draft"}
    assert set(plans["allocation_strategy"]) == {"percentage", "fixed", "demand_share"}


def test_orders_and_requests_are_as_many_as_a_planner_can_look_at(connector: DemoConnector) -> None:
    first = connector.extract(FIRST, None).tables
    orders = first["mto_order"].to_pandas()
    count = orders["order_status"].value_counts()
    lapsed = (orders["order_status"] == "quoted") & orders["cancelled_date"].notna()
    assert 2_000 < len(orders) < 3_500 and 450 < count["open"] < 800
    assert 0 < count["quoted"] - lapsed.sum() < 80 and lapsed.any()
    assert set(orders["model"]) <= set(first["item"].column("model").to_pylist())
    named = first["config_option"].column("option_id").to_pylist()
    assert {one for text in orders["options"] for one in text.split("|")} <= set(named)
    requests = first["customer_request"].to_pandas()
    outcome = requests["request_outcome"].value_counts()
    assert outcome["bought"] > 900 and 150 < outcome["open"] < 400
    assert (requests["unit_id"].notna() == (requests["request_outcome"] == "bought")).all()
    sold = first["demand_line"].select(["unit_id", "shipped_date"]).to_pandas().dropna().set_index("unit_id")
    bought = requests[requests["unit_id"].notna()].set_index("unit_id")
    assert (sold["shipped_date"].reindex(bought.index) == bought["outcome_date"]).all()
    slots = first["production_slot"].to_pandas()
    weekly = slots.groupby("week_start_date")["slot_units"].sum()
    assert len(weekly) == 26 and 30 < weekly.median() < 60
    assert slots.groupby("is_frozen")["week_start_date"].nunique().to_dict() == {False: 24, True: 2}


def test_a_real_unit_names_its_real_colour_and_trim_among_generated_options(
    connector: DemoConnector, newest: dict[str, pa.Table]
) -> None:
    units = newest["unit"].to_pandas().merge(newest["item"].to_pandas()[["item_id", "trim"]], on="item_id")
    names = newest["config_option"].to_pandas().set_index("option_id")
    for text, color, trim in (
        units[["options", "color", "trim"]].sample(200, random_state=1).itertuples(index=False)
    ):
        ids = text.split("|")
        assert ids == sorted(set(ids)) and set(ids) <= set(names.index)
        own = names.loc[ids].groupby("option_family")["option_name"].agg(list)
        assert own["trim"][0].lower() == trim.lower()
        assert pd.isna(color) or own["colour"][0].lower() == color.lower()
    stated = newest["stock_category"].to_pandas().set_index("stock_category")
    assert len(stated) == 12 and set(units["stock_category"]) <= set(stated.index)
    sellable = units["stock_category"].map(stated["is_sellable"])
    assert 0 < (~sellable).mean() < 0.03
    moving = units["unit_status"] != "at_location"
    assert not units.loc[moving, "stock_category"].isin(["demo", "loaner", "service", "training"]).any()
    then = connector.extract(date(2023, 6, 14), None).tables["unit"].to_pandas()
    both = then.merge(units, on="unit_id", suffixes=("", "_later"))
    same = both["color"] == both["color_later"]
    assert (both["options"] == both["options_later"])[same].all()


def test_a_recall_holds_a_range_of_units_once(newest: dict[str, pa.Table]) -> None:
    holds = newest["unit_hold"].to_pandas()
    recall = holds[holds["hold_kind"] == "recall"]
    assert len(recall) > 100 and recall["unit_id"].str.startswith("U3").all()
    assert recall["reference_id"].nunique() == 1 and recall["closed_date"].isna().any()
    assert holds["unit_id"].is_unique and set(holds["hold_kind"]) > {"recall", "damage"}
