"""The replay of the own history: nothing of the future is read, known answers, and who is promoted."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from optimization.contracts.outputs import (
    FORECAST_ACCURACY,
    FORECAST_BIAS,
    FORECAST_VALUE_ADDED,
    METHOD_CHOICE,
    POLICY_BACKTEST,
)
from optimization.demand.panel import DemandPanel
from optimization.demand.pooled import default_model
from optimization.parameters import BacktestParameters
from optimization.reasons import REASONS
from optimization.simulation import contest
from optimization.simulation.accuracy import MEASURES, accuracy_rows, scored
from optimization.simulation.backtest import Backtest, run_backtest
from optimization.simulation.baselines import DaysOfSupply
from optimization.simulation.breakdowns import Group
from optimization.simulation.candidates import NAIVE, SEASONAL_NAIVE, predictions_of
from optimization.simulation.contest import OURS
from optimization.simulation.frozen import Frozen
from optimization.simulation.promotion import current_methods, is_due, judged
from optimization.simulation.replay import Replay, Weeks, drawn_lead_times, evenly_by_group, weeks_of
from tests import science_frames as frames

WEEKS = 78
SERIES = 40
PARAMETERS = BacktestParameters(max_series=36, max_trial_series=150, service_targets=(0.9,), resamples=60)
PLACES = [f"L{number}" for number in range(1, SERIES + 1)]


def _history(extra: dict[str, list[float]] | None = None) -> pd.DataFrame:
    draw = np.random.default_rng(5)
    rates = draw.gamma(1.5, 1.0, SERIES)
    weeks = {place: draw.poisson(rate, WEEKS).tolist() for place, rate in zip(PLACES, rates, strict=True)}
    return frames.demand_history(weeks | (extra or {}))


def _terms(**columns: object) -> pd.DataFrame:
    return frames.item_location(SERIES, first_demand_date=frames.AS_OF - pd.Timedelta(weeks=WEEKS), **columns)


def _run(history: pd.DataFrame | None = None, terms: pd.DataFrame | None = None, **more: object) -> Backtest:
    terms = _terms() if terms is None else terms
    return run_backtest(
        terms,
        _history() if history is None else history,
        frames.protection(terms, [3.0] * len(terms)),
        frames.AS_OF,
        parameters=PARAMETERS,
        **more,  # type: ignore[arg-type]
    )


@pytest.fixture(scope="module")
def told() -> Backtest:
    return _run()


@pytest.fixture
def few_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    """One rule of today instead of all, where the contest is not what is tested."""
    monkeypatch.setattr(contest, "ALL", (DaysOfSupply(),))


def _tables(told: Backtest) -> dict[str, pd.DataFrame]:
    return {
        POLICY_BACKTEST.name: told.policy_backtest,
        FORECAST_ACCURACY.name: told.forecast_accuracy,
        FORECAST_BIAS.name: told.forecast_bias,
        FORECAST_VALUE_ADDED.name: told.forecast_value_added,
        METHOD_CHOICE.name: told.method_choice,
    }


# --- nothing of the future


def test_rows_after_the_business_date_and_their_order_change_nothing(told: Backtest) -> None:
    history = _history()
    absurd = history.tail(SERIES).assign(
        bucket_start_date=frames.AS_OF + pd.Timedelta(days=1), demand_units=1e6, location_id=PLACES
    )
    later = pd.concat([history, absurd]).sample(frac=1.0, random_state=1)
    again = _run(later, _terms().sample(frac=1.0, random_state=2))
    for name, frame in _tables(again).items():
        pd.testing.assert_frame_equal(frame, _tables(told)[name])


@pytest.mark.parametrize(
    "method", ["pooled_levels", NAIVE, SEASONAL_NAIVE, "moving_average_13", "median_of_five"]
)
def test_a_forecast_reads_only_the_weeks_before_its_origin(method: str) -> None:
    values = np.random.default_rng(3).poisson(2.0, (6, 80)).astype(float)
    planted = values.copy()
    planted[:, 60:] = 1e5
    origins = np.array([56, 60])
    for k, origin in enumerate(origins):
        said, again = (
            predictions_of(method, _replay(each), default_model(), origins)[k] for each in (values, planted)
        )
        np.testing.assert_array_equal(said.rate, again.rate, err_msg=f"origin {origin}")
        np.testing.assert_array_equal(said.variance, again.variance)


def test_tuning_reads_nothing_of_the_scored_weeks(told: Backtest) -> None:
    """Chosen settings are those of the weeks before the split, whatever comes after it."""
    history = _history()
    split = frames.AS_OF - pd.Timedelta(weeks=24)
    changed = history.assign(
        demand_units=history["demand_units"].where(history["bucket_start_date"] < split, 3.0)
    )
    other = _run(changed)
    key = ["policy_method", "breakdown", "breakdown_value", "target_basis"]
    kept, new = (
        each.policy_backtest.query("breakdown == 'all' and target_basis == 'nominal'").set_index(key)[
            "method"
        ]
        for each in (told, other)
    )
    pd.testing.assert_series_equal(kept, new)


def _replay(values: np.ndarray) -> Replay:
    n, width = values.shape
    return Replay(
        items=frames.item_location(n),
        panel=DemandPanel(values, 365 / 7),
        weeks=Weeks(first=18, split=56, width=width, step=4),
        demand_class=np.array(["smooth"] * n, dtype=object),
        interval=np.full(n, 3.0),
        lead_sd=np.zeros(n),
        lead_time=np.full((n, width - 18 + 1), 2),
        review=np.ones(n, dtype=np.int64),
        in_proportion=np.ones(n, dtype=bool),
    )


# --- shape and stability


def test_every_rule_is_scored_with_numerators_beside_the_verdict(told: Backtest) -> None:
    proof = told.policy_backtest
    rules = set(proof["policy_method"])
    assert {OURS, "days_of_supply", "set_once", "textbook_sba", "seasonal_naive", "min_max"} <= rules
    whole = proof.query("breakdown == 'all' and target_basis == 'nominal'").set_index("policy_method")
    assert (whole["filled_units"] <= whole["demand_units"] + 1e-9).all()
    assert whole.loc[OURS, "stock_ratio"] == pytest.approx(1.0)
    assert whole.loc[OURS, "cost_ratio"] == pytest.approx(1.0)
    plan = proof.query("target_basis == 'policy' and breakdown == 'all'").iloc[0]
    assert plan["is_current"]
    assert plan["series_count"] == 36
    assert plan["population_count"] == SERIES
    assert plan["achieved_service"] == pytest.approx(plan["served_cycle_count"] / plan["cycle_count"])
    assert plan["achieved_service_low"] <= plan["achieved_service"] <= plan["achieved_service_high"]
    reasons = {code for frame in _tables(told).values() for code in frame["reason_code"].dropna()}
    assert reasons <= set(REASONS)


def test_a_young_history_gets_no_verdict_and_a_reason() -> None:
    weeks = {place: [1.0] * 20 for place in PLACES}
    terms = _terms().assign(first_demand_date=frames.AS_OF - pd.Timedelta(weeks=20))
    told = _run(frames.demand_history(weeks), terms)
    (row,) = told.policy_backtest.to_dict("records")
    assert (row["verdict"], row["reason_code"]) == ("no_verdict", "HISTORY_TOO_SHORT")
    assert set(told.method_choice["decision"]) == {"no_evidence"}
    assert told.forecast_accuracy.empty
    assert told.forecast_bias.empty


# --- accuracy


def test_accuracy_of_a_known_forecast() -> None:
    replay = _replay(np.array([[2.0] * 56 + [3.0] * 24]))
    said = predictions_of(NAIVE, replay, default_model(), replay.weeks.origins)
    rows = accuracy_rows(replay, said, NAIVE, [Group("all", "*", np.array([0]))])
    week = next(row for row in rows if row["forecast_interval"] == "week" and row["horizon_weeks"] == 1)
    # Six origins; only the first still says 2, and the demand before the split never changed.
    assert week["observation_count"] == 6
    assert week["actual_units"] - week["forecast_units"] == pytest.approx(1.0)
    assert week["absolute_error_units"] == pytest.approx(1.0)
    assert week["naive_absolute_error_units"] == 0.0


def test_randomised_coverage_of_a_right_forecast_is_the_level() -> None:
    draw = np.random.default_rng(0)
    replay = _replay(np.zeros((20_000, 60)))
    model = default_model()
    said = model.prediction(
        np.full(replay.n, 0.7), np.full(replay.n, 2.1), np.zeros(replay.n, dtype=np.int8), np.zeros(replay.n)
    )
    vmr = said.fitted_variance / said.mean
    actual = draw.negative_binomial(said.mean / (vmr - 1.0), 1.0 / vmr).astype(float)
    sums = dict(zip(MEASURES, scored(actual, said).sum(axis=0), strict=True))
    for level in (80, 90, 95):
        assert sums[f"randomised_q{level}_count"] / replay.n == pytest.approx(level / 100.0, abs=0.006)
        assert sums[f"covered_q{level}_count"] >= sums[f"randomised_q{level}_count"]


def test_a_frozen_release_is_scored_on_what_has_come_since(few_rules: None) -> None:
    terms = _terms().head(2)
    history = frames.demand_history({"L1": [4.0] * WEEKS, "L2": [1.0] * WEEKS})
    forecast = pd.DataFrame(
        {
            "item_id": "I1",
            "location_id": ["L1", "L1", "L2", "GONE"],
            "horizon_weeks": [1, 5, 1, 1],
            "mean_units": [3.0, 9.0, 1.0, 7.0],
            "base_units": [2.0, 9.0, 1.0, 7.0],
            "uplift_units": [0.5, 0.0, 0.0, 0.0],
            "sensed_factor": [1.0, 1.0, 1.0, 1.0],
            "statistical_units": [2.5, 9.0, 1.0, 7.0],
            "plan_units": [3.0, np.nan, np.nan, np.nan],
            **{f"q{level}_units": [4.0, 9.0, 0.0, 7.0] for level in (50, 80, 90, 95)},
        }
    )
    told = run_backtest(
        terms,
        history,
        frames.protection(terms, [3.0, 3.0]),
        frames.AS_OF,
        frozen=[Frozen(4, forecast)],
        parameters=PARAMETERS,
    )
    frozen = told.forecast_accuracy.query("evidence == 'frozen_release' and breakdown == 'all'")
    (row,) = frozen.to_dict("records")
    assert (row["horizon_weeks"], row["observation_count"], row["origin_count"]) == (1, 2, 1)
    assert (row["actual_units"], row["forecast_units"], row["absolute_error_units"]) == (5.0, 4.0, 1.0)
    assert row["covered_q90_count"] == 1
    added = told.forecast_value_added.query("breakdown == 'all' and method == 'as_published'")
    steps = added.set_index("forecast_method")[["absolute_error_units", "reference_absolute_error_units"]]
    assert steps.loc["events_and_drivers"].tolist() == [1.5, 2.0]
    assert steps.loc["consensus_plan"].tolist() == [1.0, 1.5]
    assert "sensed" not in steps.index


# --- drift


def test_a_level_that_jumped_is_called_drift_and_a_poisoned_one_is_left_out(
    told: Backtest, few_rules: None
) -> None:
    draw = np.random.default_rng(8)
    jumped = np.concatenate([draw.poisson(5.0, WEEKS - 24), draw.poisson(30.0, 24)]).astype(float)
    history = _history()
    history.loc[history["location_id"] == "L1", "demand_units"] = jumped
    history.loc[history.index[history["location_id"] == "L2"][5], "demand_units"] = np.inf
    bias = _run(history).forecast_bias.set_index("location_id")
    assert bias.loc["L1", "is_drifting"]
    assert bias.loc["L1", "bias_units"] > 0
    assert bias["is_drifting"].sum() <= 3
    assert set(told.forecast_bias["location_id"]) - set(bias.index) == {"L2"}


# --- promotion


def test_nobody_is_promoted_without_evidence(told: Backtest) -> None:
    choice = told.method_choice
    assert set(choice["demand_class"]) == {"smooth", "erratic", "intermittent", "lumpy", "dormant"}
    few = choice[choice["series_count"] < PARAMETERS.min_series]
    assert set(few["decision"]) == {"no_evidence"}
    assert (few["chosen_method"] == few["current_method"]).all()
    assert choice.groupby("demand_class")["chosen_method"].nunique().eq(1).all()


@pytest.mark.parametrize(
    ("ratio", "high", "coverage", "decision"),
    [
        (0.95, 0.99, 0.90, "promoted"),
        (0.95, 1.01, 0.90, "kept"),
        (0.995, 0.999, 0.90, "kept"),
        (0.80, 0.90, 0.85, "kept"),
        (np.nan, np.nan, 0.90, "no_evidence"),
    ],
)
def test_a_challenger_must_be_cheaper_surely_and_cover_as_well(
    ratio: float, high: float, coverage: float, decision: str
) -> None:
    row = {"decision": "no_evidence"} | judged(ratio, high, coverage, 0.90, PARAMETERS)
    assert row["decision"] == decision


def test_a_trial_is_carried_until_it_is_old(told: Backtest, few_rules: None) -> None:
    choice = told.method_choice
    tried = pd.Timestamp(choice["tried_date"].iloc[0])
    assert is_due(None, tried, PARAMETERS)
    assert not is_due(choice, tried + pd.Timedelta(days=27), PARAMETERS)
    assert is_due(choice, tried + pd.Timedelta(days=28), PARAMETERS)
    assert is_due(choice, tried - pd.Timedelta(days=1), PARAMETERS)
    promoted = choice.assign(chosen_method="median_of_five")
    assert current_methods(promoted)["smooth"] == "median_of_five"
    carried = _run(previous_choice=promoted, previous_value_added=told.forecast_value_added)
    assert set(carried.method_choice["chosen_method"]) == {"median_of_five"}
    assert set(carried.method_choice["status"]) == {"FROZEN"}
    trials = told.forecast_value_added.query("forecast_method == 'median_of_five'")
    kept = carried.forecast_value_added.query("forecast_method == 'median_of_five'")
    assert len(kept) == len(trials)


# --- the sample and its weeks


def test_the_sample_is_even_and_does_not_hang_on_order() -> None:
    frame = frames.item_location(500)
    group = np.arange(500) % 5 // 4
    rows = evenly_by_group(frame, group, 100)
    assert len(rows) == 100
    assert group[rows].sum() == pytest.approx(20, abs=1)
    order = np.random.default_rng(1).permutation(500)
    again = evenly_by_group(frame.iloc[order], group[order], 100)
    assert set(frame["location_id"].iloc[rows]) == set(frame["location_id"].iloc[order[again]])


@pytest.mark.parametrize("width", [34, 40, 52, 78, 104, 156, 300])
def test_the_weeks_are_cut_into_learning_tuning_and_scoring(width: int) -> None:
    weeks = weeks_of(width, PARAMETERS)
    if weeks is None:
        assert width < 39
        return
    assert 0 < weeks.first < weeks.split < weeks.width
    assert weeks.split >= PARAMETERS.min_history_weeks
    assert len(weeks.scored) >= 8
    assert weeks.scored[0] == weeks.split
    assert weeks.width - weeks.split <= 52
    assert weeks.first + weeks.warm_up < weeks.split


def test_lead_times_keep_their_mean() -> None:
    weeks = drawn_lead_times(np.array([2.7, 2.7, 0.0]), np.array([0.0, 1.2, 0.0]), 20_000, seed=1)
    assert weeks.mean(axis=1) == pytest.approx([2.7, 2.7, 0.0], abs=0.03)
    assert weeks[0].std() < weeks[1].std()
    assert set(np.unique(weeks[0])) == {2, 3}


def test_the_plan_aims_higher_where_it_delivered_less() -> None:
    terms = _terms(service_metric="fill", service_target=0.9, lead_time_days=21.0)
    control = _run(terms=terms).service_control.set_index("model_scope")
    assert set(control["target_band"]) == {"0.80 to 0.92"}
    pooled = control.loc["all"]
    missed = abs(pooled["delivered_service"] - 0.9)
    assert abs(pooled["controlled_service"] - 0.9) <= min(missed, 0.02) + 1e-9
    assert np.sign(pooled["logit_shift"]) == np.sign(0.9 - pooled["delivered_service"])


def test_a_cycle_target_is_aimed_at_as_it_stands() -> None:
    assert _run(terms=_terms(service_metric="cycle")).service_control.empty


def test_a_young_control_is_carried() -> None:
    terms = _terms(service_metric="fill", service_target=0.9)
    first = _run(terms=terms).service_control
    again = _run(terms=terms, previous_control=first.assign(logit_shift=0.3)).service_control
    assert set(again["status"]) == {"FROZEN"} and set(again["logit_shift"]) == {0.3}
