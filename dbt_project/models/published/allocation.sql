with

shares as (

    select * from {{ ref('stg_science__allocation') }}

),

segments as (

    select * from {{ ref('dim_segment') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

)

select
    run_context.as_of,
    shares.item_id,
    shares.location_id,
    shares.segment_id,
    segments.segment_name,
    segments.priority_tier,
    shares.segment_path,
    shares.demand_units,
    shares.guaranteed_units,
    shares.allocation_target_units,
    shares.previous_allocated_units,
    shares.allocated_units,
    shares.consumed_units,
    shares.cumulative_allocated_units,
    shares.cumulative_consumed_units,
    shares.soft_reserved_units,
    shares.borrowed_units,
    shares.borrowable_units,
    shares.available_units,
    shares.unmet_units,
    shares.allocatable_units,
    shares.safety_units,
    shares.pool_formula,
    shares.rules_hash,
    shares.rebalanced_at,
    shares.rebalance_trigger,
    shares.rebalance_decision,
    shares.reason_code,
    shares.method,
    shares.status,
    shares.plan_id,
    shares.plan_version_number,
    shares.rule_id,
    shares.rule_version,
    shares.quota_asked_at
from shares
cross join run_context
left join segments on shares.segment_id = segments.segment_id
