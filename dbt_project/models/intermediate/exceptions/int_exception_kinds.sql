-- What is said of a kind of exception as a whole. Kinds of one family that speak of the same place, or of
-- the same subject, speak of one cause: `cause_scope` says by which of the two they are told apart.
-- `is_reason_in_id`: one place may have several exceptions of the kind, told apart by their reason.
select
    kinds.exception_type,
    kinds.cause_family,
    kinds.cause_scope,
    kinds.is_reason_in_id,
    kinds.is_always_look,
    kinds.owner_role
from (
    values
    ('stock_out', 'shortage', 'place', false, false, 'supply planner'),
    ('unmet_need', 'shortage', 'place', false, false, 'supply planner'),
    ('no_supplier', 'shortage', 'place', false, false, 'buyer'),
    ('overdue_supply', 'shortage', 'place', true, false, 'buyer'),
    ('segment_unmet', 'shortage', 'place', false, false, 'sales planner'),
    ('oversell_rejected', 'shortage', 'place', false, false, 'sales planner'),
    ('over_promised', 'shortage', 'place', false, true, 'sales planner'),
    ('excess', 'surplus', 'place', false, false, 'inventory manager'),
    ('aged_stock', 'surplus', 'place', false, false, 'inventory manager'),
    ('moq_excess', 'surplus', 'place', false, false, 'buyer'),
    ('audit_difference', 'record', 'place', true, false, 'stock controller'),
    ('stock_not_balanced', 'record', 'place', false, false, 'stock controller'),
    ('units_not_matching_stock', 'record', 'place', false, false, 'stock controller'),
    ('forecast_drift', 'demand', 'place', false, false, 'demand planner'),
    ('market_change', 'demand', 'reason', true, false, 'demand planner'),
    ('policy_change_pending', 'policy', 'reason', true, false, 'supply manager'),
    ('override_expiring', 'policy', 'reason', true, false, 'supply planner'),
    ('unit_on_hold', 'unit', 'reason', true, false, 'quality manager'),
    ('reservation_broken', 'unit', 'reason', true, true, 'sales planner'),
    ('promise_broken', 'order', 'reason', true, true, 'order manager'),
    ('order_late', 'order', 'reason', true, true, 'order manager'),
    ('order_stuck', 'order', 'reason', true, true, 'order manager'),
    ('order_silent', 'order', 'reason', true, true, 'order manager'),
    ('order_unbuildable', 'order', 'reason', true, true, 'order manager'),
    ('option_ending', 'order', 'reason', true, true, 'order manager'),
    ('capacity_exceeded', 'plan', 'reason', true, true, 'supply planner'),
    ('plan_fallback', 'plan', 'reason', true, true, 'system owner'),
    ('plan_gap_open', 'plan', 'reason', true, true, 'system owner'),
    ('rows_quarantined', 'data', 'reason', true, true, 'data steward'),
    ('source_conflict', 'data', 'reason', true, true, 'data steward'),
    ('stale_feed', 'data', 'reason', true, true, 'data steward')
) as kinds (
    exception_type,
    cause_family,
    cause_scope,
    is_reason_in_id,
    is_always_look,
    owner_role
)
