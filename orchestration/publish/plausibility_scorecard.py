"""What a plausible scorecard looks like, and the tables of evidence that it stands on."""

from __future__ import annotations

from orchestration.publish.plausibility_form import Plausibility

SCORECARD_PLAUSIBILITY: dict[str, Plausibility] = {
    "policy_run": Plausibility(
        key=("run_as_of",),
        is_never_empty=True,
        from_zero=("policy_keys", "calculated_keys"),
    ),
    "purchase_lane": Plausibility(
        key=("supplier_id", "location_id"),
        from_zero=("order_lines", "purchase_value"),
    ),
}
