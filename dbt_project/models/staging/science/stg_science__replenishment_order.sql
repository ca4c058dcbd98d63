with

source as (

    select * from {{ source('science', 'opt_out__replenishment_order') }}

),

typed as (

    select
        replenishment_order_id,
        as_of,
        item_id,
        location_id,
        supplier_id,
        {{ units('replenish_units') }} as replenish_units,
        lot_count,
        need_date,
        release_date,
        {{ money('unit_cost') }} as unit_cost,
        policy_version,
        {{ rate('expected_service_with') }} as expected_service_with,
        {{ rate('expected_service_without') }} as expected_service_without,
        {{ money('order_gain') }} as order_gain,
        {{ money('policy_value') }} as policy_value,
        {{ money('scarcity_charge') }} as scarcity_charge,
        reason_code,
        method,
        status,
        binding_row
    from source

)

select * from typed
