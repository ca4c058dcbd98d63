"""From frames to the slot problem: who waits to be built, from when on, by when, and where there is room.

Who gets no slot whatever the room is told apart here, with its reason; everybody else is planned.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from optimization.build_to_order.lead_times.lookup import remaining_days
from optimization.build_to_order.milestones.resolving import resolve
from optimization.build_to_order.milestones.template import SLOT_STEP, produced_code
from optimization.build_to_order.slots.buckets import Lines, lines_of
from optimization.build_to_order.slots.problem import (
    NO_DATE,
    NONE,
    Buckets,
    Flags,
    Integers,
    Numbers,
    Orders,
    SlotProblem,
)
from optimization.contracts.order_inputs import MTO_ORDER, PRODUCTION_SLOT, SLOT_OPTION_LIMIT
from optimization.option_sets import options_of
from optimization.order_parameters import SlotParameters
from optimization.reasons import first_that_holds
from optimization.screening import screened

# From the step in which the plant schedules an order, it may enter a frozen week.
_SCHEDULED_STEP = 8
_HOLDS = ("hold", "recall")


@dataclass(frozen=True)
class SlotInputs:
    """What slots are planned from; each frame keeps its border contract.

    previous_promise and previous_slot: `mto_promise` and `mto_slot_assignment` of the release before,
    or None.
    """

    mto_order: pd.DataFrame
    mto_milestone: pd.DataFrame
    milestone_template: pd.DataFrame
    config_option: pd.DataFrame
    production_slot: pd.DataFrame
    slot_option_limit: pd.DataFrame
    order_check: pd.DataFrame
    quality_event: pd.DataFrame
    stage_duration: pd.DataFrame
    previous_promise: pd.DataFrame | None = None
    previous_slot: pd.DataFrame | None = None


@dataclass(frozen=True)
class Stated:
    """The problem and what it was stated from.

    waiting: orders still to be built, by priority, order date and id, with `blocked` (reason code or
    None), `is_bad`, `promise_date`, `p90_days`, `is_guessed` (no durations known); row i of
    `problem.orders` is row `planned[i]` of it. lines: lines of the buckets. limits: the stated limits.
    lead_days: days until an option's material is there. as_of: day number.
    """

    problem: SlotProblem
    waiting: pd.DataFrame
    planned: Integers
    lines: Lines
    limits: pd.DataFrame
    lead_days: dict[str, float]
    as_of: int


def stated(inputs: SlotInputs, as_of: pd.Timestamp, parameters: SlotParameters) -> Stated:
    """State the slots' problem as known at the end of `as_of`.

    An order waits to be built when it is open and the milestone of step 10 is not reached. It gets no
    slot when its configuration breaks a rule, its credit is not there or a quality hold is open, unless
    (the last two) it keeps a frozen week. Its material is there `material_lead_days` after its
    confirmation. It keeps the week of the plan before where that week is frozen now.
    """
    today = day_number(as_of)
    orders, is_bad = screened(inputs.mto_order, MTO_ORDER)
    slots, _ = screened(inputs.production_slot, PRODUCTION_SLOT)
    limits, _ = screened(inputs.slot_option_limit, SLOT_OPTION_LIMIT)
    monday = today - (today + 3) % 7  # 1970-01-01 was a Thursday
    plants = tuple(sorted({*slots["plant_id"], *orders["plant_id"].dropna()}))
    options = tuple(sorted(limits["option_id"].unique()))
    lines, buckets, expedites = lines_of(slots, limits, plants, options, monday)
    step = _step_reached(inputs, orders, as_of)
    is_waiting = (orders["order_status"] == "open").to_numpy(dtype=np.bool_) & (step < SLOT_STEP)
    waiting = orders.assign(step=step, is_bad=is_bad)[is_waiting]
    waiting = waiting.sort_values(["order_priority", "order_date", "order_id"], ignore_index=True)
    waiting = _with_promise(waiting, inputs, parameters)
    lead = inputs.config_option.set_index("option_id")["material_lead_days"].dropna().to_dict()
    lead_days = {str(option): float(days) for option, days in lead.items()}
    before = _previous(waiting, inputs.previous_slot, plants, monday)
    fixed = _frozen_bucket(buckets, before, plants, waiting)
    waiting = waiting.assign(
        blocked=_blocked(waiting, inputs, as_of, fixed),
        previous_line=before["production_line_id"].to_numpy(),
        previous_week_start_date=before["week_start_date"].to_numpy(),
    )
    planned = np.flatnonzero(pd.isna(waiting["blocked"]).to_numpy(dtype=np.bool_))
    own = waiting.iloc[planned]
    due = own["promise_date"].to_numpy(dtype="datetime64[D]")
    problem = SlotProblem(
        buckets=buckets,
        expedites=expedites,
        orders=Orders(
            order_id=own["order_id"].to_numpy(dtype=object),
            plant=pd.Index(plants).get_indexer(pd.Index(own["plant_id"])).astype(np.int64),
            ready_day=np.maximum(monday, material_days(own, lead_days)),
            due_day=np.where(
                np.isnat(due),
                NO_DATE,
                due.astype(np.int64) - np.ceil(own["p90_days"].to_numpy(np.float64)).astype(np.int64),
            ),
            is_confirmed=own["is_confirmed"].to_numpy(dtype=np.bool_),
            weight=own["order_weight"].to_numpy(np.float64),
            is_scheduled=own["step"].to_numpy(np.int64) >= _SCHEDULED_STEP,
            previous_plant=before["plant"].to_numpy(np.int64)[planned],
            previous_day=before["day"].to_numpy(np.int64)[planned],
            fixed=fixed[planned],
            options=option_flags(own["options"], options),
        ),
        plants=plants,
        options=options,
        move_cost=parameters.move_cost,
        lateness_cost=parameters.lateness_cost_per_day,
        margin_days=parameters.margin_days,
    )
    return Stated(problem, waiting, planned, lines, limits, lead_days, today)


def day_number(day: pd.Timestamp) -> int:
    """Days since 1970-01-01."""
    return int(np.datetime64(day, "D").astype(np.int64))


def material_days(orders: pd.DataFrame, lead_days: dict[str, float]) -> Integers:
    """Day on which the material of all options of each order is there (n,).

    Material is ordered when the order is confirmed, else when it is placed.
    """
    start = orders["confirmed_date"].fillna(orders["order_date"]).to_numpy(dtype="datetime64[D]")
    longest = {
        text: max((lead_days.get(option, 0.0) for option in options_of(text)), default=0.0)
        for text in orders["options"].unique()
    }
    days = np.array([longest[text] for text in orders["options"]], dtype=np.float64)
    return np.asarray(start.astype(np.int64) + np.ceil(days).astype(np.int64))


def option_flags(texts: pd.Series, options: tuple[str, ...]) -> Flags:
    """Which of the limited options each order has (n, k)."""
    has = np.zeros((len(texts), len(options)), dtype=np.bool_)
    place = {option: at for at, option in enumerate(options)}
    for row, text in enumerate(texts):
        for option in options_of(text):
            if option in place:
                has[row, place[option]] = True
    return has


def _step_reached(inputs: SlotInputs, orders: pd.DataFrame, as_of: pd.Timestamp) -> Integers:
    """Highest step by milestones; past the slot's once its milestone is reached, in any map."""
    states = resolve(inputs.mto_milestone, inputs.milestone_template, as_of)
    code = produced_code(states.template)
    number = states.template.set_index("milestone_code")["milestone_number"]
    standing = states.standing.set_index("order_id").reindex(orders["order_id"])
    step = standing["milestone_step"].fillna(0).to_numpy(dtype=np.int64)
    if code is None:
        return np.asarray(np.minimum(step, SLOT_STEP - 1))
    at = standing["milestone_number"].fillna(-1).to_numpy(dtype=np.int64)
    built = at >= int(number[code])
    return np.where(built, SLOT_STEP, np.minimum(step, SLOT_STEP - 1)).astype(np.int64)


