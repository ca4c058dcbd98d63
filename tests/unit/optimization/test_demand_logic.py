"""Plans, new items, segments, shares of vehicles and the mix: worked cases."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pandas as pd
import pytest

from optimization.contracts.inputs import CONSENSUS_PLAN
from optimization.demand.analogues import end_of_life_factors, new_item_rates
from optimization.demand.consensus import apply_plan, plan_versions
from optimization.demand.hierarchy import shared_rates, vehicle_rates
from optimization.demand.segments import forecast_segments, segment_shares
from optimization.demand.series import weekly_series
from optimization.parameters import MixParameters, PlanParameters
from optimization.vehicles.mix import Choice, choose_units, mix_targets, served
from tests.science_frames import (
    AS_OF,
    demand_history,
    item_location,
    protection,
    segment,
    segment_demand,
)

WEIGHTS = MixParameters().weights
JULY, AUGUST = pd.Timestamp("2024-07-01"), pd.Timestamp("2024-08-01")


def plan(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """`opt_in__consensus_plan`: by default version P1 of the category's July, approved ten days ago."""
    default = {
        "plan_version": "P1",
        "scope_level": "category",
        "scope": "brakes",
        "location_scope_level": "all",
        "location_scope": "*",
        "bucket_start_date": JULY,
        "planned_units": 310.0,
        "plan_status": "approved",
        "is_approved": True,
        "approved_date": AS_OF - pd.Timedelta(days=10),
        "submitted_by": None,
        "approved_by": None,
    }
    frame = pd.DataFrame([default | row for row in rows])
    frame["bucket_end_date"] = frame["bucket_start_date"] + pd.offsets.MonthEnd(0)
    for name in ("bucket_start_date", "bucket_end_date", "approved_date"):
        frame[name] = pd.to_datetime(frame[name]).astype("datetime64[ns]")
    return CONSENSUS_PLAN.validate(frame)


def planned(rows: list[dict[str, Any]], weekly: list[list[float]], **parameters: Any) -> Any:
    frame = item_location(len(weekly), region=["north", "south"][: len(weekly)])
    history = demand_history({"L1": [40.0] * 20, "L2": [30.0] * 20})
    series = weekly_series(frame, history, AS_OF)
    return apply_plan(frame, plan(rows), series, np.array(weekly), AS_OF, PlanParameters(**parameters))


# --- consensus plan


def test_an_approved_plan_is_split_by_the_statistical_shares() -> None:
    found = planned([{}], [[10.0] * 6, [30.0] * 6])
    # July has 31 days and 310 units: ten a day, of which the second item-location has three quarters.
    assert found.units[:, 0] == pytest.approx([17.5, 52.5])
    assert found.units[:, 5] == pytest.approx([10.0, 30.0])  # a week of August
    assert found.units[:, 4] == pytest.approx([10.0 * 4 / 7 + 7.5, 30.0 * 4 / 7 + 22.5])
    assert np.isnan(found.plan_units[:, 5]).all() and found.is_planned.all()
    assert set(found.reason) == {"PLAN_APPLIED"}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"approved_date": AS_OF - pd.Timedelta(days=36)}, "PLAN_STALE"),
        ({"is_approved": False, "plan_status": "proposed", "approved_date": pd.NaT}, "PLAN_NOT_APPROVED"),
        ({"approved_date": AS_OF + pd.Timedelta(days=1)}, "PLAN_NOT_APPROVED"),
        ({"bucket_start_date": pd.Timestamp("2024-10-01")}, None),
    ],
)
def test_a_plan_that_does_not_hold_changes_nothing_and_says_why(change: dict[str, Any], reason: str) -> None:
    found = planned([change], [[10.0] * 6, [30.0] * 6])
    assert (found.units[0] == 10.0).all() and np.isnan(found.plan_units).all()
    assert set(found.reason) == {reason} and (found.error_cv2 == 0).all()


def test_the_version_approved_last_holds_and_a_narrow_plan_wins_within_the_wide_one() -> None:
    newer = {"plan_version": "P2", "planned_units": 620.0, "approved_date": AS_OF - pd.Timedelta(days=1)}
    north = {"location_scope_level": "region", "location_scope": "north", "planned_units": 62.0}
    found = planned([{}, newer, north], [[10.0] * 4, [30.0] * 4])
    assert found.units[0, 0] == pytest.approx(14.0)
    assert found.units[:, 0].sum() == pytest.approx(140.0)


def test_the_version_that_speaks_for_a_row_is_the_narrowest_that_holds() -> None:
    frame = item_location(2, region=["north", "south"])
    narrow = {"location_scope_level": "region", "location_scope": "north", "plan_version": "P2"}
    draft = {"plan_version": "P3", "is_approved": False, "approved_date": None, "plan_status": "proposed"}

    def named(rows: list[dict[str, Any]]) -> list[tuple[str | None, bool]]:
        found = plan_versions(frame, plan(rows), 13, AS_OF)
        return list(zip(found.version.tolist(), found.is_approved.tolist(), strict=True))

    assert named([{}, narrow, draft]) == [("P2", True), ("P1", True)]
    assert named([narrow, draft]) == [("P2", True), ("P3", False)]
    stale = narrow | {"approved_date": AS_OF - pd.Timedelta(days=90)}
    assert named([stale]) == [("P2", True), (None, False)]
    assert named([{"scope_level": "unknown"}]) == [(None, False)] * 2


