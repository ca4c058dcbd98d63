"""Columns of the orders' side: configurations, slots, milestones, promises, vehicles, requests.

Columns that other rooms carry as well stand in `optimization.contracts.columns`. A set of options is
one text: the option ids in ascending order, joined by `|`; no option is the empty text.
"""

from __future__ import annotations

from optimization.contracts.column import Column

OPTION_FAMILIES = (
    "colour",
    "packages",
    "trim",
    "wheels",
    "performance",
    "technology",
    "comfort",
    "appearance",
    "accessibility",
    "commercial",
    "export",
    "prototype",
)
LEAD_TIME_CLASSES = ("standard", "advanced", "special")
RULE_TYPES = ("requires", "excludes", "one_of", "at_most_one", "all_of", "conditional")
CHECK_KINDS = ("violation", "warning", "repair")
RULE_CHECK_KINDS = ("incomplete_rule", "empty_market", "dead_option")
ORDER_STATUSES = ("quoted", "open", "delivered", "cancelled")
CREDIT_STATUSES = ("approved", "pending", "refused", "not_needed")
CHANGE_AUTHORS = ("customer", "internal")
CHANGE_STATUSES = ("pending", "approved", "rejected", "withdrawn")
QUALITY_KINDS = ("hold", "rework", "defect", "recall", "pdi_failure", "field_defect")
HOLD_KINDS = ("recall", "quality", "legal", "damage", "customer", "other")
REQUEST_KINDS = ("order", "lead", "enquiry")
REQUEST_OUTCOMES = ("open", "bought", "ordered", "lost", "withdrawn")
COST_KINDS = (
    "build",
    "options",
    "transport",
    "preparation",
    "administration",
    "coordination",
    "expedite",
    "incentive",
    "warranty",
    "deposit",
    "invoice",
)
CATEGORY_GROUPS = ("new", "specialty", "service")
# What may be done to one unit; the ledger's family `unit` has the same names.
UNIT_OPERATIONS = ("reserve", "confirm", "extend", "release", "consume", "cancel", "block", "unblock")
UNIT_RESERVATION_STATES = (
    "HELD",
    "CONFIRMED",
    "DELIVERED",
    "RELEASED",
    "CANCELLED",
    "EXPIRED",
    "BROKEN",
    "BLOCKED",
    "UNBLOCKED",
)
PROMISE_BASES = (
    "on_hand",
    "in_transit",
    "open_supply",
    "transfer",
    "lead_time",
    "slot",
    "milestones",
    "none",
)
DELAY_STATUSES = ("on_track", "at_risk", "late", "delivered", "cancelled", "not_promised")
MILESTONE_STATES = ("reached", "skipped", "current", "expected", "blocked")
STOCK_ACTIONS = ("keep", "reprice", "transfer", "demo", "wholesale")
IMPACT_STATUSES = ("feasible", "feasible_with_cost", "too_late", "not_buildable")
FACTORY_MESSAGES = ("order", "change", "cancel")
NOTIFICATION_KINDS = (
    "order_confirmed",
    "schedule_confirmed",
    "milestone_reached",
    "delay",
    "change_decided",
    "hold_expiring",
    "stock_available",
    "promise_moved",
    "substitution_offered",
)

