{{ config(tags=['published'], meta={'dagster': {'ref': {'name': 'allocation'}}}) }}

-- Every pool is shared out exactly: quotas, common pool, what was consumed since the sync and what is
-- reserved are what the formula counts. An item has one pool for all locations or one per location, never
-- both. A segment's path has no gap and at most eight levels.
with

shares as (

    select * from {{ ref('allocation') }}

),

pools as (

    select
        item_id,
        location_id,
        sum({{ rate('allocated_units') }} + {{ rate('consumed_units') }} + {{ rate('soft_reserved_units') }})
            as told_units,
        max({{ rate('allocatable_units') }}) as allocatable_units,
        count(*) filter (segment_id = 'POOL') as common_pools,
        min({{ rate('allocated_units') }}) as least_units
    from shares
    group by item_id, location_id

)

select
    'pool that does not add up' as problem,
    concat_ws(' ', item_id, location_id) as row_id
from pools
where abs(told_units - allocatable_units) > 0.001

union all

select
    'pool without its common pool, or with a negative quota' as problem,
    concat_ws(' ', item_id, location_id) as row_id
from pools
where common_pools <> 1 or least_units < 0

union all

select
    'item with pools of two levels' as problem,
    item_id as row_id
from pools
group by item_id
having count_if(location_id = '*') > 0 and count_if(location_id <> '*') > 0

union all

select distinct
    'segment whose path has a gap or too many levels' as problem,
    segment_id as row_id
from shares
where
    len(string_split(segment_path, '/')) > 8
    or list_contains(string_split(segment_path, '/'), '')
