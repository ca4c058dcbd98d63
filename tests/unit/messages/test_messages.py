"""Messages to plants and customers: each once, whatever is run again, and nothing of the person."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from optimization.build_to_order.milestones.template import default_template
from optimization.contracts import order_inputs as given_tables
from optimization.contracts import order_outputs as made
from optimization.contracts.rows import frame_of
from optimization.contracts.table import Table
from optimization.messages.inputs import MessageInputs
from optimization.messages.messages import Messages, messages
from optimization.order_parameters import MessageParameters
from tests.configuration_frames import AS_OF, change, changes, day, order, orders

PARAMETERS = MessageParameters()
DAY = pd.Timedelta(days=1)
WEEK, NEXT_WEEK = day("2024-07-15"), day("2024-07-22")


@cache
def _empty(table: Table) -> pd.DataFrame:
    return frame_of(table, [])


def _inputs(**frames: pd.DataFrame) -> MessageInputs:
    """A day on which nothing happens, but for the frames that are given."""
    tables: dict[str, Table] = {
        "mto_order": given_tables.MTO_ORDER,
        "mto_change_request": given_tables.MTO_CHANGE_REQUEST,
        "customer_request": given_tables.CUSTOMER_REQUEST,
        "factory_acknowledgement": given_tables.FACTORY_ACKNOWLEDGEMENT,
        "milestone_template": given_tables.MILESTONE_TEMPLATE,
        "mto_order_status": made.MTO_ORDER_STATUS,
        "mto_step": made.MTO_STEP,
        "mto_promise": made.MTO_PROMISE,
        "mto_slot_assignment": made.MTO_SLOT_ASSIGNMENT,
        "substitution_offer": made.SUBSTITUTION_OFFER,
        "unit_reservation": made.UNIT_RESERVATION,
        "delivery_promise": made.DELIVERY_PROMISE,
        "match_outcome": made.MATCH_OUTCOME,
    }
    return MessageInputs(**{name: _empty(table) for name, table in tables.items()} | frames)


_JUDGED = {"reason_code": "EXPECTED_LATE", "method": "m", "status": "OK"}


def slots(*rows: tuple[str, pd.Timestamp | None, bool]) -> pd.DataFrame:
    """Order, week, and whether the week is frozen."""
    usual = {"is_moved": False, "is_expedited": False, "is_promise_broken": False, "lateness_days": 0.0}
    told = [
        {"order_id": one, "week_start_date": week, "is_frozen": frozen, "plant_id": "P1" if week else None}
        for one, week, frozen in rows
    ]
    return frame_of(made.MTO_SLOT_ASSIGNMENT, [usual | _JUDGED | row for row in told])


def standing(**status: str | dict[str, Any]) -> pd.DataFrame:
    """Delay status per order, or any columns."""
    usual = {"is_stuck": False, "is_silent": False, "is_blocked": False, "delay_days": 0.0, **_JUDGED}
    rows = [
        usual | {"order_id": name} | (one if isinstance(one, dict) else {"delay_status": one})
        for name, one in status.items()
    ]
    return frame_of(made.MTO_ORDER_STATUS, rows)


def _kinds(told: Messages) -> list[tuple[str, str]]:
    return list(zip(told.notification["notification_kind"], told.notification["subject_id"], strict=True))


def _next(inputs: MessageInputs, told: Messages, **frames: pd.DataFrame) -> MessageInputs:
    """The same as the day after has it: what stood is now what was published before."""
    return replace(
        inputs,
        previous_factory_message=told.factory_message,
        previous_notification=told.notification,
        previous_order_status=inputs.mto_order_status,
        previous_slot=inputs.mto_slot_assignment,
        previous_delivery_promise=inputs.delivery_promise,
        previous_match_outcome=inputs.match_outcome,
        previous_substitution_offer=inputs.substitution_offer,
        **frames,
    )


def _days(inputs: MessageInputs, *later: dict[str, pd.DataFrame]) -> list[Messages]:
    told = [messages(inputs, AS_OF, PARAMETERS)]
    for n, frames in enumerate(later, start=1):
        inputs = _next(inputs, told[-1], **frames)
        told.append(messages(inputs, AS_OF + n * DAY, PARAMETERS))
    return told


def _factory(told: Messages) -> list[tuple[str, str, pd.Timestamp]]:
    frame = told.factory_message
    return list(zip(frame["order_id"], frame["factory_message"], frame["created_date"], strict=True))


def test_the_first_release_confirms_what_is_new_and_does_not_flood() -> None:
    placed = orders(
        order("new", "A", confirmed_date=day("2024-06-29")),
        order("old", "A"),
        order("ahead", "A", confirmed_date=day("2024-07-02")),
    )
    steps = frame_of(
        made.MTO_STEP,
        [
            {"order_id": "old", "milestone_code": code, "milestone_number": 1, "milestone_step": step,
             "milestone_state": "reached", "reached_at": pd.Timestamp(at)}
            for code, step, at in (
                ("2000", 7, "2024-06-24 08:00"), ("3300", 8, "2024-06-23 23:00"), ("2030", 7, "2024-06-29"),
                ("1100", 5, "2024-06-29"), ("3400", 9, "2024-06-30 23:59"), ("3800", 10, "2024-07-01"),
            )
        ],
    )  # fmt: skip
    first = messages(
        _inputs(
            mto_order=placed,
            mto_step=steps,
            mto_order_status=standing(old="late", new="on_track"),
            mto_slot_assignment=slots(("old", WEEK, False), ("new", WEEK, True)),
        ),
        AS_OF,
        PARAMETERS,
    )
    assert _factory(first) == [("new", "order", AS_OF)]
    assert sorted(_kinds(first)) == [
        ("milestone_reached", "old"),
        ("milestone_reached", "old"),
        ("order_confirmed", "new"),
    ]


def test_plants_are_told_what_differs_from_what_they_were_told() -> None:
    start = _inputs(
        mto_order=orders(order("o", "A"), order("p", "A")),
        mto_order_status=standing(o="on_track", p="on_track"),
        mto_slot_assignment=slots(("o", WEEK, True)),
    )
    change_of = changes(change("c", "o", "A|B", change_status="approved", decided_date=AS_OF + 2 * DAY))
    gone = orders(order("o", "A", order_status="cancelled", cancelled_date=AS_OF + 5 * DAY), order("p", "A"))
    told = _days(
        start,
        {"mto_slot_assignment": slots(("o", NEXT_WEEK, True), ("p", WEEK, False))},
        {"mto_change_request": change_of},
        {"mto_slot_assignment": slots(("o", WEEK, True), ("p", WEEK, False))},
        {"mto_slot_assignment": slots(("o", NEXT_WEEK, True), ("p", WEEK, True))},
        {"mto_order": gone, "mto_slot_assignment": slots(("p", WEEK, True))},
        {},
    )
    assert _factory(told[-1]) == [
        ("o", "order", AS_OF),
        ("o", "change", AS_OF + DAY),
        ("p", "order", AS_OF + DAY),
        ("o", "change", AS_OF + 2 * DAY),
        ("o", "change", AS_OF + 3 * DAY),
        # Back to a week that it was told before: told again.
        ("o", "change", AS_OF + 4 * DAY),
        ("o", "cancel", AS_OF + 5 * DAY),
    ]
    assert told[-1].factory_message["options"].tolist()[3] == "A|B"
    # The customer is told of the first week; of the first release nobody knows what is new.
    assert _kinds(told[-1]) == [("schedule_confirmed", "p"), ("change_decided", "o")]


def test_an_order_that_the_plant_knows_is_not_ordered_again() -> None:
    known = {"delay_status": "on_track", "milestone_step": 8}
    start = _inputs(
        mto_order=orders(order("scheduled", "A"), order("new", "A")),
        mto_order_status=standing(scheduled=known),
        mto_slot_assignment=slots(("scheduled", WEEK, True)),
    )
    cancelled = orders(
        order("scheduled", "A", order_status="cancelled", cancelled_date=AS_OF + DAY),
        order("new", "A", order_status="cancelled", cancelled_date=AS_OF + DAY),
    )
    first, second, third = _days(start, {"mto_order": cancelled}, {})
    assert _factory(first) == []
    assert _factory(second) == _factory(third) == [("scheduled", "cancel", AS_OF + DAY)]


def test_answers_are_joined_and_what_waits_for_one_is_kept() -> None:
    start = _inputs(
        mto_order=orders(order("o", "A"), order("p", "A")),
        mto_slot_assignment=slots(("o", WEEK, True), ("p", WEEK, True)),
    )
    first = messages(start, AS_OF, PARAMETERS)
    answered = first.factory_message.loc[first.factory_message["order_id"] == "o", "message_id"].iloc[0]
    answer = frame_of(
        given_tables.FACTORY_ACKNOWLEDGEMENT,
        [{"message_id": answered, "acknowledged_at": pd.Timestamp("2024-07-01 06:00"), "is_accepted": True}],
    )
    built = orders(
        order("o", "A", order_status="delivered", delivered_date=AS_OF + 39 * DAY), order("p", "A")
    )
    later = _next(start, first, factory_acknowledgement=answer, mto_order=built, mto_slot_assignment=slots())
    told = messages(later, AS_OF + 40 * DAY, PARAMETERS).factory_message
    assert told["order_id"].tolist() == ["p"]
    soon = messages(later, AS_OF + DAY, PARAMETERS).factory_message.set_index("order_id")
    assert soon.loc["o", "is_accepted"]
    assert soon["is_accepted"].isna().tolist() == [False, True]


def test_a_delay_is_told_when_it_becomes_one() -> None:
    start = _inputs(mto_order=orders(order("o", "A")), mto_order_status=standing(o="on_track"))
    told = _days(
        start,
        {"mto_order_status": standing(o="at_risk")},
        {"mto_order_status": standing(o="at_risk")},
        {"mto_order_status": standing(o="late")},
        {"mto_order_status": standing(o="at_risk")},
        {"mto_order_status": standing(o="late")},
    )
    # At risk is for planners; late is told once for one promise.
    assert [len(one.notification) for one in told] == [0, 0, 0, 1, 1, 1]
    assert told[-1].notification["notification_kind"].tolist() == ["delay"]
    assert "Reason: " in told[-1].notification["message"].iloc[0]


def test_promises_and_decisions_are_told_by_their_own_dates() -> None:
    moved = frame_of(
        made.MTO_PROMISE,
        [
            {"order_id": "o", "promise_number": n, "made_date": made_on, "promise_p50_date": WEEK,
             "promise_p90_date": WEEK, "promise_basis": "slot", **_JUDGED}
            for n, made_on in ((1, AS_OF), (2, AS_OF - 10 * DAY), (3, AS_OF - DAY))
        ],
    )  # fmt: skip
    asked = changes(
        change("c1", "o", "B", change_status="approved", decided_date=AS_OF),
        change("c2", "o", "B", change_status="rejected", decided_date=AS_OF - 20 * DAY),
        change("c3", "o", "B"),
    )
    told = messages(
        _inputs(mto_order=orders(order("o", "A")), mto_promise=moved, mto_change_request=asked),
        AS_OF,
        PARAMETERS,
    )
    assert _kinds(told) == [("change_decided", "o"), ("promise_moved", "o")]


def _line(promise: pd.Timestamp | None, basis: str) -> pd.DataFrame:
    usual = {"order_id": "s", "line_id": "1", "item_id": "I", "location_id": "L", "segment_id": "S",
             "open_units": 1.0, "requested_date": AS_OF, "customer_id": "someone"}  # fmt: skip
    return frame_of(
        made.DELIVERY_PROMISE,
        [usual | _JUDGED | {"promise_p90_date": promise, "promise_basis": basis}],
    )


def _request(unit: str | None) -> dict[str, pd.DataFrame]:
    request = {"request_id": "r", "request_date": AS_OF, "location_id": "D1", "region": "n",
               "request_kind": "order", "request_outcome": "open", "order_priority": 1}  # fmt: skip
    outcome = {"request_id": "r", "candidate_count": 0, "unit_id": unit, **_JUDGED}
    return {
        "customer_request": frame_of(given_tables.CUSTOMER_REQUEST, [request]),
        "match_outcome": frame_of(made.MATCH_OUTCOME, [outcome]),
    }


def _held(expires_at: str) -> pd.DataFrame:
    row = {"reservation_id": "h", "unit_id": "u", "unit_reservation_state": "HELD", "opened_at": AS_OF,
           "actor": "ann", "reason_code": "AS_ASKED", "customer_id": "someone",
           "expires_at": pd.Timestamp(expires_at)}  # fmt: skip
    return frame_of(made.UNIT_RESERVATION, [row])


def test_those_who_wait_for_stock_hear_of_it() -> None:
    start = _inputs(delivery_promise=_line(WEEK, "open_supply"), **_request(None))
    told = _days(
        start,
        {"delivery_promise": _line(AS_OF, "on_hand")} | _request("u1"),
        {},
        {"delivery_promise": _line(WEEK, "on_hand")},
    )
    assert _kinds(told[0]) == []
    assert sorted(_kinds(told[1])) == [
        ("promise_moved", "s/1"), ("stock_available", "r"), ("stock_available", "s/1"),
    ]  # fmt: skip
    assert len(told[2].notification) == 3
    assert _kinds(told[3])[-1] == ("promise_moved", "s/1")


def test_a_hold_that_ends_on_the_next_day_is_told_once_per_end() -> None:
    ends = ("2024-06-30 20:00", "2024-07-01 09:00", "2024-07-02 00:00")
    counts = [
        len(messages(_inputs(unit_reservation=_held(one)), AS_OF, PARAMETERS).notification) for one in ends
    ]
    assert counts == [0, 1, 0]


def test_the_portal_shows_steps_and_dates_and_nothing_of_anybody() -> None:
    shown = {
        "milestone_code": "3800", "milestone_step": 10, "delay_status": "late", "current_promise_date": WEEK,
    }  # fmt: skip
    told = messages(
        _inputs(
            mto_order=orders(order("o", "A"), order("q", "A", order_status="quoted", confirmed_date=None)),
            mto_order_status=standing(o=shown, q="not_promised"),
            milestone_template=default_template(),
        ),
        AS_OF,
        PARAMETERS,
    ).order_tracking
    assert sorted(told["message"]) == [
        "Price quoted. There is no delivery date yet",
        "Produced. It will be later than 2024-07-15",
    ]
    assert not {"order_id", "customer_id", "location_id"} & set(told)
    assert not told["tracking_id"].str.contains("o|q").any()


def test_the_portal_tells_a_delay_only_when_it_is_one() -> None:
    shown = {"milestone_code": "3800", "milestone_step": 10, "current_promise_date": WEEK}
    statuses = ("on_track", "at_risk", "late")
    told = messages(
        _inputs(
            mto_order=orders(*(order(one, "A") for one in statuses)),
            mto_order_status=standing(**{one: shown | {"delay_status": one} for one in statuses}),
            milestone_template=default_template(),
        ),
        AS_OF,
        PARAMETERS,
    ).order_tracking
    assert sorted(zip(told["delay_status"], told["message"], strict=True)) == [
        ("late", "Produced. It will be later than 2024-07-15"),
        ("on_track", "Produced. It will be there by 2024-07-15"),
        ("on_track", "Produced. It will be there by 2024-07-15"),
    ]


_STATUS = st.sampled_from(("on_track", "at_risk", "late"))


@settings(max_examples=3, deadline=None)
@given(
    st.lists(
        st.tuples(_STATUS, st.booleans(), st.sampled_from((None, WEEK, NEXT_WEEK))), min_size=2, max_size=3
    )
)
def test_the_same_day_again_tells_the_same_and_days_add_up(
    story: list[tuple[str, bool, pd.Timestamp | None]],
) -> None:
    def frames(status: str, frozen: bool, week: pd.Timestamp | None) -> dict[str, pd.DataFrame]:
        return {
            "mto_order_status": standing(o=status),
            "mto_slot_assignment": slots(("o", week, frozen)),
            "delivery_promise": _line(week, "on_hand" if frozen else "open_supply"),
        }

    first, *rest = [frames(*one) for one in story]
    inputs = _inputs(mto_order=orders(order("o", "A", confirmed_date=AS_OF)), **first)
    told = messages(inputs, AS_OF, PARAMETERS)
    seen = set(told.notification["message_id"])
    for n, later in enumerate(rest, start=1):
        inputs = _next(inputs, told, **later)
        today = AS_OF + n * DAY
        told, again = (messages(inputs, today, PARAMETERS) for _ in range(2))
        pd.testing.assert_frame_equal(told.notification, again.notification)
        pd.testing.assert_frame_equal(told.factory_message, again.factory_message)
        # What was told stays as it was first told; the next day with nothing new tells nothing.
        new = set(told.notification.loc[told.notification["created_date"] == today, "message_id"])
        assert not new & seen
        seen |= new
        assert set(told.notification["message_id"]) == seen
        quiet = messages(_next(inputs, told), today + DAY, PARAMETERS)
        assert set(quiet.notification["message_id"]) == seen
        assert len(quiet.factory_message) == len(told.factory_message)
