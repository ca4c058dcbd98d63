with

source as (

    select * from {{ source('science', 'opt_out__substitution_offer') }}

),

-- numbers stay as they were written: the next business date goes on from them
chosen as (

    select
        order_id,
        offer_rank,
        unit_id,
        fit_share,
        days_earlier,
        price_delta,
        slot_value,
        offer_value,
        differences,
        reason_code,
        method,
        status,
        ready_p90_date,
        customer_id
    from source

)

select * from chosen
