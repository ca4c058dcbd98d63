"""Splits of demand: they add up, are never negative, and do not hang on units, order or the future."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from optimization.contracts.inputs import CONSENSUS_PLAN
from optimization.demand.consensus import apply_plan
from optimization.demand.hierarchy import shared_rates
from optimization.demand.seasonality import SEASON_WEEKS, season_indices
from optimization.demand.segments import segment_shares
from optimization.demand.sensing import MOST_FACTOR, sense
from optimization.demand.series import weekly_series
from optimization.vehicles.mix import Choice, choose_units
from tests.science_frames import AS_OF, demand_history, item_location

MANY = settings(max_examples=60, deadline=None)
FEW = settings(max_examples=8, deadline=None)
counts = st.integers(0, 60).map(float)


@given(units=arrays.arrays(float, (6, 3), elements=counts), seed=st.integers(0, 99))
@MANY
def test_shares_of_segments_sum_to_one_for_any_counts_and_order(units: np.ndarray, seed: int) -> None:
    item, category = np.array([0, 0, 1, 1, 2, 3]), np.array([0, 0, 0, 0, 1, 1])
    share = segment_shares(units, item, category, 10.0)
    assert share.sum(axis=1) == pytest.approx(np.ones(6))
    assert (share >= 0).all()
    order = np.random.default_rng(seed).permutation(6)
    assert segment_shares(units[order], item[order], category[order], 10.0) == pytest.approx(share[order])


@given(
    units=arrays.arrays(float, 12, elements=counts),
    weeks=arrays.arrays(float, 12, elements=st.floats(0.0, 60.0)),
    seed=st.integers(0, 99),
)
@FEW
def test_vehicle_rates_are_finite_positive_and_of_any_order(
    units: np.ndarray, weeks: np.ndarray, seed: int
) -> None:
    frame = pd.DataFrame(
        {
            "model": np.repeat(["m", "n"], 6),
            "trim": np.repeat(["t", None], 6),
            "item_id": np.repeat(["a", "b", "c", "d"], 3),
            "location_id": np.tile(["x", "y", "z"], 4),
            "region": np.tile(["p", "p", "q"], 4),
        }
    )
    units = np.where(weeks > 0, units, 0.0)
    rate = shared_rates(frame, units, weeks)
    assert np.isfinite(rate).all() and (rate >= 0).all()
    order = np.random.default_rng(seed).permutation(12)
    again = shared_rates(frame.iloc[order], units[order], weeks[order])
    assert again == pytest.approx(rate[order], rel=1e-9)


@given(
    mean=arrays.arrays(float, 5, elements=st.floats(0.0, 4.0)),
    ratio=st.floats(1.0, 4.0),
    total=st.integers(0, 9),
    more=st.integers(0, 4),
)
@MANY
def test_more_places_never_take_a_unit_away(mean: np.ndarray, ratio: float, total: int, more: int) -> None:
    choice = Choice(mean, mean * ratio, np.array([0, 0, 1, 2, 2]), np.array([0, 0, 0, 1, 1]))
    few = choose_units(choice, total, (0.5, 0.3, 0.2))
    many = choose_units(choice, total + more, (0.5, 0.3, 0.2))
    assert few.sum() == total and many.sum() == total + more
    assert (many >= few).all()


@given(
    weekly=arrays.arrays(float, (4, 8), elements=st.floats(0.0, 50.0)),
    planned=st.floats(0.0, 900.0),
    narrow=st.floats(0.0, 900.0),
)
@FEW
def test_a_plan_is_split_without_loss_and_leaves_others_alone(
    weekly: np.ndarray, planned: float, narrow: float
) -> None:
    frame = item_location(4, category=["a", "a", "a", "b"])
    july = pd.Timestamp("2024-07-01")
    plan = pd.DataFrame(
        {
            "plan_version": "P1",
            "scope_level": "category",
            "scope": "a",
            "location_scope_level": ["all", "location_id"],
            "location_scope": ["*", "L1"],
            "bucket_start_date": july,
            "bucket_end_date": july + pd.offsets.MonthEnd(0),
            "planned_units": [planned, narrow],
            "plan_status": "approved",
            "is_approved": True,
            "approved_date": AS_OF,
            "submitted_by": None,
            "approved_by": None,
        }
    )
    for name in ("bucket_start_date", "bucket_end_date", "approved_date"):
        plan[name] = plan[name].astype("datetime64[ns]")
    series = weekly_series(frame, demand_history({"L1": [1.0] * 4}), AS_OF)
    found = apply_plan(frame, CONSENSUS_PLAN.validate(plan), series, weekly, AS_OF)
    # The four first weeks and three days of the fifth are July's.
    august = weekly[:, 4] * 4 / 7
    in_july = found.units[:, :4].sum(axis=1) + found.units[:, 4] - august
    assert in_july[0] == pytest.approx(narrow, abs=1e-6)
    assert in_july[:3].sum() == pytest.approx(max(planned, narrow), abs=1e-6)
    assert (found.units >= 0).all()
    assert (found.units[3] == weekly[3]).all() and found.reason[3] is None
    assert (found.units[:, 5:] == weekly[:, 5:]).all()


@given(seed=st.integers(0, 10_000), scale=st.floats(0.1, 50.0))
@FEW
def test_seasons_have_mean_one_and_know_no_units(seed: int, scale: float) -> None:
    rng = np.random.default_rng(seed)
    mean = rng.gamma(2.0, 3.0, (2, 130))
    mean[rng.random((2, 130)) < 0.1] = np.nan
    position = np.arange(130) % SEASON_WEEKS
    index = season_indices(mean, np.array([0, 0]), position)
    assert index.mean(axis=1) == pytest.approx([1.0, 1.0]) and (index > 0).all()
    assert season_indices(mean * scale, np.array([0, 0]), position) == pytest.approx(index)


@given(
    actual=arrays.arrays(float, (3, 14), elements=counts),
    level=arrays.arrays(float, (3, 15), elements=st.floats(0.0, 5.0)),
)
@MANY
def test_sensing_stays_within_bounds(actual: np.ndarray, level: np.ndarray) -> None:
    found = sense(actual, np.full((3, 14), 10.0), level)
    assert np.isfinite(found.factor).all()
    assert ((found.factor > 0) & (found.factor <= MOST_FACTOR)).all()
    assert (found.error_with >= 0).all() and (found.standard_error >= 0).all()
