with

source as (

    select * from {{ source('science', 'opt_out__method_choice') }}

),

typed as (

    select
        demand_class,
        challenger_method,
        current_method,
        chosen_method,
        decision,
        series_count,
        tried_date,
        reason_code,
        method,
        status,
        {{ rate('cost_ratio') }} as cost_ratio,
        {{ rate('cost_ratio_low') }} as cost_ratio_low,
        {{ rate('cost_ratio_high') }} as cost_ratio_high,
        {{ rate('current_coverage_q90') }} as current_coverage_q90,
        {{ rate('challenger_coverage_q90') }} as challenger_coverage_q90
    from source

)

select * from typed
