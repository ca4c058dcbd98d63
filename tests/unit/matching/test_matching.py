"""The day's matching: requirements, scores, outcomes, and the market against a table of all pairs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import linear_sum_assignment

from optimization.order_parameters import MatchingParameters
from optimization.promising.matching import candidates
from optimization.promising.matching.appearance import trim_similarity
from optimization.promising.matching.market import clear
from optimization.promising.matching.planning import MatchInputs, match_customers
from optimization.promising.matching.scoring import MET, judge, trim_likeness
from optimization.promising.matching.stating import Weights, promisable_units, state
from tests.matching_frames import (
    AS_OF,
    customer_request,
    lanes,
    made_inputs,
    no_sales,
    review,
    stock_unit,
    unit_atp,
)

TERMS = MatchingParameters()


def _inputs(
    request: pd.DataFrame, stock: pd.DataFrame, lane: pd.DataFrame | None = None, **judged: Any
) -> MatchInputs:
    given = lanes() if lane is None else lane
    return MatchInputs(request, stock, unit_atp(stock), review(stock, **judged), no_sales(), given)


def _outcome(request: pd.DataFrame, stock: pd.DataFrame, **more: Any) -> pd.DataFrame:
    return match_customers(_inputs(request, stock, **more), AS_OF, TERMS).match_outcome


@pytest.mark.parametrize(
    ("wish", "reason"),
    [
        ({"model": "supra"}, "NO_UNIT_OF_MODEL"),
        ({"category": "truck"}, "NO_UNIT_OF_MODEL"),
        ({"powertrain": "hybrid"}, "NO_UNIT_OF_POWERTRAIN"),
        ({"must_options": "TOW"}, "NO_UNIT_WITH_OPTIONS"),
        ({"max_price": 29_000.0}, "NO_UNIT_IN_PRICE"),
        ({"location_id": "L9", "latitude": 30.0, "longitude": -100.0}, "NO_UNIT_IN_REACH"),
        ({"needed_date": AS_OF}, "NO_UNIT_IN_TIME"),
        ({}, "MATCHED"),
    ],
)
def test_the_requirement_that_removed_the_last_unit_is_told(wish: dict[str, Any], reason: str) -> None:
    found = _outcome(customer_request(1, **wish), stock_unit(2, powertrain="petrol"))
    assert found["reason_code"].tolist() == [reason]
    assert (found["candidate_count"] == (2 if reason == "MATCHED" else 0)).all()


def test_a_firm_order_comes_before_a_lead_that_fits_better() -> None:
    request = customer_request(
        2, request_kind=["enquiry", "order"], color=["Ice Cap", "Ruby Red"], trim=["le", "limited"]
    )
    found = _outcome(request, stock_unit(1))
    assert found["reason_code"].tolist() == ["OUTBID", "MATCHED"]
    assert found["outbid_by"].tolist()[0] == "R000001"


def test_a_unit_that_costs_more_to_bring_than_it_is_worth_stays() -> None:
    far = lanes(("L1", "L9", 3.0, 50_000.0))
    found = _outcome(
        customer_request(1, location_id="L9", latitude=30.0, longitude=-100.0), stock_unit(1), lane=far
    )
    assert found["reason_code"].tolist() == ["BETTER_UNMATCHED"]


def test_a_stated_reach_binds_even_where_a_lane_goes() -> None:
    near = {"location_id": "L9", "latitude": 40.0, "longitude": -74.0}  # 85 km away
    lane = lanes(("L1", "L9", 1.0, 100.0))
    open_, tight = (
        _outcome(customer_request(1, **near, **more), stock_unit(1), lane=lane)
        for more in ({}, {"max_distance_km": 50.0})
    )
    assert open_["reason_code"].tolist() == ["MATCHED"] and tight["reason_code"].tolist() == [
        "NO_UNIT_IN_REACH"
    ]


def test_the_score_is_the_sum_of_its_parts_and_says_what_differs() -> None:
    request = customer_request(1, wish_options="HEAT|TOW", color="Silver", trim="se", max_price=31_000.0)
    stock = stock_unit(1, options="HEAT", list_price=30_000.0)
    judged = {"daily_cost": 20.0, "expected_days_to_sale": 30.0, "sale_probability": 0.5}
    plan = match_customers(_inputs(request, stock, **judged), AS_OF, TERMS)
    row = plan.customer_match.iloc[0]
    assert row["option_score"] == 0.5 * 1_500 and row["price_score"] == 0.2 * 1_000
    # Ice Cap is white, beside silver: 0.4 of 600; of another trim nothing is known.
    assert row["appearance_score"] == pytest.approx(0.4 * 600)
    assert row["date_score"] == -25 and row["ageing_score"] == 600
    assert row["scarcity_score"] == pytest.approx(-0.5 * 0.5 * 3_000)
    parts = [name for name in plan.customer_match if name.endswith("_score") and name != "match_score"]
    assert row["match_score"] == pytest.approx(row[parts].sum())
    assert row["differences"] == "without TOW; colour Ice Cap instead of Silver; trim le instead of se"
    assert row["fit_share"] == pytest.approx((750 + 240) / 3_300)


def test_a_unit_that_cannot_be_promised_and_a_bad_row_cost_only_themselves() -> None:
    stock = stock_unit(2).assign(unit_cost=[27_000.0, -1.0])
    request = customer_request(2)
    inputs = _inputs(request, stock_unit(2))
    plan = match_customers(replace(inputs, stock_unit=stock), AS_OF, TERMS)
    assert sorted(plan.match_outcome["reason_code"]) == ["MATCHED", "OUTBID"]
    none = replace(inputs, unit_atp=unit_atp(stock_unit(2), is_promisable=False))
    assert set(match_customers(none, AS_OF, TERMS).match_outcome["reason_code"]) == {"NO_UNIT_OF_MODEL"}


def test_nothing_asked_and_nothing_there_are_no_errors() -> None:
    request, stock = customer_request(1), stock_unit(1)
    assert match_customers(_inputs(request.iloc[:0], stock), AS_OF, TERMS).match_outcome.empty
    empty = match_customers(_inputs(request, stock.iloc[:0]), AS_OF, TERMS)
    assert empty.match_outcome["reason_code"].tolist() == ["NO_UNIT_OF_MODEL"] and empty.customer_match.empty
    assert (empty.match_solver_run["objective"] == 0).all()


def test_the_market_is_exact_over_all_pairs_though_each_request_starts_with_two() -> None:
    for seed in range(6):
        inputs = made_inputs(60, 50, models=2, places=4, seed=seed)
        offered = promisable_units(inputs.stock_unit, inputs.unit_atp, inputs.stock_unit_review, TERMS)
        stated = state(inputs.customer_request, offered, inputs.lane, AS_OF, Weights.stated(TERMS), TERMS)
        market = clear(stated.wishes, stated.offers, stated.terms, 2)
        # A table of all pairs, judged one by one, tiers by weights that are large enough for sixty.
        gain, part = np.zeros((60, 50)), np.zeros(7)
        for i in range(60):
            for j in range(50):
                is_of_model = stated.request["model"][i] == stated.unit["model"][j]
                if is_of_model and judge(i, j, stated.wishes, stated.offers, stated.terms, part) == MET:
                    gain[i, j] = max(np.rint((part.sum() + stated.wishes.base[i]) * 100), 0)
        weight = np.array([1e10, 1e5, 1.0])[stated.wishes.tier] if seed % 2 else np.ones(60)
        if not seed % 2:
            stated = replace(stated, wishes=stated.wishes._replace(tier=np.zeros(60, dtype=np.int64)))
            market = clear(stated.wishes, stated.offers, stated.terms, 2)
            rows, columns = linear_sum_assignment(gain, maximize=True)
            assert market.objective[0] == gain[rows, columns].sum()
        else:
            first = stated.wishes.tier == 0
            rows, columns = linear_sum_assignment(np.where(first[:, None], gain, 0.0), maximize=True)
            assert market.objective[0] == gain[rows, columns][first[rows]].sum()
            rows, columns = linear_sum_assignment(gain * weight[:, None], maximize=True)
            assert market.objective[0] == gain[rows, columns][first[rows]].sum()
        assert (market.objective == market.bound).all()
        fitting = (gain > 0).sum(axis=1)
        assert (market.first.fitting >= fitting).all()


def test_requests_beyond_the_kept_pairs_are_looked_through_anew() -> None:
    inputs = made_inputs(80, 60, models=1, places=3, seed=2)
    offered = promisable_units(inputs.stock_unit, inputs.unit_atp, inputs.stock_unit_review, TERMS)
    stated = state(inputs.customer_request, offered, inputs.lane, AS_OF, Weights.stated(TERMS), TERMS)
    given = stated.wishes, stated.offers, stated.terms
    rows, free = np.arange(80), np.zeros((60, 3), dtype=np.int64)
    first = candidates.best_units(rows, *given, stated.wishes.tier, free, None, 5)
    for most in (0, 200, 10_000):
        seen = candidates.Seen(*given, first.fitting, most)
        unit, gain = seen.best(rows, stated.wishes.tier, free, None, 5)
        assert (unit == first.unit).all() and (gain == first.gain).all()


def test_the_order_of_the_rows_changes_nothing_and_no_unit_is_given_twice() -> None:
    inputs = made_inputs(150, 120, models=3, places=5)
    plan = match_customers(inputs, AS_OF, TERMS)
    turned = MatchInputs(*(frame.sample(frac=1, random_state=4) for frame in vars(inputs).values()))
    other = match_customers(turned, AS_OF, TERMS)
    for name in ("customer_match", "match_outcome", "match_solver_run"):
        pd.testing.assert_frame_equal(getattr(plan, name), getattr(other, name))
    assigned = plan.match_outcome["unit_id"].dropna()
    assert assigned.is_unique and set(plan.match_outcome["status"]) == {"OK"}
    shown = plan.customer_match[plan.customer_match["is_assigned"]]
    assert shown["request_id"].tolist() == plan.match_outcome.dropna(subset="unit_id")["request_id"].tolist()
    assert plan.customer_match.groupby("request_id")["match_rank"].max().le(TERMS.top_k).all()


def test_trims_are_as_alike_by_codes_as_by_their_places_on_the_ladder() -> None:
    for wished, offered in [(1, 1), (1, 2), (2, 1), (0, 2), (-1, 0), (0, -1)]:
        by_place = trim_similarity(wished, offered, wished == offered)
        assert trim_likeness(wished + 1, offered + 1, wished, offered) == by_place
    assert trim_likeness(-1, 1, 0, 1) == 0.0
