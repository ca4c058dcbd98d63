"""Source tables of what is known ahead or told of the market: events, drivers, plans, reviews."""

from __future__ import annotations

from optimization.contracts.column import Column
from orchestration.contracts.raw_table import STAMPS, RawTable

EVENT_CALENDAR = RawTable(
    "raw__event_calendar",
    "Promotions, holidays and other dated events, known from published_date on.",
    key=("event_id",),
    required=("event_id", "event_type", "scope", "start_date", "end_date", "published_date", *STAMPS),
    optional=("planned_uplift", "location_scope"),
    is_mandatory=False,
    ordered_dates=(("start_date", "end_date"),),
    disables=("promotions and holidays in demand",),
    column_disables={"location_scope": "events of one region or location"},
)

EXTERNAL_DRIVER = RawTable(
    "raw__external_driver",
    "Values of external drivers of demand; a value counts from its published_date on, a later "
    "one for the same date revises it.",
    key=("driver", "scope", "driver_date", "published_date"),
    required=("driver", "scope", "driver_date", "driver_value", "published_date", *STAMPS),
    is_mandatory=False,
    disables=("external drivers of demand",),
    normal_loss_rows=50,
)

CONSENSUS_PLAN = RawTable(
    "raw__consensus_plan",
    "Demand that sales and supply agreed on, by month; only approved versions count.",
    key=("plan_version", "scope", "location_scope", "month_start_date"),
    required=(
        "plan_version",
        "scope",
        "location_scope",
        "month_start_date",
        "planned_units",
        "plan_status",
        *STAMPS,
    ),
    optional=("submitted_by", "approved_by", "approved_date"),
    is_mandatory=False,
    event_dates=("approved_date",),
    disables=("consensus plans in the forecast",),
    column_disables={"approved_date": "the consensus plan's own error (approval counts from loading)"},
    normal_loss_rows=50,
)

REGISTRATION = RawTable(
    "raw__registration",
    "New registrations of the market by month, own and competing brands; a later published_date "
    "revises the month.",
    key=("month_start_date", "region", "market_segment", "brand", "model", "published_date"),
    required=(
        "month_start_date",
        "region",
        "market_segment",
        "brand",
        "model",
        "is_own_brand",
        "registered_units",
        "published_date",
        *STAMPS,
    ),
    is_mandatory=False,
    disables=("market share and its trend",),
    normal_loss_rows=50,
)

COMPETITOR_PRICE = RawTable(
    "raw__competitor_price",
    "What competing brands ask for a vehicle that competes with one of our models.",
    key=("price_date", "model", "brand", "published_date"),
    required=("price_date", "model", "brand", "competitor_price", "published_date", *STAMPS),
    is_mandatory=False,
    disables=("price gap against competitors",),
    normal_loss_rows=50,
)

SCORECARD_NOTE = RawTable(
    "raw__scorecard_note",
    "What people noted on checks and areas of the scorecard; what the evidence says they cannot change.",
    key=("note_subject", "note_number"),
    required=("note_subject", "note_number", *STAMPS),
    optional=("observation", "decision", "owner", "due_date"),
    is_mandatory=False,
    disables=("people's observations and decisions on the scorecard",),
    normal_loss_rows=50,
    redefined=(
        Column("decision", "text", "What was decided about it"),
        Column("owner", "text", "Who carries the decision out"),
        Column("due_date", "date", "When that is due"),
    ),
)

POLICY_REVIEW = RawTable(
    "raw__policy_review",
    "Completed reviews of the stock policies.",
    key=("review_id",),
    required=("review_id", "scope", "review_due_date", *STAMPS),
    optional=("review_completed_date", "reviewer"),
    role="event",
    is_mandatory=False,
    event_dates=("review_completed_date",),
    disables=("evidence of the review cadence",),
)
