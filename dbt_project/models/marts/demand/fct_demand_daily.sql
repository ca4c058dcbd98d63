{{ config(materialized='view') }}

with

demand as (

    select * from {{ ref('int_demand_daily') }}

),

spells as (

    select * from {{ ref('int_stock_spells') }}

),

censored_spells as (

    select * from {{ ref('int_censored_spells') }}

),

successors as (

    select * from {{ ref('int_item_successors') }}

),

item_locations as (

    select * from {{ ref('int_item_locations_resolved') }}

),

first_stock as (

    select
        item_id,
        location_id,
        min(valid_from) as first_date
    from (
        select
            item_id,
            location_id,
            valid_from
        from spells
        union all
        select
            successors.successor_item_id as item_id,
            spells.location_id,
            spells.valid_from
        from spells
        inner join successors
            on
                spells.item_id = successors.item_id
                and spells.location_id = successors.location_id
    ) as own_and_inherited
    group by item_id, location_id

),

censored as (

    select
        item_id,
        location_id,
        cast(
            unnest(
                generate_series(
                    cast(censored_from as timestamp), cast(censored_to as timestamp), interval 1 day
                )
            ) as date
        ) as demand_date
    from censored_spells

),

days as (

    select
        coalesce(demand.item_id, censored.item_id) as item_id,
        coalesce(demand.location_id, censored.location_id) as location_id,
        coalesce(demand.demand_date, censored.demand_date) as demand_date,
        coalesce(demand.demand_units, 0) as demand_units,
        coalesce(demand.sold_units, 0) as sold_units,
        coalesce(demand.returned_units, 0) as returned_units,
        coalesce(demand.clipped_return_units, 0) as clipped_return_units,
        coalesce(demand.line_count, 0) as line_count,
        censored.demand_date is not null as is_censored
    from demand
    full outer join censored
        on
            demand.item_id = censored.item_id
            and demand.location_id = censored.location_id
            and demand.demand_date = censored.demand_date

)

select
    days.item_id,
    days.location_id,
    days.demand_date,
    {{ units('days.demand_units') }} as demand_units,
    {{ units('days.sold_units') }} as sold_units,
    {{ units('days.returned_units') }} as returned_units,
    {{ units('days.clipped_return_units') }} as clipped_return_units,
    days.line_count,
    case
        when not item_locations.is_ranged then 'not_ranged'
        when days.is_censored then 'censored'
        when first_stock.first_date is null or days.demand_date < first_stock.first_date then 'unknown'
        else 'observed'
    end as demand_status
from days
inner join item_locations
    on days.item_id = item_locations.item_id and days.location_id = item_locations.location_id
left join first_stock
    on days.item_id = first_stock.item_id and days.location_id = first_stock.location_id
