"""What requested changes would do: rules, cut-offs, and the slots solved again."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from optimization.build_to_order.changes.cutoffs import Cutoffs, default_cutoff
from optimization.build_to_order.changes.impact import change_impacts
from optimization.build_to_order.changes.inputs import ChangeInputs
from optimization.build_to_order.milestones.template import default_template
from optimization.contracts import order_inputs as given
from optimization.contracts import order_outputs as made
from optimization.contracts.rows import frame_of, records_of
from optimization.order_parameters import SlotParameters
from tests.configuration_frames import AS_OF, catalogue, change, changes, day, order, orders, rule, rules

WEEKS = [day("2024-07-08"), day("2024-07-15"), day("2024-07-22")]
OPTIONS = catalogue(
    {"option_id": "A", "change_cutoff_milestone": "3400"},
    "B",
    {"option_id": "TOW", "option_price": 400.0, "lead_time_class": "special"},
    {"option_id": "PAINT", "change_cutoff_milestone": "2500", "option_price": 250.0},
)
RULES = rules(rule("ONE", "one_of", "A|B"), rule("TOWING", "requires", "B", "TOW"))


def _assigned(**weeks: pd.Timestamp) -> pd.DataFrame:
    usual = {"is_frozen": False, "is_moved": False, "is_expedited": False, "is_promise_broken": False,
             "lateness_days": 0.0, "plant_id": "P1", "production_line_id": "1", "reason_code": "SLOT_FREE",
             "method": "m", "status": "OK"}  # fmt: skip
    rows = [usual | {"order_id": name, "week_start_date": week} for name, week in weeks.items()]
    return frame_of(made.MTO_SLOT_ASSIGNMENT, rows)


def _standing(milestones: dict[str, int]) -> pd.DataFrame:
    usual = {"delay_status": "on_track", "is_stuck": False, "is_silent": False, "is_blocked": False,
             "delay_days": 0.0, "reason_code": "ON_TRACK", "method": "m", "status": "OK"}  # fmt: skip
    rows = [usual | {"order_id": name, "milestone_number": number} for name, number in milestones.items()]
    return frame_of(made.MTO_ORDER_STATUS, rows)


def _inputs(placed: pd.DataFrame, asked: pd.DataFrame, **frames: pd.DataFrame) -> ChangeInputs:
    """Three weeks of two slots; TOW can be built from the second week on, once a week."""
    slot = {"plant_id": "P1", "production_line_id": "1", "slot_units": 2.0, "min_slot_units": 0.0,
            "is_frozen": False, "expedite_slot_units": 0.0, "expedite_unit_cost": 0.0}  # fmt: skip
    limit = {"plant_id": "P1", "option_id": "TOW", "min_slot_units": 0.0}
    duration = {"pool_level": "all", "pool_key": "all", "milestone_code": "3800", "scope": "to_delivery",
                "sample_count": 99, "open_order_count": 1, "duration_p50_days": 20.0,
                "duration_p80_days": 25.0,
                "duration_p90_days": 30.0, "duration_p95_days": 33.0, "reason_code": "POOLED",
                "method": "m", "status": "OK"}  # fmt: skip
    usual: dict[str, Any] = {
        "mto_change_request": asked,
        "mto_order": placed,
        "mto_milestone": frame_of(given.MTO_MILESTONE, []),
        "milestone_template": frame_of(given.MILESTONE_TEMPLATE, []),
        "mto_order_status": _standing({}),
        "mto_step": frame_of(made.MTO_STEP, []),
        "configuration_rule": RULES,
        "config_option": OPTIONS,
        "production_slot": frame_of(
            given.PRODUCTION_SLOT, [slot | {"week_start_date": one} for one in WEEKS]
        ),
        "slot_option_limit": frame_of(
            given.SLOT_OPTION_LIMIT,
            [limit | {"week_start_date": one, "slot_units": float(n > 0)} for n, one in enumerate(WEEKS)],
        ),
        "order_check": frame_of(made.ORDER_CHECK, []),
        "quality_event": frame_of(given.QUALITY_EVENT, []),
        "stage_duration": frame_of(made.STAGE_DURATION, [duration]),
        "mto_slot_assignment": _assigned(),
    }
    return ChangeInputs(**usual | frames)


def _impacts(inputs: ChangeInputs) -> dict[str, dict[str, Any]]:
    frame, report = change_impacts(inputs, AS_OF, SlotParameters())
    assert report["rows_out"] == len(frame)
    return {row["change_id"]: row for row in records_of(frame)}


def test_the_first_cutoff_of_what_is_touched_decides() -> None:
    placed = orders(*(order(f"o{number}", "B") for number in (2000, 2500, 3000, 3400)))
    asked = changes(
        *(change(f"{what} {n}", f"o{n}", options)
          for n in (2000, 2500, 3000, 3400)
          for what, options in (("paint", "B|PAINT"), ("swap", "A"), ("date", None)))
    )  # fmt: skip
    told = _impacts(
        _inputs(placed, asked, mto_order_status=_standing({f"o{n}": n for n in (2000, 2500, 3000, 3400)}))
    )
    late = {name for name, row in told.items() if row["impact_status"] == "too_late"}
    # B has the default cut-off, acceptance by production control; PAINT its own, earlier one.
    assert late == {
        "paint 2500",
        "paint 3000",
        "paint 3400",
        "swap 3000",
        "swap 3400",
        "date 3000",
        "date 3400",
    }
    assert told["paint 2500"]["message"] == "Too late: PAINT could be changed until milestone 2500"
    assert told["paint 2500"]["p90_delta_days"] is None


def test_an_own_map_has_its_own_default_cutoff() -> None:
    own = default_template().assign(milestone_code=lambda frame: "X" + frame["milestone_code"])
    found = default_cutoff(own)
    assert found is not None and found.code == "X3300"
    # A cut-off that names no milestone of the map is the default's.
    assert Cutoffs(OPTIONS, own).earliest({"PAINT"}) == found._replace(option="PAINT")
    assert default_cutoff(own.iloc[:3]) is None


def test_what_breaks_a_rule_cannot_be_built() -> None:
    asked = changes(change("c", "o", "A|TOW"), change("d", "o", "B|UNKNOWN"))
    told = _impacts(_inputs(orders(order("o", "A")), asked))
    assert told["c"]["impact_status"] == told["d"]["impact_status"] == "not_buildable"
    assert told["c"]["message"] == "Cannot be built: TOW needs B"
    assert (told["c"]["previous_options"], told["c"]["options"]) == ("A", "A|TOW")
    assert (told["c"]["added_options"], told["c"]["removed_options"]) == ("TOW", "")


def test_the_slots_say_what_a_change_does_to_the_date() -> None:
    placed = orders(*(order(name, "B") for name in ("o", "p")))
    asked = changes(
        change("tow", "o", "B|TOW"),
        change("cheap", "o", "A"),
        change("inside", "p", "B|TOW", requested_by="internal", price_delta=0.0),
        change("quote", "q", "B|PAINT"),
    )
    placed = pd.concat([placed, orders(order("q", "B", order_status="quoted"))], ignore_index=True)
    told = _impacts(_inputs(placed, asked, mto_slot_assignment=_assigned(o=WEEKS[0], p=WEEKS[1])))
    tow = told["tow"]
    # The option can be built a week later; the plan before has the order in the first week.
    assert (tow["p50_delta_days"], tow["p90_delta_days"]) == (7.0, 7.0)
    assert (tow["impact_status"], tow["needs_approval"], tow["price_delta"]) == (
        "feasible_with_cost",
        True,
        400.0,
    )
    assert tow["message"] == "Can be made. 7 days later. 400 dearer"
    cheap = told["cheap"]
    assert (cheap["impact_status"], cheap["needs_approval"]) == ("feasible", False)
    assert (cheap["p90_delta_days"], cheap["price_delta"]) == (0.0, 0.0)
    # Nothing gets worse, and still the customer has not asked for it.
    assert (told["inside"]["impact_status"], told["inside"]["needs_approval"]) == ("feasible", True)
    # A quote has no week that could move.
    assert told["quote"]["p90_delta_days"] is None and told["quote"]["price_delta"] == 250.0


def test_a_change_that_no_week_can_build_is_not_buildable() -> None:
    placed = orders(order("o", "B"), order("t1", "B|TOW"), order("t2", "B|TOW"))
    plan = _assigned(o=WEEKS[0], t1=WEEKS[1], t2=WEEKS[2])
    told = _impacts(_inputs(placed, changes(change("c", "o", "B|TOW")), mto_slot_assignment=plan))
    assert (told["c"]["impact_status"], told["c"]["reason_code"]) == ("not_buildable", "CHANGE_WITHOUT_SLOT")
    assert told["c"]["p90_delta_days"] is None


def test_a_change_is_not_blamed_for_a_week_that_the_order_never_had() -> None:
    placed = orders(order("o", "B|TOW"), order("t1", "B|TOW"), order("t2", "B|TOW"))
    plan = _assigned(t1=WEEKS[1], t2=WEEKS[2])
    told = _impacts(_inputs(placed, changes(change("c", "o", "B|TOW|PAINT")), mto_slot_assignment=plan))
    assert (told["c"]["impact_status"], told["c"]["p90_delta_days"]) == ("feasible_with_cost", None)
    assert told["c"]["message"] == "Can be made. 250 dearer"


def test_versions_follow_the_decisions_and_decided_changes_keep_theirs() -> None:
    asked = changes(
        change("c1", "o", "B|PAINT", change_status="approved", decided_date=day("2024-06-10"),
               request_date=day("2024-06-08")),
        change("c2", "o", "B|TOW", change_status="approved", decided_date=day("2024-06-20"),
               request_date=day("2024-06-05")),
        change("c3", "o", "A", change_status="rejected", decided_date=day("2024-06-15"),
               request_date=day("2024-06-14")),
        change("c4", "o", "A"),
    )  # fmt: skip
    step = {"order_id": "o", "milestone_code": "2500", "milestone_number": 2500, "milestone_step": 7,
            "milestone_state": "reached", "reached_at": pd.Timestamp("2024-06-11")}  # fmt: skip
    told = _impacts(_inputs(orders(order("o", "B")), asked, mto_step=frame_of(made.MTO_STEP, [step])))
    versions = {name: (row["version"], row["previous_options"], row["options"]) for name, row in told.items()}
    assert versions == {
        "c1": (2, "B", "B|PAINT"),
        "c2": (3, "B|PAINT", "B|TOW"),
        "c3": (3, "B|PAINT", "A"),
        "c4": (4, "B|TOW", "A"),
    }
    # PAINT could be changed when it was decided; when it was taken out again it was too late.
    assert told["c1"]["impact_status"] != "too_late"
    assert told["c2"]["impact_status"] == "too_late"
    assert told["c1"]["method"] == "rules"


@pytest.mark.parametrize("status", ["delivered", "cancelled", None])
def test_a_change_of_an_order_that_is_not_open_comes_too_late(status: str | None) -> None:
    placed = orders(*([order("o", "B", order_status=status)] if status else []))
    asked = changes(change("c", "o", "A"), change("d", "o", "A", change_status="rejected"))
    told = _impacts(_inputs(placed, asked))
    assert set(told) == {"c"}
    assert (told["c"]["impact_status"], told["c"]["reason_code"]) == ("too_late", "CHANGE_ORDER_UNKNOWN")


def test_without_changes_there_is_nothing_to_tell() -> None:
    frame, _ = change_impacts(_inputs(orders(), changes()), AS_OF, SlotParameters())
    assert frame.empty
