with

trials as (

    select * from {{ ref('stg_science__method_choice') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

)

select
    run_context.as_of,
    trials.demand_class,
    trials.challenger_method,
    trials.current_method,
    trials.chosen_method,
    trials.decision,
    trials.series_count,
    trials.tried_date,
    cast(trials.cost_ratio as double) as cost_ratio,
    cast(trials.cost_ratio_low as double) as cost_ratio_low,
    cast(trials.cost_ratio_high as double) as cost_ratio_high,
    cast(trials.current_coverage_q90 as double) as current_coverage_q90,
    cast(trials.challenger_coverage_q90 as double) as challenger_coverage_q90,
    trials.reason_code,
    trials.method,
    trials.status
from trials
cross join run_context
