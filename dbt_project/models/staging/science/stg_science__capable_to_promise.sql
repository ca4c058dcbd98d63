with

source as (

    select * from {{ source('science', 'opt_out__capable_to_promise') }}

),

-- numbers stay as they were written: the next business date goes on from them
chosen as (

    select
        item_id,
        location_id,
        beyond_p50_date,
        beyond_p90_date,
        reason_code,
        method,
        status,
        supplier_id
    from source

)

select * from chosen
