"""What holds an order back today: its age in the stage, silence, holds and credit, and what cost the days."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from optimization.build_to_order.lead_times.durations import QUANTILE_COLUMNS
from optimization.build_to_order.lead_times.lookup import STAGE, pooled_days
from optimization.build_to_order.lead_times.past_orders import Passages, day_numbers
from optimization.build_to_order.milestones.resolving import MilestoneStates
from optimization.demand.series import Flags, Numbers

Texts = npt.NDArray[np.object_]
# Kinds of quality event that keep an order where it is; a defect alone is noted and built on.
HOLDING_KINDS = ("hold", "rework", "recall", "pdi_failure")
CREDIT_CAUSE = "CREDIT"


@dataclass(frozen=True)
class Standing:
    """Facts of open orders (n,): days in the stage, its limit, days of silence, and what holds them.

    `quality_event_id` is the oldest open quality event that holds the order, else None. `cause` is the
    stage (its milestone's code) that cost the most days beyond its half, or the quality event that fell
    into it, the one that holds it now, or CREDIT; None where no stage was longer than usual.
    """

    age: Numbers
    limit: Numbers
    silent: Numbers
    is_stuck: Flags
    is_silent: Flags
    is_held: Flags
    lacks_credit: Flags
    cause: Texts


def standing_of(
    orders: pd.DataFrame,
    passed: Passages,
    states: MilestoneStates,
    stage_duration: pd.DataFrame,
    quality_event: pd.DataFrame,
    slot_over: Flags,
    today: float,
    quantiles: tuple[float, float],
) -> Standing:
    """State the facts of `orders`, whose passages are `passed`, row by row.

    An order is stuck when it is in its stage for longer than the first of `quantiles` of that stage. It
    is silent when nothing at all, not even an edit or a quality event, was heard for longer than the
    second, or when the week of its slot is over (`slot_over`) and it has not been heard to be built.
    """
    row = np.arange(len(orders))
    stage = passed.stage
    age = today - passed.reached[row, stage]
    code = passed.codes.to_numpy(dtype=object)[stage]
    names = tuple(_column(level) for level in quantiles)
    limit = pooled_days(stage_duration, orders, code, STAGE, names[:1])[:, 0]
    silence = pooled_days(stage_duration, orders, code, STAGE, names[1:])[:, 0]

    events = _of_orders(quality_event, orders, today)
    heard = states.standing.set_index("order_id")["heard_at"].reindex(passed.order_id)
    last_event = events.groupby("order_row")["day"].max().reindex(row).to_numpy(np.float64)
    last = np.fmax(np.fmax(day_numbers(heard), passed.reached[:, 0]), last_event)
    silent = np.maximum(today - last, 0.0)

    open_events = events[events["is_open"] & events["quality_kind"].isin(HOLDING_KINDS)]
    holding = open_events.groupby("order_row")["quality_event_id"].first().reindex(row)
    held = holding.notna().to_numpy(dtype=np.bool_)
    valid_to = day_numbers(orders["credit_valid_to"])
    lacks_credit = ~orders["credit_status"].isin(["approved", "not_needed"]).to_numpy(dtype=np.bool_)
    lacks_credit |= (orders["credit_status"] == "approved").to_numpy(dtype=np.bool_) & (valid_to < today)
    cause = _dearest(orders, passed, stage_duration, events, today)
    cause = np.where(lacks_credit, CREDIT_CAUSE, cause)
    cause = np.where(held, holding.to_numpy(dtype=object), cause)
    return Standing(
        age=age,
        limit=limit,
        silent=silent,
        is_stuck=age > limit,
        is_silent=((silent > silence) | (slot_over & (silent > 0))) & ~held,
        is_held=held,
        lacks_credit=lacks_credit,
        cause=cause,
    )


def _column(level: float) -> str:
    """Column of the stage durations at the level, or at the next higher one that is kept."""
    kept = [each for each in QUANTILE_COLUMNS if each >= level - 1e-9]
    if not kept:
        raise ValueError(f"No duration is kept at the level {level}; use at most {max(QUANTILE_COLUMNS)}")
    return QUANTILE_COLUMNS[min(kept)]


def _of_orders(quality_event: pd.DataFrame, orders: pd.DataFrame, today: float) -> pd.DataFrame:
    """Quality events known today of the orders or of their units, oldest first, by `order_row`."""
    opened = day_numbers(quality_event["opened_date"])
    by_order = pd.Index(orders["order_id"]).get_indexer(pd.Index(quality_event["order_id"]))
    units = pd.Series(np.arange(len(orders)), index=orders["unit_id"].to_numpy(dtype=object))
    units = units[units.index.notna()]
    units = units[~units.index.duplicated()]
    by_unit = units.reindex(quality_event["unit_id"].to_numpy(dtype=object)).to_numpy(
        np.float64, na_value=-1.0
    )
    order_row = np.where(by_order >= 0, by_order, np.nan_to_num(by_unit, nan=-1.0)).astype(np.int64)
    closed = day_numbers(quality_event["closed_date"])
    is_open = ~(closed <= today)
    events = pd.DataFrame(
        {
            "order_row": order_row,
            "quality_event_id": quality_event["quality_event_id"].to_numpy(dtype=object),
            "quality_kind": quality_event["quality_kind"].to_numpy(dtype=object),
            "opened": opened,
            "closed": np.where(is_open, today, closed),
            "is_open": is_open,
            "day": np.where(is_open, opened, closed),
        }
    )
    known: pd.DataFrame = events[(order_row >= 0) & (opened <= today)]
    return known.sort_values(["order_row", "opened", "quality_event_id"], ignore_index=True)


def _dearest(
    orders: pd.DataFrame,
    passed: Passages,
    stage_duration: pd.DataFrame,
    events: pd.DataFrame,
    today: float,
) -> Texts:
    """The stage that took the most days beyond the half of its like, or the quality event within it."""
    n, width = passed.reached.shape
    left = np.minimum(passed.left_at, today)
    spent = left - passed.reached
    # Orders of one narrowest group are asked about once.
    _, first, group = np.unique(passed.pool[:, 0], return_index=True, return_inverse=True)
    asked = orders.iloc[np.repeat(first, width)].reset_index(drop=True)
    codes = np.tile(passed.codes.to_numpy(dtype=object), len(first))
    half = pooled_days(stage_duration, asked, codes, STAGE, (QUANTILE_COLUMNS[0.5],))
    usual = half.reshape(len(first), width)[group.reshape(-1)]
    excess = np.nan_to_num(spent - usual, nan=-np.inf)
    worst = np.argmax(excess, axis=1)
    row = np.arange(n)
    cause = np.asarray(passed.codes.to_numpy(dtype=object)[worst], dtype=object)
    begin, end = passed.reached[row, worst], left[row, worst]
    place = events["order_row"].to_numpy(np.int64)
    within = (events["opened"].to_numpy() <= end[place]) & (events["closed"].to_numpy() >= begin[place])
    cause[place[within]] = events["quality_event_id"].to_numpy(dtype=object)[within]
    cause[~(excess[row, worst] > 0)] = None
    return cause
