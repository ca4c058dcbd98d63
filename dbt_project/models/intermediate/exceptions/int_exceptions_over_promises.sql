with

promises as (

    select * from {{ ref('stg_science__atp') }}

),

pools as (

    select * from {{ ref('int_pools_priced') }}

),

-- the day on which most is missing; segments of one place tell the same shortage
shortages as (

    select
        item_id,
        location_id,
        max({{ units('shortage_units') }}) as shortage_units,
        min(first_short_date) as first_short_date
    from promises
    where
        shortage_units > 0
        -- the row of the whole network repeats what its places lack
        and (
            location_id <> '*'
            or item_id not in (
                select placed.item_id
                from promises as placed
                where placed.location_id <> '*'
            )
        )
    group by item_id, location_id

)

select
    'over_promised' as exception_type,
    'high' as severity,
    shortages.item_id,
    shortages.location_id,
    {{ amount('shortages.shortage_units', 'pools.shortage_cost') }} as value_at_risk,
    shortages.shortage_units as quantity_units,
    'OVER_COMMITTED' as reason_code,
    {{ shown('shortages.shortage_units') }} || ' units more are promised than stock and supply cover'
    || coalesce(', from ' || shortages.first_short_date || ' on', '') || '.' as detail,
    'Hurry supply, move stock here, or tell customers new dates.' as suggested_action
from shortages
inner join pools
    on shortages.item_id = pools.item_id and shortages.location_id = pools.location_id
