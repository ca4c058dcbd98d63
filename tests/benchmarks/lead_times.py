"""Delivery promises walk-forward: are they kept as often as they say, how wide are they, do alerts help?

    python -m tests.benchmarks.lead_times [--weeks 20] [--per-week 20] [--seeds 1] [--generated LOCATIONS]

Orders are simulated (`tests.order_histories`: stages that are long together, plants that differ,
congestion, lead times that go up and down), or taken from the demo's generator. Every week the product's
own estimator sees what was known on that day and promises to the orders placed in that week; the promise
is judged when all has come. It is compared with a fixed lead time, the P50 and P90 of all delivered
orders, and its window (P10 to P90) also with that of the fixed lead time that would have been kept as
often, chosen in hindsight. The same is then done on the real vehicles' way from the port to the dealer.
Of these promises only those are judged whose day lies ten days before the record's last one or earlier:
whether a promise is judged is then known when it is made, and does not hang on what came of it.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from optimization.build_to_order.lead_times.conformal import PastScores, learn_stretch, past_scores
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
LEVELS = (0.1, 0.5, 0.75, 0.8, 0.85, 0.9)
GENERATED_END = 19_523
_TEXTS = ("order_id", "location_id", "model", "market", "options", "order_status", "plant_id")
_DATES = ("order_date", "delivered_date", "cancelled_date")
FIXED_LEVELS = (0.1, 0.5, 0.9, 0.92, 0.94, 0.95, 0.96, 0.97, 0.98, 0.99)
RISKS = {
    "late": 0.5,
    "at_risk": LeadTimeParameters.at_risk_probability,
    "p90_after_promise": 0.1,
}
PLAN_SLACK_DAYS = 3.0
LEARNT_WEEKS = 50
MISSES = 10
PORT, PORT_FIRST_DAY = 2, 11.0
BURN_IN_DAYS = 5
WAY = ("Factory to port", "Port to dealer", "At dealer")


def passages_of(past: History) -> Passages:
    """Whole passages of a history, all that ever came among them."""
    end = past.milestone["event_at"].max() + pd.Timedelta(days=1)
    return passages(past.order, resolve(past.milestone, pd.DataFrame(), end), end)


def judged(past: Passages, first: float, last: float, parameters: LeadTimeParameters) -> pd.DataFrame:
    """Promises made every week in [first, last] to what is new in that week, and what came of them.

    New are the orders placed within the week, in whatever stage they are.
    """
    remembered: dict[float, PastScores] = {}

    def scores_of(whole: Passages, origin: float, given: LeadTimeParameters) -> PastScores:
        if origin not in remembered:
            remembered[origin] = past_scores(whole, origin, given)
        return remembered[origin]

    frames = []
    for today in np.arange(first, last + 1, 7.0):
        known = past.known_at(today)
        position = np.flatnonzero(past.reached[:, 0] <= today)
        stage, row = known.stage, np.arange(len(known.order_id))
        entered = known.reached[row, stage]
        since = known.reached[:, 0]
        is_new = known.is_open_on(today) & (since > today - 7)
        history = at_todays_pace(known, today)
        stretch = learn_stretch(past, today, parameters, scores_of)
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
    # And the other way about: the level of ours that is kept as often as the fixed one.
    ours = [f"p{round(100 * v)}" for v in LEVELS[2:]]
    least = next((name for name in ours if kept(name) >= kept("fixed_p90")), ours[-1])
    found = {
        "asked": float(asked),
        "promised": float(len(frame)),
        "still_open_share": float(frame["is_censored"].mean()),
        "p90_kept": kept("p90"),
        "p50_kept": kept("p50"),
        "p90_kept_without_correction": kept("raw_p90"),
        "fixed_p90_kept": kept("fixed_p90"),
        "median_window_days": float((frame["p90"] - frame["p10"]).median()),
        "window_kept_as_often_as_fixed_days": float((frame[least] - frame["p10"]).median()),
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
    remembered: dict[float, PastScores] = {}

    def scores_of(whole: Passages, origin: float, given: LeadTimeParameters) -> PastScores:
        if origin not in remembered:
            remembered[origin] = past_scores(whole, origin, given)
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


@dataclass(frozen=True)
class Sightings:
    """The real vehicles' rows, sorted by unit and first day: `first` and `last` (n,) are day numbers."""

    unit: np.ndarray
    status: np.ndarray
    first: np.ndarray
    last: np.ndarray
    named: pd.DataFrame


