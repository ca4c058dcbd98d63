"""Lots, minima and charges: the lattice, cartons, the search of an item, and the fit of all items."""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from optimization.network.costs import plan_cost
from optimization.network.engine_choice import solve_network
from optimization.network.lattice import Lattice, as_plan, between, quantities
from optimization.network.lots import settling
from optimization.network.lots.cartons import NONE, in_cartons
from optimization.network.lots.priced import use_price
from optimization.network.lots.search import SearchLimits, search
from optimization.network.lots.selection import Choices, select
from optimization.network.lots.settling import relaxed_plan
from optimization.network.problem import Numbers, Plan, Problem
from optimization.network.proof.audit import audit_plan
from optimization.parameters import NetworkParameters
from tests.benchmarks.network_instances import hard
from tests.unit.network.problems import problem_of
from tests.unit.network.small_problems import small_problem

PARAMETERS = NetworkParameters()


def _in_lots(seed: int, segments: int = 1, carton: int = 1) -> Problem:
    """A small problem with steps, minima and charges on moves and orders."""
    rng = np.random.default_rng(seed)
    problem = small_problem(seed, items=2, locations=2, rows=1, segments=segments)
    m, n = len(problem.moves), len(problem.places)
    places, moves = problem.places, problem.moves
    return replace(
        problem,
        places=replace(
            places,
            position=np.floor(places.position) + carton * np.where(places.spare > 0, 3.0, 0.0),
            near_position=np.floor(places.near_position),
            spare=carton * np.where(places.spare > 0, 3.0, 0.0),
            order_limit=carton * 2.0 * places.order_limit,
            order_fixed_cost=rng.uniform(0.0, 4.0, n),
            lot=np.full(n, carton * 2.0),
            moq=carton * rng.integers(1, 4, n).astype(float),
        ),
        moves=replace(
            moves,
            limit=np.full(m, carton * 3.0),
            minimum=carton * rng.integers(1, 3, m).astype(float),
            multiple=np.full(m, float(carton)),
            fixed_cost=rng.uniform(0.0, 3.0, m),
        ),
    )


def _allowed(problem: Problem) -> list[list[float]]:
    lattice = Lattice.of(problem)
    return [
        [0.0, *np.arange(least, most + 0.5, step)] if most >= least else [0.0]
        for least, step, most in zip(lattice.least, lattice.step, lattice.most, strict=True)
    ]


def _best(problem: Problem, row_price: Numbers | None = None) -> float:
    """The least cost over all allowed quantities, at prices of the rows in place of their capacity."""
    free = problem
    if row_price is not None:
        free = replace(problem, rows=replace(problem.rows, slack_price=np.zeros(len(problem.rows))))
    least = np.inf
    for units in itertools.product(*_allowed(problem)):
        quantity = np.array(units)
        plan = as_plan(problem, quantity)
        given = np.bincount(problem.moves.source, plan.moved, len(problem.places))
        if (given > problem.places.spare).any():
            continue
        cost = plan_cost(free, plan).objective
        if row_price is not None:
            cost += float(use_price(problem, row_price) @ quantity)
        least = min(least, cost)
    return least


def test_a_quantity_starts_at_its_minimum_in_whole_steps_and_ends_within_its_limit() -> None:
    problem = problem_of(position=[20, 0], spare=[17, 0], mean=[4, 4], moves=[(0, 1)])
    moves = replace(problem.moves, minimum=np.array([7.0]), multiple=np.array([3.0]), limit=np.array([16.0]))
    lattice = Lattice.of(replace(problem, moves=moves))
    assert (lattice.least[0], lattice.step[0], lattice.most[0]) == (9.0, 3.0, 15.0)
    moves = replace(moves, limit=np.array([8.0]))
    assert Lattice.of(replace(problem, moves=moves)).most[0] == 0.0


