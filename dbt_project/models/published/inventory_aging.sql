with

units as (

    select * from {{ ref('fct_ageing_units') }}

),

layers as (

    select * from {{ ref('fct_ageing_layers') }}

),

places as (

    select * from {{ ref('int_item_locations_resolved') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

),

-- every unit on hand once: by its own age where units are known one by one, by layer elsewhere
aged as (

    select
        'unit' as age_source,
        item_id,
        location_id,
        category,
        age_bucket,
        age_days,
        1 as on_hand_units,
        unit_cost as on_hand_value
    from units

    union all

    select
        'layer' as age_source,
        item_id,
        location_id,
        category,
        age_bucket,
        age_days,
        layer_units as on_hand_units,
        layer_value as on_hand_value
    from layers

)

select
    run_context.as_of,
    aged.location_id,
    aged.category,
    aged.age_source,
    aged.age_bucket,
    cast(sum(aged.on_hand_units) as double) as on_hand_units,
    cast(sum(aged.on_hand_value) as double) as on_hand_value,
    round(
        cast(sum({{ amount('aged.on_hand_value', 'places.holding_rate') }}) as double) / 365, 4
    ) as daily_carrying_cost,
    max(aged.age_days) as oldest_age_days,
    count(*) as layer_count
from aged
cross join run_context
inner join places
    on aged.item_id = places.item_id and aged.location_id = places.location_id
group by
    run_context.as_of, aged.location_id, aged.category, aged.age_source, aged.age_bucket
