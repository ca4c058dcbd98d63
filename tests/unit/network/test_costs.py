"""What a plan costs: known answers by hand and against sums over probability masses."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from optimization.network.costs import nothing_plan, plan_cost, pool_cost, pool_split, row_use
from optimization.network.curve_costs import curve_cost, curve_marginal
from optimization.network.problem import COUNT, NORMAL, TABLE, Plan
from optimization.network.proof.audit import audit_plan
from tests.unit.network.problems import curves_of, problem_of


def test_the_two_location_instance_costs_what_enumeration_says() -> None:
    problem = problem_of(position=[9, 0], spare=[9, 0], mean=[4, 4], moves=[(0, 1)], lane_cost=1.5)
    costs = [plan_cost(problem, Plan(np.array([float(t)]), np.zeros(2))).objective for t in range(10)]
    assert int(np.argmin(costs)) == 4
    assert costs[4] == pytest.approx(18.917714536851896, abs=1e-9)


def test_a_count_curve_is_the_sum_over_its_masses() -> None:
    curves = curves_of([0], 3.0, 12.0, holding=2.0, shortage=7.0)
    demand = np.arange(400)
    mass = stats.nbinom.pmf(demand, 1.0, 0.25)
    for x in (-2.0, 0.0, 4.0, 4.5, 11.0):
        low, high = np.floor(x), np.ceil(x)
        at = [
            mass @ (2.0 * np.maximum(y - demand, 0.0) + 7.0 * np.maximum(demand - y, 0.0))
            for y in (low, high)
        ]
        expected = at[0] + (x - low) * (at[1] - at[0])
        assert curve_cost(curves, np.array([x]))[0] == pytest.approx(expected, rel=1e-9)


def test_a_normal_curve_is_the_newsvendor_s() -> None:
    curves = curves_of([0], 50.0, 64.0, holding=0.18, shortage=0.7, kind=NORMAL)
    assert curve_cost(curves, np.array([56.60395592743389]))[0] == pytest.approx(1.9976051931766445, rel=1e-9)


def test_a_table_is_read_between_below_and_above_its_entries() -> None:
    plain = curves_of([0], 0.0)
    table = type(plain)(
        **{name: getattr(plain, name) for name in plain.__dataclass_fields__}
        | {
            "kind": np.array([TABLE], dtype=np.int8),
            "table": np.array([99.0, -5.0, -2.0, 3.0]),
            "table_start": np.array([1]),
            "table_count": np.array([3]),
            "table_low": np.array([2]),
            "table_base": np.array([10.0]),
        }
    )
    for x, cost in ((1.0, 15.0), (2.0, 10.0), (2.5, 7.5), (4.0, 3.0), (5.0, 6.0), (7.0, 12.0)):
        assert curve_cost(table, np.array([x]))[0] == pytest.approx(cost)


@pytest.mark.parametrize("units", [0, 3, 6, 40])
def test_a_pool_is_shared_at_least_cost_floors_first(units: int) -> None:
    curves = curves_of(
        [0, 0],
        [4.0, 2.0],
        shortage=[20.0, 5.0],
        floor=[0.0, 2.0],
        floor_price=[0.0, 100.0],
        cap=[np.inf, 4.0],
    )
    problem = problem_of(position=[units], curves=curves)
    got, rest = pool_split(problem, problem.places.position)

    def cost(split: tuple[int, int]) -> float:
        own = curve_cost(curves, np.array(split, dtype=float)).sum()
        return float(own + 100.0 * max(2 - split[1], 0) + (units - sum(split)))

    splits = [s for s in itertools.product(range(units + 1), range(5)) if sum(s) <= units]
    assert cost((int(got[0]), int(got[1]))) == pytest.approx(min(map(cost, splits)))
    assert got.sum() + rest.sum() == units


def test_rows_levels_and_the_dead_band_are_priced() -> None:
    problem = problem_of(
        position=[9, 0],
        spare=[9, 0],
        mean=[4, 4],
        moves=[(0, 1)],
        lane_cost=1.5,
        lane_fixed=2.0,
        rows=[("lane", "A>B", 3.0, 0.0, 50.0)],
        move_use=[(0, 0, 2.0)],
        order_use=[(1, 0, 1.0)],
        places={
            "level": [-np.inf, 6.0],
            "level_price": [0.0, 30.0],
            "order_limit": [0, 6],
            "order_cost": [0, 0.5],
        },
        factor=1.2,
    )
    cost = plan_cost(problem, Plan(np.array([2.0]), np.array([0.0, 1.0])))
    assert row_use(problem, Plan(np.array([2.0]), np.array([0.0, 1.0]))).tolist() == [5.0]
    assert (cost.lanes, cost.orders, cost.slack) == (5.0, 0.5, 100.0)
    assert cost.dead_band == pytest.approx(1.0)
    assert cost.level_penalty == pytest.approx(90.0)
    assert cost.objective == pytest.approx(cost.true_cost + 191.0)


@pytest.mark.parametrize("seed", range(12))
def test_pools_of_every_kind_are_shared_as_enumeration_shares_them(seed: int) -> None:
    rng = np.random.default_rng(seed)
    number = rng.integers(2, 4, 3)
    c = int(number.sum())
    floor = np.where(rng.random(c) < 0.4, 2.0, 0.0)
    curves = curves_of(
        np.repeat(np.arange(3), number),
        rng.uniform(0.0, 4.0, c),
        rng.uniform(0.5, 9.0, c),
        shortage=rng.uniform(2.0, 9.0, c),
        floor=floor,
        floor_price=20.0,
        cap=np.where(rng.random(c) < 0.4, 3.0, np.inf),
    )
    curves = replace(
        curves,
        kind=rng.choice([NORMAL, COUNT, TABLE], c).astype(np.int8),
        table=np.sort(rng.uniform(-9.0, 1.0, (c, 4)), axis=1).ravel(),
        table_start=4 * np.arange(c),
        table_count=np.full(c, 4),
    )
    position = rng.integers(0, 9, 3).astype(np.float64)
    problem = problem_of(position=position, curves=curves)
    units, rest = pool_split(problem, position)
    cost, missed = pool_cost(problem, position)
    for place in range(3):
        own = np.flatnonzero(curves.place == place)
        best = np.inf
        for split in itertools.product(range(int(position[place]) + 1), repeat=len(own)):
            x = np.array(split, dtype=float)
            if x.sum() <= position[place] and (x <= curves.cap[own]).all():
                left = position[place] - x.sum()
                if left and (x < curves.cap[own]).any():
                    continue  # A unit rests only when every curve is full.
                lacking = np.where(floor[own] > 0, 20.0, 0.0) @ np.maximum(floor[own] - x, 0.0)
                best = min(best, curve_cost(curves.take(own), x).sum() + lacking + left)
        assert cost[place] + missed[place] == pytest.approx(best, abs=1e-9)
    assert units + 0.0 == pytest.approx(np.floor(units))
    assert np.bincount(curves.place, units) + rest == pytest.approx(position)


@pytest.mark.parametrize("units", [395, 2_000, 31_234])
@pytest.mark.parametrize("mean", [150.0, 900.0, 9_000.0])
def test_a_large_pool_ends_where_no_unit_would_change_its_curve(units: int, mean: float) -> None:
    curves = curves_of(
        [0, 0, 0],
        [mean, 0.3 * mean, 0.1],
        [4.0 * mean, 0.3 * mean, 0.1],
        shortage=[9.0, 20.0, 40.0],
        floor=[0.0, 0.0, 7.0],
        floor_price=100.0,
        cap=[np.inf, 0.9 * mean, 7.0],
    )
    problem = problem_of(position=[float(units)], curves=curves)
    given, rest = pool_split(problem, problem.places.position)
    assert given[2] == 7.0
    assert given.sum() + rest[0] == units
    gives, takes = curve_marginal(curves, given - 1.0)[:2], curve_marginal(curves, given)[:2]
    is_full = given[:2] + 1.0 > curves.cap[:2]
    assert gives[given[:2] > 0].max() <= np.where(is_full, np.inf, takes).min() + 1e-9
    cost, missed = pool_cost(problem, problem.places.position)
    assert cost[0] == pytest.approx(curve_cost(curves, given).sum() + rest[0], rel=1e-12)
    assert missed[0] == 0.0


def test_no_unit_of_a_place_costs_less_than_the_one_before_not_even_one_owed() -> None:
    # By hand: the guaranteed unit saves 5 + 100, the other 20, so a unit owed is worth 105.
    curves = curves_of(
        [0, 0, 1],
        [4.0, 2.0, 3.0],
        shortage=[20.0, 5.0, 9.0],
        floor=[0.0, 2.0, 1.0],
        floor_price=[0.0, 100.0, 50.0],
        cap=[6.0, 4.0, 5.0],
    )
    problem = problem_of(position=[0.0, 0.0], curves=curves)
    at = np.array([np.add(*pool_cost(problem, np.array([y, y]))) for y in np.arange(-4.0, 15.0)])
    rises = at[1:] - at[:-1]
    assert (rises[1:] - rises[:-1] >= -1e-9).all()
    assert rises[:4] == pytest.approx(np.tile([-105.0, -59.0], (4, 1)))
    assert rises[-1] == pytest.approx([1.0, 1.0])
    for y in (-3.0, 0.0, 4.0, 12.0):
        moved = replace(problem, places=replace(problem.places, position=np.array([y, y])))
        cost = plan_cost(moved, nothing_plan(moved)).objective
        assert audit_plan(moved, nothing_plan(moved)).objective == pytest.approx(cost, rel=1e-10)


def test_a_small_table_keeps_its_digits_beside_a_large_one() -> None:
    plain = curves_of([0, 1], [0.0, 0.0])
    curves = replace(
        plain,
        kind=np.full(2, TABLE, dtype=np.int8),
        table=np.array([-1e15, 1e15 / 3.0, -1e-3, 2e-3]),
        table_start=np.array([0, 2]),
        table_count=np.array([2, 2]),
    )
    assert curve_cost(curves, np.array([2.0, 2.0]))[1] == pytest.approx(1e-3, rel=1e-14)
