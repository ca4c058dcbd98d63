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
    cast(service_target as double) as service_target
from segments
where not is_pool
