with

plans as (

    select * from {{ ref('stg_science__allocation_plan') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

)

select
    run_context.as_of,
    plans.plan_id,
    plans.plan_version_number,
    plans.rule_id,
    plans.rule_version,
    plans.segment_id,
    plans.plan_state,
    plans.author,
    plans.effective_from,
    plans.rule_rank,
    plans.segment_rank,
    plans.allocation_strategy,
    plans.content_hash,
    plans.reason_code,
    plans.effective_to,
    plans.item_id,
    plans.category,
    plans.location_id,
    plans.region,
    plans.condition_from,
    plans.condition_to,
    plans.share_pct,
    plans.fixed_units,
    plans.min_units,
    plans.max_units,
    plans.weight_expression,
    plans.interval_hours,
    plans.freeze_from,
    plans.freeze_to,
    plans.min_benefit,
    plans.band_units,
    plans.band_share,
    plans.pool_mode,
    plans.residue,
    plans.non_participants,
    plans.approver,
    plans.decided_at,
    plans.comment
from plans
cross join run_context