def vehicle_sightings() -> Sightings:
    """Read the committed sample; names are those first told of each vehicle."""
    seen = pd.read_parquet(VEHICLES)
    seen = seen[seen["status"].isin(WAY)].sort_values(["unit_id", "valid_from", "seg"], kind="stable")
    unit, names = pd.factorize(seen["unit_id"], sort=True)
    return Sightings(
        unit,
        pd.Index(WAY).get_indexer(pd.Index(seen["status"])),
        day_numbers(pd.to_datetime(seen["valid_from"])),
        day_numbers(pd.to_datetime(seen["valid_to"])),
        seen.groupby("unit_id", sort=True)[["series", "state", "dealer_id"]].first().reindex(names),
    )


def vehicle_passages(seen: Sightings, day: float) -> Passages:
    """The vehicles first seen on their way, as all was known at the end of `day`.

    The stage in which a vehicle was first seen in the record's first days began before it: that stage is
    left out, a later one counts. (The listing misses a quarter of them on any day, so that those of the
    second and third day are no newer than those of the first.) A vehicle on its way that was missing for
    ten days was handed over on the first of them, as the demo's own reading has it; one that is missing
    for less is censored on the day it was seen last.
    """
    kept = seen.first <= day
    unit, status, count = seen.unit[kept], seen.status[kept], len(seen.named)
    begun = np.full((count, 3), np.inf)
    np.minimum.at(begun, (unit, status), seen.first[kept])
    last = np.full(count, -np.inf)
    np.maximum.at(last, unit, np.minimum(seen.last[kept], day))
    # On its way ends at the dealer, or with the first gap of ten days.
    upto = np.minimum(seen.last[kept], day)
    same = np.r_[unit[1:] == unit[:-1], False]
    following = np.where(same, np.r_[seen.first[kept][1:], np.inf], day + 1)
    gap = np.full(count, np.inf)
    vanished = following - upto > MISSES
    np.minimum.at(gap, unit[vanished], upto[vanished] + 1)
    ended = np.minimum(begun[:, 2], gap)
    first = begun.min(axis=1)
    port = np.where(begun[:, 1] < ended, begun[:, 1], np.nan)
    factory = np.where(begun[:, 0] < np.fmin(port, ended), begun[:, 0], np.nan)
    reached = np.column_stack([first, factory, port, np.where(np.isinf(ended), np.nan, ended)])
    end = np.where(np.isinf(ended), last, ended)
    is_new = first > seen.first.min() + BURN_IN_DAYS
    reached[~is_new, 1] = np.nan
    known = np.isfinite(first) & (first < ended) & (is_new | (port > first))
    # Whether it was ever seen between factory and port: who was not comes another way, and takes longer.
    way = pd.Series(np.where(np.isfinite(begun[:, 0]), "|factory", "|port"), index=seen.named.index)
    groups = seen.named["dealer_id"] + way, seen.named["state"] + way, way, way
    pool = np.stack([pd.factorize(key, sort=True)[0] for key in groups], axis=1).astype(np.int64)
    codes = pd.Index(["seen", "factory_to_port", "port_to_dealer", "at_dealer"])
    return Passages(seen.named.index, codes, reached, end, pool).chosen(known)


