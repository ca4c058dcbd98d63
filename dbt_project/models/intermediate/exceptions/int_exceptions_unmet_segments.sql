with

allocations as (

    select * from {{ ref('stg_science__allocation') }}

),

pools as (

    select * from {{ ref('int_pools_priced') }}

)

select
    'segment_unmet' as exception_type,
    'medium' as severity,
    allocations.item_id,
    allocations.location_id,
    sum({{ amount('allocations.unmet_units', 'pools.shortage_cost') }}) as value_at_risk,
    sum({{ units('allocations.unmet_units') }}) as quantity_units,
    'pool_too_small' as reason_code,
    'Short: ' || string_agg(allocations.segment_id, ', ' order by allocations.segment_id) || '.'
        as detail,
    {{ shortage_action(
        "'Replenish, or change the guarantees of the segments.'",
        'min(pools.shortage_cure)', 'min(pools.next_supply_date)'
    ) }} as suggested_action,
    min(pools.shortage_cure) as handled_by
from allocations
inner join pools
    on allocations.item_id = pools.item_id and allocations.location_id = pools.location_id
-- where nothing is available the stock-out says it all
where allocations.unmet_units > 0 and pools.available_units > 0
group by allocations.item_id, allocations.location_id
