"""Events, seasons, drivers and sensing: planted effects are found, the future is not read."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from optimization.contracts.inputs import DEMAND_EVENT, EXTERNAL_DRIVER
from optimization.demand.drivers import DriverSeries, driver_factors, learn_drivers
from optimization.demand.effects import divided, effect_factors, learn_effects
from optimization.demand.pooling import GroupWeeks, Scopes, Signatures, signatures, weekly_noise
from optimization.demand.seasonality import SEASON_WEEKS, learn_seasons, season_indices
from optimization.demand.sensing import fading_factors, sense
from optimization.demand.series import weekly_series
from optimization.demand.weeks import covered_share, week_starts
from optimization.parameters import DemandParameters
from tests.science_frames import AS_OF, demand_history, item_location

Numbers = npt.NDArray[np.float64]
HORIZON = 4
PARAMETERS = DemandParameters(horizon_weeks=HORIZON)


def events(rows: Sequence[tuple[str, str, int, int, float, int]]) -> pd.DataFrame:
    """`opt_in__demand_event` from (type, category, first week ago, weeks, plan, days told before)."""
    frame = pd.DataFrame(
        {
            "event_id": [f"E{number}" for number in range(len(rows))],
            "event_type": [row[0] for row in rows],
            "scope_level": "category",
            "scope": [row[1] for row in rows],
            "location_scope_level": "all",
            "location_scope": "*",
            "start_date": [AS_OF + pd.Timedelta(days=1 - 7 * row[2]) for row in rows],
            "planned_uplift": [row[4] for row in rows],
        }
    )
    lasting = pd.to_timedelta([7 * row[3] - 1 for row in rows], unit="D")
    told = pd.to_timedelta([row[5] for row in rows], unit="D")
    frame["end_date"] = frame["start_date"] + lasting
    frame["published_date"] = frame["start_date"] - told
    for column in ("start_date", "end_date", "published_date"):
        frame[column] = pd.to_datetime(frame[column]).astype("datetime64[ns]")
    return DEMAND_EVENT.validate(frame.astype({"planned_uplift": float}))


def drivers(values: Numbers, delay_days: int = 0, ahead: int = 0) -> pd.DataFrame:
    """`opt_in__external_driver`: one value a week, the last `ahead` of them after the business date."""
    dates = [AS_OF + pd.Timedelta(days=1 - 7 * (len(values) - ahead - k)) for k in range(len(values))]
    frame = pd.DataFrame(
        {
            "driver": "fuel",
            "scope_level": "all",
            "scope": "*",
            "driver_date": pd.to_datetime(dates),
            "driver_value": values,
        }
    )
    frame["published_date"] = frame["driver_date"] + pd.Timedelta(days=delay_days)
    for column in ("driver_date", "published_date"):
        frame[column] = frame[column].astype("datetime64[ns]")
    return EXTERNAL_DRIVER.validate(frame)


NO_EVENTS = events([("promo", "brakes", 1, 1, 1.0, 1)]).iloc[:0]
NO_DRIVERS = drivers(np.ones(1)).iloc[:0]


def source(weekly: Numbers) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Item-locations in one category, each with this demand in every week."""
    rows = weekly.shape[0]
    start = AS_OF + pd.Timedelta(days=1) - pd.Timedelta(weeks=weekly.shape[1])
    frame = item_location(rows, first_demand_date=start)
    history = demand_history({f"L{row + 1}": list(weekly[row]) for row in range(rows)})
    return frame, history


def effect_of(effects: pd.DataFrame, name: str) -> pd.Series:
    return effects[effects["effect"] == name].iloc[0]


# --- weeks and groups


def test_shares_of_weeks_add_up_to_the_days_of_an_event() -> None:
    starts = week_starts(AS_OF, 3, 1)
    first = np.array([AS_OF.date() - pd.Timedelta(days=9)], "datetime64[D]")
    last = np.array([AS_OF.date() + pd.Timedelta(days=2)], "datetime64[D]")
    assert covered_share(starts, first, last).sum() * 7 == pytest.approx(12)
    assert str(starts[-1]) == str((AS_OF + pd.Timedelta(days=1)).date())


