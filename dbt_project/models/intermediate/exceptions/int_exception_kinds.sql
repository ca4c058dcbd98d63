-- What is said of a kind of exception as a whole. Kinds of one family that speak of the same place, or of
-- the same subject, speak of one cause: `cause_scope` says by which of the two they are told apart.
-- `look_days`: what goes on for months is looked at so many days, and then watched, unless it gets worse.
-- `is_reason_in_id`: one place may have several exceptions of the kind, told apart by their reason.
select
    kinds.exception_type,
    kinds.cause_family,
    kinds.cause_scope,
    kinds.is_reason_in_id,
    kinds.is_always_look,
    kinds.owner_role,
    cast(kinds.look_days as integer) as look_days
from (
    values
    ('stock_out', 'shortage', 'place', false, false, 'supply planner', null),
    ('unmet_need', 'shortage', 'place', false, false, 'supply planner', null),
    ('no_supplier', 'shortage', 'place', false, false, 'buyer', null),
    ('overdue_supply', 'shortage', 'place', true, false, 'buyer', null),
    ('segment_unmet', 'shortage', 'place', false, false, 'sales planner', null),
    ('oversell_rejected', 'shortage', 'place', false, false, 'sales planner', null),
    ('over_promised', 'shortage', 'place', false, true, 'sales planner', null),
    ('excess', 'surplus', 'place', false, false, 'inventory manager', null),
    ('aged_stock', 'surplus', 'place', false, false, 'inventory manager', null),
    ('moq_excess', 'surplus', 'place', false, false, 'buyer', null),
    ('audit_difference', 'record', 'place', true, false, 'stock controller', null),
    ('stock_not_balanced', 'record', 'place', false, false, 'stock controller', null),
    ('units_not_matching_stock', 'record', 'place', false, false, 'stock controller', null),
    ('forecast_drift', 'demand', 'place', false, false, 'demand planner', null),
    ('market_change', 'demand', 'reason', true, false, 'demand planner', 30),
    ('policy_change_pending', 'policy', 'reason', true, false, 'supply manager', null),
    ('override_expiring', 'policy', 'reason', true, false, 'supply planner', null),
    ('unit_on_hold', 'unit', 'reason', true, false, 'quality manager', null),
    ('reservation_broken', 'unit', 'reason', true, true, 'sales planner', null),
    ('promise_broken', 'order', 'reason', true, true, 'order manager', null),
    ('order_late', 'order', 'reason', true, true, 'order manager', null),
    ('order_stuck', 'order', 'reason', true, true, 'order manager', null),
    ('order_silent', 'order', 'reason', true, true, 'order manager', null),
    ('order_unbuildable', 'order', 'reason', true, true, 'order manager', null),
    ('option_ending', 'order', 'reason', true, true, 'order manager', null),
    ('capacity_exceeded', 'plan', 'reason', true, true, 'supply planner', null),
    ('plan_fallback', 'plan', 'reason', true, true, 'system owner', null),
    ('plan_gap_open', 'plan', 'reason', true, true, 'system owner', null),
    ('rows_quarantined', 'data', 'reason', true, true, 'data steward', null),
    ('source_conflict', 'data', 'reason', true, true, 'data steward', null),
    ('stale_feed', 'data', 'reason', true, true, 'data steward', null)
) as kinds (
    exception_type,
    cause_family,
    cause_scope,
    is_reason_in_id,
    is_always_look,
    owner_role,
    look_days
)
