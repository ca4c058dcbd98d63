with

shares as (

    select * from {{ ref('stg_science__allocation') }}

),

entries as (

    select * from {{ ref('stg_science__allocation_entry') }}

),

demand_lines as (

    select * from {{ ref('int_demand_lines_resolved') }}

),

items as (

    select * from {{ ref('dim_item') }}

),

locations as (

    select * from {{ ref('dim_location') }}

),

segments as (

    select * from {{ ref('dim_segment') }}

),

run_context as (

    select * from {{ ref('stg_ims__run_context') }}

),

windows as (

    select
        cast(unnest(string_split(kpi_windows_days, ',')) as bigint) as window_days,
        as_of
    from run_context

),

requests as (

    select
        demand_lines.segment_id,
        demand_lines.item_id,
        demand_lines.location_id,
        windows.window_days,
        sum(demand_lines.requested_units) as requested_units,
        sum(demand_lines.requested_units) filter (demand_lines.filled_at_request_units is not null)
            as measured_units,
        sum(demand_lines.filled_at_request_units) as filled_units
    from demand_lines
    inner join windows
        on
            demand_lines.demand_date <= windows.as_of
            and demand_lines.demand_date > windows.as_of - cast(windows.window_days as integer)
    where demand_lines.is_demand
    group by all

),

-- quotas as they stand, the same in every window
quotas as (

    select
        segment_id,
        item_id,
        location_id,
        {{ units('allocated_units') }} as quota_units,
        {{ units('greatest(allocated_units - demand_units, 0)') }} as unused_units,
        {{ units('consumed_units') }} as consumed_units,
        {{ units('cumulative_allocated_units') }} as cumulative_allocated_units,
        {{ units('cumulative_consumed_units') }} as cumulative_consumed_units,
        {{ units('borrowed_units') }} as borrowed_units
    from shares

),

-- what was done since the release before, the same in every window: what was taken from the own quota
-- and from the common pool, less what was given back
used as (

    select
        coalesce(segment_id, 'POOL') as segment_id,
        item_id,
        location_id,
        sum(
            case
                when operation in ('consume', 'reserve', 'release', 'expire') then -{{ units('own_units') }}
                else 0
            end
        ) as taken_own_units,
        sum(
            case
                when operation in ('consume', 'reserve', 'release', 'expire') then -{{ units('pool_units') }}
                else 0
            end
        ) as taken_pool_units,
        sum(
            case
                when operation in ('rebalance', 'cut', 'unallocate') and own_units < 0
                    then -{{ units('own_units') }}
                else 0
            end
        ) as withdrawn_units,
        sum(
            case
                when operation in ('consume', 'reserve') and entry_status = 'rejected'
                    then {{ units('units') }}
                else 0
            end
        ) as rejected_units
    from entries
    group by coalesce(segment_id, 'POOL'), item_id, location_id

),

measures as (

    select * from requests
    union all by name
    select
        quotas.*,
        windows.window_days
    from quotas
    cross join windows
    union all by name
    select
        used.*,
        windows.window_days
    from used
    cross join windows

),

placed as (

    select
        measures.*,
        coalesce(items.category, 'unknown') as category,
        -- the pool of all locations is in no region
        coalesce(locations.region, '*') as region
    from measures
    left join items on measures.item_id = items.item_id
    left join locations on measures.location_id = locations.location_id

),

summed as (

    select
        segment_id,
        window_days,
        case
            when grouping(category) = 0 then 'category'
            when grouping(region) = 0 then 'region'
            else 'all'
        end as breakdown,
        coalesce(category, region, '*') as breakdown_value,
        coalesce(sum(requested_units), 0) as requested_units,
        coalesce(sum(measured_units), 0) as measured_units,
        coalesce(sum(filled_units), 0) as filled_units,
        coalesce(sum(quota_units), 0) as quota_units,
        coalesce(sum(unused_units), 0) as unused_units,
        coalesce(sum(consumed_units), 0) as consumed_units,
        coalesce(sum(cumulative_allocated_units), 0) as cumulative_allocated_units,
        coalesce(sum(cumulative_consumed_units), 0) as cumulative_consumed_units,
        coalesce(sum(borrowed_units), 0) as borrowed_units,
        coalesce(sum(taken_own_units), 0) as taken_own_units,
        coalesce(sum(taken_pool_units), 0) as taken_pool_units,
        coalesce(sum(withdrawn_units), 0) as withdrawn_units,
        coalesce(sum(rejected_units), 0) as rejected_units
    from placed
    group by grouping sets (
        (segment_id, window_days),
        (segment_id, window_days, category),
        (segment_id, window_days, region)
    )

)

select
    run_context.as_of,
    summed.segment_id,
    segments.segment_name,
    segments.priority_tier,
    summed.breakdown,
    summed.breakdown_value,
    summed.window_days,
    cast(summed.requested_units as double) as requested_units,
    cast(summed.measured_units as double) as measured_units,
    cast(summed.filled_units as double) as filled_units,
    {{ share_of('summed.filled_units', 'summed.measured_units') }} as fill_rate,
    case
        when summed.requested_units = 0 then 'no_demand'
        when summed.measured_units = 0 then 'not_recorded'
    end as fill_null_reason,
    cast(summed.quota_units as double) as quota_units,
    cast(summed.unused_units as double) as unused_units,
    cast(summed.withdrawn_units as double) as withdrawn_units,
    cast(summed.consumed_units as double) as consumed_units,
    cast(summed.cumulative_allocated_units as double) as cumulative_allocated_units,
    cast(summed.cumulative_consumed_units as double) as cumulative_consumed_units,
    {{ share_of('summed.cumulative_consumed_units', 'summed.cumulative_allocated_units') }} as quota_use,
    case when summed.cumulative_allocated_units <= 0 then 'nothing_allocated' end as quota_use_null_reason,
    cast(summed.taken_own_units as double) as taken_own_units,
    cast(summed.taken_pool_units as double) as taken_pool_units,
    case
        when summed.segment_id <> 'POOL'
            then
                {{ share_of(
                    'summed.taken_pool_units', '(summed.taken_own_units + summed.taken_pool_units)'
                ) }}
    end as borrow_share,
    case
        when summed.segment_id = 'POOL' then 'common_pool'
        when summed.taken_own_units + summed.taken_pool_units <= 0 then 'nothing_taken'
    end as borrow_null_reason,
    cast(summed.borrowed_units as double) as borrowed_units,
    cast(summed.rejected_units as double) as rejected_units
from summed
cross join run_context
left join segments on summed.segment_id = segments.segment_id
