with

source as (

    select * from {{ source('science', 'opt_out__replenishment_order') }}

),

typed as (

    select
        replenishment_order_id,
        item_id,
        location_id,
        supplier_id,
        {{ units('replenish_units') }} as replenish_units,
        need_date,
        release_date,
        {{ money('unit_cost') }} as unit_cost,
        reason_code,
        method,
        status
    from source

)

select * from typed