def test_a_scope_names_the_rows_of_its_level() -> None:
    find = Scopes(item_location(3, region=["north", "south", "south"]))
    assert find.rows("brakes", "category", "south", "region").tolist() == [1, 2]
    assert find.rows("*", "all", "L1", "location_id").tolist() == [0]
    assert find.rows("*", "all", "*", "all").tolist() == [0, 1, 2]
    assert find.rows("nobody", "model", "*", "all").tolist() == []


def test_rows_that_every_scope_treats_alike_are_one_group() -> None:
    frame = item_location(4, category=["a", "a", "b", "b"], region=["n", "s", "s", "s"])
    scopes = pd.DataFrame(
        {"scope": ["*"], "scope_level": ["all"], "location_scope": ["s"], "location_scope_level": ["region"]}
    )
    found = signatures(frame, scopes)
    assert found.groups == 3
    assert found.group[2] == found.group[3] != found.group[1]
    assert found.category[found.group].tolist() == ["a", "a", "b", "b"]


def test_noise_of_a_weekly_total_is_its_variance_to_mean_ratio() -> None:
    draws = np.random.default_rng(0).poisson(40.0, 4000).astype(float) * 3.0
    assert weekly_noise(draws) == pytest.approx(3.0, rel=0.08)


# --- events


def promoted(uplift: float, dip: float = 1.0, rows: int = 20) -> Numbers:
    """100 weeks of Poisson demand with three promotions of two weeks, each with a dip after it."""
    rate = np.full(100, 8.0)
    for first in (30, 55, 80):
        rate[first : first + 2] *= uplift
        rate[first + 2 : first + 4] *= dip
    return np.random.default_rng(1).poisson(rate, (rows, 100)).astype(float)


PROMOTIONS = [("promo", "brakes", 100 - first, 2, 1.0, 30) for first in (30, 55, 80)]


def test_uplift_and_dip_of_past_promotions_are_found() -> None:
    frame, history = source(promoted(1.6, 0.8))
    effects, _, report = learn_effects(frame, history, events(PROMOTIONS), NO_DRIVERS, AS_OF, PARAMETERS)
    promo, after = effect_of(effects, "promo"), effect_of(effects, "promo_after")
    assert promo["effect_value"] == pytest.approx(1.6, abs=0.08)
    assert after["effect_value"] == pytest.approx(0.8, abs=0.06)
    assert promo["sample_count"] == 3 and promo["reason_code"] == "EFFECT_LEARNT"
    assert 0.01 < promo["standard_error"] < 0.1
    assert report["events"] == 6  # each promotion and the fortnight after it


def test_few_units_leave_an_effect_at_its_plan() -> None:
    weekly = np.zeros((1, 100))
    weekly[0, ::10] = 1.0
    frame, history = source(weekly)
    planned = [(kind, scope, ago, weeks, 1.5, told) for kind, scope, ago, weeks, _, told in PROMOTIONS]
    effects, _, _ = learn_effects(frame, history, events(planned), NO_DRIVERS, AS_OF, PARAMETERS)
    assert effect_of(effects, "promo")["effect_value"] == pytest.approx(1.5, rel=0.25)
    assert effect_of(effects, "promo")["planned_uplift"] == pytest.approx(1.5)


def test_an_event_counts_from_the_day_it_was_published() -> None:
    frame, history = source(promoted(1.6))
    told = events([*PROMOTIONS, ("promo", "brakes", -1, 1, 1.0, 30)])
    untold = told.assign(
        published_date=told["published_date"].where(told["start_date"] <= AS_OF, AS_OF + pd.Timedelta(days=1))
    )
    learnt = learn_effects(frame, history, untold, NO_DRIVERS, AS_OF, PARAMETERS)[:2]
    past_only = learn_effects(frame, history, events(PROMOTIONS), NO_DRIVERS, AS_OF, PARAMETERS)[:2]
    pd.testing.assert_frame_equal(learnt[0], past_only[0])
    rows = np.arange(len(frame))
    for known, expected in ((told, 1.6), (untold, 1.0)):
        factors = effect_factors(frame, known, NO_DRIVERS, *learnt, AS_OF, 100, HORIZON)
        assert factors.uplift_ahead(rows)[0, 1] == pytest.approx(expected, abs=0.12)