def _with_promise(waiting: pd.DataFrame, inputs: SlotInputs, parameters: SlotParameters) -> pd.DataFrame:
    """Adds `promise_date`, `is_confirmed`, `p90_days`, `is_guessed`, and a weight for a bad one.

    The promise is the newest of the release before, else that of the source; else the wish stands in.
    """
    current = pd.Series(pd.NaT, index=waiting.index, dtype="datetime64[us]")
    if inputs.previous_promise is not None and len(inputs.previous_promise):
        newest = (
            inputs.previous_promise.sort_values(["order_id", "promise_number"]).groupby("order_id").tail(1)
        )
        by_order = newest.set_index("order_id")["promise_p90_date"]
        current = pd.Series(by_order.reindex(waiting["order_id"]).to_numpy(), index=waiting.index)
    promised = pd.to_datetime(current).fillna(pd.to_datetime(waiting["promised_date"]))
    template = resolve(inputs.mto_milestone.iloc[:0], inputs.milestone_template, pd.Timestamp(0)).template
    code = produced_code(template)
    days = np.full(len(waiting), np.nan)
    if code is not None and len(waiting):
        days = remaining_days(inputs.stage_duration, waiting, code)["p90_days"].to_numpy(np.float64)
    weight = waiting["order_weight"].to_numpy(np.float64)
    return waiting.assign(
        promise_date=promised.fillna(pd.to_datetime(waiting["requested_date"])),
        is_confirmed=promised.notna().to_numpy(dtype=np.bool_),
        p90_days=np.where(np.isnan(days), parameters.days_to_handover, days),
        is_guessed=np.isnan(days),
        order_weight=np.where(waiting["is_bad"], parameters.default_weight, weight),
    )


