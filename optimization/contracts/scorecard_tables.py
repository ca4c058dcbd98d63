"""Border tables that the scorecard's evidence needs beside what the other rooms write."""

from __future__ import annotations

from optimization.contracts.table import Table

POLICY_PROOF = Table(
    "opt_out__policy_proof",
    "Every policy calculated a second time, from the row of inputs that was stored; null where the row says "
    "that it cannot be.",
    key=("item_id", "location_id"),
    required=("item_id", "location_id"),
    optional=(
        "recomputed_reorder_point_units",
        "recomputed_order_up_to_units",
        "is_recomputed_equal",
    ),
)

SCORECARD_OUTPUTS: tuple[Table, ...] = (POLICY_PROOF,)
