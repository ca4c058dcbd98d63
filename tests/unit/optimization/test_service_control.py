"""The pooled rule's levels: monotone in the control, whole, and steered by the past it was played on."""

from __future__ import annotations

import numpy as np
import pytest

from optimization.demand.panel import DemandPanel
from optimization.demand.pooled import default_model
from optimization.policy.service_control import (
    Measure,
    PooledRule,
    control_by_group,
    level_at_marginal_service,
    marginal_service,
    paired_factors,
)
from optimization.simulation.frontier import Trial
from optimization.simulation.tuning import played


def _panel() -> DemandPanel:
    generator = np.random.default_rng(0)
    rate = generator.gamma(0.7, 3.0, size=(30, 1))
    return DemandPanel(generator.poisson(rate, size=(30, 60)).astype(np.float64), 52.0)


def test_levels_match_the_marginal_service_of_the_next_unit() -> None:
    panel = _panel()
    said = default_model().predict(panel, np.full(panel.n, 4.0))
    before = said.within(np.full(panel.n, 3.0))
    tried, log_rate = marginal_service(said, before)
    level = level_at_marginal_service(tried, log_rate, float(np.log(0.05)))

    def rate(at: np.ndarray) -> np.ndarray:
        return (before.cdf(at) - said.cdf(at)) / np.maximum(said.cdf(at), 1e-300)

    fast = (level > 0) & (said.mean < 20)
    # Between tried levels the rate is interpolated, so a unit more or less may pass.
    assert (rate(level + 1.0)[fast] < 0.05).all()
    assert (rate(level - 2.0)[fast & (level > 2)] >= 0.05).all()


@pytest.mark.parametrize("measure", ["marginal_service", "quantile"])
def test_levels_are_whole_and_rise_with_the_control(measure: Measure) -> None:
    panel = _panel()
    rule = PooledRule(default_model(), 52.0, measure)
    at = rule.levels(panel.values, np.array([40, 50, 60]), np.full(panel.n, 4.0))
    levels = np.stack([at(float(control))["order_up_to"] for control in rule.controls])
    assert levels.shape[1:] == (30, 3)
    assert (levels == np.rint(levels)).all()
    assert (levels >= 0).all()
    assert (np.diff(levels, axis=0) >= 0).all()
    by_row = at(np.full(panel.n, float(rule.controls[20])))["order_up_to"]
    assert np.array_equal(by_row, levels[20])


def test_levels_do_not_read_what_comes_after_the_origin() -> None:
    panel = _panel()
    planted = panel.values.copy()
    planted[:, 50:] = 999.0
    rule = PooledRule(default_model(), 52.0, window=26, factors=tuple(np.linspace(-1, 4, 46)))
    levels = [
        rule.levels(values, np.array([40, 50]), np.full(panel.n, 4.0))(3.0)["order_up_to"]
        for values in (panel.values, planted)
    ]
    assert np.array_equal(*levels)


def test_the_rule_is_played_like_any_other_and_its_pair_holds_the_same_stock() -> None:
    panel = _panel()
    trial = Trial(panel.values, 40, 60, 3, warm_up=8)
    rule = PooledRule(default_model(), 52.0, is_refreshed=False)
    seen = played(rule, trial, rule.controls[::9])
    assert (np.diff(seen.stock) >= -1e-9).all()
    assert seen.fill[-1] > 0.97 > seen.fill[0]
    factors = paired_factors(np.array([1.0, 2.0, 9.0]), np.array([1.0, 3.0]), np.array([0.0, 1.0]))
    assert factors == (0.0, 0.5, 1.0)


def test_a_group_that_reached_its_target_has_its_own_control() -> None:
    controls = np.array([0.0, 1.0, 2.0])
    fills = [np.array([0.5, 0.8, 0.9]), np.array([0.1, 0.2, 0.3]), np.zeros(0)]
    chosen = control_by_group(fills, controls, np.array([0, 1, 2, 0]), overall=1.7, target=0.85)
    assert chosen == pytest.approx([1.5, 1.7, 1.7, 1.5])
