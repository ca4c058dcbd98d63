{{ config(tags=['published'], meta={'dagster': {'ref': {'name': 'allocation_ledger'}}}) }}

-- The lines are the state: from line to line a segment's quota, and the common pool, change by what that
-- line says and by nothing else, so no line of one segment touches the quota of another; and what stands
-- after the last line is what is published.
with

lines as (

    select
        item_id,
        location_id,
        coalesce(segment_id, 'POOL') as segment_id,
        to_segment_id,
        operation,
        entry_status,
        entry_number,
        {{ rate('effective_units') }} as effective_units,
        {{ rate('own_units') }} as own_units,
        {{ rate('pool_units') }} as pool_units,
        {{ rate('own_after_units') }} as own_after_units,
        {{ rate('pool_after_units') }} as pool_after_units
    from {{ ref('allocation_ledger') }}

),

shares as (

    select * from {{ ref('allocation') }}

),

moves as (

    select
        item_id,
        location_id,
        segment_id,
        entry_number,
        own_units as moved_units,
        own_after_units as after_units
    from lines
    where segment_id <> 'POOL'
    union all
    select
        item_id,
        location_id,
        to_segment_id as segment_id,
        entry_number,
        effective_units as moved_units,
        null as after_units
    from lines
    where operation = 'reallocate' and entry_status = 'accepted'
    union all
    select
        item_id,
        location_id,
        'POOL' as segment_id,
        entry_number,
        pool_units as moved_units,
        pool_after_units as after_units
    from lines

),

summed as (

    select
        *,
        sum(moved_units) over (
            partition by item_id, location_id, segment_id
            order by entry_number
            rows between unbounded preceding and current row
        ) as moved_so_far_units
    from moves

),

replayed as (

    select
        item_id,
        location_id,
        segment_id,
        max(after_units - moved_so_far_units) as most_before_units,
        min(after_units - moved_so_far_units) as least_before_units,
        sum(moved_units) as moved_units
    from summed
    group by item_id, location_id, segment_id

)

select
    'quota that changed beside its own lines' as problem,
    concat_ws(' ', item_id, location_id, segment_id) as row_id
from replayed
where most_before_units - least_before_units > 0.001

union all

select
    'state that is not what its lines lead to' as problem,
    concat_ws(' ', replayed.item_id, replayed.location_id, replayed.segment_id) as row_id
from replayed
inner join shares using (item_id, location_id, segment_id)
where abs(replayed.most_before_units + replayed.moved_units - {{ rate('shares.allocated_units') }}) > 0.001
