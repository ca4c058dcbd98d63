with

shares as (

    select * from {{ ref('stg_science__allocation') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

),

measured as (

    select
        item_id,
        location_id,
        segment_id,
        segment_path,
        segment_id = 'POOL' as is_pool,
        string_split(segment_path, '/') as path_values,
        {{ units('demand_units') }} as demand_units,
        {{ units('guaranteed_units') }} as guaranteed_units,
        {{ units('allocated_units') }} as allocated_units,
        {{ units('consumed_units') }} as consumed_units,
        {{ units('cumulative_allocated_units') }} as cumulative_allocated_units,
        {{ units('cumulative_consumed_units') }} as cumulative_consumed_units,
        {{ units('soft_reserved_units') }} as soft_reserved_units,
        {{ units('borrowed_units') }} as borrowed_units,
        {{ units('unmet_units') }} as unmet_units
    from shares

),

-- a segment counts at each level of its path, down to itself
segment_levels as (

    select
        *,
        unnest(generate_series(0, len(path_values) - 1)) as group_level
    from measured
    where not is_pool

),

-- level -1 stands above the groups: the common pool apart, and everything together
leveled as (

    select
        * exclude (path_values, group_level),
        cast(group_level as bigint) as group_level,
        array_to_string(path_values[1:group_level + 1], '/') as path_prefix
    from segment_levels
    union all by name
    select
        * exclude (path_values),
        cast(-1 as bigint) as group_level,
        case when is_pool then 'POOL' else 'SEGMENTS' end as path_prefix
    from measured
    union all by name
    select
        * exclude (path_values),
        cast(-1 as bigint) as group_level,
        '*' as path_prefix
    from measured

),

summed as (

    select
        item_id,
        location_id,
        group_level,
        path_prefix,
        count(*) as segment_count,
        coalesce(sum(allocated_units) filter (segment_path = path_prefix), 0) as own_allocated_units,
        sum(demand_units) as demand_units,
        sum(guaranteed_units) as guaranteed_units,
        sum(allocated_units) as allocated_units,
        sum(consumed_units) as consumed_units,
        sum(cumulative_allocated_units) as cumulative_allocated_units,
        sum(cumulative_consumed_units) as cumulative_consumed_units,
        sum(soft_reserved_units) as soft_reserved_units,
        sum(borrowed_units) as borrowed_units,
        sum(unmet_units) as unmet_units
    from leveled
    group by item_id, location_id, group_level, path_prefix

)

select
    run_context.as_of,
    summed.item_id,
    summed.location_id,
    summed.group_level,
    summed.path_prefix,
    summed.segment_count,
    cast(summed.own_allocated_units as double) as own_allocated_units,
    cast(summed.demand_units as double) as demand_units,
    cast(summed.guaranteed_units as double) as guaranteed_units,
    cast(summed.allocated_units as double) as allocated_units,
    cast(summed.consumed_units as double) as consumed_units,
    cast(summed.cumulative_allocated_units as double) as cumulative_allocated_units,
    cast(summed.cumulative_consumed_units as double) as cumulative_consumed_units,
    cast(summed.soft_reserved_units as double) as soft_reserved_units,
    cast(summed.borrowed_units as double) as borrowed_units,
    cast(summed.unmet_units as double) as unmet_units
from summed
cross join run_context
