{{ config(tags=['marts'], severity='warn', meta={'dagster': {'ref': {'name': 'dim_segment'}}}) }}

-- Where the source names the levels of its groups, no segment lies deeper than they reach.
with

segments as (

    select
        segment_id,
        segment_path,
        group_depth
    from {{ ref('dim_segment') }}
    where not is_pool

),

named as (

    select count(*) as level_count
    from {{ ref('dim_allocation_group') }}
    where is_current

)

select
    segments.segment_id,
    segments.segment_path,
    segments.group_depth,
    named.level_count
from segments
cross join named
where named.level_count > 0 and segments.group_depth > named.level_count
