with

source as (

    select * from {{ source('science', 'opt_out__mto_promise') }}

),

-- numbers stay as they were written: the next business date goes on from them
chosen as (

    select
        order_id,
        promise_number,
        made_date,
        promise_p50_date,
        promise_p90_date,
        promise_basis,
        reason_code,
        method,
        status
    from source

)

select * from chosen
