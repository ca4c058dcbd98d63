"""Quantiles and losses against scipy and against plain sums."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from optimization.demand import distributions

MEANS = np.array([0.02, 0.5, 3.0, 40.0, 149.0, 151.0, 900.0, 20_000.0])


@pytest.mark.parametrize("ratio", [1.0, 1.2, 4.0, 60.0])
def test_quantiles_are_those_of_the_distribution(ratio: float) -> None:
    levels = np.array([0.5, 0.8, 0.95, 0.99])
    got = distributions.quantiles(MEANS, MEANS * ratio, levels)
    if ratio > 1:
        exact = stats.nbinom.ppf(levels[None, :], (MEANS / (ratio - 1))[:, None], 1 / ratio)
    else:
        exact = stats.poisson.ppf(levels[None, :], MEANS[:, None])
    assert np.array_equal(got, np.maximum(exact, 0.0))


@pytest.mark.parametrize("ratio", [1.0, 1.7, 9.0])
def test_the_loss_function_is_the_expected_shortage(ratio: float) -> None:
    mean = 6.5
    k = np.arange(2_000)
    mass = stats.nbinom.pmf(k, mean / (ratio - 1), 1 / ratio) if ratio > 1 else stats.poisson.pmf(k, mean)
    x = np.array([-3.0, 0.0, 0.5, 4.0, 6.0, 17.25, 60.0])
    got = distributions.expected_shortage(x, np.full(7, mean), np.full(7, mean * ratio))
    exact = [float(mass @ np.maximum(k - level, 0.0)) if level >= 0 else mean - level for level in x]
    # Between whole units the loss of a whole-unit demand is linear, which the sum is too.
    assert got == pytest.approx(exact, abs=1e-9)


def test_no_demand_has_no_quantile_above_zero_and_no_loss() -> None:
    zero = np.zeros(1)
    assert distributions.quantiles(zero, zero, np.array([0.99]))[0, 0] == 0.0
    assert distributions.expected_shortage(np.array([0.0]), zero, zero)[0] == 0.0
    assert distributions.family(zero, zero).tolist() == ["degenerate"]
