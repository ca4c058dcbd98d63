with

units as (

    select * from {{ ref('fct_units') }}

),

item_locations as (

    select * from {{ ref('int_item_locations_resolved') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

)

select
    units.unit_id,
    units.item_id,
    units.location_id,
    not coalesce(units.is_pre_sold, false)
    and not coalesce(units.is_held, false)
    and not coalesce(units.is_unseen, false)
    and coalesce(units.is_sellable, true) as is_movable,
    units.location_received_date as received_date,
    units.network_received_date,
    cast(run_context.as_of - units.network_received_date as bigint) as age_days,
    units.model_year
from units
cross join run_context
inner join item_locations
    on units.item_id = item_locations.item_id and units.location_id = item_locations.location_id
where units.unit_status = 'at_location' and item_locations.is_ranged
