with

entries as (

    select * from {{ ref('stg_science__allocation_entry') }}

),

pools as (

    select * from {{ ref('int_pools_priced') }}

)

select
    'oversell_rejected' as exception_type,
    'high' as severity,
    entries.item_id,
    entries.location_id,
    sum({{ amount('entries.units', 'pools.shortage_cost') }}) as value_at_risk,
    sum({{ units('entries.units') }}) as quantity_units,
    'beyond_quota_and_loan' as reason_code,
    'Refused: ' || count(*) || ' orders or reservations of '
    || string_agg(
        distinct coalesce(entries.segment_id, 'POOL'), ', ' order by coalesce(entries.segment_id, 'POOL')
    )
    || ', beyond their quota and what they may borrow.' as detail,
    {{ shortage_action(
        "'Give the segment more by a reallocation, replenish, or decline the order.'",
        'min(pools.shortage_cure)', 'min(pools.next_supply_date)'
    ) }} as suggested_action,
    min(pools.shortage_cure) as handled_by
from entries
inner join pools
    on entries.item_id = pools.item_id and entries.location_id = pools.location_id
where
    entries.entry_status = 'rejected'
    and entries.operation in ('consume', 'reserve')
    and entries.reason_code in ('BEYOND_ALLOWANCE', 'QUOTA_SHORT', 'POOL_SHORT')
group by entries.item_id, entries.location_id
