with

errors as (

    select * from {{ ref('stg_science__forecast_accuracy') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

)

select
    run_context.as_of,
    errors.evidence,
    errors.forecast_method,
    errors.breakdown,
    errors.breakdown_value,
    errors.series_count,
    errors.forecast_interval,
    errors.horizon_weeks,
    errors.origin_count,
    errors.observation_count,
    cast(errors.actual_units as double) as actual_units,
    cast(errors.forecast_units as double) as forecast_units,
    cast(errors.actual_units - errors.forecast_units as double) as bias_units,
    {{ share_of('errors.actual_units - errors.forecast_units', 'errors.actual_units') }} as bias_share,
    cast(errors.absolute_error_units as double) as absolute_error_units,
    {{ share_of('errors.absolute_error_units', 'errors.actual_units') }} as wape,
    cast(errors.squared_error_units2 as double) as squared_error_units2,
    cast(errors.pinball_q50_units as double) as pinball_q50_units,
    cast(errors.pinball_q80_units as double) as pinball_q80_units,
    cast(errors.pinball_q90_units as double) as pinball_q90_units,
    cast(errors.pinball_q95_units as double) as pinball_q95_units,
    {{ share_of(
        '(errors.pinball_q50_units + errors.pinball_q80_units + errors.pinball_q90_units + errors.pinball_q95_units) / 4',
        'errors.actual_units'
    ) }} as pinball_share,
    errors.covered_q80_count,
    {{ share_of('errors.covered_q80_count', 'errors.observation_count') }} as coverage_q80,
    errors.covered_q90_count,
    {{ share_of('errors.covered_q90_count', 'errors.observation_count') }} as coverage_q90,
    errors.covered_q95_count,
    {{ share_of('errors.covered_q95_count', 'errors.observation_count') }} as coverage_q95,
    cast(errors.naive_absolute_error_units as double) as naive_absolute_error_units,
    {{ share_of('errors.absolute_error_units', 'errors.naive_absolute_error_units') }} as mase,
    cast(errors.naive_squared_error_units2 as double) as naive_squared_error_units2,
    sqrt({{ share_of('errors.squared_error_units2', 'errors.naive_squared_error_units2') }}) as rmsse,
    cast(errors.randomised_q80_count as double) as randomised_q80_count,
    {{ share_of('errors.randomised_q80_count', 'errors.observation_count') }} as randomised_coverage_q80,
    cast(errors.randomised_q90_count as double) as randomised_q90_count,
    {{ share_of('errors.randomised_q90_count', 'errors.observation_count') }} as randomised_coverage_q90,
    cast(errors.randomised_q95_count as double) as randomised_q95_count,
    {{ share_of('errors.randomised_q95_count', 'errors.observation_count') }} as randomised_coverage_q95,
    errors.reason_code,
    errors.method,
    errors.status
from errors
cross join run_context
