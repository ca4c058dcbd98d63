"""What a plan costs: known answers by hand and against sums over probability masses."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import stats

from optimization.network.costs import curve_cost, plan_cost, pool_split, row_use
from optimization.network.problem import NORMAL, TABLE, Plan
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