def test_a_plan_brings_the_error_of_its_past() -> None:
    past = {
        "bucket_start_date": pd.Timestamp("2024-05-01"),
        "approved_date": pd.Timestamp("2024-04-20"),
        "planned_units": 310.0,
    }
    exact = planned([{}, past], [[10.0] * 4, [30.0] * 4])  # 70 a week is 310 in May
    wrong = planned([{}, past | {"planned_units": 155.0}], [[10.0] * 4, [30.0] * 4])
    unknown = planned([{}], [[10.0] * 4, [30.0] * 4])
    assert exact.error_cv2[0] < unknown.error_cv2[0] == pytest.approx(0.09)
    # Twice the plan is an error of 1, drawn to a pool that has seen the same month: (1 + 4·0.272)/5.
    assert wrong.error_cv2[0] == pytest.approx((1.0 + 4.0 * (1.0 + 4 * 0.09) / 5.0) / 5.0)
    late = planned([{}, past | {"approved_date": pd.Timestamp("2024-05-10")}], [[10.0] * 4, [30.0] * 4])
    assert late.error_cv2[0] == unknown.error_cv2[0]


# --- new items and the end of life


def test_a_new_item_takes_its_neighbours_level_until_its_own_weeks_come() -> None:
    frame = item_location(
        4,
        item_id=["near", "far", "new", "new"],
        location_id=["L1", "L1", "L1", "L2"],
        unit_cost=[40.0, 40.0, 40.0, 40.0],
        category=["brakes", "filters", "brakes", "brakes"],
    )
    is_new = np.array([False, False, True, True])
    rate = np.array([6.0, 0.0, 99.0, 99.0])
    nothing = np.zeros(4)
    found = new_item_rates(frame, rate, is_new, nothing, nothing)
    near = 1.0 / (1.0 + np.exp(-2.0))
    assert found.rate[2:] == pytest.approx([6.0 * near] * 2)
    assert found.rate[:2].tolist() == [6.0, 0.0] and found.error_cv2[:2].tolist() == [0.0, 0.0]
    assert found.error_cv2[2:] == pytest.approx([0.49, 0.49])
    assert found.neighbours.tolist() == [0, 0, 2, 2]
    later = new_item_rates(frame, rate, is_new, nothing + 17.0, nothing + 17.0)
    assert later.rate[2] == pytest.approx(0.5 * 1.0 + 0.5 * 6.0 * near)
    assert later.error_cv2[2] * later.rate[2] ** 2 < found.error_cv2[2] * found.rate[2] ** 2


def test_an_item_new_at_one_location_is_its_own_neighbour() -> None:
    frame = item_location(
        3, item_id=["i", "i", "j"], location_id=["L1", "L2", "L1"], unit_cost=[4.0, 4.0, 900.0]
    )
    found = new_item_rates(
        frame, np.array([5.0, 0.0, 1.0]), np.array([False, True, False]), np.zeros(3), np.zeros(3)
    )
    assert found.rate[1] > 4.9


def test_only_what_is_phased_out_decays() -> None:
    frame = item_location(2, lifecycle_status=["active", "phase_out"])
    history = demand_history({"L1": [8.0] * 60, "L2": [8.0] * 34 + [2.0] * 26})
    factor = end_of_life_factors(frame, weekly_series(frame, history, AS_OF), 13)
    assert (factor[0] == 1.0).all()
    assert (np.diff(factor[1]) < 0).all() and 0.4 < factor[1, -1] < 0.6


# --- segments


def test_shares_lean_on_the_item_the_category_and_everybody() -> None:
    units = np.array([[100.0, 0.0], [0.0, 0.0], [0.0, 0.0], [0.0, 100.0]])
    share = segment_shares(units, np.array([0, 0, 1, 2]), np.array([0, 0, 0, 1]), 10.0)
    assert share.sum(axis=1) == pytest.approx([1.0] * 4)
    assert share[0, 0] > share[1, 0] > share[2, 0] > 0.5 > share[3, 0]


def test_segments_add_up_to_the_item_location_and_know_their_quantiles() -> None:
    frame = item_location(2)
    demand = protection(frame, [7.3, 0.0], ratio=2.0)
    found, report = forecast_segments(
        frame,
        demand,
        segment([("fleet", 1, 1.0, 0.0, 1.0), ("retail", 2, 1.0, 0.0, 1.0)]),
        segment_demand([("L1", "fleet", 5.0, 0.0), ("L1", "retail", 25.0, 0.0), ("L9", "fleet", 9.0, 0.0)]),
    )
    assert report["segments"] == 2
    sums = found.groupby("location_id")["mean_units"].sum()
    assert sums["L1"] == demand["mean_units"].iloc[0] and sums["L2"] == 0.0
    at = found[found["location_id"] == "L1"].set_index("segment_id")
    assert at["segment_share"]["retail"] > 0.7
    assert (at["q50_units"] <= at["q95_units"]).all()
    # A segment varies less than the whole and more than a Poisson of its size.
    assert (at["variance_units2"] < demand["variance_units2"].iloc[0]).all()
    assert (at["variance_units2"] > at["mean_units"]).all()
    assert found["reason_code"].tolist() == ["SHARE_OWN"] * 2 + ["SHARE_BORROWED"] * 2


