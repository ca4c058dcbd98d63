with

policies as (

    select * from {{ ref('stg_science__policy') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

)

select
    run_context.as_of,
    policies.item_id,
    policies.location_id,
    policies.change_state,
    cast(policies.previous_reorder_point_units as double) as previous_reorder_point_units,
    cast(policies.proposed_reorder_point_units as double) as proposed_reorder_point_units,
    cast(policies.reorder_point_units as double) as reorder_point_units,
    cast(policies.previous_order_up_to_units as double) as previous_order_up_to_units,
    cast(policies.proposed_order_up_to_units as double) as proposed_order_up_to_units,
    cast(policies.order_up_to_units as double) as order_up_to_units,
    cast(policies.change_value as double) as change_value,
    policies.reason_code,
    policies.method,
    policies.status
from policies
cross join run_context
where policies.change_state not in ('none', 'within_dead_band')
