with

source as (

    select * from {{ source('science', 'opt_out__mto_change_impact') }}

),

-- numbers stay as they were written: the next business date goes on from them
chosen as (

    select
        change_id,
        order_id,
        version,
        change_status,
        impact_status,
        needs_approval,
        previous_options,
        options,
        added_options,
        removed_options,
        affected_order_count,
        affected_orders,
        message,
        reason_code,
        method,
        status,
        p50_delta_days,
        p90_delta_days,
        price_delta,
        cost_delta
    from source

)

select * from chosen
