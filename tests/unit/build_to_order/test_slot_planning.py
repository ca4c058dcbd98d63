"""The plan of the slots from frames: who gets which week and why, loads, ways to be earlier, changes."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from optimization.build_to_order.slots.planning import SlotPlan, plan_slots
from optimization.build_to_order.slots.stating import SlotInputs
from optimization.build_to_order.slots.what_if import re_solve, standing
from optimization.contracts.order_inputs import MTO_MILESTONE, QUALITY_EVENT
from optimization.contracts.order_outputs import ORDER_CHECK
from optimization.contracts.rows import frame_of
from optimization.order_parameters import SlotParameters
from tests.slot_frames import (
    AS_OF,
    WEEKS,
    before,
    inputs,
    limit,
    order,
    previous_promise,
    previous_slot,
    promise,
    slot,
    week_end_promise,
)


def plan(given: SlotInputs, parameters: SlotParameters | None = None) -> SlotPlan:
    return plan_slots(given, AS_OF, parameters or SlotParameters())


def weeks(of: SlotPlan) -> dict[str, int | None]:
    told = of.assignment.set_index("order_id")["week_start_date"]
    return {name: None if pd.isna(day) else WEEKS.index(day) for name, day in told.items()}


def reasons(of: SlotPlan) -> dict[str, str]:
    return of.assignment.set_index("order_id")["reason_code"].to_dict()


def test_promises_before_lateness_before_earliness() -> None:
    of = plan(inputs([
        order("A", week_end_promise(1)),
        order("B", None, requested_date=week_end_promise(1), order_weight=9.0),
        order("C", week_end_promise(2)),
    ]))  # fmt: skip
    assert weeks(of) == {"A": 1, "B": 3, "C": 2}
    assert reasons(of) == {"A": "SLOT_ON_TIME", "B": "SLOT_LATE", "C": "SLOT_ON_TIME"}
    late = of.assignment.set_index("order_id").loc["B"]
    assert late["lateness_days"] == 14.0 and late["binding_row"] == "slots P 2024-03-11"
    assert of.solver_run["is_audit_passed"].all() and (of.solver_run["relative_gap"] == 0).all()


def test_promises_that_cannot_all_be_kept_are_listed_with_what_binds() -> None:
    of = plan(inputs([order(name, week_end_promise(1)) for name in "ABC"]))
    told = of.assignment.set_index("order_id")
    assert told["is_promise_broken"].sum() == 2
    assert set(told.loc[told["is_promise_broken"], "reason_code"]) == {"SLOT_PROMISE_BROKEN"}
    assert (told.loc[told["is_promise_broken"], "binding_row"].str.startswith("slots P 2024-03-")).all()
    assert of.load.loc[of.load["week_start_date"] == WEEKS[1], "is_binding"].item()
    # One more slot in week 1 saves the last of them its two weeks.
    assert of.load["slot_price"].max() == 40.0 * 14


def test_a_promise_before_the_first_week_is_told_apart() -> None:
    of = plan(inputs([order("A", WEEKS[1]), order("B", week_end_promise(1))]))
    assert reasons(of)["A"] == "SLOT_PROMISE_TOO_EARLY" and reasons(of)["B"] == "SLOT_ON_TIME"


def test_who_gets_no_slot_and_why() -> None:
    given = inputs([
        order("broken"), order("held"), order("pending", credit_status="pending"),
        order("expired", credit_valid_to=pd.Timestamp("2024-03-05")), order("elsewhere", plant_id="Q"),
        order("material", options="TOW", confirmed_date=pd.Timestamp("2024-03-05")),
        order("built"), order("quote", order_status="quoted"), order("fine"),
    ])  # fmt: skip
    check = {"order_id": "broken", "check_number": 1, "check_kind": "violation", "message": "m",
             "reason_code": "RULE_VIOLATED"}  # fmt: skip
    hold = {"quality_event_id": "q", "quality_kind": "hold", "opened_date": WEEKS[0], "order_id": "held"}
    event = {"event_id": "e", "order_id": "built", "milestone_code": "3800", "event_at": WEEKS[0]}
    of = plan(replace(
        given,
        order_check=frame_of(ORDER_CHECK, [check]),
        quality_event=frame_of(QUALITY_EVENT, [hold]),
        mto_milestone=frame_of(MTO_MILESTONE, [event]),
    ))  # fmt: skip
    told = reasons(of)
    assert told == {
        "broken": "NOT_BUILDABLE", "held": "QUALITY_HOLD", "pending": "CREDIT_BLOCKED",
        "expired": "CREDIT_BLOCKED", "elsewhere": "NO_SLOTS_AT_PLANT", "material": "MATERIAL_AFTER_HORIZON",
        "fine": "SLOT_ON_TIME",
    }  # fmt: skip
    assert {name for name, week in weeks(of).items() if week is not None} == {"fine"}


def test_beyond_the_horizon_names_what_binds() -> None:
    of = plan(inputs([order(name) for name in "ABCDEF"]))
    told = of.assignment.set_index("order_id")
    assert told["week_start_date"].isna().sum() == 1
    last = told[told["week_start_date"].isna()].iloc[0]
    assert last["reason_code"] == "NO_CAPACITY" and last["binding_row"].startswith("slots P ")


def test_frozen_weeks_keep_theirs_and_let_nobody_else_in() -> None:
    given = inputs(
        [order("kept", credit_status="pending"), order("new", week_end_promise(0)), order("gone")],
        previous_slot=previous_slot([before("kept", 0), before("gone", 1)]),
    )
    of = plan(replace(given, production_slot=given.production_slot.assign(slot_units=2.0)))
    told = of.assignment.set_index("order_id")
    assert weeks(of)["kept"] == 0 and told.loc["kept", "status"] == "FROZEN"
    assert weeks(of)["new"] == 1 and reasons(of)["new"] == "SLOT_PROMISE_TOO_EARLY"
    assert not told["is_moved"].any()


def test_newest_promise_counts_and_options_are_limited() -> None:
    given = inputs(
        [order("A", week_end_promise(1), options="ROOF"), order("B", week_end_promise(1), options="ROOF")],
        slots=[slot(week, 2.0) for week in range(6)],
        limits=[limit(week, "ROOF", 1.0) for week in range(6)],
        previous_promise=previous_promise(
            [promise("A", 1, week_end_promise(1)), promise("A", 2, week_end_promise(2))]
        ),
    )
    of = plan(given)
    assert weeks(of) == {"A": 2, "B": 1}
    roof = of.load[of.load["option_id"] == "ROOF"].set_index("week_start_date")
    assert roof["used_units"].tolist()[:4] == [0.0, 1.0, 1.0, 0.0] and roof["left_units"].iloc[3] == 1.0


def test_a_cancelled_order_frees_its_slot_and_a_bad_weight_costs_only_itself() -> None:
    orders = [order("A", order_status="cancelled"), order("B", order_weight=float("inf")), order("C")]
    given = inputs([orders[0], orders[1] | {"order_weight": 1.0}, orders[2]],
                   previous_slot=previous_slot([before("A", 2)]))  # fmt: skip
    bad = given.mto_order.assign(order_weight=[1.0, float("inf"), 1.0])
    of = plan(replace(given, mto_order=bad))
    freed = of.load.set_index("week_start_date")["freed_units"]
    assert freed[WEEKS[2]] == 1.0 and freed.sum() == 1.0
    assert reasons(of)["B"] == "INPUT_IMPLAUSIBLE" and weeks(of)["B"] is not None


def test_ways_to_build_a_late_order_earlier() -> None:
    of = plan(inputs(
        [
            order("late", None, requested_date=week_end_promise(1)),
            order("firm", week_end_promise(1)),
            order("calm", week_end_promise(4), order_weight=0.0),
        ],
        slots=[slot(week, 1.0 if week in (1, 3, 4) else 0.0) for week in range(5)],
        previous_slot=previous_slot([before("calm", 3)]),
    ))  # fmt: skip
    assert weeks(of) == {"late": 3, "firm": 1, "calm": 4}
    assert of.expedite.empty  # week 1 is of a confirmed promise, and nothing else is earlier


def test_a_slot_on_top_is_used_before_anybody_is_late_and_told() -> None:
    slots = [slot(1), slot(2), slot(1) | {"production_line_id": "L2", "slot_units": 0.0,
             "expedite_slot_units": 1.0, "expedite_unit_cost": 700.0}]  # fmt: skip
    of = plan(inputs([order("A", week_end_promise(1)), order("B", week_end_promise(1))], slots=slots))
    told = of.assignment
    assert told["is_expedited"].sum() == 1 and told["expedite_cost"].sum() == 700.0
    assert weeks(of) == {"A": 1, "B": 1}
    assert of.load["used_units"].sum() == 2.0


@pytest.mark.parametrize("reverse", [False, True])
def test_the_order_of_the_input_changes_nothing(reverse: bool) -> None:
    orders = [order(f"O{at}", week_end_promise(1 + at % 3), order_weight=1.0 + at % 2) for at in range(5)]
    one = plan(inputs(orders))
    other = plan(inputs(orders[::-1] if reverse else orders[2:] + orders[:2]))
    pd.testing.assert_frame_equal(one.assignment, other.assignment)
    pd.testing.assert_frame_equal(one.load, other.load)


def test_weeks_that_nobody_waits_for_are_told_as_free() -> None:
    of = plan(inputs([]))
    assert of.assignment.empty and of.expedite.empty
    assert of.load["left_units"].tolist() == [1.0] * len(WEEKS) and not of.load["slot_price"].any()
    only_frozen = inputs([order("A", week_end_promise(0))], previous_slot=previous_slot([before("A", 0)]))
    assert weeks(plan(only_frozen)) == {"A": 0}


def test_nothing_to_plan_gives_empty_tables() -> None:
    of = plan(inputs([], slots=[]))
    assert of.assignment.empty and of.load.empty and of.expedite.empty
    of = plan(inputs([order("A")], slots=[]))
    assert reasons(of) == {"A": "NO_SLOTS_AT_PLANT"}


def test_what_a_change_does() -> None:
    given = inputs(
        [order("A", week_end_promise(1)), order("B", week_end_promise(3), options="ROOF"),
         order("C", week_end_promise(2))],
        limits=[limit(week, "ROOF", 0.0) for week in range(4)],
    )  # fmt: skip
    of = plan(given)
    day = standing(given, of.assignment, AS_OF, SlotParameters())
    changes = pd.DataFrame(
        [
            {"change_id": "1", "order_id": "A", "options": "ROOF", "new_requested_date": pd.NaT},
            {"change_id": "2", "order_id": "C", "options": None, "new_requested_date": week_end_promise(5)},
            {"change_id": "3", "order_id": "X", "options": "", "new_requested_date": pd.NaT},
            {"change_id": "4", "order_id": "C", "options": None, "new_requested_date": week_end_promise(1)},
        ]
    )
    told = re_solve(day, changes).set_index("change_id")
    assert weeks(of) == {"A": 1, "B": 4, "C": 2}
    assert told.loc["1", "week_start_date"] == WEEKS[5] and told.loc["1", "promises_broken"] == 1
    assert told.loc["1", "cost_delta"] == 40.0 * 28
    assert told.loc["2", "reason_code"] == "SLOT_UNCHANGED"
    assert told.loc["3", "reason_code"] == "NOT_PLANNED"
    # Its week stays: the one before is of a promise.
    assert told.loc["4", "reason_code"] == "SLOT_UNCHANGED" and told.loc["4", "cost_delta"] == 40.0 * 7


def test_others_move_within_their_slack_for_a_change() -> None:
    given = inputs(
        [order("A", week_end_promise(3)), order("B", week_end_promise(4))],
        slots=[slot(week) for week in (3, 4)],
        previous_slot=previous_slot([before("A", 3), before("B", 4)]),
    )
    given = replace(given, production_slot=pd.concat(
        [given.production_slot, inputs([], slots=[slot(2)]).production_slot], ignore_index=True))  # fmt: skip
    given_limits = replace(
        given, slot_option_limit=inputs([], limits=[limit(3, "ROOF", 0.0)]).slot_option_limit
    )
    of = plan(given_limits)
    day = standing(given_limits, of.assignment, AS_OF, SlotParameters())
    change = pd.DataFrame([{"change_id": "1", "order_id": "B", "options": None,
                            "new_requested_date": week_end_promise(3)}])  # fmt: skip
    told = re_solve(day, change).iloc[0]
    assert told["week_start_date"] in (WEEKS[2], WEEKS[3])
    assert told["promises_broken"] == 0


def test_swaps_are_offered_with_what_they_cost_others() -> None:
    # Lateness weighs alike, so that the plan is indifferent and the rows' order decides who waits.
    of = plan(inputs(
        [
            order("A", None, requested_date=week_end_promise(1)),
            order("B", None, requested_date=week_end_promise(1)),
        ],
        slots=[slot(1), slot(3)],
        previous_slot=previous_slot([before("A", 1), before("B", 3)]),
    ))  # fmt: skip
    assert weeks(of) == {"A": 1, "B": 3}
    way = of.expedite.iloc[0]
    assert way["order_id"] == "B" and way["week_start_date"] == WEEKS[1] and way["days_saved"] == 14.0
    # A would be 14 days late at 40 a day, and both move two weeks at 50 a week.
    assert way["expedite_cost"] == 40.0 * 14 + 2 * 2 * 50.0
    assert way["affected_orders"] == "A" and way["reason_code"] == "EXPEDITE_SWAP"


def test_a_swap_that_an_option_needs_is_found_by_the_solver() -> None:
    roof = [order(name, None, requested_date=week_end_promise(1), options="ROOF") for name in ("A", "B")]
    of = plan(inputs(
        [*roof, order("C", None, requested_date=week_end_promise(1))],
        slots=[slot(1, 2.0), slot(2, 2.0)],
        limits=[limit(1, "ROOF", 1.0), limit(2, "ROOF", 1.0)],
    ))  # fmt: skip
    assert weeks(of) == {"A": 1, "B": 2, "C": 1}
    way = of.expedite.set_index("order_id").loc["B"]
    assert way["affected_orders"] == "A" and way["expedite_cost"] == 40.0 * 7


def test_others_make_room_for_a_changed_order_within_their_slack() -> None:
    given = inputs(
        [order("A", week_end_promise(1)), order("B", week_end_promise(3), options="ROOF")],
        slots=[slot(1), slot(2), slot(3)],
        limits=[limit(1, "ROOF", 0.0)],
        previous_slot=previous_slot([before("A", 1), before("B", 2)]),
    )
    of = plan(given)
    assert weeks(of) == {"A": 1, "B": 2}
    day = standing(given, of.assignment, AS_OF, SlotParameters())
    change = {"change_id": "1", "order_id": "A", "options": "ROOF", "new_requested_date": week_end_promise(2)}
    told = re_solve(day, pd.DataFrame([change])).iloc[0]
    assert told["reason_code"] == "SLOT_BY_MOVES" and told["week_start_date"] == WEEKS[2]
    assert told["affected_orders"] == "B" and told["promises_broken"] == 0


def test_who_has_time_is_built_a_margin_before_the_last_week_and_who_has_none_in_it() -> None:
    given = inputs([order("A", week_end_promise(1)), order("B", week_end_promise(4))])
    assert weeks(plan(given, SlotParameters(margin_days=7.0))) == {"A": 1, "B": 3}
    assert weeks(plan(given, SlotParameters(margin_days=0.0))) == {"A": 1, "B": 4}
