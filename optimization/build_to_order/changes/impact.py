"""What each requested change of an order would do: can it be built, is it too late, what does it move.

A change is judged against the order as it stands without it: the rules of today (of the day of its
decision, once it is decided), the first cut-off of the options that it touches, and the plan of the
slots solved again with this order free and all others in their place. Both versions are kept.
"""

from __future__ import annotations

from typing import NamedTuple

import pandas as pd

from optimization.build_to_order.changes.inputs import ChangeInputs
from optimization.build_to_order.changes.judging import Judge, Row
from optimization.build_to_order.configuration.pricing import lead_time_class_of
from optimization.build_to_order.effective_options import with_effective_options
from optimization.build_to_order.lead_times.lookup import remaining_days
from optimization.build_to_order.milestones.template import produced_code
from optimization.build_to_order.slots.stating import SlotInputs
from optimization.build_to_order.slots.what_if import re_solve, standing
from optimization.contracts.order_outputs import MTO_CHANGE_IMPACT
from optimization.contracts.rows import frame_of, records_of
from optimization.option_sets import options_of, text_of
from optimization.order_parameters import SlotParameters
from optimization.results import Report

_DAY = pd.Timedelta(days=1)


class _Consequence(NamedTuple):
    """What the slots say of a change; None where they say nothing. `loses_slot`: no week is left."""

    loses_slot: bool
    p50_days: float | None
    p90_days: float | None
    cost: float | None
    affected: str


_UNSOLVED = _Consequence(False, None, None, None, "")


def change_impacts(
    inputs: ChangeInputs, as_of: pd.Timestamp, slot_parameters: SlotParameters
) -> tuple[pd.DataFrame, Report]:
    """Return `opt_out__mto_change_impact` and a report.

    One row per change of an open order or quote, and per pending change of any other, which comes too
    late. A pending change of an order with a place in the plan is solved for; of a decided one, rules,
    cut-off and price are told as of its decision, and its consequences are in the plan already.

    `too_late` where the order has reached the first cut-off of any option that is touched;
    `not_buildable` where rules break or no week is left; `feasible_with_cost` where price, cost, days
    or other orders' weeks pay. The customer has to agree to a change that is not his own, or makes the
    vehicle dearer or later. A price that the request states stands; else it is the options' of today.
    """
    judge = Judge(inputs, as_of)
    asked = [one for one in records_of(_in_order(inputs.mto_change_request)) if judge.concerns(one)]
    drafts = {one["change_id"]: judge.draft(one) for one in asked}
    solvable = [
        one for one in asked
        if one["change_status"] == "pending" and drafts[one["change_id"]]["impact_status"] == "feasible"
    ]  # fmt: skip
    consequences = _consequences(inputs, as_of, slot_parameters, judge, solvable)
    rows = []
    for one in asked:
        consequence = consequences.get(one["change_id"], _UNSOLVED)
        rows.append(_told(one, drafts[one["change_id"]], consequence))
    frame = frame_of(MTO_CHANGE_IMPACT, rows)
    figures = {
        f"changes_{name}": int(n) for name, n in frame["impact_status"].value_counts().sort_index().items()
    }
    return frame, Report.of(len(inputs.mto_change_request), frame, solved=len(consequences), **figures)


def _consequences(
    inputs: ChangeInputs,
    as_of: pd.Timestamp,
    parameters: SlotParameters,
    judge: Judge,
    changes: list[Row],
) -> dict[str, _Consequence]:
    """What each change does to the plan of the slots, each for itself."""
    open_ones = [one for one in changes if judge.orders[one["order_id"]]["order_status"] == "open"]
    if not open_ones:
        return {}
    slots = SlotInputs(
        mto_order=with_effective_options(inputs.mto_order, inputs.mto_change_request, as_of),
        mto_milestone=inputs.mto_milestone,
        milestone_template=inputs.milestone_template,
        config_option=inputs.config_option,
        production_slot=inputs.production_slot,
        slot_option_limit=inputs.slot_option_limit,
        order_check=inputs.order_check,
        quality_event=inputs.quality_event,
        stage_duration=inputs.stage_duration,
        previous_promise=inputs.previous_promise,
        previous_slot=inputs.previous_slot,
    )
    day = standing(slots, inputs.mto_slot_assignment, as_of, parameters)
    asked = pd.DataFrame(
        {
            "change_id": [one["change_id"] for one in open_ones],
            "order_id": [one["order_id"] for one in open_ones],
            "options": pd.Series([_text_or_none(one["options"]) for one in open_ones], dtype=object),
            "new_requested_date": pd.to_datetime([one["new_requested_date"] for one in open_ones]),
        }
    )
    answers = re_solve(day, asked)
    days = _days_after_build(inputs, judge, open_ones)
    return {
        row["change_id"]: _consequence(row, days[row["change_id"]])
        for row in records_of(answers)
        if row["reason_code"] != "NOT_PLANNED"
    }


