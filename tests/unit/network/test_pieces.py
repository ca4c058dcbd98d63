"""Cutting curves: exact at every whole unit, bounded where knots are fewer, nothing out of reach."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from optimization.network.costs import near_cost, pool_cost
from optimization.network.model.pieces import IN_NO_CURVE, Pieces, cut, move_limits, order_limits
from optimization.network.problem import NORMAL, Numbers, Plan, Problem
from tests.golden.tiny_network import tiny_network
from tests.unit.network.problems import curves_of, problem_of


def held(pieces: Pieces, place: int, position: Any) -> float:
    """Cost of a place at a position over what it costs at its lowest, by filling its pieces."""
    own = np.flatnonzero(pieces.place == place)
    own = own[np.argsort(pieces.slope[own], kind="stable")]
    left, cost = position - pieces.lowest[place], 0.0
    for piece in own:
        taken = min(left, pieces.width[piece])
        left, cost = left - taken, cost + taken * pieces.slope[piece]
    assert left == pytest.approx(0.0)
    return float(cost)


def rise(problem: Problem, place: int, low: Any, high: Any) -> float:
    def at(position: Any) -> Numbers:
        everywhere = problem.places.position.copy()
        everywhere[place] = position
        return pool_cost(problem, everywhere)[0]

    return float(at(high)[place] - at(low)[place])


def two_places(kind: int = NORMAL) -> Problem:
    return problem_of(
        position=[30.5, 2.0],
        spare=[25.0, 0.0],
        mean=[8.0, 12.0],
        variance=[9.0, 40.0],
        kind=kind,
        moves=[(0, 1)],
        places={"near_shortage_cost": [0.0, 4.0], "near_mean": [0.0, 5.0], "near_variance": [0.0, 9.0]},
    )


@pytest.mark.parametrize("kind", [0, 1])
def test_every_whole_unit_is_a_knot(kind: int) -> None:
    problem = two_places(kind)
    pieces = cut(problem)
    assert np.allclose(pieces.secant_error, 0.0, atol=1e-8)
    for place, positions in ((0, np.arange(5.5, 31)), (1, np.arange(2, 28))):
        for position in positions:
            expected = rise(problem, place, pieces.lowest[place], position)
            assert held(pieces, place, position) == pytest.approx(expected, abs=1e-8)


@pytest.mark.parametrize("kind", [0, 1])
def test_fewer_knots_lie_above_the_curve_by_no_more_than_is_said(kind: int) -> None:
    problem = two_places(kind)
    pieces = cut(problem, most_knots=5)
    exact = cut(problem)
    assert len(pieces.place) < len(exact.place)
    for place, positions in ((0, np.arange(5.5, 31)), (1, np.arange(2, 28))):
        over = [held(pieces, place, at) - held(exact, place, at) for at in positions]
        assert min(over) > -1e-8
        assert 0.0 < max(over) <= pieces.secant_error[place] + 1e-8


def test_around_a_plan_the_pieces_are_exact() -> None:
    problem = two_places()
    pieces = cut(problem, around=Plan(np.array([10.0]), np.zeros(2)), width=3)
    for place, centre in ((0, 20.5), (1, 12.0)):
        base = held(pieces, place, centre)
        for position in centre + np.arange(-3, 4):
            expected = rise(problem, place, centre, position)
            assert held(pieces, place, position) - base == pytest.approx(expected, abs=1e-9)


def test_the_near_curve_has_its_own_pieces() -> None:
    problem = two_places()
    pieces = cut(problem)
    assert set(pieces.near_place) == {1}
    full = float(pieces.near_width @ pieces.near_slope)
    low, high = (
        near_cost(problem, np.array([0.0, at]))[1]
        for at in (pieces.near_lowest[1], pieces.near_lowest[1] + pieces.near_width.sum())
    )
    assert full == pytest.approx(high - low)


def test_what_a_plan_cannot_reach_has_no_pieces() -> None:
    problem = problem_of(
        position=[30.0, 2.0, 7.0], spare=[5.0, 0.0, 0.0], mean=[8.0, 12.0, 7.0], moves=[(0, 1)]
    )
    pieces = cut(problem)
    # One unit beyond either end keeps the duals those of the whole curve.
    assert pieces.lowest.tolist() == [24.0, 1.0, 7.0]
    total = np.bincount(pieces.place, weights=pieces.width, minlength=3)
    assert total.tolist() == [7.0, 7.0, 0.0]


def test_segments_share_a_place_up_to_their_caps() -> None:
    problem = problem_of(
        position=[9.0, 1.0],
        spare=[9.0, 0.0],
        moves=[(0, 1)],
        curves=curves_of([0, 1, 1], [4.0, 2.0, 3.0], shortage=[9.0, 20.0, 5.0], cap=[np.inf, 3.0, 4.0]),
    )
    pieces = cut(problem)
    for position in range(1, 11):
        assert held(pieces, 1, position) == pytest.approx(rise(problem, 1, pieces.lowest[1], position))
    resting = pieces.width[(pieces.place == 1) & (pieces.curve == IN_NO_CURVE)]
    assert resting.tolist() == [11.0 - 7.0]


def test_limits_are_whole_bundles_and_lots() -> None:
    problem = tiny_network()
    assert move_limits(problem).tolist() == [4.0, 4.0, 2.0]
    assert order_limits(problem).tolist() == [0.0, 12.0, 0.0]
    problem.moves.minimum[:] = 5.0
    problem.places.moq[1] = 13.0
    assert move_limits(problem).tolist() == [0.0, 0.0, 0.0]
    assert order_limits(problem).tolist() == [0.0, 0.0, 0.0]
