with

ageing_units as (

    select * from {{ ref('fct_ageing_units') }}

),

ageing_layers as (

    select * from {{ ref('fct_ageing_layers') }}

),

reviews as (

    select * from {{ ref('stg_science__stock_unit_review') }}

),

places as (

    select * from {{ ref('int_item_locations_resolved') }}

),

-- a unit puts at risk what its review expects it to lose; any other stock its carrying
aged as (

    select
        ageing_units.item_id,
        ageing_units.location_id,
        coalesce(
            {{ money('reviews.value_at_risk') }},
            {{ carrying_over_horizon('ageing_units.unit_cost', 'places.holding_rate') }}
        ) as value_at_risk,
        1 as aged_units,
        coalesce(reviews.stock_action = 'transfer', false) as is_moved,
        ageing_units.age_days
    from ageing_units
    left join reviews on ageing_units.unit_id = reviews.unit_id
    left join places
        on ageing_units.item_id = places.item_id and ageing_units.location_id = places.location_id
    where ageing_units.age_days > {{ var('aged_after_days') }}
    union all
    select
        ageing_layers.item_id,
        ageing_layers.location_id,
        {{ carrying_over_horizon('ageing_layers.layer_value', 'places.holding_rate') }} as value_at_risk,
        ageing_layers.layer_units as aged_units,
        false as is_moved,
        ageing_layers.age_days
    from ageing_layers
    left join places
        on ageing_layers.item_id = places.item_id and ageing_layers.location_id = places.location_id
    where ageing_layers.age_days > {{ var('aged_after_days') }}

)

select
    'aged_stock' as exception_type,
    'medium' as severity,
    item_id,
    location_id,
    sum(value_at_risk) as value_at_risk,
    sum(aged_units) as quantity_units,
    'older_than_{{ var("aged_after_days") }}_days' as reason_code,
    'The oldest has been in the network for ' || max(age_days) || ' days.' as detail,
    case
        when bool_and(is_moved) then 'Release the transfers proposed today; they take it where it sells.'
        else 'Move it where it sells, or mark it down.'
    end as suggested_action,
    case when bool_and(is_moved) then 'plan_transfer' end as handled_by
from aged
group by item_id, location_id
