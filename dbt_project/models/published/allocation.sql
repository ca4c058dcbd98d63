with

allocations as (

    select * from {{ ref('stg_science__allocation') }}

),

segments as (

    select * from {{ ref('dim_segment') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

)

select
    run_context.as_of,
    allocations.item_id,
    allocations.location_id,
    allocations.segment_id,
    segments.segment_name,
    segments.priority_tier,
    cast(allocations.demand_units as double) as demand_units,
    cast(allocations.guaranteed_units as double) as guaranteed_units,
    cast(allocations.allocated_units as double) as allocated_units,
    cast(allocations.unmet_units as double) as unmet_units,
    allocations.reason_code,
    allocations.method,
    allocations.status
from allocations
cross join run_context
left join segments on allocations.segment_id = segments.segment_id
