"""Segments in the network problem: sharing pays, parts add up, fences and caps hold at every position."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimization.network.costs import pool_cost, pool_split
from optimization.network.problem import COUNT, NORMAL, Problem
from optimization.network.stating.nested import Tiers, nested_cost, nested_table
from optimization.network.stating.segment_curves import SegmentTerms, segment_curves
from optimization.network.stating.segments import with_segments
from tests.science_frames import item_location, segment, segment_demand
from tests.unit.network.problems import problem_of

K = 3
REACH = 12


@st.composite
def terms_of_a_place(draw: st.DrawFn, limited: bool = True) -> tuple[Problem, SegmentTerms]:
    """A place that can reach 0 to 12 units, and three segments with guarantees and caps."""
    mean = draw(st.floats(0.1, 12.0))
    vmr = draw(st.sampled_from([1.0, 1.3, 3.0]))
    position = draw(st.integers(0, REACH))
    plain = problem_of(
        position=float(position),
        spare=float(position),
        mean=mean,
        variance=mean * vmr,
        holding=draw(st.floats(0.05, 2.0)),
        shortage=draw(st.floats(1.0, 20.0)),
        kind=draw(st.sampled_from([COUNT, NORMAL])),
        places={"order_limit": float(REACH - position)},
    )
    share = np.array(draw(st.lists(st.floats(0.05, 1.0), min_size=K, max_size=K)))
    worth = np.sort(draw(st.lists(st.sampled_from([1.0, 1.5, 4.0]), min_size=K, max_size=K)))[::-1]
    guaranteed = np.zeros(K)
    cap = np.full(K, np.inf)
    if limited:
        guaranteed = np.array(draw(st.lists(st.integers(0, 3), min_size=K, max_size=K)), dtype=float)
        guaranteed *= guaranteed.sum() <= position
        capped = np.array(draw(st.lists(st.sampled_from([np.inf, 4.0, 1.0]), min_size=K, max_size=K)))
        cap = np.maximum(capped, guaranteed)
    return plain, SegmentTerms(
        worth / worth[-1], (share / share.sum())[None, :], guaranteed[None, :], cap[None, :]
    )


def tiers_of(problem: Problem, terms: SegmentTerms) -> Tiers:
    curves = problem.curves
    upto = np.cumsum(terms.share, axis=1)
    return Tiers(
        curves.kind == NORMAL,
        curves.mean[:, None] * upto,
        curves.variance[:, None] * upto,
        curves.shortage_cost[:, None] * terms.worth,
        curves.holding_cost,
    )


@given(terms_of_a_place(limited=False))
@settings(max_examples=40, deadline=None)
def test_sharing_costs_no_more_than_the_best_separate_stocks(place: tuple[Problem, SegmentTerms]) -> None:
    problem, terms = place
    apart = SegmentTerms(terms.worth, terms.share, terms.guaranteed, np.full((1, K), float(REACH)))
    shared, separate = (segment_curves(problem, each, 10.0).curves for each in (terms, apart))
    assert len(separate) == K
    for units in range(REACH + 1):
        position = np.array([float(units)])
        together = pool_cost(Problem(**{**problem.__dict__, "curves": shared}), position)[0][0]
        alone = pool_cost(Problem(**{**problem.__dict__, "curves": separate}), position)[0][0]
        assert together <= alone + 1e-5 * max(1.0, alone)


@given(terms_of_a_place(limited=False))
@settings(max_examples=40, deadline=None)
def test_a_nested_curve_lies_between_the_curves_of_its_least_and_its_dearest(
    place: tuple[Problem, SegmentTerms],
) -> None:
    problem, terms = place
    x = np.arange(0.0, REACH)
    tiers = tiers_of(problem, terms).take(np.zeros(REACH, dtype=np.int64))
    least, dearest = (
        nested_cost(Tiers(**{**tiers.__dict__, "worth": np.repeat(tiers.worth[:, [at]], K, axis=1)}), x)
        for at in (-1, 0)
    )
    cost = nested_cost(tiers, x)
    assert (least <= cost + 1e-9).all()
    assert (cost <= dearest + 1e-9).all()
    plain = [pool_cost(problem, np.array([units]))[0][0] for units in x]
    assert least == pytest.approx(plain, abs=1e-9)


@given(terms_of_a_place(limited=False), st.integers(-4, 4), st.integers(1, 60))
@settings(max_examples=40, deadline=None)
def test_marginals_never_fall_and_are_the_curve_s_own(
    place: tuple[Problem, SegmentTerms], low: int, span: int
) -> None:
    tiers = tiers_of(*place)
    table = nested_table(tiers, np.array([float(low)]), np.array([float(low + span)]))
    assert (np.diff(table.marginal) >= 0).all()
    x = table.low[0] + np.arange(table.count[0])
    many = tiers.take(np.zeros(len(x), dtype=np.int64))
    exact = nested_cost(many, x + 1.0) - nested_cost(many, x)
    assert table.marginal == pytest.approx(exact, abs=1e-8)
    assert table.base[0] == pytest.approx(nested_cost(tiers, table.low)[0])


@given(terms_of_a_place())
@settings(max_examples=40, deadline=None)
def test_guarantees_and_caps_hold_whatever_stands_there(place: tuple[Problem, SegmentTerms]) -> None:
    problem, terms = place
    split = segment_curves(problem, terms, 1e4)
    curves = split.curves
    assert curves.mean.sum() == pytest.approx(problem.curves.mean[0])
    assert curves.variance.sum() == pytest.approx(problem.curves.variance[0])
    stated = Problem(**{**problem.__dict__, "curves": curves})
    floors = curves.floor.sum()
    for units in range(REACH + 1):
        shares, rest = pool_split(stated, np.array([float(units)]))
        assert (shares <= curves.cap).all()
        assert rest[0] == pytest.approx(units - shares.sum())
        given_to_floors = np.minimum(shares, curves.floor).sum()
        assert given_to_floors == pytest.approx(min(float(units), floors))


@given(terms_of_a_place())
@settings(max_examples=40, deadline=None)
def test_a_pool_with_segments_is_convex(place: tuple[Problem, SegmentTerms]) -> None:
    problem, terms = place
    stated = Problem(**{**problem.__dict__, "curves": segment_curves(problem, terms, 1e3).curves})
    total = [
        sum(float(part[0]) for part in pool_cost(stated, np.array([float(units)])))
        for units in range(REACH + 1)
    ]
    assert (np.diff(total, 2) >= -1e-6 * max(1.0, max(total))).all()


@given(st.permutations(range(4)), st.permutations(range(3)))
@settings(max_examples=6, deadline=None)
def test_the_order_of_rows_decides_nothing(rows: list[int], names: list[int]) -> None:
    frame = item_location(4)
    problem = problem_of(position=np.array([0.0, 3.0, 9.0, 20.0]), mean=4.0, variance=8.0)
    segments = segment([("A", 2, 1.0, 0.3, 1.0), ("B", 1, 1.0, 0.1, 0.4), ("C", 1, 1.0, 0.0, 1.0)])
    demand = segment_demand(
        [(f"L{place}", name, 3.0 * place, 1.0) for place in range(1, 5) for name in "ABC"]
    )
    one = with_segments(problem, frame, segments, demand).curves
    mixed = demand.iloc[[3 * row + name for row in rows for name in names]]
    other = with_segments(problem, frame, segments.iloc[names], mixed).curves
    for name, value in one.__dict__.items():
        assert np.array_equal(value, getattr(other, name)), name