def test_the_base_is_learnt_without_event_weeks() -> None:
    frame, history = source(promoted(3.0))
    told = events(PROMOTIONS)
    learnt = learn_effects(frame, history, told, NO_DRIVERS, AS_OF, PARAMETERS)[:2]
    factors = effect_factors(frame, told, NO_DRIVERS, *learnt, AS_OF, 100, HORIZON)
    series = weekly_series(frame, history, AS_OF)
    base = factors.base_series(series)
    assert base.totals().sum() / base.known_weeks.sum() == pytest.approx(8.0, rel=0.03)
    assert (base.known_weeks == series.known_weeks - 6).all()
    past = factors.past(np.arange(len(frame)))
    assert np.isnan(past[0, [30, 31, 55, 56, 80, 81]]).all()
    assert np.isfinite(past).sum() == past.size - 6 * len(frame)


def test_a_week_divided_by_nan_is_unknown_and_the_others_are_scaled() -> None:
    frame, history = source(np.array([[4.0, 6.0, 8.0]]))
    series = divided(weekly_series(frame, history, AS_OF), np.array([0]), np.array([[2.0, np.nan, 4.0]]))
    dense = series.dense(np.array([0]))[0]
    assert dense[[0, 2]].tolist() == [2.0, 2.0] and np.isnan(dense[1])


def test_effects_do_not_hang_on_the_order_of_rows() -> None:
    frame, history = source(promoted(1.6, rows=5))
    told = events(PROMOTIONS)
    one = learn_effects(frame, history, told, NO_DRIVERS, AS_OF, PARAMETERS)
    other = learn_effects(
        frame.sample(frac=1, random_state=1),
        history.sample(frac=1, random_state=2),
        told.sample(frac=1, random_state=3),
        NO_DRIVERS,
        AS_OF,
        PARAMETERS,
    )
    pd.testing.assert_frame_equal(one[0], other[0])
    pd.testing.assert_frame_equal(one[1], other[1])
    assert one[2] == other[2]


def test_without_events_drivers_or_history_every_factor_is_one() -> None:
    frame = item_location(2)
    history = demand_history({"L1": [1.0]}).iloc[:0]
    effects, seasons, _ = learn_effects(frame, history, NO_EVENTS, NO_DRIVERS, AS_OF, PARAMETERS)
    assert effects.empty and not seasons["is_used"].any()
    factors = effect_factors(frame, NO_EVENTS, NO_DRIVERS, effects, seasons, AS_OF, 60, HORIZON)
    rows = np.arange(2)
    for found in (factors.past(rows), factors.season_ahead(rows), factors.uplift_ahead(rows)):
        assert (found == 1.0).all()


# --- season


def seasonal(weeks: int, amplitude: float, noise: int) -> Numbers:
    starts = week_starts(AS_OF, weeks)
    angle = 2 * np.pi * starts.astype("datetime64[D]").astype(float) / 365.25
    rate = 20.0 * (1.0 + amplitude * np.sin(angle))
    return np.random.default_rng(noise).poisson(np.maximum(rate, 0.0), (6, weeks)).astype(float)


def test_a_season_is_found_and_used_where_it_wins() -> None:
    frame, history = source(seasonal(190, 0.5, 0))
    _, seasons, _ = learn_effects(frame, history, NO_EVENTS, NO_DRIVERS, AS_OF, PARAMETERS)
    assert seasons["is_used"].all() and (seasons["error_ratio"] < 0.8).all()
    assert seasons["index_factor"].max() == pytest.approx(1.5, abs=0.1)
    assert seasons["index_factor"].min() == pytest.approx(0.5, abs=0.1)
    assert seasons["week_of_year"].tolist() == list(range(1, SEASON_WEEKS + 1))


