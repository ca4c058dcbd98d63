with

items as (

    select * from {{ ref('stg_ims__item') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

)

select
    items.item_id,
    items.item_kind,
    items.description,
    items.category,
    items.base_uom,
    items.is_integer,
    items.unit_cost,
    items.list_price,
    items.currency,
    items.lifecycle_status,
    items.intro_date,
    items.last_order_date,
    coalesce(items.last_order_date < run_context.as_of, false) as is_past_last_order,
    items.criticality,
    items.model,
    items.trim,
    items.powertrain,
    items.model_year,
    items.volume_m3,
    items.shelf_life_days
from items
cross join run_context
