"""The pooled demand model: what it learns, what it survives, and that it never looks ahead."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import optimize

from optimization.demand import calibration, pooled
from optimization.demand.levels import CLASSES, features
from optimization.demand.panel import DemandPanel, interval_demand, whole_periods
from optimization.demand.pooled import PooledModel, default_model, fit_pooled_model

WIDTH = 90
INTERVAL = 4.0
QUANTILES = [0.5, 0.8, 0.9, 0.95, 0.99]


def demand(n: int = 100, width: int = WIDTH, seed: int = 0) -> np.ndarray:
    generator = np.random.default_rng(seed)
    rate = generator.gamma(0.8, 2.0, size=(n, 1))
    return generator.negative_binomial(1.5, 1.5 / (1.5 + rate), size=(n, width)).astype(np.float64)


@pytest.fixture(scope="module")
def panel() -> DemandPanel:
    return DemandPanel(demand(), 52.0)


@pytest.fixture(scope="module")
def model(panel: DemandPanel) -> PooledModel:
    return fit_pooled_model(panel, np.full(panel.n, INTERVAL), end=70)


def test_levels_are_plain_weighted_means_of_what_is_known() -> None:
    values = demand(3, 40)
    values[1, 10:20] = np.nan
    known = features(DemandPanel(values, 52.0), np.full(3, 4.0), np.array([5, 33]))
    age = 32 - np.arange(33)
    for row in range(3):
        seen = ~np.isnan(values[row, :33])
        weights = 2.0 ** (-age[seen] / 8.0)
        expected = (weights * values[row, :33][seen]).sum() / weights.sum()
        assert known.levels[1, row, 2] == pytest.approx(expected)
        assert known.levels[1, row, 6] == pytest.approx(values[row, :33][seen].mean())
    assert known.known_periods[1].tolist() == [33, 23, 33]


def test_the_error_ratio_of_poisson_demand_is_about_one_and_grows_with_dispersion() -> None:
    generator = np.random.default_rng(1)
    calm = generator.poisson(5.0, size=(50, 200)).astype(np.float64)
    wild = calm * generator.choice([0.0, 4.0], p=[0.75, 0.25], size=calm.shape)
    for values, low, high in ((calm, 0.8, 1.6), (wild, 10.0, 60.0)):
        known = features(DemandPanel(values, 52.0), np.full(50, 4.0), np.array([200]))
        assert low < float(np.exp(np.median(known.log_error_ratio))) < high


def test_a_series_without_demand_for_a_year_of_known_periods_is_dormant() -> None:
    values = np.zeros((3, 120))
    values[:, 10] = 3.0
    values[1, 20:110] = np.nan
    values[2, 100] = 1.0
    code = features(DemandPanel(values, 52.0), np.full(3, 2.0), np.array([120])).code[0]
    assert [CLASSES[k] == "dormant" for k in code] == [True, False, False]


def test_intervals_with_an_unknown_period_or_beyond_the_end_have_no_demand() -> None:
    panel = DemandPanel(np.array([[1.0, np.nan, 2.0, 3.0, 4.0]]), 12.0)
    window = whole_periods(np.array([2.0]))
    assert np.isnan(interval_demand(panel, window, np.array([0, 1, 4]))).all()
    assert interval_demand(panel, window, np.array([2, 3])).ravel().tolist() == [5.0, 7.0]


def test_the_gradient_of_the_fit_is_that_of_its_value(panel: DemandPanel) -> None:
    rows = pooled._training_rows(panel, np.full(panel.n, INTERVAL), 26, 200, seed=0)
    own = np.column_stack([rows.log_lot, rows.log_error_ratio])
    constant = np.zeros(len(rows.demand))
    at = pooled._START + np.random.default_rng(2).normal(0, 0.1, len(pooled._START))
    for k in range(len(at)):
        step = np.zeros(len(at))
        step[k] = 1.0
        numeric = optimize.approx_fprime(
            np.zeros(1), lambda e, s=step: pooled._negative_likelihood(at + e[0] * s, rows, own, constant)[0]
        )
        exact = pooled._negative_likelihood(at, rows, own, constant)[1]
        assert exact[k] == pytest.approx(float(numeric[0]), abs=2e-5)


def test_quantiles_and_variance_cover_coming_demand(panel: DemandPanel, model: PooledModel) -> None:
    interval = np.full(panel.n, INTERVAL)
    origins = np.arange(70, WIDTH - 4 + 1)
    came = interval_demand(panel, whole_periods(interval), origins)
    said = model.predict_origins(panel, interval, origins)
    generator = np.random.default_rng(3)
    shares = []
    for variance in ("fitted_variance", "variance"):
        pits = []
        for k, each in enumerate(said):
            pit = calibration.randomised_pit(
                came[k], each.mean, getattr(each, variance), generator.random(panel.n)
            )
            mapped = calibration.unmapped(pit, model.maps, each.code)
            pits.append(mapped if variance == "fitted_variance" else pit)
        shares.append(float((np.concatenate(pits) <= 0.9).mean()))
    assert shares == pytest.approx([0.9, 0.9], abs=0.04)
    bias = np.concatenate([came[k] - each.mean for k, each in enumerate(said)]).sum() / came.sum()
    assert abs(bias) < 0.08


def test_nothing_after_the_origin_is_read(panel: DemandPanel, model: PooledModel) -> None:
    future = panel.values.copy()
    future[:, 70:] = 1e6
    interval = np.full(panel.n, INTERVAL)
    planted = DemandPanel(future, 52.0)
    again = fit_pooled_model(planted, interval, end=70)
    assert np.array_equal(again.parameters, model.parameters)
    assert np.array_equal(again.maps, model.maps)
    for one, other in zip(
        model.predict_origins(panel, interval, np.array([60, 70])),
        model.predict_origins(planted, interval, np.array([60, 70])),
        strict=True,
    ):
        assert np.array_equal(one.mean, other.mean)
        assert np.array_equal(one.variance, other.variance)
    refreshed = model.refreshed(panel, interval, end=70), model.refreshed(planted, interval, end=70)
    assert np.array_equal(refreshed[0].maps, refreshed[1].maps)


def test_the_order_of_the_series_does_not_matter(panel: DemandPanel, model: PooledModel) -> None:
    order = np.random.default_rng(4).permutation(panel.n)
    interval = np.full(panel.n, INTERVAL)
    shuffled = panel.take(order)
    assert np.array_equal(fit_pooled_model(shuffled, interval, end=70).parameters, model.parameters)
    assert np.array_equal(model.predict(shuffled, interval).mean, model.predict(panel, interval).mean[order])


def test_a_poisoned_series_costs_only_itself(panel: DemandPanel, model: PooledModel) -> None:
    values = panel.values.copy()
    values[0, 30], values[1, 31], values[2, 32], values[3, 33] = np.inf, -5.0, 1e300, 5e8
    poisoned = DemandPanel(values, 52.0)
    interval = np.full(panel.n, INTERVAL)
    assert poisoned.is_poisoned.tolist()[:4] == [True, True, True, False]
    said = fit_pooled_model(poisoned, interval, end=70).predict(poisoned, interval)
    assert np.isfinite(said.quantiles(QUANTILES)).all()
    clean = model.predict(panel, interval)
    assert said.mean[4:] == pytest.approx(clean.mean[4:], rel=0.1)


@pytest.mark.parametrize(
    "values",
    [np.zeros((0, 10)), np.zeros((3, 0)), np.zeros((5, 20)), np.full((5, 20), np.nan), demand(5, 4)],
    ids=["no series", "no periods", "all zero", "all unknown", "short"],
)
def test_little_data_falls_back_to_the_documented_prior(values: np.ndarray) -> None:
    panel = DemandPanel(values, 52.0)
    interval = np.full(panel.n, 2.5)
    model = fit_pooled_model(panel, interval)
    said = model.refreshed(panel, interval).predict(panel, interval)
    assert model.is_default
    assert np.isfinite(said.mean).all()
    assert (said.variance >= said.mean).all()
    assert (said.quantiles(QUANTILES) >= 0).all()


def test_the_model_survives_its_frame(model: PooledModel, panel: DemandPanel) -> None:
    frame = model.to_frame().sample(frac=1.0, random_state=0)
    again = PooledModel.from_frame(frame)
    interval = np.full(panel.n, INTERVAL)
    assert np.array_equal(again.predict(panel, interval).variance, model.predict(panel, interval).variance)
    with pytest.raises(ValueError, match="lacks level_0"):
        PooledModel.from_frame(frame[frame["parameter"] != "level_0"])


def test_the_mean_scales_with_a_fractional_interval_and_quantiles_rise(panel: DemandPanel) -> None:
    model = default_model()
    short, long = (model.predict(panel, np.full(panel.n, length)) for length in (1.5, 3.0))
    assert long.rate == pytest.approx(short.rate)
    assert long.mean == pytest.approx(2.0 * short.mean)
    assert (np.diff(long.quantiles(QUANTILES), axis=1) >= 0).all()
    assert (long.quantiles([0.9]) >= short.quantiles([0.9])).all()
    assert short.over(np.full(panel.n, 3.0)).mean == pytest.approx(long.mean)
    part = long.within(np.full(panel.n, 1.5))
    assert part.mean == pytest.approx(short.mean)
    assert part.fitted_variance / part.mean == pytest.approx(long.fitted_variance / long.mean)
    assert all(
        (part.cdf(np.full(panel.n, x)) >= long.cdf(np.full(panel.n, x)) - 1e-9).all() for x in (0.0, 3.0)
    )


def test_an_uncertain_lead_time_widens_by_rate_squared_times_its_variance(panel: DemandPanel) -> None:
    said = default_model().predict(panel, np.full(panel.n, 4.0))
    wider = said.widened(2.0)
    assert wider.fitted_variance - said.fitted_variance == pytest.approx(2.0 * said.rate**2, rel=1e-6)
    assert np.array_equal(wider.mean, said.mean)


def test_a_map_and_its_inverse_cancel_and_a_calibrated_class_keeps_its_probabilities() -> None:
    generator = np.random.default_rng(5)
    pit = np.concatenate([generator.random(4000), generator.random(4000) ** 2])
    group = np.repeat(np.array([0, 1], dtype=np.int8), 4000)
    maps = calibration.quantile_maps(pit, group, 3, rows_per_independent=1.0)
    asked = calibration.mapped(np.array([0.5, 0.9]), maps, np.array([0, 1, 2], dtype=np.int8))
    assert asked[0] == pytest.approx([0.5, 0.9], abs=0.03)
    assert asked[1] == pytest.approx([0.25, 0.81], abs=0.03)
    back = calibration.unmapped(asked[:, 1], maps, np.array([0, 1, 2], dtype=np.int8))
    assert back == pytest.approx([0.9, 0.9, 0.9], abs=1e-6)
