with

weights as (

    select * from {{ ref('stg_science__match_weight') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

)

select
    run_context.as_of,
    weights.feature,
    weights.feature_weight,
    weights.standard_error,
    weights.observation_count,
    weights.reason_code,
    weights.method,
    weights.status
from weights
cross join run_context