ORDER_COLUMNS: tuple[Column, ...] = (
    # --- configurations
    Column("option_id", "text", "Option of a configuration; in a load, * is the whole of the line"),
    Column("option_family", "text", "What the option is about", isin=OPTION_FAMILIES),
    Column("option_name", "text", "Name of the option"),
    Column("options", "text", "Chosen options: ids in ascending order, joined by |"),
    Column("as_built_options", "text", "Options as they were built"),
    Column("previous_options", "text", "Options before the change"),
    Column("must_options", "text", "Options without which the request is not met"),
    Column("wish_options", "text", "Options that are wanted and can be done without"),
    Column("involved_options", "text", "Options that take part in the violation"),
    Column("added_options", "text", "Options to be added"),
    Column("removed_options", "text", "Options to be taken out"),
    Column("if_options", "text", "The rule holds where all of these are chosen; null: always"),
    Column("then_options", "text", "Options that the rule is about"),
    Column("lead_time_class", "text", "How much longer it takes to build", isin=LEAD_TIME_CLASSES),
    Column("option_price", "number", "Price of the option", unit="money"),
    Column("rule_type", "text", "What the rule demands", isin=RULE_TYPES),
    Column("market", "text", "Market for which it is built; null: all"),
    Column("message", "text", "What a person is told"),
    Column("change_cutoff_milestone", "text", "Milestone from which the option can no longer be changed"),
    Column(
        "material_lead_days", "number", "Days until the option's material can be there", unit="days", ge=0
    ),
    Column("check_number", "integer", "Number of the row within its order", ge=1),
    Column(
        "check_kind",
        "text",
        "A violation, a warning that stops nothing, or a repair of all violations",
        isin=CHECK_KINDS,
    ),
    Column("rule_check_kind", "text", "What is wrong with the rules themselves", isin=RULE_CHECK_KINDS),
    Column("conflicting_rules", "text", "Rules that together make it impossible, joined by |"),
    Column("price_delta", "number", "Change of the price", unit="money"),
    Column("cost_delta", "number", "Change of the cost", unit="money"),
    # --- made-to-order orders
    Column("order_status", "text", "Status at the source", isin=ORDER_STATUSES),
    Column("credit_status", "text", "Whether the order's financing is approved", isin=CREDIT_STATUSES),
    Column("credit_valid_to", "date", "Last day on which the approval of the credit holds"),
    Column("confirmed_date", "date", "Day on which the order was confirmed"),
    Column("promised_date", "date", "Delivery date that was promised at the source"),
    Column("quoted_price", "number", "Price that was quoted, options in it; frozen", unit="money", ge=0),
    Column("quoted_fees", "number", "Fees that were quoted; frozen", unit="money", ge=0),
    Column("quoted_cost", "number", "Cost that was planned when the price was quoted", unit="money", ge=0),
    Column("final_price", "number", "Price that was invoiced", unit="money", ge=0),
    Column("deposit", "number", "What the customer has paid ahead", unit="money", ge=0),
    Column("order_weight", "number", "What a day of lateness of the order weighs", ge=0),
    Column("change_id", "text", "One requested change of an order"),
    Column("requested_by", "text", "Who asked for the change", isin=CHANGE_AUTHORS),
    Column("change_status", "text", "What was decided of the change", isin=CHANGE_STATUSES),
    Column("decided_date", "date", "Day of the decision"),
    Column("new_requested_date", "date", "Delivery date that the change asks for"),
    Column("cost_id", "text", "One entry of the orders' costs"),
    Column("cost_date", "date", "Day of the entry"),
    Column("cost_kind", "text", "What the entry is for; an invoice or a deposit is income", isin=COST_KINDS),
    Column("amount", "number", "Amount of the entry", unit="money"),
    # --- slots
    Column("plant_id", "text", "Plant that builds"),
    Column("production_line_id", "text", "Line of the plant; * is all of them"),
    Column("week_start_date", "date", "Monday of the production week"),
    Column("previous_week_start_date", "date", "Monday of the week that the order had before"),
    Column("slot_units", "number", "Orders that can be built in the week", unit="units", ge=0),
    Column("min_slot_units", "number", "Orders that must be built in the week", unit="units", ge=0),
    Column("used_units", "number", "Orders that have a slot in the week", unit="units", ge=0),
    Column("left_units", "number", "Slots that are left", unit="units", ge=0),
    Column("freed_units", "number", "Slots that cancelled or moved orders gave back", unit="units", ge=0),
    Column("expedite_slot_units", "number", "Slots on top, at a price each", unit="units", ge=0),
    Column("expedite_unit_cost", "number", "Price of a slot on top", unit="money", ge=0),
    Column("is_frozen", "flag", "The week's plan can no longer be changed"),
    Column("is_moved", "flag", "Another week than the day before"),
    Column("slot_price", "number", "What one more slot would save", unit="money", ge=0),
    Column(
        "lateness_days",
        "number",
        "Days after the promise, transport and preparation in it",
        unit="days",
        ge=0,
    ),
    Column("is_promise_broken", "flag", "The confirmed promise cannot be kept"),
    Column("expedite_rank", "integer", "1 is the cheapest per day saved", ge=1),
    Column("days_saved", "number", "Days earlier", unit="days", ge=0),
    Column("expedite_cost", "number", "Cost of it, others' lateness in it", unit="money", ge=0),
    Column("affected_order_count", "integer", "Other orders that it moves", ge=0),
    Column("affected_orders", "text", "Other orders that it moves, joined by |"),
    # --- milestones and lead times
    Column("milestone_code", "text", "Code of the milestone at the source"),
    Column("milestone_number", "integer", "Place of the milestone in the order of events", ge=0),
    Column("milestone_step", "integer", "Step from consultation (1) to handover (16)", ge=1, le=16),
    Column("milestone_name", "text", "Name of the milestone"),
    Column("is_progress", "flag", "Reaching it is progress; an edit or a hold is none"),
    Column("planned_days", "number", "Days planned from the milestone before", unit="days", ge=0),
    Column("planned_date", "date", "When it was planned to be reached"),
    Column("reached_at", "timestamp", "When it was reached (UTC)"),
    Column("source_seq", "integer", "The source's own number of the event"),
    Column("milestone_state", "text", "Whether it was reached", isin=MILESTONE_STATES),
    Column("predicted_p50_date", "date", "When it is expected: as often earlier as later"),
    Column("predicted_p90_date", "date", "By then in nine cases of ten"),
    Column("pool_level", "text", "How wide the group is whose durations were pooled"),
    Column("pool_key", "text", "Group whose durations were pooled"),
    Column("duration_p50_days", "number", "Half the durations are shorter", unit="days", ge=0),
    Column("duration_p80_days", "number", "Eight in ten are shorter", unit="days", ge=0),
    Column("duration_p90_days", "number", "Nine in ten are shorter", unit="days", ge=0),
    Column("duration_p95_days", "number", "Nineteen in twenty are shorter", unit="days", ge=0),
    Column("stage_age_days", "number", "Days since the milestone was reached", unit="days", ge=0),
    Column("stage_limit_days", "number", "An order that waits longer is stuck", unit="days", ge=0),
    Column("silent_days", "number", "Days since anything was heard of the order", unit="days", ge=0),
    Column("delay_status", "text", "How the order stands against its promise", isin=DELAY_STATUSES),
    Column("is_stuck", "flag", "In its stage for longer than nineteen in twenty orders"),
    Column("is_silent", "flag", "A milestone that should have come has not been heard of"),
    Column("is_blocked", "flag", "A quality event or missing credit holds it"),
    Column("delay_cause", "text", "Stage or event that costs the most days"),
    Column("delay_days", "number", "Days after the first promise", unit="days", ge=0),
    Column("at_risk_probability", "number", "Probability that the promise is missed", ge=0, le=1),
    Column(
        "cancel_probability", "number", "Probability that it is cancelled in the next 30 days", ge=0, le=1
    ),
    Column("quality_event_id", "text", "One quality event"),
    Column("quality_kind", "text", "What kind of quality event", isin=QUALITY_KINDS),
    Column("severity", "integer", "1 is the most severe", ge=1, le=5),
    Column("opened_date", "date", "First day"),
    Column("closed_date", "date", "Day on which it ended; null: still open"),
    # --- promises
    Column("promise_number", "integer", "1 is the first promise, which is kept for ever", ge=1),
    Column("made_date", "date", "Business date on which the promise was made"),
    Column("promise_p50_date", "date", "Delivery that is expected: as often earlier as later"),
    Column("promise_p90_date", "date", "Delivery that is promised: kept in nine cases of ten"),
    Column("first_promise_date", "date", "The first promise; never changed"),
    Column("current_promise_date", "date", "The promise that holds now"),
    Column("previous_promise_date", "date", "The promise of the release before"),
    Column("promise_basis", "text", "What the promise rests on", isin=PROMISE_BASES),
    Column("source_location_id", "text", "Where the goods come from"),
    Column("transit_p50_days", "number", "Transport: half are faster", unit="days", ge=0),
    Column("transit_p90_days", "number", "Transport: nine in ten are faster", unit="days", ge=0),
    Column("handover_date", "date", "Day of the handover, its place's capacity kept"),
    Column("handover_units", "number", "Handovers that the place can do in a day", unit="units", ge=0),
    Column("preparation_days", "number", "Days of preparation before handover", unit="days", ge=0),
    Column(
        "projected_units",
        "number",
        "Stock, supply and commitments up to the day, without look-ahead",
        unit="units",
    ),
    Column(
        "discrete_units",
        "number",
        "New supply less what is promised until the next, netted back",
        unit="units",
        ge=0,
    ),
    Column(
        "beyond_p50_date", "date", "From then on a new order to the supplier serves any quantity: expected"
    ),
    Column(
        "beyond_p90_date", "date", "From then on a new order to the supplier serves any quantity: promised"
    ),
    # --- units
    Column("stock_category", "text", "What the unit is kept for"),
    Column("category_group", "text", "Group of the stock's category", isin=CATEGORY_GROUPS),
    Column("is_sellable", "flag", "Counts as stock to be sold"),
    Column("counts_in_kpi", "flag", "Counts in fill, turnover and days of supply"),
    Column("is_unseen", "flag", "On hand by the books, not seen lately"),
    Column("is_promisable", "flag", "Can be promised to a customer"),
    Column("ready_p50_date", "date", "Ready for handover at its place: expected"),
    Column("ready_p90_date", "date", "Ready for handover at its place: promised"),
    Column("location_age_days", "integer", "Days at the present place", unit="days", ge=0),
    Column("estimated_value", "number", "What the market would pay", unit="money", ge=0),
    Column("floorplan_start_date", "date", "First day of the floor-plan loan"),
    Column("floorplan_rate", "number", "Yearly interest of the floor-plan loan", unit="share", ge=0),
    Column("floorplan_free_days", "integer", "Days without interest", unit="days", ge=0),
    Column("odometer_km", "number", "Distance driven", unit="km", ge=0),
    Column("hold_id", "text", "One hold of a unit"),
    Column("hold_kind", "text", "Why the unit is held", isin=HOLD_KINDS),
    Column("unit_operation", "text", "What was done to the unit", isin=UNIT_OPERATIONS),
    Column(
        "unit_reservation_state",
        "text",
        "What became of the reservation or block",
        isin=UNIT_RESERVATION_STATES,
    ),
    Column("sold_date", "date", "Day of the sale"),
    Column("sold_price", "number", "Price of the sale", unit="money", ge=0),
    Column("daily_cost", "number", "What the unit costs a day", unit="money", ge=0),
    Column("cumulative_cost", "number", "What the unit has cost so far", unit="money", ge=0),
    Column("expected_days_to_sale", "number", "Days until it is sold", unit="days", ge=0),
    Column("sale_probability", "number", "Probability of a sale in the next 30 days", ge=0, le=1),
    Column("expected_markdown", "number", "Expected reduction of the price", unit="money", ge=0),
    Column("value_at_risk", "number", "Expected loss against the cost, holding in it", unit="money", ge=0),
    Column("proposed_price", "number", "Price that earns most", unit="money", ge=0),
    Column("is_slow", "flag", "Stands longer than units like it"),
    Column("stock_action", "text", "What to do with the unit", isin=STOCK_ACTIONS),
    Column("action_value", "number", "What the action wins against keeping the unit as it is", unit="money"),
    # --- requests and matches
    Column("request_id", "text", "One request of a customer for a unit"),
    Column("request_kind", "text", "How firm the request is", isin=REQUEST_KINDS),
    Column("request_date", "date", "Day of the request"),
    Column("request_outcome", "text", "What became of the request", isin=REQUEST_OUTCOMES),
    Column("outcome_date", "date", "Day on which the request ended"),
    Column("max_price", "number", "Highest price that the customer accepts", unit="money", ge=0),
    Column("needed_date", "date", "Day by which it must be there"),
    Column("max_distance_km", "number", "How far the unit may come from", unit="km", ge=0),
    Column("match_rank", "integer", "1 fits best", ge=1),
    Column("match_score", "number", "Worth of the match to the business", unit="money"),
    Column("fit_share", "number", "How well the unit fits the wish", unit="share", ge=0, le=1),
    Column("option_score", "number", "Part of the score: options", unit="money"),
    Column("appearance_score", "number", "Part of the score: colour and trim", unit="money"),
    Column("price_score", "number", "Part of the score: price", unit="money"),
    Column("distance_score", "number", "Part of the score: distance and transport", unit="money"),
    Column("date_score", "number", "Part of the score: earlier delivery", unit="money"),
    Column("ageing_score", "number", "Part of the score: an aged unit leaves", unit="money"),
    Column("scarcity_score", "number", "Part of the score: what the unit is worth to others", unit="money"),
    Column("distance_km", "number", "Distance from the unit to the customer's place", unit="km", ge=0),
    Column("differences", "text", "What differs from the wish"),
    Column("is_assigned", "flag", "The match that is proposed"),
    Column("candidate_count", "integer", "Units that meet what the request cannot do without", ge=0),
    Column("outbid_by", "text", "Request that has the unit instead"),
    Column("feature", "text", "Feature that is weighed"),
    Column("feature_weight", "number", "Weight of the feature", unit="money"),
    Column("offer_rank", "integer", "1 is offered first", ge=1),
    Column("days_earlier", "number", "Days earlier than the order's own delivery", unit="days"),
    Column("slot_value", "number", "What the freed slot is worth", unit="money", ge=0),
    Column("offer_value", "number", "Worth of the offer to the business", unit="money"),
    # --- changes
    Column("impact_status", "text", "Whether the change can be made", isin=IMPACT_STATUSES),
    Column("p50_delta_days", "number", "Days that the expected delivery moves", unit="days"),
    Column("p90_delta_days", "number", "Days that the promised delivery moves", unit="days"),
    Column("needs_approval", "flag", "The customer has to agree"),
    Column("version", "integer", "Version of the order; 1 is as ordered", ge=1),
    # --- messages
    Column("message_id", "text", "One message; the same whatever the number of runs"),
    Column("factory_message", "text", "What the plant is told", isin=FACTORY_MESSAGES),
    Column("notification_kind", "text", "What the customer is told", isin=NOTIFICATION_KINDS),
    Column("created_date", "date", "Business date of the run that wrote the message first"),
    Column("subject_id", "text", "Order, request or reservation that the message is about"),
    Column("subject_date", "date", "Date that the message names"),
    Column("acknowledged_at", "timestamp", "When the plant acknowledged it (UTC)"),
    Column("is_accepted", "flag", "The plant accepted it; null: no answer yet"),
    Column("tracking_id", "text", "What a customer follows the order by; tells nothing of the person"),
)
