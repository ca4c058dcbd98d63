with

ageing_units as (

    select * from {{ ref('fct_ageing_units') }}

),

ageing_layers as (

    select * from {{ ref('fct_ageing_layers') }}

),

aged as (

    select
        item_id,
        location_id,
        unit_cost as on_hand_value,
        1 as on_hand_units,
        age_days
    from ageing_units
    union all
    select
        item_id,
        location_id,
        layer_value as on_hand_value,
        layer_units as on_hand_units,
        age_days
    from ageing_layers

)

select
    'aged_stock' as exception_type,
    'medium' as severity,
    item_id,
    location_id,
    sum(on_hand_value) as value_at_risk,
    sum(on_hand_units) as quantity_units,
    'older_than_{{ var("aged_after_days") }}_days' as reason_code,
    'The oldest has been in the network for ' || max(age_days) || ' days.' as detail,
    'Move it where it sells, or mark it down.' as suggested_action
from aged
where age_days > {{ var('aged_after_days') }}
group by item_id, location_id
