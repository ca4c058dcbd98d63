with

source as (

    select * from {{ source('science', 'opt_out__explanation') }}

),

typed as (

    select
        explanation_id,
        decision_kind,
        decision_rank,
        item_id,
        location_id,
        {{ units('decision_units') }} as decision_units,
        {{ money('destination_value') }} as destination_value,
        {{ money('policy_value') }} as policy_value,
        {{ money('source_value') }} as source_value,
        {{ money('transfer_cost') }} as transfer_cost,
        {{ money('scarcity_charge') }} as scarcity_charge,
        {{ money('net_gain') }} as net_gain,
        detail,
        reason_code,
        method,
        status,
        from_location_id,
        decision_id,
        binding_row
    from source

)

select * from typed
