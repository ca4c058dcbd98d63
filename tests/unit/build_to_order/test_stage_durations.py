"""Durations and what remains: the published example, pools, censoring, coverage, no look ahead."""

from __future__ import annotations

import numpy as np
import pandas as pd

from optimization.build_to_order.lead_times.conformal import learn_stretch
from optimization.build_to_order.lead_times.durations import QUANTILE_COLUMNS, stage_durations
from optimization.build_to_order.lead_times.lookup import remaining_days
from optimization.build_to_order.lead_times.pace import PacedPassages, at_todays_pace, stage_paces
from optimization.build_to_order.lead_times.past_orders import Passages
from optimization.build_to_order.lead_times.remaining import Questions, draw_remaining
from optimization.contracts.order_inputs import MILESTONE_TEMPLATE, MTO_MILESTONE, MTO_ORDER
from optimization.order_parameters import LeadTimeParameters
from tests.benchmarks.lead_times import figures, judged, passages_of
from tests.order_histories import FIRST_DAY, frame_of, history

AS_OF = pd.Timestamp("2024-06-30")
NO_TEMPLATE = frame_of(MILESTONE_TEMPLATE)
EVEN = LeadTimeParameters(half_life_days=1e9)


def _orders(
    done: list[int], waiting: list[int], plant: str | None = "P1"
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Orders that took so many days from 1100 to 6000, and some that wait for so many."""
    days = [*done, *waiting]
    is_done = np.arange(len(days)) < len(done)
    order_date = pd.Series(
        [AS_OF - pd.Timedelta(days=d + (0 if not f else 5)) for d, f in zip(days, is_done, strict=True)]
    )
    delivered = order_date + pd.to_timedelta(pd.Series(days), unit="D")
    delivered = delivered.where(pd.Series(is_done))
    ids = [f"{plant}-{number}" for number in range(len(days))]
    orders = frame_of(
        MTO_ORDER,
        order_id=ids,
        location_id="D1",
        region="north",
        model="M",
        market="US",
        options="",
        order_date=order_date,
        order_status=np.where(is_done, "delivered", "open").astype(object),
        order_priority=1,
        order_weight=1.0,
        credit_status="approved",
        lead_time_class="standard",
        plant_id=plant,
        delivered_date=delivered,
    )
    told = [(i, "1100", d) for i, d in zip(ids, order_date, strict=True)]
    told += [(i, "6000", d) for i, d in zip(ids, delivered, strict=True) if pd.notna(d)]
    events = frame_of(
        MTO_MILESTONE,
        event_id=[f"{i}-{code}" for i, code, _ in told],
        order_id=[i for i, _, _ in told],
        milestone_code=[code for _, code, _ in told],
        event_at=pd.Series([day for _, _, day in told]),
    )
    return orders, events


def test_open_orders_are_censored_and_an_unreached_quantile_is_null() -> None:
    orders, events = _orders([20, 25, 25, 30, 34, 40, 48], [28, 45, 60])
    table, _ = stage_durations(orders, events, NO_TEMPLATE, AS_OF, EVEN)
    row = table[(table["pool_level"] == "all") & (table["scope"] == "to_delivery")].iloc[0]
    assert (row["duration_p50_days"], row["duration_p80_days"]) == (34.0, 48.0)
    assert pd.isna(row["duration_p90_days"])
    assert (row["sample_count"], row["open_order_count"]) == (7, 3)
    assert (row["status"], row["reason_code"]) == ("FALLBACK", "QUANTILE_NOT_REACHED")


def test_a_small_group_leans_on_the_wider_one_and_a_large_one_does_not() -> None:
    many = _orders([10, 20, 30, 40, 50] * 30, [], "P1")
    few = _orders([90, 90], [], "P2")
    orders, events = (pd.concat(pair, ignore_index=True) for pair in zip(many, few, strict=True))
    table, _ = stage_durations(orders, events, NO_TEMPLATE, AS_OF, EVEN)
    plants = table[(table["pool_level"] == "plant") & (table["scope"] == "to_delivery")].set_index("pool_key")
    assert plants.loc["P1", "duration_p50_days"] == 30.0
    assert plants.loc["P1", "reason_code"] == "OWN_POOL"
    assert 30.0 <= plants.loc["P2", "duration_p50_days"] < 90.0
    assert plants.loc["P2", "reason_code"] == "FEW_DURATIONS"
    asked = orders.iloc[[0, -1]].assign(plant_id=["P1", "unknown"])
    found = remaining_days(table, asked, "1100")
    assert found["order_id"].tolist() == asked["order_id"].tolist()
    assert found["p50_days"].tolist() == [30.0, 30.0]
    assert remaining_days(table, asked, "no such code")["p90_days"].isna().all()


def test_quantiles_rise_and_narrow_groups_have_their_rows() -> None:
    known = history(40, 20).known_at(FIRST_DAY + pd.Timedelta(weeks=35))
    table, report = stage_durations(
        known.order, known.milestone, NO_TEMPLATE, FIRST_DAY + pd.Timedelta(weeks=35), LeadTimeParameters()
    )
    days = table[list(QUANTILE_COLUMNS.values())].to_numpy()
    assert (np.diff(days, axis=1)[~np.isnan(np.diff(days, axis=1))] >= 0).all()
    assert set(table["pool_level"]) == {"plant_model_class", "plant_class", "plant", "all"}
    assert report["orders"] == len(known.order)


def test_nothing_after_the_business_date_is_read() -> None:
    whole, day = history(40, 10), FIRST_DAY + pd.Timedelta(weeks=30)
    known = whole.known_at(day)
    late = whole.milestone[whole.milestone["order_id"].isin(known.order["order_id"])]
    one, _ = stage_durations(known.order, known.milestone, NO_TEMPLATE, day, LeadTimeParameters())
    other, _ = stage_durations(known.order, late, NO_TEMPLATE, day, LeadTimeParameters())
    pd.testing.assert_frame_equal(one, other)


def test_no_orders_give_an_empty_table() -> None:
    table, _ = stage_durations(frame_of(MTO_ORDER), frame_of(MTO_MILESTONE), NO_TEMPLATE, AS_OF, EVEN)
    assert table.empty


# --- what remains


def _passages(totals: list[float], stays: list[float], is_done: list[bool]) -> Passages:
    """Orders of one pool that stayed in stage 0 and were handed over, or are still in it."""
    done = np.array(is_done)
    left = np.where(done, stays, np.nan)
    reached = np.stack([np.zeros(len(done)), left, np.where(done, totals, np.nan)], axis=1)
    ids = pd.Index([f"O{number}" for number in range(len(done))])
    return Passages(
        ids,
        pd.Index(["ordered", "built", "delivered"]),
        reached,
        np.array(totals, dtype=float),
        np.zeros((len(done), 4), dtype=np.int64),
    )


def _asked(past: Passages, age: float, today: float = 200.0) -> np.ndarray:
    # The pace is left alone: these orders are few, and what is tested is what is drawn.
    questions = Questions(0, np.array([age]), np.zeros((1, 4), dtype=np.int64))
    return draw_remaining(PacedPassages(past, past), questions, today, EVEN).days[0]


def test_only_orders_that_waited_as_long_answer() -> None:
    past = _passages([50.0] * 30 + [150.0] * 30, [10.0] * 30 + [60.0] * 30, [True] * 60)
    assert set(_asked(past, -1.0)) == {50.0, 150.0}
    assert set(_asked(past, 20.0)) == {130.0}


def test_with_few_answers_the_rest_begins_the_stage_anew() -> None:
    past = _passages([50.0] * 40 + [150.0] * 5, [10.0] * 40 + [60.0] * 5, [True] * 45)
    days = _asked(past, 20.0)
    assert {130.0} < set(days) <= {130.0, 50.0, 150.0}
    assert np.mean(days == 130.0) == 0.25


def test_open_orders_pass_their_weight_to_longer_ones() -> None:
    past = _passages(
        [20, 25, 25, 30, 34, 40, 48, 28, 45, 60], [1.0] * 7 + [99.0] * 3, [True] * 7 + [False] * 3
    )
    days = _asked(past, -1.0)
    assert (days[199], days[319], days[359]) == (34.0, 48.0, np.inf)


def test_where_the_record_is_too_short_the_rest_is_drawn_at_its_last_rate() -> None:
    # A tenth ends every ten days, followed for 160 days: the 90 % quantile, 219 days, was never seen.
    totals = np.ceil(-np.log(1.0 - (np.arange(400) + 0.5) / 400) * 95.0)
    seen = np.minimum(totals, 160.0)
    past = _passages(seen.tolist(), [1.0] * 400, (totals <= 160.0).tolist())
    days = _asked(past, -1.0)
    assert abs(days[359] - np.sort(totals)[359]) < 12.0
    assert (np.diff(days) >= 0).all()
    # Of which less than half was seen, nothing is said.
    short = _passages(np.minimum(totals, 50.0).tolist(), [1.0] * 400, (totals <= 50.0).tolist())
    assert _asked(short, -1.0)[359] == np.inf


def test_another_open_order_changes_no_prediction() -> None:
    past = _passages([50.0, 60, 70, 80] * 10, [10.0] * 40, [True] * 40)
    more = _passages([50.0, 60, 70, 80] * 10 + [0.0], [10.0] * 41, [True] * 40 + [False])
    assert _asked(past, -1.0).tolist() == _asked(more, -1.0).tolist()


def test_a_stage_that_became_slower_is_seen_in_the_orders_that_are_in_it() -> None:
    begun = np.arange(0.0, 360.0)
    stay = np.where(begun < 270, 20.0, 30.0) + np.arange(360) % 5
    reached = np.stack([begun, begun + stay, begun + stay], axis=1)
    ids = pd.Index([f"O{number:03d}" for number in range(360)])
    codes = pd.Index(["ordered", "built", "delivered"])
    past = Passages(ids, codes, reached, reached[:, -1], np.zeros((360, 4), dtype=np.int64)).known_at(350.0)
    pace = stage_paces(past, 350.0)
    assert pace[0, 0] - pace[0, 6] > 0.2
    paced = at_todays_pace(past, 350.0).paced
    assert 26.0 < np.median(paced.reached[100:150, 1] - paced.reached[100:150, 0]) < 36.0


def test_promises_are_kept_about_as_often_as_they_say() -> None:
    past = passages_of(history(90, 12, seed=3, wave=0.0))
    first = float(past.reached[:, 0].min()) + 7 * 45
    found = figures(judged(past, first, first + 7 * 25, LeadTimeParameters(conformal_orders=200)))
    assert 0.84 <= found["p90_kept"] <= 0.95
    assert found["p50_mae_days"] < found["fixed_mae_days"]
    assert found["median_window_days"] < found["fixed_window_kept_as_often_days"]


def test_without_delivered_orders_nothing_is_stretched() -> None:
    past = _passages([5.0], [9.0], [False])
    assert learn_stretch(past, 5.0, EVEN).factor.tolist() == [[1.0, 1.0]] * 3
