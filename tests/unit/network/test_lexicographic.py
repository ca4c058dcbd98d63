"""The joint plan goal by goal: against every plan of tiny cases, published examples, the other models."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from optimization.allocation.optimal.closed_form import share_out
from optimization.allocation.optimal.pools import Pools
from optimization.errors import AuditError, NonFiniteInputError, SolverError
from optimization.network.baselines.plans import baseline_plans
from optimization.network.costs import plan_cost, position_after
from optimization.network.engine_choice import solve_network
from optimization.network.lexicographic.case import Case, Shares, breach, pool, stock_after
from optimization.network.lexicographic.goals import Goal, goals_of, is_not_worse, measure
from optimization.network.lexicographic.levels import (
    Solved,
    price_of_fairness,
    require_best,
    solve_goals,
)
from optimization.network.problem import NORMAL, Plan, Problem
from optimization.network.stating.segment_curves import SegmentTerms, segment_curves
from optimization.parameters import NetworkParameters
from tests.unit.network.joint_cases import case_of, every_plan
from tests.unit.network.problems import problem_of


def reached(solved: Solved, kind: str, tier: int = 0, rank: int = 0) -> float:
    return float(solved.measured[solved.goals.index(Goal(kind, tier, rank))])  # type: ignore[arg-type]


def random_case(seed: int, **columns: object) -> Case:
    """Two locations, two segments, a lane each way, and a rule of every family somewhere."""
    rng = np.random.default_rng(seed)
    drawn: dict[str, object] = {
        "tier": rng.integers(1, 3, 2),
        "weight": rng.choice([1.0, 2.0], 2),
        "fence": rng.integers(0, 2, 2),
        "cap": rng.choice([np.inf, 2.0, 1.0], 2),
        "borrow_ratio": rng.choice([0.0, 1.0, 0.5], 2),
        "reserved": rng.integers(0, 2, (2, 2)),
        "safety_stock": rng.integers(0, 2, 2),
        "shortfall_cost": 3.0,
        "holding_cost": rng.uniform(0, 1, 2),
        "lane_fixed_cost": rng.choice([0.0, 2.0]),
        "lane_minimum": rng.choice([0.0, 2.0]),
        "lane_capacity": rng.choice([np.inf, 2.0]),
        "space": rng.choice([np.inf, 3.0]),
        "previous": rng.integers(0, 2, (2, 2)),
    }
    demand, stock = rng.integers(0, 4, (2, 2)), rng.integers(0, 4, 2)
    return case_of(demand, stock, [(0, 1, 1.0), (1, 0, 2.0)], **drawn | columns)


@pytest.mark.parametrize("seed", range(8))
def test_no_plan_of_a_tiny_case_is_better(seed: int) -> None:
    case = random_case(seed)
    solved = solve_goals(case)
    assert breach(case, solved.shares) <= 1e-6
    best = min((measure(case, plan) for plan in every_plan(case)), key=lambda each: tuple(each.round(6)))
    assert solved.measured == pytest.approx(best, abs=1e-5)


def published(file: str) -> Any:
    return json.loads((Path(__file__).parents[2] / "oracles" / "cases" / file).read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", ["alloc_lexicographic_3seg", "alloc_maxmin_fair"])
def test_published_allocations(name: str) -> None:
    instance = next(each for each in published("optimization_instances.json") if each["id"] == name)
    data = instance["data"]
    count = len(data["demand"])
    cap = np.array([np.inf if most is None else most for most in data.get("cap", [None] * count)])
    case = case_of(
        [data["demand"]],
        [data["supply"]],
        is_whole=False,
        tier=data.get("priority", [1] * count),
        # Max-min fairness counts units, not shares of demand.
        weight=np.ones(count) if "priority" in data else 1.0 / np.array(data["demand"]),
        fence=[data.get("min", [0.0] * count)],
        cap=cap[None, :],
    )
    assert solve_goals(case).shares.own.ravel() == pytest.approx(instance["value"]["alloc"], abs=1e-5)


def test_own_stock_is_used_before_the_pool() -> None:
    # IBM Sterling OMS: 19 units wanted, 16 of them the segment's own at four nodes.
    examples = published("worked_examples.json")["unsegmented_consumption"]
    example = next(each for each in examples if "nodes" in each)
    own, common = np.array(list(example["nodes"].values()), dtype=float).T
    n = len(own)
    case = case_of(
        [[0.0]] * n + [[example["wanted"]]],
        [*(own + common), 0.0],
        [(node, n, 0.0) for node in range(n)],
        cap=own.sum(),
        borrow_ratio=1.0,
    )
    solved = solve_goals(case)
    assert reached(solved, "unmet", 1) == pytest.approx(0.0)
    assert solved.shares.own.sum() == pytest.approx(own.sum())
    assert reached(solved, "borrowed") == pytest.approx(example["expected_min_unsegmented_used"])


def test_a_promise_comes_before_a_fence_and_a_fence_before_a_higher_tier() -> None:
    case = case_of([[3, 3, 3]], [3], tier=[1, 2, 3], reserved=[[0, 0, 1]], fence=[[0, 2, 0]])
    assert solve_goals(case).shares.own.tolist() == [[0.0, 2.0, 1.0]]


def test_what_cannot_be_kept_is_told_and_not_refused() -> None:
    solved = solve_goals(case_of([[3, 0]], [2], reserved=[[3, 0]], fence=[[0, 2]], space=[1.0]))
    assert reached(solved, "law") == pytest.approx(1.0)
    assert reached(solved, "ring_fence") == pytest.approx(2.0)
    assert reached(solved, "capacity") == pytest.approx(1.0)


def test_promised_units_do_not_leave() -> None:
    case = case_of([[2, 0], [0, 5]], [2, 0], [(0, 1, 0.0)], reserved=[[2, 0], [0, 0]])
    assert solve_goals(case).shares.lots.tolist() == [0.0]


def test_units_move_in_whole_lots() -> None:
    case = case_of([[0], [5]], [7, 0], [(0, 1, 1.0)], lot=3.0)
    solved = solve_goals(case)
    assert solved.shares.lots.tolist() == [2.0]
    assert reached(solved, "unmet", 1) == pytest.approx(0.0)


def test_fairness_between_locations_has_its_price() -> None:
    case = case_of([[4], [4]], [4, 0], [(0, 1, 1.0)])
    solved = solve_goals(case)
    assert solved.shares.own.ravel().tolist() == [2.0, 2.0]
    assert solve_goals(case, fair=False).shares.own.ravel().tolist() == [4.0, 0.0]
    assert price_of_fairness(case) == pytest.approx(2.0)


def test_yesterday_s_shares_stay_where_nothing_speaks_against_them() -> None:
    held = case_of([[2, 2]], [3], previous=[[1, 2]])
    assert solve_goals(held).shares.own.tolist() == [[1.0, 2.0]]
    turned = case_of([[2, 2]], [3], previous=[[2, 1]])
    assert solve_goals(turned).shares.own.tolist() == [[2.0, 1.0]]


def test_ties_are_broken_by_key() -> None:
    case = case_of([[2, 2]], [3])
    assert solve_goals(case).shares.own.tolist() == solve_goals(case).shares.own.tolist() == [[2.0, 1.0]]


@pytest.mark.parametrize("seed", range(6))
def test_one_place_is_shared_as_allocation_shares_it(seed: int) -> None:
    rng = np.random.default_rng(seed)
    demand, stock = rng.integers(0, 9, 4).astype(float), float(rng.integers(0, 20))
    tier, weight = np.sort(rng.integers(1, 3, 4)), rng.choice([1.0, 2.0, 0.5], 4)
    most = np.minimum(demand, rng.choice([np.inf, 3.0], 4))
    guaranteed = np.minimum(rng.integers(0, 3, 4), most)
    guaranteed *= guaranteed.sum() <= stock
    columns = {"tier": tier, "weight": weight, "fence": guaranteed[None, :], "cap": most[None, :]}

    def closed(whole: bool) -> np.ndarray:
        row = (np.array([stock]), np.array([whole]), demand[None, :], guaranteed[None, :], most[None, :])
        scaled = Pools(*row, weight * demand[None, :], tier, np.array([False]))
        return share_out(scaled, whole)

    split = solve_goals(case_of([demand], [stock], is_whole=False, **columns))
    assert split.shares.own == pytest.approx(closed(False), abs=1e-4)
    whole = solve_goals(case_of([demand], [stock], **columns))
    assert (np.abs(whole.shares.own - closed(False)) < 1.0 + 1e-4).all()
    assert (np.abs(closed(True) - closed(False)) < 1.0 + 1e-9).all()
    totals = [
        whole.shares.own[0, tier == each].sum() - closed(True)[0, tier == each].sum() for each in (1, 2)
    ]
    assert totals == pytest.approx([0.0, 0.0], abs=1e-6)


def at_scale(case: Case) -> Problem:
    """The same case as the network model sees it: certain demand, a tier worth a thousand of the next.

    The fence of an item is its first location's guarantee.
    """
    total = case.demand.sum(axis=1)
    plain = problem_of(
        item=case.item,
        position=case.on_hand,
        spare=case.spare,
        mean=total,
        variance=0.0,
        holding=0.0,
        shortage=100.0,
        kind=NORMAL,
        moves=list(zip(case.source.tolist(), case.target.tolist(), strict=True)),
        lane_cost=case.unit_cost,
    )
    terms = SegmentTerms(
        worth=1000.0 ** (case.tier.max() - case.tier).astype(float),
        share=case.demand / np.maximum(total, 1.0)[:, None],
        guaranteed=guarantees(case),
        cap=np.full(case.demand.shape, np.inf),
    )
    return Problem(**{**plain.__dict__, "curves": segment_curves(plain, terms, 10.0).curves})


def guarantees(case: Case) -> np.ndarray:
    return np.vstack([case.fence, np.zeros((len(case.item) - 1, case.fence.shape[1]))])


def allocated(case: Case, lots: np.ndarray) -> Shares:
    """What allocation makes of the stock after these moves, place by place."""
    empty = Shares(lots, np.zeros(case.demand.shape), np.zeros(case.demand.shape))
    stock = stock_after(case, empty)
    pools = Pools(
        stock,
        np.full(len(stock), case.is_whole),
        case.demand,
        np.minimum(guarantees(case), stock[:, None]),
        case.demand,
        case.weight * case.demand,
        case.tier,
        np.zeros(len(stock), dtype=bool),
    )
    return Shares(lots, share_out(pools), empty.borrowed)


def three_places(seed: int, fence: float) -> Case:
    """Three lanes between three places; with a fence all stock and what it is for are at the first."""
    rng = np.random.default_rng(seed)
    arrows = list(itertools.permutations(range(3), 2))
    chosen = np.sort(rng.choice(len(arrows), 3, replace=False))
    lanes = [(*arrows[at], float(rng.integers(1, 5))) for at in chosen]
    demand, stock = rng.integers(0, 4, (3, 2)), rng.integers(0, 5, 3)
    if fence:
        demand[:, 1], stock = [fence, 0, 0], np.array([stock.sum(), 0, 0])
    return case_of(demand, stock, lanes, tier=[1, 2], fence=[[0.0, fence]])


@pytest.mark.parametrize("fence", [0.0, 2.0])
@pytest.mark.parametrize("seed", range(6))
def test_the_model_at_scale_and_allocation_reach_the_same_goals(seed: int, fence: float) -> None:
    case = three_places(seed, fence)
    problem = at_scale(case)
    outcome = solve_network(problem, NetworkParameters(engine="whole"))
    costs = [
        plan_cost(problem, Plan(np.array(moved, dtype=float), np.zeros(3))).objective
        for moved in itertools.product(range(5), repeat=3)
        if (np.bincount(case.source, weights=moved, minlength=3) <= case.spare).all()
    ]
    assert outcome.objective == pytest.approx(min(costs))
    solved, shares = solve_goals(case, fair=False), allocated(case, outcome.plan.moved)
    compared = [at for at, goal in enumerate(solved.goals) if goal.kind not in ("fairness", "churn")]
    assert measure(case, shares)[compared] == pytest.approx(solved.measured[compared], abs=1e-4)
    assert position_after(problem, outcome.plan) == pytest.approx(stock_after(case, shares))


@pytest.mark.parametrize("seed", range(4))
def test_no_baseline_of_the_network_is_better(seed: int) -> None:
    case = three_places(seed, 0.0)
    baselines = baseline_plans(at_scale(case), case.demand.sum(axis=1) / 30.0)
    assert len(baselines) >= 5
    require_best(
        case, solve_goals(case), {name: allocated(case, plan.moved) for name, plan in baselines.items()}
    )


@pytest.mark.parametrize("seed", range(12, 16))
def test_no_baseline_is_better(seed: int) -> None:
    case = random_case(seed, cap=np.inf, lane_minimum=0.0)
    nothing = allocated(case, np.zeros(2))
    solved = solve_goals(case)
    assert breach(case, nothing) <= 1e-9
    assert is_not_worse(solved.measured, measure(case, nothing))
    require_best(case, solved, {"nothing": nothing})


def test_a_better_baseline_fails_the_run() -> None:
    case = case_of([[2, 2]], [3], tier=[1, 2])
    solved = solve_goals(case)
    worse = Shares(solved.shares.lots, np.array([[1.0, 2.0]]), np.zeros((1, 2)))
    bad = Solved(worse, solved.goals, measure(case, worse), solved.solves)
    with pytest.raises(AuditError, match="tiers first measures"):
        require_best(case, bad, {"tiers first": solved.shares})
    # What breaks a rule is no baseline.
    require_best(case, bad, {"too much": Shares(solved.shares.lots, np.full((1, 2), 2.0), np.zeros((1, 2)))})


def test_numbers_that_are_none_do_not_reach_the_solver() -> None:
    with pytest.raises(NonFiniteInputError, match="demand"):
        solve_goals(case_of([[np.nan, 1.0]], [3]))


def test_a_goal_without_an_optimum_is_an_error() -> None:
    with pytest.raises(SolverError, match="law"):
        solve_goals(case_of([[1.0]], [-3.0], reserved=[[1.0]]))


def test_the_pool_is_what_nobody_owns() -> None:
    case = case_of([[2, 2]], [9], tier=[1, 2])
    solved = solve_goals(case)
    assert pool(case, solved.shares).tolist() == [5.0]
    assert [goal.kind for goal in goals_of(case)][:3] == ["law", "ring_fence", "capacity"]
