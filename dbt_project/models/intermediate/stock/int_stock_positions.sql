with

stock as (

    select * from {{ ref('stg_ims__stock_on_hand') }}

),

positions as (

    select
        item_id,
        location_id,
        {{ units("coalesce(sum(on_hand_units) filter (stock_status in ('available', 'allocated', 'held')), 0)") }}
            as on_hand_units,
        {{ units("coalesce(sum(on_hand_units) filter (stock_status in ('allocated', 'held')), 0)") }}
            as reserved_units,
        {{ units("coalesce(sum(on_hand_units) filter (stock_status <> 'customer_owned'), 0)") }}
            as owned_units,
        {{ units('sum(on_hand_units)') }} as total_units
    from stock
    group by item_id, location_id

)

select * from positions
