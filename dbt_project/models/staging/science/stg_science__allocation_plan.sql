with

source as (

    select * from {{ source('science', 'opt_out__allocation_plan') }}

),

-- numbers stay as they were written: the next business date goes on from them
chosen as (

    select
        plan_id,
        plan_version_number,
        rule_id,
        rule_version,
        segment_id,
        plan_state,
        author,
        effective_from,
        rule_rank,
        segment_rank,
        allocation_strategy,
        content_hash,
        reason_code,
        effective_to,
        item_id,
        category,
        location_id,
        region,
        condition_from,
        condition_to,
        share_pct,
        fixed_units,
        min_units,
        max_units,
        weight_expression,
        interval_hours,
        freeze_from,
        freeze_to,
        min_benefit,
        band_units,
        band_share,
        pool_mode,
        residue,
        non_participants,
        approver,
        decided_at,
        comment
    from source

)

select * from chosen
