with

given as (

    select * from {{ ref('int_scorecard_trend') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

)

select
    run_context.as_of,
    given.check_number,
    given.series,
    given.kpi,
    given.point_date,
    given.point_release_id,
    given.value,
    given.point_count,
    given.slope_per_month,
    given.slope_low,
    given.slope_high,
    given.change_share,
    given.target
from given
cross join run_context