def vehicle_promises(parameters: LeadTimeParameters) -> pd.DataFrame:
    """Promises every third day to what came to its way from the port since, and what came of them.

    Only what was known on the day is read. Compared with the P10, P50 and P90 of the finished ones.
    """
    seen = vehicle_sightings()
    first, last = float(seen.first.min()), float(seen.last.max())
    truth = vehicle_passages(seen, last)
    delivered = pd.Series(truth.delivered, index=truth.order_id)
    frames = []
    for today in np.arange(first + PORT_FIRST_DAY, last - MISSES, 3.0):
        past = vehicle_passages(seen, today)
        entered = past.reached[:, PORT]
        fresh = np.flatnonzero(past.is_open_on(today) & (past.stage == PORT) & (entered > today - 3))
        if not len(fresh):
            continue
        asked = Questions(PORT, today - entered[fresh], past.pool[fresh])
        draws = draw_remaining(at_todays_pace(past, today), asked, today, parameters)
        days = learn_stretch(past, today, parameters).applied(draws, PORT, parameters.promise_quantile)
        fixed = np.nanquantile(past.delivered - entered, FIXED_LEVELS)
        values = {f"p{round(100 * v)}": days[:, place(v, days.shape[1])] for v in LEVELS}
        values |= {
            f"fixed_p{round(100 * v)}": fixed[k] - today + entered[fresh] for k, v in enumerate(FIXED_LEVELS)
        }
        arrived = delivered.reindex(past.order_id[fresh]).to_numpy(np.float64)
        is_open = np.isnan(arrived) | (arrived > last - MISSES)
        # What came on a later day, or is still to come, missed every promise that is judged.
        actual = np.where(is_open, last - MISSES + 1, arrived) - today
        way = np.where(past.pool[fresh, -1] == 0, "seen_from_the_factory", "first_seen_at_the_port")
        values |= {"raw_p90": draws.quantiles(0.9), "actual": actual}
        told = pd.DataFrame(values).assign(is_censored=is_open, way=way, today=today)
        frames.append(told.assign(followed=last - MISSES - today))
    return pd.concat(frames, ignore_index=True)


def vehicle_figures(frame: pd.DataFrame) -> dict[str, Any]:
    """Figures of the promises that came due within the record, by way; and of all quantiles that did."""
    found: dict[str, Any] = {}
    for name, rows in [("all", frame), *frame.groupby("way")]:
        due = rows[np.ceil(rows["p90"]) <= rows["followed"]]
        halves = rows[np.ceil(rows["p50"]) <= rows["followed"]]
        found[str(name)] = {
            "asked": len(rows),
            "with_a_p90": int(np.isfinite(rows["p90"]).sum()),
            "due": len(due),
            "p90_kept": round(float((due["actual"] <= np.ceil(due["p90"])).mean()), 3),
            "p50_kept": round(float((halves["actual"] <= np.ceil(halves["p50"])).mean()), 3),
            **{key: value for key, value in figures(due).items() if "window" in key or "fixed_p90" in key},
        }
    return found


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
    parser.add_argument("--rising", action="store_true", help="lead times rise by a third in 40 weeks")
    given = parser.parse_args()
    parameters = LeadTimeParameters()
    started = time.process_time()
    parts, watched = [], {}
    for seed in range(1, given.seeds + 1):
        source = (
            generated(given.generated)
            if given.generated
            else history(
                LEARNT_WEEKS + given.weeks + 30,
                given.per_week,
                seed,
                rising_from=LEARNT_WEEKS if given.rising else None,
            )
        )
        past = passages_of(source)
        first = float(past.reached[:, 0].min()) + 7 * LEARNT_WEEKS
        parts.append(judged(past, first, first + 7 * given.weeks, parameters))
        watched = alerts(past, first, first + 7 * min(given.weeks, 20), parameters)
    result = {
        "promises": figures(pd.concat(parts, ignore_index=True)),
        "alerts": watched,
        "vehicles_port_to_dealer": vehicle_figures(vehicle_promises(parameters)),
        "cpu_seconds": round(time.process_time() - started, 1),
    }
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
