with

source as (

    select * from {{ source('ims', 'allocation_rule') }}

),

run_context as (

    select as_of from {{ ref('stg_ims__run_context') }}

),

known as (

    select
        source.plan_id,
        source.plan_version_number,
        source.rule_id,
        source.rule_version,
        source.segment_id,
        source.plan_state,
        source.author,
        source.effective_from,
        source.rule_rank,
        source.segment_rank,
        source.allocation_strategy,
        source.loaded_at,
        source.effective_to,
        source.item_id,
        source.category,
        source.location_id,
        source.region,
        source.condition_from,
        source.condition_to,
        source.share_pct,
        {{ units('source.fixed_units') }} as fixed_units,
        {{ units('source.min_units') }} as min_units,
        {{ units('source.max_units') }} as max_units,
        source.weight_expression,
        source.interval_hours,
        source.freeze_from,
        source.freeze_to,
        {{ money('source.min_benefit') }} as min_benefit,
        {{ units('source.band_units') }} as band_units,
        {{ rate('source.band_share') }} as band_share,
        source.pool_mode,
        source.residue,
        source.non_participants
    from source
    cross join run_context
    where {{ known_at_as_of() }}

)

select * from known