def test_no_season_stays_off_and_near_one() -> None:
    frame, history = source(seasonal(190, 0.0, 1))
    _, seasons, _ = learn_effects(frame, history, NO_EVENTS, NO_DRIVERS, AS_OF, PARAMETERS)
    assert not seasons["is_used"].any()
    assert seasons["index_factor"].sub(1.0).abs().max() < 0.06
    assert set(seasons["reason_code"]) == {"EFFECT_NO_GAIN"}


def test_a_region_with_a_season_of_its_own_gets_its_own_index() -> None:
    summer, flat = seasonal(190, 0.6, 0), seasonal(190, 0.0, 1)
    frame, history = source(np.vstack([summer, flat, flat, flat]))
    frame["region"] = ["north"] * 6 + ["south"] * 18
    effects, seasons, _ = learn_effects(frame, history, NO_EVENTS, NO_DRIVERS, AS_OF, PARAMETERS)
    used = seasons.groupby("region")["is_used"].all()
    assert used.to_dict() == {"*": True, "north": True, "south": False}
    factors = effect_factors(
        frame, NO_EVENTS, NO_DRIVERS, effects, seasons, AS_OF, 190, SEASON_WEEKS
    ).season_ahead(np.arange(24))
    assert np.ptp(factors[0]) > 0.9
    assert (factors[-1] == 1.0).all()


def test_demand_after_the_business_date_is_not_read() -> None:
    frame, history = source(promoted(1.6, rows=4))
    planted = history.assign(
        bucket_start_date=history["bucket_start_date"] + pd.Timedelta(weeks=100), demand_units=999.0
    )
    told = events(PROMOTIONS)
    both = pd.concat([history, planted], ignore_index=True)
    one = learn_effects(frame, history, told, NO_DRIVERS, AS_OF, PARAMETERS)
    other = learn_effects(frame, both, told, NO_DRIVERS, AS_OF, PARAMETERS)
    pd.testing.assert_frame_equal(one[0], other[0])
    pd.testing.assert_frame_equal(one[1], other[1])


def test_less_than_two_seasons_borrow_the_wider_index() -> None:
    wide = seasonal(190, 0.5, 0).mean(axis=0)
    short = np.where(np.arange(190) < 100, np.nan, wide)
    index = season_indices(np.stack([wide, short]), np.array([0, 0]), np.arange(190) % SEASON_WEEKS)
    assert (index[0] == index[1]).all() and index[0].max() > 1.3


def test_a_short_history_says_that_the_season_is_untested() -> None:
    totals = GroupWeeks(seasonal(110, 0.5, 0).sum(axis=0, keepdims=True), np.full((1, 110), 6.0))
    found = learn_seasons(totals, np.array([0]), week_starts(AS_OF, 110))
    assert np.isnan(found.error_ratio[0]) and not found.is_used[0]


# --- drivers


def driven(elasticity: float, log_x: Numbers, weeks: int = 120) -> tuple[pd.DataFrame, pd.DataFrame]:
    rate = 30.0 * np.exp(elasticity * log_x[:weeks])
    return source(np.random.default_rng(2).poisson(rate, (4, weeks)).astype(float))


WAVE = np.exp(0.4 * np.sin(np.arange(124) / 6.0))


def test_a_driver_that_moves_demand_is_used_with_its_elasticity() -> None:
    frame, history = driven(-0.8, np.log(WAVE))
    told = drivers(WAVE, delay_days=-60, ahead=4)  # an outlook: known well before its week
    effects, seasons, _ = learn_effects(frame, history, NO_EVENTS, told, AS_OF, PARAMETERS)
    fuel = effect_of(effects, "fuel")
    assert fuel["is_used"] and fuel["error_ratio"] < 0.8
    assert fuel["effect_value"] == pytest.approx(-0.8, abs=0.08)
    factors = effect_factors(frame, NO_EVENTS, told, effects, seasons, AS_OF, 120, HORIZON)
    ahead = factors.uplift_ahead(np.array([0]))[0]
    assert ahead == pytest.approx((WAVE[120:124] / WAVE[119]) ** fuel["effect_value"])


