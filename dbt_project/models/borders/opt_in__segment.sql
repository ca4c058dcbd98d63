with

segments as (

    select * from {{ ref('dim_segment') }}

)

select
    segment_id,
    priority_tier,
    cast(fair_weight as double) as fair_weight,
    cast(ring_fence_share as double) as ring_fence_share,
    cast(cap_share as double) as cap_share,
    segment_path,
    group_depth,
    may_borrow,
    cast(borrow_ratio as double) as borrow_ratio,
    borrow_repays,
    cast(service_target as double) as service_target,
    cast(borrow_cap_units as double) as borrow_cap_units,
    borrow_days,
    release_after_days
from segments
where not is_pool
