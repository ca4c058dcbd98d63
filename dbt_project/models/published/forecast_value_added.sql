with

steps as (

    select * from {{ ref('stg_science__forecast_value_added') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

)

select
    run_context.as_of,
    steps.forecast_method,
    steps.reference_method,
    steps.breakdown,
    steps.breakdown_value,
    steps.series_count,
    steps.observation_count,
    cast(steps.actual_units as double) as actual_units,
    cast(steps.absolute_error_units as double) as absolute_error_units,
    cast(steps.reference_absolute_error_units as double) as reference_absolute_error_units,
    1 - {{ share_of(
        'steps.absolute_error_units',
        'steps.reference_absolute_error_units'
    ) }} as error_value_added,
    cast(steps.pinball_units as double) as pinball_units,
    cast(steps.reference_pinball_units as double) as reference_pinball_units,
    1 - {{ share_of('steps.pinball_units', 'steps.reference_pinball_units') }} as pinball_value_added,
    cast(steps.simulated_cost as double) as simulated_cost,
    cast(steps.reference_simulated_cost as double) as reference_simulated_cost,
    1 - {{ share_of('steps.simulated_cost', 'steps.reference_simulated_cost') }} as cost_value_added,
    cast(steps.cost_ratio as double) as cost_ratio,
    cast(steps.cost_ratio_low as double) as cost_ratio_low,
    cast(steps.cost_ratio_high as double) as cost_ratio_high,
    steps.reason_code,
    steps.method,
    steps.status
from steps
cross join run_context
