"""Week indices: a peak of one week stays one, a group has its own where it differs, noise is shrunk away."""

from __future__ import annotations

import numpy as np

from optimization.demand.week_index import week_indices

WEEK = np.arange(130) % 52


def test_a_group_with_a_peak_of_its_own_keeps_it_and_the_others_do_not() -> None:
    generator = np.random.default_rng(1)
    mean = np.full((60, len(WEEK)), 10.0)
    mean[:, WEEK == 50] *= 1.5
    mean[:10, WEEK == 20] *= 3.0
    group = np.repeat(np.arange(6), 10)
    panel = generator.poisson(mean).astype(float)
    panel[generator.random(panel.shape) < 0.1] = np.nan
    index = week_indices(panel, WEEK, group)
    assert index.shape == (60, 52)
    assert 2.4 < index[0, 20] < 3.3
    assert abs(index[15, 20] - 1.0) < 0.35
    assert np.abs(index[:, 50] - 1.5).max() < 0.15
    quiet = [week for week in range(52) if week not in (19, 20, 21, 50)]
    assert np.abs(index[:, quiet] - 1.0).max() < 0.12


def test_pure_noise_and_a_short_or_empty_history_leave_no_season() -> None:
    generator = np.random.default_rng(2)
    noise = week_indices(generator.poisson(4.0, (300, len(WEEK))).astype(float), WEEK, np.arange(300) % 30)
    assert np.abs(noise - 1.0).max() < 0.1
    short = week_indices(np.ones((3, 5)), WEEK[:5], np.zeros(3, dtype=np.int64))
    assert np.array_equal(short, np.ones((3, 52)))
    assert np.array_equal(week_indices(np.full((1, 9), np.nan), WEEK[:9], np.array([0])), np.ones((1, 52)))


def test_rows_may_come_in_any_order() -> None:
    generator = np.random.default_rng(3)
    panel, group = generator.poisson(4.0, (20, len(WEEK))).astype(float), np.arange(20) % 4
    order = generator.permutation(20)
    shuffled = week_indices(panel[order], WEEK, group[order])
    np.testing.assert_allclose(week_indices(panel, WEEK, group)[order], shuffled, rtol=1e-12)
