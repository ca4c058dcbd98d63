"""Promises to order lines: who gets what when, what is kept, what breaks, nothing over-promised."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from optimization.contracts.allocation_tables import SOFT_RESERVATION
from optimization.contracts.order_outputs import UNIT_ATP
from optimization.order_parameters import PromiseParameters
from optimization.parameters import AtpParameters
from optimization.promising.atp import available_to_promise
from optimization.promising.delivery.inputs import DeliveryInputs, DeliveryPlan
from optimization.promising.delivery.planning import ORDER_KEY, delivery_promises
from optimization.promising.unit_atp import unit_available_to_promise
from optimization.reasons import REASONS
from tests.promise_frames import (
    earlier_promise,
    empty,
    handover_capacity,
    order_line,
    stock_unit,
    unit_hold,
    unit_reservation,
)
from tests.science_frames import AS_OF, commitment, item_location, lane, supply_expectation

NO_SUPPLY = supply_expectation(location_id=[])
NO_LANE = lane([("X", "Y")])


def _lead_time(p50: float = 10.0, p90: float = 20.0, supplier: str = "S1", to: str = "L1") -> pd.DataFrame:
    row = {"supplier_id": supplier, "location_id": to, "method": "km", "status": "OK", "reason_code": None}
    return pd.DataFrame([row | {"lead_time_p50_days": p50, "lead_time_p90_days": p90}])


def _supply(rows: list[tuple[str, float, int, int]], **columns: Any) -> pd.DataFrame:
    """Supply of I1 from (location, units, P50 day, P90 day)."""
    values: dict[str, Any] = {
        "location_id": [row[0] for row in rows],
        "open_units": [row[1] for row in rows],
        "expected_p50_date": [AS_OF + pd.Timedelta(days=row[2]) for row in rows],
        "expected_p90_date": [AS_OF + pd.Timedelta(days=row[3]) for row in rows],
    }
    return supply_expectation(**values | columns)


def _owed_by(lines: pd.DataFrame) -> pd.DataFrame:
    """`opt_in__commitment` of the lines: what is overdue is due today."""
    due = lines["requested_date"].where(lines["requested_date"] > AS_OF, AS_OF)
    key = ["item_id", "location_id", "segment_id", "due_date"]
    owed = lines.assign(due_date=due, committed_units=lines["open_units"])
    return owed.groupby(key, as_index=False)["committed_units"].sum()


def _plan(
    lines: pd.DataFrame,
    places: pd.DataFrame,
    supply: pd.DataFrame = NO_SUPPLY,
    quotas: list[tuple[str, str, float]] | pd.DataFrame | None = None,
    lanes: pd.DataFrame = NO_LANE,
    units: pd.DataFrame | None = None,
    held: pd.DataFrame | None = None,
    leads: pd.DataFrame | None = None,
    handovers: pd.DataFrame | None = None,
    previous: pd.DataFrame | None = None,
    transfers: list[tuple[str, str, int, float]] | None = None,
    item: str = "I1",
) -> DeliveryPlan:
    parameters = PromiseParameters(preparation_days=0.0)
    moved = commitment(transfers or []).assign(item_id=item)
    owed = pd.concat([_owed_by(lines), moved], ignore_index=True) if transfers else _owed_by(lines)
    names = ["location_id", "segment_id", "available_units"]
    if not isinstance(quotas, pd.DataFrame):
        quotas = pd.DataFrame(quotas or [], columns=names).assign(item_id=item)
    shares = quotas.assign(borrowable_units=0.0).astype({"available_units": float})
    reserved = empty(SOFT_RESERVATION)
    atp, _ = available_to_promise(places, supply, owed, shares, reserved, AS_OF, AtpParameters())
    unit_atp = empty(UNIT_ATP)
    if units is not None:
        held = unit_reservation() if held is None else held
        unit_atp, _ = unit_available_to_promise(units, unit_hold(), held, supply, AS_OF, parameters)
    return delivery_promises(
        DeliveryInputs(
            open_order_line=lines,
            item_location=places,
            commitment=owed,
            supply_expectation=supply,
            allocation=shares,
            soft_reservation=reserved,
            atp=atp,
            lane=lanes,
            stock_unit=stock_unit() if units is None else units,
            unit_atp=unit_atp,
            lead_time=_lead_time() if leads is None else leads,
            handover_capacity=handover_capacity() if handovers is None else handovers,
            previous_promise=previous,
        ),
        AS_OF,
        parameters,
    )


def _told(plan: DeliveryPlan) -> dict[str, tuple[Any, ...]]:
    """By order: days until the expected and the promised date, what it rests on, and the reason."""
    return {
        row.order_id: (
            *(
                None if pd.isna(day) else (day - AS_OF).days
                for day in (row.promise_p50_date, row.promise_p90_date)
            ),
            row.promise_basis,
            row.reason_code,
        )
        for row in plan.delivery_promise.itertuples()
    }


def _days(plan: DeliveryPlan) -> dict[str, Any]:
    return {order: told[1] for order, told in _told(plan).items()}


# --- who gets what when


def test_lines_take_in_order_of_priority_from_stock_then_supply_then_a_new_order() -> None:
    lines = order_line(
        {"order_priority": 5, "open_units": 4.0},
        {"order_priority": 1, "open_units": 3.0},
        {"order_priority": 9, "open_units": 50.0},
        {"order_priority": 2, "open_units": 2.0},
    )
    told = _told(_plan(lines, item_location(1, on_hand_units=5.0), _supply([("L1", 6.0, 3, 8)])))
    assert told == {
        "O2": (0, 0, "on_hand", "PROMISED_FROM_STOCK"),
        "O4": (0, 0, "on_hand", "PROMISED_FROM_STOCK"),
        "O1": (3, 8, "open_supply", "PROMISED_FROM_SUPPLY"),
        "O3": (10, 20, "lead_time", "PROMISED_BY_NEW_ORDER"),
    }


def test_who_wants_it_later_leaves_todays_stock_to_those_who_want_it_now() -> None:
    lines = order_line({"order_priority": 1, "requested_date": 9, "open_units": 5.0}, {"open_units": 5.0})
    plan = _plan(lines, item_location(1, on_hand_units=5.0), _supply([("L1", 5.0, 3, 8)]))
    assert _days(plan) == {"O1": 9, "O2": 0}


def test_supply_under_way_is_told_apart_from_supply_that_is_not_yet() -> None:
    lines = order_line({"open_units": 2.0}, {"open_units": 2.0})
    places = item_location(1, on_hand_units=0.0, in_transit_units=2.0)
    told = _told(_plan(lines, places, _supply([("L1", 2.0, 1, 2), ("L1", 2.0, 3, 4)])))
    assert [row[2] for row in told.values()] == ["in_transit", "open_supply"]


def test_another_place_gives_what_its_own_customers_leave() -> None:
    lines = order_line({"location_id": "L2", "open_units": 3.0, "order_priority": 9}, {"open_units": 2.0})
    places = item_location(2, on_hand_units=[0.0, 5.0])
    lanes = lane([("L2", "L1")], days=4.0)
    plan = _plan(lines, places, lanes=lanes)
    assert _told(plan)["O2"] == (4, 6, "transfer", "PROMISED_FROM_ELSEWHERE")
    row = plan.delivery_promise.set_index("order_id").loc["O2"]
    assert (row["source_location_id"], row["transit_p50_days"], row["transit_p90_days"]) == ("L2", 4.0, 6.0)
    # Of three it could not spare any: L2's own line wants three of the five, whatever its priority.
    more = order_line(
        {"location_id": "L2", "open_units": 3.0, "order_priority": 9},
        {"open_units": 3.0, "order_priority": 1},
    )
    assert _told(_plan(more, places, lanes=lanes))["O2"][2] == "lead_time"


def test_a_lane_that_has_delivered_is_dated_by_what_it_took() -> None:
    places = item_location(2, on_hand_units=[0.0, 5.0])
    learnt = _lead_time(3.0, 9.0, supplier="L2")
    plan = _plan(order_line({}), places, lanes=lane([("L2", "L1")], days=4.0), leads=learnt)
    assert _told(plan)["O1"] == (3, 9, "transfer", "PROMISED_FROM_ELSEWHERE")


def test_the_cheaper_of_two_places_gives_and_of_equal_ones_the_first() -> None:
    places = item_location(3, on_hand_units=[0.0, 5.0, 5.0])
    lanes = lane([("L2", "L1"), ("L3", "L1")])
    source = _plan(order_line({}), places, lanes=lanes).delivery_promise["source_location_id"]
    assert source.tolist() == ["L2"]
    lanes["cost_per_unit"] = [9.0, 2.0]
    source = _plan(order_line({}), places, lanes=lanes).delivery_promise["source_location_id"]
    assert source.tolist() == ["L3"]


def test_a_segment_takes_no_more_than_its_quota_until_supply_comes() -> None:
    lines = order_line({"segment_id": "FLEET", "open_units": 3.0}, {"open_units": 3.0})
    quotas = [("L1", "FLEET", 2.0), ("L1", "RETAIL", 8.0)]
    plan = _plan(lines, item_location(1, on_hand_units=10.0), _supply([("L1", 1.0, 3, 8)]), quotas)
    assert _days(plan) == {"O1": 8, "O2": 0}


def test_what_leaves_for_other_places_is_promised_to_nobody() -> None:
    lines = order_line({"open_units": 4.0})
    plan = _plan(lines, item_location(1, on_hand_units=5.0), transfers=[("L1", "POOL", 2, 3.0)])
    assert _told(plan)["O1"][2] == "lead_time"


def test_past_its_last_order_date_nothing_more_is_ordered() -> None:
    places = item_location(1, on_hand_units=0.0, last_order_date=AS_OF - pd.Timedelta(days=1))
    plan = _plan(order_line({}), places)
    assert _told(plan)["O1"] == (None, None, "none", "NO_PROMISE")
    assert plan.capable_to_promise["reason_code"].tolist() == ["NO_NEW_SUPPLY"]
    assert plan.capable_to_promise["beyond_p90_date"].isna().all()


def test_a_supplier_without_receipts_is_dated_by_its_word_and_its_usual_variation() -> None:
    plan = _plan(order_line({}), item_location(1, on_hand_units=0.0), leads=_lead_time(supplier="OTHER"))
    assert _told(plan)["O1"][:2] == (14, 20)
    assert plan.capable_to_promise[["reason_code", "status"]].values.tolist() == [
        ["lt_unverified", "FALLBACK"]
    ]


def test_an_implausible_line_costs_itself_alone() -> None:
    lines = order_line({"open_units": float("nan")}, {})
    told = _told(_plan(lines, item_location(1, on_hand_units=1.0)))
    assert told["O1"][2:] == ("none", "INPUT_IMPLAUSIBLE")
    assert told["O2"][1] == 0


# --- vehicles: units and handovers


def _vehicles(on_hand: float) -> pd.DataFrame:
    return item_location(1, item_id="V1", item_kind="vehicle", on_hand_units=on_hand)


def test_handovers_wait_for_room_in_the_order_of_the_lines() -> None:
    lines = order_line({}, {}, {}).assign(item_id="V1")
    capacity = handover_capacity({"location_id": "L1", "preparation_days": 2.0, "handover_units": 1.0})
    plan = _plan(lines, _vehicles(3.0), handovers=capacity, item="V1")
    assert _days(plan) == {"O1": 2, "O2": 3, "O3": 4}
    assert (plan.delivery_promise["handover_date"] == plan.delivery_promise["promise_p90_date"]).all()


def test_a_line_gets_the_unit_that_it_names_and_nobody_else_does() -> None:
    lines = order_line({"unit_id": "U2", "order_priority": 9}, {}, {"unit_id": "U2", "order_priority": 8})
    lines = lines.assign(item_id="V1")
    units = stock_unit({}, {"preparation_days": 5.0})
    told = _told(_plan(lines, _vehicles(2.0), units=units, item="V1"))
    assert told["O3"] == (5, 5, "on_hand", "PROMISED_NAMED_UNIT")
    # The one that is left goes by priority.
    assert told["O2"][2] == "on_hand"
    assert told["O1"] == (10, 20, "lead_time", "NAMED_UNIT_NOT_FREE")


def test_a_unit_that_is_reserved_for_another_is_not_promised_by_quantity_either() -> None:
    held = unit_reservation({"unit_id": "U1", "order_id": "OTHER"})
    lines = order_line({}).assign(item_id="V1")
    told = _told(_plan(lines, _vehicles(1.0), units=stock_unit({}), held=held, item="V1"))
    assert told["O1"][2] == "lead_time"
    own = order_line({"unit_id": "U1", "order_id": "OTHER"}).assign(item_id="V1")
    told = _told(_plan(own, _vehicles(1.0), units=stock_unit({}), held=held, item="V1"))
    assert told["OTHER"][3] == "PROMISED_NAMED_UNIT"


# --- promises of the release before


def test_a_promise_is_kept_against_whoever_comes_later_with_more_priority() -> None:
    lines = order_line({"order_priority": 9}, {"order_priority": 1})
    previous = earlier_promise({"order_id": "O1", "promise_p90_date": 2, "first_promise_date": 1})
    plan = _plan(lines, item_location(1, on_hand_units=1.0), previous=previous)
    assert _told(plan)["O1"] == (0, 2, "on_hand", "PROMISE_KEPT")
    assert _told(plan)["O2"][2] == "lead_time"
    row = plan.delivery_promise.set_index("order_id").loc["O1"]
    assert (row["first_promise_date"] - AS_OF).days == 1
    assert (row["previous_promise_date"] - AS_OF).days == 2


def test_a_promise_that_cannot_be_kept_is_broken_with_its_cause() -> None:
    cases: list[tuple[str, int, str]] = [
        ("on_hand", 3, "PROMISE_BROKEN_STOCK"),
        ("open_supply", 3, "PROMISE_BROKEN_SUPPLY"),
        ("in_transit", 3, "PROMISE_BROKEN_SUPPLY"),
        ("transfer", 3, "PROMISE_BROKEN_SOURCE"),
        ("lead_time", 3, "PROMISE_BROKEN_NOT_ORDERED"),
        ("lead_time", 12, "PROMISE_KEPT"),
        ("on_hand", -1, "PROMISE_BROKEN_PAST"),
    ]
    items = [f"I{number}" for number in range(1, len(cases) + 1)]
    previous = earlier_promise(
        *[
            {
                "order_id": f"O{number}",
                "item_id": f"I{number}",
                "promise_basis": basis,
                "promise_p90_date": day,
                "first_promise_date": -3,
                "source_location_id": "L2" if basis == "transfer" else "L1",
            }
            for number, (basis, day, _) in enumerate(cases, 1)
        ]
    )
    lines = order_line(*[{"item_id": item} for item in items])
    places = item_location(len(items), item_id=items, location_id="L1", on_hand_units=0.0)
    rows = _plan(lines, places, previous=previous).delivery_promise
    assert rows["reason_code"].tolist() == [cause for _, _, cause in cases]
    assert ((rows["first_promise_date"] - AS_OF).dt.days == -3).all()
    told = (rows["promise_p90_date"] - AS_OF).dt.days.tolist()
    assert told == [day if cause == "PROMISE_KEPT" else 20 for _, day, cause in cases]


def test_a_handover_that_was_promised_keeps_its_day_and_later_ones_wait() -> None:
    lines = order_line({"order_priority": 9}, {"order_priority": 1}).assign(item_id="V1")
    capacity = handover_capacity({"location_id": "L1", "preparation_days": 1.0, "handover_units": 1.0})
    previous = earlier_promise({"order_id": "O1", "item_id": "V1", "promise_p90_date": 1})
    plan = _plan(lines, _vehicles(2.0), handovers=capacity, previous=previous, item="V1")
    assert _days(plan) == {"O1": 1, "O2": 2}


def test_what_is_told_again_the_next_day_is_the_same_promise() -> None:
    lines = order_line({"open_units": 4.0}, {"open_units": 3.0}, {"open_units": 6.0})
    given: Any = (lines, item_location(1, on_hand_units=5.0), _supply([("L1", 6.0, 3, 8)]))
    first = _plan(*given).delivery_promise
    again = _plan(*given, previous=first).delivery_promise
    pd.testing.assert_series_equal(again["promise_p90_date"], first["promise_p90_date"])
    assert set(again["reason_code"]) == {"PROMISE_KEPT"}


# --- as a whole

WORLDS = 40


def _world(seed: int) -> dict[str, Any]:
    """A small world of one item at random: three places, supply, quotas, lines, and what was promised."""
    random = np.random.default_rng(seed)
    names = np.array(["L1", "L2", "L3"])
    k = int(random.integers(0, 12))
    lines = order_line(
        *[
            {
                "order_id": f"O{seed}-{n}",
                "location_id": str(random.choice(names)),
                "segment_id": str(random.choice(["FLEET", "RETAIL"])),
                "open_units": float(random.integers(1, 6)),
                "requested_date": int(random.integers(-3, 30)),
                "order_priority": int(random.integers(1, 4)),
            }
            for n in range(k)
        ]
    )
    rows = [
        (str(random.choice(names)), float(random.integers(1, 9)), day, day + int(random.integers(0, 6)))
        for day in random.integers(0, 40, int(random.integers(0, 6))).tolist()
    ]
    previous = [
        {
            "order_id": order,
            "location_id": place,
            "promise_p90_date": int(random.integers(-1, 30)),
            "promise_basis": str(random.choice(["on_hand", "transfer", "open_supply", "lead_time"])),
            "source_location_id": str(random.choice(names)),
            "first_promise_date": -2,
        }
        for order, place in zip(lines["order_id"], lines["location_id"], strict=True)
        if random.random() < 0.3
    ]
    supply = _supply(rows, supply_order_id=[f"P{seed}-{n}" for n in range(len(rows))])
    quotas = [(str(place), "FLEET", float(random.integers(0, 8))) for place in names]
    return {
        "lines": lines,
        "places": item_location(3, on_hand_units=random.integers(0, 12, 3).astype(float)),
        "supply": supply,
        "quotas": pd.DataFrame(quotas, columns=["location_id", "segment_id", "available_units"]),
        "previous": earlier_promise(*previous),
    }


@pytest.fixture(scope="module")
def worlds() -> dict[str, Any]:
    """Many such worlds in one: each item is a world of its own."""
    made = [_world(seed) for seed in range(WORLDS)]
    joined = {
        name: pd.concat(
            [world[name].assign(item_id=f"I{number:03d}") for number, world in enumerate(made)],
            ignore_index=True,
        )
        for name in made[0]
    }
    lanes = lane([("L1", "L2"), ("L2", "L1"), ("L3", "L1"), ("L2", "L3")], days=4.0)
    leads = pd.concat([_lead_time(to=f"L{number}") for number in (1, 2, 3)], ignore_index=True)
    return joined | {"lanes": lanes, "leads": leads}


def test_nothing_is_promised_beyond_stock_and_safe_supply(worlds: dict[str, Any]) -> None:
    told = _plan(**worlds).delivery_promise
    known = told[told["promise_p90_date"].notna()]
    assert (known["promise_p50_date"] <= known["promise_p90_date"]).all()
    assert (known["promise_p90_date"] >= known["requested_date"]).all()
    assert set(told["reason_code"]) <= set(REASONS)
    assert {"on_hand", "open_supply", "transfer", "lead_time"} == set(known["promise_basis"])
    assert {"PROMISE_KEPT", "PROMISE_BROKEN_PAST", "PROMISE_BROKEN_SOURCE"} <= set(told["reason_code"])

    key = ["item_id", "location_id"]
    gone = known[known["promise_basis"] != "lead_time"]
    leaves = (gone["promise_p90_date"] - AS_OF).dt.days - gone["transit_p90_days"].fillna(0)
    arrives = (worlds["supply"]["expected_p90_date"] - AS_OF).dt.days
    out = gone.assign(day=leaves, units=-gone["open_units"])[
        ["item_id", "source_location_id", "day", "units"]
    ]
    flows = pd.concat(
        [
            worlds["places"].assign(day=-1.0, units=worlds["places"]["on_hand_units"])[
                [*key, "day", "units"]
            ],
            worlds["supply"].assign(day=arrives, units=worlds["supply"]["open_units"])[
                [*key, "day", "units"]
            ],
            out.rename(columns={"source_location_id": "location_id"}),
        ]
    )
    by_day = flows.groupby([*key, "day"])["units"].sum()
    assert (leaves >= 0).all()
    assert by_day.groupby(key).cumsum().min() >= -1e-9


def test_whoever_comes_last_changes_nothing_for_those_before(worlds: dict[str, Any]) -> None:
    # Of their own place: from another one nothing is taken that a line there, early or late, has ordered.
    at_place = worlds | {"previous": None, "quotas": None, "lanes": NO_LANE}
    is_last = ~worlds["lines"].sort_values(list(ORDER_KEY)).duplicated("item_id", keep="last")
    last = is_last.reindex(worlds["lines"].index)
    before = _days(_plan(**at_place | {"lines": worlds["lines"][~last].reset_index(drop=True)}))
    after = _days(_plan(**at_place))
    assert {order: after[order] for order in before} == before


def test_more_supply_makes_nobody_later_nor_does_an_order_that_is_gone(worlds: dict[str, Any]) -> None:
    # Lines of one size: a larger one that fits only now may take what a smaller one behind it had.
    ones = worlds | {
        "previous": None,
        "quotas": None,
        "lanes": NO_LANE,
        "lines": worlds["lines"].assign(open_units=1.0),
    }
    before = _days(_plan(**ones))
    more = worlds["places"].assign(on_hand_units=worlds["places"]["on_hand_units"] + 3.0)
    after = _days(_plan(**ones | {"places": more}))
    assert all(after[order] <= day for order, day in before.items())
    assert any(after[order] < day for order, day in before.items())
    gone = ones["lines"].iloc[1::2].reset_index(drop=True)
    without = _days(_plan(**ones | {"lines": gone}))
    assert all(day <= before[order] for order, day in without.items())


def test_no_lines_give_no_rows() -> None:
    plan = _plan(order_line(), item_location(2))
    assert plan.delivery_promise.empty
    assert len(plan.capable_to_promise) == 2


def test_what_is_left_of_a_broken_source_takes_no_others_promise() -> None:
    # O1 was promised a new order; the stock that is there now is what O2 was promised.
    lines = order_line({"order_priority": 1}, {"order_priority": 9})
    previous = earlier_promise(
        {"order_id": "O1", "promise_basis": "lead_time", "source_location_id": None, "promise_p90_date": 15},
        {"order_id": "O2", "promise_p90_date": 1},
    )
    told = _told(_plan(lines, item_location(1, on_hand_units=1.0), previous=previous))
    assert told["O1"] == (10, 15, "lead_time", "PROMISE_KEPT")
    assert told["O2"] == (0, 1, "on_hand", "PROMISE_KEPT")


def test_told_again_every_promise_of_every_world_is_kept_whoever_is_new(worlds: dict[str, Any]) -> None:
    first = _plan(**worlds | {"previous": None}).delivery_promise
    kept = first[first["promise_basis"] != "none"]
    half = _plan(**worlds | {"previous": kept.iloc[::2].reset_index(drop=True)}).delivery_promise
    half = half.set_index("order_id")
    assert set(half.loc[kept["order_id"].iloc[::2], "reason_code"]) == {"PROMISE_KEPT"}
    dates = half.loc[kept["order_id"].iloc[::2], "promise_p90_date"]
    assert dates.to_list() == kept["promise_p90_date"].iloc[::2].to_list()


def test_a_named_unit_that_comes_later_breaks_its_promise_as_supply() -> None:
    coming = {"unit_status": "port_to_dealer", "available_from_date": 9}
    previous = earlier_promise({"order_id": "O1", "item_id": "V1", "promise_p90_date": 3})
    lines = order_line({"unit_id": "U1"}).assign(item_id="V1")
    told = _told(_plan(lines, _vehicles(0.0), units=stock_unit(coming), previous=previous, item="V1"))
    assert told["O1"] == (11, 11, "in_transit", "PROMISE_BROKEN_SUPPLY")


def test_what_was_promised_from_elsewhere_comes_before_the_givers_new_orders() -> None:
    # O1 was promised what L2 had left; since then L2's own customer has ordered it, at a better priority.
    lines = order_line({"order_priority": 9}, {"location_id": "L2", "order_priority": 1})
    promised = {"order_id": "O1", "promise_basis": "transfer", "source_location_id": "L2"}
    previous = earlier_promise(promised | {"promise_p90_date": 6, "transit_p90_days": 5.5})
    places = item_location(2, on_hand_units=[0.0, 1.0])
    lanes = lane([("L2", "L1")], days=4.0)
    told = _told(_plan(lines, places, lanes=lanes, previous=previous))
    assert told["O1"][1:] == (6, "transfer", "PROMISE_KEPT")
    assert told["O2"][2:] == ("lead_time", "PROMISED_BY_NEW_ORDER")
    empty = _told(_plan(lines, item_location(2, on_hand_units=0.0), lanes=lanes, previous=previous))
    assert empty["O1"][2:] == ("lead_time", "PROMISE_BROKEN_SOURCE")


def test_a_transport_that_does_not_begin_breaks_the_promise_by_its_own_name() -> None:
    promised = {"order_id": "O1", "promise_basis": "transfer", "source_location_id": "L2"}
    previous = earlier_promise(promised | {"promise_p90_date": 5, "transit_p90_days": 5.5})
    places = item_location(2, on_hand_units=[0.0, 1.0])
    told = _told(_plan(order_line({}), places, lanes=lane([("L2", "L1")], days=4.0), previous=previous))
    assert told["O1"][2:] == ("transfer", "PROMISE_BROKEN_TRANSPORT")
