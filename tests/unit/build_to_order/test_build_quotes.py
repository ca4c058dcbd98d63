"""What somebody who asks for a build is told: the earliest week on what is left, the handover, the price."""

from __future__ import annotations

import pandas as pd
import pytest

from optimization.build_to_order.quoting import build_dates, build_price
from optimization.build_to_order.slots.planning import plan_slots
from optimization.contracts.order_inputs import MTO_ORDER
from optimization.contracts.rows import frame_of
from optimization.order_parameters import SlotParameters
from tests.configuration_frames import catalogue
from tests.slot_frames import AS_OF, DAYS_TO_HANDOVER, WEEKS, inputs, limit, order, week_end_promise


@pytest.mark.parametrize("plant", [None, "P", "Q"])
@pytest.mark.parametrize(("options", "week"), [("", 2), ("ROOF", 4), ("TOW", None), ("ROOF|TOW", None)])
def test_a_request_gets_the_earliest_week_that_the_plan_leaves(
    options: str, week: int | None, plant: str | None
) -> None:
    # A and B have weeks 1 and 3; week 2 builds no ROOF; TOW's material takes longer than the horizon.
    given = inputs(
        [order("A", week_end_promise(1)), order("B", week_end_promise(3))], limits=[limit(2, "ROOF", 0.0)]
    )
    told = build_dates(
        plan_slots(given, AS_OF, SlotParameters(margin_days=0.0)).load,
        given.stage_duration,
        given.config_option,
        given.milestone_template,
        "M",
        frozenset(options.split("|")) - {""},
        AS_OF,
        plant,
    )
    if week is None or plant == "Q":
        assert (told.reason_code, told.plant_id, told.p90_date) == ("NO_CAPACITY", None, None)
    else:
        assert (told.reason_code, told.plant_id, told.week_start_date) == ("SLOT_INSERTED", "P", WEEKS[week])
        assert told.p90_date == WEEKS[week] + pd.Timedelta(days=6 + DAYS_TO_HANDOVER)


def test_without_durations_the_week_is_told_and_no_day() -> None:
    given = inputs([])
    of = plan_slots(given, AS_OF, SlotParameters())
    none = given.stage_duration.iloc[:0]
    told = build_dates(of.load, none, given.config_option, given.milestone_template, "M", frozenset(), AS_OF)
    assert (told.week_start_date, told.p90_date, told.reason_code) == (WEEKS[1], None, "QUANTILE_NOT_REACHED")


def test_the_rest_of_the_price_is_that_of_the_order_most_like_it() -> None:
    offered = catalogue(
        {"option_id": "ROOF", "option_price": 900.0}, {"option_id": "TOW", "option_price": 400.0}
    )
    day = AS_OF - pd.Timedelta(days=30)
    known = frame_of(MTO_ORDER, [
        order("FAR", options="", quoted_price=29_000.0, quoted_fees=300.0, order_date=day),
        order("LIKE", options="ROOF", quoted_price=31_900.0, quoted_fees=500.0, order_date=day),
        order("OLD", options="ROOF|TOW", quoted_price=9.0, order_date=AS_OF - pd.Timedelta(days=400)),
        order("OTHER", options="ROOF|TOW", model="N", quoted_price=9.0, order_date=day),
        order("ABROAD", options="ROOF|TOW", market="US", quoted_price=9.0, order_date=day),
    ])  # fmt: skip
    told = build_price(offered, known, "M", "EU", frozenset({"ROOF", "TOW"}), AS_OF)
    assert (told.options_price, told.base_price, told.fees, told.like_order_id) == (
        1_300.0,
        31_000.0,
        400.0,
        "LIKE",
    )
    nobody = build_price(offered, known, "Z", "EU", frozenset({"X"}), AS_OF)
    assert (nobody.base_price, nobody.like_order_id, nobody.unpriced) == (None, None, ("X",))
