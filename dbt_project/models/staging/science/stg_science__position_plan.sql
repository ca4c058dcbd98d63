with

source as (

    select * from {{ source('science', 'opt_out__position_plan') }}

),

typed as (

    select
        item_id,
        location_id,
        {{ units('position_before_units') }} as position_before_units,
        {{ units('position_after_units') }} as position_after_units,
        {{ units('policy_level_units') }} as policy_level_units,
        {{ money('expected_cost_before') }} as expected_cost_before,
        {{ money('expected_cost_after') }} as expected_cost_after,
        reason_code,
        method,
        status
    from source

)

select * from typed
