with

source as (

    select * from {{ source('science', 'opt_out__transfer_unit') }}

),

typed as (

    select
        unit_id,
        transfer_order_id,
        item_id,
        from_location_id,
        to_location_id,
        reason_code,
        method,
        status,
        age_days
    from source

)

select * from typed
