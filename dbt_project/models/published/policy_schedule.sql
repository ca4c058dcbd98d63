with

schedules as (

    select * from {{ ref('stg_science__policy_schedule') }}

),

policies as (

    select * from {{ ref('stg_science__policy') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

)

select
    run_context.as_of,
    schedules.item_id,
    schedules.location_id,
    schedules.effective_from,
    schedules.effective_to,
    cast(schedules.reorder_point_units as double) as reorder_point_units,
    cast(schedules.order_up_to_units as double) as order_up_to_units,
    cast(policies.reorder_point_units as double) as policy_reorder_point_units,
    cast(policies.order_up_to_units as double) as policy_order_up_to_units,
    schedules.reason_code,
    schedules.method,
    schedules.status
from schedules
cross join run_context
inner join policies
    on schedules.item_id = policies.item_id and schedules.location_id = policies.location_id
