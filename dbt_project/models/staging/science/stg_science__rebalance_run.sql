with

source as (

    select * from {{ source('science', 'opt_out__rebalance_run') }}

),

-- numbers stay as they were written: the next business date goes on from them
chosen as (

    select
        rebalance_trigger,
        rebalance_decision,
        reason_code,
        plan_id,
        rule_id,
        action_id,
        event_at,
        pool_count,
        rebalanced_units,
        expected_benefit,
        detail
    from source

)

select * from chosen
