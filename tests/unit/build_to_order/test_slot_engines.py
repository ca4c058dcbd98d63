"""The engines against all plans there are, against the statement in Pyomo, and against each other."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from optimization.build_to_order.slots import relaxation
from optimization.build_to_order.slots.assembly import Pairs, assembled, nothing_tight, room_beside
from optimization.build_to_order.slots.audit import audited
from optimization.build_to_order.slots.costs import allowed, level_cost
from optimization.build_to_order.slots.engine import solve_slots
from optimization.build_to_order.slots.grouping import grouped
from optimization.build_to_order.slots.problem import NO_DATE, NONE, SlotProblem
from optimization.build_to_order.slots.pyomo_model import solve_statement
from optimization.build_to_order.slots.value import COUNTED, objective_vector
from optimization.errors import NonFiniteInputError
from optimization.solver.canonical import canonical_text
from tests.benchmarks import slots
from tests.benchmarks.slots import orders_and_weeks
from tests.slot_problems import drawn, single_slots

Vector = tuple[float, ...]


def vector(problem: SlotProblem, bucket: np.ndarray) -> Vector:
    value = objective_vector(problem, bucket)
    return tuple(round(value[name], 6) for name in COUNTED)


def best_by_enumeration(problem: SlotProblem) -> Vector:
    """Every assignment that the audit passes, the least by levels."""
    b = len(problem.buckets)
    may = allowed(problem)
    places = [
        [int(fixed)] if fixed != NONE else [*np.flatnonzero(row[:b]).tolist(), NONE]
        for row, fixed in zip(may, problem.orders.fixed, strict=True)
    ]
    plans = (np.array(plan, dtype=np.int64) for plan in itertools.product(*places))
    return min(vector(problem, plan) for plan in plans if audited(problem, plan).is_passed)


@pytest.mark.parametrize("seed", range(14))
def test_every_level_is_the_least_of_all_plans(seed: int) -> None:
    plants = 1 + seed % 2
    problem = drawn(seed, count=3 + seed % (4 if plants == 1 else 2), weeks=3, plants=plants)
    solved = solve_slots(problem, 0.0, 2_000)
    assert solved.is_exact and audited(problem, solved.bucket).is_passed
    assert vector(problem, solved.bucket) == best_by_enumeration(problem)


@pytest.mark.parametrize("seed", range(4))
def test_statement_in_pyomo_has_the_same_values(seed: int) -> None:
    problem = drawn(100 + seed, count=9, weeks=3, plants=2)
    solved = solve_slots(problem, 0.0, 2_000)
    free = np.flatnonzero(problem.orders.fixed == NONE)
    beside = room_beside(problem, problem.orders.fixed)
    values, _ = solve_statement(problem, grouped(problem, free), beside)
    frozen = objective_vector(problem, problem.orders.fixed, frozen_only=True)
    own = objective_vector(problem, solved.bucket)
    for name in COUNTED:
        assert values[name] == pytest.approx(own[name] - frozen[name], abs=1e-6)


@pytest.mark.parametrize("seed", [34, 61, 84, 200, 201])
def test_bounds_of_the_fast_engine_hold_also_where_the_relaxation_is_in_fractions(seed: int) -> None:
    problem = drawn(seed, count=24, weeks=5, plants=2, options=4)
    problem.buckets.capacity[:] = 3.0
    problem.buckets.limits[:] = np.random.default_rng(seed).integers(0, 3, problem.buckets.limits.shape)
    exact = solve_slots(problem, 0.0, 2_000)
    fast = solve_slots(problem, 0.0, 2_000, exact_pairs=0)
    assert exact.is_exact and not fast.is_exact and audited(problem, fast.bucket).is_passed
    own, best = vector(problem, fast.bucket), vector(problem, exact.bucket)
    assert best <= own
    # A level's bound speaks of plans that are as good in the levels before.
    for end, least in zip(fast.ends, best, strict=True):
        assert end.bound <= least + 1e-6
        if least > end.bound + 1e-6:
            break
    assert own[0] - fast.ends[0].bound < 1.0


def test_columns_are_priced_in_until_none_is_better(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = orders_and_weeks(300, 8)
    whole = solve_slots(problem, 0.001, 2_000, exact_pairs=0)
    monkeypatch.setattr(relaxation, "_ALL_PAIRS", 100)
    priced = solve_slots(problem, 0.001, 2_000, exact_pairs=0)
    assert [end.bound for end in priced.ends] == pytest.approx([end.bound for end in whole.ends])
    assert audited(problem, priced.bucket).is_passed


def test_the_benchmark_runs(capsys: pytest.CaptureFixture[str]) -> None:
    assert slots.main(["60", "4"]) == 0
    assert "earliness" in capsys.readouterr().out


def test_order_of_the_rows_of_equal_orders_decides_who_is_first() -> None:
    problem = single_slots([2, 2, 2], [1.0, 1.0, 1.0], [1, 1, 1])
    assert solve_slots(problem, 0.0, 2_000).bucket.tolist() == [0, 1, 2]


def test_unit_tardiness() -> None:
    problem = single_slots([1, 1, 2, 4], [5, 3, 4, 2], [1, 1, 1, 1])
    solved = solve_slots(problem, 0.0, 2_000)
    assert objective_vector(problem, solved.bucket)["lateness"] == 42.0  # 6 weighted weeks


def test_tiny_model_in_full() -> None:
    problem = single_slots([1, 2], [1.0, 2.0], [1, 1])
    groups = grouped(problem, np.arange(2))
    room = room_beside(problem, problem.orders.fixed)
    pairs = Pairs.of(allowed(problem, groups.first))
    cost = level_cost(problem, "lateness", groups.first)[pairs.group, pairs.bucket]
    part = assembled(
        "tiny", problem, groups.first.options, groups.units, room, nothing_tight(room), pairs, cost,
        np.empty(0), None, is_whole=True,
    )  # fmt: skip
    assert canonical_text(part.model) == (
        "minimize\n  +0\n  +7 placed[(0,1)]\n  +21 placed[(0,2)]\n  +28 placed[(1,2)]\nsubject to\n"
        "  each_once[0]: +1 placed[(0,0)] +1 placed[(0,1)] +1 placed[(0,2)] = 1\n"
        "  each_once[1]: +1 placed[(1,0)] +1 placed[(1,1)] +1 placed[(1,2)] = 1\n"
        "  capacity[0]: +1 placed[(0,0)] +1 placed[(1,0)] <= 1\n"
        "  capacity[1]: +1 placed[(0,1)] +1 placed[(1,1)] <= 1\n"
        "bounds\n" + "".join(f"  0 <= placed[({g},{b})] <= inf integer\n" for g in range(2) for b in range(3))
    )


def test_a_number_that_is_none_never_reaches_the_solver() -> None:
    problem = single_slots([1, 2], [1.0, float("nan")], [1, 1])
    with pytest.raises(NonFiniteInputError):
        solve_slots(problem, 0.0, 2_000)


def test_audit_names_what_is_wrong() -> None:
    problem = single_slots([1, 1, 1], [1.0, 1.0, 1.0], [1, 1])
    assert audited(problem, np.array([0, 1, NONE])).is_passed
    found = audited(problem, np.array([0, 0, 0]))
    assert found.breaches == ("1 weeks hold more than they can",) and found.worst == 2.0


def test_a_move_costs_its_weeks_and_another_plant_one_more() -> None:
    problem = drawn(0, count=1, weeks=2, plants=2)
    had = replace(problem.orders, previous_plant=np.array([0]), previous_day=problem.buckets.week_day[:1])
    moves = level_cost(problem, "moves", had)[0]
    # Weeks 1 and 2 of its own plant, then of the other one, then no slot: as far as the horizon is long.
    assert moves.tolist() == [0.0, 50.0, 50.0, 100.0, 50.0 * problem.horizon_days / 7.0]
    new = replace(had, previous_plant=np.array([NONE]), previous_day=np.array([NONE]))
    assert not level_cost(problem, "moves", new).any()


def test_who_has_time_is_best_built_a_margin_before_the_due_day_and_others_soon() -> None:
    problem = replace(single_slots([4, 1], [1.0, 1.0], [1, 1, 1, 1]), margin_days=7.0)
    due, none = level_cost(problem, "earliness"), problem.orders.due_day.copy()
    assert due[0].tolist() == [14.0, 7.0, 0.0, 7.0, 0.0]
    none[0] = NO_DATE
    undue = level_cost(problem, "earliness", replace(problem.orders, due_day=none))
    assert undue[0].tolist() == [0.0, 7.0, 14.0, 21.0, 0.0]
