with

source as (

    select * from {{ source('science', 'opt_out__expedite_option') }}

),

-- numbers stay as they were written: the next business date goes on from them
chosen as (

    select
        order_id,
        expedite_rank,
        plant_id,
        production_line_id,
        week_start_date,
        days_saved,
        expedite_cost,
        is_expedited,
        affected_order_count,
        affected_orders,
        reason_code
    from source

)

select * from chosen