@pytest.mark.parametrize("with_lots", [False, True])
def test_what_is_done_and_what_follows_cost_what_both_cost(with_lots: bool) -> None:
    problem = _in_lots(2)
    problem = replace(problem, moves=replace(problem.moves, fixed_cost=0.0 * problem.moves.fixed_cost))
    problem = replace(problem, places=replace(problem.places, order_fixed_cost=np.zeros(len(problem.places))))
    lattice = Lattice.of(problem)
    low = np.where(lattice.most > 0, lattice.least, 0.0)
    rest = between(problem, low, lattice.most, with_lots=with_lots)
    more = np.where(lattice.most > low, lattice.step, 0.0)
    done = plan_cost(problem, as_plan(problem, low + more)).objective
    following = plan_cost(rest, as_plan(problem, more)).objective
    assert following + float(lattice.cost @ low) == pytest.approx(done, rel=1e-12)


@pytest.mark.parametrize(("seed", "segments"), [(0, 1), (1, 1), (3, 2), (6, 2)])
def test_a_problem_in_cartons_costs_what_it_costs_in_units(seed: int, segments: int) -> None:
    problem = _in_lots(seed, segments, carton=3)
    cartons = in_cartons(problem, Lattice.of(problem))
    assert cartons.unit.max() >= 3.0
    rng = np.random.default_rng(seed)
    checked = 0
    for _ in range(40):
        units = np.array([rng.choice(each) for each in _allowed(problem)])
        plan, own = as_plan(problem, units), as_plan(problem, units / cartons.unit)
        given = np.bincount(problem.moves.source, plan.moved, len(problem.places))
        if (given > problem.places.spare).any():
            continue
        moved = _through_gates(cartons.problem, cartons.move, own.moved)
        ordered = np.where(cartons.place == NONE, 0.0, own.ordered[cartons.place])
        cost = plan_cost(problem, plan).objective
        assert plan_cost(cartons.problem, Plan(moved, ordered)).objective == pytest.approx(cost, rel=1e-9)
        checked += 1
    assert checked >= 5


def _through_gates(problem: Problem, move: np.ndarray, moved: Numbers) -> Numbers:
    """The same moves in cartons, with everything that reaches a gate passed on, the first steps first."""
    own = np.where(move == NONE, 0.0, moved[move])
    arrived = np.bincount(problem.moves.target, own, len(problem.places))
    gates = np.flatnonzero(move == NONE)
    for step in gates[np.argsort(problem.moves.unit_cost[gates], kind="stable")]:
        gate = problem.moves.source[step]
        own[step] = min(problem.moves.limit[step], arrived[gate])
        arrived[gate] -= own[step]
    return own


@pytest.mark.parametrize(
    ("seed", "segments", "carton"), [(0, 1, 1), (1, 1, 2), (2, 2, 1), (3, 1, 3), (5, 2, 2)]
)
def test_the_search_of_an_item_ends_at_the_best_of_all_quantities(
    seed: int, segments: int, carton: int
) -> None:
    problem = _in_lots(seed, segments, carton)
    price = np.array([0.7])
    found = search(problem, price, relaxed_plan, SearchLimits(tolerance=1e-9, most_nodes=2_000))
    assert sum(each.best for each in found) == pytest.approx(_best(problem, price), rel=1e-9)
    assert sum(each.bound for each in found) == pytest.approx(_best(problem, price), rel=1e-9)


def test_a_search_cut_short_still_has_a_valid_bound_and_an_allowed_choice() -> None:
    problem = _in_lots(1, carton=2)
    full = search(problem, np.zeros(1), relaxed_plan, SearchLimits(0.0, most_nodes=2_000))
    short = search(problem, np.zeros(1), relaxed_plan, SearchLimits(0.0, most_nodes=1))
    for one, other in zip(short, full, strict=True):
        assert one.bound <= other.best + 1e-9 <= one.best + 2e-9


