"""Delivery promises walk-forward: are they kept as often as they say, how wide are they, do alerts help?

    python -m tests.benchmarks.lead_times [--weeks 20] [--per-week 20] [--seeds 1] [--generated LOCATIONS]

Orders are simulated (`tests.order_histories`: stages that are long together, plants that differ,
congestion, lead times that go up and down), or taken from the demo's generator. Every week the product's
own estimator sees what was known on that day and promises to the orders placed in that week; the promise
is judged when all has come. It is compared with a fixed lead time, the P50 and P90 of all delivered
orders, and its window (P10 to P90) also with that of the fixed lead time that would have been kept as
often, chosen in hindsight. The same is then done on the real vehicles' way from the port to the dealer,
where what had not arrived on the record's last day is censored, so that the share kept is a
product-limit estimate.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from optimization.build_to_order.lead_times.conformal import WeekScores, learn_stretch, week_scores
from optimization.build_to_order.lead_times.pace import at_todays_pace
from optimization.build_to_order.lead_times.past_orders import Passages, day_numbers, passages
from optimization.build_to_order.lead_times.remaining import Questions, draw_remaining, place
from optimization.build_to_order.milestones.resolving import resolve
from optimization.contracts.order_columns import LEAD_TIME_CLASSES
from optimization.contracts.order_inputs import MTO_MILESTONE, MTO_ORDER
from optimization.demand.kaplan_meier import kaplan_meier
from optimization.order_parameters import LeadTimeParameters
from orchestration.ims.generator.demand import Horizon
from orchestration.ims.generator.documents import Names
from orchestration.ims.generator.equipment import equipment_source, equipment_tables
from tests.order_histories import History, frame_of, history

VEHICLES = Path("orchestration/ims/demo/data/vehicle_intervals.parquet")
LEVELS = (0.1, 0.5, 0.9)
GENERATED_END = 19_523
_TEXTS = ("order_id", "location_id", "model", "market", "options", "order_status", "plant_id")
_DATES = ("order_date", "delivered_date", "cancelled_date")
FIXED_LEVELS = (0.1, 0.5, 0.9, 0.92, 0.94, 0.95, 0.96, 0.97, 0.98, 0.99)
RISKS = {"late": 0.5, "at_risk": 0.1}
PLAN_SLACK_DAYS = 3.0
LEARNT_WEEKS = 50
WAY = ("Factory to port", "Port to dealer", "At dealer")


def passages_of(past: History) -> Passages:
    """Whole passages of a history, all that ever came among them."""
    end = past.milestone["event_at"].max() + pd.Timedelta(days=1)
    return passages(past.order, resolve(past.milestone, pd.DataFrame(), end), end)


def judged(
    past: Passages, first: float, last: float, parameters: LeadTimeParameters, only: int | None = None
) -> pd.DataFrame:
    """Promises made every week in [first, last] to what is new in that week, and what came of them.

    New are the orders placed within the week, in whatever stage they are; with `only`, what began that
    stage within the week.
    """
    remembered: dict[float, WeekScores] = {}

    def scores_of(whole: Passages, origin: float, given: LeadTimeParameters) -> WeekScores:
        if origin not in remembered:
            remembered[origin] = week_scores(whole, origin, given)
        return remembered[origin]

    frames = []
    for today in np.arange(first, last + 1, 7.0):
        known = past.known_at(today)
        position = np.flatnonzero(past.reached[:, 0] <= today)
        stage, row = known.stage, np.arange(len(known.order_id))
        entered = known.reached[row, stage]
        is_new = known.is_open_on(today) & ((entered if only else known.reached[:, 0]) > today - 7)
        if only:
            is_new &= stage == only
        history = at_todays_pace(known, today)
        stretch = learn_stretch(past, today, parameters, scores_of)
        since = known.reached[:, only] if only else known.reached[:, 0]
        whole = (known.delivered - since)[since > today - parameters.history_days]
        fixed = np.nanquantile(whole, FIXED_LEVELS)
        for column in sorted(set(stage[is_new])):
            fresh = np.flatnonzero(is_new & (stage == column))
            age = today - entered[fresh]
            draws = draw_remaining(history, Questions(column, age, known.pool[fresh]), today, parameters)
            days = stretch.applied(draws, column, parameters.promise_quantile)
            truth = position[fresh]
            is_open = np.isnan(past.delivered[truth])
            end = np.where(is_open, past.end[truth], past.delivered[truth])
            values = {f"p{round(100 * v)}": days[:, place(v, days.shape[1])] for v in LEVELS}
            values |= {
                f"fixed_p{round(100 * v)}": fixed[k] - today + since[fresh]
                for k, v in enumerate(FIXED_LEVELS)
            }
            values |= {"raw_p90": draws.quantiles(0.9), "actual": end - today, "is_censored": is_open}
            frames.append(pd.DataFrame(values).assign(today=today))
    return pd.concat(frames, ignore_index=True)


def figures(frame: pd.DataFrame) -> dict[str, float]:
    """Shares kept and widths; with censored truths the shares are product-limit estimates.

    What got no promise, because the record is too short to say its P90, is counted and left out.
    """
    promised = np.isfinite(frame["p90"])
    asked, frame = len(frame), frame[promised]
    done = frame[~frame["is_censored"]]

    def kept(column: str) -> float:
        late = (frame["actual"] - frame[column]).to_numpy(np.float64)
        curve = kaplan_meier(late, frame["is_censored"].to_numpy(dtype=bool))
        before = np.flatnonzero(curve.times <= 0)
        return float(1.0 - curve.survival[before[-1]]) if len(before) else 0.0

    # The fixed lead time that is kept as often, chosen in hindsight.
    same = next((v for v in FIXED_LEVELS[2:] if kept(f"fixed_p{round(100 * v)}") >= kept("p90")), None)
    alike = frame[f"fixed_p{round(100 * (same or FIXED_LEVELS[-1]))}"]
    found = {
        "asked": float(asked),
        "promised": float(len(frame)),
        "still_open_share": float(frame["is_censored"].mean()),
        "p90_kept": kept("p90"),
        "p50_kept": kept("p50"),
        "p90_kept_without_correction": kept("raw_p90"),
        "fixed_p90_kept": kept("fixed_p90"),
        "median_window_days": float((frame["p90"] - frame["p10"]).median()),
        "fixed_window_days": float((frame["fixed_p90"] - frame["fixed_p10"]).median()),
        "fixed_window_kept_as_often_days": float((alike - frame["fixed_p10"]).median()),
        "median_promise_days": float(frame["p90"].median()),
        "fixed_promise_kept_as_often_days": float(alike.median()),
        "fixed_promise_days": float(frame["fixed_p90"].median()),
        "p50_mae_days": float((done["actual"] - done["p50"]).abs().mean()),
        "fixed_mae_days": float((done["actual"] - done["fixed_p50"]).abs().mean()),
    }
    return {name: round(value, 3) for name, value in found.items()}


def alerts(past: Passages, first: float, last: float, parameters: LeadTimeParameters) -> dict[str, Any]:
    """Orders placed in [first, last], promised in their week and watched weekly until they are judged.

    An order is late when it comes after its promise. An alert counts when it was given before the
    promised day; days of warning run from the first alert to that day. The rule it is compared with
    alerts when a milestone is not there three days after its plan, the plan being the median days to it.
    """
    remembered: dict[float, WeekScores] = {}

    def scores_of(whole: Passages, origin: float, given: LeadTimeParameters) -> WeekScores:
        if origin not in remembered:
            remembered[origin] = week_scores(whole, origin, given)
        return remembered[origin]

    count = len(past.order_id)
    promise, planned_alert = np.full(count, np.nan), np.full(count, np.inf)
    alert = {name: np.full(count, np.inf) for name in RISKS}
    for today in np.arange(first, last + 150, 7.0):
        known, position = past.known_at(today), np.flatnonzero(past.reached[:, 0] <= today)
        stage, row = known.stage, np.arange(len(position))
        watched = known.is_open_on(today) & (known.reached[:, 0] > first) & (known.reached[:, 0] <= last)
        history_now, stretch = at_todays_pace(known, today), learn_stretch(past, today, parameters, scores_of)
        over = known.delivered - known.reached[:, 0] > 0
        offsets = (known.reached - known.reached[:, :1])[over]
        told = ~np.isnan(offsets).all(axis=0)
        plan = np.full(offsets.shape[1], np.nan)
        plan[told] = np.nanmedian(offsets[:, told], axis=0)
        for column in sorted(set(stage[watched])):
            inside = np.flatnonzero(watched & (stage == column))
            age = today - known.reached[row, stage][inside]
            draws = draw_remaining(history_now, Questions(column, age, known.pool[inside]), today, parameters)
            days = today + stretch.applied(draws, column, parameters.promise_quantile)
            where = position[inside]
            new = np.isnan(promise[where])
            promise[where[new]] = np.ceil(days[new, place(0.9, days.shape[1])])
            due = past.reached[where, :1] + plan + PLAN_SLACK_DAYS
            missed = np.where((past.reached[where] > due) | np.isnan(past.reached[where]), due + 1, np.inf)
            planned_alert[where[new]] = np.nanmin(missed[new, 1:], axis=1, initial=np.inf)
            risk = (days > promise[where][:, None]).mean(axis=1)
            for name, limit in RISKS.items():
                fires = (risk > limit) & ~new
                alert[name][where[fires]] = np.minimum(alert[name][where[fires]], today)
    judged_orders = np.isfinite(promise) & ~np.isnan(past.delivered)
    late = past.delivered > promise
    found = {}
    for name, day in {**alert, "plan_plus_3_days": planned_alert}.items():
        given = judged_orders & (day <= promise) & (day < past.delivered)
        right = given & late
        found[name] = {
            "precision": round(float(right.sum() / max(given.sum(), 1)), 3),
            "recall": round(float(right.sum() / max((late & judged_orders).sum(), 1)), 3),
            "median_days_of_warning": float(np.median((promise - day)[right])) if right.any() else 0.0,
            "alerts_per_100_orders": round(100 * float(given.sum() / max(judged_orders.sum(), 1)), 1),
        }
    return {
        "orders": int(judged_orders.sum()),
        "late_share": round(float(late[judged_orders].mean()), 3),
    } | found


def vehicle_passages() -> Passages:
    """The real vehicles that were first seen on their way, from that day to the dealer or their last sight.

    A vehicle that was seen on the record's first day began before it, and is left out. One that vanished
    before it arrived is censored on the day it was seen last.
    """
    seen = pd.read_parquet(VEHICLES)
    seen = seen[seen["status"].isin(WAY)].assign(
        day=pd.to_datetime(seen["valid_from"]), last=pd.to_datetime(seen["valid_to"])
    )
    by_unit = seen.groupby("unit_id", sort=True)
    begun = seen.groupby(["unit_id", "status"])["day"].min().unstack().reindex(columns=list(WAY))
    first, last = by_unit["day"].min(), by_unit["last"].max()
    named = by_unit[["series", "state"]].first()
    days = np.column_stack([day_numbers(first), *(day_numbers(begun[status]) for status in WAY)])
    # A status told after a later one is a flicker of the listing.
    days[:, 2] = np.where(days[:, 2] >= days[:, 3], np.nan, days[:, 2])
    days[:, 1] = np.where(days[:, 1] >= np.fmin(days[:, 2], days[:, 3]), np.nan, days[:, 1])
    end = np.where(np.isnan(days[:, 3]), day_numbers(last), days[:, 3])
    kept = (first > seen["day"].min() + pd.Timedelta(days=1)).to_numpy() & (days[:, 0] != days[:, 3])
    keys = [named["series"] + "|" + named["state"], named["series"], named["series"], named["series"].str[:0]]
    pool = np.stack([pd.factorize(key, sort=True)[0] for key in keys], axis=1).astype(np.int64)
    codes = pd.Index(["seen", "factory_to_port", "port_to_dealer", "at_dealer"])
    return Passages(pd.Index(named.index), codes, days, end, pool).chosen(kept)


def generated(locations: int, days: int = 900) -> History:
    """Orders and events of the generator that the demo uses, as known on its last day."""
    source = equipment_source(
        3, locations, Horizon(GENERATED_END - days + 1, GENERATED_END), Names("generator")
    )
    tables = equipment_tables(source, None, GENERATED_END)
    told = tables["mto_milestone"].to_pandas()
    known = tables["mto_order"].to_pandas()
    known = known[known["order_status"] != "quoted"].reset_index(drop=True)
    classes = np.array(LEAD_TIME_CLASSES, dtype=object)[source.tables.orders.lead_time_class]
    by_id = pd.Series(classes, index=source.tables.ids.to_pylist())
    order = frame_of(
        MTO_ORDER,
        region="-",
        order_priority=1,
        order_weight=1.0,
        credit_status="approved",
        lead_time_class=by_id.reindex(known["order_id"]).to_numpy(),
        **{name: known[name].to_numpy(dtype=object) for name in _TEXTS},
        **{name: pd.to_datetime(known[name]).astype("datetime64[ns]") for name in _DATES},
    )
    moment = pd.to_datetime(told["event_at"], utc=True).dt.tz_localize(None).astype("datetime64[ns]")
    texts = {name: told[name].to_numpy(dtype=object) for name in ("event_id", "order_id", "milestone_code")}
    return History(order, frame_of(MTO_MILESTONE, **texts, event_at=moment))


def main() -> None:
    """Print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--weeks", type=int, default=20, help="weeks that are judged")
    parser.add_argument("--per-week", type=int, default=20)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--generated", type=int, metavar="LOCATIONS", help="judge the demo's generator")
    given = parser.parse_args()
    parameters = LeadTimeParameters()
    started = time.process_time()
    parts, watched = [], {}
    for seed in range(1, given.seeds + 1):
        source = (
            generated(given.generated)
            if given.generated
            else history(LEARNT_WEEKS + given.weeks + 30, given.per_week, seed)
        )
        past = passages_of(source)
        first = float(past.reached[:, 0].min()) + 7 * LEARNT_WEEKS
        parts.append(judged(past, first, first + 7 * given.weeks, parameters))
        watched = alerts(past, first, first + 7 * min(given.weeks, 20), parameters)
    vehicles = vehicle_passages()
    start = float(vehicles.reached[:, 0].min())
    arrivals = judged(vehicles, start + 28, start + 42, parameters, only=2)
    result = {
        "promises": figures(pd.concat(parts, ignore_index=True)),
        "alerts": watched,
        "vehicles_port_to_dealer": figures(arrivals),
        "cpu_seconds": round(time.process_time() - started, 1),
    }
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