def _days_after_build(
    inputs: ChangeInputs, judge: Judge, changes: list[Row]
) -> dict[str, tuple[float, float]]:
    """By how many days (P50, P90) the way from the plant changes, because the options' class does."""
    code = produced_code(judge.template)
    if code is None:
        return {one["change_id"]: (0.0, 0.0) for one in changes}
    orders = [judge.orders[one["order_id"]] for one in changes]
    before = pd.DataFrame(orders)[["order_id", "plant_id", "model", "lead_time_class"]]
    classes = [
        order["lead_time_class"]
        if one["options"] is None
        else lead_time_class_of(inputs.config_option, options_of(one["options"]))
        for one, order in zip(changes, orders, strict=True)
    ]
    was, now = (
        remaining_days(inputs.stage_duration, frame, code)
        for frame in (before, before.assign(lead_time_class=classes))
    )
    moved = (now[["p50_days", "p90_days"]] - was[["p50_days", "p90_days"]]).fillna(0.0)
    return {
        one["change_id"]: (float(p50), float(p90))
        for one, p50, p90 in zip(changes, moved["p50_days"], moved["p90_days"], strict=True)
    }


def _consequence(answer: Row, days: tuple[float, float]) -> _Consequence:
    # An order without a week before is not told that it is the change that leaves it without one.
    loses_slot = answer["has_slot_before"] and not answer["has_slot_after"]
    weeks = answer["previous_week_start_date"], answer["week_start_date"]
    if weeks[0] is None or weeks[1] is None:
        p50 = p90 = None
    else:
        p50, p90 = (float((weeks[1] - weeks[0]) / _DAY) + one for one in days)
    return _Consequence(loses_slot, p50, p90, float(answer["cost_delta"]), answer["affected_orders"])


def _told(change: Row, draft: Row, consequence: _Consequence) -> Row:
    """The finished row: with days, cost and others' weeks, and what they make of a feasible change."""
    row = dict(draft)
    words = [row.pop("words")]
    affected = [one for one in consequence.affected.split("|") if one]
    if row["impact_status"] == "feasible":
        pays = [
            (row["price_delta"] or 0.0) > 0,
            (consequence.cost or 0.0) > 0,
            (consequence.p90_days or 0.0) > 0,
            bool(affected),
        ]
        if consequence.loses_slot:
            row |= {"impact_status": "not_buildable", "reason_code": "CHANGE_WITHOUT_SLOT"}
            words.append("No week that is left can build it")
        elif any(pays):
            row |= {"impact_status": "feasible_with_cost", "reason_code": "CHANGE_COSTS"}
    is_feasible = row["impact_status"] in ("feasible", "feasible_with_cost")
    is_worse = (row["price_delta"] or 0.0) > 0 or (consequence.p90_days or 0.0) > 0
    words += _in_words(row, consequence, len(affected)) if is_feasible else []
    return row | {
        "needs_approval": is_feasible and (change["requested_by"] == "internal" or is_worse),
        "affected_order_count": len(affected),
        "affected_orders": text_of(affected),
        "message": ". ".join(word for word in words if word),
        "method": "rules" if consequence is _UNSOLVED else "re_solve",
        "status": "OK",
        "p50_delta_days": consequence.p50_days,
        "p90_delta_days": consequence.p90_days,
        "cost_delta": consequence.cost,
    }


def _in_words(row: Row, consequence: _Consequence, affected: int) -> list[str]:
    days, price = consequence.p90_days, row["price_delta"]
    words = ["Can be made" if row["change_status"] == "pending" else "Could be made"]
    if days is not None:
        words.append(
            "The date stays" if days == 0 else f"{abs(days):.0f} days {'later' if days > 0 else 'earlier'}"
        )
    if price:
        words.append(f"{abs(price):,.0f} {'dearer' if price > 0 else 'cheaper'}")
    if affected:
        words.append(f"{affected} other orders move")
    return words


def _in_order(changes: pd.DataFrame) -> pd.DataFrame:
    return changes.sort_values("change_id", kind="stable", ignore_index=True)


def _text_or_none(options: str | None) -> str | None:
    return None if options is None else text_of(options_of(options))
