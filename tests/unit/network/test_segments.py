"""Segments in the network problem: what sharing costs, who stands apart, what floors and caps are."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from optimization.network.costs import pool_cost, pool_split
from optimization.network.curve_costs import curve_cost
from optimization.network.problem import COUNT, NORMAL, TABLE, Problem
from optimization.network.stating.nested import Tiers, nested_cost, nested_table
from optimization.network.stating.segment_curves import SHARED, SegmentTerms, segment_curves
from optimization.network.stating.segments import relative_worth, with_segments
from optimization.parameters import NetworkParameters
from tests.science_frames import item_location, segment, segment_demand
from tests.unit.network.problems import problem_of

PLAIN = [("A", 1, 1.0, 0.0, 1.0), ("B", 2, 1.0, 0.0, 1.0)]


def one_place(position: float = 6.0, mean: float = 4.0, vmr: float = 2.0, **columns: object) -> Problem:
    return problem_of(position=position, mean=mean, variance=mean * vmr, spare=2.0, **columns)


def stated(problem: Problem, segments: pd.DataFrame, open_units: float = 0.0) -> Problem:
    """With equal recent demand of every segment, so that their shares are equal."""
    rows = [("L1", name, 10.0, open_units) for name in segments["segment_id"]]
    frame = item_location(len(problem.places))
    return with_segments(problem, frame, segments, segment_demand(rows))


def test_the_nested_curve_is_the_expected_cost_of_serving_the_dearest_first() -> None:
    share, mean, vmr, worth, holding = (0.3, 0.7), 3.0, 2.0, (9.0, 4.0), 0.5
    tiers = Tiers(
        np.array([False]),
        mean * np.cumsum([share], axis=1),
        mean * vmr * np.cumsum([share], axis=1),
        np.array([worth]),
        np.array([holding]),
    )
    pmf = [stats.nbinom.pmf(np.arange(60), s * mean / (vmr - 1.0), 1.0 / vmr) for s in share]
    for x in range(8):
        cost = 0.0
        for first, second in itertools.product(range(60), repeat=2):
            short_first = max(first - x, 0)
            short_second = max(second - max(x - first, 0), 0)
            held = max(x - first - second, 0)
            chance = pmf[0][first] * pmf[1][second]
            cost += chance * (holding * held + worth[0] * short_first + worth[1] * short_second)
        assert nested_cost(tiers, np.array([float(x)]))[0] == pytest.approx(cost, rel=1e-9)


@pytest.mark.parametrize("is_normal", [False, True])
@pytest.mark.parametrize(("mean", "low"), [(2.0, -3.0), (2.0, -1.0), (40.0, 5.0), (900.0, 700.0)])
def test_the_table_is_the_nested_curve_at_every_step(is_normal: bool, mean: float, low: float) -> None:
    upto = np.array([[0.2, 0.5, 1.0]]) * mean
    tiers = Tiers(np.array([is_normal]), upto, 2.0 * upto, np.array([[9.0, 5.0, 2.0]]), np.array([0.4]))
    table = nested_table(tiers, np.array([low]), np.array([low + 400.0]))
    assert (np.diff(table.marginal) >= 0).all()
    assert len(table.marginal) < 400 or mean > 100
    x = low + np.arange(400.0)
    before = np.concatenate([[0.0], np.cumsum(table.marginal)])
    step = x - table.low[0]
    assert (np.round(step) == step).all()
    inside = before[np.clip(step, 0, table.count[0]).astype(int)]
    outside = np.minimum(step, 0) * table.marginal[0]
    outside += np.maximum(step - table.count[0], 0) * table.marginal[-1]
    exact = nested_cost(tiers.take(np.zeros(400, dtype=int)), x)
    assert table.base[0] + inside + outside == pytest.approx(exact, abs=2e-3 if mean > 100 else 1e-4)


def test_segments_of_one_worth_leave_the_problem_alone() -> None:
    problem = one_place()
    same = segment([(name, 1, 1.0, 0.0, 1.0) for name in "AB"])
    assert stated(problem, same).curves.kind.tolist() == [COUNT]
    assert with_segments(problem, item_location(), segment(PLAIN).iloc[:0], segment_demand([])) is problem


def test_tiers_share_one_curve_in_which_the_dearer_is_served_first() -> None:
    problem = one_place()
    nested = stated(problem, segment(PLAIN))
    assert nested.curves.kind.tolist() == [TABLE]
    for units in range(3, 8):
        plain = pool_cost(problem, np.array([float(units)]))[0][0]
        tiered = pool_cost(nested, np.array([float(units)]))[0][0]
        # Half of the demand is worth 1.5 of the other half: 1.2 and 0.8 of their mean.
        assert 0.8 * plain <= tiered <= plain


def test_parts_add_up_to_the_place_s_demand() -> None:
    nested = stated(one_place(), segment([("A", 1, 1.0, 0.5, 1.0), ("B", 2, 1.0, 0.0, 1.0)]))
    assert nested.curves.mean.sum() == pytest.approx(4.0)
    assert nested.curves.variance.sum() == pytest.approx(8.0)


@pytest.mark.parametrize(
    ("fence", "open_units", "expected"),
    [
        (0.5, 0.0, 1.0),  # half of 6, but half the time one unit is enough
        (0.5, 1.0, 2.0),  # and one order waits
        (0.5, 9.0, 3.0),
        (0.1, 9.0, 0.0),  # less than a unit guarantees nothing
    ],
)
def test_a_guarantee_is_a_share_of_stock_capped_at_orders_and_half_the_demand(
    fence: float, open_units: float, expected: float
) -> None:
    fenced = segment([("A", 1, 1.0, fence, 1.0), ("B", 2, 1.0, 0.0, 1.0)])
    curves = stated(one_place(), fenced, open_units).curves
    assert curves.floor.max() == expected
    if expected:
        assert curves.kind.tolist() == [COUNT, COUNT]
        assert curves.floor_price[0] == NetworkParameters().ring_fence_price_factor * 9.0 * 1.2


def test_guarantees_beyond_the_stock_are_scaled_as_in_allocation() -> None:
    greedy = segment([("A", 1, 1.0, 0.8, 1.0), ("B", 1, 1.0, 0.8, 1.0)])
    curves = stated(one_place(position=5.0), greedy, open_units=9.0).curves
    assert curves.floor.tolist() == [2.0, 2.0]


def test_a_guarantee_keeps_its_units_from_a_dearer_segment() -> None:
    fenced = stated(
        one_place(position=2.0, mean=20.0),
        segment([("A", 1, 1.0, 0.0, 1.0), ("B", 2, 1.0, 0.5, 1.0)]),
        open_units=5.0,
    )
    units, rest = pool_split(fenced, np.array([2.0]))
    assert fenced.curves.floor.tolist() == [0.0, 1.0]
    assert fenced.curves.shortage_cost.tolist() == pytest.approx([10.8, 7.2])
    assert units.tolist() == [1.0, 1.0]
    assert rest.tolist() == [0.0]


def test_a_cap_stands_only_where_it_binds() -> None:
    capped = segment([("A", 1, 1.0, 0.0, 0.25), ("B", 2, 1.0, 0.0, 1.0)])
    assert stated(one_place(), capped).curves.cap.tolist() == [2.0, np.inf]
    # One unit of demand in a hundred intervals never reaches the cap.
    assert np.isinf(stated(one_place(mean=0.01), capped).curves.cap).all()


def test_a_cap_is_of_what_should_stand_there() -> None:
    capped = segment([("A", 1, 1.0, 0.0, 0.25), ("B", 2, 1.0, 0.0, 1.0)])
    short = one_place(
        position=0.0, mean=20.0, places={"level": 24.0, "level_price": 1.0, "order_limit": 24.0}
    )
    assert stated(short, capped).curves.cap.min() == 6.0


def test_positions_that_are_not_whole_keep_one_curve() -> None:
    fenced = segment([("A", 1, 1.0, 0.5, 0.25), ("B", 2, 1.0, 0.0, 1.0)])
    problem = one_place(position=6.5)
    assert stated(problem, fenced).curves.kind.tolist() == [TABLE]


def test_who_does_not_stand_apart_keeps_sharing() -> None:
    problem = one_place(position=12.0, mean=12.0)
    terms = SegmentTerms(
        worth=np.array([4.0, 2.0, 1.0]),
        share=np.array([[0.2, 0.3, 0.5]]),
        guaranteed=np.array([[0.0, 3.0, 0.0]]),
        cap=np.full((1, 3), np.inf),
    )
    split = segment_curves(problem, terms, 100.0)
    assert split.segment.tolist() == [1, SHARED]
    assert split.curves.kind.tolist() == [COUNT, TABLE]
    assert split.curves.mean.tolist() == pytest.approx([3.6, 8.4])
    rest = split.curves.take(np.array([1]))
    two = Tiers(
        np.array([False]),
        np.array([[2.4, 8.4]]),
        np.array([[4.8, 16.8]]),
        np.array([[36.0, 9.0]]),
        np.ones(1),
    )
    for x in (0.0, 3.0, 12.0):
        assert curve_cost(rest, np.array([x])) == pytest.approx(nested_cost(two, np.array([x])))


def test_tables_that_were_there_stay_theirs() -> None:
    first = stated(one_place(), segment(PLAIN))
    again = stated(first, segment(PLAIN))
    assert again.curves.table.tolist() == first.curves.table.tolist()


def test_normal_demand_is_split_too() -> None:
    plain = one_place(mean=60.0, position=95.0, kind=NORMAL)
    nested = stated(plain, segment(PLAIN))
    assert nested.curves.kind.tolist() == [TABLE]
    # So much is there that the dearer half is never short: what is short is the other's, at 0.8.
    position = np.array([95.0])
    costs, other = plain.curves, replace(plain.curves, shortage_cost=plain.curves.shortage_cost * 0.8)
    assert pool_cost(nested, position)[0] == pytest.approx(curve_cost(other, position), rel=1e-6)
    assert pool_cost(nested, position)[0] < curve_cost(costs, position)


def test_what_gives_way_stays_above_what_a_unit_can_win() -> None:
    plain = one_place(
        places={"level": 8.0, "level_price": 90.0, "order_limit": 2.0},
        rows=[("budget", "all", 5.0, 0.0, 270.0)],
    )
    dear = stated(plain, segment(PLAIN).assign(service_target=[0.99, 0.5]))
    # 99 and 1, each for half of the demand.
    dearest = 99.0 / 50.0
    assert dear.curves.shortage_cost.max() == pytest.approx(9.0 * dearest)
    assert dear.places.level_price.tolist() == pytest.approx([90.0 * dearest])
    assert dear.rows.slack_price.tolist() == pytest.approx([270.0 * dearest])


def test_before_an_order_comes_in_a_unit_is_worth_what_its_segments_are() -> None:
    near = {"near_mean": 2.0, "near_variance": 2.0, "near_shortage_cost": 9.0, "near_position": 0.0}
    empty, filled, owing = (
        stated(one_place(places=near | {"near_position": units}), segment(PLAIN)).places.near_shortage_cost[0]
        for units in (0.0, 4.0, -1.0)
    )
    # A Poisson of 1 for each of two segments, worth 1.2 and 0.8.
    first, any_of_both = 1.0 - np.exp(-1.0), 1.0 - np.exp(-2.0)
    assert empty == pytest.approx(9.0 * (0.4 * first + 0.8 * any_of_both) / any_of_both)
    assert 7.2 < filled < empty < owing == pytest.approx(10.8)


def test_the_order_of_the_rows_decides_nothing() -> None:
    frame = segment([("A", 2, 1.0, 0.2, 1.0), ("B", 1, 1.0, 0.0, 0.5), ("C", 1, 1.0, 0.1, 1.0)])
    rows = [("L1", "A", 3.0, 1.0), ("L1", "B", 5.0, 0.0), ("L1", "C", 7.0, 2.0)]
    one = with_segments(one_place(), item_location(), frame, segment_demand(rows))
    other = with_segments(one_place(), item_location(), frame.iloc[::-1], segment_demand(rows[::-1]))
    for name, value in one.curves.__dict__.items():
        assert np.array_equal(value, getattr(other.curves, name)), name


def test_a_later_tier_is_never_worth_more() -> None:
    frame = segment([("A", 1, 1.0, 0.0, 1.0), ("B", 2, 1.0, 0.0, 1.0)]).assign(service_target=[0.5, 0.9])
    assert relative_worth(frame, 1.5).tolist() == [1.0, 1.0]
