"""What a search around a relaxed answer may change: large steps at full rows before small ones."""

import numpy as np

from optimization.network.lattice import Lattice, quantities
from optimization.network.problem import Problem
from optimization.network.whole import linear_optimum, whole_plan
from optimization.network.worth_changing import by_promise
from optimization.parameters import NetworkParameters
from tests.unit.network.problems import problem_of

PARAMETERS = NetworkParameters()


def _yard(capacity: float) -> Problem:
    """Three vehicles of 12, 15 and 18 m³ and five screws want into one room, each in its own item."""
    size = np.array([12.0, 15.0, 18.0, *[0.01] * 5])
    count = len(size)
    return problem_of(
        item=np.arange(count),
        mean=[3.0] * 3 + [40.0] * 5,
        shortage=[90.0] * 3 + [0.9] * 5,
        places={"order_limit": [3.0] * 3 + [40.0] * 5},
        rows=[("storage", "yard m3", capacity, 0.0, 1_000.0)],
        order_use=[(k, 0, amount) for k, amount in enumerate(size)],
    )


def test_large_steps_at_a_full_row_come_before_small_ones() -> None:
    problem = _yard(70.0)
    linear, proof = linear_optimum(problem, PARAMETERS)
    assert proof.row_price[0] > 0
    start = np.floor(quantities(linear) + 1e-6)
    assert set(by_promise(problem, start, proof.row_price)[:3].tolist()) == {0, 1, 2}


def test_every_quantity_has_one_rank() -> None:
    problem = _yard(70.0)
    rank = by_promise(problem, np.zeros(len(Lattice.of(problem).most)), np.array([2.0]))
    assert np.array_equal(np.sort(rank), np.arange(len(rank)))


def test_what_is_at_its_limit_can_only_go_down() -> None:
    # Item 0 has all its units and would lose most by giving one back; item 1 has room and lacks units.
    problem = problem_of(
        item=[0, 1],
        position=[0.0, 5.0],
        mean=[9.0, 9.0],
        places={"order_limit": [2.0, 9.0]},
        rows=[("storage", "yard m3", 4.0, 0.0, 100.0)],
        order_use=[(0, 0, 1.0), (1, 0, 1.0)],
    )
    assert by_promise(problem, np.array([2.0, 0.0]), np.array([5.0])).tolist() == [1, 0]


def test_a_search_among_the_most_promising_fills_a_room_as_well_as_one_among_all() -> None:
    for capacity in (40.0, 58.0, 70.0, 100.0):
        problem = _yard(capacity)
        linear, proof = linear_optimum(problem, PARAMETERS)
        few, everything = (whole_plan(problem, linear, proof, PARAMETERS, free) for free in (4, 100))
        volume = [[12.0, 15.0, 18.0] @ plan.ordered[:3] for plan in (few, everything)]
        assert volume[0] == volume[1] <= capacity
