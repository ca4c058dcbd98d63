with

effects as (

    select * from {{ ref('stg_science__demand_effect') }}
    union all
    select * from {{ ref('stg_science__demand_sensing') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

)

select
    run_context.as_of,
    effects.category,
    effects.region,
    effects.effect_kind,
    effects.effect,
    cast(effects.effect_value as double) as effect_value,
    cast(effects.standard_error as double) as standard_error,
    cast(effects.planned_uplift as double) as planned_uplift,
    effects.sample_count,
    effects.origin_count,
    cast(effects.error_ratio as double) as error_ratio,
    effects.is_used,
    effects.reason_code,
    effects.method,
    effects.status
from effects
cross join run_context