def _previous(
    waiting: pd.DataFrame, previous_slot: pd.DataFrame | None, plants: tuple[str, ...], monday: int
) -> pd.DataFrame:
    """Plant, line and week of the plan before, by waiting order; a week that has passed counts as none."""
    columns = ["plant_id", "production_line_id", "week_start_date"]
    if previous_slot is None:
        before = pd.DataFrame({name: pd.Series(dtype=object) for name in columns}, index=pd.Index([]))
    else:
        before = previous_slot.set_index("order_id")[columns]
    before = before.reindex(waiting["order_id"])
    date = pd.to_datetime(before["week_start_date"]).to_numpy(dtype="datetime64[D]")
    plant = pd.Index(plants).get_indexer(pd.Index(before["plant_id"]))
    ahead = ~np.isnat(date) & (date.astype(np.int64) >= monday) & (plant >= 0)
    return pd.DataFrame(
        {
            "plant": np.where(ahead, plant, NONE),
            "day": np.where(ahead, date.astype(np.int64), NONE),
            "production_line_id": before["production_line_id"].to_numpy(dtype=object),
            "week_start_date": date.astype("datetime64[us]"),
        }
    )


def _frozen_bucket(
    buckets: Buckets, before: pd.DataFrame, plants: tuple[str, ...], waiting: pd.DataFrame
) -> Integers:
    """Frozen bucket in which each waiting order stays, or -1."""
    frozen = np.flatnonzero(buckets.is_frozen)
    keys = pd.MultiIndex.from_arrays([buckets.plant[frozen], buckets.week_day[frozen]])
    row = keys.get_indexer(pd.MultiIndex.from_frame(before[["plant", "day"]])) if len(frozen) else None
    if row is None:
        return np.full(len(before), NONE, dtype=np.int64)
    plant = pd.Index(plants).get_indexer(pd.Index(waiting["plant_id"]))
    stays = (row >= 0) & ((plant == NONE) | (plant == before["plant"].to_numpy()))
    return np.where(stays, frozen[row], NONE).astype(np.int64)


def _blocked(
    waiting: pd.DataFrame, inputs: SlotInputs, as_of: pd.Timestamp, fixed: Integers
) -> npt.NDArray[np.object_]:
    """Why an order gets no slot whatever room there is, None where it may have one."""
    checks, events = inputs.order_check, inputs.quality_event
    broken = set(checks.loc[checks["check_kind"] == "violation", "order_id"])
    is_open = (events["opened_date"] <= as_of) & ~(events["closed_date"] <= as_of)
    held = set(events.loc[is_open & events["quality_kind"].isin(_HOLDS), "order_id"].dropna())
    credit, until = waiting["credit_status"], pd.to_datetime(waiting["credit_valid_to"])
    no_credit = credit.isin(("pending", "refused")) | ((credit == "approved") & (until < as_of))
    may = fixed < 0
    return first_that_holds(
        {
            "NOT_BUILDABLE": waiting["order_id"].isin(broken).to_numpy(dtype=np.bool_),
            "CREDIT_BLOCKED": no_credit.to_numpy(dtype=np.bool_) & may,
            "QUALITY_HOLD": waiting["order_id"].isin(held).to_numpy(dtype=np.bool_) & may,
        }
    )


def bucket_of(problem: SlotProblem, plant: Numbers | Integers, week_day: Integers) -> Integers:
    """Bucket of a plant and week, the open one where both kinds are there; -1 where none is."""
    buckets = problem.buckets
    row = np.full(len(week_day), NONE, dtype=np.int64)
    for at in np.argsort(~buckets.is_frozen, kind="stable").tolist():
        row[(plant == buckets.plant[at]) & (week_day == buckets.week_day[at])] = at
    return row
