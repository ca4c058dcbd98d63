"""Instances on disk come back as they were, and folders of frames may be incomplete."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from optimization.contracts.inputs import LANE
from optimization.contracts.outputs import POLICY, PROTECTION_DEMAND
from optimization.network.problem import Problem, Proof
from optimization.network.proof.certificate import certified_bound
from optimization.parameters import NetworkParameters
from tests.benchmarks import network_files
from tests.benchmarks.network_files import (
    problem_of_instance,
    read_instance,
    stream_problem,
    write_instance,
    write_problem,
)
from tests.benchmarks.network_instances import hard
from tests.science_frames import item_location, lane, protection
from tests.unit.network.small_problems import small_problem

PROBLEMS = {
    "cartons": hard(25, 6, 1, lots=True, policy=True),
    "segments": hard(25, 6, 2, segments=3),
    "tables": small_problem(4, items=25, locations=3, rows=2),
}


@pytest.mark.parametrize("name", PROBLEMS)
def test_a_problem_read_in_parts_has_the_same_bound(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    problem: Problem = PROBLEMS[name]
    monkeypatch.setattr(network_files, "GROUP_ITEMS", 10)
    rng, n = np.random.default_rng(1), len(problem.places)
    proof = Proof(5.0, rng.uniform(0, 1, len(problem.rows)), rng.normal(0, 3, n), rng.normal(0, 3, n))
    write_problem(problem, proof, tmp_path)
    parts = [certified_bound(*part) for part in stream_problem(tmp_path)]
    assert len(parts) == 3
    whole = certified_bound(problem, proof)
    np.testing.assert_allclose(np.concatenate([part.by_item for part in parts]), whole.by_item, rtol=1e-12)
    assert {part.rows for part in parts} == {whole.rows}


def test_an_instance_needs_no_policy_no_limits_and_no_optional_columns(tmp_path: Path) -> None:
    items = item_location(3, on_hand_units=[40.0, 0.0, 1.0])
    demand = protection(items, [6.0, 5.0, 4.0])
    lanes = lane([("L1", "L2"), ("L1", "L3")])
    write_instance(
        {
            "opt_in__item_location": items.drop(columns=["volume_m3", "aged_units"]).iloc[::-1],
            PROTECTION_DEMAND.name: demand,
            "opt_in__lane": lanes[list(LANE.required)],
        },
        tmp_path,
    )
    frames = read_instance(tmp_path)
    assert frames["item_location"]["location_id"].tolist() == ["L1", "L2", "L3"]
    assert set(POLICY.key) <= set(frames["policy"].columns)
    assert not len(frames["location_limit"])
    problem = problem_of_instance(tmp_path, NetworkParameters())
    assert problem.places.position.tolist() == [40.0, 0.0, 1.0]
    assert problem.moves.target.tolist() == [1, 2]


def test_a_folder_without_item_locations_is_told_apart(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"has no opt_in__item_location\.parquet"):
        read_instance(tmp_path)
