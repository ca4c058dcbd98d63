with

stock as (

    select * from {{ ref('stg_ims__stock_on_hand') }}

),

-- what is known of single units and may not show in the state of the stock
unit_counts as (

    select
        item_id,
        location_id,
        count(*) filter (not is_sellable) as unsellable_units,
        count(*) filter (not is_sellable and (is_stated_pre_sold or is_stated_held))
            as bound_unsellable_units,
        count(*) filter (is_sellable and (is_pre_sold or is_held)) as bound_units,
        count(*) filter (
            is_sellable and (is_pre_sold or is_held) and not is_stated_pre_sold and not is_stated_held
        ) as unstated_units
    from {{ ref('int_units_resolved') }}
    where unit_status = 'at_location'
    group by item_id, location_id

),

by_status as (

    select
        item_id,
        location_id,
        coalesce(sum(on_hand_units) filter (stock_status = 'available'), 0) as available_units,
        coalesce(sum(on_hand_units) filter (stock_status in ('allocated', 'held')), 0) as reserved_units,
        coalesce(
            sum(on_hand_units) filter (stock_status not in ('available', 'allocated', 'held')), 0
        ) as unusable_units,
        coalesce(sum(on_hand_units) filter (stock_status <> 'customer_owned'), 0) as owned_units,
        sum(on_hand_units) as total_units
    from stock
    group by item_id, location_id

),

-- units whose category is not for sale, as far as the state of the stock does not keep them back already
kept_back as (

    select
        by_status.item_id,
        by_status.location_id,
        by_status.available_units,
        by_status.reserved_units,
        by_status.owned_units,
        by_status.total_units,
        least(
            greatest(
                coalesce(unit_counts.unsellable_units, 0)
                - by_status.unusable_units
                - least(
                    coalesce(unit_counts.bound_unsellable_units, 0),
                    greatest(by_status.reserved_units - coalesce(unit_counts.bound_units, 0), 0)
                ),
                0
            ),
            by_status.available_units
        ) as kept_back_units,
        -- units of an order or a hold that the state of the stock does not know of
        least(
            coalesce(unit_counts.unstated_units, 0),
            greatest(coalesce(unit_counts.bound_units, 0) - by_status.reserved_units, 0)
        ) as unstated_units
    from by_status
    left join unit_counts
        on by_status.item_id = unit_counts.item_id and by_status.location_id = unit_counts.location_id

)

select
    item_id,
    location_id,
    {{ units('available_units + reserved_units') }} as on_hand_units,
    -- what nobody may have is reserved like what somebody has been promised
    {{ units(
        'reserved_units + kept_back_units + least(unstated_units, available_units - kept_back_units)'
    ) }} as reserved_units,
    {{ units('owned_units') }} as owned_units,
    {{ units('total_units') }} as total_units
from kept_back