def test_a_driver_that_does_not_move_demand_stays_off() -> None:
    frame, history = driven(0.0, np.log(WAVE))
    effects, _, _ = learn_effects(frame, history, NO_EVENTS, drivers(WAVE, -60, 4), AS_OF, PARAMETERS)
    fuel = effect_of(effects, "fuel")
    assert not fuel["is_used"] and fuel["reason_code"] == "EFFECT_NO_GAIN"
    assert abs(fuel["effect_value"]) < 0.1


def test_values_published_later_are_not_read() -> None:
    frame, history = driven(-0.8, np.log(WAVE))
    told = drivers(WAVE[:120])
    planted = drivers(WAVE[:120] * 7.0).assign(published_date=AS_OF + pd.Timedelta(days=1))
    both = pd.concat([told, planted], ignore_index=True)
    one = learn_effects(frame, history, NO_EVENTS, told, AS_OF, PARAMETERS)
    other = learn_effects(frame, history, NO_EVENTS, both, AS_OF, PARAMETERS)
    pd.testing.assert_frame_equal(one[0], other[0])
    rows = np.arange(len(frame))
    factors = [
        effect_factors(frame, NO_EVENTS, table, *one[:2], AS_OF, 120, HORIZON) for table in (told, both)
    ]
    assert (factors[0].past(rows) == factors[1].past(rows)).all()
    assert (factors[0].uplift_ahead(rows) == factors[1].uplift_ahead(rows)).all()


def test_an_origin_sees_the_vintage_of_its_own_day() -> None:
    """A driver that is only known after the fact cannot win the test, however well it fits."""
    weeks = 120
    log_x = np.random.default_rng(3).normal(0.0, 0.4, weeks)
    starts = week_starts(AS_OF, weeks)
    rate = 200.0 * np.exp(0.8 * log_x)
    totals = GroupWeeks(
        np.random.default_rng(4).poisson(rate, weeks).astype(float)[None, :], np.ones((1, weeks))
    )
    groups = Signatures(np.array([0]), np.array(["brakes"], dtype=object), np.array([[True]]))
    for delay, wins in ((-200, True), (1, False)):
        one = DriverSeries("fuel", 0, starts, starts + np.timedelta64(delay, "D"), log_x)
        found = learn_drivers([one], groups, totals, starts)
        assert found["effect_value"].iloc[0] == pytest.approx(0.8, abs=0.05)
        assert bool(found["is_used"].iloc[0]) is wins
        factor = driver_factors([one], groups, found, starts, AS_OF)
        assert (factor == 1.0).all() == (not wins)


# --- sensing


def sensed_world(turns: bool, seed: int) -> tuple[Numbers, Numbers, Numbers]:
    """Five groups of 50 members; their demand turns by 30 % back and forth, or stays."""
    rng = np.random.default_rng(seed)
    weeks = 14
    turn = np.where(turns, rng.choice([0.7, 1.3], (5, 1)), 1.0)
    known = np.full((5, weeks), 50.0)
    actual = rng.poisson(known * 4.0 * turn).astype(float)
    return actual, known, np.full((5, weeks + 1), 4.0)


def test_a_level_that_lags_is_corrected_and_the_replay_says_so() -> None:
    found = sense(*sensed_world(True, 0))
    assert (found.error_with < 0.7 * found.error_without).all()
    assert found.origins == 12 and (np.abs(found.factor - 1.0) > 0.15).all()


def test_a_level_that_is_right_gains_nothing() -> None:
    found = sense(*sensed_world(False, 1))
    assert (np.abs(found.factor - 1.0) < 0.1).all()
    assert found.error_with.sum() > 0.97 * found.error_without.sum()


def test_the_replay_reads_no_week_after_its_origin() -> None:
    actual, known, level = sensed_world(True, 2)
    today = sense(actual, known, level).factor
    later = np.column_stack([actual, np.full(5, 9999.0)])
    earlier = sense(later[:, :-1], known, level).factor
    assert (today == earlier).all()
    assert (fading_factors(today, 8)[:, 4:] == 1.0).all()
