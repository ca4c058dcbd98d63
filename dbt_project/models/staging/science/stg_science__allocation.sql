with

source as (

    select * from {{ source('science', 'opt_out__allocation') }}

),

-- numbers stay as they were written: the next business date goes on from them
chosen as (

    select
        item_id,
        location_id,
        segment_id,
        segment_path,
        demand_units,
        guaranteed_units,
        allocation_target_units,
        previous_allocated_units,
        allocated_units,
        consumed_units,
        cumulative_allocated_units,
        cumulative_consumed_units,
        soft_reserved_units,
        borrowed_units,
        borrowable_units,
        available_units,
        unmet_units,
        allocatable_units,
        safety_units,
        pool_formula,
        rules_hash,
        rebalanced_at,
        rebalance_trigger,
        rebalance_decision,
        reason_code,
        method,
        status,
        plan_id,
        plan_version_number,
        rule_id,
        rule_version,
        quota_asked_at
    from source

)

select * from chosen