def test_one_choice_for_each_item_that_fits_the_rows() -> None:
    # Three items may each take 2 or 1 of a row of 4; the last choice takes nothing and is dearest.
    use = sparse.csc_matrix([[2.0, 1.0, 0.0] * 3])
    cost = np.array([0.0, 2.0, 9.0, 0.0, 3.0, 9.0, 0.0, 5.0, 9.0])
    choices = Choices(np.repeat(np.arange(3), 3), cost, use)
    chosen = select(choices, np.array([4.0]), np.array([100.0])).chosen
    assert cost[chosen].sum() == 5.0
    assert float((use[:, chosen].sum(axis=1))[0, 0]) == 4.0


@pytest.mark.parametrize("seed", range(6))
def test_a_tiny_problem_in_lots_is_solved_to_the_best_of_all_plans(seed: int) -> None:
    problem = _in_lots(seed, carton=1 + seed % 2)
    found = solve_network(problem, PARAMETERS)
    assert audit_plan(problem, found.plan, found.slack).ok
    assert found.objective == pytest.approx(_best(problem), rel=1e-7)


@pytest.mark.parametrize(("changes", "engine"), [({}, "items"), ({"policy": True, "kind": "count"}, "items")])
def test_items_in_lots_fit_the_rows_within_a_proven_gap(changes: dict[str, object], engine: str) -> None:
    problem = hard(60, locations=5, seed=1, lots=True, **changes)
    found = solve_network(problem, replace(PARAMETERS, engine=engine))  # type: ignore[arg-type]
    assert audit_plan(problem, found.plan).ok
    assert found.status in ("WITHIN_GAP", "GAP_OPEN")
    assert found.relative_gap <= 0.05
    lattice, quantity = Lattice.of(problem), quantities(found.plan)
    assert (quantity == lattice.below(quantity)).all()


def test_items_without_lots_are_solved_around_those_with_them() -> None:
    problem = hard(60, locations=5, seed=2, lots=True)
    item = problem.places.item
    plain, plain_moves = item % 2 == 0, item[problem.moves.source] % 2 == 0
    places = replace(
        problem.places,
        lot=np.where(plain, 1.0, problem.places.lot),
        moq=np.where(plain, 0.0, problem.places.moq),
        order_fixed_cost=np.where(plain, 0.0, problem.places.order_fixed_cost),
    )
    moves = replace(
        problem.moves,
        minimum=np.where(plain_moves, 0.0, problem.moves.minimum),
        multiple=np.where(plain_moves, 1.0, problem.moves.multiple),
        fixed_cost=np.where(plain_moves, 0.0, problem.moves.fixed_cost),
    )
    mixed = replace(problem, places=places, moves=moves)
    found = solve_network(mixed, replace(PARAMETERS, engine="items"))
    assert audit_plan(mixed, found.plan).ok
    assert found.relative_gap <= 0.06
    assert found.plan.moved[plain_moves].any() and found.plan.moved[~plain_moves].any()


def test_without_rows_every_item_takes_its_best_choice() -> None:
    problem = _in_lots(4, carton=2)
    none = np.zeros(0, dtype=np.int64)
    rows = replace(
        problem.rows,
        **{name: getattr(problem.rows, name)[:0] for name in problem.rows.__dataclass_fields__},
    )
    uses = replace(problem.move_uses, start=0 * problem.move_uses.start, row=none, amount=np.zeros(0))
    free = replace(problem, rows=rows, move_uses=uses)
    found = solve_network(free, replace(PARAMETERS, engine="items"))
    assert found.objective == pytest.approx(_best(free), rel=1e-3)
    assert found.proof.bound <= _best(free) + 1e-6


def test_workers_and_chunks_do_not_change_the_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = hard(30, locations=4, seed=5, lots=True)
    alone = solve_network(problem, replace(PARAMETERS, engine="items"))
    monkeypatch.setattr(settling, "_ITEMS_PER_CHUNK", 7)
    spread = solve_network(problem, replace(PARAMETERS, engine="items"), ThreadPoolExecutor(2).map)
    assert (spread.plan.moved == alone.plan.moved).all()
    assert (spread.plan.ordered == alone.plan.ordered).all()
    assert spread.proof.bound == pytest.approx(alone.proof.bound, rel=1e-12)
