"""The network problem as frames state it: positions, donors, needs, moves, rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from optimization.demand.distributions import quantiles
from optimization.errors import ContractError
from optimization.network.problem import COUNT, NORMAL, Rows
from optimization.network.stating.statement import StatedProblem, state_problem
from optimization.parameters import NetworkParameters
from tests.science_frames import AS_OF, item_location, lane, location_limit, protection, recent_transfer

BOTH_WAYS = [("L1", "L2"), ("L2", "L1")]
NO_SUPPLY: list[tuple[str, float, int]] = []


def _supply(lines: list[tuple[str, float, int]], **columns: Any) -> pd.DataFrame:
    """Open supply of I1 from (location, units, days from now)."""
    return pd.DataFrame(
        {
            "item_id": ["I1"] * len(lines),
            "location_id": [line[0] for line in lines],
            "open_units": np.array([line[1] for line in lines], dtype=float),
            "expected_p50_date": pd.Series(
                [AS_OF + pd.Timedelta(days=line[2]) for line in lines], dtype="datetime64[ns]"
            ),
            "is_counted": np.ones(len(lines), dtype=bool),
            **columns,
        }
    )


def _policy(items: pd.DataFrame, point: list[float], level: list[float], **columns: Any) -> pd.DataFrame:
    return items[["item_id", "location_id"]].assign(
        reorder_point_units=np.array(point, dtype=float),
        order_up_to_units=np.array(level, dtype=float),
        order_price=items["unit_cost"],
        status="OK",
        **columns,
    )


def _state(
    mean: list[float],
    *,
    point: list[float] | None = None,
    level: list[float] | None = None,
    supply: pd.DataFrame | None = None,
    lanes: pd.DataFrame | None = None,
    limits: pd.DataFrame | None = None,
    recent: pd.DataFrame | None = None,
    poisoned: list[bool] | None = None,
    parameters: NetworkParameters | None = None,
    distribution: str | None = None,
    **columns: Any,
) -> StatedProblem:
    items = item_location(len(mean), **columns)
    demand = protection(items, mean)
    if distribution is not None:
        demand["distribution"] = distribution
    return state_problem(
        items,
        _policy(items, point or [0.0] * len(mean), level or [0.0] * len(mean)),
        demand,
        _supply(NO_SUPPLY) if supply is None else supply,
        lane(BOTH_WAYS) if lanes is None else lanes,
        location_limit([]) if limits is None else limits,
        recent_transfer([]) if recent is None else recent,
        parameters or NetworkParameters(),
        AS_OF,
        np.array(poisoned or [False] * len(mean)),
    )


def test_only_trusted_supply_due_in_the_interval_counts():
    lines = [("L1", 3.0, 10), ("L1", 5.0, 20), ("L1", 7.0, 40), ("L2", 9.0, 10)]
    supply = _supply(lines, is_counted=[True, True, True, False])
    # Lead time 14 days, interval 21; the position of the source counts all trusted supply.
    stated = _state([5.0, 5.0], supply=supply, on_hand_units=[2.0, 2.0], on_order_units=[15.0, 0.0])
    places = stated.problem.places
    assert places.position.tolist() == [10.0, 2.0]
    assert places.near_position.tolist() == [5.0, 2.0]
    assert stated.later_units.tolist() == [7.0, 0.0]


def test_supply_without_an_expectation_counts_by_its_stated_date():
    supply = _supply([("L1", 3.0, 10)]).rename(columns={"expected_p50_date": "expected_date"})
    assert _state([5.0], supply=supply, on_hand_units=2.0).problem.places.position.tolist() == [5.0]


def test_the_policys_need_stands_on_its_own_position():
    supply = _supply([("L1", 6.0, 40)])
    stated = _state([5.0], point=[10.0], level=[20.0], supply=supply, on_hand_units=3.0, on_order_units=6.0)
    places = stated.problem.places
    assert stated.need.tolist() == [11.0]
    assert (places.position[0], places.level[0]) == (3.0, 14.0)
    assert places.order_limit.tolist() == [11.0]
    assert places.level_price.tolist() == [24.0]
    assert places.near_shortage_cost.tolist() == [12.0]
    assert places.near_mean.tolist() == [pytest.approx(5.0 * 14 / 21)]


def test_the_need_is_ordered_in_whole_lots_of_at_least_the_minimum():
    stated = _state([5.0], point=[10.0], level=[20.0], on_hand_units=7.0, moq_units=10.0, lot_units=6.0)
    places = stated.problem.places
    assert (places.lot[0], places.moq[0], places.order_limit[0]) == (6.0, 10.0, 18.0)


@pytest.mark.parametrize("columns", [{"lifecycle_status": "obsolete"}, {"poisoned": [True]}])
def test_what_is_closed_or_implausible_orders_nothing(columns):
    stated = _state([5.0], point=[10.0], level=[20.0], on_hand_units=1.0, **columns)
    places = stated.problem.places
    assert (places.level[0], places.order_limit[0], places.level_price[0]) == (-np.inf, 0.0, 0.0)


def test_a_donor_keeps_its_quantile_what_it_shows_and_has_promised():
    mean = np.array([8.0])
    kept = quantiles(mean, 1.5 * mean, np.array([0.8]))[0, 0]
    assert _state([8.0], on_hand_units=40.0).problem.places.spare.tolist() == [40.0 - kept]
    promised = _state([8.0], on_hand_units=40.0, reserved_units=12.0, backorder_units=3.0)
    assert promised.problem.places.spare.tolist() == [25.0 - kept]
    assert _state([8.0], on_hand_units=40.0, display_min_units=30.0).problem.places.spare.tolist() == [10.0]


def test_whoever_is_about_to_order_gives_nothing():
    stated = _state([5.0], point=[50.0], level=[60.0], on_hand_units=40.0)
    assert stated.problem.places.spare.tolist() == [0.0]
    assert _state([5.0], on_hand_units=40.0, poisoned=[True]).problem.places.spare.tolist() == [0.0]


def test_items_counted_one_by_one_give_no_more_than_their_movable_units():
    items = item_location(2, item_id=["I1", "I2"], on_hand_units=40.0)
    units = pd.DataFrame({"item_id": "I1", "location_id": ["L1"] * 3, "is_movable": [True, False, True]})
    stated = state_problem(
        items,
        _policy(items, [0.0] * 2, [0.0] * 2),
        protection(items, [5.0] * 2),
        _supply(NO_SUPPLY),
        lane(BOTH_WAYS),
        location_limit([]),
        recent_transfer([]),
        NetworkParameters(),
        AS_OF,
        np.zeros(2, dtype=bool),
        units,
    )
    assert stated.problem.places.spare.tolist() == [2.0, 33.0]


def test_a_donors_stock_lasts_to_its_next_receipt():
    supply = _supply([("L1", 30.0, 14)])
    stated = _state([12.0], supply=supply, on_hand_units=15.0, on_order_units=30.0)
    until = quantiles(np.array([8.0]), np.array([12.0]), np.array([0.8]))[0, 0]
    # The position would let all 15 go; two thirds of the interval pass before anything comes.
    assert stated.problem.places.spare.tolist() == [15.0 - until]
    normal = _state([12.0], supply=supply, on_hand_units=15.0, on_order_units=30.0, distribution="normal")
    assert normal.problem.places.spare.tolist() == [np.floor(15.0 - 8.0 - 0.8416 * np.sqrt(12.0))]


def test_holding_counts_for_the_interval_and_aged_stock_dearer():
    stated = _state([5.0, 5.0], on_hand_units=10.0, aged_units=[np.nan, 4.0])
    holding = stated.problem.curves.holding_cost
    assert holding[0] == pytest.approx(40.0 * 0.2 * 21 / 365)
    assert holding[1] == pytest.approx(40.0 * (0.2 + 0.1 * 0.4) * 21 / 365)


def test_a_shortage_without_a_cost_makes_the_target_the_best_choice():
    curves = _state([5.0], shortage_cost=0.0, service_target=0.9, aged_units=5.0).problem.curves
    plain = 40.0 * 0.2 * 21 / 365
    assert curves.shortage_cost[0] == pytest.approx(9.0 * plain)


def test_demand_is_counted_or_normal_as_the_distribution_says():
    assert _state([5.0, 0.0]).problem.curves.kind.tolist() == [COUNT, COUNT]
    assert _state([5.0], distribution="normal").problem.curves.kind.tolist() == [NORMAL]


def test_moves_join_lanes_with_spare_units_and_planned_places():
    lanes = lane([("L1", "L2"), ("L1", "L3"), ("L2", "L1"), ("L9", "L1")])
    stated = _state([5.0] * 3, lanes=lanes, on_hand_units=[40.0, 0.0, 0.0], poisoned=[False, False, True])
    moves = stated.problem.moves
    assert list(zip(moves.source.tolist(), moves.target.tolist(), strict=True)) == [(0, 1)]
    assert moves.limit.tolist() == stated.problem.places.spare[:1].tolist()
    row = stated.lane.iloc[moves.lane[0]]
    assert (row["from_location_id"], row["to_location_id"]) == ("L1", "L2")


def test_a_move_arrives_before_a_supplier_order_would():
    assert len(_state([5.0] * 2, lanes=lane(BOTH_WAYS, days=14.0), on_hand_units=40.0).problem.moves) == 0
    assert len(_state([5.0] * 2, lanes=lane(BOTH_WAYS, days=13.0), on_hand_units=40.0).problem.moves) == 2


def test_a_move_is_not_taken_back_within_the_blocked_days():
    columns: dict[str, Any] = {"on_hand_units": 40.0}
    recent = recent_transfer([("L1", "L2")], days_ago=29)
    moves = _state([5.0] * 2, recent=recent, **columns).problem.moves
    assert list(zip(moves.source.tolist(), moves.target.tolist(), strict=True)) == [(0, 1)]
    for free in (recent_transfer([("L1", "L2")], days_ago=30), recent_transfer([("L1", "L2")], item_id="I9")):
        assert len(_state([5.0] * 2, recent=free, **columns).problem.moves) == 2


@pytest.mark.parametrize(
    ("terms", "limit"),
    [
        ({"multiple_units": 10.0}, 30.0),
        ({"capacity_units": 7.0}, 7.0),
        ({"capacity_m3": 2.0}, 4.0),
        ({"capacity_m3": 2.0, "multiple_units": 3.0}, 3.0),
        ({"min_units": 20.0}, 33.0),
        ({"min_units": 34.0}, None),
        ({"capacity_units": 0.0}, None),
    ],
)
def test_a_move_keeps_to_what_the_lane_carries(terms, limit):
    lanes = lane([("L1", "L2")], **terms)
    stated = _state([5.0, 5.0], lanes=lanes, on_hand_units=[40.0, 0.0], volume_m3=0.5)
    assert stated.problem.places.spare[0] == 33.0
    assert stated.problem.moves.limit.tolist() == ([] if limit is None else [limit])


def _by_key(rows: Rows, values: Any) -> dict[tuple[str, str], float]:
    return {(rows.family[k], rows.key[k]): values[k] for k in range(len(rows))}


def test_every_limit_is_a_row_with_what_is_in_use():
    limits = location_limit(
        ["L1", "L2"],
        capacity_units=[50.0, np.nan],
        storage_m3=[np.nan, 9.0],
        handling_units=[5.0, np.nan],
        purchase_budget=[np.nan, 100.0],
    )
    stated = _state(
        [5.0, 6.0],
        point=[0.0, 9.0],
        level=[0.0, 9.0],
        lanes=lane(BOTH_WAYS, capacity_m3=[3.0, np.nan], capacity_units=[np.nan, 4.0]),
        limits=limits,
        parameters=NetworkParameters(purchase_budget=500.0),
        on_hand_units=[40.0, 2.0],
        volume_m3=[0.5, 0.5],
    )
    rows = stated.problem.rows
    assert _by_key(rows, rows.capacity) == {
        ("budget", "* money"): 500.0,
        ("budget", "L2 money"): 100.0,
        ("handling", "L1 units"): 5.0,
        ("lane", "L1>L2 m3"): 3.0,
        ("lane", "L2>L1 units"): 4.0,
        ("storage", "L1 units"): 50.0,
        ("storage", "L2 m3"): 9.0,
    }
    used = _by_key(rows, rows.base_use)
    assert (used["storage", "L1 units"], used["storage", "L2 m3"], used["lane", "L1>L2 m3"]) == (40.0, 1.0, 0)
    keys = list(zip(rows.family, rows.key, strict=True))
    uses, orders = stated.problem.move_uses, stated.problem.order_uses
    assert {keys[row]: amount for row, amount in zip(uses.row, uses.amount, strict=True)} == {
        ("lane", "L1>L2 m3"): 0.5,
        ("handling", "L1 units"): 1.0,
        ("storage", "L2 m3"): 0.5,
        ("storage", "L1 units"): -1.0,
    }
    assert orders.start.tolist() == [0, 0, 3]
    assert {keys[row]: amount for row, amount in zip(orders.row, orders.amount, strict=True)} == {
        ("storage", "L2 m3"): 0.5,
        ("budget", "L2 money"): 40.0,
        ("budget", "* money"): 40.0,
    }


def test_a_store_over_its_limit_takes_nothing_more_and_need_not_be_emptied():
    limits = location_limit(["L1", "L2"], capacity_units=[30.0, 30.0])
    stated = _state([5.0, 5.0], limits=limits, on_hand_units=[40.0, 2.0])
    rows = stated.problem.rows
    assert stated.stated_capacity.tolist() == [30.0, 30.0]
    assert rows.base_use.tolist() == [40.0, 2.0]
    assert rows.capacity.tolist() == [40.0, 30.0]


def test_beyond_a_capacity_a_unit_costs_more_than_any_unit_wins():
    stated = _state(
        [5.0, 6.0],
        point=[0.0, 9.0],
        level=[0.0, 9.0],
        lanes=lane(BOTH_WAYS, capacity_units=4.0),
        on_hand_units=[40.0, 2.0],
    )
    price = stated.problem.rows.slack_price[0]
    places, curves = stated.problem.places, stated.problem.curves
    most = places.level_price[1] + places.near_shortage_cost[1] + curves.shortage_cost[1]
    assert price > most + curves.holding_cost[0]
    assert np.isfinite(price)


def test_a_unit_that_makes_room_for_many_small_ones_does_not_buy_capacity():
    """A car leaves room for a thousand parts, each of which wins its level."""
    limits = location_limit(["L1"], storage_m3=[10.0], handling_units=[0.0])
    items = {
        "item_id": ["I1", "I1", "I2"],
        "location_id": ["L1", "L2", "L1"],
        "volume_m3": [10.0, 10.0, 0.01],
    }
    rows = {"on_hand_units": [20.0, 0.0, 0.0], "point": [0.0, 0.0, 9.0], "level": [0.0, 0.0, 99.0]}
    stated = _state([1.0] * 3, lanes=lane([("L1", "L2")]), limits=limits, **items, **rows)
    price = dict(zip(stated.problem.rows.family, stated.problem.rows.slack_price, strict=True))
    assert price["handling"] > 1000 * stated.problem.places.level_price[2]


def test_a_bad_lane_is_set_aside_and_a_bad_table_refused():
    stated = _state([5.0] * 2, lanes=lane(BOTH_WAYS, unit=np.array([np.nan, 1.0])), on_hand_units=40.0)
    assert (stated.lanes_set_aside, len(stated.problem.moves)) == (1, 1)
    with pytest.raises(ContractError):
        _state([5.0] * 2, lanes=lane(BOTH_WAYS).drop(columns="capacity_m3"))


def test_a_policy_of_other_item_locations_is_refused():
    items = item_location(2)
    with pytest.raises(KeyError, match="opt_out__policy lacks item 'I1' at 'L2'"):
        state_problem(
            items,
            _policy(items[:1], [1.0], [2.0]),
            protection(items, [1.0, 1.0]),
            _supply(NO_SUPPLY),
            lane([]),
            location_limit([]),
            recent_transfer([]),
            NetworkParameters(),
            AS_OF,
            np.zeros(2, dtype=bool),
        )


def test_nothing_to_plan_states_an_empty_problem():
    items = item_location(1).iloc[:0]
    stated = state_problem(
        items,
        _policy(items, [], []),
        protection(items, []),
        _supply(NO_SUPPLY),
        lane(BOTH_WAYS),
        location_limit([]),
        recent_transfer([]),
        NetworkParameters(),
        AS_OF,
        np.zeros(0, dtype=bool),
    )
    assert (len(stated.problem.places), len(stated.problem.moves), len(stated.problem.rows)) == (0, 0, 0)
