"""A break of the level that all series share: seen soon, never in stable demand, never from the future."""

from __future__ import annotations

import numpy as np

from optimization.demand.level_breaks import common_breaks, rebased
from optimization.demand.levels import features
from optimization.demand.panel import DemandPanel


def _panel(after: float, width: int = 130, at: int = 70, n: int = 120) -> DemandPanel:
    generator = np.random.default_rng(0)
    rate = generator.gamma(1.0, 1.5, size=(n, 1)) * np.where(np.arange(width) < at, 1.0, after)
    lots = generator.integers(1, 20, size=(n, 1))
    return DemandPanel(generator.poisson(rate).astype(np.float64) * lots, 52.0)


def test_stable_demand_and_a_moderate_season_have_no_break() -> None:
    season = 1.0 + 0.3 * np.sin(np.arange(130) * 2.0 * np.pi / 52.0)
    panel = _panel(1.0)
    assert common_breaks(panel, 130) == []
    assert common_breaks(DemandPanel(np.rint(panel.values * season), 52.0), 130) == []


def test_a_fivefold_fall_and_rise_are_seen_within_a_quarter_and_history_is_rebased() -> None:
    for after in (0.2, 5.0):
        panel = _panel(after)
        breaks = common_breaks(panel, 130)
        assert 70 < breaks[0].seen <= 70 + 14
        moved = rebased(panel, breaks).values
        assert 0.7 < moved[:, :70].mean() / moved[:, 90:].mean() < 1.4


def test_a_break_is_not_known_before_it_is_seen() -> None:
    panel = _panel(0.2)
    seen = common_breaks(panel, 130)[0].seen
    origins = np.array([60, seen - 1, seen, 120])
    interval = np.full(panel.n, 4.0)
    known = features(panel, interval, origins).levels[..., -1]
    plain = np.stack([panel.values[:, :origin].mean(axis=1) for origin in origins])
    assert np.allclose(known[:2], plain[:2])
    assert known[2].sum() < 0.6 * plain[2].sum()
    planted = panel.values.copy()
    planted[:, seen - 1 :] = 1e5
    again = features(DemandPanel(planted, 52.0), interval, origins[:2]).levels[..., -1]
    assert np.allclose(again, plain[:2])


def test_a_few_series_or_a_short_history_decide_nothing() -> None:
    assert common_breaks(_panel(0.2, n=2), 130) == []
    assert common_breaks(DemandPanel(np.zeros((0, 50)), 52.0), 50) == []
    assert common_breaks(_panel(0.2, width=10, at=5), 10) == []
