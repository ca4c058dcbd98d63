"""What a plausible scorecard looks like, and the tables of evidence that it stands on."""

from __future__ import annotations

from optimization.contracts.history_tables import SCORECARD_STATUSES
from orchestration.publish.plausibility_form import Plausibility

SCORECARD_PLAUSIBILITY: dict[str, Plausibility] = {
    "scorecard_check": Plausibility(
        key=("check_number",),
        is_never_empty=True,
        from_zero=("evidence_rows", "score"),
        lists={"status": SCORECARD_STATUSES},
    ),
    "scorecard_area": Plausibility(
        key=("area",),
        is_never_empty=True,
        from_zero=("checks_yes", "checks"),
        shares=("share",),
        lists={"rag": ("green", "amber", "red")},
    ),
    "recommended_action": Plausibility(
        key=("action_rank",),
        is_never_empty=True,
        from_zero=("failing_checks",),
    ),
    "scorecard_trend": Plausibility(key=("series", "point_date")),
    "policy_run": Plausibility(
        key=("run_as_of",),
        is_never_empty=True,
        from_zero=("policy_keys", "calculated_keys"),
    ),
    "calendar_use": Plausibility(
        key=("item_id", "location_id"),
        from_zero=("events_ahead", "event_factor", "season_factor"),
    ),
    "purchase_lane": Plausibility(
        key=("supplier_id", "location_id"),
        from_zero=("order_lines", "purchase_value"),
    ),
}
