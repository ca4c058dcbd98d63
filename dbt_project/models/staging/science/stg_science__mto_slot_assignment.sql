with

source as (

    select * from {{ source('science', 'opt_out__mto_slot_assignment') }}

),

-- numbers stay as they were written: the next business date goes on from them
chosen as (

    select
        order_id,
        is_frozen,
        is_moved,
        is_expedited,
        is_promise_broken,
        lateness_days,
        reason_code,
        method,
        status,
        plant_id,
        production_line_id,
        week_start_date,
        previous_week_start_date,
        expedite_cost,
        binding_row
    from source

)

select * from chosen
