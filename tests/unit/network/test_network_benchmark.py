"""The benchmark's parts on an instance of a moment: what it prints is true of the plan."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from optimization.network.engine_choice import solve_network
from optimization.network.problem import Outcome, Problem
from optimization.network.proof.certificate import certified_bound
from optimization.parameters import NetworkParameters
from tests.benchmarks import network, network_stream
from tests.benchmarks.network_files import write_problem
from tests.benchmarks.network_highs import highs_batches, raw_highs
from tests.benchmarks.network_instances import hard, imbalanced, wanting_items


@pytest.fixture(scope="module")
def solved() -> tuple[Problem, Outcome]:
    problem = hard(30, 6, seed=5)
    return problem, solve_network(problem, NetworkParameters(), map)


def test_it_prints_one_object_with_gap_audit_and_times(capsys: pytest.CaptureFixture[str]) -> None:
    network.main(["--items", "30", "--locations", "6", "--seed", "5", "--bare", "--engine", "highs"])
    told = json.loads(capsys.readouterr().out)
    assert told["audit"]["ok"]
    assert 0.0 <= told["gap_certified"] < 0.02
    assert told["not_whole"]["after"] == 0
    assert told["slack_by_reason"] == {}
    assert told["objective_told_vs_audited"] < 1e-9
    assert set(told["cpu"]) == set(told["wall"]) >= {"plan", "audit", "certificate"}


def test_processes_beside_this_one_find_the_same_plan_to_the_last_byte() -> None:
    problem = hard(30, 4, seed=5)
    parameters = NetworkParameters(engine="items", chunk_items=16)
    alone = solve_network(problem, parameters, map)
    with network.spread(2) as mapper:
        spread = solve_network(problem, parameters, mapper)
    assert spread.plan.moved.tobytes() == alone.plan.moved.tobytes()
    assert spread.plan.ordered.tobytes() == alone.plan.ordered.tobytes()
    assert spread.proof.row_price.tobytes() == alone.proof.row_price.tobytes()
    assert spread.proof.place_value.tobytes() == alone.proof.place_value.tobytes()
    assert spread.proof.bound == alone.proof.bound


def test_highs_on_the_whole_matrix_ends_at_the_bound_or_above(solved: tuple[Problem, Outcome]) -> None:
    problem, outcome = solved
    raw = raw_highs(problem, None)
    assert certified_bound(problem, outcome.proof).total <= raw["objective"] * (1 + 1e-9)
    assert raw["objective"] <= outcome.objective * (1 + 1e-9)
    batches = highs_batches(problem, outcome.proof.row_price, sample=10, batch=5)
    assert batches["sampled_items"] == 10
    assert batches["cpu_method"] > 0


def test_the_streamed_pass_finds_the_bound_of_the_plan(
    solved: tuple[Problem, Outcome], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    problem, outcome = solved
    write_problem(problem, outcome.proof, tmp_path)
    network_stream.main([str(tmp_path)])
    told = json.loads(capsys.readouterr().out)
    certified = certified_bound(problem, outcome.proof).total
    assert told["bound_certificate"] == pytest.approx(certified, rel=1e-12)
    assert told["bound_engine"] == pytest.approx(certified, rel=1e-9)


def test_made_instances_are_what_they_say_and_repeat() -> None:
    problem = hard(300, 20, seed=1)
    assert len(problem.rows) == 128
    assert 3.8 < len(problem.moves) / len(problem.places) < 4.6
    assert 0.88 < wanting_items(problem) < 0.98
    assert wanting_items(imbalanced(300, 20, seed=1)) < 0.5
    again = hard(300, 20, seed=1)
    np.testing.assert_array_equal(problem.rows.capacity, again.rows.capacity)
    np.testing.assert_array_equal(problem.moves.unit_cost, again.moves.unit_cost)
    assert (problem.rows.base_use <= problem.rows.capacity).all()
