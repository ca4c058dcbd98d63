"""What of a calculation takes effect, and what people's decisions do to it."""

from __future__ import annotations

import pandas as pd
import pytest

from optimization.parameters import GovernanceParameters
from tests.governance_days import Company, change_of, old_of, verdict

# 10 a unit, so that 500 at cost are 50 units.
BEFORE, SMALL, LARGE = (20.0, 40.0), (30.0, 60.0), (90.0, 140.0)


def _company(**rules: object) -> Company:
    company = Company(GovernanceParameters(**rules))  # type: ignore[arg-type]
    company.publish({"A": BEFORE})
    return company


def test_rules_let_through_what_is_small_and_say_which_rule_it_was() -> None:
    company = Company()
    first = company.publish({"A": BEFORE, "B": BEFORE, "C": BEFORE})
    assert set(first.policy_change["approval_rule"]) == {"bootstrap"}
    found = company.publish({"A": (21.0, 42.0), "B": SMALL, "C": LARGE})
    assert found.change_state.tolist() == ["within_dead_band", "auto_approved", "proposed"]
    assert list(zip(*found.effective, strict=True)) == [BEFORE, SMALL, BEFORE]
    told = found.policy_change.set_index("item_id")
    assert told["approval_rule"].to_dict() == {"B": "value_limit", "C": None}
    assert told.loc["B", "approval_rule_text"] == "no more than 500 at cost"
    assert told.loc["B", "author"] == "stockplan"
    assert told.loc["C", "change_value"] == 1_000.0
    assert told.loc["C", "expires_date"] == pd.Timestamp("2024-03-12")


def test_a_proposal_goes_on_under_its_id_until_somebody_approves_it() -> None:
    company = _company()
    first = change_of(company.publish({"A": LARGE}), "A")
    second = change_of(company.publish({"A": (92.0, 144.0)}), "A")
    assert (second["change_id"], second["days_pending"]) == (first["change_id"], 1)
    assert second["new_order_up_to_units"] == 140.0
    event = company.decide("approved", first["change_id"], "eve")
    found = company.publish({"A": (91.0, 142.0)})
    assert (found.effective[0][0], found.effective[1][0]) == LARGE
    told = change_of(found, "A")
    assert (told["change_state"], told["approver"], told["approval_rule"]) == ("approved", "eve", "approver")
    assert verdict(found, event) == ""
    # The next day's calculation is near: nothing changes, and the event is not judged again.
    after = company.publish({"A": (91.0, 142.0)})
    assert after.change_state.tolist() == ["within_dead_band"]
    assert len(after.approval) == 1


def test_a_proposal_expires_and_is_proposed_anew() -> None:
    company = _company(approval_days=2)
    first = change_of(company.publish({"A": LARGE}), "A")
    for _ in range(2):
        company.publish({"A": LARGE})
    rows = company.publish({"A": LARGE}).policy_change.set_index("change_state")
    assert rows.loc["expired", "change_id"] == first["change_id"]
    assert rows.loc["proposed", "change_id"] != first["change_id"]
    late = company.decide("approved", first["change_id"], "eve", str(first["content_hash"]))
    assert verdict(company.publish({"A": LARGE}), late) == "PROPOSAL_EXPIRED"


def test_a_proposal_that_the_calculation_no_longer_wants_is_superseded() -> None:
    company = _company()
    company.publish({"A": LARGE})
    found = company.publish({"A": BEFORE})
    told = change_of(found, "A")
    assert (told["change_state"], told["reason_code"]) == ("superseded", "CALCULATION_MOVED")
    assert found.change_state.tolist() == ["none"]


def test_a_rejection_holds_while_the_calculation_stays_near_and_for_a_cycle_at_most() -> None:
    company = _company(review_cadence_days=3)
    first = change_of(company.publish({"A": LARGE}), "A")
    company.decide("rejected", first["change_id"], "eve")
    found = company.publish({"A": LARGE})
    assert (found.change_state.tolist(), found.effective[1].tolist()) == (["rejected"], [40.0])
    held = company.publish({"A": (92.0, 144.0)})
    assert (held.reason.tolist(), held.effective[1].tolist()) == (["DECISION_HOLDS"], [40.0])
    assert company.publish({"A": LARGE}, days=2).change_state.tolist() == ["none"]
    assert company.publish({"A": LARGE}).change_state.tolist() == ["proposed"]


