"""Rules of today, their tuning, and comparisons at equal fill and cost with their intervals."""

from __future__ import annotations

import numpy as np
import pytest

from optimization.simulation import baselines, intervals, moments, tuning
from optimization.simulation.frontier import Frontier, Trial, at_fill, hindsight_constant

YEAR = 12.0


@pytest.fixture(scope="module")
def panel() -> np.ndarray:
    """Forty series of five years of months: steady, slow, seasonal and growing; some months unknown."""
    generator = np.random.default_rng(7)
    mean = generator.gamma(1.0, 6.0, 40)[:, None] * np.ones(60)
    mean[10:20] *= 1.0 + 0.5 * np.sin(2 * np.pi * np.arange(60) / YEAR)
    mean[20:30] *= np.linspace(0.5, 2.0, 60)
    values = generator.negative_binomial(2, 2 / (2 + mean)).astype(float)
    values[generator.random(values.shape) < 0.02] = np.nan
    values[35:, :15] = np.nan
    return values


@pytest.fixture(scope="module")
def trials(panel: np.ndarray) -> tuple[Trial, Trial]:
    return tuple(  # type: ignore[return-value]
        Trial(panel, first, last, lead_time=2, warm_up=4) for first, last in ((30, 45), (45, 60))
    )


@pytest.mark.parametrize("rule", baselines.ALL, ids=lambda rule: rule.name)
def test_a_rule_reads_nothing_after_its_origin_and_rises_with_its_control(
    rule: baselines.Baseline, panel: np.ndarray
) -> None:
    origins, interval = np.array([20, 33, 50]), np.full(len(panel), 3.0)
    planted = panel.copy()
    planted[:, 33:] = 1e6
    for each in rule.variants(YEAR):
        low, high = (each.levels(panel, origins, interval)(float(c)) for c in each.controls[[3, -3]])
        moved = each.levels(planted, origins, interval)(float(each.controls[3]))
        for name, values in low.items():
            assert values.shape == (len(panel), 3)
            assert np.isfinite(values).all()
            assert (values <= high[name] + 1e-9).all()
            np.testing.assert_array_equal(values[:, :2], moved[name][:, :2])


def test_windows_and_levels_of_a_series_known_by_heart() -> None:
    series = np.array([[4.0, np.nan, 2.0, 6.0, 0.0, 8.0]])
    at, three = np.array([5]), np.array([3.0])
    assert baselines.DaysOfSupply(3).levels(series, at, three)(1.0)["order_up_to"].tolist() == [[8.0]]
    mean, sd = moments.rolling_moments(series, at, 5)
    assert (mean.item(), sd.item()) == (3.0, pytest.approx((20 / 3) ** 0.5))
    # Weights 1, 1/2, 1/4 and 1/16 back from the newest; the unknown month has none.
    exponential = moments.exponential_means(series, at, 1.0).item()
    assert exponential == pytest.approx((0 + 6 / 2 + 2 / 4 + 4 / 16) / (1 + 1 / 2 + 1 / 4 + 1 / 16))
    # Sizes 4, 2, 6 with gaps 1, 1, 1 and α = .5: size 4.5, gap 1.
    assert moments.syntetos_boylan(series, at, 0.5).item() == pytest.approx(0.75 * 4.5)
    reorder = baselines.ReorderLevel(5, 2.0).levels(series, at, three)(1.0)
    assert (reorder["reorder_point"].item(), reorder["order_quantity"].item()) == (9.0, 6.0)
    odoo = baselines.MinMax(5, 2.0).levels(series, at, three)(1.0)
    assert (odoo["reorder_point"].item(), odoo["order_up_to"].item()) == (8.0, 15.0)


def test_seasonal_naive_adds_a_quantile_of_completed_errors() -> None:
    series = np.array([[1.0, 2, 3, 4, 5, 6, 7, 8]])
    rule = baselines.SeasonalNaive(year=2)
    levels = rule.levels(series, np.array([6]), np.array([2.0]))(0.9)
    # Last year's interval was 5 + 6; every completed interval had 4 more than the year before it.
    assert levels["order_up_to"].tolist() == [[15.0]]


