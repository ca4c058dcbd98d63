with

units as (

    select * from {{ ref('stg_ims__unit') }}

),

categories as (

    select * from {{ ref('dim_stock_category') }}

),

open_holds as (

    select distinct unit_id
    from {{ ref('stg_ims__unit_hold') }}
    where closed_date is null

),

-- an order that was cancelled, or only quoted, has no claim to a unit
claims as (

    select
        order_id,
        unit_id
    from {{ ref('int_mto_orders_resolved') }}
    where order_status in ('open', 'delivered')

),

-- a unit that two orders name is the first one's
named_units as (

    select
        unit_id,
        min(order_id) as order_id
    from claims
    where unit_id is not null
    group by unit_id

),

claimed as (

    select
        units.unit_id,
        units.item_id,
        units.location_id,
        units.unit_status,
        -- a source without categories keeps its units for sale
        coalesce(units.stock_category, 'standard') as stock_category,
        coalesce(claims.order_id, named_units.order_id) as order_id,
        units.is_pre_sold as is_stated_pre_sold,
        units.is_held as is_stated_held,
        open_holds.unit_id is not null as has_open_hold
    from units
    left join claims on units.order_id = claims.order_id
    left join named_units on units.unit_id = named_units.unit_id
    left join open_holds on units.unit_id = open_holds.unit_id

),

resolved as (

    select
        claimed.unit_id,
        claimed.item_id,
        claimed.location_id,
        claimed.unit_status,
        claimed.stock_category,
        -- nobody knows whether a unit of an unknown category is for sale: it is not sold
        coalesce(categories.category_group, 'specialty') as category_group,
        coalesce(categories.is_sellable, false) as is_sellable,
        coalesce(categories.counts_in_kpi, true) as counts_in_kpi,
        categories.stock_category is not null as is_category_known,
        claimed.order_id,
        claimed.is_stated_pre_sold,
        claimed.is_stated_held,
        claimed.is_stated_pre_sold or claimed.order_id is not null as is_pre_sold,
        claimed.is_stated_held or claimed.has_open_hold as is_held
    from claimed
    left join categories on claimed.stock_category = categories.stock_category

)

select * from resolved