def test_a_planners_change_holds_against_the_calculation_it_was_made_against() -> None:
    company = _company()
    small = company.propose("A", 25.0, 50.0, "ann")
    found = company.publish({"A": BEFORE})
    told = change_of(found, "A")
    assert (told["change_id"], told["change_state"], told["approval_rule"]) == (
        small,
        "auto_approved",
        "value_limit",
    )
    assert (told["author"], told["change_kind"], old_of(told)) == ("ann", "planner", BEFORE)
    assert company.publish({"A": (21.0, 41.0)}).effective[1].tolist() == [50.0]
    # The calculation moves, and takes over by the usual rules.
    assert company.publish({"A": SMALL}).effective[1].tolist() == [60.0]


def test_a_large_change_of_a_planner_waits_and_so_does_the_calculation_meanwhile() -> None:
    company = _company()
    asked = company.propose("A", 90.0, 140.0, "ann")
    found = company.publish({"A": SMALL})
    assert (found.change_state.tolist(), found.effective[1].tolist()) == (["proposed"], [40.0])
    assert found.change_value.tolist() == [1_000.0]
    wrong = company.decide("approved", asked, "Ann ")
    right = company.decide("approved", asked, "eve")
    found = company.publish({"A": SMALL})
    assert (verdict(found, wrong), verdict(found, right)) == ("SELF_APPROVAL", "")
    assert found.effective[1].tolist() == [140.0]


def test_an_override_pins_the_value_and_gives_back_what_it_replaced() -> None:
    company = _company(override_max_days=10)
    pinned = company.propose("A", 5.0, 10.0, "ann", ends_in=2)
    found = company.publish({"A": SMALL})
    assert (found.effective[1].tolist(), found.status.tolist(), found.reason.tolist()) == (
        [10.0],
        ["OVERRIDE"],
        ["MANUAL_OVERRIDE"],
    )
    row = found.policy_override.iloc[0]
    assert (row["override_id"], row["override_state"], row["base_order_up_to_units"]) == (
        pinned,
        "active",
        40.0,
    )
    assert company.publish({"A": LARGE}).effective[1].tolist() == [10.0]
    assert company.publish({"A": LARGE}).effective[1].tolist() == [10.0]
    over = company.publish({"A": LARGE})
    # It ends by itself; the old value is back, and what the calculation wants beside it waits.
    assert over.effective[1].tolist() == [40.0]
    assert over.policy_override.iloc[0]["override_state"] == "expired"
    assert set(over.policy_change["reason_code"]) == {"OVERRIDE_OVER", "APPROVAL_PENDING"}
    back = over.policy_change.set_index("reason_code").loc["OVERRIDE_OVER"]
    assert (back["old_order_up_to_units"], back["new_order_up_to_units"]) == (10.0, 40.0)


