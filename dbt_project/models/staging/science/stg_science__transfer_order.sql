with

source as (

    select * from {{ source('science', 'opt_out__transfer_order') }}

),

typed as (

    select
        transfer_order_id,
        item_id,
        from_location_id,
        to_location_id,
        {{ units('transfer_units') }} as transfer_units,
        release_date,
        need_date,
        {{ money('transfer_cost') }} as transfer_cost,
        {{ money('destination_value') }} as destination_value,
        {{ money('policy_value') }} as policy_value,
        {{ money('source_value') }} as source_value,
        {{ money('net_gain') }} as net_gain,
        {{ money('scarcity_charge') }} as scarcity_charge,
        reason_code,
        method,
        status,
        binding_row
    from source

)

select * from typed
