"""Promotions, holidays, price changes and launches: what they did to demand, kept apart from the base.

An effect is learnt per kind of event and category from the ratio of demand in its weeks to demand
around them, and is drawn to the plan and to what the kind does elsewhere. Event weeks say nothing
about the base. An event counts from its published_date on and never before.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from optimization.demand.pooling import (
    SCOPE_COLUMNS,
    GroupWeeks,
    Signatures,
    shrink,
    signatures,
    weekly_noise,
)
from optimization.demand.weeks import covered_share, days_of, week_starts

Numbers = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

# Longer than this an event has become the level, which adapts by itself.
MOST_EVENT_DAYS = 56
# Pull-forward: demand that a promotion took from the weeks after it.
AFTER_PROMO = "promo_after"
AFTER_PROMO_DAYS = 14
# Weeks on either side that tell what demand would have been.
BASE_WEEKS = 8
LEAST_BASE_WEEKS = 3
# Spread of log effects between categories of one kind, and of a kind about its plan.
WITHIN_KIND_SD = 0.2
KIND_SD = 0.4
LEAST_FACTOR, MOST_FACTOR = 0.1, 10.0
# With more of its weeks under events a group has little base left; its history is divided instead.
MOST_MASKED_SHARE = 0.5


@dataclass(frozen=True)
class EventWeeks:
    """Where events lie: `share` (events, weeks) of each week's days, and the `groups` they name.

    `table` lists the events: effect, log_plan (NaN without a plan) and the position `scope` in
    `groups.member`. The weeks are those of the history, then those ahead.
    """

    table: pd.DataFrame
    share: Numbers
    groups: Signatures

    def of_group(self, group: int) -> Integers:
        """Events that name this group."""
        return np.flatnonzero(self.groups.member[group][self.table["scope"].to_numpy()])


def event_weeks(
    item_location: pd.DataFrame, demand_event: pd.DataFrame, as_of: pd.Timestamp, weeks: int, horizon: int
) -> EventWeeks:
    """Lay the events that are published by `as_of` over `weeks` of history and `horizon` ahead.

    The fortnight after a promotion is an event of its own. A planned uplift of 1 states no plan.
    """
    known = demand_event[
        (demand_event["published_date"] <= as_of) & (demand_event["scope_level"] != "unknown")
    ].sort_values("event_id", kind="stable", ignore_index=True)
    scopes = (
        known[SCOPE_COLUMNS].drop_duplicates(ignore_index=True).sort_values(SCOPE_COLUMNS, ignore_index=True)
    )
    at = pd.MultiIndex.from_frame(scopes).get_indexer(pd.MultiIndex.from_frame(known[SCOPE_COLUMNS]))
    first, last = days_of(known["start_date"]), days_of(known["end_date"])
    last = np.minimum(last, first + np.timedelta64(MOST_EVENT_DAYS - 1, "D"))
    plan = known["planned_uplift"].to_numpy(dtype=np.float64, na_value=np.nan)
    stated = np.isfinite(plan) & (plan > 0) & (plan != 1.0)
    table = pd.DataFrame(
        {
            "effect": known["event_type"].to_numpy(dtype=object),
            "log_plan": np.where(stated, np.log(np.where(stated, plan, 1.0)), np.nan),
            "scope": at.astype(np.int64),
        }
    )
    starts = week_starts(as_of, weeks, horizon)
    share = covered_share(starts, first, last)
    is_promo = (table["effect"] == "promo").to_numpy()
    after = table[is_promo].assign(effect=AFTER_PROMO, log_plan=np.nan)
    day = np.timedelta64(1, "D")
    dip = covered_share(starts, last[is_promo] + day, last[is_promo] + AFTER_PROMO_DAYS * day)
    # A week that the promotion touches is the promotion's.
    dip[share[is_promo] > 0] = 0.0
    return EventWeeks(
        pd.concat([table, after], ignore_index=True),
        np.vstack([share, dip]),
        signatures(item_location, scopes),
    )


def learn_events(events: EventWeeks, totals: GroupWeeks) -> pd.DataFrame:
    """Effect per kind of event and category; `totals` are the groups' weeks of history.

    Returns category, effect, effect_value (factor at the mean plan), planned_uplift (NaN without),
    standard_error (of the factor) and sample_count (events). With D the demand of the event's weeks,
    B what the weeks around them let expect and E = B weighted by the share of event days, the own
    factor is 1 + Σ(D − B)/ΣE over the events; its log less the mean log plan is shrunk to the kind
    and to 0 (`pooling.shrink`).
    """
    cell = _cells(events, totals)
    pairs, at = np.unique(cell[["effect", "category"]].to_numpy(dtype=str), axis=0, return_inverse=True)
    at = at.reshape(-1)

    def _sum(values: Numbers) -> Numbers:
        return np.asarray(np.bincount(at, weights=values, minlength=len(pairs)), dtype=np.float64)

    exposed, noise = _sum(cell["exposed"].to_numpy()), _sum(cell["noise"].to_numpy())
    gain = _sum((cell["demand"] - cell["expected"]).to_numpy())
    own = 1.0 + np.divide(gain, exposed, out=np.zeros(len(pairs)), where=exposed > 0)
    own = np.clip(own, LEAST_FACTOR, MOST_FACTOR)
    variance = np.full(len(pairs), np.inf)
    np.divide(noise, (exposed * own) ** 2, out=variance, where=exposed > 0)
    plans = _sum(np.isfinite(cell["log_plan"].to_numpy()).astype(np.float64))
    total = _sum(np.nan_to_num(cell["log_plan"].to_numpy()))
    log_plan = np.divide(total, plans, out=np.zeros(len(pairs)), where=plans > 0)
    kind = np.unique(pairs[:, 0], return_inverse=True)[1].reshape(-1)
    found = shrink(
        np.log(own) - log_plan, variance, kind, int(kind.max(initial=-1)) + 1, WITHIN_KIND_SD, KIND_SD
    )
    value = np.exp(found.value + log_plan)
    used = cell[cell["exposed"] > 0].groupby(["effect", "category"])["event"].nunique()
    return pd.DataFrame(
        {
            "category": pairs[:, 1].astype(object),
            "effect": pairs[:, 0].astype(object),
            "effect_value": value,
            "planned_uplift": np.where(plans > 0, np.exp(log_plan), np.nan),
            "standard_error": value * np.sqrt(found.variance),
            "sample_count": used.reindex(list(map(tuple, pairs)), fill_value=0).to_numpy(dtype=np.int64),
        }
    )


def event_factors(events: EventWeeks, learnt: pd.DataFrame) -> Numbers:
    """Factor on demand per group and week, history and weeks ahead, (groups, weeks).

    Each event multiplies its weeks by 1 + (u − 1)·share, where u is the learnt effect, times its own
    plan over the mean plan that the effect was learnt at. An effect that was not learnt is the plan.
    """
    factor = np.ones((events.groups.groups, events.share.shape[1]))
    key = zip(learnt["category"], learnt["effect"], strict=True)
    numbers = learnt[["effect_value", "planned_uplift"]].to_numpy(dtype=np.float64)
    value = {name: (float(one[0]), float(one[1])) for name, one in zip(key, numbers, strict=True)}
    effect = events.table["effect"].to_numpy(dtype=object)
    log_plan = events.table["log_plan"].to_numpy()
    for group, category in enumerate(events.groups.category):
        for event in events.of_group(group):
            stated = np.isfinite(log_plan[event])
            own_plan = float(np.exp(log_plan[event])) if stated else 1.0
            uplift, mean_plan = value.get((category, effect[event]), (own_plan, own_plan))
            if stated and np.isfinite(mean_plan):
                uplift = uplift * own_plan / mean_plan
            uplift = float(np.clip(uplift, LEAST_FACTOR, MOST_FACTOR))
            factor[group] *= 1.0 + (uplift - 1.0) * events.share[event]
    return np.clip(factor, LEAST_FACTOR, MOST_FACTOR)


def base_factors(events: EventWeeks, factor: Numbers, weeks: int) -> Numbers:
    """What to divide the history by so that the base remains, (groups, weeks); NaN skips a week.

    Event weeks are skipped; the weeks after a promotion, and all weeks of a group with events in
    most of its weeks, are divided by `factor`.
    """
    past = factor[:, :weeks].copy()
    is_event = (events.table["effect"] != AFTER_PROMO).to_numpy()
    for group in range(events.groups.groups):
        mine = events.of_group(group)
        covered = (events.share[mine[is_event[mine]], :weeks] > 0).any(axis=0)
        if weeks and covered.mean() <= MOST_MASKED_SHARE:
            past[group, covered] = np.nan
    return past


def _cells(events: EventWeeks, totals: GroupWeeks) -> pd.DataFrame:
    """One row per event and group that it names: demand, expected demand, exposed demand, noise.

    Demand is 0 where the event has no week of its own in the history, or no base around it.
    """
    weeks = totals.units.shape[1]
    past = events.share[:, :weeks]
    rows = []
    for group, category in enumerate(events.groups.category):
        mine = events.of_group(group)
        covering = (past[mine] > 0).sum(axis=0)
        free = (covering == 0) & (totals.known[group] > 0)
        vmr = weekly_noise(np.where(free, totals.units[group], np.nan))
        for event in mine:
            alone = (past[event] > 0) & (covering == 1) & (totals.known[group] > 0)
            demand = expected = exposed = noise = 0.0
            at = np.flatnonzero(alone)
            base = _base(totals, group, free, at) if len(at) else None
            if base is not None:
                per_week = base[0] * totals.known[group]
                demand, expected = totals.units[group, at].sum(), per_week[at].sum()
                exposed = (per_week[at] * past[event, at]).sum()
                noise = vmr * (max(demand, 1.0) + expected**2 / base[1])
            rows.append((event, group, category, demand, expected, exposed, noise))
    cell = pd.DataFrame(
        rows, columns=["event", "group", "category", "demand", "expected", "exposed", "noise"]
    )
    event = cell["event"].to_numpy(dtype=np.int64)
    return cell.assign(
        effect=events.table["effect"].to_numpy()[event], log_plan=events.table["log_plan"].to_numpy()[event]
    )


def _base(
    totals: GroupWeeks, group: int, free: npt.NDArray[np.bool_], at: Integers
) -> tuple[float, float] | None:
    """Units per member and week around an event, and the units it rests on; None where too little is known.

    The mean of before and after, so that a steady growth is no effect. The weeks before are
    needed; those after are awaited only while they are still to come.
    """
    sides = []
    for begin, end in ((max(at[0] - BASE_WEEKS, 0), at[0]), (at[-1] + 1, at[-1] + 1 + BASE_WEEKS)):
        weeks = np.flatnonzero(free[begin:end]) + begin
        units = float(totals.units[group, weeks].sum())
        if len(weeks) >= LEAST_BASE_WEEKS and units > 0:
            sides.append((units / float(totals.known[group, weeks].sum()), units))
        elif end <= at[0] or at[-1] + 1 + BASE_WEEKS <= len(free):
            return None
    return float(np.mean([mean for mean, _ in sides])), sum(units for _, units in sides)
