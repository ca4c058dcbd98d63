with

items as (

    select * from {{ ref('stg_ims__item') }}

),

locations as (

    select * from {{ ref('stg_ims__location') }}

),

item_locations as (

    select * from {{ ref('stg_ims__item_location') }}

),

terms as (

    select * from {{ ref('stg_ims__item_supplier') }}

),

cost_terms as (

    select * from {{ ref('int_cost_terms_by_scope') }}

),

demand as (

    select
        item_id,
        location_id,
        min(demand_date) as first_date
    from {{ ref('int_demand_daily') }}
    group by item_id, location_id

),

lines as (

    select * from {{ ref('int_demand_lines_resolved') }}

),

spells as (

    select
        item_id,
        location_id,
        min(valid_from) as first_date
    from {{ ref('int_stock_spells') }}
    group by item_id, location_id

),

stock as (

    select * from {{ ref('int_stock_positions') }}

),

supply as (

    select * from {{ ref('int_supply_open_netted') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

),

-- every place that matters: ranged, or with stock, supply or demand although it is not
places as (

    select
        item_id,
        location_id
    from item_locations
    union
    select
        item_id,
        location_id
    from stock
    union
    select
        item_id,
        location_id
    from supply
    union
    select
        item_id,
        location_id
    from demand
    union
    -- demand that has moved to a successor leaves open orders behind
    select
        item_id,
        location_id
    from lines
    where open_units > 0

),

-- terms for the location itself beat those for every location (*), first choice beats second
ranked_terms as (

    select
        places.item_id,
        places.location_id,
        terms.supplier_id,
        terms.lead_time_days,
        terms.moq_units,
        terms.lot_units,
        terms.order_cost,
        terms.moq_scope,
        terms.case_pack_units
    from places
    inner join terms
        on
            places.item_id = terms.item_id
            and terms.location_id in (places.location_id, '*')
    qualify row_number() over (
        partition by places.item_id, places.location_id
        order by
            terms.is_primary desc,
            terms.location_id = '*' asc,
            terms.lead_time_days asc,
            terms.supplier_id asc
    ) = 1

),

resolved as (

    select
        places.item_id,
        places.location_id,
        coalesce(item_locations.is_ranged, false) and coalesce(locations.is_active, false) as is_ranged,
        items.item_kind,
        items.category,
        locations.region,
        items.is_integer,
        items.unit_cost,
        items.list_price,
        items.lifecycle_status,
        items.last_order_date,
        coalesce(item_locations.stockout_behaviour, 'lost') as stockout_behaviour,
        coalesce(item_locations.service_target, run_context.default_service_target) as service_target,
        coalesce(item_locations.service_metric, run_context.default_service_metric) as service_metric,
        coalesce(
            item_locations.holding_rate,
            category_terms.holding_rate,
            kind_terms.holding_rate,
            general_terms.holding_rate,
            run_context.default_holding_rate
        ) as holding_rate,
        coalesce(
            item_locations.shortage_cost,
            category_terms.shortage_cost,
            kind_terms.shortage_cost,
            general_terms.shortage_cost,
            case when items.list_price > items.unit_cost then items.list_price - items.unit_cost end,
            {{ amount('items.unit_cost', 'run_context.default_shortage_share') }}
        ) as shortage_cost,
        coalesce(item_locations.review_days, run_context.default_review_days) as review_days,
        coalesce(ranked_terms.supplier_id, 'UNASSIGNED') as supplier_id,
        coalesce(ranked_terms.lead_time_days, run_context.default_lead_time_days) as lead_time_days,
        coalesce(
            ranked_terms.order_cost,
            category_terms.order_cost,
            kind_terms.order_cost,
            general_terms.order_cost,
            run_context.default_order_cost
        ) as order_cost,
        coalesce(ranked_terms.moq_units, 1) as moq_units,
        coalesce(ranked_terms.lot_units, 1) as lot_units,
        ranked_terms.moq_scope,
        ranked_terms.case_pack_units,
        coalesce(item_locations.display_min_units, 0) as display_min_units,
        item_locations.current_min_units,
        item_locations.current_max_units,
        least(demand.first_date, spells.first_date) as first_demand_date
    from places
    cross join run_context
    inner join items on places.item_id = items.item_id
    inner join locations on places.location_id = locations.location_id
    left join item_locations
        on places.item_id = item_locations.item_id and places.location_id = item_locations.location_id
    left join ranked_terms
        on places.item_id = ranked_terms.item_id and places.location_id = ranked_terms.location_id
    left join demand
        on places.item_id = demand.item_id and places.location_id = demand.location_id
    left join spells
        on places.item_id = spells.item_id and places.location_id = spells.location_id
    left join cost_terms as category_terms on items.category = category_terms.scope
    left join cost_terms as kind_terms on items.item_kind = kind_terms.scope
    left join cost_terms as general_terms on general_terms.scope = '*'

)

select * from resolved
