"""The stock review: costs, days to sale, the ladder, and units that are only costed."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from optimization.order_parameters import StockReviewParameters
from optimization.vehicles import sale_hazard
from optimization.vehicles.review import review_stock
from tests.matching_frames import stock_unit
from tests.science_frames import AS_OF
from tests.vehicle_frames import moves, steady_ages, steady_sales, unit_sale

NO_MOVES = moves()


def _aged(ages: list[int], **columns: object) -> pd.DataFrame:
    came = AS_OF - pd.to_timedelta(ages, unit="D")
    return stock_unit(
        len(ages),
        age_days=pd.array(ages, dtype="Int64"),
        network_received_date=came.astype("datetime64[ns]"),
        **columns,
    )


def test_a_constant_hazard_is_recovered_at_every_age() -> None:
    # 12 % a week: 7 / 0.12 days but half a week.
    sales, standing = steady_ages(4_000, 0.12)
    stock = _aged([0, 40, 120, *standing])
    found, report = review_stock(stock, sales, *NO_MOVES, AS_OF)
    assert report["status_OK"] == len(stock)
    found = found.iloc[:3]
    assert found["expected_days_to_sale"].to_numpy() == pytest.approx([55, 55, 55], rel=0.15)
    month = 1.0 - 0.88 ** (30 / 7)
    assert found["sale_probability"].to_numpy() == pytest.approx([month] * 3, abs=0.06)


def test_fewer_sales_fall_back_to_the_plain_curve() -> None:
    found, _ = review_stock(_aged([0, 10]), steady_sales(60, 0.2), *NO_MOVES, AS_OF)
    assert set(found["method"]) == {"kaplan_meier"} and set(found["status"]) == {"FALLBACK"}
    assert found["expected_days_to_sale"].between(10, 80).all()


def test_nothing_sold_and_nothing_in_stock_are_no_errors() -> None:
    none = unit_sale(1, sold_date=AS_OF).iloc[:0]
    empty, _ = review_stock(_aged([5]).iloc[:0], none, *NO_MOVES, AS_OF)
    assert empty.empty
    found, _ = review_stock(_aged([5]), none, *NO_MOVES, AS_OF)
    assert found["stock_action"].tolist() == ["keep"] and found["reason_code"].tolist() == ["BEFORE_LADDER"]


def test_what_is_not_for_sale_is_costed_only_and_what_is_sold_is_kept() -> None:
    stock = _aged(
        [300, 300, 300, 300],
        stock_category=["training", "standard", "standard", "standard"],
        category_group=["service", "new", "new", "new"],
        is_sellable=[False, True, True, True],
        is_pre_sold=[False, True, False, False],
        unit_status=["at_location", "at_location", "at_location", "port_to_dealer"],
    )
    found, _ = review_stock(stock, steady_sales(500, 0.2), *NO_MOVES, AS_OF)
    assert found["reason_code"].tolist()[:2] == ["NOT_FOR_SALE", "SOLD_ALREADY"]
    assert found["stock_action"].tolist()[:2] == ["keep", "keep"]
    assert len(found) == 3, "what is on its way is not reviewed"
    assert found["daily_cost"].gt(0).all() and found.loc[0, "value_at_risk"] == 0.0
    # 27,000 at 8 % and 1.2 %, 2 for the lot, 15 % of 30,000 a year.
    assert found.loc[2, "daily_cost"] == pytest.approx((27_000 * 0.092 + 30_000 * 0.15) / 365 + 2)


def test_what_moves_is_what_the_plan_moves() -> None:
    plan = moves(("U000000", "L2"), ("U000003", "L3"), ("elsewhere", "L2"), net_gain=240.0)
    stock = _aged([1, 2, 250, 260, 270], is_pre_sold=[False, False, False, True, False])
    found, _ = review_stock(stock, steady_sales(800, 0.06), *plan, AS_OF)
    moved = found[found["stock_action"] == "transfer"]
    assert moved["unit_id"].tolist() == ["U000000", "U000003"]
    assert moved["to_location_id"].tolist() == ["L2", "L3"]
    assert set(moved["reason_code"]) == {"MOVED_BY_THE_PLAN"}
    # An order of two units for L2 shares its gain; that for L3 has one.
    assert moved["action_value"].tolist() == [120.0, 240.0]
    assert moved["proposed_price"].isna().all()
    others = found.drop(index=moved.index)
    assert others["to_location_id"].isna().all()
    assert "MOVED_BY_THE_PLAN" not in set(others["reason_code"])


def test_the_ladder_acts_on_old_units_only() -> None:
    found, _ = review_stock(_aged([1, 2, 250, 260, 270]), steady_sales(800, 0.06), *NO_MOVES, AS_OF)
    assert found["reason_code"].tolist()[:2] == ["BEFORE_LADDER"] * 2
    assert not found["stock_action"].eq("transfer").any()
    assert found["is_slow"].tolist()[:2] == [False, False] and found["is_slow"].iloc[2:].all()


def test_every_action_wins_against_keeping_and_a_markdown_lowers_the_price() -> None:
    expensive = StockReviewParameters(lot_cost_per_day=200.0, demo_share=0.5, wholesale_share=0.5)
    found, _ = review_stock(_aged([10, 100, 200, 350]), steady_sales(900, 0.05), *NO_MOVES, AS_OF, expensive)
    cut = found[found["stock_action"] == "reprice"]
    assert len(cut) and (cut["proposed_price"] < 30_000).all() and (cut["action_value"] > 0).all()
    assert (found.loc[found["stock_action"] == "keep", "action_value"] == 0).all()


def test_the_order_of_the_rows_changes_nothing() -> None:
    stock, sales = _aged(list(range(0, 200, 5))), steady_sales(600, 0.08)
    one, _ = review_stock(stock, sales, *NO_MOVES, AS_OF)
    other, _ = review_stock(
        stock.sample(frac=1, random_state=1),
        sales.sample(frac=1, random_state=2),
        *NO_MOVES,
        AS_OF,
    )
    pd.testing.assert_frame_equal(one, other, rtol=1e-9)


def test_a_slower_model_is_seen_to_be_slower() -> None:
    fast, slow = steady_sales(800, 0.3), steady_sales(200, 0.06, seed=9)
    slow = slow.assign(model="supra", item_id="supra-gr", unit_id="T" + slow["unit_id"])
    stock = _aged([10, 10], model=["camry", "supra"], item_id=["camry-le", "supra-gr"])
    found, _ = review_stock(stock, pd.concat([fast, slow], ignore_index=True), *NO_MOVES, AS_OF)
    assert found.loc[1, "expected_days_to_sale"] > 2 * found.loc[0, "expected_days_to_sale"]


def test_the_area_under_the_curve_agrees_with_a_geometric_sale() -> None:
    survived = 0.9 ** np.arange(53)[None, :]
    exact = 7 * (1 / 0.1 - 0.5)
    assert sale_hazard.expected_days(survived)[0] == pytest.approx(exact, rel=0.01)
