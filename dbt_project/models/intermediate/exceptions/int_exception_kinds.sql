-- What is said of a kind of exception as a whole. Kinds of one family that speak of the same place, or of
-- the same subject, speak of one cause: `cause_scope` says by which of the two they are told apart.
-- `is_told_weekly`: nothing that anyone could cure today; it is watched, and told in the weekly review.
-- `is_reason_in_id`: one place may have several exceptions of the kind, told apart by their reason.
select
    kinds.exception_type,
    kinds.cause_family,
    kinds.cause_scope,
    kinds.is_reason_in_id,
    kinds.is_always_look,
    kinds.owner_role,
    kinds.is_told_weekly
from (
    values
    ('stock_out', 'shortage', 'place', false, false, 'supply planner', false),
    ('unmet_need', 'shortage', 'place', false, false, 'supply planner', false),
    ('no_supplier', 'shortage', 'place', false, false, 'buyer', false),
    ('overdue_supply', 'shortage', 'place', true, false, 'buyer', false),
    ('segment_unmet', 'shortage', 'place', false, false, 'sales planner', false),
    ('oversell_rejected', 'shortage', 'place', false, false, 'sales planner', false),
    ('over_promised', 'shortage', 'place', false, true, 'sales planner', false),
    ('excess', 'surplus', 'place', false, false, 'inventory manager', false),
    ('aged_stock', 'surplus', 'place', false, false, 'inventory manager', false),
    ('moq_excess', 'surplus', 'place', false, false, 'buyer', false),
    ('audit_difference', 'record', 'place', true, false, 'stock controller', false),
    ('stock_not_balanced', 'record', 'place', false, false, 'stock controller', false),
    ('units_not_matching_stock', 'record', 'place', false, false, 'stock controller', false),
    ('forecast_drift', 'demand', 'place', false, false, 'demand planner', false),
    ('market_change', 'demand', 'reason', true, false, 'demand planner', true),
    ('policy_change_pending', 'policy', 'reason', true, false, 'supply manager', false),
    ('override_expiring', 'policy', 'reason', true, false, 'supply planner', false),
    ('unit_on_hold', 'unit', 'reason', true, false, 'quality manager', false),
    ('reservation_broken', 'unit', 'reason', true, true, 'sales planner', false),
    ('promise_broken', 'order', 'reason', true, true, 'order manager', false),
    ('order_late', 'order', 'reason', true, true, 'order manager', false),
    ('order_stuck', 'order', 'reason', true, true, 'order manager', false),
    ('order_silent', 'order', 'reason', true, true, 'order manager', false),
    ('order_unbuildable', 'order', 'reason', true, true, 'order manager', false),
    ('option_ending', 'order', 'reason', true, true, 'order manager', false),
    ('capacity_exceeded', 'plan', 'reason', true, true, 'supply planner', false),
    ('plan_fallback', 'plan', 'reason', true, true, 'system owner', false),
    ('plan_gap_open', 'plan', 'reason', true, true, 'system owner', false),
    ('rows_quarantined', 'data', 'reason', true, true, 'data steward', false),
    ('source_conflict', 'data', 'reason', true, true, 'data steward', false),
    ('stale_feed', 'data', 'reason', true, true, 'data steward', false)
) as kinds (
    exception_type,
    cause_family,
    cause_scope,
    is_reason_in_id,
    is_always_look,
    owner_role,
    is_told_weekly
)
