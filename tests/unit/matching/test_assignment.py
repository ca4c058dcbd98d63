"""The assignment against enumeration, the Hungarian method and HiGHS; tiers against enumeration."""

from __future__ import annotations

import json
from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from optimization.promising.matching.assignment import TIERS, Pairs, assign, bound, is_proof, value
from optimization.solver.highs import solve
from optimization.solver.matrix import MatrixModel
from tests.oracles.topics.matching import best_of

CASES = Path(__file__).parents[2] / "oracles" / "cases"


def _pairs(gain: np.ndarray, tier: np.ndarray | None = None) -> Pairs:
    """Pairs of all gains above 0 of a dense table."""
    request, unit = np.nonzero(gain > 0)
    start = np.concatenate([[0], np.cumsum((gain > 0).sum(axis=1))]).astype(np.int64)
    tiers = np.zeros(len(gain), dtype=np.int64) if tier is None else tier.astype(np.int64)
    return Pairs(start, unit.astype(np.int64), gain[request, unit].astype(np.int64), tiers, gain.shape[1])


def _enumerated(gain: np.ndarray, tier: np.ndarray) -> list[int]:
    """Best value per tier, earlier tiers first, by trying everything; units beyond the last are none."""
    n, m = gain.shape
    wide = np.concatenate([gain, np.zeros((n, n), dtype=np.int64)], axis=1)
    best = [-1] * TIERS
    for chosen in set(permutations(range(m + n), n)) if n + m <= 7 else permutations(range(m + n), n):
        found = wide[np.arange(n), list(chosen)]
        best = max(best, [int(found[tier == t].sum()) for t in range(TIERS)])
    return best


@given(st.data())
def test_no_assignment_is_better_tier_by_tier(data: Any) -> None:
    n, m = data.draw(st.integers(1, 4)), data.draw(st.integers(1, 4))
    gain = np.array(data.draw(st.lists(st.integers(0, 6), min_size=n * m, max_size=n * m))).reshape(n, m)
    tier = np.array(data.draw(st.lists(st.integers(0, 2), min_size=n, max_size=n)))
    pairs = _pairs(gain, tier)
    found = assign(pairs)
    assert is_proof(pairs, found)
    assert value(pairs, found).tolist() == bound(found).tolist() == _enumerated(gain, tier)


def test_six_by_six_by_enumeration() -> None:
    rng = np.random.default_rng(6)
    for _ in range(12):
        gain = rng.integers(0, 30, (6, 6)) * (rng.random((6, 6)) < 0.7)
        best = max(int(gain[np.arange(6), list(order)].sum()) for order in permutations(range(6)))
        assert value(_pairs(gain), assign(_pairs(gain)))[0] == best


@pytest.mark.parametrize("shape", [(30, 40), (200, 120), (300, 300)])
@pytest.mark.parametrize("most", [5, 100_000])
def test_the_hungarian_method_agrees(shape: tuple[int, int], most: int) -> None:
    rng = np.random.default_rng(shape[0] + most)
    for density in (0.05, 1.0):
        gain = rng.integers(1, most + 1, shape) * (rng.random(shape) < density)
        pairs = _pairs(gain)
        found = assign(pairs)
        rows, columns = linear_sum_assignment(gain, maximize=True)
        assert value(pairs, found)[0] == bound(found)[0] == gain[rows, columns].sum()
        assert is_proof(pairs, found)


def test_highs_agrees_on_a_sparse_market() -> None:
    rng = np.random.default_rng(8)
    gain = rng.integers(1, 90_000, (150, 100)) * (rng.random((150, 100)) < 0.08)
    request, unit = np.nonzero(gain)
    rows = np.stack([request, 150 + unit], axis=1)
    count = len(request)
    model = MatrixModel(
        "assignment",
        -gain[request, unit].astype(float),
        0.0,
        np.zeros(count),
        np.full(count, np.inf),
        np.full(250, -np.inf),
        np.ones(250),
        np.arange(0, 2 * count + 1, 2).astype(np.int32),
        rows.ravel().astype(np.int32),
        np.ones(2 * count),
        np.zeros(count, dtype=np.bool_),
        tuple(("pair", at) for at in range(count)),
        tuple(f"row{at}" for at in range(250)),
    )
    pairs = _pairs(gain)
    assert -solve(model).objective == pytest.approx(value(pairs, assign(pairs))[0])


def test_a_proof_that_does_not_hold_is_seen() -> None:
    pairs = _pairs(np.array([[5, 4], [5, 1]]))
    found = assign(pairs)
    assert is_proof(pairs, found)
    assert not is_proof(pairs, found._replace(price=np.zeros_like(found.price)))
    assert not is_proof(pairs, found._replace(unit=np.array([0, 0])))
    with pytest.raises(ValueError, match="not among its pairs"):
        value(_pairs(np.array([[5, 0]])), found._replace(unit=np.array([1])))


@pytest.mark.parametrize("name", ["assign_machineco", "assign_ortools"])
def test_published_assignments(name: str) -> None:
    instances = json.loads((CASES / "optimization_instances.json").read_text("utf-8"))
    instance = next(each for each in instances if each["id"] == name)
    cost = instance["data"]["cost"]
    # Least cost is the greatest distance from a level above all costs, if everyone gets one.
    level = 1.0 + max(max(row) for row in cost)
    total, unit = best_of([[level * len(cost) - entry for entry in row] for row in cost])
    assert sorted(unit) == list(range(len(cost)))
    assert level * len(cost) ** 2 - total == pytest.approx(instance["value"])
