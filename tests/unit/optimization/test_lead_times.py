"""Lead times on known answers: censoring, pooling, two modes, what was known when, and the mixture."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from optimization.demand import distributions
from optimization.demand.kaplan_meier import kaplan_meier
from optimization.demand.lead_time_demand import lead_time_demand, mixture_quantiles
from optimization.demand.lead_times import estimate_lead_times, known_at, pooled_lead_times
from optimization.demand.pooled_survival import SLICES, Durations, group_curves, remaining_quantiles
from tests.benchmarks import lead_time as benchmark
from tests.science_frames import AS_OF, item_location, lead_time_sample

LEVELS = np.array([0.1, 0.25, 0.5, 0.8, 0.9])
DAYS = st.lists(st.tuples(st.integers(1, 60), st.booleans()), min_size=1, max_size=25)


def _durations(pairs: list[tuple[int, bool]]) -> Durations:
    days = np.array([day for day, _ in pairs], dtype=float)
    return Durations(days, np.array([is_open for _, is_open in pairs]), np.ones(len(pairs)))


def _one(n: int) -> np.ndarray:
    return np.zeros(n, dtype=np.int64)


# --- the estimator


@settings(max_examples=60, deadline=None)
@given(DAYS)
def test_without_a_parent_a_group_is_the_textbook_curve(pairs: list[tuple[int, bool]]) -> None:
    durations = _durations(pairs)
    curve = kaplan_meier(durations.days, durations.is_censored)
    found = group_curves(durations, _one(len(pairs)), 1, LEVELS)
    expected = [curve.quantile(level) for level in LEVELS]
    wanted = [curve.last_time if value is None else value for value in expected]
    assert found.quantiles[0].tolist() == wanted
    mean, sd = curve.moments()
    assert (found.mean[0], found.sd[0]) == (pytest.approx(mean), pytest.approx(sd, abs=1e-6))


@settings(max_examples=60, deadline=None)
@given(DAYS, DAYS, st.integers(0, 1_000_000))
def test_groups_do_not_touch_each_other_and_order_does_not_matter(
    one: list[tuple[int, bool]], two: list[tuple[int, bool]], seed: int
) -> None:
    both = _durations([*one, *two])
    group = np.repeat([0, 1], [len(one), len(two)])
    parent = np.tile(np.linspace(5.0, 50.0, SLICES), (2, 1))
    found = group_curves(both, group, 2, LEVELS, parent, 4.0)
    alone = group_curves(_durations(two), _one(len(two)), 1, LEVELS, parent[:1], 4.0)
    np.testing.assert_allclose(found.quantiles[1], alone.quantiles[0])
    np.testing.assert_allclose(found.mean[1], alone.mean[0])
    at = np.random.default_rng(seed).permutation(len(group))
    shuffled = Durations(both.days[at], both.is_censored[at], both.weight[at])
    again = group_curves(shuffled, group[at], 2, LEVELS, parent, 4.0)
    np.testing.assert_allclose(again.quantiles, found.quantiles)


@settings(max_examples=60, deadline=None)
@given(DAYS, st.integers(0, 24))
def test_an_order_that_turns_out_to_be_open_never_shortens_a_quantile(
    pairs: list[tuple[int, bool]], which: int
) -> None:
    done = _durations(pairs)
    censored = done.is_censored.copy()
    censored[which % len(pairs)] = True
    opened = Durations(done.days, censored, done.weight)
    parent = np.linspace(5.0, 50.0, SLICES)[None, :]
    before, after = (group_curves(each, _one(len(pairs)), 1, LEVELS, parent, 4.0) for each in (done, opened))
    assert (after.quantiles >= before.quantiles - 1e-9).all()
    assert after.mean[0] >= before.mean[0] - 1e-9


def test_a_group_without_durations_is_its_parent_and_with_many_it_is_its_own() -> None:
    parent = np.tile(np.linspace(10.0, 30.0, SLICES), (2, 1))
    many = Durations(np.full(5000, 50.0), np.zeros(5000, dtype=bool), np.ones(5000))
    found = group_curves(many, np.ones(5000, dtype=np.int64), 2, np.array([0.5]), parent, 20.0)
    assert found.mean[0] == pytest.approx(20.0)
    assert found.quantiles[0, 0] == pytest.approx(20.0, abs=0.6)
    assert found.quantiles[1, 0] == 50.0 and found.mean[1] == pytest.approx(50.0, abs=0.2)


def test_what_outlasts_every_finished_order_goes_on_as_the_parent_says() -> None:
    parent = np.linspace(10.0, 100.0, SLICES)[None, :]
    waiting = Durations(np.full(10, 60.0), np.ones(10, dtype=bool), np.ones(10))
    found = group_curves(waiting, _one(10), 1, np.array([0.5]), parent, 5.0).quantiles[0, 0]
    assert 60.0 < found < 100.0
    rest, left = remaining_quantiles(parent, np.array([60.0]), np.array([0.5, 0.9]))
    assert 60.0 < rest[0, 0] < rest[0, 1] <= 100.0 and 0 < left[0] < SLICES
    rest, left = remaining_quantiles(parent, np.array([100.0]), np.array([0.5]))
    assert np.isnan(rest).all() and left[0] == 0


def test_views_are_averaged_and_the_cell_leans_on_them() -> None:
    days = np.concatenate([np.full(400, 10.0), np.full(400, 30.0)])
    durations = Durations(days, np.zeros(800, dtype=bool), np.ones(800))
    vendor = np.concatenate([np.repeat([0, 1], 400), [0]])
    mode = np.concatenate([np.repeat([0, 1], 400), [1]])
    cell = np.concatenate([np.repeat([0, 1], 400), [2]])
    root, everyone = np.full((1, SLICES), 20.0), _one(801)
    views = [[everyone, vendor], [everyone, mode]]
    mean = pooled_lead_times(durations, views, cell, root, np.array([0.5])).mean
    assert mean[0] == pytest.approx(10.0, abs=0.6) and mean[1] == pytest.approx(30.0, abs=0.6)
    # never seen: vendor 0 usually takes 10 days, mode 1 usually 30
    assert mean[2] == pytest.approx(20.0, abs=0.6)


# --- the tables


def test_open_orders_lengthen_the_lead_time() -> None:
    days = [10.0, 12.0, 11.0, 13.0, 12.0, 10.0] * 4
    done, _, _ = estimate_lead_times(lead_time_sample(days), item_location(1), AS_OF)
    waiting = lead_time_sample([*days, 40.0, 45.0], [False] * 24 + [True] * 2)
    late, _, _ = estimate_lead_times(waiting, item_location(1), AS_OF)
    assert late.loc[0, "lead_time_days"] > done.loc[0, "lead_time_days"]
    assert late.loc[0, "lead_time_p95_days"] > done.loc[0, "lead_time_p95_days"]
    assert (late.loc[0, "sample_count"], late.loc[0, "open_order_count"]) == (26, 2)


def test_two_ways_of_delivering_stay_two() -> None:
    sample = lead_time_sample([5.0] * 320 + [15.0] * 80)
    frame, kept, _ = estimate_lead_times(sample, item_location(1, lead_time_days=10.0), AS_OF)
    assert frame.loc[0, "lead_time_p50_days"] == 5.0 and frame.loc[0, "lead_time_p90_days"] == 15.0
    # the master lead time keeps a trace of weight among the receipts
    assert kept["lead_time_days"].isin([5.0, 15.0]).sum() >= 18
    assert kept["lead_time_days"].is_monotonic_increasing and len(kept) == 20


def test_a_supplier_that_delivers_nothing_keeps_its_master_time_lengthened_by_waiting() -> None:
    frame, _, _ = estimate_lead_times(lead_time_sample([]), item_location(1), AS_OF)
    row = frame.iloc[0]
    assert (row["lead_time_days"], row["reason_code"], row["status"]) == (14.0, "lt_unverified", "FALLBACK")
    assert row["lead_time_sd_days"] == pytest.approx(0.3 * 14.0)
    assert row["lead_time_p90_days"] == pytest.approx(14.0 * (1 + 0.3 * 1.28155), rel=1e-4)
    waiting = lead_time_sample([40.0] * 10, [True] * 10)
    frame, _, _ = estimate_lead_times(waiting, item_location(1), AS_OF)
    assert frame.loc[0, "reason_code"] == "lt_unverified"
    assert frame.loc[0, "lead_time_p90_days"] >= 40.0


def test_few_receipts_lean_on_the_supplier() -> None:
    many = lead_time_sample([28.0] * 40, location_id="L2")
    few = lead_time_sample([14.0, 14.0], line_id="2")
    frame, _, _ = estimate_lead_times(pd.concat([many, few]), item_location(2), AS_OF)
    near = frame.set_index("location_id").loc["L1"]
    assert 14.0 < near["lead_time_days"] < 28.0
    assert near["reason_code"] == "lt_pooled"


def test_what_happened_after_the_business_date_is_not_read() -> None:
    now = lead_time_sample([12.0] * 30)
    ordered_later = lead_time_sample([500.0] * 50, line_id="3", ordered_date=AS_OF + pd.Timedelta(days=1))
    # on its way for ten days at the business date; that it will take 500 is not known yet
    arrives_later = lead_time_sample([500.0] * 9, line_id="4", ordered_date=AS_OF - pd.Timedelta(days=10))
    still_open = lead_time_sample(
        [10.0] * 9, [True] * 9, line_id="4", ordered_date=AS_OF - pd.Timedelta(days=10)
    )
    known, quantiles, _ = estimate_lead_times(pd.concat([now, still_open]), item_location(1), AS_OF)
    leaking = pd.concat([ordered_later, now, arrives_later], ignore_index=True)
    found, found_quantiles, _ = estimate_lead_times(leaking, item_location(1), AS_OF)
    pd.testing.assert_frame_equal(found, known)
    pd.testing.assert_frame_equal(found_quantiles, quantiles)
    assert known_at(leaking, AS_OF)["is_censored"].sum() == 9


def test_rows_in_another_order_give_the_same_table_and_a_bad_row_costs_only_itself() -> None:
    sample = pd.concat(
        [lead_time_sample([10.0, 20, 30, 25]), lead_time_sample([7.0, 9], location_id="L2", line_id="2")],
        ignore_index=True,
    )
    frame, kept, _ = estimate_lead_times(sample, item_location(2), AS_OF)
    shuffled = sample.sample(frac=1.0, random_state=3)
    again, kept_again, _ = estimate_lead_times(shuffled, item_location(2).iloc[::-1], AS_OF)
    pd.testing.assert_frame_equal(frame, again)
    pd.testing.assert_frame_equal(kept, kept_again)
    bad = lead_time_sample([np.nan, -3.0], line_id="9")
    poisoned, _, report = estimate_lead_times(pd.concat([sample, bad]), item_location(2), AS_OF)
    pd.testing.assert_frame_equal(poisoned, frame)
    assert report["samples_set_aside"] == 2


def test_older_orders_count_less() -> None:
    old = lead_time_sample([40.0] * 50, ordered_date=AS_OF - pd.Timedelta(days=2500))
    new = lead_time_sample([10.0] * 50, line_id="2")
    frame, _, _ = estimate_lead_times(pd.concat([old, new]), item_location(1), AS_OF)
    assert frame.loc[0, "lead_time_p50_days"] == 10.0
    assert frame.loc[0, "lead_time_days"] < 17.0


# --- demand over a random lead time


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.integers(1, 90), min_size=20, max_size=20),
    st.floats(0.01, 20.0),
    st.floats(1.0, 6.0),
    st.integers(0, 30),
)
@example([1] * 18 + [9] * 2, 11.0, 1.0, 0)
def test_raised_moments_do_not_understate_the_mixture(
    lead: list[int], rate: float, vmr: float, review: int
) -> None:
    one, group = np.ones(1), np.zeros(1, dtype=np.int64)
    days = np.sort(np.array([lead], dtype=float))
    found = lead_time_demand(rate * one, vmr * one, days, group, review * one)
    assert found.mean[0] == pytest.approx(rate * (days.mean() + review))
    assert found.moment_variance[0] == pytest.approx(vmr * found.mean[0] + rate**2 * days.var())
    assert found.moment_variance[0] <= found.variance[0] + 1e-9 <= 2.0 * found.moment_variance[0] + 1e-8
    levels = np.array([0.9, 0.95])
    exact = mixture_quantiles(rate * one, vmr * one, days, group, review * one, levels)
    mean = rate * (days + review)
    planned = distributions.quantiles(found.mean, found.variance, levels)
    reached = [distributions.cdf(each, mean, vmr * mean).mean() for each in planned[0]]
    # The raise ends at a factor of two, which two far modes can exhaust.
    assert (planned >= exact).all() or (np.array(reached) > levels - 0.03).all()


def test_a_lead_time_that_does_not_vary_raises_nothing() -> None:
    n = 5
    rate, vmr, review = np.linspace(0.0, 8.0, n), np.full(n, 2.0), np.full(n, 7.0)
    found = lead_time_demand(rate, vmr, np.full((1, 20), 14.0), _one(n), review)
    np.testing.assert_allclose(found.variance, found.moment_variance)
    np.testing.assert_allclose(found.mean, rate * 21.0)


# --- the benchmark on other data of its shape


def _deliveries(path: Path, first: str, vendors: list[str], gap: bool) -> Path:
    generator = np.random.default_rng(5)
    sent = pd.Timestamp(first) + pd.to_timedelta(generator.integers(0, 1000, 400), unit="D")
    frame = pd.DataFrame(
        {
            "PO / SO #": [f"SCMS-{number}" for number in range(400)],
            "Vendor": generator.choice(vendors, 400),
            "Shipment Mode": generator.choice(["Air", "Ocean", ""], 400),
            "Country": generator.choice(["A", "B"], 400),
            "PO Sent to Vendor Date": sent.strftime("%m/%d/%y"),
            "Delivered to Client Date": (
                sent + pd.to_timedelta(generator.integers(20, 160, 400), unit="D")
            ).strftime("%d-%b-%y"),
        }
    )
    if gap:
        frame = frame[~((sent.month == 3) & (sent.year == sent.year.min() + 1))]
    frame.loc[frame.index[:5], "PO Sent to Vendor Date"] = "Date Not Captured"
    frame.loc[frame.index[5], "Delivered to Client Date"] = "01-Jan-05"
    frame.loc[frame.index[6], "Vendor"] = "seen once"
    frame.to_csv(path, index=False)
    return path


def test_the_benchmark_runs_on_later_deliveries_with_gaps_and_new_vendors(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = _deliveries(tmp_path / "late.csv", "2013-01-01", ["x", "y", "z"], gap=True)
    assert benchmark.main(["--data", str(path), "--out", str(tmp_path / "out.json")]) == 0
    report = json.loads((tmp_path / "out.json").read_text())
    assert report["set_aside"]["no_order_date"] == 5
    assert report["set_aside"]["delivered_before_sent"] == 1
    ours = report["periods"]["all scored"]["methods"]["ours: vendor and lane"]
    assert 0.8 < ours["coverage"]["p90"] <= 1.0
    assert "P90 coverage" in capsys.readouterr().out


def test_the_benchmark_says_what_it_cannot_score(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert benchmark.main(["--data", str(tmp_path / "none.csv")]) == 0
    path = _deliveries(tmp_path / "open.csv", "2013-01-01", ["x"], gap=False)
    frame = pd.read_csv(path, dtype=str).assign(**{"Delivered to Client Date": ""})
    frame.to_csv(path, index=False)
    assert benchmark.main(["--data", str(path)]) == 0
    out = capsys.readouterr().out
    assert "is not there" in out and "no order of the file is delivered" in out