def test_an_override_can_be_ended_and_replaced() -> None:
    company = _company()
    first = company.propose("A", 5.0, 10.0, "ann", ends_in=20)
    company.publish({"A": BEFORE})
    second = company.propose("A", 6.0, 12.0, "bob", ends_in=20)
    found = company.publish({"A": BEFORE}).policy_override.set_index("override_id")
    assert found["override_state"].to_dict() == {first: "superseded", second: "active"}
    assert found.loc[first, "effective_to"] < found.loc[second, "effective_from"]
    assert found.loc[second, "base_order_up_to_units"] == 40.0
    company.decide("override_ended", second, "eve")
    assert company.publish({"A": BEFORE}).effective[1].tolist() == [40.0]


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ({"item": "Z"}, "UNKNOWN_ITEM_LOCATION"),
        ({"point": 50.0}, "LEVELS_IMPLAUSIBLE"),
        ({"point": 1.5}, "LEVELS_NOT_WHOLE"),
        ({"reason": None}, "WITHOUT_REASON"),
        ({"old_order_up_to_units": 39.0}, "OLD_VALUE_MOVED"),
        ({"new_order_up_to_units": 44.0}, "CHANGE_EDITED"),
        ({"actor": "bob"}, "NOT_A_PLANNER"),
        ({"actor": "Stockplan"}, "RESERVED_NAME"),
        ({"ends_in": 11}, "EXPIRY_IMPLAUSIBLE"),
        ({"ends_in": 5, "owner": None}, "WITHOUT_OWNER"),
    ],
)
def test_what_breaks_a_rule_is_refused_with_its_reason(told: dict[str, object], reason: str) -> None:
    company = _company(planners=("ann",), override_max_days=10)
    company.publish({"A": BEFORE, "Z": BEFORE})
    asked = {"item": "A", "point": 25.0, "level": 45.0, "actor": "ann"} | told
    company.propose(**asked)  # type: ignore[arg-type]
    levels = {"A": BEFORE} if told.get("item") else {"A": BEFORE, "Z": BEFORE}
    found = company.publish(levels)
    assert (verdict(found, "E1"), found.effective[1][0]) == (reason, 40.0)
    assert not found.approval.set_index("event_id").loc["E1", "is_effective"]


def test_only_who_is_named_approves_and_only_the_author_withdraws() -> None:
    company = _company(approvers=("eve",))
    asked = company.propose("A", 90.0, 140.0, "ann")
    events = {
        company.decide("approved", asked, "bob"): "NOT_AN_APPROVER",
        company.decide("withdrawn", asked, "eve"): "NOT_THE_AUTHOR",
        company.decide("approved", "no such", "eve", "x"): "UNKNOWN_CHANGE",
        company.decide("approved", asked, "eve", "x"): "CHANGE_EDITED",
        company.decide("override_ended", asked, "eve"): "OVERRIDE_NOT_OPEN",
        company.decide("withdrawn", asked, "ann"): "",
        company.decide("approved", asked, "eve"): "ALREADY_DECIDED",
    }
    found = company.publish({"A": BEFORE})
    assert {event: verdict(found, event) for event in events} == events
    assert found.approval["actor_role"].tolist()[:2] == ["planner", "planner"]
    assert change_of(found, "A")["change_state"] == "withdrawn"


def test_an_override_of_an_item_location_that_is_gone_is_not_approved_but_waits_for_it() -> None:
    company = Company()
    company.publish({"A": BEFORE, "B": BEFORE})
    pinned = company.propose("A", *LARGE, "paula", ends_in=9)
    company.publish({"A": BEFORE, "B": BEFORE})
    late = company.decide("approved", pinned, "eve")
    gone = company.publish({"B": BEFORE})
    # Nothing takes effect, and nobody is told that something did.
    assert verdict(gone, late) == "NO_LONGER_PLANNED"
    assert gone.policy_override.set_index("override_id").loc[pinned, "override_state"] == "pending"
    # It comes back within the override's days: the approval counts then.
    company.decide("approved", pinned, "eve")
    back = company.publish({"A": BEFORE, "B": BEFORE})
    assert back.effective[1].tolist() == [140.0, 40.0]


def test_a_proposal_for_an_item_location_that_is_gone_ends_with_a_reason() -> None:
    company = Company()
    company.publish({"A": BEFORE, "B": BEFORE})
    asked = company.propose("A", *LARGE, "paula")
    company.publish({"A": BEFORE, "B": BEFORE})
    found = company.publish({"B": BEFORE})
    told = change_of(found, "A")
    assert (told["change_id"], told["change_state"], told["reason_code"]) == (
        asked,
        "superseded",
        "NO_LONGER_PLANNED",
    )
    assert pd.isna(told["order_up_to_units"]) and told["new_order_up_to_units"] == 140.0
    # It comes back: the calculation begins anew, and the old proposal does not revive.
    late = company.decide("approved", asked, "eve", content=told["content_hash"])
    back = company.publish({"A": BEFORE, "B": BEFORE})
    assert change_of(back, "A")["approval_rule"] == "bootstrap"
    assert verdict(back, late) == "CHANGE_SUPERSEDED"
