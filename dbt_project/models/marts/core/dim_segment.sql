with

segments as (

    select * from {{ ref('stg_ims__segment') }}

),

-- demand that belongs to no segment is served from the pool, after everybody else
pool as (

    select
        'POOL' as segment_id,
        'No segment' as segment_name,
        coalesce(max(priority_tier), 0) + 1 as priority_tier
    from segments

)

select
    segment_id,
    segment_name,
    priority_tier,
    service_target,
    ring_fence_share,
    cap_share,
    fair_weight,
    segment_path,
    group_depth,
    may_borrow,
    borrow_ratio,
    borrow_cap_units,
    borrow_days,
    borrow_repays,
    release_after_days,
    false as is_pool
from segments
where segment_id <> 'POOL'

union all

select
    segment_id,
    segment_name,
    priority_tier,
    cast(null as decimal(18, 6)) as service_target,
    cast(0 as decimal(18, 6)) as ring_fence_share,
    cast(1 as decimal(18, 6)) as cap_share,
    cast(1 as decimal(18, 6)) as fair_weight,
    segment_id as segment_path,
    cast(0 as bigint) as group_depth,
    false as may_borrow,
    cast(1 as decimal(18, 6)) as borrow_ratio,
    cast(null as decimal(18, 3)) as borrow_cap_units,
    cast(null as bigint) as borrow_days,
    true as borrow_repays,
    cast(null as bigint) as release_after_days,
    true as is_pool
from pool
