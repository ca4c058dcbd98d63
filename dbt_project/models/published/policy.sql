with

policies as (

    select * from {{ ref('stg_science__policy') }}

),

classes as (

    select * from {{ ref('stg_science__demand_class') }}

),

protection as (

    select * from {{ ref('stg_science__protection_demand') }}

),

places as (

    select * from {{ ref('int_item_locations_resolved') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

)

select
    run_context.as_of,
    policies.item_id,
    policies.location_id,
    places.item_kind,
    places.category,
    places.region,
    places.supplier_id,
    classes.demand_class,
    policies.service_metric,
    cast(policies.service_target as double) as service_target,
    cast(policies.planned_service as double) as planned_service,
    policies.stockout_behaviour,
    cast(policies.lead_time_days as double) as lead_time_days,
    policies.review_days,
    cast(policies.moq_units as double) as moq_units,
    cast(policies.lot_units as double) as lot_units,
    cast(protection.mean_units as double) as protection_demand_units,
    cast(policies.safety_stock_units as double) as safety_stock_units,
    cast(policies.reorder_point_units as double) as reorder_point_units,
    cast(policies.order_up_to_units as double) as order_up_to_units,
    cast(policies.order_quantity_units as double) as order_quantity_units,
    policies.order_quantity_reason,
    cast(policies.eoq_units as double) as eoq_units,
    cast(policies.order_price as double) as order_price,
    cast(places.current_min_units as double) as current_min_units,
    cast(places.current_max_units as double) as current_max_units,
    cast(policies.expected_fill_rate as double) as expected_fill_rate,
    cast(policies.expected_ready_rate as double) as expected_ready_rate,
    cast(policies.expected_cycle_service as double) as expected_cycle_service,
    cast(policies.expected_stock_units as double) as expected_stock_units,
    cast(policies.days_of_supply as double) as days_of_supply,
    cast(policies.expected_cost_per_year as double) as expected_cost_per_year,
    policies.abc_class,
    policies.abc_calculated,
    policies.xyz_class,
    policies.xyz_calculated,
    policies.criticality,
    cast(policies.previous_reorder_point_units as double) as previous_reorder_point_units,
    cast(policies.previous_order_up_to_units as double) as previous_order_up_to_units,
    cast(policies.change_value as double) as change_value,
    policies.change_state,
    policies.held_change_id,
    policies.held_reorder_point_units,
    policies.held_order_up_to_units,
    policies.held_until_date,
    policies.reason_code,
    policies.method,
    policies.status
from policies
cross join run_context
inner join places
    on policies.item_id = places.item_id and policies.location_id = places.location_id
left join classes
    on policies.item_id = classes.item_id and policies.location_id = classes.location_id
left join protection
    on policies.item_id = protection.item_id and policies.location_id = protection.location_id
