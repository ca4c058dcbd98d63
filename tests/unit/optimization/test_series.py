"""What a week of history counts as."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from optimization.demand.series import weekly_series
from tests.science_frames import AS_OF, demand_history, item_location


def _series(history: pd.DataFrame, **columns: object):
    return weekly_series(item_location(1, **columns), history, AS_OF)


def test_a_partly_censored_week_is_scaled_and_a_mostly_censored_one_is_missing_not_zero() -> None:
    history = demand_history({"L1": [3.0, 4.0, 2.0]}, censored_days=[0, 2, 5])
    series = _series(history, first_demand_date=pd.NaT)
    assert series.units.tolist() == pytest.approx([3.0, 4.0 * 7 / 5])
    assert series.known_weeks.tolist() == [2]
    weeks = series.dense(np.array([0]))
    assert weeks.shape == (1, 3) and np.isnan(weeks[0, 2])


def test_absent_weeks_after_the_first_demand_are_observed_zeros() -> None:
    history = demand_history({"L1": [3.0, 0.0, 0.0, 1.0]})
    series = _series(history[history["demand_units"] > 0], first_demand_date=pd.NaT)
    assert series.dense(np.array([0])).tolist() == [[3.0, 0.0, 0.0, 1.0]]
    assert series.exponential_mean(1e9)[0] == pytest.approx(1.0)


def test_a_series_starts_when_the_item_was_first_stocked_even_before_its_first_demand() -> None:
    series = _series(demand_history({"L1": [2.0]}), first_demand_date=AS_OF - pd.Timedelta(days=27))
    assert series.n_weeks.tolist() == [4]


def test_the_running_week_and_the_future_are_not_read() -> None:
    history = demand_history({"L1": [1.0, 2.0, 999.0]})
    history["bucket_start_date"] += pd.Timedelta(weeks=1)
    assert _series(history, first_demand_date=pd.NaT).units.tolist() == [1.0, 2.0]


def test_an_implausible_week_is_missing_and_marks_its_series_only() -> None:
    history = demand_history({"L1": [1.0, 1e300, 2.0], "L2": [1.0, 1.0, 1.0]})
    series = weekly_series(item_location(2), history, AS_OF)
    assert series.is_poisoned.tolist() == [True, False]
    assert series.units.max() == 2.0


def test_the_closed_exponential_mean_equals_the_sum_over_the_dense_weeks() -> None:
    history = demand_history({"L1": [1.0, 5.0, 0.0, 2.0, 7.0]}, censored_days=[0, 6, 0, 0, 0])
    series = _series(history, first_demand_date=pd.NaT)
    weeks = series.dense(np.array([0]))[0]
    weight = 2.0 ** (-np.arange(5)[::-1] / 3.0)
    known = ~np.isnan(weeks)
    expected = (weeks[known] @ weight[known]) / weight[known].sum()
    assert series.exponential_mean(3.0)[0] == pytest.approx(expected)
