with

supply_lines as (

    select * from {{ ref('opt_in__supply_line') }}

),

items as (

    select * from {{ ref('dim_item') }}

),

lead_times as (

    select * from {{ ref('stg_science__lead_time') }}

),

quantiles as (

    select * from {{ ref('stg_science__lead_time_quantile') }}

),

suppliers as (

    select * from {{ ref('dim_supplier') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

),

-- what was ordered of suppliers lately; an order whose quantity is not known counts with what came
purchases as (

    select
        supply_lines.supplier_id,
        supply_lines.location_id,
        count(*) as order_lines,
        sum({{ amount(
            units('coalesce(supply_lines.ordered_units, supply_lines.received_units)'), 'items.unit_cost'
        ) }}) as purchase_value
    from supply_lines
    cross join run_context
    inner join items on supply_lines.item_id = items.item_id
    where
        supply_lines.ordered_date > run_context.as_of - {{ var('scorecard_window_days') }}
        and supply_lines.ordered_date <= run_context.as_of
    group by supply_lines.supplier_id, supply_lines.location_id

),

stored as (

    select
        supplier_id,
        location_id,
        count(*) as quantile_count
    from quantiles
    group by supplier_id, location_id

)

select
    run_context.as_of,
    purchases.supplier_id,
    purchases.location_id,
    suppliers.supplier_name,
    purchases.order_lines,
    cast(purchases.purchase_value as double) as purchase_value,
    lead_times.sample_count,
    stored.quantile_count,
    lead_times.method as lead_time_method
from purchases
cross join run_context
left join lead_times
    on purchases.supplier_id = lead_times.supplier_id and purchases.location_id = lead_times.location_id
left join stored
    on purchases.supplier_id = stored.supplier_id and purchases.location_id = stored.location_id
left join suppliers on purchases.supplier_id = suppliers.supplier_id
