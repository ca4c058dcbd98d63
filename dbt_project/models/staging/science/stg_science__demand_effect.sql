with

source as (

    select * from {{ source('science', 'opt_out__demand_effect') }}

),

typed as (

    select
        category,
        region,
        effect_kind,
        effect,
        {{ rate('effect_value') }} as effect_value,
        {{ rate('standard_error') }} as standard_error,
        sample_count,
        origin_count,
        is_used,
        method,
        status,
        {{ rate('planned_uplift') }} as planned_uplift,
        {{ rate('error_ratio') }} as error_ratio,
        reason_code
    from source

)

select * from typed
