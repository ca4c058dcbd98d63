with

source as (

    select * from {{ source('science', 'opt_out__policy_schedule') }}

),

typed as (

    select
        item_id,
        location_id,
        effective_from,
        effective_to,
        {{ units('reorder_point_units') }} as reorder_point_units,
        {{ units('order_up_to_units') }} as order_up_to_units,
        reason_code,
        method,
        status
    from source

)

select * from typed