def test_tuning_takes_the_setting_with_least_stock_or_cost(trials: tuple[Trial, Trial]) -> None:
    tune, score = trials
    candidates = tuning.variants_played(baselines.DaysOfSupply(), tune, YEAR)
    best = tuning.best_for_fill(candidates, 0.9)
    assert best is not None
    stocks = [at_fill(each.frontier.fill, each.frontier.stock, 0.9) for each in candidates]
    assert at_fill(best.frontier.fill, best.frontier.stock, 0.9) == pytest.approx(np.nanmin(stocks))
    assert tuning.best_for_fill(candidates, 1.1) is None
    cheap = tuning.best_for_cost(candidates, 9.0)
    control = cheap.control_for_cost(9.0)
    at = list(cheap.frontier.controls).index(control)
    assert cheap.frontier.cost(9.0)[at] == min(each.frontier.cost(9.0).min() for each in candidates)
    scored = tuning.played(best.rule, score)
    assert np.all(np.diff(scored.stock) >= -1e-9)
    part = scored.of(np.arange(5))
    assert part.demand.shape == (len(scored.controls), 5)
    assert 0.0 < best.control_for_fill(0.9) < 16.0


def test_no_constant_level_beats_the_hindsight_bound(trials: tuple[Trial, Trial]) -> None:
    _, score = trials
    for mode in ("backorder", "lost"):
        trial = Trial(score.panel, score.first, score.last, lead_time=2, warm_up=4, mode=mode)  # type: ignore[arg-type]
        bound = hindsight_constant(trial, 9.0)
        for share in (0.5, 1.0, 1.7):
            level = np.rint(share * 3.0 * np.nanmean(trial.panel, axis=1))
            cost = trial.play({"order_up_to": level}).cost(1.0, 9.0, 9.0)
            assert bound.sum() <= cost.sum()


def test_stock_at_equal_fill_is_interpolated_and_nan_beyond_the_frontier() -> None:
    fill, stock = np.array([0.5, 0.7, 0.9]), np.array([1.0, 2.0, 4.0])
    assert at_fill(fill, stock, 0.8) == pytest.approx(3.0)
    assert at_fill(fill, stock, 0.5) == 1.0
    assert np.isnan(at_fill(fill, stock, 0.95))
    assert np.isnan(at_fill(fill, stock, 0.4))


def test_an_interval_holds_the_true_difference_and_shrinks_with_rows() -> None:
    generator = np.random.default_rng(3)
    theirs = generator.gamma(2.0, 10.0, (400, 12))
    ours = theirs * 0.9 + generator.normal(0.0, 0.5, theirs.shape)
    many = intervals.compare_totals(ours, theirs)
    few = intervals.compare_totals(ours[:20], theirs[:20])
    blocks = intervals.compare_totals(ours, theirs, block=3)
    assert many.low < -0.1 + 0.01
    assert many.high > -0.1 - 0.01
    assert many.high - many.low < few.high - few.low
    assert blocks.high - blocks.low >= 0.8 * (many.high - many.low)
    assert many.win_rate > 0.95
    assert intervals.compare_totals(ours, theirs) == many


def test_equal_frontiers_differ_by_nothing(trials: tuple[Trial, Trial]) -> None:
    tune, _ = trials
    played = tuning.played(baselines.DaysOfSupply(6), tune)
    same = intervals.compare_at_fill(played, played, 0.9, draws=200)
    assert (same.estimate, same.low, same.high, same.win_rate) == (0.0, 0.0, 0.0, 0.5)
    shifted = Frontier(**{**vars(played), "mean_on_hand": 1.1 * played.mean_on_hand})
    worse = intervals.compare_at_fill(shifted, played, 0.9, draws=200)
    assert worse.estimate == pytest.approx(0.1)
    assert worse.low == pytest.approx(0.1)
    assert worse.win_rate < 0.2


def test_every_rule_meets_the_same_lead_times_lots_and_short_deliveries(panel: np.ndarray) -> None:
    generator = np.random.default_rng(9)
    shape = (len(panel), 15 + 4 + 1)
    trial = Trial(
        panel,
        45,
        60,
        lead_time=generator.integers(1, 5, shape),
        lot=3.0,
        moq=6.0,
        received_share=generator.choice([1.0, 0.5], shape, p=[0.9, 0.1]),
        mode="lost",
        warm_up=4,
    )
    assert trial.origins[[0, -1]].tolist() == [41, 60]
    assert abs(trial.interval.mean() - 3.5) < 0.2
    once, again = (tuning.played(baselines.RollingNormal(12), trial, np.array([0.0, 2.0])) for _ in range(2))
    np.testing.assert_array_equal(once.lost, again.lost)
    assert once.fill[0] < once.fill[1] < 1.0
    ledger = trial.play({"order_up_to": np.full(len(panel), 20.0)}, keep_ledger=True).ledger
    assert ledger is not None
    ordered = ledger.order[ledger.order > 0]
    assert ordered.min() == 6.0
    assert (ordered % 3.0 == 0).all()
    assert hindsight_constant(trial, 9.0).sum() <= once.cost(9.0).min()