# --- shares of vehicles


def vehicles(configurations: int, locations: int) -> pd.DataFrame:
    cells = list(product(range(configurations), range(locations)))
    return item_location(
        len(cells),
        item_id=[f"m-{item}" for item, _ in cells],
        location_id=[f"L{place}" for _, place in cells],
        item_kind="vehicle",
        region=["north" if place % 2 else "south" for _, place in cells],
        model="m",
        trim=[f"t{item // 2}" for item, _ in cells],
    )


def test_shares_find_the_rates_of_a_mix_that_is_seen_thinly() -> None:
    """Ten configurations at twenty dealers, a product of mix and size; each pair sells twice a year."""
    frame = vehicles(10, 20)
    rng = np.random.default_rng(0)
    mix, size = rng.gamma(1.0, 1.0, 10), rng.gamma(2.0, 0.5, 20)
    true = 0.04 * np.outer(mix / mix.mean(), size / size.mean()).ravel()
    weeks = np.full(200, 50.0)
    own = rng.poisson(true * weeks) / weeks
    shared = shared_rates(frame, own * weeks, weeks)
    assert np.abs(shared - true).mean() < 0.6 * np.abs(own - true).mean()
    assert shared.sum() == pytest.approx(own.sum(), rel=0.02) and (shared > 0).all()


def test_vehicles_of_a_model_take_their_share_and_a_good_seller_its_own() -> None:
    frame = vehicles(2, 2).assign(item_kind=["vehicle", "vehicle", "vehicle", "part"])
    history = demand_history({"L0": [0.0, 1.0] * 30, "L1": [200.0] * 60}, item_id="m-0")
    found = vehicle_rates(frame, weekly_series(frame, history, AS_OF), np.full(4, 7.0))
    assert found.is_used.tolist() == [True, True, True, False]
    assert found.rate[3] == 7.0
    assert found.rate[1] == pytest.approx(200.0, rel=0.02)
    assert found.rate[0] > found.rate[2] > 0.0


# --- vehicle mix


def test_the_greedy_choice_is_optimal() -> None:
    """Every way to place up to five units on four nested configurations is tried."""
    rng = np.random.default_rng(5)
    ways = np.array([way for way in product(range(6), repeat=4) if sum(way) <= 5])
    for _ in range(12):
        mean = rng.gamma(0.7, 1.0, 4)
        choice = Choice(mean, mean * rng.uniform(1.0, 3.0, 4), np.array([0, 0, 1, 2]), np.array([0, 0, 0, 1]))
        value = np.array([served(choice, way, WEIGHTS) for way in ways])
        for total in range(6):
            best = value[ways.sum(axis=1) == total].max()
            chosen = choose_units(choice, total, WEIGHTS)
            assert chosen.sum() == total
            assert served(choice, chosen, WEIGHTS) == pytest.approx(best, abs=1e-9)


def test_variety_comes_before_duplicates() -> None:
    choice = Choice(np.full(4, 0.5), np.full(4, 0.5), np.arange(4), np.zeros(4, dtype=np.int64))
    assert choose_units(choice, 4, WEIGHTS).tolist() == [1, 1, 1, 1]
    assert choose_units(choice, 6, WEIGHTS).tolist() == [2, 2, 1, 1]


def test_targets_fill_the_location_and_the_network_rows_add_up() -> None:
    frame = vehicles(4, 3).assign(
        lifecycle_status=["obsolete" if item == "m-3" else "active" for item in vehicles(4, 3)["item_id"]]
    )
    demand = protection(frame, list(np.linspace(0.2, 2.4, 12)))
    found, _ = mix_targets(frame, demand)
    place = found[found["mix_level"] == "location"]
    assert (place["target_units"] == place["target_units"].round()).all()
    assert (place.loc[place["item_id"] == "m-3", "target_units"] == 0).all()
    assert set(place.loc[place["item_id"] == "m-3", "reason_code"]) == {"END_OF_LIFE"}
    assert place.groupby(["model", "location_id"])["mix_share"].sum().to_numpy() == pytest.approx(1.0)
    assert (place["gap_units"] == place["target_units"] - place["inventory_position_units"]).all()
    for level in ("month", "year"):
        network = found[found["mix_level"] == level]
        assert network["target_units"].sum() == round(network["mean_units"].sum())
        assert network["mix_share"].sum() == pytest.approx(1.0)


def test_without_vehicles_there_is_no_mix() -> None:
    frame = item_location(2)
    found, report = mix_targets(frame, protection(frame, [1.0, 2.0]))
    assert found.empty and report["locations"] == 0
