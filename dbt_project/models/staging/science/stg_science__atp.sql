with

source as (

    select * from {{ source('science', 'opt_out__atp') }}

),

-- numbers stay as they were written: the next business date goes on from them
chosen as (

    select
        item_id,
        location_id,
        segment_id,
        from_date,
        atp_units,
        expected_atp_units,
        projected_units,
        discrete_units,
        shortage_units,
        is_shared_pool,
        reason_code,
        method,
        status,
        first_short_date
    from source

)

select * from chosen
