with

source as (

    select * from {{ source('science', 'opt_out__delivery_promise') }}

),

-- numbers stay as they were written: the next business date goes on from them
chosen as (

    select
        order_id,
        line_id,
        item_id,
        location_id,
        segment_id,
        open_units,
        requested_date,
        promise_basis,
        reason_code,
        method,
        status,
        source_location_id,
        unit_id,
        promise_p50_date,
        promise_p90_date,
        first_promise_date,
        previous_promise_date,
        transit_p50_days,
        transit_p90_days,
        handover_date,
        customer_id
    from source

)

select * from chosen
