"""The review calendar, and whether a version of the demand plan is approved."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from optimization.contracts.approval_tables import APPROVAL, DEMAND_PLAN_EVENT, REVIEW_EVENT
from optimization.contracts.inputs import CONSENSUS_PLAN
from optimization.contracts.rows import frame_of
from optimization.demand.plan_approval import decided_plan, judged_plans, plan_content_hash
from optimization.parameters import GovernanceParameters
from optimization.policy.plan_decisions import with_plan_decisions
from optimization.policy.reviews import review_calendar

FIRST = pd.Timestamp("2024-01-01")
RULES = GovernanceParameters(review_cadence_days=10, review_grace_days=2)


def _day(number: int) -> pd.Timestamp:
    """A day of the calendar; 1 is the first release's."""
    return FIRST + pd.Timedelta(days=number - 1)


def _reviews(*days: int) -> pd.DataFrame:
    return frame_of(
        REVIEW_EVENT,
        [
            {
                "event_id": f"E{number}",
                "ledger_seq": number,
                "event_at": _day(day),
                "business_date": _day(day),
                "actor": "ann",
                "completed_date": _day(day),
            }
            for number, day in enumerate(days, start=1)
        ],
    )


def test_each_cycle_is_reviewed_once_and_lateness_counts_from_its_end() -> None:
    first = review_calendar(_reviews(), None, FIRST, RULES)
    assert first["review_state"].tolist() == ["upcoming"]
    # Cycles end on days 10, 20, 30, 40; the grace on 12, 22, 32, 42.
    told = review_calendar(_reviews(9, 23), first, _day(32), RULES)
    assert told["review_state"].tolist() == ["completed", "late", "due", "upcoming"]
    assert told["days_late"].tolist() == [0, 3, 2, pd.NA]
    assert told["completed_date"].tolist()[:2] == [_day(9), _day(23)]
    assert review_calendar(_reviews(9), told, _day(33), RULES)["review_state"].tolist() == [
        "completed",
        "missed",
        "missed",
        "upcoming",
    ]


def test_two_reviews_of_one_cycle_do_not_complete_one_that_has_not_begun() -> None:
    first = review_calendar(_reviews(), None, FIRST, RULES)
    told = review_calendar(_reviews(3, 4), first, _day(15), RULES)
    assert told["review_state"].tolist() == ["completed", "upcoming"]


def test_another_cadence_counts_from_the_next_cycle_on() -> None:
    first = review_calendar(_reviews(), None, FIRST, RULES)
    told = review_calendar(_reviews(), first, _day(12), GovernanceParameters(review_cadence_days=30))
    assert told["cycle_end_date"].tolist() == [_day(10), _day(40)]


def _plan(*versions: dict[str, Any]) -> pd.DataFrame:
    default = {
        "scope_level": "all",
        "scope": "*",
        "location_scope_level": "all",
        "location_scope": "*",
        "bucket_start_date": pd.Timestamp("2024-02-01"),
        "bucket_end_date": pd.Timestamp("2024-02-29"),
        "planned_units": 10.0,
        "plan_status": "proposed",
        "is_approved": False,
        "submitted_by": "dora",
    }
    return frame_of(CONSENSUS_PLAN, [default | one for one in versions])


APPROVED = {"plan_status": "approved", "is_approved": True, "approved_by": "eve", "approved_date": FIRST}


def _decisions(plan: pd.DataFrame, *told: tuple[str, str, str]) -> pd.DataFrame:
    hashes = {str(name): plan_content_hash(rows) for name, rows in plan.groupby("plan_version")}
    return frame_of(
        DEMAND_PLAN_EVENT,
        [
            {
                "event_id": f"E{number}",
                "ledger_seq": number,
                "event_at": _day(5),
                "business_date": _day(5),
                "actor": actor,
                "demand_plan_decision": what,
                "plan_version": version,
                "content_hash": hashes.get(version, ""),
            }
            for number, (what, version, actor) in enumerate(told, start=1)
        ],
    )


def test_a_decision_of_the_ledger_takes_effect_in_the_plan_that_the_forecast_reads() -> None:
    plan = _plan({"plan_version": "V1", **APPROVED}, {"plan_version": "V2"}, {"plan_version": "V3"})
    events = _decisions(
        plan, ("approved", "V2", "eve"), ("rejected", "V1", "eve"), ("approved", "V3", "Dora")
    )
    judged = judged_plans(plan, events)
    told = judged.approvals.set_index("plan_version")
    assert told["reason_code"].to_dict() == {
        "V1": "REJECTED_BY_DECISION",
        "V2": "APPROVED_BY_DECISION",
        "V3": "AWAITS_APPROVAL",
    }
    assert judged.refusals == {"E1": "", "E2": "", "E3": "SELF_APPROVAL"}
    read = decided_plan(plan, judged.approvals).set_index("plan_version")
    assert read["is_approved"].to_dict() == {"V1": False, "V2": True, "V3": False}
    assert read.loc["V2", "approved_date"] == _day(5)
    approval = with_plan_decisions(frame_of(APPROVAL, []), events, judged, GovernanceParameters())
    assert approval["is_effective"].tolist() == [True, True, False]
    assert len(with_plan_decisions(approval, events, judged, GovernanceParameters())) == 3


@pytest.mark.parametrize(
    ("told", "rules", "refusal"),
    [
        (("approved", "V9", "eve"), {}, "UNKNOWN_PLAN_VERSION"),
        (("approved", "V1", "eve"), {}, "ALREADY_DECIDED"),
        (("approved", "V2", "bob"), {"approvers": ("eve",)}, "NOT_AN_APPROVER"),
    ],
)
def test_a_decision_that_breaks_a_rule_changes_nothing(
    told: tuple[str, str, str], rules: dict[str, Any], refusal: str
) -> None:
    plan = _plan({"plan_version": "V1", **APPROVED}, {"plan_version": "V2"})
    judged = judged_plans(plan, _decisions(plan, told), GovernanceParameters(**rules))
    assert judged.refusals == {"E1": refusal}
    assert judged.approvals["is_approved"].tolist() == [True, False]


def test_a_plan_that_changes_after_its_approval_is_approved_no_longer() -> None:
    plan = _plan({"plan_version": "V2"})
    events = _decisions(plan, ("approved", "V2", "eve"))
    judged = judged_plans(plan.assign(planned_units=11.0), events)
    assert judged.refusals == {"E1": "CHANGE_EDITED"}
    assert not judged.approvals["is_approved"].any()
