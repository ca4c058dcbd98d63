with

methods as (

    select * from {{ ref('stg_science__fairness') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

)

select
    run_context.as_of,
    methods.allocation_method,
    methods.breakdown,
    methods.breakdown_value,
    methods.priority_tier,
    methods.segment_id,
    methods.demand_units,
    methods.served_units,
    methods.fill_rate,
    methods.min_fill_rate,
    methods.gini,
    methods.served_value,
    methods.price_of_fairness,
    methods.unmet_units,
    methods.pool_count,
    methods.short_pool_count
from methods
cross join run_context
