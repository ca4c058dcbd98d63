with

shares as (

    select * from {{ ref('stg_science__allocation') }}

),

entries as (

    select * from {{ ref('stg_science__allocation_entry') }}

),

items as (

    select * from {{ ref('dim_item') }}

),

locations as (

    select * from {{ ref('dim_location') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

),

-- quotas as they stand and as the release before left them; the common pool is nobody's quota
quotas as (

    select
        segment_id,
        item_id,
        location_id,
        1 as quota_count,
        {{ units('cumulative_allocated_units') }} as cumulative_allocated_units,
        {{ units('cumulative_consumed_units') }} as cumulative_consumed_units,
        {{ units('previous_allocated_units') }} as previous_allocated_units,
        {{ units('abs(allocated_units - previous_allocated_units)') }} as allocation_change_units
    from shares
    where segment_id <> 'POOL'

),

-- what was taken since the release before, less what was given back, and what was taken back unused
used as (

    select
        segment_id,
        item_id,
        location_id,
        case
            when operation in ('consume', 'reserve', 'release', 'expire') then -{{ units('own_units') }}
            else 0
        end as taken_own_units,
        case
            when operation in ('consume', 'reserve', 'release', 'expire') then -{{ units('pool_units') }}
            else 0
        end as taken_pool_units,
        case
            when operation in ('rebalance', 'cut', 'unallocate') and own_units < 0
                then -{{ units('own_units') }}
            else 0
        end as withdrawn_units
    from entries
    where coalesce(segment_id, 'POOL') <> 'POOL'

),

measured as (

    select * from quotas
    union all by name
    select * from used

),

placed as (

    select
        measured.*,
        coalesce(items.category, 'unknown') as category,
        -- the pool of all locations is in no region
        coalesce(locations.region, '*') as region
    from measured
    left join items on measured.item_id = items.item_id
    left join locations on measured.location_id = locations.location_id

),

summed as (

    select
        {{ kpi_scope_columns() }},
        coalesce(sum(quota_count), 0) as quota_count,
        sum(cumulative_allocated_units) as cumulative_allocated_units,
        sum(cumulative_consumed_units) as cumulative_consumed_units,
        sum(previous_allocated_units) as previous_allocated_units,
        sum(allocation_change_units) as allocation_change_units,
        sum(taken_own_units) as taken_own_units,
        sum(taken_pool_units) as taken_pool_units,
        sum(withdrawn_units) as withdrawn_units
    from placed
    group by grouping sets ((), (location_id), (region), (category), (segment_id))

)

select
    summed.*,
    'rolling' as period,
    0 as window_days,
    run_context.as_of as period_end_date
from summed
cross join run_context
