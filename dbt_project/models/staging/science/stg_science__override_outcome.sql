with

source as (

    select * from {{ source('science', 'opt_out__override_outcome') }}

),

-- numbers stay as they were written: they are calculated with again
chosen as (

    select
        override_id,
        item_id,
        location_id,
        override_state,
        window_from_date,
        window_to_date,
        replayed_days,
        reorder_point_units,
        order_up_to_units,
        method,
        status,
        calculated_reorder_point_units,
        calculated_order_up_to_units,
        lead_time_days,
        opening_units,
        demand_units,
        cost_with,
        cost_without,
        value_added,
        fill_with,
        fill_without,
        reason_code
    from source

)

select * from chosen
